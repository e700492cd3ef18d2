"""A curve moves its own side and its own part of the face, and leaves the volume alone."""

import numpy as np
import pytest

from animdrive.contract import ARKIT52
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology

MM = 1e-3
ONE_SIDED = [
    name for name in ARKIT52 if name.endswith("Left") and name not in ("jawLeft", "mouthLeft")
]
UPPER = [name for name in ARKIT52 if name.startswith(("brow", "eye"))]
LOWER = [name for name in ARKIT52 if name.startswith(("jaw", "mouth"))]
SHARED_MM = 8
"""Half the breadth about the midline that both sides move: lips and glabella are one tissue."""


@pytest.fixture(scope="module")
def head():
    return load_head()


def moved(head, name):
    """How far each vertex of the skin goes, mm."""
    return np.linalg.norm(head.rig.delta(name)[head.part("skin").vertices], axis=1) / MM


@pytest.mark.parametrize("name", ONE_SIDED)
def test_a_left_curve_does_not_move_the_right_half(head, name):
    x = head.rig.neutral.vertices[:, 0] / MM
    own, other = head.rig.delta(name), head.rig.delta(name[:-4] + "Right")
    assert np.abs(own[x < -SHARED_MM]).max() < 0.05 * MM
    assert np.abs(other[x > SHARED_MM]).max() < 0.05 * MM


@pytest.mark.parametrize("name", UPPER)
def test_the_upper_face_leaves_the_mouth_alone(head, name):
    rings = load_topology().rings
    lips = np.concatenate([ring for key, ring in rings.items() if key.startswith("lips")])
    assert moved(head, name)[lips].max() < 0.05


@pytest.mark.parametrize("name", LOWER)
def test_the_mouth_leaves_lids_and_brows_alone(head, name):
    rings = load_topology().rings
    lids = np.concatenate([ring for key, ring in rings.items() if key.startswith("eye_")])
    brows = np.concatenate([head.regions[f"brow_{side}"] for side in ("left", "right")])
    assert moved(head, name)[lids].max() < 0.05
    assert moved(head, name)[brows].max() < 0.05


def enclosed(head, vertices):
    """Volume between the skin and the middle of the neck's base, litres."""
    part = head.part("skin")
    faces = head.rig.neutral.faces[part.faces]
    base = vertices[part.vertices][load_topology().behind > 0.99].mean(0)
    a, b, c = (vertices[faces[:, k]] - base for k in range(3))
    return float((np.cross(a, b) * c).sum() / 6 * 1e3)


@pytest.mark.parametrize("name", ARKIT52)
def test_a_curve_keeps_the_heads_volume(head, name):
    rest = head.rig.neutral.vertices.astype(np.float64)
    before = enclosed(head, rest)
    assert 3.5 < before < 5.5  # a head and the upper neck
    after = enclosed(head, rest + head.rig.delta(name))
    assert after == pytest.approx(before, rel=0.015)


def test_a_smile_raises_the_cheek_and_draws_the_nasolabial_fold(head):
    rest = head.rig.neutral.vertices[head.landmarks]
    smile = (
        rest
        + (head.rig.delta("mouthSmileLeft") + head.rig.delta("mouthSmileRight"))[head.landmarks]
    )
    assert smile[425, 1] - rest[425, 1] > 4 * MM
    assert smile[425, 2] - rest[425, 2] > 2 * MM

    def depth(points):
        """How far the furrow beside the nose lies behind the line from lip to cheek, mm."""
        a, b, fold = points[391], points[425], points[426]
        along = (b - a) / np.linalg.norm(b - a)
        off = fold - a - along * ((fold - a) @ along)
        return -off[2] / MM

    assert depth(smile) > depth(rest) + 0.8


def test_a_pucker_protrudes_and_narrows(head):
    delta = head.rig.delta("mouthPucker")[head.landmarks]
    assert delta[0, 2] > 4 * MM
    assert delta[17, 2] > 4 * MM
    assert delta[291, 0] < -8 * MM


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_press_thins_the_lips_without_parting_them(head, side):
    rest = head.rig.neutral.vertices[head.landmarks]
    delta = head.rig.delta(f"mouthPress{side}")[head.landmarks]
    top, bottom = (269, 405) if side == "Left" else (39, 181)
    height = rest[top, 1] - rest[bottom, 1]
    assert height + delta[top, 1] - delta[bottom, 1] < height - 2 * MM
