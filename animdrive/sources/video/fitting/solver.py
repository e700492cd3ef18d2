"""Curves out of landmark motion: bounded, regularised least squares, all frames at once.

For every frame the solver minimises

    Σ_ik W_ik (L_i c - d_i)ᵀ M (L_k c - d_k)  +  Σ_k v_k (f_k·c - m_k)²
         + cᵀ Q c + 2 lasso·c                             over  low ≤ c ≤ high

where ``L`` is what the rig's curves do to its landmarks, ``d`` how far the person's have moved,
``M`` the trust in space (what the camera sees more than what it must guess, `camera_trust`), and
the ``f`` are measurements that matter more than any single landmark: the gap between the lips,
the opening of the lids. ``W`` is the inverse covariance of the landmarks' errors
(`landmark_precision`), ``Q`` that of the curves: a prior in Bayes' sense. The unknowns are as
many as the curves, so each frame is a 52 x 52 problem; coordinate descent with clipping (Franc,
Hlaváč and Navara 2005, "Sequential coordinate-wise algorithm for the non-negative least squares
problem") walks over the curves and updates each in all frames together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]

_CHUNK = 256
"""Frames solved at once: 256 matrices of 52 x 52 stay in a core's cache."""


@dataclass(frozen=True, eq=False)
class Measurements:
    """K linear readings of the curves, with their measured values. Metres."""

    rows: Array
    """[K, C] what each curve at 1 adds to the reading."""
    values: Array
    """[T, K] the reading wanted, less the reading at rest."""
    trust: Array
    """[T, K] or [K] inverse variance, m⁻²."""


@dataclass(frozen=True, eq=False)
class System:
    """The rig as seen by the solver. C curves, P landmarks."""

    deltas: Array
    """[C, P, 3] metres, the curves' landmark motion."""
    precision: Array
    """[P, P] inverse covariance of the landmarks' errors along each axis, m⁻²."""
    prior: Array
    """[C, C] inverse covariance of the curves."""
    lasso: Array
    """[C] pull towards exactly 0, per curve."""


def landmark_precision(
    points: Floats,
    noise_m: Floats,
    *,
    misfit_m: float,
    reach_m: float,
    together: Sequence[tuple[Sequence[int], float]] = (),
) -> Array:
    """Return the inverse covariance [P, P] of landmark errors, m⁻².

    Besides the tracker's noise, each landmark's own, there is what the rig cannot say of another
    face: that error is alike in neighbours (a Gaussian process with a squared-exponential
    kernel; Rasmussen and Williams 2006, chapter 4). Without it a hundred landmarks of a cheek
    would count as a hundred proofs, and curves would be spent on the difference between faces.

    Args:
        points: [P, 3] metres, where the landmarks are at rest.
        noise_m: [P] standard deviation of each landmark's own error.
        misfit_m: Standard deviation of the error that neighbours share.
        reach_m: How far it is shared.
        together: Groups of landmarks that err as one, and the standard deviation of that, metres.
    """
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    shared = misfit_m**2 * np.exp(-0.5 * apart / reach_m**2)
    covariance = shared + np.diag(np.asarray(noise_m) ** 2)
    for members, error_m in together:
        covariance[np.ix_(members, members)] += error_m**2
    return np.asarray(np.linalg.inv(covariance))


def camera_trust(rotation: Floats, *, depth_trust: float) -> Array:
    """Return [T, 3, 3], the trust in space seen from the head.

    Across the picture landmarks are measured, in depth they are guessed; the camera's depth is
    another direction of the head in every frame.

    Args:
        rotation: [T, 3, 3] head to camera.
        depth_trust: Trust in depth as a share of that across, 0..1.
    """
    axes = np.array([1.0, 1.0, depth_trust**2])
    turned = np.asarray(rotation, dtype=np.float64)
    return np.asarray(np.swapaxes(turned, 1, 2) @ (axes[:, None] * turned))


