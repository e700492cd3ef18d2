"""Frames and vertices that jump away and back, and frames that an exporter repeated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from animdrive.capture.neighbours import Index
from animdrive.contract.capture import BoolArray
from animdrive.contract.checks import FloatArray

Times = npt.NDArray[np.float64]

_EQUAL_M = 1e-7
"""Frames that differ by less are the same one: no scanner sees the same twice."""
_MOVING_M = 2e-5
"""The fastest vertex moves at least this far in a frame where something moves."""
_SMOOTHER = 1.5
"""A repeated frame, interpolated anew, brings the accelerations around it down by this factor."""
_LONGEST_REPEAT = 3
_FRAME_JUMP_M = 5e-4
"""A whole frame that is off by less is not looked at."""
_SETTLED = 0.25
"""Without the frames that jump, the others are off course by less than this share of before."""
_SIGMAS = 8.0
_NORMAL = 1.4826
_CHUNK = 2048
_QUIET = 0.15
"""A spike is that much farther than the steps of the frames around it."""
_ALONE = 0.6
"""Neighbours that go less than the rest of this share along with a vertex leave it alone."""
_AGREE = 2
"""A vertex is alone when fewer neighbours than this go along with it."""


def from_others(times_s: Times, frame: int, bad: npt.NDArray[np.bool_]) -> tuple[Index, Times]:
    """Return the good frames around `frame`, two each side if there are, and Lagrange weights."""
    good = np.flatnonzero(~bad)
    good = good[good != frame]
    at = int(np.searchsorted(good, frame))
    first = int(np.clip(at - 2, 0, max(len(good) - 4, 0)))
    near = good[first : first + 4]
    x = times_s[near] - times_s[frame]
    weights = np.ones(len(near))
    for i in range(len(near)):
        for j in range(len(near)):
            if i != j:
                weights[i] *= -x[j] / (x[i] - x[j])
    return near, weights


def interpolated(
    skin: FloatArray, times_s: Times, frame: int, bad: npt.NDArray[np.bool_]
) -> FloatArray:
    """Return [V, 3], `frame` as a cubic through the good frames around it has it."""
    near, weights = from_others(times_s, frame, bad)
    base = skin[near[0]]
    way = np.einsum("k,kvi->vi", weights.astype(np.float32), skin[near] - base)
    return np.asarray(base + way, dtype=np.float32)


def repeated_frames(skin: FloatArray, times_s: Times) -> list[int]:
    """Return the frames of `skin` [N, V, 3] that repeat the one before while the skin moves.

    A dropped frame that was filled with its neighbour: it moves before and after, and accelerates
    far less if the frame is interpolated. A face that holds still repeats itself, too; that is
    none.
    """
    speed = np.array([np.abs(b - a).max() for a, b in pairwise(skin)])
    same = speed < _EQUAL_M
    found: list[int] = []
    frame = 1
    while frame < len(skin) - 1:
        if not same[frame - 1]:
            frame += 1
            continue
        end = frame
        while end < len(skin) - 1 and same[end]:
            end += 1
        run = list(range(frame, end + 1))
        inside = frame >= 2 and end < len(skin) - 1
        if inside and len(run) <= _LONGEST_REPEAT:
            moves = min(speed[frame - 2], speed[end]) > _MOVING_M
            if moves and _smoother(skin, times_s, run) > _SMOOTHER:
                found += run
        frame = end + 1
    return found


def _smoother(skin: FloatArray, times_s: Times, run: list[int]) -> float:
    """Return by how much accelerations around `run` sink if it is interpolated."""
    bad = np.zeros(len(skin), dtype=np.bool_)
    bad[run] = True
    first, last = max(run[0] - 2, 0), min(run[-1] + 3, len(skin))
    around = skin[first:last].copy()
    before = float((np.diff(around, n=2, axis=0) ** 2).sum())
    for frame in run:
        around[frame - first] = interpolated(skin, times_s, frame, bad)
    return float(np.sqrt(before / max(float((np.diff(around, n=2, axis=0) ** 2).sum()), 1e-30)))


def jumping_frames(skin: FloatArray, times_s: Times) -> tuple[list[int], list[int]]:
    """Return the frames that jump away and back as a whole, and those that jump and stay.

    How far a frame is from the cubic through its neighbours, median over vertices: skin that moves
    does so in part of its vertices, and a head smoothly. One or two frames in a row are called
    outliers if all is smooth without them.
    """
    if len(skin) < 7:
        return [], []
    bad = np.zeros(len(skin), dtype=np.bool_)

    def off(frame: int) -> float:
        course = interpolated(skin, times_s, frame, bad)
        return float(np.median(np.linalg.norm(skin[frame] - course, axis=1)))

    away = np.array([off(frame) for frame in range(len(skin))])
    limit = max(_FRAME_JUMP_M, _SIGMAS * _NORMAL * float(np.median(away)))
    stay: list[int] = []
    tried: set[int] = set()
    while True:
        over = [int(f) for f in np.argsort(-away) if away[f] > limit and f not in tried]
        over = [f for f in over if not bad[f]]
        if not over:
            break
        frame = over[0]
        around = [f for f in range(max(frame - 4, 0), min(frame + 5, len(skin))) if not bad[f]]
        # Two frames in a row throw the ones beside them farther off course than themselves.
        for steps in ((0,), (0, 1), (-1, 0), (1, 2), (-2, -1)):
            guess = [frame + step for step in steps]
            if guess[0] < 0 or guess[-1] >= len(skin):
                continue
            bad[guess] = True
            left = {f: off(f) for f in around if not bad[f]}
            if max(left.values(), default=0.0) <= max(limit, _SETTLED * away[frame]):
                away[guess] = 0.0
                for f, value in left.items():
                    away[f] = value
                break
            bad[guess] = False
        else:
            stay.append(frame)
            tried.update(around)
    return [int(f) for f in np.flatnonzero(bad)], sorted(stay)


def jumping_vertices(
    skin: FloatArray,
    times_s: Times,
    missing: BoolArray | None,
    beside: Index,
    spike_m: float,
) -> BoolArray:
    """Return [N, V], the vertices that jump away for a frame or two, alone, and come back.

    Away from the median of five frames, and from the cubic through the frames before and after, by
    more than `spike_m` and eight times what is usual for the vertex; by six times more than it
    moves from frame to frame before and after; and without its neighbours, of which all but one
    stay behind by more than half. A lid in a blink and a lip in a plosive are fast, but are on
    their way before and after, and not alone.

    Args:
        skin: [N, V, 3] metres.
        times_s: [N] seconds.
        missing: [N, V] what is not looked at, or None.
        beside: [V, K] neighbours; a vertex itself is none.
        spike_m: The least jump, metres.
    """
    frames, vertices = skin.shape[:2]
    alone = np.zeros((frames, vertices), dtype=np.bool_)
    if frames < 5:
        return alone
    away, limit = _from_median(skin, spike_m)
    far = np.linalg.norm(away, axis=2) > limit
    if missing is not None:
        far &= ~missing
    for length in (1, 2):
        for first, vertex in _runs(far, length):
            if _thrown(skin[:, vertex], times_s, first, length, float(limit[vertex])) and all(
                _against_neighbours(away[frame], vertex, beside[vertex], float(limit[vertex]))
                for frame in range(first, first + length)
            ):
                alone[first : first + length, vertex] = True
    return alone


def _from_median(skin: FloatArray, spike_m: float) -> tuple[FloatArray, FloatArray]:
    """Return [N, V, 3] from the median of five frames, and [V] what is unusual of it."""
    frames, vertices = skin.shape[:2]
    away = np.empty_like(skin)
    limit = np.empty(vertices, dtype=np.float32)
    padded = np.concatenate([skin[:1], skin[:1], skin, skin[-1:], skin[-1:]])
    for start in range(0, vertices, _CHUNK):
        run = slice(start, start + _CHUNK)
        windows = np.stack([padded[step : step + frames, run] for step in range(5)])
        away[:, run] = skin[:, run] - np.median(windows, axis=0)
        usual = _NORMAL * np.median(np.linalg.norm(away[:, run], axis=2), axis=0)
        limit[run] = np.maximum(spike_m, _SIGMAS * usual)
    return away, limit


def _runs(far: BoolArray, length: int) -> list[tuple[int, int]]:
    """Return first frame and vertex of runs of exactly `length`, not at the ends of the take."""
    edge = np.zeros((1, far.shape[1]), dtype=np.bool_)
    framed = np.concatenate([edge, far, edge])
    run = ~framed[: len(far) - length + 1] & ~framed[length + 1 :]
    for step in range(length):
        run &= framed[1 + step : len(far) - length + 2 + step]
    run[0] = run[-1] = False
    return [(int(frame), int(vertex)) for frame, vertex in np.argwhere(run)]


def _thrown(path: FloatArray, times_s: Times, first: int, length: int, limit: float) -> bool:
    """Return whether `path` [N, 3] is off its course at `first` and after, and nowhere around."""
    inside = np.arange(first, first + length)
    before = np.arange(max(first - 2, 0), first)
    after = np.arange(first + length, min(first + length + 2, len(path)))
    near = np.concatenate([before, after])
    usual = float(np.median(np.diff(times_s)))
    at = (times_s - times_s[first]) / usual
    powers = np.vander(at[near], len(near), increasing=True)
    course = np.linalg.solve(powers, path[near].astype(np.float64))
    wanted = np.vander(at[inside], len(near), increasing=True) @ course
    off = float(np.linalg.norm(path[inside] - wanted, axis=1).min())
    steps = np.linalg.norm(np.diff(path[near].astype(np.float64), axis=0), axis=1)
    steps /= np.diff(at[near])
    return off > limit and float(steps.max()) < _QUIET * off


def _against_neighbours(away: FloatArray, vertex: int, beside: Index, limit: float) -> bool:
    """Return whether hardly a neighbour goes `away` [V, 3] as the vertex does."""
    others = beside[beside != vertex]
    if len(others) < _AGREE:  # nobody to ask: nothing is said of the vertex
        return False
    apart = np.sort(np.linalg.norm(away[others] - away[vertex], axis=1))
    size = float(np.linalg.norm(away[vertex]))
    return bool(apart[_AGREE - 1] > max(0.7 * limit, _ALONE * size))
