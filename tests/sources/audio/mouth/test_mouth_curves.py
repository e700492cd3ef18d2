"""Laws of `curves` and `closures`: what lips may and may not do."""

from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX, MIRROR52, MOUTH_CURVES, PhoneTrack, Segment
from animdrive.errors import ContractError, InputError
from animdrive.sources.audio.language.phones import PHONES
from animdrive.sources.audio.mouth.closures import bite, seal, smoothstep
from animdrive.sources.audio.mouth.curves import ONSET_S, REST_S, MouthConfig, mouth_from_phones

FPS = 60.0


def track(text: str, *, each_s: float = 0.1, pause_s: float = 0.5) -> PhoneTrack:
    """Phones of equal length with a pause before and after."""
    labels = ["SIL", *text.split(), "SIL"]
    lengths = [pause_s, *[each_s] * (len(labels) - 2), pause_s]
    edges = np.concatenate([[0.0], np.cumsum(lengths)])
    return PhoneTrack(
        phones=tuple(
            Segment(float(a), float(b), label)
            for a, b, label in zip(edges[:-1], edges[1:], labels, strict=True)
        )
    )


def curves(phones: PhoneTrack, *, fps: float = FPS, **options) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(round(phones.end_s * fps)) / fps
    return times, mouth_from_phones(phones, times, **options)


def of(values: np.ndarray, name: str) -> np.ndarray:
    return values[:, ARKIT_INDEX[name]]


def peak(text: str, name: str, **options) -> float:
    return float(of(curves(track(text, **options))[1], name).max())


ALL = "HH AH L OW P R IH T IY W ER L D M AA F TH IY S UW JH OY V EH ZH B AW NG K AE Y"


def test_values_are_in_0_to_1_and_only_the_mouth_moves():
    _, values = curves(track(ALL, each_s=0.07))
    assert values.min() >= 0
    assert values.max() <= 1
    still = [name for name in ARKIT52 if name not in MOUTH_CURVES]
    assert not values[:, [ARKIT_INDEX[name] for name in still]].any()


def test_left_and_right_are_equal():
    _, values = curves(track(ALL))
    assert np.array_equal(values, values[:, list(MIRROR52)])


def test_later_phones_give_the_same_curves_later():
    frames = 30
    first = track(ALL)
    later = PhoneTrack(
        phones=(
            Segment(0, frames / FPS, "SIL"),
            *(
                Segment(p.start_s + frames / FPS, p.end_s + frames / FPS, p.label)
                for p in first.phones
            ),
        )
    )
    values, moved = curves(first)[1], curves(later)[1]
    # The silence before is longer, which may not matter where the mouth rests anyway.
    assert moved[frames : frames + len(values)] == pytest.approx(values, abs=1e-6)


@pytest.mark.parametrize("lead", ["AA", "M", "UW", "S"])
def test_the_mouth_is_exactly_at_rest_away_from_speech(lead: str):
    phones = track(f"{lead} T {lead}")
    times, values = curves(phones)
    away = (times < 0.5 - ONSET_S) | (times > 0.5 + 0.3 + REST_S)
    assert not values[away].any()
    assert values[~away].any()


def test_silence_alone_and_nothing_at_all_are_rest():
    assert not curves(track(""))[1].any()
    assert not mouth_from_phones(PhoneTrack(phones=()), np.arange(10) / 60).any()


def test_gaps_between_phones_count_as_silence():
    phones = PhoneTrack(phones=(Segment(0.5, 0.7, "AA"), Segment(1.5, 1.7, "AA")))
    times = np.arange(120) / 60
    values = mouth_from_phones(phones, times)
    assert not values[(times > 0.81) & (times < 1.29)].any()
    assert of(values, "jawOpen")[36] > 0.3


