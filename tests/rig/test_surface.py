import numpy as np
import pytest

from animdrive.rig.surface import (
    SmoothField,
    boundary_loops,
    edges_of,
    loop_subdivision,
    smoothstep,
)


def grid(n):
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    points = np.column_stack([x.ravel(), y.ravel(), np.zeros(n * n)])
    faces = []
    for row in range(n - 1):
        for column in range(n - 1):
            a = row * n + column
            faces += [(a, a + 1, a + n + 1), (a, a + n + 1, a + n)]
    return points, np.array(faces, dtype=np.int32)


def test_subdivision_keeps_a_plane_flat_and_weights_sum_to_one():
    points, faces = grid(5)
    matrix, finer = loop_subdivision(len(points), faces)
    np.testing.assert_allclose(np.asarray(matrix.sum(axis=1)).ravel(), 1)
    np.testing.assert_allclose((matrix @ points)[:, 2], 0)
    assert len(finer) == 4 * len(faces)
    assert matrix.shape[0] == len(points) + len(edges_of(faces)[0])


def test_subdivision_keeps_the_winding():
    points, faces = grid(4)
    matrix, finer = loop_subdivision(len(points), faces)
    fine = matrix @ points
    normal = np.cross(fine[finer[:, 1]] - fine[finer[:, 0]], fine[finer[:, 2]] - fine[finer[:, 0]])
    assert (normal[:, 2] > 0).all()


def test_a_grid_has_one_rim_and_a_grid_with_a_hole_two():
    _, faces = grid(6)
    assert [len(loop) for loop in boundary_loops(faces)] == [20]
    inner = [f for f in faces if 14 not in f]  # all around one inner vertex
    assert sorted(len(loop) for loop in boundary_loops(np.array(inner))) == [6, 20]


@pytest.mark.parametrize("order", [1, 2])
def test_a_smooth_field_reproduces_what_is_linear(order):
    points, faces = grid(9)
    edge = (points[:, :2] < 0.13).any(1) | (points[:, :2] > 0.87).any(1)
    known = np.flatnonzero(edge)
    values = (2 * points[:, :1] - 3 * points[:, 1:2]) + 1
    solved = SmoothField(points, faces, order=order).solve(known, values[known])
    np.testing.assert_allclose(solved, values, atol=1e-5)


def test_smoothstep_runs_from_0_to_1():
    np.testing.assert_allclose(smoothstep(1, 3, np.array([0, 1, 2, 3, 9])), [0, 0, 0.5, 1, 1])
