"""Laws of coarticulation: what neighbours, pauses and haste do to lips and jaw."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from animdrive.contract import ARKIT_INDEX, PhoneTrack, Segment
from animdrive.errors import InputError
from animdrive.sources.audio.mouth.closures import bite, seal
from animdrive.sources.audio.mouth.curves import ONSET_S, MouthConfig, mouth_from_phones

FPS = 200.0


def said(text: str, *, each_s: float = 0.1, pause_s: float = 0.5) -> PhoneTrack:
    """Phones of equal length between two pauses."""
    labels = text.split()
    edges = pause_s + each_s * np.arange(len(labels) + 1)
    spoken = [
        Segment(float(a), float(b), label)
        for a, b, label in zip(edges[:-1], edges[1:], labels, strict=True)
    ]
    end_s = float(edges[-1])
    return PhoneTrack(
        (Segment(0.0, pause_s, "SIL"), *spoken, Segment(end_s, end_s + pause_s, "SIL"))
    )


def moved(phones: PhoneTrack, **options) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(round(phones.end_s * FPS)) / FPS
    return times, mouth_from_phones(phones, times, **options)


def curve(text: str, name: str, **options) -> np.ndarray:
    return moved(said(text, **options))[1][:, ARKIT_INDEX[name]]


def in_phone(text: str, number: int, name: str, *, each_s: float = 0.1) -> float:
    """The curve in the middle of the phone of that number."""
    middle = 0.5 + each_s * (number + 0.5)
    return float(curve(text, name, each_s=each_s)[round(middle * FPS)])


@pytest.mark.parametrize("tongue", ["T", "D", "N", "L", "K", "G", "NG", "HH", "x", "r"])
def test_tongue_sounds_borrow_the_lips_beside_them(tongue: str):
    between_round = in_phone(f"UW {tongue} UW", 1, "mouthPucker")
    assert between_round > 0.75 * in_phone("UW UW UW", 1, "mouthPucker")
    assert in_phone(f"IY {tongue} IY", 1, "mouthPucker") < 0.02
    spread = in_phone(f"IY {tongue} IY", 1, "mouthStretchLeft")
    assert spread > 0.6 * in_phone("IY IY IY", 1, "mouthStretchLeft")


def test_rounding_spreads_ahead_over_consonants_and_less_far_back():
    """Henke's look-ahead: "s t" before UW are round; after UW rounding ends sooner."""
    ahead = [in_phone("AA S T UW", number, "mouthPucker", each_s=0.07) for number in (0, 1, 2)]
    assert ahead[0] < ahead[1] < ahead[2]
    assert ahead[2] > 0.3
    behind = in_phone("UW T S AA", 2, "mouthPucker", each_s=0.07)
    assert behind < ahead[1] + 1e-6


@pytest.mark.parametrize("phone", ["AA", "M", "S", "UW"])
def test_a_sound_said_twice_is_one_long_sound(phone: str):
    twice = moved(said(f"{phone} {phone}", each_s=0.1))[1]
    once = moved(said(phone, each_s=0.2))[1]
    assert np.abs(twice - once).max() < 0.12
    middle = round(0.6 * FPS)
    assert twice[middle] == pytest.approx(once[middle], abs=0.05)


def test_haste_undershoots_vowels_but_no_closure():
    slow, fast = said("P AA P", each_s=0.16), said("P AA P", each_s=0.05)
    jaw, press = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthPressLeft"]
    slow_values, fast_values = moved(slow)[1], moved(fast)[1]
    assert fast_values[:, jaw].max() < 0.8 * slow_values[:, jaw].max()
    assert fast_values[:, press].max() == pytest.approx(slow_values[:, press].max())


def test_vowels_open_further_the_longer_they_last():
    peaks = [curve("T AE T", "jawOpen", each_s=each).max() for each in (0.04, 0.07, 0.12, 0.25)]
    assert all(a < b for a, b in pairwise(peaks))
    assert peaks[3] - peaks[2] < peaks[1] - peaks[0]  # towards a target, not ever wider


def test_lips_take_shape_in_the_pause_before_the_first_sound():
    """150 to 200 ms ahead, the lips before the jaw; nothing earlier than that."""
    times, values = moved(said("UW T"))
    pucker, jaw = (values[:, ARKIT_INDEX[name]] for name in ("mouthPucker", "jawOpen"))
    first = float(times[np.argmax(pucker > 0.02 * pucker.max())])
    assert 0.5 - ONSET_S < first < 0.5 - 0.12
    at = round((0.5 - 0.06) * FPS)
    assert pucker[at] / pucker.max() > jaw[at] / jaw.max()
    assert not values[times <= 0.5 - ONSET_S].any()