def solve(
    system: System,
    motion: Floats,
    trust: Array,
    *,
    measured: Measurements | None = None,
    low: Floats | None = None,
    high: Floats | None = None,
    sweeps: int = 60,
    tolerance: float = 1e-4,
) -> Array:
    """Find the curves that explain how the landmarks moved.

    Args:
        system: The rig.
        motion: [T, P, 3] metres from rest, head space.
        trust: [T, 3, 3] trust in space, as from `camera_trust`.
        measured: Readings that the curves must meet as well.
        low: [T, C] least value of each curve; 0 without it.
        high: [T, C] greatest value; 1 without it. Equal to `low` it fixes the curve.
        sweeps: Most passes over the curves.
        tolerance: Stop when no value moved further than this in a pass.

    Returns:
        [T, C] values between `low` and `high`.
    """
    count, frames = len(system.deltas), len(motion)
    trusted = np.einsum("pq,cqa->cpa", system.precision, system.deltas, optimize=True)
    gram = np.einsum("cpa,dpb->abcd", system.deltas, trusted, optimize=True)
    result = np.zeros((frames, count))
    least = np.zeros((frames, count)) if low is None else np.asarray(low, dtype=np.float64)
    most = np.ones((frames, count)) if high is None else np.asarray(high, dtype=np.float64)
    for start in range(0, frames, _CHUNK):
        run = slice(start, min(start + _CHUNK, frames))
        space = trust[run]
        normal = np.einsum("tab,abij->tij", space, gram, optimize=True)
        pulled = np.matmul(np.asarray(motion[run], dtype=np.float64), space)
        right = pulled.reshape(len(pulled), -1) @ trusted.reshape(count, -1).T
        if measured is not None:
            weight = np.broadcast_to(measured.trust, measured.values.shape)[run]
            normal += np.einsum("tk,ki,kj->tij", weight, measured.rows, measured.rows)
            right += (weight * measured.values[run]) @ measured.rows
        normal += system.prior
        right -= system.lasso
        result[run] = _descend(normal, right, least[run], most[run], sweeps, tolerance)
    return result


def nearest(
    values: Floats, spread: Floats, measured: Measurements, *, low: Floats, high: Floats
) -> Array:
    """Return the curves nearest to `values` that meet measurements as well.

    Minimises ``Σ_j (c_j - values_j)² / spread_j² + Σ_k v_k (f_k·c - m_k)²``, in closed form; a
    curve that it would carry out of its bounds is put on the bound, and the others make up for it.

    Args:
        values: [T, C] curves within their bounds.
        spread: [C] how readily each curve gives way.
        measured: Readings to meet; a trust of 0 leaves one out.
        low: [T, C] least value of each curve; where it equals `high` the curve stays there.
        high: [T, C] greatest value.
    """
    result = np.clip(np.array(values, dtype=np.float64), low, high)
    weight = np.broadcast_to(measured.trust, measured.values.shape)
    touched = np.flatnonzero((weight > 0).any(axis=1))
    for start in range(0, len(touched), _CHUNK):
        run = touched[start : start + _CHUNK]
        base, least, most = result[run], np.asarray(low)[run], np.asarray(high)[run]
        variance = 1.0 / np.maximum(weight[run], 1e-3)
        free = most > least
        for _ in range(len(spread)):
            give = free * np.asarray(spread) ** 2
            pull = give[:, None, :] * measured.rows  # [T, K, C]
            system = pull @ measured.rows.T + variance[:, :, None] * np.eye(len(measured.rows))
            missing = measured.values[run] - base @ measured.rows.T
            share = np.linalg.solve(system, missing[..., None])
            moved = base + (np.swapaxes(pull, 1, 2) @ share)[..., 0]
            outside = free & ((moved < least) | (moved > most))
            if not outside.any():
                break
            base = np.where(outside, np.clip(moved, least, most), base)
            free = free & ~outside
        result[run] = np.clip(moved, least, most)
    return result


def _descend(
    normal: Array, right: Array, low: Array, high: Array, sweeps: int, tolerance: float
) -> Array:
    """Minimise ½ cᵀNc - rᵀc within bounds. The curve comes first in memory: [C, T]."""
    rows = np.ascontiguousarray(normal.transpose(1, 2, 0))  # [C, C, T]
    curves = np.ascontiguousarray(np.clip(np.zeros_like(low), low, high).T)
    least, most = np.ascontiguousarray(low.T), np.ascontiguousarray(high.T)
    wanted = np.ascontiguousarray(right.T)
    # The gradient is kept up to date, so that a curve that does not move costs nothing.
    gradient = np.einsum("ijt,jt->it", rows, curves) - wanted
    for _ in range(sweeps):
        furthest = 0.0
        for j in range(len(curves)):
            value = np.clip(curves[j] - gradient[j] / rows[j, j], least[j], most[j])
            step = value - curves[j]
            reach = float(np.abs(step).max())
            if reach > 0.1 * tolerance:
                gradient += rows[j] * step
                curves[j] = value
                furthest = max(furthest, reach)
        if furthest < tolerance:
            break
    return np.ascontiguousarray(curves.T)
