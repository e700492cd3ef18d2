"""The offset between a clock of skin and one of curves, from how both move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from animdrive.capture.resample import Times, median_step
from animdrive.capture.rigid import (
    Floats,
    applied,
    curves_of,
    inverse,
    robust_rigid_motion,
    stiff_vertices,
    weights_where_seen,
)
from animdrive.contract import Rig
from animdrive.contract.capture import CapturedTake

_MODES = 16
"""Directions of motion that are compared, at most."""
_LEAST_SHARE = 1e-3
"""A direction with less than this share of the motion is left out."""
_LEAST_MOTION_M = 1e-4
"""Root mean square of the predicted motion, over what the curves move, that tells an offset."""
_RIVAL = 0.95
"""Another peak as high as this share of the highest leaves the offset open."""
_OVERLAP = 0.4
"""Share of the shorter side that has to be there at an offset."""
_LEAST_FRAMES = 12
_MISTAKEN = tuple(b / a for a in (24, 25, 30, 50, 60) for b in (24, 25, 30, 50, 60) if a != b)
"""Rates that come of frames counted at another standard rate than they were taken at."""
_DOUBTFUL = 0.6
"""A correlation below this raises the question whether the rate is such a one."""
_CLEARER, _CLEAR = 0.15, 0.85
"""By how much the correlation has to rise with it, and to what: a wrong rate fits, too, a bit."""
_RATES = 41


@dataclass(frozen=True)
class Alignment:
    """Where the clock of the skin stands to that of the curves."""

    offset_s: float
    """How much later than the curves the skin says that something happened, in its middle."""
    rate: float
    """Seconds of the curves' clock in a second of the skin's clock."""
    middle_s: float
    """Time of the skin's clock at which `offset_s` is meant."""
    peak: float
    """Correlation there of the motion of the skin with what the curves predict, -1..1."""
    error_s: float
    """Standard error of the offset, seconds."""
    sure: bool
    """Whether an offset was found. If not, offset is 0 and rate 1."""
    why: str = ""
    """Why not, for people."""

    @classmethod
    def none(cls, why: str = "", peak: float = 0.0) -> Alignment:
        """Return the alignment of clocks that are taken at their word."""
        return cls(0.0, 1.0, 0.0, peak, 0.0, False, why)

    def curve_times(self, times_s: Times) -> Times:
        """Return [N] times of the curves' clock for those of the skin's."""
        return np.asarray((times_s - self.middle_s) * self.rate + self.middle_s - self.offset_s)

    def offset_at(self, time_s: float) -> float:
        """Return how late the skin's clock is when it says `time_s`, seconds."""
        return float(time_s - self.curve_times(np.array([time_s]))[0])


@dataclass(frozen=True, eq=False)
class MotionPair:
    """The motion of skin and curves along the K directions in which the curves move the rig."""

    skin: Floats
    """[N, K] metres, head motion taken out; each vertex that moves counts as one."""
    skin_times_s: Times
    """[N]"""
    curves: Floats
    """[T, K] metres, what the rig predicts."""
    curve_times_s: Times
    """[T]"""
    motion_m: float
    """Root mean square of the predicted motion of the vertices that move."""

    @classmethod
    def of(cls, captured: CapturedTake, rig: Rig, times_s: Times) -> MotionPair:
        """Project the skin of `captured`, by its clock `times_s` [N], and the curves of its track.

        Directions are principal components of the predicted motion, found among the curves, for
        skin and prediction are long and the curves few.
        """
        track = captured.take.track
        values = curves_of(track, rig).astype(np.float64)
        around = values - values.mean(axis=0)
        used = np.flatnonzero(np.ptp(values, axis=0) > 1e-4)
        empty = np.zeros((len(times_s), 0))
        if not len(used):
            return cls(empty, times_s, np.zeros((len(track), 0)), track.times_s, 0.0)
        moving = np.flatnonzero((rig.deltas[used] != 0).any(axis=(0, 2)))
        shapes = rig.deltas[used][:, moving].reshape(len(used), -1).astype(np.float64)
        size, turn = np.linalg.eigh(shapes @ shapes.T)
        real = size > 1e-9 * max(float(size[-1]), 1e-300)
        if not real.any() or not len(moving):
            return cls(empty, times_s, np.zeros((len(track), 0)), track.times_s, 0.0)
        root = turn[:, real] * np.sqrt(size[real])  # shapes = root · an orthonormal basis
        _, strength, modes = np.linalg.svd(around[:, used] @ root, full_matrices=False)
        share = strength**2 / max(float((strength**2).sum()), 1e-300)
        kept = modes[:_MODES][share[:_MODES] > _LEAST_SHARE].T
        basis = shapes.T @ (turn[:, real] / np.sqrt(size[real])) @ kept
        scale = 1 / np.sqrt(len(moving))
        curves = around[:, used] @ root @ kept * scale
        skin = _head_still(captured, rig, moving, basis) * scale
        motion = float(np.sqrt((strength**2).sum() / len(track))) * scale
        return cls(skin, times_s, curves, track.times_s, motion)


