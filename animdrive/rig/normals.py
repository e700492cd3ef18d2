"""Vertex normals of one mesh or of many poses of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import ContractError


class NormalSolver:
    """Computes the normals of one topology again and again.

    Normals are the sum of the normals of the faces around a vertex, weighted with their areas
    (Gouraud 1971, "Continuous shading of curved surfaces", with Max 1999's observation that
    unnormalised cross products carry the area for free). Vertices that share a place at rest
    because the texture is cut there share their normal too where `weld` says so; otherwise the
    cut would show as a crease.
    """

    def __init__(
        self, faces: npt.ArrayLike, count: int, *, weld: npt.ArrayLike | None = None
    ) -> None:
        """Prepare for `faces` [F, 3] over `count` vertices.

        Args:
            faces: [F, 3] vertex indices, counter-clockwise seen from outside.
            count: V, the number of vertices.
            weld: [V] for each vertex the group that it shares a normal with, or None for none.
                `welds` finds them.
        """
        from scipy.sparse import csr_matrix

        self._faces: IntArray = np.asarray(faces, dtype=np.int32)
        groups = np.arange(count) if weld is None else np.asarray(weld)
        corner = groups[self._faces].ravel()
        face = np.repeat(np.arange(len(self._faces)), 3)
        ones = np.ones(len(face), dtype=np.float32)
        around: Any = csr_matrix((ones, (corner, face)), shape=(count, len(self._faces)))
        self._around = around
        self._groups = None if weld is None else groups
        self._count = count

    def __call__(self, vertices: npt.ArrayLike) -> FloatArray:
        """Return unit normals [V, 3] or [T, V, 3] of `vertices` of the same shape.

        A vertex without a face, or whose faces have no area, gets +Z, for a zero normal breaks
        shaders.

        Raises:
            ContractError: `vertices` has another number of vertices.
        """
        points = np.asarray(vertices, dtype=np.float32)
        if points.ndim not in (2, 3) or points.shape[-2:] != (self._count, 3):
            raise ContractError(
                f"Vertices must have shape [{self._count}, 3] or [T, {self._count}, 3], got "
                f"{list(points.shape)}."
            )
        stack = points.reshape(-1, self._count, 3)
        a, b, c = (np.take(stack, self._faces[:, corner], axis=1) for corner in range(3))
        u, v = b - a, c - a
        cross = np.empty((len(self._faces), len(stack), 3), dtype=np.float32)
        for axis in range(3):  # three times quicker than np.cross
            i, j = (axis + 1) % 3, (axis + 2) % 3
            cross[:, :, axis] = (u[..., i] * v[..., j] - u[..., j] * v[..., i]).T
        summed = self._around @ cross.reshape(len(self._faces), -1)
        normals = summed.reshape(self._count, len(stack), 3).transpose(1, 0, 2)
        if self._groups is not None:
            normals = normals[:, self._groups]
        length = np.sqrt((normals * normals).sum(axis=-1, keepdims=True))
        flat = length[..., 0] <= 1e-20
        unit: FloatArray = normals / np.where(length > 1e-20, length, 1.0)
        unit[flat] = (0.0, 0.0, 1.0)
        return np.ascontiguousarray(unit.reshape(points.shape))


def vertex_normals(vertices: npt.ArrayLike, faces: npt.ArrayLike) -> FloatArray:
    """Return unit normals of `vertices` [V, 3] or [T, V, 3]; see `NormalSolver`.

    For many calls on one topology keep a `NormalSolver`.
    """
    points = np.asarray(vertices, dtype=np.float32)
    return NormalSolver(faces, points.shape[-2])(points)


def welds(vertices: npt.ArrayLike, normals: npt.ArrayLike) -> IntArray:
    """Return [V], for each vertex the first one at the same place that faces the same way.

    Two vertices belong together when they are equal to the bit and their own normals lie within
    90°: the two sides of a texture cut do, an upper and a lower lip that touch do not.

    Args:
        vertices: [V, 3] metres, at rest.
        normals: [V, 3] unit normals computed without welding.
    """
    points = np.asarray(vertices, dtype=np.float32) + 0.0  # -0.0 equals 0.0
    facing = np.asarray(normals, dtype=np.float32)
    _, place = np.unique(points, axis=0, return_inverse=True)
    order = np.argsort(place.reshape(-1), kind="stable")
    group = np.arange(len(points), dtype=np.int32)
    place = place.reshape(-1)[order]
    starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
    for run in np.split(order, starts[1:]):
        if len(run) > 1:
            for position, vertex in enumerate(run):
                for earlier in run[:position]:
                    if facing[vertex] @ facing[earlier] > 0:
                        group[vertex] = group[earlier]
                        break
    return group
