"""Laws of the causal mouth: rest, closures, dials, smoothness."""

import numpy as np
import pytest
from label_stream import LabelStream, segments

from animdrive.contract import ARKIT_INDEX, MIRROR52, MOUTH_CURVES
from animdrive.errors import ContractError
from animdrive.sources.audio.language.inventory import BILABIALS, LABIODENTALS, SYMBOLS
from animdrive.sources.audio.live.stream_mouth import StreamMouth
from animdrive.sources.audio.mouth.curves import MouthConfig

JAW, CLOSE, PUCKER = (ARKIT_INDEX[n] for n in ("jawOpen", "mouthClose", "mouthPucker"))
STRETCH, ROLL = ARKIT_INDEX["mouthStretchLeft"], ARKIT_INDEX["mouthRollLower"]
LOWER = ARKIT_INDEX["mouthLowerDownLeft"]


def mouth(text, *, each_s=0.1, seconds=None, certainty=1.0, heard=True, stress=0.0, **options):
    """[T, 52] and the phones, at 100 Hz; phone i begins at 0.2 + i * each_s."""
    said = segments(text, each_s=each_s)
    seconds = seconds or said[-1].end_s + 0.5
    stream = LabelStream(said, look_ahead=0, certainty=certainty)
    rows = stream.push(np.zeros(round(seconds * 16_000), np.float32))
    moves = StreamMouth(SYMBOLS, **options)
    return np.stack([moves.step(row, heard=heard, stress=stress) for row in rows])


def during(values, phone, each_s=0.1):
    start = 20 + round(100 * phone * each_s)
    return values[start : start + round(100 * each_s)]


def test_silence_is_exactly_rest_before_and_after():
    values = mouth("AA P S UW")
    assert not values[:20].any()
    assert values[20:60].any()
    assert not values[75:].any()


def test_left_and_right_are_equal_and_only_the_mouth_moves():
    values = mouth("AA F IY SH UW M EH TH")
    np.testing.assert_array_equal(values, values[:, MIRROR52])
    still = [i for name, i in ARKIT_INDEX.items() if name not in MOUTH_CURVES]
    assert not values[:, still].any()
    assert values.min() >= 0
    assert values.max() <= 1


@pytest.mark.parametrize("phone", sorted(BILABIALS))
@pytest.mark.parametrize("each_s", [0.03, 0.06, 0.12])
@pytest.mark.parametrize("certainty", [0.6, 1.0])
def test_closures_are_reached_however_fast(phone, each_s, certainty):
    values = mouth(f"AA {phone} AA", each_s=each_s, certainty=certainty)
    start = 20 + round(100 * each_s)
    near = values[start : start + round(100 * each_s) + 8]
    shut = near[:, CLOSE] >= near[:, JAW] - 1e-9
    # Within 50 ms of the phone's onset, for two frames of 10 ms at least.
    assert shut[:5].any()
    assert (shut & (near[:, LOWER] == 0)).sum() >= 2
    assert values[20 + round(250 * each_s) :, JAW].max() > 0.1  # and it opens again


@pytest.mark.parametrize("fps", [10.0, 24.0, 60.0])
def test_every_closure_lasts_a_frame_that_is_shown(fps):
    values = mouth("AA P AA", each_s=0.04, seconds=1.0, fps=fps)
    shut = (values[:, CLOSE] >= values[:, JAW] - 1e-9) & (values[:, LOWER] == 0)
    assert shut[20:60].sum() >= np.floor(100 / fps)


@pytest.mark.parametrize("phone", sorted(LABIODENTALS))
def test_the_lip_reaches_the_teeth(phone):
    values = mouth(f"AA {phone} AA")
    assert during(values, 1)[:, ROLL].max() > 0.5
    assert during(values, 1)[-2:, JAW].max() < 0.3 * during(values, 0)[:, JAW].max()


def test_wavering_does_not_flutter():
    said = np.zeros((100, len(SYMBOLS)), np.float32)
    lips, vowel = SYMBOLS.index("P"), SYMBOLS.index("AA")
    said[:, lips] = np.where(np.arange(100) % 2, 0.55, 0.35)
    said[:, vowel] = 1 - said[:, lips]
    moves = StreamMouth(SYMBOLS)
    values = np.stack([moves.step(row) for row in said])
    assert (values[10:, CLOSE] == values[10:, JAW]).all()


def test_tongue_sounds_leave_the_lips_to_the_vowel_before():
    rounded = during(mouth("UW T"), 1)[:, PUCKER]
    spread = during(mouth("IY T"), 1)[:, PUCKER]
    assert rounded[:6].min() > 0.4
    assert spread.max() < 0.05


def test_sibilants_close_the_jaw():
    values = mouth("AA S AA", each_s=0.14)
    assert during(values, 1, 0.14)[:, JAW].min() < 0.5 * during(values, 0, 0.14)[:, JAW].max()


def test_fast_speech_undershoots_vowels():
    slow = mouth("T AA T AA T", each_s=0.2)[:, JAW].max()
    fast = mouth("T AA T AA T", each_s=0.04)[:, JAW].max()
    assert 0.1 < fast < 0.95 * slow


def test_a_diphthong_goes_from_its_first_vowel_to_its_second():
    values = during(mouth("OY", each_s=0.25), 0, 0.25)
    assert values[:8, PUCKER].max() > 2 * values[-1, PUCKER]
    assert values[-1, STRETCH] > values[5, STRETCH]


def test_curves_have_no_corners():
    values = mouth("AA P IY S UW M AE T", each_s=0.08)
    assert np.abs(np.diff(values, axis=0)).max() < 0.3
    jaw = mouth("AA T IY S UW K AE T", each_s=0.08)[:, JAW]
    assert np.abs(np.diff(jaw, n=2)).max() < 0.12


@pytest.mark.parametrize("jaw", [0.0, 0.5, 2.0])
def test_the_jaw_dial_moves_the_jaw_alone(jaw):
    usual = mouth("T AA S AA")
    turned = mouth("T AA S AA", config=MouthConfig(jaw=jaw))
    others = [i for i in range(52) if i not in (JAW, CLOSE)]
    np.testing.assert_allclose(turned[:, others], usual[:, others], atol=1e-12)
    assert np.sign(turned[:, JAW].max() - usual[:, JAW].max()) == np.sign(jaw - 1)


def test_the_lips_dial_shapes_lips_but_never_their_closure():
    usual, numb = mouth("UW P AA"), mouth("UW P AA", config=MouthConfig(lips=0))
    assert numb[:, PUCKER].max() == 0 < usual[:, PUCKER].max()
    assert (during(numb, 1)[4:8, CLOSE] == during(numb, 1)[4:8, JAW]).all()


def test_loud_vowels_open_wider():
    loud, soft = (mouth("T AA T", stress=s)[:, JAW].max() for s in (1.0, -1.0))
    assert loud == pytest.approx(1.5 * soft, rel=0.15)


def test_quiet_sound_is_rest_whatever_is_recognised():
    assert not mouth("AA AA AA AA", heard=False).any()


def test_what_cannot_move_a_mouth_is_told():
    with pytest.raises(ContractError, match="'QQ' has no pose"):
        StreamMouth(("SIL", "QQ"))
    with pytest.raises(ContractError, match="'SIL' is not among them"):
        StreamMouth(("AA", "P"))