def _head_still(captured: CapturedTake, rig: Rig, moving: Any, basis: Floats) -> Floats:
    """Return [N, K], the skin along `basis` less the rest, the head fitted to its rest."""
    rest = rig.neutral.vertices
    stiff, weights = stiff_vertices(rig)
    seen = weights_where_seen(weights, captured.missing, stiff)
    motion, _ = robust_rigid_motion(rest[stiff], captured.vertices[:, stiff], seen)
    back = inverse(motion)
    along = np.empty((len(motion), basis.shape[1]))
    for number, frame in enumerate(captured.vertices):
        still = applied(back[number : number + 1], frame[moving])[0] - rest[moving]
        along[number] = still.ravel() @ basis
    return along


def find_alignment(
    pair: MotionPair, *, max_offset_s: float, max_rate_error: float, min_peak: float
) -> Alignment:
    """Return where the skin of `pair` lies on the clock of its curves.

    First the highest normalised cross-correlation of both velocities over all offsets, half a
    frame apart; then, around it, the offset (and the rate, where the take is long enough to tell
    one) at which a regression from the curves leaves least of the skin unexplained. The
    regression, on the predicted motion and its squares, lets skin differ from its linear rig in
    size and shape, and so does not mistake that for time.

    Args:
        pair: What moves.
        max_offset_s: Offsets looked for, in either direction.
        max_rate_error: Relative errors of the rate looked for; 0 takes the rate at its word.
        min_peak: Least correlation that is believed.
    """
    if pair.motion_m < _LEAST_MOTION_M or len(pair.skin) < _LEAST_FRAMES:
        return Alignment.none("too still or too short to find an offset")
    found = _coarse(pair, max_offset_s, max_rate_error)
    stretched = 1.0
    if max_rate_error > 0 and found.peak < _DOUBTFUL:
        for rate in _MISTAKEN:
            other = _coarse(_stretched(pair, rate), max_offset_s, 0.0)
            if other.peak > max(found.peak + _CLEARER, _CLEAR):
                found, stretched = other, rate
    if found.peak < min_peak:
        return Alignment.none(
            f"curves and skin do not move alike (peak {found.peak:.2f}): no offset found",
            found.peak,
        )
    if found.rival is not None:
        return Alignment.none(
            f"{1000 * found.offset_s:.0f} ms and {1000 * found.rival:.0f} ms fit equally well",
            found.peak,
        )
    if found.at_end:
        return Alignment.none(
            f"the best offset is at the end of what is looked for, {1000 * max_offset_s:.0f} ms",
            found.peak,
        )
    fine = _refined(_stretched(pair, stretched), found, max_rate_error)
    if stretched == 1.0:
        return fine
    first = float(pair.skin_times_s[0])
    middle = first + (fine.middle_s - first) / stretched
    return replace(
        fine,
        offset_s=middle - fine.middle_s + fine.offset_s,
        middle_s=middle,
        rate=fine.rate * stretched,
    )


@dataclass(frozen=True)
class _Coarse:
    """The highest correlation over all offsets and rates."""

    offset_s: float
    rate: float
    peak: float
    rival: float | None
    """Another offset that correlates as well, or None."""
    at_end: bool
    step_s: float


def _stretched(pair: MotionPair, rate: float) -> MotionPair:
    """Return `pair` with the clock of its skin run at `rate` from its first frame on."""
    times = pair.skin_times_s
    return pair if rate == 1.0 else replace(pair, skin_times_s=times[0] + (times - times[0]) * rate)


def _coarse(pair: MotionPair, max_offset_s: float, max_rate_error: float) -> _Coarse:
    step = median_step(pair.curve_times_s) / 2
    offsets = np.arange(-np.ceil(max_offset_s / step), np.ceil(max_offset_s / step) + 1) * step
    # Rates a frame apart at the ends of the take; a short take has but the one.
    count = min(int(max_rate_error * np.ptp(pair.skin_times_s) / (4 * step)), _RATES // 2)
    rates = 1 + max_rate_error * np.arange(-count, count + 1) / max(count, 1)
    plain = correlation = np.array([_correlation(pair, offset, 1.0) for offset in offsets])
    rate = 1.0
    for other in rates[rates != 1.0]:
        tried = np.array([_correlation(pair, offset, float(other)) for offset in offsets])
        if tried.max() > max(float(correlation.max()), float(plain.max()) + 0.02):
            correlation, rate = tried, float(other)
    best = int(correlation.argmax())
    peak = float(correlation[best])
    rivals = [at for at in _peaks(correlation) if at != best and correlation[at] > _RIVAL * peak]
    rival = float(offsets[max(rivals, key=lambda at: correlation[at])]) if rivals else None
    at_end = best in (0, len(offsets) - 1)
    return _Coarse(float(offsets[best]), rate, peak, rival, at_end, step)


def _peaks(correlation: Floats) -> list[int]:
    inner = correlation[1:-1]
    return [
        int(at) + 1
        for at in np.flatnonzero((inner > correlation[:-2]) & (inner >= correlation[2:]))
    ]


def _interpolated(pair: MotionPair) -> Any:
    from scipy.interpolate import CubicSpline

    return CubicSpline(pair.curve_times_s, pair.curves)


def _curve_times(pair: MotionPair, offset_s: float, rate: float) -> Times:
    middle = float(pair.skin_times_s.mean())
    return np.asarray((pair.skin_times_s - middle) * rate + middle - offset_s)


def _correlation(pair: MotionPair, offset_s: float, rate: float) -> float:
    """Return the normalised correlation of velocities at an offset; -1 if too little overlaps."""
    at = _curve_times(pair, offset_s, rate)
    inside = (at >= pair.curve_times_s[0]) & (at <= pair.curve_times_s[-1])
    if not _enough(pair, at[inside]):
        return -1.0
    curves = np.stack(
        [np.interp(at[inside], pair.curve_times_s, column) for column in pair.curves.T], axis=1
    )
    # A frame apart on the slower side, so that noise on a fast clock is no velocity.
    steps = max(round(median_step(pair.curve_times_s) / median_step(at)), 1)
    a = curves[steps:] - curves[:-steps]
    b = pair.skin[inside][steps:] - pair.skin[inside][:-steps]
    size = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / size) if size > 0 else -1.0


