"""Rigid motion of a head between sets of vertices, and which vertices of a rig are stiff."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import CurveTrack, Rig
from animdrive.contract.capture import BoolArray
from animdrive.contract.checks import FloatArray

Floats = npt.NDArray[np.float64]

_STIFF_M = 2e-4
"""What a curve may move a vertex until it counts for half."""
_BELOW_EYES_M = 0.01
"""How far below the lids stiff vertices are still looked for: the bridge of the nose."""
_SCALE_FLOOR_M = 5e-5
_LEAST_STIFF = 12


def rigid_motion(
    source: npt.NDArray[Any], target: npt.NDArray[Any], weights: npt.NDArray[Any]
) -> Floats:
    """Return [N, 4, 4] that moves `source` closest to each of N `target`, weighted.

    The least-squares rotation by SVD of Kabsch (1976), with its determinant mended as in Umeyama
    (1991), and the shift between the centres.

    Args:
        source: [V, 3] or [N, V, 3] metres.
        target: [N, V, 3] metres.
        weights: [V] or [N, V], not negative, not all 0.
    """
    frames = len(target)
    shape = (frames, target.shape[1])
    w = np.broadcast_to(np.asarray(weights, dtype=np.float64), shape)
    w = w / np.maximum(w.sum(axis=1, keepdims=True), 1e-300)
    a = np.broadcast_to(np.asarray(source, dtype=np.float64), target.shape)
    b = np.asarray(target, dtype=np.float64)
    from_centre = np.einsum("nv,nvi->ni", w, a)
    to_centre = np.einsum("nv,nvi->ni", w, b)
    a, b = a - from_centre[:, None], b - to_centre[:, None]
    spread = np.matmul((b * w[..., None]).transpose(0, 2, 1), a)
    u, _, vt = np.linalg.svd(spread)
    u[:, :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    turn = u @ vt
    motion = np.tile(np.eye(4), (frames, 1, 1))
    motion[:, :3, :3] = turn
    motion[:, :3, 3] = to_centre - np.einsum("nij,nj->ni", turn, from_centre)
    return motion


def robust_rigid_motion(
    source: npt.NDArray[Any],
    target: npt.NDArray[Any],
    weights: npt.NDArray[Any],
    *,
    rounds: int = 6,
) -> tuple[Floats, Floats]:
    """Return the motion [N, 4, 4] and what is left of it [N, V] metres, outliers kept out.

    Iteratively reweighted least squares with the weights of Geman and McClure (1985); the scale is
    twice the weighted median of each frame.
    """
    base = np.broadcast_to(np.asarray(weights, dtype=np.float64), target.shape[:2])
    now = base
    for _ in range(rounds):
        motion = rigid_motion(source, target, now)
        left = np.linalg.norm(target - applied(motion, source), axis=2)
        scale = np.maximum(2 * _weighted_median(left, base), _SCALE_FLOOR_M)[:, None]
        now = base / (1 + (left / scale) ** 2) ** 2
    return motion, left


def _weighted_median(values: Floats, weights: Floats) -> Floats:
    order = np.argsort(values, axis=1)
    summed = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    middle = (summed < 0.5 * summed[:, -1:]).sum(axis=1)
    at = np.take_along_axis(order, np.minimum(middle, values.shape[1] - 1)[:, None], axis=1)
    return np.asarray(np.take_along_axis(values, at, axis=1)[:, 0])


def applied(motion: Floats, points: npt.NDArray[Any]) -> Floats:
    """Return [N, V, 3], `points` [V, 3] or [N, V, 3] moved by each of `motion` [N, 4, 4]."""
    turned = np.matmul(np.asarray(points, dtype=np.float64), motion[:, :3, :3].transpose(0, 2, 1))
    return np.asarray(turned + motion[:, None, :3, 3])


def inverse(motion: Floats) -> Floats:
    """Return [N, 4, 4], the way back of rigid motion [N, 4, 4]."""
    back = np.tile(np.eye(4), (len(motion), 1, 1))
    back[:, :3, :3] = motion[:, :3, :3].transpose(0, 2, 1)
    back[:, :3, 3] = -np.einsum("nji,nj->ni", motion[:, :3, :3], motion[:, :3, 3])
    return back


def moved_back(motion: Floats, skin: FloatArray) -> FloatArray:
    """Return `skin` [N, V, 3] with `motion` [N, 4, 4] taken out, frame by frame."""
    back = inverse(motion)
    still = np.empty_like(skin)
    for number, frame in enumerate(skin):
        still[number] = applied(back[number : number + 1], frame)[0]
    return still


def stiff_vertices(rig: Rig) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the vertices [S] of `rig` that ride on the skull, and their weights [S], 0..1.

    The upper head and the bridge of the nose: above the lids (where the rig has eyeBlink curves;
    above the middle of everything that moves elsewhere), the less the more a curve moves them, and
    each by the area of skin that it stands for. The neck is as stiff, but does not go with the
    head.
    """
    rest = rig.neutral.vertices
    lengths = np.linalg.norm(rig.deltas, axis=2)
    travel = lengths.max(axis=0) if len(lengths) else np.zeros(len(rest))
    blinks = [row for row, name in enumerate(rig.names) if name.startswith("eyeBlink")]
    moving = lengths[blinks].sum(axis=0) if blinks else lengths.sum(axis=0)
    level = float(rest[:, 1].min())
    if moving.sum() > 0:
        level = float((moving * rest[:, 1]).sum() / moving.sum()) - _BELOW_EYES_M
    weights = _areas(rig) / (1 + (travel / _STIFF_M) ** 2)
    weights[rest[:, 1] < level] = 0.0
    weights /= max(float(weights.max()), 1e-300)
    stiff = np.flatnonzero(weights > 1e-3)
    if len(stiff) < _LEAST_STIFF:  # everything moves: the least moved is the best there is
        stiff = np.argsort(travel, kind="stable")[: max(_LEAST_STIFF, len(rest) // 10)]
        return stiff, np.ones(len(stiff))
    return stiff, weights[stiff]


def _areas(rig: Rig) -> Floats:
    corners = rig.neutral.vertices[rig.neutral.faces].astype(np.float64)
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    summed = np.zeros(len(rig.neutral.vertices))
    for corner in range(3):
        np.add.at(summed, rig.neutral.faces[:, corner], area / 6)
    return summed


def curves_of(track: CurveTrack, rig: Rig) -> FloatArray:
    """Return [T, C], the track's values in the order of the rig's curves; absent ones at 0."""
    values = np.zeros((len(track), len(rig.names)), dtype=np.float32)
    for column, name in enumerate(rig.names):
        if name in track.names:
            values[:, column] = track.curve(name)
    return values


def weights_where_seen(weights: Floats, missing: BoolArray | None, stiff: Any) -> Floats:
    """Return [V] or [N, V] `weights` of the `stiff` vertices, next to nothing where missing."""
    if missing is None:
        return weights
    return np.asarray(weights * np.where(missing[:, stiff], 1e-6, 1.0))
