"""What touches in a face stays out of what it touches, under every curve: lips, teeth, lids."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from animdrive.contract import ARKIT52
from animdrive.rig.build import grown
from animdrive.rig.head import load_head
from animdrive.rig.lids import eye_surface, looking
from animdrive.rig.normals import vertex_normals
from animdrive.rig.pose import DOWN_RAD, UP_RAD, YAW_RAD

MM = 1e-3
LIMIT = -0.3
"""Deepest penetration that is allowed, mm."""


def both(name, amount=1.0):
    return {f"{name}Left": amount, f"{name}Right": amount}


SIDED = sorted(
    name[:-4] for name in ARKIT52 if name.endswith("Left") and name not in ("jawLeft", "mouthLeft")
)
SINGLE = [{name: 1.0} for name in ARKIT52 if not name.endswith("Right")]
TOGETHER = [
    *(both(name) for name in SIDED),
    {"jawOpen": 1.0, "mouthClose": 1.0},
    {"jawOpen": 0.5, "mouthClose": 0.5},
    {**both("mouthSmile"), **both("eyeSquint"), **both("cheekSquint")},
    {**both("mouthSmile"), "jawOpen": 0.3},
    {**both("mouthFrown"), "mouthShrugLower": 1.0},
    {"mouthShrugUpper": 1.0, "mouthShrugLower": 1.0},
    {**both("eyeBlink"), **both("eyeSquint")},
    {**both("eyeWide"), **both("eyeLookUp")},
    {**both("eyeLookDown"), **both("eyeBlink", 0.5)},
    {"eyeLookOutLeft": 1.0, "eyeLookUpLeft": 1.0},
    {"eyeLookInLeft": 1.0, "eyeLookDownLeft": 1.0},
]


def called(curves):
    return "+".join(curves)


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def skin():
    return grown()[1]


def shaped(head, curves):
    vertices = head.rig.neutral.vertices.astype(np.float64)
    for name, amount in curves.items():
        vertices = vertices + amount * head.rig.delta(name)
    return vertices


def lip_rows(skin):
    """Vertices of the lips about where they touch, upper and lower column by column."""
    grid, _ = skin.lattice.grid(-1, 1.5)
    columns = grid.shape[1]
    half = columns // 2
    inner = np.arange(2, half - 1)  # the corners are joined
    return grid[:, inner].ravel(), grid[:, columns - inner].ravel()


def least_lip_gap(head, skin, vertices):
    """Smallest signed distance of either lip's vertices from the other lip's surface, mm."""
    run = head.part("skin")
    normal = vertex_normals(vertices[run.vertices], head.rig.neutral.faces[run.faces])
    least = np.inf
    upper, lower = lip_rows(skin)
    for ours, theirs in ((upper, lower), (lower, upper)):
        distance, nearest = cKDTree(vertices[theirs]).query(vertices[ours])
        towards = vertices[ours] - vertices[theirs[nearest]]
        signed = (towards * normal[theirs[nearest]]).sum(1)
        least = min(least, np.where(distance < 4 * MM, signed, np.inf).min() / MM)
    return least


def least_tooth_gap(head, skin, vertices):
    """Smallest signed distance of the lining before the teeth from teeth and gums, mm."""
    lattice = skin.lattice
    lining = vertices[lattice.vertices[(lattice.row > -0.51) & (lattice.row < 2.51)]]
    least = np.inf
    for name in ("teeth_upper", "teeth_lower", "gums_upper", "gums_lower"):
        corners = vertices[head.rig.neutral.faces[head.part(name).faces]]
        a, b, c = (corners[:, k] for k in range(3))
        normal = np.cross(b - a, c - a)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-15)
        shares = [(i / 3, j / 3) for i in range(4) for j in range(4 - i)]
        points = np.concatenate([a * (1 - x - y) + b * x + c * y for x, y in shares])
        normals = np.tile(normal, (len(shares), 1))
        distance, nearest = cKDTree(points).query(lining)
        signed = ((lining - points[nearest]) * normals[nearest]).sum(1)
        # At the rim of an open gum the nearest face tells no side.
        clear = (distance < 4 * MM) & (np.abs(signed) > 0.6 * distance)
        least = min(least, np.where(clear, signed, distance).min() / MM)
    return least


def lid_gaps(head, skin, vertices, curves):
    """Signed distance of the left lids, margin and inside, from the eye as it looks, mm."""
    up = UP_RAD * curves.get("eyeLookUpLeft", 0) - DOWN_RAD * curves.get("eyeLookDownLeft", 0)
    left = YAW_RAD * (curves.get("eyeLookOutLeft", 0) - curves.get("eyeLookInLeft", 0))
    away = vertices[skin.lids.vertices[skin.lids.row > -1.5]] - head.eye_pivots[0]
    return (np.linalg.norm(away, axis=1) - eye_surface(away, looking(up, left))) / MM


@pytest.mark.parametrize("curves", [*SINGLE, *TOGETHER], ids=called)
def test_lids_stay_out_of_the_eyeball(head, skin, curves):
    assert lid_gaps(head, skin, shaped(head, curves), curves).min() > LIMIT


@pytest.mark.parametrize(
    "curves", [c for c in [*SINGLE, *TOGETHER] if c != {"mouthClose": 1.0}], ids=called
)
def test_lips_do_not_enter_each_other(head, skin, curves):
    """Left out: mouthClose while the jaw is shut, which asks lips to pass through each other."""
    assert least_lip_gap(head, skin, shaped(head, curves)) > LIMIT


@pytest.mark.parametrize("curves", [*SINGLE, *TOGETHER], ids=called)
def test_the_mouths_lining_stays_out_of_teeth_and_gums(head, skin, curves):
    assert least_tooth_gap(head, skin, shaped(head, curves)) > LIMIT


def test_at_rest_teeth_stand_clear_and_lips_rest_on_them(head, skin):
    vertices = shaped(head, {})
    assert least_tooth_gap(head, skin, vertices) > 0.6
    grid, _ = skin.lattice.grid(1.5, 1.5)
    columns = grid.shape[1]
    middle = vertices[grid[0][columns * 3 // 4]]  # the lower lip before the upper front teeth
    teeth = vertices[head.part("teeth_upper").vertices]
    assert cKDTree(teeth).query(middle)[0] < 2.5 * MM


KEPT_SHUT = [
    {},
    both("mouthSmile"), both("mouthFrown"), both("mouthDimple"), both("mouthStretch"),
    both("mouthPress"), {"mouthPucker": 1.0}, {"mouthLeft": 1.0}, {"mouthShrugLower": 1.0},
    {"mouthShrugUpper": 1.0}, {"jawLeft": 1.0}, {"jawForward": 1.0}, {"cheekPuff": 1.0},
    {"jawOpen": 1.0, "mouthClose": 1.0}, {"jawOpen": 0.4, "mouthClose": 0.4},
]  # fmt: skip


@pytest.mark.parametrize("curves", KEPT_SHUT, ids=lambda c: called(c) or "rest")
def test_shut_lips_touch_over_a_depth_and_go_on_touching(head, skin, curves):
    vertices = shaped(head, curves)
    grid, rows = skin.lattice.grid(0, 1)
    columns = grid.shape[1]
    inner = np.arange(1, columns // 2)
    apart = vertices[grid[:, inner]] - vertices[grid[:, columns - inner]]
    assert np.linalg.norm(apart, axis=2).max() < 0.1 * MM
    if not curves:
        line = vertices[grid[:, columns // 4]]
        depth = np.linalg.norm(np.diff(line, axis=0), axis=1).sum() / MM
        assert 2 <= depth <= 4
        assert rows[0] == 0
        assert rows[-1] == 1


@pytest.mark.parametrize("amount", [0.0, 1.0])
def test_lid_margins_slide_close_over_the_eye(head, skin, amount):
    vertices = shaped(head, both("eyeBlink", amount))
    grid, _ = skin.lids.grid(1, 1)
    away = vertices[grid[0]] - head.eye_pivots[0]
    gap = (np.linalg.norm(away, axis=1) - eye_surface(away)) / MM
    turn = np.arange(len(gap)) / len(gap) * 16
    corner = np.minimum(np.abs(turn - 9), np.abs((turn - 1 + 8) % 16 - 8)) < 1.8
    assert gap[~corner].min() > 0.05
    assert gap[~corner].max() < 0.4


def test_closed_lids_leave_no_slit(head, skin):
    vertices = shaped(head, both("eyeBlink"))
    margin = vertices[skin.lids.grid(0, 0)[0][0]]
    turn = np.arange(len(margin)) / len(margin) * 16
    lower = (turn > 1) & (turn < 9)
    upper, below = margin[~lower], margin[lower]
    upper, below = upper[np.argsort(upper[:, 0])], below[np.argsort(below[:, 0])]
    x = np.linspace(below[3, 0], below[-4, 0], 40)
    slit = np.interp(x, upper[:, 0], upper[:, 1]) - np.interp(x, below[:, 0], below[:, 1])
    assert np.abs(slit).max() < 0.15 * MM


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_lashes_go_with_the_upper_lid(head, side):
    run = head.part(f"lashes_{side.lower()}").vertices
    rest = head.rig.neutral.vertices[run]
    down = head.rig.delta(f"eyeBlink{side}")[run]
    high = rest[:, 1] > np.median(rest[:, 1])
    assert down[high, 1].min() < -6 * MM
    other = "Right" if side == "Left" else "Left"
    assert not head.rig.delta(f"eyeBlink{other}")[run].any()
