"""How noisy a scan is, from its frames alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.finding import Finding
from animdrive.capture.neighbours import neighbours
from animdrive.contract.capture import BoolArray, CapturedTake
from animdrive.contract.checks import FloatArray

STEP = "noise"
_FOURTH = (1.0, -4.0, 6.0, -4.0, 1.0)
_FOURTH_GAIN = float(np.sqrt(70.0))
"""What the fourth difference makes of the standard deviation of white noise."""
_NORMAL = 1.4826
"""Standard deviation of normal noise in units of its median absolute value."""
_LEAST_FRAMES = 9
_EVEN = 0.05
_TYPICAL = 0.4
"""Quantile over vertices that stands for the skin: motion raises the upper half a little."""
_QUIET = 1.1
_CLIP = 4.0
_NEAR, _FAR = slice(0, 4), slice(12, 24)
_CHUNK = 2048


@dataclass(frozen=True)
class NoiseEstimate:
    """Standard deviation of each coordinate of a scan, in time; mm."""

    total_mm: float
    """All of it."""
    white_mm: float
    """The part that every vertex has of its own."""
    correlated_mm: float
    """The part that neighbours share."""


def estimate_noise(captured: CapturedTake) -> NoiseEstimate | None:
    """Return the noise of `captured`, or None where fewer than nine even frames tell nothing.

    Fourth differences in time, in which the motion of skin is all but gone; the median over frames
    and vertices, for motion that is left is in few of them; parted by the covariance of
    neighbours, extrapolated to no distance. It is noise that is new in every frame: what a scanner
    smooths over time is underrated, so estimate before frames are resampled.
    """
    return noise_of(captured.vertices, captured.times_s, captured.missing)


def noise_of(
    skin: FloatArray, times_s: npt.NDArray[np.float64], missing: BoolArray | None
) -> NoiseEstimate | None:
    """Return the noise of `skin` [N, V, 3] at `times_s` [N], see `estimate_noise`."""
    middle = _even_frames(times_s)
    if len(middle) + 4 < _LEAST_FRAMES:
        return None
    shaken = np.zeros((len(middle), *skin.shape[1:]), dtype=np.float32)
    for step, factor in enumerate(_FOURTH):
        shaken += np.float32(factor / _FOURTH_GAIN) * (skin[middle + step - 2] - skin[middle])
    if missing is not None:
        for step in range(5):
            shaken[missing[middle + step - 2]] = np.nan
    seen = np.flatnonzero(np.isfinite(shaken[..., 0]).sum(axis=0) >= _LEAST_FRAMES - 4)
    if not len(seen):
        return None
    own = np.full(skin.shape[1], np.inf)
    for start in range(0, len(seen), _CHUNK):
        some = seen[start : start + _CHUNK]
        own[some] = _NORMAL * np.nanmedian(np.abs(shaken[:, some]), axis=(0, 2))
    total = float(np.quantile(own[seen], _TYPICAL))
    shared = total**2 * min(_shared_part(shaken, own, total, skin, missing), 1.0)
    return NoiseEstimate(
        round(1000 * total, 4),
        round(1000 * float(np.sqrt(total**2 - shared)), 4),
        round(1000 * float(np.sqrt(shared)), 4),
    )


def noise_finding(captured: CapturedTake) -> Finding:
    """Return what `estimate_noise` finds in `captured`, in words."""
    found = estimate_noise(captured)
    if found is None:
        return Finding(STEP, f"{STEP}: too few frames to tell")
    return Finding(STEP, f"{STEP}: {described(found)}", asdict(found))


def described(found: NoiseEstimate) -> str:
    """Return the estimate in words."""
    return (
        f"{found.total_mm:.2f} mm ({found.white_mm:.2f} of each vertex alone, "
        f"{found.correlated_mm:.2f} shared by neighbours)"
    )


def _even_frames(times_s: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Return the frames with two on either side at the usual distance."""
    if len(times_s) < 5:
        return np.zeros(0, dtype=np.intp)
    steps = np.diff(times_s)
    even = np.abs(steps / np.median(steps) - 1) < _EVEN
    return np.flatnonzero(even[:-3] & even[1:-2] & even[2:-1] & even[3:]) + 2


def _shared_part(
    shaken: FloatArray, own: Any, total: float, skin: FloatArray, missing: BoolArray | None
) -> float:
    """Return the part of the variance that neighbours share, at no distance, 0..1."""
    beside = neighbours(skin, missing, count=_FAR.stop)
    quiet = own <= _QUIET * total
    shape = skin[len(skin) // 2]
    spacing = np.linalg.norm(shape[beside[:, 0]] - shape, axis=1) if beside.shape[1] else own
    found = []
    for ranks in (_NEAR, _FAR):
        others = beside[:, ranks]
        one = np.repeat(np.arange(len(beside)), others.shape[1])
        two = others.ravel()
        fit = (one != two) & quiet[one] & quiet[two] & (spacing[one] > 0)
        one, two = one[fit][:: max(1, len(one) // 40000)], two[fit][:: max(1, len(one) // 40000)]
        if len(one) < 10:
            return 0.0
        limit = _CLIP * total
        a, b = np.clip(shaken[:, one], -limit, limit), np.clip(shaken[:, two], -limit, limit)
        squared = (np.linalg.norm(shape[one] - shape[two], axis=1) / spacing[one]) ** 2
        variance = float(np.nanmean(a * a) + np.nanmean(b * b)) / 2
        found.append((float(np.nanmean(a * b)) / max(variance, 1e-30), float(squared.mean())))
    (near, at_near), (far, at_far) = found
    if near <= 0:
        return 0.0
    # A bell over distance: its logarithm is straight over the squared distance.
    ratio = min(max(near / max(far, 1e-3 * near), 1.0), 1e3)
    return float(near * ratio ** min(at_near / max(at_far - at_near, 1e-9), 1.0))
