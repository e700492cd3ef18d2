"""The closest points of a triangle surface, found fast enough to be asked thousands of times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Points = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int32]
Index = npt.NDArray[np.intp]

_NEAR_FACES = 8
"""Triangles tried by the distance of their middles..."""
_MOST_AROUND = 8
"""...and around the nearest vertex, for long triangles have their middles far away."""
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Closest:
    """Where points lie on a surface. P points."""

    faces: Index
    """[P] number of the triangle."""
    weights: Points
    """[P, 3] barycentric weights in it, each 0..1, sum 1."""
    points: Points
    """[P, 3] the closest points, metres."""
    distance: Points
    """[P] metres; infinite where no triangle faces the right way."""


class Surface:
    """A triangle mesh that can be asked for its closest points. V vertices, F faces."""

    def __init__(self, vertices: npt.ArrayLike, faces: npt.ArrayLike) -> None:
        """Prepare `vertices` [V, 3] metres and `faces` [F, 3]."""
        self.vertices: Points = np.asarray(vertices, dtype=np.float64)
        self.faces: Faces = np.asarray(faces, dtype=np.int32)
        self._corners = self.vertices[self.faces]
        self.normals = face_normals(self.vertices, self.faces)
        """[F, 3] unit normals of the triangles."""
        self._used = np.unique(self.faces)
        self._vertex_tree = cKDTree(self.vertices[self._used])
        self._face_tree = cKDTree(self._corners.mean(axis=1))
        self._around = _around(self.faces, len(self.vertices))

    def closest(
        self,
        points: npt.ArrayLike,
        *,
        normals: npt.NDArray[np.float64] | None = None,
        least_cosine: float = 0.2,
    ) -> Closest:
        """Return the closest points of `points` [P, 3] metres on the surface.

        Args:
            points: What to find.
            normals: [P, 3] unit: only triangles that face the same way count, so that a lip does
                not find the other lip; None for all triangles.
            least_cosine: Between both normals.
        """
        asked = np.asarray(points, dtype=np.float64)
        pieces = [
            self._chunk(
                asked[start : start + _CHUNK],
                None if normals is None else normals[start : start + _CHUNK],
                least_cosine,
            )
            for start in range(0, max(len(asked), 1), _CHUNK)
        ]
        return Closest(*(np.concatenate(column) for column in zip(*pieces, strict=True)))

    def _chunk(
        self, points: Points, normals: Points | None, least_cosine: float
    ) -> tuple[Index, Points, Points, Points]:
        count = min(_NEAR_FACES, len(self.faces))
        near = self._face_tree.query(points, k=count)[1].reshape(len(points), count)
        vertex = self._used[self._vertex_tree.query(points)[1]]
        tried = np.concatenate([near, self._around[vertex]], axis=1)
        corners = self._corners[tried]  # [P, K, 3, 3]
        weights = closest_weights(points[:, None], corners)
        place = np.einsum("pkc,pkcx->pkx", weights, corners)
        distance = np.linalg.norm(points[:, None] - place, axis=-1)
        if normals is not None:
            cosine = np.einsum("pkx,px->pk", self.normals[tried], normals)
            distance = np.where(cosine >= least_cosine, distance, np.inf)
        best = distance.argmin(axis=1)
        row = np.arange(len(points))
        return tried[row, best], weights[row, best], place[row, best], distance[row, best]

    def at(self, closest: Closest, vertices: npt.ArrayLike) -> Points:
        """Return [..., P, 3]: the same places on other `vertices` [..., V, 3] of this mesh."""
        moved = np.asarray(vertices)[..., self.faces[closest.faces], :]
        return np.asarray(np.einsum("pc,...pcx->...px", closest.weights, moved))


def closest_weights(points: Points, corners: Points) -> Points:
    """Return the barycentric weights [..., 3] of the closest points on triangles.

    By the seven regions of a triangle: Ericson (2005), "Real-Time Collision Detection", 5.1.5.

    Args:
        points: [..., 3], broadcast against the triangles.
        corners: [..., 3, 3].
    """
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    ab, ac = b - a, c - a

    def dots(p: Any) -> tuple[Any, Any]:
        return np.einsum("...x,...x->...", ab, p), np.einsum("...x,...x->...", ac, p)

    d1, d2 = dots(points - a)
    d3, d4 = dots(points - b)
    d5, d6 = dots(points - c)
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
    tiny = 1e-30
    total = va + vb + vc
    v = vb / np.where(np.abs(total) > tiny, total, 1.0)
    w = vc / np.where(np.abs(total) > tiny, total, 1.0)
    t_ab = np.clip(d1 / np.maximum(d1 - d3, tiny), 0, 1)
    t_ac = np.clip(d2 / np.maximum(d2 - d6, tiny), 0, 1)
    t_bc = np.clip((d4 - d3) / np.maximum((d4 - d3) + (d5 - d6), tiny), 0, 1)
    zero, one = np.zeros_like(v), np.ones_like(v)
    # From the least to the most special region: a later row overrules an earlier one.
    rows = (
        (np.ones_like(v, dtype=np.bool_), (1 - v - w, v, w)),
        ((va <= 0) & (d4 >= d3) & (d5 >= d6), (zero, 1 - t_bc, t_bc)),
        ((vb <= 0) & (d2 >= 0) & (d6 <= 0), (1 - t_ac, zero, t_ac)),
        ((vc <= 0) & (d1 >= 0) & (d3 <= 0), (1 - t_ab, t_ab, zero)),
        ((d6 >= 0) & (d5 <= d6), (zero, zero, one)),
        ((d3 >= 0) & (d4 <= d3), (zero, one, zero)),
        ((d1 <= 0) & (d2 <= 0), (one, zero, zero)),
    )
    weights = np.zeros((*v.shape, 3))
    for where, values in rows:
        for corner, value in enumerate(values):
            weights[..., corner] = np.where(where, value, weights[..., corner])
    return weights


def face_normals(vertices: Points, faces: Faces) -> Points:
    """Return [F, 3] unit normals; 0 for triangles without an area."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-30)[:, None])


def point_normals(vertices: npt.ArrayLike, faces: Faces) -> Points:
    """Return [V, 3] unit normals of vertices, weighted with the areas around them."""
    points = np.asarray(vertices, dtype=np.float64)
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    cross = np.cross(b - a, c - a)
    total = np.zeros_like(points)
    for axis in range(3):
        total[:, axis] = np.bincount(
            faces.ravel(), np.repeat(cross[:, axis], 3), minlength=len(points)
        )
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1), 1e-30)[:, None])


def _around(faces: Faces, count: int) -> Index:
    """Return [V, K] triangles around every vertex, the first of them again where there are less."""
    corner = faces.ravel()
    order = np.argsort(corner, kind="stable")
    start = np.searchsorted(corner[order], np.arange(count))
    valence = np.bincount(corner, minlength=count)
    width = int(min(max(valence.max(initial=1), 1), _MOST_AROUND))
    step = np.minimum(np.arange(width), np.maximum(valence, 1)[:, None] - 1)
    place = np.minimum(start[:, None] + step, len(corner) - 1)
    return np.asarray(order[place] // 3)
