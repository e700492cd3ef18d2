"""Points against triangles: nearest places, and whether a point is inside.

Nothing here is shared with the contacts of the simulator, for it is what they are judged by.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import IntArray

Places = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_TINY = 1e-24


def incident_faces(faces: IntArray, vertices: int) -> Index:
    """Return [V, most] the faces around every vertex; short rows repeat their first one.

    Vertices without a face have rows of -1.
    """
    corner = faces.ravel().astype(np.int64)
    order = np.argsort(corner, kind="stable")
    counts = np.bincount(corner, minlength=vertices)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    most = int(counts.max(initial=1))
    table = np.full((vertices, most), -1, dtype=np.int64)
    for column in range(most):
        take = np.where(column < counts, column, 0)
        used = counts > 0
        table[used, column] = order[(starts + take)[used]] // 3
    return table


def nearest_places(points: Places, corners: Places) -> tuple[Places, Places, Index]:
    """Return the nearest place of each point on its own K triangles.

    Inside of a triangle it is the foot of the perpendicular, else a place on one of the edges:
    Ericson (2005), "Real-Time Collision Detection", section 5.1.5.

    Args:
        points: [N, 3].
        corners: [N, K, 3, 3] triangles, corner by corner.

    Returns:
        [N, 3] weights of the nearest triangle's corners, [N] distance, [N] which of the K.
    """
    a, b, c = (corners[:, :, k] for k in range(3))
    p = points[:, None]
    ab, ac, ap = b - a, c - a, p - a
    d00, d01, d11 = _dot(ab, ab), _dot(ab, ac), _dot(ac, ac)
    d20, d21 = _dot(ap, ab), _dot(ap, ac)
    area = np.maximum(d00 * d11 - d01 * d01, _TINY)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    weights = np.stack([1 - v - w, v, w], axis=-1)
    gap = _gap(p, corners, weights)
    gap[(weights < 0).any(axis=-1)] = np.inf
    for k in range(3):
        start, end = corners[:, :, k], corners[:, :, (k + 1) % 3]
        along = end - start
        share = np.clip(_dot(p - start, along) / np.maximum(_dot(along, along), _TINY), 0, 1)
        on_edge = np.zeros_like(weights)
        on_edge[..., k], on_edge[..., (k + 1) % 3] = 1 - share, share
        other = _gap(p, corners, on_edge)
        nearer = other < gap
        weights[nearer], gap[nearer] = on_edge[nearer], other[nearer]
    which = gap.argmin(axis=1)
    row = np.arange(len(points))
    return weights[row, which], gap[row, which], which


def winding_numbers(points: Places, corners: Places) -> Places:
    """Return [N] how often the surface goes around each point: about 1 inside, 0 outside.

    The sum of solid angles over 4π. A surface with a hole still has a number, so a tooth that is
    open at its root has an inside: Jacobson, Kavan and Sorkine-Hornung (2013), "Robust
    inside-outside segmentation using generalized winding numbers"; a triangle's angle after van
    Oosterom and Strackee (1983).

    Args:
        points: [N, 3].
        corners: [F, 3, 3] triangles, counter-clockwise seen from outside.
    """
    result = np.zeros(len(points))
    for start in range(0, len(points), 256):
        part = slice(start, start + 256)
        a, b, c = (corners[None, :, k] - points[part, None] for k in range(3))
        la, lb, lc = (np.sqrt(_dot(side, side)) for side in (a, b, c))
        above = _dot(a, np.cross(b, c))
        below = la * lb * lc + _dot(a, b) * lc + _dot(b, c) * la + _dot(c, a) * lb
        result[part] = np.arctan2(above, below).sum(axis=1) / (2 * np.pi)
    return result


def _gap(points: Places, corners: Places, weights: Places) -> Places:
    away = (corners * weights[..., None]).sum(axis=2) - points
    return np.asarray(np.sqrt(_dot(away, away)))


def _dot(one: Places, other: Places) -> Places:
    return np.asarray((one * other).sum(axis=-1))
