import numpy as np
import pytest

from animdrive.contract import ARKIT52, MIRROR52, CurveTrack
from animdrive.errors import InputError
from animdrive.layers.emotion import EMOTIONS, EmotionLayer, mouth_room, parse_emotion
from animdrive.layers.stack import Stack

FELT = [name for name in EMOTIONS if name != "neutral"]
PARTING = ["jawOpen", "mouthFunnel"] + [
    f"mouth{way}{side}" for way in ("UpperUp", "LowerDown") for side in ("Left", "Right")
]


def performance(frames=90, **curves):
    values = np.zeros((frames, 52), dtype=np.float32)
    for name, value in curves.items():
        values[:, ARKIT52.index(name)] = value
    return CurveTrack(ARKIT52, 60.0, values)


def added(track, **amounts):
    return EmotionLayer(amounts).apply(track, track.values) - track.values


def column(values, name):
    return values[:, ARKIT52.index(name)]


def speech(frames=120):
    """Syllables with the lips shut at frames 30 and 60: once by the jaw alone, once pressed."""
    jaw = np.full(frames, 0.35)
    jaw[28:33] = (0.15, 0.0, 0.0, 0.0, 0.15)
    jaw[58:63] = (0.30, 0.30, 0.30, 0.30, 0.30)
    close = np.zeros(frames)
    close[58:63] = (0.15, 0.30, 0.30, 0.30, 0.15)
    return performance(frames, jawOpen=jaw, mouthClose=close)


@pytest.mark.parametrize("name", FELT)
def test_at_rest_an_emotion_is_its_targets(name):
    full = added(performance(), **{name: 1.0})
    expected = [EMOTIONS[name].get(curve, 0.0) for curve in ARKIT52]
    np.testing.assert_allclose(full, np.tile(expected, (90, 1)), atol=1e-6)


@pytest.mark.parametrize("name", EMOTIONS)
def test_amount_zero_changes_no_bit(name):
    track = speech()
    done = Stack([EmotionLayer({name: 0.0})]).apply(track)
    np.testing.assert_array_equal(done.values, track.values)


@pytest.mark.parametrize("name", FELT)
def test_emotions_grow_with_their_amount_and_are_symmetric(name):
    half, full = (added(performance(), **{name: amount}) for amount in (0.5, 1.0))
    np.testing.assert_allclose(half, full / 2, atol=1e-6)
    np.testing.assert_array_equal(full, full[:, MIRROR52])


@pytest.mark.parametrize("name", FELT)
@pytest.mark.parametrize("frame", [30, 60])
def test_closed_lips_stay_closed(name, frame):
    extra = added(speech(), **{name: 1.0})
    for curve in PARTING:
        assert abs(extra[frame, ARKIT52.index(curve)]) < 0.01


@pytest.mark.parametrize("frame", [30, 60])
def test_a_wrinkled_nose_lets_the_lips_meet(frame):
    extra = column(added(speech(), disgusted=1.0), "noseSneerLeft")
    assert extra[frame] == pytest.approx(0.2 * 0.8, abs=0.01)
    assert extra[10] == pytest.approx(0.8, abs=0.01)


def test_an_open_mouth_is_not_pressed_shut():
    extra = added(performance(jawOpen=0.5), angry=1.0, sad=1.0)
    for curve in ("mouthPressLeft", "mouthPressRight", "mouthShrugLower"):
        np.testing.assert_array_equal(column(extra, curve), 0)


def test_nothing_is_taken_from_the_performance():
    random = np.random.default_rng(4)
    track = CurveTrack(ARKIT52, 60.0, random.uniform(0, 1, (200, 52)))
    done = EmotionLayer(dict.fromkeys(FELT, 1.0)).apply(track, track.values)
    assert (done >= track.values).all()
    assert done.max() <= 1 + 1e-6


def test_speech_keeps_a_good_part_of_a_smile_and_all_of_the_brows():
    quiet, spoken = added(performance(), happy=1.0), added(speech(), happy=1.0)
    share = column(spoken, "mouthSmileLeft") / column(quiet, "mouthSmileLeft")[0]
    assert 0.55 < share[10] < 0.65
    surprise = added(speech(), surprised=1.0)
    np.testing.assert_allclose(column(surprise, "browInnerUp"), 0.80, atol=1e-6)


