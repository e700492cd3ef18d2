"""Bringing skin and curves of a take onto one clock: offset, rate, and frames at the same times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.finding import Finding
from animdrive.capture.offset import Alignment, MotionPair, find_alignment
from animdrive.capture.resample import Times, median_step, resampled, resampling, touched
from animdrive.capture.rigid import rigid_motion
from animdrive.contract import CurveTrack, Rig
from animdrive.contract.capture import CapturedTake
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError

STEP = "sync"
_EDGE = 0.25
"""A frame may lie this share of a frame outside of what was captured."""
_LEAST_FRAMES = 2
_MISTAKEN_RATE = 0.02
"""A clock that is off by more was not read wrong but told wrong."""
_KEPT = 0.5
"""Less than this share of the curves left is worth a look."""


@dataclass(frozen=True)
class SyncConfig:
    """How skin and curves are brought together."""

    fps: float = 0.0
    """Frames per second of the result; 0 is those of the curves."""
    find_offset: bool = True
    """Look for an offset; without, the times of the scanner are taken at their word."""
    find_rate: bool = True
    """Look for a clock that is fast or slow by up to `max_rate_error`."""
    max_offset_ms: float = 500.0
    """Offsets looked for, milliseconds in either direction, 1..5000."""
    max_rate_error: float = 0.01
    """Relative error of the rate looked for, 0..0.05."""
    min_peak: float = 0.4
    """Least correlation of curve and skin motion that is believed, 0..1."""
    in_sync_frames: float = 0.1
    """Skin that lies this close to frames of the result, in frames, is not interpolated."""
    max_gap_ms: float = 150.0
    """Gaps between frames of skin up to this are bridged, longer ones come out as missing."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("fps", 0, 1000),
            ("max_offset_ms", 1, 5000),
            ("max_rate_error", 0, 0.05),
            ("min_peak", 0, 1),
            ("in_sync_frames", 0, 1),
            ("max_gap_ms", 0, 10000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"Sync: {name} must be in {low}..{high}, got {value:g}.")


def sync(
    captured: CapturedTake, rig: Rig, *, config: SyncConfig | None = None
) -> tuple[CapturedTake, Finding]:
    """Return `captured` with skin and curves at the same times, and what was found.

    The offset is where the motion of the skin, less that of the head, correlates best with what
    the rig's shapes predict from the curves, see `find_alignment`; then frames of skin are made at
    the times of the curves (or both at `SyncConfig.fps`) by band-limited interpolation, and what
    only one side has is cut. Where the take is too still to tell an offset, times are left alone
    and the finding is severe. A take in sync already comes back as it is.

    Args:
        captured: N frames of skin, T of curves, V vertices, offset and rate unknown.
        rig: Its linear rig, V vertices.
        config: How.

    Raises:
        InputError: the rig has other vertices, or skin and curves share no two frames.
    """
    config = config or SyncConfig()
    check_vertices(captured, rig, STEP)
    track = captured.take.track
    fps = config.fps or track.fps
    started_apart = _apart(captured, config)
    times = captured.times_s - started_apart
    found = Alignment.none()
    if config.find_offset:
        pair = MotionPair.of(captured, rig, times)
        found = find_alignment(
            pair,
            max_offset_s=config.max_offset_ms / 1000,
            max_rate_error=config.max_rate_error if config.find_rate else 0.0,
            min_peak=config.min_peak,
        )
    happened = found.curve_times(times)
    offset_s = found.offset_at(float(times[0]))
    skin_fps = 1 / max(median_step(happened), 1e-9)
    figures: dict[str, Any] = {
        "offset_ms": round(1000 * (offset_s + started_apart), 2),
        "offset_error_ms": round(1000 * found.error_s, 2),
        "peak": round(found.peak, 3),
        "found": found.sure,
        "rate": round(found.rate, 6),
        "skin_fps": round(skin_fps, 3),
        "curves_fps": track.fps,
        "fps": fps,
    }
    done = []
    if found.rate != 1.0:
        told = 1 / max(median_step(times), 1e-9)
        done.append(f"its rate is {skin_fps:.6g} fps, not {told:.6g} as it says")
    if started_apart:
        done.append(f"the clocks are {abs(started_apart):.1f} s apart, starts put together first")
    severe = (config.find_offset and not found.sure) or abs(found.rate - 1) > _MISTAKEN_RATE
    happened = _snapped(happened, track.start_s, fps, config.in_sync_frames)
    aligned = len(happened) == len(track) and fps == track.fps
    if aligned and np.abs(happened - track.times_s).max() * fps < 1e-3:
        figures.update(frames=len(track), frames_cut=0, frames_missing=0)
        line = _line(found, offset_s, fps, config, "; ".join(done))
        return replace(captured, times_s=track.times_s), Finding(STEP, line, figures, severe)
    result, cut, bare = _on_one_clock(captured, happened, fps, config)
    figures.update(frames=len(result.take.track), frames_cut=cut, frames_missing=bare)
    if abs(skin_fps - fps) > 0.05 * fps or fps != track.fps:
        done.append(f"{skin_fps:.4g} -> {fps:.4g} fps")
    if cut:
        done.append(f"{frames(cut)} without partner cut")
    if bare:
        done.append(f"{frames(bare)} in gaps longer than {config.max_gap_ms:.0f} ms missing")
    severe = severe or bare > 0 or len(result.take.track) < _KEPT * track.duration_s * fps
    return result, Finding(
        STEP, _line(found, offset_s, fps, config, "; ".join(done)), figures, severe
    )


def frames(count: int) -> str:
    """Return ``1 frame`` or ``7 frames``."""
    return f"{count} frame" + ("" if count == 1 else "s")


