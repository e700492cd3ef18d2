"""The faults of real captures, put on clean takes on request, with their truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.capture import BoolArray, CapturedTake
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError
from animdrive.rig.pose import rotation_matrix
from animdrive.tissue.take_motion import wander

_SMOOTHING_STEPS = 24
"""Rounds of averaging with neighbours that make noise correlated, about 5 mm wide on our skin."""
_HOLE_RADIUS_M = (0.006, 0.018)
_HOLE_S = (0.2, 0.8)
_DRIFT_PERIOD_S = 2.0
_DRIFT_ARM_M = 0.10
"""Half of a head: a turn of a drift moves its rim as far as its shift does."""


@dataclass(frozen=True)
class Faults:
    """Faults of a scanner; 0 everywhere is none."""

    noise_mm: float = 0.0
    """Standard deviation of every coordinate, half of its variance white and half correlated over
    the skin, mm, 0..10."""
    drop: float = 0.0
    """Share of the frames that are lost, 0..0.9; the first and the last are kept."""
    holes: int = 0
    """Holes at a time, more or less, 0..50."""
    fps: float = 0.0
    """Frames per second of the scanner, 1..240; 0 is that of the curves."""
    offset_ms: float = 0.0
    """How much later the scanner's clock says that something happened, milliseconds, ±5000."""
    drift_mm: float = 0.0
    """How far the head stabilisation goes astray, mm, 0..50: the skin as a whole wanders."""

    def __post_init__(self) -> None:
        limits = {
            "noise_mm": (0, 10),
            "drop": (0, 0.9),
            "holes": (0, 50),
            "offset_ms": (-5000, 5000),
            "drift_mm": (0, 50),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(
                    f"Fault {name} must be in {low}..{high}, got {getattr(self, name):g}."
                )
        if self.fps and not 1 <= self.fps <= 240:
            raise InputError(f"Fault fps must be in 1..240, got {self.fps:g}.")

    def any(self) -> bool:
        """Whether there is any fault."""
        return any(getattr(self, field.name) for field in fields(self))


_UNITS: dict[str, tuple[str, str, float]] = {
    "noise": ("noise_mm", "mm", 1.0),
    "drop": ("drop", "%", 0.01),
    "holes": ("holes", "", 1.0),
    "fps": ("fps", "", 1.0),
    "offset": ("offset_ms", "ms", 1.0),
    "drift": ("drift_mm", "mm", 1.0),
}
_EXAMPLE = "noise=0.2mm,drop=2%,holes=1,fps=60,offset=+120ms,drift=3mm"


def parse_faults(text: str) -> Faults:
    """Return faults written as ``noise=0.2mm,drop=2%,holes=1,fps=60,offset=+120ms,drift=3mm``.

    Raises:
        InputError: an unknown fault, a number or a unit that cannot be read, or out of range.
    """
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, given = part.partition("=")
        name = name.strip()
        if name not in _UNITS:
            raise InputError(f"Unknown fault '{name}'. Known: {', '.join(_UNITS)}.")
        target, unit, factor = _UNITS[name]
        read = re.fullmatch(r"([+-]?[0-9]*\.?[0-9]+)\s*([a-z%]*)", given.strip())
        if read is None or read[2] not in ("", unit):
            raise InputError(f"Fault '{part}' cannot be read; write faults as {_EXAMPLE}.")
        if target in values:
            raise InputError(f"Fault '{name}' is given twice.")
        number = float(read[1]) * factor
        if name == "holes" and number != int(number):
            raise InputError(f"Fault '{part}': holes are counted in whole numbers.")
        values[target] = int(number) if name == "holes" else number
    return Faults(**values)


@dataclass(frozen=True, eq=False)
class FaultTruth:
    """What was done to a take. N frames of skin."""

    dropped: tuple[int, ...]
    """Numbers of the scanner's frames that are lost."""
    offset_s: float
    """How much later than the curves the skin's clock is, seconds."""
    fps: float
    """The scanner's frames per second."""
    drift: FloatArray
    """[N, 4, 4] the wandering that was multiplied onto the skin, column vectors from the left."""
    holes: tuple[dict[str, float], ...]
    """Vertex in the middle, radius in metres, first and last time in seconds of each hole."""


def faulted(
    captured: CapturedTake, faces: IntArray, faults: Faults, rng: np.random.Generator
) -> tuple[CapturedTake, FaultTruth]:
    """Return `captured` as a scanner with `faults` would have given it, and what was done.

    In the order in which it happens: the scanner samples at its own rate (linear between frames)
    and loses frames, the stabilisation drifts, the surface is noisy, there are holes, the clock is
    off.
    Vertices in a hole hold the place where they were last seen, or at rest in the first frame;
    `CapturedTake.missing` says where.

    Args:
        captured: A clean take: a frame of skin for each of the curves, over V vertices.
        faces: [F, 3] connections.
        faults: Which faults.
        rng: Draws everything.
    """
    track = captured.take.track
    skin, times, dropped = _sampled(captured, faults, rng)
    frames = len(skin)
    fps = faults.fps or track.fps
    drift = _drift(frames, fps, faults.drift_mm / 1000, rng)
    if faults.drift_mm:
        skin = np.einsum("nij,nvj->nvi", drift[:, :3, :3], skin) + drift[:, None, :3, 3]
    if faults.noise_mm:
        noise = scan_noise(faces, skin.shape[1])
        for frame in skin:
            frame += noise(rng) * (faults.noise_mm / 1000)
    missing: BoolArray | None = None
    holes: tuple[dict[str, float], ...] = ()
    if faults.holes:
        missing, holes = _holes(skin, times, captured.vertices[0], faults.holes, rng)
    faulty = replace(
        captured,
        vertices=skin.astype(np.float32),
        times_s=times + faults.offset_ms / 1000,
        missing=missing,
    )
    truth = FaultTruth(dropped, faults.offset_ms / 1000, fps, drift.astype(np.float32), holes)
    return faulty, truth


def scan_noise(faces: IntArray, count: int) -> Callable[[np.random.Generator], FloatArray]:
    """Return a function that draws noise [count, 3] of standard deviation 1 for a mesh.

    Half of the variance is white, half is white noise averaged over neighbours again and again and
    brought back to 1 at every vertex by its own gain, so that open edges are no quieter.
    """
    from scipy.sparse import coo_matrix, diags

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ones = np.ones(len(edges))
    one_way: Any = coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    linked = ((one_way + one_way.T) > 0).astype(np.float64) + diags(np.ones(count))
    mean = (diags(1 / np.asarray(linked.sum(axis=1)).ravel()) @ linked).tocsr()
    probe = np.random.default_rng(1).standard_normal((count, 64))
    for _ in range(_SMOOTHING_STEPS):
        probe = mean @ probe
    gain = 1 / np.maximum(np.sqrt((probe * probe).mean(axis=1)), 1e-6)

    def draw(rng: np.random.Generator) -> FloatArray:
        smooth = rng.standard_normal((count, 3))
        for _ in range(_SMOOTHING_STEPS):
            smooth = mean @ smooth
        mixed = np.sqrt(0.5) * (gain[:, None] * smooth + rng.standard_normal((count, 3)))
        return np.asarray(mixed, dtype=np.float32)

    return draw


def _sampled(
    captured: CapturedTake, faults: Faults, rng: np.random.Generator
) -> tuple[FloatArray, npt.NDArray[np.float64], tuple[int, ...]]:
    """Return skin, times and lost frames of the scanner's own rate."""
    track = captured.take.track
    fps = faults.fps or track.fps
    count = int(np.floor((len(track) - 1) / track.fps * fps + 1e-6)) + 1
    kept = np.ones(count, dtype=np.bool_)
    if faults.drop and count > 2:
        lost = rng.permutation(count - 2)[: round(faults.drop * count)] + 1
        kept[lost] = False
    numbers = np.flatnonzero(kept)
    at = np.minimum(numbers / fps * track.fps, len(track) - 1)
    before = np.minimum(at.astype(np.intp), max(len(track) - 2, 0))
    share = (at - before).astype(np.float32)[:, None, None]
    after = np.minimum(before + 1, len(track) - 1)
    skin = captured.vertices[before] * (1 - share) + captured.vertices[after] * share
    return skin, numbers / fps, tuple(int(n) for n in np.flatnonzero(~kept))


def _drift(
    frames: int, fps: float, largest_m: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return [frames, 4, 4] that starts in place and wanders.

    It shifts by at most `largest_m`, and turns by at most what moves the rim of a head as far.
    """
    transform = np.tile(np.eye(4), (frames, 1, 1))
    path = wander(frames, fps, rng, period_s=_DRIFT_PERIOD_S, width=6)
    path = path - path[0]
    for three, arm in ((slice(0, 3), 1.0), (slice(3, 6), _DRIFT_ARM_M)):
        farthest = np.linalg.norm(path[:, three], axis=1).max()
        path[:, three] *= largest_m / arm / max(float(farthest), 1e-9)
    transform[:, :3, :3] = rotation_matrix(path[:, 3:])
    transform[:, :3, 3] = path[:, :3]
    return transform


def _holes(
    skin: FloatArray,
    times: npt.NDArray[np.float64],
    rest: FloatArray,
    count: int,
    rng: np.random.Generator,
) -> tuple[BoolArray, tuple[dict[str, float], ...]]:
    """Fill holes in `skin` in place with what was seen last; return where and what they are."""
    missing = np.zeros(skin.shape[:2], dtype=np.bool_)
    holes = []
    length_s = float(times[-1] - times[0])
    for _ in range(max(round(count * max(length_s / float(np.mean(_HOLE_S)), 1.0)), 1)):
        centre = int(rng.integers(skin.shape[1]))
        radius = float(rng.uniform(*_HOLE_RADIUS_M))
        start = float(times[0] + rng.uniform(0, max(length_s, 1e-6)))
        end = start + float(rng.uniform(*_HOLE_S))
        inside = (times >= start) & (times <= end)
        if not inside.any():
            inside[int(np.argmin(np.abs(times - start)))] = True
        near = np.linalg.norm(rest - rest[centre], axis=1) <= radius
        missing |= inside[:, None] & near
        holes.append({"vertex": centre, "radius_m": radius, "start_s": start, "end_s": end})
    seen = rest.copy()
    for frame, gone in zip(skin, missing, strict=True):
        frame[gone] = seen[gone]
        seen = np.where(gone[:, None], seen, frame)
    return missing, tuple(holes)
