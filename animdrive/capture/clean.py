"""Mending a scan: frames repeated, dropped or thrown about, vertices that spike, holes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.finding import Finding
from animdrive.capture.holes import filled, held
from animdrive.capture.neighbours import Index, connected, neighbours
from animdrive.capture.noise import described, noise_of
from animdrive.capture.resample import Times, median_step, resampled, resampling, touched
from animdrive.capture.spikes import (
    interpolated,
    jumping_frames,
    jumping_vertices,
    repeated_frames,
)
from animdrive.capture.sync import frames as counted
from animdrive.contract.capture import BoolArray, CapturedTake
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError

STEP = "clean"
_LOST = 0.9
"""A frame of which this share of vertices is no number is no frame."""
_LARGEST_M = 1e3
"""Farther out than this a vertex is no place."""
_MANY = 0.1
"""Share of the frames that may be mended before the user should look."""


@dataclass(frozen=True)
class CleanConfig:
    """What is looked for and mended."""

    repeats: bool = True
    """Frames that repeat the one before while the face moves: interpolated."""
    spikes: bool = True
    """Frames and vertices that jump away and back: interpolated."""
    holes: bool = True
    """Vertices that the scanner did not see: filled. They stay marked as missing."""
    gaps: bool = True
    """Dropped frames: interpolated, up to `max_gap_ms`."""
    noise: bool = True
    """Estimate the noise."""
    spike_mm: float = 1.0
    """A vertex that jumps by less is left alone, mm, 0.01..100."""
    max_gap_ms: float = 150.0
    """Time between two frames that is bridged, at most, milliseconds, 0..10000."""

    def __post_init__(self) -> None:
        for name, low, high in (("spike_mm", 0.01, 100), ("max_gap_ms", 0, 10000)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"Clean: {name} must be in {low}..{high}, got {value:g}.")


@dataclass(frozen=True, eq=False)
class FiniteSkin:
    """Skin without NaN. N frames that are left, V vertices."""

    vertices: FloatArray
    """[N, V, 3] metres, missing ones where they were last seen."""
    times_s: Times
    """[N] seconds."""
    missing: BoolArray | None
    """[N, V], or None where all was seen."""
    lost_frames: tuple[int, ...]
    """Frames that held next to nothing and were dropped, by their old numbers."""
    lost_vertices: int
    """Vertices that were no number, in all of the frames that are left."""

    @property
    def finding(self) -> Finding:
        """What was found."""
        figures = {"frames_without_skin": len(self.lost_frames), "nan_vertices": self.lost_vertices}
        if not self.lost_frames and not self.lost_vertices:
            return Finding("nan", "nan: every vertex is a number", figures)
        words = []
        if self.lost_frames:
            words.append(f"{counted(len(self.lost_frames))} without skin dropped")
        if self.lost_vertices:
            words.append(f"{self.lost_vertices} vertices that are no number now missing")
        return Finding("nan", f"nan: {', '.join(words)}", figures, severe=True)


def finite_skin(
    vertices: npt.ArrayLike,
    times_s: npt.ArrayLike,
    *,
    missing: BoolArray | None = None,
    rest: FloatArray | None = None,
) -> FiniteSkin:
    """Return skin as `CapturedTake` takes it from skin as scanners give it, NaN and all.

    Frames of which hardly a vertex is a number are dropped; other vertices that are none are
    missing and hold the place where they were last seen.

    Args:
        vertices: [N, V, 3] metres.
        times_s: [N] seconds.
        missing: [N, V] what is known to be missing, or None.
        rest: [V, 3] metres, for vertices that are never seen.

    Raises:
        InputError: `vertices` is not [N, V, 3] with N times, or no frame is left.
    """
    skin = np.asarray(vertices, dtype=np.float32)
    times = np.asarray(times_s, dtype=np.float64)
    if skin.ndim != 3 or skin.shape[2] != 3 or times.shape != (len(skin),):
        raise InputError(
            f"Skin must be [N, V, 3] with N times, got {list(skin.shape)} and {list(times.shape)}."
        )
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(skin) < _LARGEST_M).all(axis=2)
    kept = bad.mean(axis=1) < _LOST if skin.shape[1] else np.zeros(len(skin), dtype=np.bool_)
    if not kept.any():
        raise InputError(
            f"None of the {len(skin)} frames of skin holds numbers (NaN, infinite or beyond "
            f"{_LARGEST_M:.0f} m). Check the file and its unit."
        )
    lost = tuple(int(frame) for frame in np.flatnonzero(~kept))
    unseen = bad[kept] if missing is None else bad[kept] | missing[kept]
    skin = skin[kept]
    if bad[kept].any():
        skin = held(skin, unseen, rest)
    return FiniteSkin(
        skin, times[kept], unseen if unseen.any() else None, lost, int(bad[kept].sum())
    )


def clean(
    captured: CapturedTake, *, config: CleanConfig | None = None, faces: IntArray | None = None
) -> tuple[CapturedTake, Finding]:
    """Return `captured` with its faults mended, and what was found.

    In this order: frames that repeat the one before, frames that jump away and back, vertices that
    do, holes, dropped frames; each see its function. A take without faults comes back as it is.
    Vertices in holes are filled and stay marked in `missing`.

    Args:
        captured: N frames of skin, V vertices; skin and curves need not be in sync.
        config: What to mend.
        faces: [F, 3] connections, to know neighbours by; without, they are told by distance, and a
            lip that lies on the other for a whole take passes for its neighbour.

    Raises:
        InputError: `faces` point beyond the vertices.
    """
    config = config or CleanConfig()
    skin, times, missing = captured.vertices, captured.times_s, captured.missing
    figures: dict[str, Any] = {"frames": len(skin)}
    noise = noise_of(skin, times, missing) if config.noise else None
    figures["noise"] = None if noise is None else asdict(noise)
    beside = None
    if (config.spikes or (config.holes and missing is not None)) and len(skin) > 1:
        beside = _neighbours(skin, missing, faces)
    done: list[str] = []
    repeats = repeated_frames(skin, times) if config.repeats else []
    if repeats:
        skin = _frames_mended(skin, times, repeats)
        done.append(f"{counted(len(repeats))} repeated, interpolated")
    jumps: list[int] = []
    stays: list[int] = []
    spikes = 0
    if config.spikes and beside is not None:
        jumps, stays = jumping_frames(skin, times)
        if jumps:
            skin = _frames_mended(skin, times, jumps)
            done.append(f"{counted(len(jumps))} thrown about, interpolated")
        alone = jumping_vertices(skin, times, missing, beside, config.spike_mm / 1000)
        spikes = int(alone.sum())
        if spikes:
            unseen = alone if missing is None else alone | missing
            mended = filled(skin, unseen, times, beside)
            skin = np.where(alone[..., None], mended, skin)
            done.append(f"{spikes} spikes of {int(alone.any(axis=0).sum())} vertices smoothed")
    unfilled = 0
    if config.holes and missing is not None and missing.any() and beside is not None:
        unfilled = int(missing.all(axis=0).sum())
        skin = filled(skin, missing, times, beside)
        done.append(f"holes in {counted(int(missing.any(axis=1).sum()))} filled")
    added, left = 0, 0
    if config.gaps:
        skin, times, missing, added, left = _gaps_bridged(
            skin, times, missing, config.max_gap_ms / 1000
        )
        if added:
            done.append(f"{counted(added)} dropped, interpolated")
    if stays:
        done.append(f"skin jumps and stays at frame {stays[0]}")
    if left:
        done.append(f"{left} gaps longer than {config.max_gap_ms:.0f} ms left")
    if unfilled:
        done.append(f"{unfilled} vertices never seen")
    figures.update(
        repeated_frames=repeats,
        jumping_frames=jumps,
        jumps_that_stay=stays,
        spikes=spikes,
        hole_frames=0 if missing is None else int(missing.any(axis=1).sum()),
        never_seen=unfilled,
        dropped_frames=added,
        gaps_left=left,
    )
    mended_share = (len(repeats) + len(jumps) + added) / len(captured.vertices)
    words = ", ".join(done) or "nothing to mend"
    if noise is not None:
        words += f"; noise {described(noise)}"
    result = captured
    if done and skin is not captured.vertices:
        result = replace(captured, vertices=skin, times_s=times, missing=missing)
    severe = bool(stays or left or unfilled) or mended_share > _MANY
    return result, Finding(STEP, f"{STEP}: {words}", figures, severe)


def _neighbours(skin: FloatArray, missing: BoolArray | None, faces: IntArray | None) -> Index:
    if faces is None:
        return neighbours(skin, missing)
    count = skin.shape[1]
    if len(faces) and not (0 <= int(faces.min()) and int(faces.max()) < count):
        raise InputError(
            f"Clean: faces name vertices {int(faces.min())}..{int(faces.max())}, but the skin has "
            f"{count}."
        )
    return connected(faces, count)


def _frames_mended(skin: FloatArray, times: Times, frames: list[int]) -> FloatArray:
    bad = np.zeros(len(skin), dtype=np.bool_)
    bad[frames] = True
    out = skin.copy()
    for frame in frames:
        out[frame] = interpolated(skin, times, frame, bad)
    return out


def _gaps_bridged(
    skin: FloatArray, times: Times, missing: BoolArray | None, longest_s: float
) -> tuple[FloatArray, Times, BoolArray | None, int, int]:
    """Return skin, times and missing with dropped frames put in, their number, and gaps left."""
    usual = median_step(times)
    if usual <= 0:
        return skin, times, missing, 0, 0
    lacking = np.round(np.diff(times) / usual).astype(np.intp) - 1
    long = (lacking > 0) & (np.diff(times) > longest_s + 1e-9)
    bridged = np.flatnonzero((lacking > 0) & ~long)
    if not len(bridged):
        return skin, times, missing, 0, int(long.sum())
    new = np.concatenate(
        [
            times[at]
            + (times[at + 1] - times[at]) * np.arange(1, lacking[at] + 1) / (lacking[at] + 1)
            for at in bridged
        ]
    )
    weights = resampling(times, new, step_s=usual)
    order = np.argsort(np.concatenate([times, new]), kind="stable")
    whole = np.concatenate([skin, resampled(weights, skin)])[order]
    if missing is not None:
        missing = np.concatenate([missing, touched(weights, missing)])[order]
    return whole, np.concatenate([times, new])[order], missing, len(new), int(long.sum())