def test_a_mouth_that_rests_before_and_after_speech_is_given_back_smoothly():
    jaw = np.zeros(300)
    jaw[140:160] = 0.4
    extra = column(added(performance(300, jawOpen=jaw), happy=1.0), "mouthSmileLeft")
    assert extra[0] == pytest.approx(extra[-1]) == pytest.approx(0.7, abs=1e-5)
    assert extra[150] < 0.5
    assert np.abs(np.diff(extra)).max() < 0.05


def test_wide_eyes_give_way_to_a_blink():
    blink = np.zeros(90)
    blink[45] = 1.0
    extra = added(performance(eyeBlinkLeft=blink), surprised=1.0)
    assert column(extra, "eyeWideLeft")[45] == 0
    assert column(extra, "eyeWideRight")[45] == pytest.approx(0.7)


def test_it_fades_out_where_no_face_was_seen():
    seen = np.ones(200)
    seen[80:120] = 0
    track = CurveTrack(ARKIT52, 60.0, np.zeros((200, 52)), confidence=seen)
    smile = column(added(track, happy=1.0), "mouthSmileLeft")
    assert smile[100] == 0
    assert smile[20] == pytest.approx(0.7, abs=1e-5)
    assert np.abs(np.diff(smile)).max() < 0.15


def test_a_dropped_frame_does_not_make_it_flicker():
    seen = np.ones(100)
    seen[50:53] = 0
    track = CurveTrack(ARKIT52, 30.0, np.zeros((100, 52)), confidence=seen)
    np.testing.assert_allclose(column(added(track, happy=1.0), "mouthSmileLeft"), 0.7, atol=1e-6)


def test_several_emotions_add_up_to_at_most_one():
    both = added(performance(), happy=0.4, surprised=0.4)
    expected = added(performance(), happy=0.4) + added(performance(), surprised=0.4)
    np.testing.assert_allclose(both, expected, atol=1e-6)
    assert added(performance(), fearful=1.0, surprised=1.0).max() <= 1.0


def test_shifting_the_performance_shifts_the_emotion():
    track = speech(200)
    late = track.with_values(np.roll(track.values, 25, axis=0))
    here, there = (added(one, surprised=0.8) for one in (track, late))
    np.testing.assert_allclose(there[75:170], here[50:145], atol=1e-6)


def test_mouth_room_is_whole_at_rest():
    for room in mouth_room(performance()):
        np.testing.assert_array_equal(room, np.ones(90))


def test_curves_that_a_track_lacks_are_left_out():
    track = CurveTrack(("browInnerUp", "custom"), 30.0, np.zeros((4, 2)))
    done = EmotionLayer({"sad": 1.0}).apply(track, track.values)
    np.testing.assert_allclose(done, [[0.75, 0]] * 4, atol=1e-6)


def test_a_track_without_frames_is_left_alone():
    track = CurveTrack(ARKIT52, 30.0, np.zeros((0, 52)))
    assert EmotionLayer({"happy": 1.0}).apply(track, track.values).shape == (0, 52)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("happy:0.5", ("happy", 0.5)), (" Sad : 1 ", ("sad", 1.0)), ("angry", ("angry", 1.0))],
)
def test_emotions_are_parsed(text, expected):
    assert parse_emotion(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("joyful:0.5", r"Unknown emotion 'joyful'\. Known: neutral, happy, sad, angry, fearful"),
        ("happy:much", r"'happy:much': 'much' is not a number; write it as happy:0\.5"),
        ("happy:", r"'' is not a number"),
        ("happy:1.5", r"amount of emotion 'happy' must be in 0\.\.1, got 1\.5"),
        ("happy:-0.1", r"must be in 0\.\.1"),
        ("happy:nan", r"must be in 0\.\.1, got nan"),
    ],
)
def test_wrong_emotions_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        parse_emotion(text)


def test_the_layer_checks_what_it_is_given():
    with pytest.raises(InputError, match="Unknown emotion 'bored'"):
        EmotionLayer({"bored": 0.5})
