"""The nearest point of triangles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def nearest_on(
    points: npt.NDArray[np.float64], corners: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return barycentric weights [..., 3] of the nearest points on triangles, and distances [...].

    Args:
        points: [..., 3], broadcast against the triangles.
        corners: [..., 3, 3].
    """
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    points = np.broadcast_to(points, a.shape)
    ab, ac, bc = b - a, c - a, c - b

    def on_edge(p: Any, start: Any, way: Any) -> Any:
        t = ((p - start) * way).sum(-1) / np.maximum((way * way).sum(-1), 1e-30)
        return np.clip(t, 0, 1)

    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    ap = points - a
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    det = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / det, (d00 * d21 - d01 * d20) / det
    inside = (v >= 0) & (w >= 0) & (v + w <= 1)
    t_ab, t_ac, t_bc = on_edge(points, a, ab), on_edge(points, a, ac), on_edge(points, b, bc)
    zero = np.zeros_like(t_ab)
    choices = np.stack(
        [
            np.stack([1 - v - w, v, w], -1),
            np.stack([1 - t_ab, t_ab, zero], -1),
            np.stack([1 - t_ac, zero, t_ac], -1),
            np.stack([zero, 1 - t_bc, t_bc], -1),
        ],
        axis=-2,
    )  # [..., 4, 3]
    place = (choices[..., None] * corners[..., None, :, :]).sum(-2)
    distance = np.linalg.norm(points[..., None, :] - place, axis=-1)
    distance[..., 0] = np.where(inside, distance[..., 0], np.inf)
    best = distance.argmin(-1)[..., None]
    weights = np.take_along_axis(choices, best[..., None], axis=-2)[..., 0, :]
    return weights, np.take_along_axis(distance, best, axis=-1)[..., 0]
