"""Frames at other times: band-limited interpolation between samples that need not be regular."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray

Times = npt.NDArray[np.float64]

_LOBES = 3
"""Half width of the kernel in steps of the slower side."""
_DEGREE = 3
"""Polynomials up to this degree in time come through exactly, dropped frames or not."""
_COUNTED = 0.05
"""A sample with less weight than this in a frame does not make that frame missing."""
_CHUNK = 4096


def resampling(times_s: Times, wanted_s: Times, *, step_s: float = 0.0) -> Any:
    """Return the sparse matrix [M, N] that turns N samples at `times_s` into M at `wanted_s`.

    A Lanczos kernel of three lobes as wide as the slower of both sides (so that 60 frames per
    second do not alias when 30 are wanted), corrected by the smallest change that lets cubic
    polynomials through exactly; where samples are missing the correction is all there is, which is
    cubic interpolation across the gap. Samples that are wanted where they are come back as they
    are.

    Args:
        times_s: [N] rising times of the samples, seconds.
        wanted_s: [M] times, not far outside of them.
        step_s: Time between the wanted samples; 0 takes their median.
    """
    from scipy.sparse import csr_matrix

    step = max(median_step(times_s), step_s or median_step(wanted_s))
    rows: list[int] = []
    columns: list[npt.NDArray[np.intp]] = []
    weights: list[Times] = []
    slack = 1e-6 * step
    for row, time in enumerate(wanted_s):
        after = int(np.clip(np.searchsorted(times_s, time), 1, max(len(times_s) - 1, 1)))
        gap = float(times_s[after] - times_s[after - 1]) if len(times_s) > 1 else 0.0
        reach = _LOBES * max(step, gap / 2) + slack
        first = int(np.searchsorted(times_s, time - reach))
        last = int(np.searchsorted(times_s, time + reach, side="right"))
        first, last = min(first, max(after - 2, 0)), max(last, min(after + 2, len(times_s)))
        x = (times_s[first:last] - time) / step
        columns.append(np.arange(first, last))
        weights.append(_kernel(x, reach / step))
        rows += [row] * (last - first)
    shape = (len(wanted_s), len(times_s))
    if not rows:
        return csr_matrix(shape)
    return csr_matrix((np.concatenate(weights), (rows, np.concatenate(columns))), shape=shape)


def _kernel(x: Times, reach: float) -> Times:
    """Return the weights of samples at `x` steps from where one is wanted."""
    nearest = int(np.abs(x).argmin())
    # Spacing between samples in steps: the kernel sums to 1 without it only where that is 1.
    share = np.gradient(x) if len(x) > 1 else np.ones(1)
    wanted = np.sinc(x) * np.sinc(x / _LOBES) * (np.abs(x) < _LOBES) * np.minimum(share, 1.0)
    room = np.clip(1 - (np.abs(x) / (reach * 1.05)) ** 2, 1e-3, None) ** 2
    if abs(x[nearest]) < 1e-6 and share.max() > 0.99:
        exact = np.zeros(len(x))
        exact[nearest] = 1.0
        return exact
    powers = (x / reach) ** np.arange(min(_DEGREE, len(x) - 1) + 1)[:, None]
    moments = np.zeros(len(powers))
    moments[0] = 1.0
    lacking = moments - powers @ wanted
    change = np.linalg.lstsq((powers * room) @ powers.T, lacking, rcond=1e-12)[0]
    return np.asarray(wanted + room * (change @ powers))


def smoothing(times_s: Times, window_s: float) -> Any:
    """Return the sparse matrix [N, N] that smooths samples at `times_s` [N] without lag.

    A cubic polynomial is fitted around each sample, within half of `window_s` to either side, with
    tricube weights (local regression, Cleveland 1979; on regular samples a Savitzky-Golay filter).
    """
    from scipy.sparse import csr_matrix

    rows: list[int] = []
    columns: list[npt.NDArray[np.intp]] = []
    weights: list[Times] = []
    half = 0.5 * window_s * (1 + 1e-6)
    for row, time in enumerate(times_s):
        first = int(np.searchsorted(times_s, time - half))
        last = int(np.searchsorted(times_s, time + half, side="right"))
        x = (times_s[first:last] - time) / max(half, 1e-12)
        trust = (1 - np.abs(x / 1.1) ** 3) ** 3
        powers = x ** np.arange(min(_DEGREE, len(x) - 1) + 1)[:, None]
        gram = (powers * trust) @ powers.T
        fit = np.linalg.lstsq(gram, np.eye(len(powers))[0], rcond=1e-12)[0]
        columns.append(np.arange(first, last))
        weights.append(trust * (fit @ powers))
        rows += [row] * (last - first)
    shape = (len(times_s), len(times_s))
    return csr_matrix((np.concatenate(weights), (rows, np.concatenate(columns))), shape=shape)


def resampled(weights: Any, frames: npt.NDArray[Any]) -> FloatArray:
    """Return [M, ...] float32, the `weights` [M, N] of `resampling` applied to [N, ...]."""
    flat = frames.reshape(len(frames), -1)
    out = np.zeros((weights.shape[0], flat.shape[1]), dtype=np.float32)
    # Relative to the first frame: its offset from the origin costs float32 its last digits.
    for start in range(0, flat.shape[1], _CHUNK):
        run = slice(start, start + _CHUNK)
        base = flat[0, run].astype(np.float64)
        out[:, run] = weights @ (flat[:, run] - base) + base
    return out.reshape(weights.shape[0], *frames.shape[1:])


def touched(weights: Any, missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return [M, V], whether a new frame leans on a sample [N, V] that is missing."""
    counted = abs(weights)
    counted.data = np.where(counted.data > _COUNTED, 1.0, 0.0)
    return np.asarray(counted @ missing.astype(np.float32) > 0.5)


def median_step(times_s: Times) -> float:
    """Return the usual time between samples, seconds; 0 for a single one."""
    return float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