def _enough(pair: MotionPair, at: Times) -> bool:
    if len(at) < _LEAST_FRAMES:
        return False
    spans = (np.ptp(pair.skin_times_s), np.ptp(pair.curve_times_s))
    return bool(np.ptp(at) >= _OVERLAP * min(spans))


def _refined(pair: MotionPair, start: _Coarse, max_rate_error: float) -> Alignment:
    from scipy.optimize import minimize_scalar

    spline = _interpolated(pair)
    middle = float(pair.skin_times_s.mean())

    def unexplained(offset: float, rate: float) -> float:
        at = _curve_times(pair, offset, rate)
        inside = (at >= pair.curve_times_s[0]) & (at <= pair.curve_times_s[-1])
        left, all_of_it = _regressed(spline(at[inside]), pair.skin[inside])
        return left / max(all_of_it, 1e-300)

    def best_offset(rate: float, around: float, reach: float) -> tuple[float, float]:
        # A grid first: the regression may have small dips beside its deepest.
        grid = around + np.linspace(-reach, reach, 17)
        values = [unexplained(offset, rate) for offset in grid]
        low = float(grid[int(np.argmin(values))])
        width = reach / 8
        found = minimize_scalar(
            lambda offset: unexplained(offset, rate),
            bounds=(low - width, low + width),
            method="bounded",
            options={"xatol": 1e-5},
        )
        return float(found.x), float(found.fun)

    step = median_step(pair.curve_times_s)
    span = float(np.ptp(pair.skin_times_s))
    samples = _independent(pair)
    rate = start.rate
    offset, left = best_offset(rate, start.offset_s, 2 * step)
    if max_rate_error > 0:
        # What moves the ends by two frames; beyond that, correlation has been looking.
        reach = min(max_rate_error, 4 * step / max(span, 1e-9))
        grid = rate + np.linspace(-reach, reach, 41)
        first = min((unexplained(offset, r), r) for r in grid)[1]
        found = minimize_scalar(
            lambda r: best_offset(r, offset, step)[1],
            bounds=(first - reach / 5, first + reach / 5),
            method="bounded",
            options={"xatol": 1e-6},
        )
        _, plain = best_offset(1.0, offset, 2 * step)
        at_ends = abs(float(found.x) - 1) * span / 2
        gain = samples * np.log(max(plain, 1e-12) / max(float(found.fun), 1e-12))
        # What moves the ends by less than a fifth of a frame, or is no clear gain, is no rate.
        rate = float(found.x) if at_ends > 0.2 * step and gain > 16.0 else 1.0
        offset, left = best_offset(rate, offset, 2 * step)
    h = step / 4
    bend = (unexplained(offset - h, rate) - 2 * left + unexplained(offset + h, rate)) / (h * h)
    error = float(np.sqrt(2 * left / max(bend, 1e-12) / samples))
    return Alignment(offset, rate, middle, start.peak, error, True)


def _independent(pair: MotionPair) -> float:
    """Return how many samples the skin has that tell something of their own: some 5 a second."""
    return max(5.0 * float(np.ptp(pair.skin_times_s)), 4.0)


def _regressed(curves: Floats, skin: Floats) -> tuple[float, float]:
    """Return the sums of squares of `skin` [N, K] left by and before a ridge regression."""
    few = curves[:, : max(min(curves.shape[1], len(curves) // 12), 1)]
    features = np.concatenate([few, few[:, :4] ** 2 / max(float(np.abs(few).max()), 1e-12)], axis=1)
    features = features - features.mean(axis=0)
    around = skin - skin.mean(axis=0)
    gram = features.T @ features
    gram[np.diag_indices_from(gram)] += 1e-4 * np.trace(gram) / len(gram)
    cross = features.T @ around
    gains = np.linalg.solve(gram, cross)
    left = around - features @ gains
    return float((left * left).sum()), float((around * around).sum())