def test_the_jaw_of_consonants_follows_their_measured_heights():
    """Keating, Lindblom, Lubker and Kreiman 1994: sibilants highest, then T, N, and K lowest."""
    heights = [in_phone(f"AA {phone} AA", 1, "jawOpen") for phone in ("S", "T", "N", "K")]
    assert heights == sorted(heights)
    assert heights[0] < 0.12 < heights[3]


@pytest.mark.parametrize("phone", ["S", "Z", "SH", "CH", "JH", "ts", "ɕ"])
def test_sibilants_close_the_jaw_and_show_the_teeth(phone: str):
    assert in_phone(f"AA {phone} AA", 1, "jawOpen") < 0.12
    assert in_phone(f"IY {phone} IY", 1, "mouthLowerDownLeft") > 0.1


def test_in_a_closure_the_lips_lead_and_the_jaw_follows():
    times, values = moved(said("AA B AA"))
    jaw = values[:, ARKIT_INDEX["jawOpen"]]
    aperture = jaw - values[:, ARKIT_INDEX["mouthClose"]]
    closing = (times > 0.5) & (times < 0.62)
    jaw_down = float(times[closing][np.argmax(jaw[closing] < 0.5 * jaw.max())])
    lips_down = float(times[closing][np.argmax(aperture[closing] < 0.5 * aperture.max())])
    assert lips_down < jaw_down - 0.005


@pytest.mark.parametrize("vowel", ["AA", "IY", "UW", "AE"])
def test_under_closed_lips_the_jaw_is_high_enough_for_a_seal(vowel: str):
    phones = said(f"{vowel} M {vowel}")
    times, values = moved(phones, config=MouthConfig(jaw=2.0))
    shut = seal(phones.phones, times) > 0.999
    assert shut.any()
    assert values[shut, ARKIT_INDEX["jawOpen"]].max() < 0.05


class TestCaptured:
    """A learned mouth in place of the rules."""

    PHONES = said("S AA B IY F UW")
    TIMES = np.arange(round(PHONES.end_s * FPS)) / FPS
    LEARNED = {  # noqa: RUF012 - no instance changes it
        "jawOpen": np.full(len(TIMES), 0.4),
        "mouthRollUpper": np.full(len(TIMES), 0.1),
    }

    def made(self, share: float, **dials: float) -> np.ndarray:
        return mouth_from_phones(
            self.PHONES,
            self.TIMES,
            captured=self.LEARNED,
            config=MouthConfig(captured=share, **dials),
        )

    def test_none_of_it_is_the_rules(self):
        rules = mouth_from_phones(self.PHONES, self.TIMES)
        assert self.made(0.0) == pytest.approx(rules, abs=1e-12)

    def test_all_of_it_is_what_was_learned_where_no_closure_is_due(self):
        values = self.made(1.0)
        phones = self.PHONES.phones
        free = (seal(phones, self.TIMES) == 0) & (bite(phones, self.TIMES) == 0)
        free &= (self.TIMES > 0.5) & (self.TIMES < 1.1)
        assert values[free, ARKIT_INDEX["jawOpen"]] == pytest.approx(0.4)
        assert values[free, ARKIT_INDEX["mouthRollUpper"]] == pytest.approx(0.1)

    def test_closures_and_rest_stay_the_rules(self):
        values = self.made(1.0)
        shut = seal(self.PHONES.phones, self.TIMES) > 0.999
        jaw, close = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
        assert values[shut, close] == pytest.approx(values[shut, jaw], abs=1e-3)
        assert values[shut, jaw].max() < 0.05
        assert not values[self.TIMES < 0.5 - ONSET_S].any()

    def test_dials_scale_it(self):
        half = self.made(1.0, jaw=0.5, lips=0.5)
        at = round(0.60 * FPS)
        assert half[at, ARKIT_INDEX["jawOpen"]] == pytest.approx(0.2, abs=1e-4)
        assert half[at, ARKIT_INDEX["mouthRollUpper"]] == pytest.approx(0.05, abs=1e-4)

    def test_more_than_all_is_refused(self):
        with pytest.raises(InputError, match=r"captured must be in 0\.\.1, got 1\.5"):
            MouthConfig(captured=1.5)