@pytest.mark.parametrize("each_s", [0.03, 0.05, 0.08, 0.15])
@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
@pytest.mark.parametrize("offset_s", [0.0, 0.011, 0.029])
def test_every_bilabial_closes_the_lips_in_a_frame(each_s: float, fps: float, offset_s: float):
    phones = track("AA P AA M AE B OW P UW", each_s=each_s, pause_s=0.5 + offset_s)
    times, values = curves(phones, fps=fps)
    shut = np.isclose(of(values, "mouthClose"), of(values, "jawOpen"), atol=1e-3)
    shut &= of(values, "mouthPressLeft") > 0.25
    for name in ("mouthFunnel", "mouthUpperUpLeft", "mouthLowerDownRight", "tongueOut"):
        shut &= of(values, name) < 1e-3
    for phone in phones.phones:
        if phone.label in "PBM":
            near = (times > phone.start_s - 0.02) & (times < phone.end_s + 0.06)
            assert shut[near].any(), f"{phone} at {fps} fps"


@pytest.mark.parametrize("fps", [24.0, 60.0])
def test_every_labiodental_brings_the_lower_lip_to_the_teeth(fps: float):
    phones = track("AA F AA V UW F IY", each_s=0.06)
    times, values = curves(phones, fps=fps)
    for phone in phones.phones:
        if phone.label in "FV":
            near = (times > phone.start_s - 0.02) & (times < phone.end_s + 0.05)
            assert of(values, "mouthRollLower")[near].max() > 0.5
            assert of(values, "jawOpen")[near].min() < 0.2


def test_lips_close_when_real_lips_do():
    onset = 1.0
    phones = [Segment(0, onset, "AA"), Segment(onset, onset + 0.1, "M")]
    times = np.arange(2000) / 1000
    shut = seal(phones, times)

    def first(level: float) -> float:
        return float(times[np.argmax(shut >= level)]) - onset

    assert -0.11 < first(0.01) < -0.07
    assert -0.04 < first(0.8) < 0.01
    assert -0.01 < first(0.999) < 0.04


def test_lips_open_between_two_closures():
    phones = track("P AA P", each_s=0.06)
    times, values = curves(phones, fps=200)
    middle = (times > 0.56) & (times < 0.62)
    assert (of(values, "jawOpen") - of(values, "mouthClose"))[middle].max() > 0.1


def test_contact_holds_a_whole_frame_however_short_the_phone():
    phones = [Segment(0.5, 0.505, "B")]
    for fps in (12.0, 24.0, 60.0):
        for offset in np.linspace(0, 1 / fps, 7):
            assert seal(phones, offset + np.arange(round(fps)) / fps).max() == pytest.approx(1)


def test_contacts_are_1_during_and_0_away_from_the_phone():
    times = np.arange(1000) / 500
    for phone, envelope in (("M", seal), ("V", bite)):
        values = envelope([Segment(1, 1.2, phone)], times)
        assert values[(times > 1.03) & (times < 1.17)] == pytest.approx(1)
        assert not values[(times < 0.88) | (times > 1.3)].any()
        assert not envelope([Segment(1, 1.2, "T")], times).any()


def test_vowels_open_the_jaw_by_their_height():
    def jaw(vowel: str) -> float:
        return peak(f"T {vowel} T", "jawOpen", each_s=0.15)

    assert 0.45 <= jaw("AA") <= 0.6
    assert jaw("AA") > jaw("AE") > jaw("EH") > jaw("IH") > jaw("IY") > jaw("UW")
    assert 0.1 <= jaw("IY") <= 0.25


@pytest.mark.parametrize("phone", ["S", "Z", "SH", "CH"])
def test_sibilants_raise_the_jaw(phone: str):
    times, values = curves(track(f"AA {phone} AA", each_s=0.09))
    during = (times > 0.6) & (times < 0.68)
    assert of(values, "jawOpen")[during].min() < 0.2


def test_rounded_sounds_round_and_spread_sounds_spread():
    for phone in ("UW", "W", "OW"):
        assert peak(f"T {phone} T", "mouthPucker", each_s=0.15) > 0.55
        assert peak(f"T {phone} T", "mouthStretchLeft", each_s=0.15) < 0.1
    for phone in ("IY", "S", "EH"):
        assert peak(f"T {phone} T", "mouthPucker", each_s=0.15) < 0.05
        assert peak(f"T {phone} T", "mouthStretchLeft", each_s=0.15) > 0.12


