"""Exact distances to triangles, by plain geometry: the ruler that solvers are measured with.

Shares no code with `animdrive.tissue`. Signs come from angle-weighted pseudonormals: Baerentzen and
Aanaes (2005), "Signed distance computation using the angle weighted pseudonormal".
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

_FLAT = 1e-9


@dataclass(frozen=True, eq=False)
class Nearest:
    """What lies nearest to each of N points."""

    distance: np.ndarray
    """[N] above 0 outside, below 0 inside; inf beyond reach."""
    place: np.ndarray
    """[N, 3] the nearest point of the surface."""
    rim: np.ndarray
    """[N] whether that point lies on an open border, where inside and outside mean nothing."""


class Surface:
    """Triangles, open or closed, that points are measured against."""

    def __init__(self, vertices, faces):
        self.faces = np.asarray(faces, dtype=np.int64)
        self.vertices = np.asarray(vertices, dtype=np.float64)
        corner = self.vertices[self.faces]
        cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        area = np.linalg.norm(cross, axis=1)
        solid = area > 1e-14  # a triangle without an area has no side
        self.faces, corner = self.faces[solid], corner[solid]
        self.corner = corner
        self.normal = cross[solid] / area[solid, None]
        self.middle = corner.mean(1)
        self.radius = np.linalg.norm(corner - self.middle[:, None], axis=2).max()
        self._vertex_normal()
        self._edges()

    def _vertex_normal(self):
        self.vertex_normal = np.zeros_like(self.vertices)
        for k in range(3):
            a = self.corner[:, (k + 1) % 3] - self.corner[:, k]
            b = self.corner[:, (k + 2) % 3] - self.corner[:, k]
            cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
            angle = np.arccos(np.clip(cosine, -1, 1))
            np.add.at(self.vertex_normal, self.faces[:, k], self.normal * angle[:, None])

    def _edges(self):
        count = len(self.vertices)
        ends = np.stack([self.faces, np.roll(self.faces, -1, axis=1)], axis=2)  # [F, 3, 2]
        key = ends.min(2) * count + ends.max(2)
        _, place, uses = np.unique(key, return_inverse=True, return_counts=True)
        place = place.reshape(key.shape)
        total = np.zeros((len(uses), 3))
        for k in range(3):
            np.add.at(total, place[:, k], self.normal)
        self.edge_normal = total[place]  # [F, 3, 3], edge k runs from corner k to k + 1
        self.edge_rim = uses[place] == 1
        self.vertex_rim = np.zeros(count, dtype=bool)
        self.vertex_rim[ends[self.edge_rim].ravel()] = True

    def nearest(self, points, *, reach=0.015):
        """Return `Nearest` of `points` [N, 3]; those further than `reach` from a vertex are inf."""
        points = np.asarray(points, dtype=np.float64)
        distance = np.full(len(points), np.inf)
        place, rim = np.zeros_like(points), np.zeros(len(points), dtype=bool)
        used = np.unique(self.faces)
        bound = cKDTree(self.vertices[used]).query(points)[0]
        near = np.flatnonzero(bound <= reach)
        if not len(near):
            return Nearest(distance, place, rim)
        found = cKDTree(self.middle).query_ball_point(points[near], bound[near] + self.radius)
        number = np.array([len(f) for f in found])
        face = np.concatenate([np.array(f, dtype=np.int64) for f in found])
        row = np.repeat(near, number)
        share = _shares(points[row], self.corner[face])
        foot = (self.corner[face] * share[:, :, None]).sum(1)
        gap = np.linalg.norm(points[row] - foot, axis=1)
        start = np.concatenate([[0], np.cumsum(number)[:-1]])
        for i, (s, n) in enumerate(zip(start, number, strict=True)):
            best = s + int(np.argmin(gap[s : s + n]))
            outward, at_rim = self._side(face[best], share[best])
            p = near[i]
            sign = np.sign((points[p] - foot[best]) @ outward) or 1.0
            distance[p], place[p], rim[p] = sign * gap[best], foot[best], at_rim
        return Nearest(distance, place, rim)

    def _side(self, face, share):
        """Return the pseudonormal [3] at a place of a triangle and whether it is at the rim.

        A triangle that touches an open border counts as rim: what lies behind it may as well lie
        beside the surface that would go on there, as at the corners of a mouth.
        """
        rim = bool(self.vertex_rim[self.faces[face]].any())
        zero = share < _FLAT
        if zero.sum() == 2:
            return self.vertex_normal[self.faces[face, int(np.argmin(zero))]], rim
        if zero.sum() == 1:
            return self.edge_normal[face, (int(np.argmax(zero)) + 1) % 3], rim
        return self.normal[face], rim


def _shares(points, corner):
    """Return [P, 3], the weights of the place of triangle `corner` [P, 3, 3] nearest to a point."""
    a, b, c = corner[:, 0], corner[:, 1], corner[:, 2]
    normal = np.cross(b - a, c - a)
    square = (normal**2).sum(1)
    v = (np.cross(points - a, c - a) * normal).sum(1) / square
    w = (np.cross(b - a, points - a) * normal).sum(1) / square
    share = np.column_stack([1 - v - w, v, w])
    best = np.full(len(points), np.inf)
    beside = (share < 0).any(1)
    for k in range(3):
        p, q = corner[:, k], corner[:, (k + 1) % 3]
        t = np.clip(((points - p) * (q - p)).sum(1) / ((q - p) ** 2).sum(1), 0, 1)
        gap = np.linalg.norm(p + t[:, None] * (q - p) - points, axis=1)
        better = beside & (gap < best)
        best[better] = gap[better]
        on_edge = np.zeros_like(share)
        on_edge[:, k], on_edge[:, (k + 1) % 3] = 1 - t, t
        share[better] = on_edge[better]
    return share


def penetration(points, surface, *, reach=0.015):
    """Return [N] how deep each point lies inside, the shortest way out; 0 outside and at rims."""
    found = surface.nearest(points, reach=reach)
    inside = np.isfinite(found.distance) & (found.distance < 0) & ~found.rim
    return np.where(inside, -np.where(inside, found.distance, 0.0), 0.0)
