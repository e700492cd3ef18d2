"""Skin is pushed into teeth, eyes and the other lip by known depths, and found there."""

import numpy as np
import pytest
from small import small_character

from animdrive.deformer.closest import incident_faces, nearest_places, winding_numbers
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.penetration import DEPTH_MM, PenetrationCheck, PenetrationCount
from animdrive.rig.head import load_head

RNG = np.random.default_rng(4)
CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
SIDES = np.array([
    [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
    [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
])  # fmt: skip


@pytest.mark.parametrize("missing", [0, 2])
def test_inside_a_cube_and_outside_even_if_a_side_is_open(missing):
    corners = CUBE[SIDES[: len(SIDES) - missing]]
    inside = winding_numbers(RNG.uniform(0.05, 0.7, (50, 3)), corners)
    points = RNG.uniform(-2, 3, (300, 3))
    outside = winding_numbers(points[((points < -0.2) | (points > 1.2)).any(axis=1)], corners)
    assert inside.min() > 0.5
    assert outside.max() < 0.5
    if not missing:
        np.testing.assert_allclose(inside, 1, atol=1e-9)
        np.testing.assert_allclose(outside, 0, atol=1e-9)


def test_the_nearest_place_is_not_beaten_by_any_other():
    points, corners = RNG.normal(0, 1, (40, 3)), RNG.normal(0, 1, (40, 5, 3, 3))
    weights, gap, which = nearest_places(points, corners)
    row = np.arange(40)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    foot = (corners[row, which] * weights[:, :, None]).sum(axis=1)
    np.testing.assert_allclose(np.linalg.norm(points - foot, axis=1), gap)
    tried = RNG.dirichlet((0.5, 0.5, 0.5), 4000)
    for point, triangles, best in zip(points, corners, gap, strict=True):
        places = np.einsum("sk,fkx->sfx", tried, triangles).reshape(-1, 3)
        nearest = np.linalg.norm(places - point, axis=1).min()
        assert best <= nearest + 1e-9
        assert nearest - best < 0.1


def test_every_face_around_a_vertex_is_listed():
    table = incident_faces(SIDES.astype(np.int32), 9)
    for vertex in range(8):
        assert set(table[vertex]) == set(np.flatnonzero((vertex == SIDES).any(axis=1)))
    assert (table[8] == -1).all()


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def check(head):
    return PenetrationCheck(head)


def deepest(check, vertices):
    return {name: float(depths.max()) for name, depths in check.depths(vertices).items()}


def test_a_head_at_rest_penetrates_nothing(head, check):
    assert check.names == ("teeth", "eyes", "lips")
    found = check.depths(head.rig.neutral.vertices)
    assert all(depths.max() <= 0.05 for depths in found.values())
    assert min(len(depths) for depths in found.values()) > 1000


def test_teeth_follow_the_jaw(head, check):
    skin = LinearDeformer(head.rig)
    values = np.zeros((1, 52))
    values[0, head.rig.names.index("jawOpen")] = 0.6
    assert deepest(check, skin.run(values)[0])["teeth"] < DEPTH_MM
    # With the lower jaw left behind the lip is where its teeth still are, or they in the lip.
    moved = head.rig.neutral.vertices.copy()
    teeth = head.part("teeth_lower").vertices
    moved[teeth] += np.array([0.0, 0.0, 0.004], np.float32)
    assert deepest(check, moved)["teeth"] > 1.0


@pytest.mark.parametrize("depth", [0.0005, 0.001, 0.002])
def test_a_lid_in_the_eye_is_as_deep_as_it_was_pushed(head, check, depth):
    moved = head.rig.neutral.vertices.astype(np.float64)
    ball = head.part("eye_left")
    points = check._checks["eyes"][0].points
    radius = np.linalg.norm(moved[ball.vertices] - head.eye_pivots[0], axis=1)
    away = moved[points] - head.eye_pivots[0]
    distance = np.linalg.norm(away, axis=1)
    nearest = points[np.argsort(distance)[:6]]
    way = moved[nearest] - head.eye_pivots[0]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    # On the white of the eye, which is a ball about the pivot.
    white = np.median(radius)
    moved[nearest] = head.eye_pivots[0] + way * (white - depth)
    found = deepest(check, moved)
    assert found["eyes"] == pytest.approx(depth * 1000, rel=0.35)
    assert deepest(check, head.rig.neutral.vertices)["eyes"] < 0.05


def test_a_lip_through_the_other_is_found(head, check):
    moved = head.rig.neutral.vertices.copy()
    upper, lower = (set(head.regions[name].tolist()) for name in ("lips_upper", "lips_lower"))
    moved[sorted(lower - upper)] += np.array([0.0, 0.002, 0.0], np.float32)
    assert deepest(check, moved)["lips"] == pytest.approx(2.0, abs=1.2)
    apart = head.rig.neutral.vertices.copy()
    apart[sorted(lower - upper)] -= np.array([0.0, 0.002, 0.0], np.float32)
    assert deepest(check, apart)["lips"] < DEPTH_MM


def test_a_face_without_such_parts_is_not_checked():
    face = small_character()
    check = PenetrationCheck(face)
    assert "lips" not in check.names
    assert "eyes" not in check.names


def test_penetrations_are_counted_over_frames():
    count = PenetrationCount()
    count.add(np.array([0.0, 0.2, 0.5]))
    count.add(np.array([0.0, 1.5, 0.4]))
    assert count.described() == {
        "frames": 2,
        "looked_at": 3,
        "vertices": 3,
        "per_frame": 1.5,
        "deepest_mm": 1.5,
    }


def test_what_is_not_asked_for_is_not_checked(head):
    assert PenetrationCheck(head, only=("lips",)).names == ("lips",)
    assert set(PenetrationCheck(head).names) == {"teeth", "eyes", "lips"}
