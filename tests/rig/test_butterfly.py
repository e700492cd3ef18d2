"""Interpolating subdivision: old vertices stay, smooth shapes are reproduced, nothing tears."""

import numpy as np
import pytest

from animdrive.rig.butterfly import butterfly, halved_mirror, red_green, straight
from animdrive.rig.surface import boundary_loops, edges_of


def carpet(n=9):
    """A flat grid of n by n vertices at integers; inside all have six neighbours."""
    x, y = np.meshgrid(np.arange(n), np.arange(n))
    faces = []
    for r in range(n - 1):
        for c in range(n - 1):
            a = r * n + c
            faces += [(a, a + 1, a + n + 1), (a, a + n + 1, a + n)]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(float), np.array(faces, dtype=np.int32)


def ball(kind):
    """Vertices on the unit ball with 3, 4 or 5 neighbours each."""
    golden = (1 + 5**0.5) / 2
    points = {
        3: [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)],
        4: [s * np.eye(3)[k] for k in range(3) for s in (1, -1)],
        5: [np.roll((0, s, t * golden), k) for k in range(3) for s in (1, -1) for t in (1, -1)],
    }[kind]
    points = np.array(points, dtype=float)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    from scipy.spatial import ConvexHull

    faces = ConvexHull(points).simplices
    a, b, c = (points[faces[:, k]] for k in range(3))
    inward = (np.cross(b - a, c - a) * a).sum(1) < 0
    faces[inward] = faces[inward][:, ::-1]
    return points, faces.astype(np.int32)


def all_split(points, faces):
    finer, edges = red_green(faces, len(points), np.ones(len(faces), dtype=bool))
    return finer, edges, butterfly(faces, len(points), edges)


def test_old_vertices_stay_to_the_bit():
    points, faces = ball(5)
    _, _, matrix = all_split(points, faces)
    np.testing.assert_array_equal((matrix @ points)[: len(points)], points)


@pytest.mark.parametrize("kind", [3, 4, 5])
def test_weights_sum_to_one_whatever_the_neighbours(kind):
    points, faces = ball(kind)
    _, _, matrix = all_split(points, faces)
    np.testing.assert_allclose(np.asarray(matrix.sum(1)).ravel(), 1)


def test_cubic_shapes_are_reproduced_where_the_mesh_is_regular():
    points, faces = carpet()
    _, edges, matrix = all_split(points, faces)
    height = points[:, 0] ** 3 / 100 - points[:, 0] * points[:, 1] / 7 + points[:, 1] ** 2 / 9
    middle = points[edges].mean(1)
    true = middle[:, 0] ** 3 / 100 - middle[:, 0] * middle[:, 1] / 7 + middle[:, 1] ** 2 / 9
    inside = ((middle >= 2) & (middle <= 6)).all(1)
    made = (matrix @ height)[len(points) :]
    np.testing.assert_allclose(made[inside], true[inside], atol=1e-12)


def test_straight_rims_and_flat_sheets_stay_so():
    points, faces = carpet(5)
    _, edges, matrix = all_split(points, faces)
    flat = np.column_stack([points, 3 + points @ [0.5, -2]])
    made = matrix @ flat
    np.testing.assert_allclose(made[:, 2], 3 + made[:, :2] @ [0.5, -2], atol=1e-12)
    # Next to a corner the rim is not straight.
    on_rim = (points[edges][..., 0] == 0).all(1) & (np.abs(points[edges][..., 1] - 2) < 2).all(1)
    assert on_rim.sum() == 2
    np.testing.assert_allclose(made[len(points) :][on_rim, 0], 0, atol=1e-12)


@pytest.mark.parametrize("kind", [4, 5])
def test_balls_become_rounder(kind):
    points, faces = ball(kind)
    _, edges, matrix = all_split(points, faces)
    smooth = np.linalg.norm((matrix @ points)[len(points) :], axis=1)
    chords = np.linalg.norm(points[edges].mean(1), axis=1)
    assert (smooth > chords + 0.02).all()
    assert (smooth < 1.15).all()


@pytest.mark.parametrize("seed", range(4))
def test_any_choice_of_triangles_leaves_no_gap(seed):
    points, faces = carpet(7)
    wanted = np.random.default_rng(seed).random(len(faces)) < 0.3
    finer, edges = red_green(faces, len(points), wanted)
    shape = straight(len(points), edges) @ points
    corners = shape[finer]
    side_1, side_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = (side_1[:, 0] * side_2[:, 1] - side_1[:, 1] * side_2[:, 0]) / 2
    assert areas.min() > 0
    assert areas.sum() == pytest.approx(36)
    _, uses = edges_of(finer)
    assert set(uses) <= {1, 2}
    assert len(boundary_loops(finer)) == 1
    assert len(shape) - len(uses) + len(finer) == 1  # Euler: a disc
    assert set(finer.ravel()) == set(range(len(shape)))


def test_the_mirror_follows_the_middles():
    mirror = np.array([2, 1, 0, 5, 4, 3, 8, 7, 6], dtype=np.int32)
    edges = np.array([[0, 1], [1, 2], [3, 6], [5, 8]])
    np.testing.assert_array_equal(halved_mirror(mirror, edges), [*mirror, 10, 9, 12, 11])
