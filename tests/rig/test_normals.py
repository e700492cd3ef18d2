import numpy as np
import pytest

from animdrive.errors import ContractError
from animdrive.rig.normals import NormalSolver, vertex_normals, welds
from animdrive.rig.pose import rotation_matrix


def sphere(rings=24, segments=48):
    """A unit sphere whose texture is cut along one meridian."""
    v, u = np.meshgrid(np.linspace(0, 1, rings + 1), np.linspace(0, 1, segments + 1), indexing="ij")
    around, up = 2 * np.pi * np.where(u == 1, 0, u), np.pi * (v - 0.5)
    points = np.stack([np.cos(up) * np.sin(around), np.sin(up), np.cos(up) * np.cos(around)], -1)
    at = np.arange(points[..., 0].size).reshape(v.shape)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    return points.reshape(-1, 3).astype(np.float32), faces


def test_a_sphere_points_outward():
    points, faces = sphere()
    inside = np.abs(points[:, 1]) < 0.99
    aligned = (vertex_normals(points, faces) * points).sum(axis=1)
    assert aligned[inside].min() > 0.99


def test_normals_turn_with_the_mesh_and_ignore_its_place():
    points, faces = sphere()
    turn = rotation_matrix((0.3, 0.8, -0.4))
    moved = points @ turn.T + np.float32([3, -1, 2])
    whole = np.abs(points[:, 1]) < 0.99  # at the poles faces have no area
    expected = vertex_normals(points, faces) @ turn.T
    np.testing.assert_allclose(vertex_normals(moved, faces)[whole], expected[whole], atol=1e-4)


def test_many_poses_at_once_equal_one_by_one():
    points, faces = sphere(6, 8)
    stack = points * np.random.default_rng(0).uniform(0.5, 2, (5, 1, 3)).astype(np.float32)
    solver = NormalSolver(faces, len(points))
    together = solver(stack)
    for pose, normals in zip(stack, together, strict=True):
        np.testing.assert_allclose(solver(pose), normals, atol=1e-6)


def test_a_vertex_without_face_points_ahead():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]])
    normals = vertex_normals(points, [[0, 2, 1]])
    np.testing.assert_array_equal(normals, [[0, 0, -1]] * 3 + [[0, 0, 1]])


def test_welding_hides_the_texture_cut():
    points, faces = sphere()
    cut = np.abs(points[:, 0]) < 1e-6
    cut &= (points[:, 2] > 0) & (np.abs(points[:, 1]) < 0.9)
    apart = vertex_normals(points, faces)
    whole = NormalSolver(faces, len(points), weld=welds(points, apart))(points)
    assert (np.abs(apart[cut, 0]) > 0.02).all()
    np.testing.assert_allclose(whole[cut, 0], 0, atol=0.005)
    pairs = whole[cut].reshape(-1, 2, 3)
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])


def test_lips_that_touch_are_not_welded():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1]] * 2, dtype=np.float32)
    faces = [[0, 2, 1], [3, 4, 5]]
    groups = welds(points, vertex_normals(points, faces))
    np.testing.assert_array_equal(groups, np.arange(6))


def test_wrong_number_of_vertices_is_refused():
    with pytest.raises(ContractError, match=r"\[3, 3\] or \[T, 3, 3\], got \[4, 3\]"):
        NormalSolver([[0, 1, 2]], 3)(np.zeros((4, 3)))
