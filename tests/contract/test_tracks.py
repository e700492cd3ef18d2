import numpy as np
import pytest

from animdrive.contract import (
    ARKIT52,
    CurveTrack,
    LandmarkTrack,
    PhoneTrack,
    Segment,
    VisemeTrack,
    as_arkit,
)
from animdrive.errors import ContractError


def track(**changes):
    fields = {"names": ("a", "b"), "fps": 30.0, "values": np.full((4, 2), 0.5)}
    return CurveTrack(**(fields | changes))


def test_pose_is_filled_in():
    filled = track()
    assert (len(filled), filled.start_s) == (4, 0.0)
    np.testing.assert_array_equal(filled.head_rotation, np.zeros((4, 3)))
    np.testing.assert_array_equal(filled.head_position, np.zeros((4, 3)))
    np.testing.assert_array_equal(filled.eye_rotation, np.zeros((4, 2, 3)))
    np.testing.assert_array_equal(filled.confidence, np.ones(4))


def test_a_track_without_frames_is_one():
    empty = track(values=np.zeros((0, 2)))
    assert len(empty) == 0
    assert empty.duration_s == 0
    assert empty.eye_rotation.shape == (0, 2, 3)


def test_times_start_where_it_says():
    late = track(fps=25.0, start_s=2.0)
    np.testing.assert_allclose(late.times_s, [2.0, 2.04, 2.08, 2.12])
    assert late.duration_s == pytest.approx(0.16)


def test_arrays_are_copied_and_read_only():
    given = np.full((4, 2), 0.5)
    built = track(values=given)
    given[:] = 7
    np.testing.assert_array_equal(built.values, 0.5)
    assert built.values.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        built.values[0, 0] = 1


def test_curve_and_with_values():
    changed = track(start_s=1.0).with_values(np.tile([0.1, 0.2], (4, 1)))
    np.testing.assert_allclose(changed.curve("b"), 0.2)
    assert changed.start_s == 1.0


def test_as_arkit_orders_fills_and_drops():
    given = CurveTrack(("jawOpen", "own", "eyeBlinkLeft"), 30.0, [[0.1, 0.2, 0.3]], start_s=3.0)
    full = as_arkit(given)
    assert full.names == ARKIT52
    assert full.start_s == 3.0
    assert full.curve("jawOpen")[0] == np.float32(0.1)
    assert full.curve("eyeBlinkLeft")[0] == np.float32(0.3)
    assert full.values.sum() == pytest.approx(0.4)
    assert as_arkit(full) is full


def out_of_range():
    values = np.zeros((4, 2))
    values[2, 1] = 1.25
    return values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": out_of_range()}, r"'b' is 1\.250 at frame 2, outside 0\.\.1 \(1 such values\)"),
        ({"values": -out_of_range()}, r"'b' is -1\.250 at frame 2"),
        ({"values": np.zeros((4, 3))}, r"CurveTrack\.values must have shape \[T, 2\], got \[4, 3"),
        ({"values": np.full((4, 2), np.nan)}, r"values is nan at index \(0, 0\) \(8 such values\)"),
        ({"names": ("a", "a")}, r"names must be unique and not empty; repeated: \['a'\]"),
        ({"names": ("a", "")}, "names must be unique and not empty"),
        ({"fps": 0}, r"CurveTrack\.fps must be above 0, got 0"),
        ({"fps": float("nan")}, r"CurveTrack\.fps must be above 0, got nan"),
        ({"start_s": float("inf")}, r"CurveTrack\.start_s must be finite, got inf"),
        ({"head_rotation": np.zeros((3, 3))}, r"head_rotation must have shape \[4, 3\], got \[3,"),
        ({"head_rotation": np.zeros((0, 3))}, r"head_rotation must have shape \[4, 3\], got \[0,"),
        ({"head_position": np.zeros((4, 2))}, r"head_position must have shape \[4, 3\]"),
        ({"eye_rotation": np.zeros((4, 2, 2))}, r"eye_rotation must have shape \[4, 2, 3\]"),
        ({"confidence": np.full(4, 1.5)}, r"confidence: 'confidence' is 1\.500 at frame 0"),
        ({"confidence": np.ones(3)}, r"confidence must have shape \[4\], got \[3\]"),
    ],
)
def test_broken_tracks_are_refused(changes, message):
    with pytest.raises(ContractError, match=message):
        track(**changes)


def test_unknown_curve_is_named():
    with pytest.raises(ContractError, match="no curve 'jawOpen'"):
        track().curve("jawOpen")


def test_viseme_track():
    good = VisemeTrack(("sil", "aa"), 100.0, np.eye(2))
    assert len(good) == 2
    with pytest.raises(ContractError, match=r"VisemeTrack\.values: 'aa' is 2\.000 at frame 0"):
        VisemeTrack(("sil", "aa"), 100.0, [[0, 2]])
    with pytest.raises(ContractError, match=r"VisemeTrack\.values must have shape \[T, 2\]"):
        VisemeTrack(("sil", "aa"), 100.0, [[0]])
    with pytest.raises(ContractError, match=r"VisemeTrack\.fps must be above 0"):
        VisemeTrack(("sil", "aa"), -1.0, [[0, 0]])
    with pytest.raises(ContractError, match=r"VisemeTrack\.names must be unique"):
        VisemeTrack(("aa", "aa"), 1.0, [[0, 0]])


def test_segments():
    assert Segment(1.0, 1.5, "AA").duration_s == 0.5
    with pytest.raises(ContractError, match=r"Segment 'AA' runs from 2\.0 s to 1\.0 s"):
        Segment(2.0, 1.0, "AA")
    with pytest.raises(ContractError, match="runs from nan s"):
        Segment(float("nan"), 1.0, "AA")
    with pytest.raises(ContractError, match=r"Segment at 1\.0 s has no label"):
        Segment(1.0, 2.0, "")


@pytest.mark.parametrize("kind", ["phones", "words"])
def test_phones_and_words_may_not_overlap(kind):
    overlapping = (Segment(0, 1, "A"), Segment(0.9, 2, "B"))
    tracks = {"phones": (), kind: overlapping}
    with pytest.raises(ContractError, match=rf"{kind}: 'B' starts at 0\.900 s, before 'A' ends"):
        PhoneTrack(**tracks)


def test_end_of_phones():
    assert PhoneTrack(()).end_s == 0
    assert PhoneTrack((Segment(0, 1, "A"), Segment(1, 2.5, "B"))).end_s == 2.5


def landmarks(**changes):
    fields = {
        "points": np.zeros((2, 5, 3)),
        "times_s": np.array([0.0, 0.04]),
        "confidence": np.ones(2),
        "size_px": (64, 48),
    }
    return LandmarkTrack(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times_s": np.array([0.1, 0.1])}, "must hold 2 rising times"),
        ({"times_s": np.array([0.1])}, "must hold 2 rising times"),
        ({"confidence": [2, 0]}, r"confidence' is 2\.000 at frame 0"),
        ({"points": np.zeros((2, 5))}, r"LandmarkTrack\.points must have shape \[T, P, 3\]"),
    ],
)
def test_broken_landmarks_are_refused(changes, message):
    assert len(landmarks()) == 2
    with pytest.raises(ContractError, match=message):
        landmarks(**changes)
