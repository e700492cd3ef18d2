"""From frames when the camera took them to frames at a constant rate, and over losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

_USUAL_RATES = (
    *(n * 1000 / 1001 for n in (24, 30, 48, 60, 120)),
    *(15, 24, 25, 30, 48, 50, 60, 120),
)


@dataclass(frozen=True)
class Handover:
    """How a face that is lost leaves, and how it comes back. Seconds."""

    hold_s: float
    """The last pose stands this long."""
    release_s: float
    """Then it eases to rest over this time."""
    return_s: float
    """Before the face is seen again, it eases towards what it will be for this time."""


def usual_rate(times_s: Floats) -> float:
    """Return the frame rate of a clip: that of its median step, made exact where it is known.

    Args:
        times_s: [T] rising presentation times. A single picture is taken to last 1/30 s.
    """
    if len(times_s) < 2:
        return 30.0
    steps = np.diff(times_s)
    median = float(np.median(steps))
    # Containers round times to a millisecond: 33 ms steps are 30 frames per second, too. Their
    # mean tells, over the steps between which no frame was dropped.
    regular = steps[np.abs(steps / median - 1) < 0.25]
    rate = 1.0 / float(regular.mean() if len(regular) else median)
    nearest = min(_USUAL_RATES, key=lambda known: abs(known - rate))
    return nearest if abs(nearest / rate - 1) < 5e-4 else rate


def runs(mask: Bools) -> list[slice]:
    """Return the stretches in which [T] `mask` holds, in order."""
    edges = np.diff(np.concatenate([[0], np.asarray(mask, dtype=np.int8), [0]]))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def constant_rate_times(times_s: Floats, fps: float) -> Array:
    """Return the times of frames at `fps` for as long as `times_s` last, the last one included."""
    lasts_s = times_s[-1] - times_s[0] + 1.0 / usual_rate(times_s)
    count = max(1, int(np.floor(lasts_s * fps + 0.5)))
    return np.asarray(times_s[0] + np.arange(count) / fps)


def resampled(
    values: Floats, times_s: Floats, seen: Bools, at_s: Floats, handover: Handover
) -> tuple[Array, Bools]:
    """Return values at other times, and whether the face was seen then.

    Within a stretch in which the face was seen, Fritsch and Carlson's (1980) monotone cubic
    passes through every frame and overshoots none. In a loss the last pose is held, then eased
    to rest, then eased into the next one; a loss too short for that is crossed from one to the
    other. Rest is 0 in every channel.

    Args:
        values: [T, K]; rows where the face was not seen are not looked at.
        times_s: [T] rising.
        seen: [T].
        at_s: [N] rising.
        handover: How losses are bridged.

    Returns:
        [N, K] values, and [N] whether the frame nearest in time was seen.
    """
    result = np.zeros((len(at_s), values.shape[1]))
    nearest = _nearest(times_s, at_s)
    visible = np.asarray(seen)[nearest]
    stretches = runs(seen)
    if not stretches:
        return result, visible
    inside = np.zeros(len(at_s), dtype=bool)
    for stretch in stretches:
        first, last = times_s[stretch.start], times_s[stretch.stop - 1]
        here = (at_s >= first - 1e-9) & (at_s <= last + 1e-9)
        inside |= here
        result[here] = _interpolated(values[stretch], times_s[stretch], at_s[here])
    starts = np.array([times_s[stretch.start] for stretch in stretches])
    stops = np.array([times_s[stretch.stop - 1] for stretch in stretches])
    lost = np.flatnonzero(~inside)
    if not len(lost):
        return result, visible
    coming = np.searchsorted(starts, at_s[lost])  # the next stretch
    going = coming - 1
    since = np.where(going >= 0, at_s[lost] - stops[np.maximum(going, 0)], np.inf)
    until = np.where(
        coming < len(starts), starts[np.minimum(coming, len(starts) - 1)] - at_s[lost], np.inf
    )
    old = 1.0 - eased((since - handover.hold_s) / max(handover.release_s, 1e-6))
    new = 1.0 - eased(until / max(handover.return_s, 1e-6))
    # Where both would hold the face at once the loss is short: cross from one to the other.
    old = np.minimum(old, 1.0 - new)
    before = values[[stretches[max(i, 0)].stop - 1 for i in going]]
    after = values[[stretches[min(i, len(stretches) - 1)].start for i in coming]]
    result[lost] = old[:, None] * before + new[:, None] * after
    return result, visible


def _nearest(times_s: Floats, at_s: Floats) -> npt.NDArray[np.intp]:
    right = np.clip(np.searchsorted(times_s, at_s), 1, max(len(times_s) - 1, 1))
    if len(times_s) == 1:
        return np.zeros(len(at_s), dtype=np.intp)
    left = right - 1
    return np.where(at_s - times_s[left] <= times_s[right] - at_s, left, right)


def _interpolated(values: Floats, times_s: Floats, at_s: Floats) -> Array:
    if len(times_s) == 1:
        return np.repeat(np.asarray(values, dtype=np.float64), len(at_s), axis=0)
    return monotone_cubic(
        np.asarray(values, dtype=np.float64), np.asarray(times_s, dtype=np.float64), at_s
    )


def monotone_cubic(values: Array, times_s: Array, at_s: Floats) -> Array:
    """Return Fritsch and Carlson's cubic through [T, K] values at times [N] within theirs.

    Slopes are Fritsch and Butland's (1984) weighted harmonic means. The same as SciPy's
    `PchipInterpolator`, whose import takes longer than most clips.
    """
    at = np.clip(np.asarray(at_s, dtype=np.float64), times_s[0], times_s[-1])
    step = np.diff(times_s)[:, None]
    rise = np.diff(values, axis=0) / step
    slope = np.zeros_like(values)
    if len(values) == 2:
        slope[:] = rise
    else:
        near, far = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
        same = rise[1:] * rise[:-1] > 0
        before, after = np.where(same, rise[:-1], 1.0), np.where(same, rise[1:], 1.0)
        slope[1:-1] = np.where(same, (near + far) / (near / before + far / after), 0.0)
        slope[0] = _slope_at_end(step[0], step[1], rise[0], rise[1])
        slope[-1] = _slope_at_end(step[-1], step[-2], rise[-1], rise[-2])
    left = np.clip(np.searchsorted(times_s, at, side="right") - 1, 0, len(step) - 1)
    wide = step[left]
    x = (at - times_s[left])[:, None] / wide
    start, stop = (1 + 2 * x) * (1 - x) ** 2, x**2 * (3 - 2 * x)
    out, back = x * (1 - x) ** 2 * wide, x**2 * (x - 1) * wide
    here, there = values[left], values[left + 1]
    curve = start * here + stop * there + out * slope[left] + back * slope[left + 1]
    # Each piece is monotone; beyond its ends there is only what rounding adds.
    return np.asarray(np.clip(curve, np.minimum(here, there), np.maximum(here, there)))


def _slope_at_end(first: Array, second: Array, rise: Array, next_rise: Array) -> Array:
    """Return the one-sided slope of three points, kept from overshooting."""
    slope = ((2 * first + second) * rise - first * next_rise) / (first + second)
    slope = np.where(np.sign(slope) != np.sign(rise), 0.0, slope)
    steep = (np.sign(rise) != np.sign(next_rise)) & (np.abs(slope) > 3 * np.abs(rise))
    return np.where(steep, 3 * rise, slope)


def eased(share: Floats) -> Array:
    """Return 0 at 0 and below, 1 at 1 and above, smooth between."""
    x = np.clip(np.asarray(share, dtype=np.float64), 0.0, 1.0)
    return np.asarray(x * x * (3 - 2 * x))