def test_rounding_begins_before_its_sound():
    """In "stew" the lips are round in the T, in "steel" they are not."""
    frame = round((0.5 + 0.15) * FPS)  # the middle of the T
    stew = of(curves(track("S T UW"))[1], "mouthPucker")[frame]
    steel = of(curves(track("S T IY L"))[1], "mouthPucker")[frame]
    assert stew > 0.3
    assert steel < 0.02


def test_the_tongue_shows_for_th_alone():
    assert peak("AA TH AA", "tongueOut") > 0.2
    assert peak("AA L AA", "tongueOut") < 0.06
    assert peak("AA D AA N AA", "tongueOut") == 0


def test_fast_vowels_are_undershot():
    assert peak("S AA S", "jawOpen", each_s=0.05) < 0.8 * peak("S AA S", "jawOpen", each_s=0.15)


def test_repeated_phones_merge_into_one():
    phones = PhoneTrack(phones=(Segment(0.5, 0.6, "M"), Segment(0.6, 0.7, "M")))
    shut = seal(phones.phones, np.arange(1200) / 1000)
    assert shut[540:670] == pytest.approx(1)


@pytest.mark.parametrize("phone", PHONES)
def test_curves_have_no_pops(phone: str):
    """No jumps, and no corners: in frames a quarter as long the slope changes by far less."""
    phones = track(f"AA {phone} IY {phone} {phone} UW")

    def bend(fps: float) -> float:
        slope = np.diff(curves(phones, fps=fps)[1], axis=0) * fps
        assert np.abs(slope).max() < 30
        return float(np.abs(np.diff(slope, axis=0)).max())

    assert bend(4000) < 0.4 * bend(1000)


def test_louder_vowels_open_the_jaw_more():
    phones = track("T AA T")
    stress = [0.0] * len(phones.phones)
    stress[2] = 1.0
    loud = of(curves(phones, stress=stress)[1], "jawOpen").max()
    stress[2] = -1.0
    soft = of(curves(phones, stress=stress)[1], "jawOpen").max()
    assert 1.3 < loud / soft < 1.6


def test_dials_scale_what_they_name_and_leave_closures_whole():
    phones = track("M AA B UW")
    _, usual = curves(phones)
    _, small = curves(phones, config=MouthConfig(jaw=0.5, lips=0.5))
    _, large = curves(phones, config=MouthConfig(jaw=2, lips=2))
    open_ = of(usual, "mouthPressLeft") == 0
    assert of(small, "jawOpen")[open_] == pytest.approx(0.5 * of(usual, "jawOpen")[open_])
    assert of(small, "mouthPucker") == pytest.approx(0.5 * of(usual, "mouthPucker"))
    assert of(large, "jawOpen").max() > 1.5 * of(usual, "jawOpen").max()
    for values in (small, usual, large):
        assert of(values, "mouthPressLeft") == pytest.approx(of(usual, "mouthPressLeft"))
        shut = of(values, "mouthPressLeft") > 0.319
        assert of(values, "mouthClose")[shut] == pytest.approx(
            of(values, "jawOpen")[shut], abs=2e-3
        )


def test_a_closed_jaw_speaks_with_lips_alone():
    _, values = curves(track("AA B UW"), config=MouthConfig(jaw=0))
    assert of(values, "jawOpen").max() == 0
    assert of(values, "mouthPucker").max() > 0.5


@pytest.mark.parametrize("dial", ["jaw", "lips"])
def test_dials_out_of_range_are_refused(dial: str):
    with pytest.raises(InputError, match=rf"{dial} must be in 0\.\.2, got 2\.5"):
        MouthConfig(**{dial: 2.5})


def test_phones_that_are_not_arpabet_are_refused():
    with pytest.raises(ContractError, match="'ng1x' is not a phone"):
        curves(track("ng1x"))


def test_stress_of_another_length_is_refused():
    with pytest.raises(InputError, match="stress has 1 numbers for 3 phones"):
        curves(track("AA"), stress=[0.0])


def test_smoothstep_is_level_at_both_ends():
    x = np.linspace(-0.5, 1.5, 2001)
    y = smoothstep(x)
    assert (y[0], y[-1]) == (0, 1)
    assert np.abs(np.diff(y, 2)).max() < 1e-5
