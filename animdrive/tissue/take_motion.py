"""How curves move in made-up takes: swells, smooth wandering, heads that are never quite still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveTrack
from animdrive.rig.pose import eye_rotation_from_looks

Values = npt.NDArray[np.float64]

_SWAY_S = 1.1
"""Seconds between the places that a head wanders through."""
_SWAY_RAD = (0.05, 0.08, 0.03)
"""Standard deviation of pitch, yaw and roll of a head that listens, radians."""
_SWAY_M = 0.004


def eased(share: npt.ArrayLike) -> Values:
    """Return the smooth step 6x⁵ - 15x⁴ + 10x³ of `share`, clipped to 0..1.

    Speed and acceleration are 0 at both ends: a muscle starts and stops without a jerk.
    """
    x = np.clip(np.asarray(share, dtype=np.float64), 0.0, 1.0)
    return np.asarray(x * x * x * (x * (6 * x - 15) + 10))


def swell(frames: int, *, rise: float = 0.45, fall: float = 0.45) -> Values:
    """Return [frames] from 0 up to exactly 1 and back towards 0, where the next motion starts.

    Args:
        frames: Length, at least 4.
        rise: Share of the length that the way up takes.
        fall: Share of the length that the way down takes; what is left between is held at 1.
    """
    at = np.arange(frames) / frames
    way = np.minimum(eased(at / rise), eased((1 - at) / fall))
    # At few frames per second the top may fall between two of them.
    return np.asarray(way / way.max())


def wander(
    frames: int, fps: float, rng: np.random.Generator, *, period_s: float, width: int
) -> Values:
    """Return [frames, width] that goes smoothly through standard normal values every `period_s`.

    Catmull-Rom splines: speed is continuous, and the values between do not leave the range of
    their neighbours by much.
    """
    count = int(np.ceil(frames / fps / period_s)) + 3
    knots = rng.standard_normal((count, width))
    at = np.arange(frames) / (fps * period_s)
    before = at.astype(np.intp)
    x = (at - before)[:, None]
    a, b, c, d = (knots[before + step] for step in range(4)) if count > 3 else (knots,) * 4
    return np.asarray(
        0.5
        * (
            2 * b
            + (c - a) * x
            + (2 * a - 5 * b + 4 * c - d) * x * x
            + (3 * b - a - 3 * c + d) * x * x * x
        )
    )


def performed(values: Values, fps: float, rng: np.random.Generator) -> CurveTrack:
    """Return curves [T, 52] as a track whose head sways a little and whose eyes follow the curves.

    The head starts and ends in its place, so that takes can be put in a row.
    """
    frames = len(values)
    edge = eased(np.minimum(np.arange(frames), np.arange(frames)[::-1]) / (0.4 * fps))[:, None]
    sway = wander(frames, fps, rng, period_s=_SWAY_S, width=6) * edge
    still = CurveTrack(ARKIT52, fps, np.clip(values, 0.0, 1.0).astype(np.float32))
    return CurveTrack(
        names=ARKIT52,
        fps=fps,
        values=still.values,
        head_rotation=(sway[:, :3] * _SWAY_RAD).astype(np.float32),
        head_position=(sway[:, 3:] * _SWAY_M).astype(np.float32),
        eye_rotation=eye_rotation_from_looks(still),
    )


def moved(frames: int, motion: Mapping[str, Values]) -> Values:
    """Return [frames, 52] with the named curves as given and all others at rest."""
    values = np.zeros((frames, len(ARKIT52)))
    for name, curve in motion.items():
        values[:, ARKIT_INDEX[name]] = curve
    return values


def in_takes(blocks: Sequence[Values], longest: int) -> list[tuple[int, int]]:
    """Return runs (first, end) of `blocks`, each of at most `longest` frames or of one block.

    The runs come out about equally long, for they are spread over processor cores.
    """
    lengths = [len(block) for block in blocks]
    takes = max(1, -(-sum(lengths) // longest))
    ends = np.cumsum(lengths)
    cuts = [int(np.searchsorted(ends, ends[-1] * (k + 1) / takes)) + 1 for k in range(takes)]
    cuts[-1] = len(blocks)
    starts = [0, *cuts[:-1]]
    return [(a, b) for a, b in zip(starts, cuts, strict=True) if b > a]
