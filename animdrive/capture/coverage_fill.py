"""Combinations to add to a capture: random ones, that fill its gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from animdrive.capture.coverage import Coverage, Gaps
from animdrive.contract import CurveTrack
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.rig.pose import eye_rotation_from_looks

_STRONG = 0.6
"""Added combinations raise their curves to at least this..."""
_MOST_CURVES = 5
"""...and so many of them at once."""
_WAY_S, _HOLD_S = 0.45, 0.15
"""Seconds from one combination to the next, and in it."""


def combinations_to_add(
    coverage: Coverage,
    gaps: Gaps,
    *,
    opposed: Callable[[str, str], bool],
    fps: float = 30.0,
    share: float = 0.125,
    seed: int = 0,
) -> tuple[CurveTrack, tuple[str, ...]]:
    """Return curves to perform that fill the gaps, and notes.

    A run of random combinations from rest to rest. Each missing pair and each curve that is unused
    or weak is in one of them with at least 0.6; the others are drawn, curves that are used little
    more often. Smooth: between two combinations speed and acceleration start and end at 0.

    Args:
        coverage: What is there.
        gaps: What is missing.
        opposed: Whether two curves cannot be up at once.
        fps: Frames per second of the result.
        share: Which part of the capture it is to be, with it: 0.01..0.5. It gets longer where the
            gaps need more.
        seed: Of what is drawn.

    Raises:
        InputError: `share` or `fps` out of range.
    """
    if not 0.01 <= share <= 0.5:
        raise InputError(f"share must be in 0.01..0.5 of the capture, got {share:g}.")
    if not 10 <= fps <= 240:
        raise InputError(f"fps must be in 10..240, got {fps:g}.")
    rng = np.random.default_rng(seed)
    postures = _needed(gaps, opposed)
    step_s = _WAY_S + _HOLD_S
    room = round(share / (1 - share) * coverage.seconds / step_s)
    notes: tuple[str, ...] = ()
    if len(postures) > room:
        notes = (
            f"The gaps need {len(postures)} combinations, {len(postures) * step_s:.0f} s; "
            f"{100 * share:g} % of the capture would be {room}.",
        )
    idle = np.array([1.0 / (1 + use.frames[1]) ** 0.5 for use in coverage.curves])
    while len(postures) < room:
        postures.append(_drawn(coverage.names, idle, opposed, rng))
    rng.shuffle(postures)
    rows = np.zeros((len(postures) + 2, len(coverage.names)))
    for row, posture in zip(rows[1:-1], postures, strict=True):
        for name in posture:
            row[coverage.names.index(name)] = rng.uniform(_STRONG + 0.02, 1.0)
    still = CurveTrack(coverage.names, fps, _visited(rows, fps))
    return (
        CurveTrack(still.names, fps, still.values, eye_rotation=eye_rotation_from_looks(still)),
        notes,
    )


def _needed(gaps: Gaps, opposed: Callable[[str, str], bool]) -> list[list[str]]:
    """Return combinations that hold every missing pair and curve, greedily few."""
    left = dict.fromkeys(pair for pair in gaps.pairs if not opposed(*pair))
    alone = dict.fromkeys((*gaps.unused, *gaps.weak))
    postures: list[list[str]] = []
    while left:
        posture = list(next(iter(left)))
        while len(posture) < _MOST_CURVES:
            gain: dict[str, int] = {}
            for one, other in left:
                for inside, new in ((one, other), (other, one)):
                    if inside in posture and new not in posture:
                        gain[new] = gain.get(new, 0) + 1
            gain = {
                name: found
                for name, found in gain.items()
                if not any(opposed(name, there) for there in posture)
            }
            if not gain:
                break
            posture.append(max(gain, key=lambda name: gain[name]))
        for pair in [pair for pair in left if set(pair) <= set(posture)]:
            del left[pair]
        for name in posture:
            alone.pop(name, None)
        postures.append(posture)
    postures += [[name] for name in alone]
    return postures


def _drawn(
    names: Sequence[str],
    idle: npt.NDArray[np.float64],
    opposed: Callable[[str, str], bool],
    rng: np.random.Generator,
) -> list[str]:
    posture: list[str] = []
    for at in rng.choice(len(names), len(names), replace=False, p=idle / idle.sum()):
        name = names[int(at)]
        if not any(opposed(name, there) for there in posture):
            posture.append(name)
        if len(posture) >= rng.integers(3, _MOST_CURVES + 1):
            break
    return posture


def _visited(rows: npt.NDArray[np.float64], fps: float) -> FloatArray:
    """Return [T, C] that goes through `rows` [P, C], holding each a little."""
    step_s = _WAY_S + _HOLD_S
    frames = int(np.ceil((len(rows) - 1) * step_s * fps)) + 1
    at_s = np.minimum(np.arange(frames) / fps, (len(rows) - 1) * step_s - 1e-9)
    before = (at_s / step_s).astype(np.intp)
    x = np.clip((at_s - before * step_s - _HOLD_S / 2) / _WAY_S, 0.0, 1.0)[:, None]
    eased = x * x * x * (x * (6 * x - 15) + 10)
    values = rows[before] + (rows[before + 1] - rows[before]) * eased
    return np.asarray(np.clip(values, 0.0, 1.0), dtype=np.float32)