def check_vertices(captured: CapturedTake, rig: Rig, step: str) -> None:
    """Raise InputError unless `captured` has the vertices of `rig`."""
    count = captured.vertices.shape[1]
    if count != len(rig.neutral.vertices):
        raise InputError(
            f"{step.capitalize()}: take '{captured.take.name}' has {count} vertices, the rig "
            f"{len(rig.neutral.vertices)}. Bring it to the rig's topology first."
        )


def _snapped(times: Times, start_s: float, fps: float, tolerance: float) -> Times:
    """Return `times` on frames if all are next to one: interpolating so little only costs."""
    frame = (times - start_s) * fps
    nearest = np.round(frame)
    if np.abs(frame - nearest).max() <= tolerance and (np.diff(nearest) > 0).all():
        return np.asarray(start_s + nearest / fps)
    return times


def _line(found: Alignment, offset_s: float, fps: float, config: SyncConfig, done: str) -> str:
    if not config.find_offset:
        what = "times taken as they are"
    elif not found.sure:
        what = f"{found.why}; times left alone"
    elif abs(offset_s) * fps <= config.in_sync_frames:
        what = f"skin and curves agree (peak {found.peak:.2f})"
    else:
        side = "late" if offset_s > 0 else "early"
        what = f"skin is {1000 * abs(offset_s):.0f} ms {side} (peak {found.peak:.2f})"
    return f"{STEP}: {what}" + (f"; {done}" if done else "")


def _apart(captured: CapturedTake, config: SyncConfig) -> float:
    """Return seconds between clocks that have no time in common, such as one of time codes."""
    curves, skin = captured.take.track.times_s, captured.times_s
    slack = config.max_offset_ms / 1000
    if skin[0] - slack < curves[-1] and skin[-1] + slack > curves[0]:
        return 0.0
    return float(skin[0] - curves[0])


def _on_one_clock(
    captured: CapturedTake, happened: Times, fps: float, config: SyncConfig
) -> tuple[CapturedTake, int, int]:
    """Return the take at `fps`, how many frames of curves were cut, and how many are missing."""
    track = captured.take.track
    count = int(np.floor((len(track) - 1) / track.fps * fps + 1e-6)) + 1
    wanted = track.start_s + np.arange(count) / fps
    there = (wanted >= happened[0] - _EDGE / fps) & (wanted <= happened[-1] + _EDGE / fps)
    kept = np.flatnonzero(there)
    if len(kept) < _LEAST_FRAMES:
        raise InputError(
            f"Sync: skin and curves of take '{captured.take.name}' share {len(kept)} frames: the "
            f"skin runs from {happened[0]:.2f} s to {happened[-1]:.2f} s, the curves from "
            f"{wanted[0]:.2f} s to {wanted[-1]:.2f} s. Check which curves belong to this skin."
        )
    at = wanted[kept]
    weights = resampling(happened, at, step_s=1 / fps)
    skin = resampled(weights, captured.vertices)
    missing = None if captured.missing is None else touched(weights, captured.missing)
    bare = _in_gaps(happened, at, config.max_gap_ms / 1000)
    if bare.any():
        missing = np.zeros(skin.shape[:2], dtype=np.bool_) if missing is None else missing
        missing[bare] = True
    if fps == track.fps:
        track_then, head = _cut(track, kept), captured.head_transform[kept]
    else:
        curves = resampling(track.times_s, at, step_s=1 / fps)
        track_then, head = _track_at(track, curves, fps), _heads_at(curves, captured)
    result = replace(
        captured,
        take=replace(captured.take, track=track_then),
        vertices=skin,
        times_s=track_then.times_s,
        head_transform=head,
        missing=missing,
    )
    return result, count - len(kept), int(bare.sum())


def _in_gaps(times: Times, wanted: Times, longest_s: float) -> npt.NDArray[np.bool_]:
    after = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    gap = times[after] - times[after - 1]
    nearest = np.minimum(np.abs(times[after] - wanted), np.abs(wanted - times[after - 1]))
    usual = median_step(times)
    return np.asarray((gap > max(longest_s, 1.5 * usual)) & (nearest > 0.5 * usual))


def _cut(track: CurveTrack, kept: npt.NDArray[np.intp]) -> CurveTrack:
    return replace(
        track,
        values=track.values[kept],
        head_rotation=track.head_rotation[kept],
        head_position=track.head_position[kept],
        eye_rotation=track.eye_rotation[kept],
        confidence=track.confidence[kept],
        start_s=0.0,
    )


def _track_at(track: CurveTrack, weights: Any, fps: float) -> CurveTrack:
    def unit(values: FloatArray) -> FloatArray:
        # The kernel overshoots by a little beside a sharp corner.
        return np.clip(resampled(weights, values), 0.0, 1.0)

    return replace(
        track,
        fps=fps,
        values=unit(track.values),
        head_rotation=resampled(weights, np.unwrap(track.head_rotation, axis=0)),
        head_position=resampled(weights, track.head_position),
        eye_rotation=resampled(weights, np.unwrap(track.eye_rotation, axis=0)),
        confidence=unit(track.confidence),
        start_s=0.0,
    )


def _heads_at(weights: Any, captured: CapturedTake) -> FloatArray:
    """Return head matrices at other times: four points ride along and tell how it stands."""
    ride = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float64)
    head = captured.head_transform.astype(np.float64)
    points = ride @ head[:, :3, :3].transpose(0, 2, 1) + head[:, None, :3, 3]
    return rigid_motion(ride, resampled(weights, points), np.ones(4)).astype(np.float32)
