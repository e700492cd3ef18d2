"""Recordings: sound, pictures in motion, tracked points."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import (
    ByteArray,
    FloatArray,
    as_bytes,
    as_float,
    check_fps,
    check_unit_range,
    put,
)
from animdrive.errors import ContractError


@dataclass(frozen=True, eq=False)
class AudioClip:
    """Mono sound. N samples."""

    samples: FloatArray
    """[N] in -1..1 (a decoder may overshoot a little)."""
    sample_rate: int
    """Samples per second, above 0."""

    def __post_init__(self) -> None:
        samples = as_float("AudioClip.samples", self.samples, ("N",))
        check_fps("AudioClip.sample_rate", self.sample_rate)
        put(self, samples=samples, sample_rate=int(self.sample_rate))

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One picture of a video and when it is shown."""

    image: ByteArray
    """[H, W, 3] RGB, upright (rotation metadata applied)."""
    time_s: float
    """Presentation time, seconds from the start of the video."""

    def __post_init__(self) -> None:
        put(self, image=as_bytes("VideoFrame.image", self.image, ("H", "W", 3)))


@dataclass(frozen=True, eq=False)
class VideoClip:
    """A short video held whole. Long ones are read as an iterator of `VideoFrame`."""

    frames: ByteArray
    """[T, H, W, 3] RGB. Owned, not copied."""
    fps: float
    """Frames per second, constant."""

    def __post_init__(self) -> None:
        frames = as_bytes("VideoClip.frames", self.frames, ("T", "H", "W", 3))
        put(self, frames=frames, fps=check_fps("VideoClip.fps", self.fps))


@dataclass(frozen=True, eq=False)
class LandmarkTrack:
    """Points tracked on a face over time. T frames, P points."""

    points: FloatArray
    """[T, P, 3] pixels: x to the right, y down, z away from the camera in the scale of x.
    Frames without a face hold zeros."""
    times_s: npt.NDArray[np.float64]
    """[T] presentation time of every frame, seconds, rising."""
    confidence: FloatArray
    """[T] 0 where no face was found, else how sure the tracker is of it, to 1."""
    size_px: tuple[int, int]
    """Width and height of the frames, pixels."""
    cuts: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """[T] whether the picture cuts to another shot before a frame; left out, it never does."""

    def __post_init__(self) -> None:
        points = as_float("LandmarkTrack.points", self.points, ("T", "P", 3))
        confidence = as_float("LandmarkTrack.confidence", self.confidence, (len(points),))
        check_unit_range("LandmarkTrack.confidence", confidence[:, None], ("confidence",))
        times = np.array(self.times_s, dtype=np.float64)
        rising = np.isfinite(times).all() and (np.diff(times) > 0).all()
        if times.shape != (len(points),) or not rising:
            raise ContractError(
                f"LandmarkTrack.times_s must hold {len(points)} rising times, got {times.shape}."
            )
        times.setflags(write=False)
        cuts = np.array(self.cuts, dtype=bool)
        if cuts.shape == (0,):  # left out
            cuts = np.zeros(len(points), dtype=bool)
        if cuts.shape != (len(points),):
            raise ContractError(
                f"LandmarkTrack.cuts must have the shape ({len(points)},), got {cuts.shape}."
            )
        cuts.setflags(write=False)
        put(self, points=points, confidence=confidence, times_s=times, cuts=cuts)

    def __len__(self) -> int:
        return len(self.points)
