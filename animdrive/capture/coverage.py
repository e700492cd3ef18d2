"""What a capture exercises: curves, pairs of curves, what is missing, and what to add.

A learned deformer knows what it was shown. A curve that never moved is not learnt; two curves that
were never up at once are learnt one by one, and where the skin of both is more than their sum, that
is wrong. The cure is a handful of random combinations, 10 to 15 % of the frames, chosen so that
every missing pair is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.finding import Finding
from animdrive.contract import CurveTrack
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError

Pair = tuple[str, str]

LEVELS: tuple[float, float, float] = (0.1, 0.5, 0.9)
"""Values of a curve above which frames are counted: used, strongly, fully."""
TOGETHER = 0.25
"""Two curves that are both above this are seen together."""
CRITICAL: tuple[tuple[str, Pair], ...] = tuple(
    (what, (f"{one}{side}", f"{other}{side}"))
    for what, one, other in (
        ("angry + smile", "browDown", "mouthSmile"),
        ("blink + smile", "eyeBlink", "mouthSmile"),
        ("squint + smile", "cheekSquint", "mouthSmile"),
    )
    for side in ("Left", "Right")
) + tuple(
    ("speech + smile", ("jawOpen", f"mouthSmile{side}")) for side in ("Left", "Right")
)  # fmt: skip
"""Pairs without which faces are known to break."""


@dataclass(frozen=True)
class CurveUse:
    """How a capture uses one curve."""

    name: str
    """The curve."""
    peak: float
    """Its highest value, 0..1."""
    frames: tuple[int, int, int]
    """Frames above each of `LEVELS`."""
    speed_per_s: float
    """Its 99th percentile of speed, units of the curve per second."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """What takes exercise. C curves."""

    names: tuple[str, ...]
    """The curves."""
    frames: int
    """Frames of all takes."""
    seconds: float
    """Their duration."""
    curves: tuple[CurveUse, ...]
    """One for each name."""
    together: FloatArray
    """[C, C] the highest value that both curves of a pair reach at once; peaks on the diagonal."""
    frames_together: IntArray
    """[C, C] frames in which both are above `TOGETHER`."""

    def reached(self, pair: Pair) -> float:
        """Return the highest value that both curves of `pair` reach at once, 0..1."""
        one, other = (self.names.index(name) for name in pair)
        return float(self.together[one, other])


@dataclass(frozen=True)
class Gaps:
    """What a capture does not show."""

    unused: tuple[str, ...]
    """Curves that never pass `LEVELS[0]`."""
    weak: tuple[str, ...]
    """Curves that are used, but never pass `LEVELS[1]`."""
    pairs: tuple[Pair, ...]
    """Wanted pairs that are never seen together, the most telling first."""
    critical: tuple[str, ...]
    """Which of `CRITICAL` are among what is missing, by name."""
    wanted: int
    """How many pairs were looked for."""

    def finding(self) -> Finding:
        """Return this as a finding; severe where a critical pair or any curve is missing."""
        parts = []
        if self.unused:
            parts.append(f"{len(self.unused)} curves are never used ({_some(self.unused)})")
        if self.weak:
            parts.append(f"{len(self.weak)} never pass {LEVELS[1]:g} ({_some(self.weak)})")
        if self.pairs:
            names = _some([" + ".join(pair) for pair in self.pairs])
            parts.append(f"{len(self.pairs)} of {self.wanted} pairs are never together ({names})")
        if self.critical:
            parts.append(f"{', '.join(self.critical)} will break")
        line = "; ".join(parts) or f"all curves and all {self.wanted} pairs are there"
        figures = {
            "unused": list(self.unused),
            "weak": list(self.weak),
            "missing_pairs": [list(pair) for pair in self.pairs],
            "critical": list(self.critical),
            "wanted_pairs": self.wanted,
        }
        return Finding("coverage", line, figures, bool(self.critical or self.unused))


def coverage_of(tracks: Iterable[CurveTrack], names: Sequence[str]) -> Coverage:
    """Return what `tracks` exercise of the curves `names`.

    Curves that a track does not have are at rest in it.

    Raises:
        InputError: there is no frame at all.
    """
    names = tuple(names)
    count = len(names)
    peak, together = np.zeros(count), np.zeros((count, count), dtype=np.float32)
    levels, both = np.zeros((count, len(LEVELS)), np.int64), np.zeros((count, count), np.int64)
    speeds: list[npt.NDArray[np.float32]] = []
    frames, seconds = 0, 0.0
    for track in tracks:
        values = np.zeros((len(track), count), dtype=np.float32)
        for column, name in enumerate(names):
            if name in track.names:
                values[:, column] = track.curve(name)
        frames, seconds = frames + len(values), seconds + track.duration_s
        if not len(values):
            continue
        peak = np.maximum(peak, values.max(axis=0))
        levels += np.stack([(values > level).sum(axis=0) for level in LEVELS], axis=1)
        up = (values > TOGETHER).astype(np.float32)
        both += (up.T @ up).round().astype(np.int64)
        for column in range(count):
            least = np.minimum(values[:, column, None], values).max(axis=0)
            together[column] = np.maximum(together[column], least)
        speeds.append(np.abs(np.diff(values, axis=0)) * track.fps)
    if not frames:
        raise InputError("There are no frames to look at. Name takes that have some.")
    moving = np.concatenate(speeds) if speeds else np.zeros((0, count))
    fast = np.quantile(moving, 0.99, axis=0) if len(moving) else np.zeros(count)
    uses = tuple(
        CurveUse(
            name,
            round(float(peak[k]), 4),
            (int(levels[k, 0]), int(levels[k, 1]), int(levels[k, 2])),
            round(float(fast[k]), 3),
        )
        for k, name in enumerate(names)
    )
    return Coverage(names, frames, seconds, uses, together, both.astype(np.int32))


def gaps_of(coverage: Coverage, wanted: Sequence[Pair]) -> Gaps:
    """Return what is missing in `coverage` of its curves, of the pairs `wanted` and of `CRITICAL`.

    Pairs with a curve that `coverage` does not have are left out.
    """
    known = set(coverage.names)
    critical = [(what, pair) for what, pair in CRITICAL if set(pair) <= known]
    listed = [pair for pair in wanted if set(pair) <= known]
    asked = list(dict.fromkeys([pair for _, pair in critical] + [_in_order(p) for p in listed]))
    missing = [pair for pair in asked if coverage.reached(pair) <= TOGETHER]
    lost = [what for what, pair in critical if pair in missing]
    return Gaps(
        unused=tuple(use.name for use in coverage.curves if use.peak <= LEVELS[0]),
        weak=tuple(use.name for use in coverage.curves if LEVELS[0] < use.peak <= LEVELS[1]),
        pairs=tuple(missing),
        critical=tuple(dict.fromkeys(lost)),
        wanted=len(asked),
    )


def coverage_rows(coverage: Coverage) -> list[dict[str, Any]]:
    """Return one plain row per curve, for tables and JSON."""
    return [
        {
            "curve": use.name,
            "peak": use.peak,
            "frames_used": use.frames[0],
            "frames_strong": use.frames[1],
            "frames_full": use.frames[2],
            "speed_per_s": use.speed_per_s,
            "partners": int((coverage.together[k] > TOGETHER).sum() - (use.peak > TOGETHER)),
        }
        for k, use in enumerate(coverage.curves)
    ]


def _in_order(pair: Pair) -> Pair:
    """Return the pair as `CRITICAL` has it where it is one of those, so that none counts twice."""
    known = {frozenset(other): other for _, other in CRITICAL}
    return known.get(frozenset(pair), pair)


def _some(names: Sequence[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
