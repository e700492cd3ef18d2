import numpy as np
import pytest

from animdrive.contract import CurveTrack
from animdrive.contract.capture import Capture, CapturedTake, Take, TakeEntry
from animdrive.errors import ContractError, InputError


def track(frames=4):
    return CurveTrack(("a", "b"), 30.0, np.zeros((frames, 2), np.float32))


def captured(**changes):
    given = {
        "take": Take("one", "rom", "train", track()),
        "vertices": np.zeros((4, 5, 3), np.float32),
        "times_s": np.arange(4) / 30,
        "head_transform": np.tile(np.eye(4), (4, 1, 1)),
    }
    return CapturedTake(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "One take"}, "may have lower case letters"),
        ({"kind": "song"}, "kind of 'one' is 'song'; known: rom"),
        ({"split": "test"}, "split of 'one' is 'test'; known: train, held_out"),
        ({"track": track(0)}, "has no frames"),
    ],
)
def test_a_take_says_what_is_wrong_with_it(changes, message):
    given = {"name": "one", "kind": "rom", "split": "train", "track": track()}
    with pytest.raises(ContractError, match=message):
        Take(**{**given, **changes})


def test_a_captured_take_names_the_vertex_that_is_lost():
    vertices = np.zeros((4, 5, 3), np.float32)
    vertices[2, 3, 1] = np.nan
    with pytest.raises(ContractError, match="'one': vertex 3 is not a finite number at frame 2"):
        captured(vertices=vertices)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vertices": np.zeros((4, 5), np.float32)}, r"must have shape \[N, V, 3\]"),
        ({"times_s": np.zeros(4)}, "must hold 4 rising times"),
        ({"missing": np.zeros((4, 4), bool)}, r"missing must have shape \[4, 5\]"),
        ({"head_transform": np.zeros((3, 4, 4))}, r"shape \[4, 4, 4\], got \[3, 4, 4\]"),
    ],
)
def test_a_captured_take_checks_its_shapes(changes, message):
    with pytest.raises(ContractError, match=message):
        captured(**changes)


def test_skin_may_have_other_frames_than_the_curves_and_is_read_only():
    take = captured(vertices=np.zeros((2, 5, 3), np.float32), times_s=np.array([0.0, 0.1]))
    assert take.vertices.shape == (2, 5, 3)
    with pytest.raises(ValueError, match="read-only"):
        take.vertices[0, 0, 0] = 1.0


def test_a_capture_reads_the_take_that_is_asked_for():
    entries = (TakeEntry("one", "rom", "train", 4), TakeEntry("two", "rom", "train", 4))
    asked = []
    capture = Capture(None, 30.0, entries, lambda name: asked.append(name) or captured())
    assert capture.take("two").take.name == "one"
    assert asked == ["two"]
    with pytest.raises(InputError, match=r"no take 'three'. It has: one, two"):
        capture.take("three")
    with pytest.raises(ContractError, match="'one' is there more than once"):
        Capture(None, 30.0, (entries[0], entries[0]), lambda name: captured())
