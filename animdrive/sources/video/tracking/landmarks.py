"""Pictures to landmarks: one face of a video, followed with MediaPipe's attention mesh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import length_hint
from typing import Any, ClassVar

import numpy as np

from animdrive.contract import LandmarkTrack, VideoFrame
from animdrive.contract.stages import (
    Progress,
    Report,
    Watch,
    no_progress,
    tell_nobody,
    watch_nothing,
)
from animdrive.errors import InputError
from animdrive.sources.video.tracking.choice import parse_choice
from animdrive.sources.video.tracking.follow import Face, Follower, Seen
from animdrive.sources.video.tracking.mesh import POINTS, AttentionMesh, Mesh
from animdrive.sources.video.tracking.pictures import Points, read_ahead
from animdrive.sources.video.tracking.shots import CutFinder

_SMALL_PX = 60
"""A face that is narrower than this in the video is too small for fine motion."""


@dataclass(frozen=True)
class FaceMeshConfig:
    """Settings of `FaceMeshTracker`."""

    longest_side_px: int = 1280
    """Larger pictures are made smaller than this before the face is looked for."""
    detection_confidence: float = 0.5
    """How sure the detectors must be of a new face, 0..1."""
    tracking_confidence: float = 0.5
    """How sure the mesh must be to be followed on, 0..1; below, the face is looked for anew."""
    face: str = "largest"
    """Whose face: "largest", "left", "right", a number counted by size, or "x,y" in pixels of the
    upright video; see `parse_choice`. Chosen when a shot begins, and then followed."""
    search_deeply: bool = True
    """Where no face is found, look for small ones in parts of the picture, for dark ones in a
    lightened picture and for faces that lie on their side or stand on their head."""
    mirrored: bool = True
    """Look at each picture in a mirror, too: less noise, for twice the time."""
    read_ahead: int = 8
    """Pictures decoded ahead of the tracker."""

    def __post_init__(self) -> None:
        if self.longest_side_px < 64:
            raise InputError(
                f"FaceMeshConfig.longest_side_px must be 64 or more, got {self.longest_side_px}."
            )
        for name in ("detection_confidence", "tracking_confidence"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"FaceMeshConfig.{name} must be in 0..1, got {vars(self)[name]}.")
        if self.read_ahead < 1:
            raise InputError(f"FaceMeshConfig.read_ahead must be 1 or more, got {self.read_ahead}.")
        parse_choice(self.face)


class FaceMeshTracker:
    """The `LandmarkTracker` on MediaPipe's attention mesh. It follows one face."""

    config_type: ClassVar[type[FaceMeshConfig]] = FaceMeshConfig

    def __init__(self, config: FaceMeshConfig | None = None) -> None:
        self.config = config or FaceMeshConfig()

    @classmethod
    def from_settings(cls, **settings: Any) -> FaceMeshTracker:
        """Return a tracker with some settings of its config, the others as they are.

        Raises:
            InputError: a setting that it does not have.
        """
        known = {entry.name for entry in fields(cls.config_type)}
        unknown = sorted(set(settings) - known)
        if unknown:
            raise InputError(f"{cls.__name__} has no setting '{unknown[0]}'.")
        return cls(cls.config_type(**settings))

    def open_mesh(self) -> Mesh:
        """Return a new mesh to follow a face with."""
        return AttentionMesh(
            confidence=self.config.tracking_confidence, mirrored=self.config.mirrored
        )

    def follower(self) -> Follower:
        """Return a new follower, for pictures that come one by one, such as a camera's."""
        config = self.config
        return Follower(
            self.open_mesh,
            choice=parse_choice(config.face),
            detection_confidence=config.detection_confidence,
            deep=config.search_deeply,
        )

    def track(
        self,
        frames: Iterable[VideoFrame],
        *,
        progress: Progress = no_progress,
        watch: Watch = watch_nothing,
        report: Report = tell_nobody,
    ) -> LandmarkTrack:
        """Find the 478 landmarks in every frame.

        Decoding (the iterator) runs ahead in a thread of its own. A frame whose time does not
        rise above the one before it is dropped, for it can never be shown. `progress` is given
        shares where `frames` says how many it holds (``__length_hint__``).

        Args:
            frames: The video, streamed; read once.
            progress: Told how far the tracking is.
            watch: Shown every picture that is tracked, see `Watch`.
            report: Told about several faces, darkness, small and turned faces.

        Returns:
            Landmarks in pixels of the full frames. Confidence is how sure the mesh is of a face.

        Raises:
            InputError: there is no frame at all, or their size changes.
        """
        follower = self.follower()
        try:
            return _tracked(follower, frames, self.config, progress, watch, report)
        finally:
            follower.close()


def _tracked(
    follower: Follower,
    frames: Iterable[VideoFrame],
    config: FaceMeshConfig,
    progress: Progress,
    watch: Watch,
    report: Report,
) -> LandmarkTrack:
    expected = length_hint(frames, 0)
    cutter = CutFinder()
    leaps: list[bool] = []
    last: Face | None = None
    points: list[Points] = []
    sure: list[float] = []
    times: list[float] = []
    size: tuple[int, int] | None = None
    scale = 1.0
    for ahead in read_ahead(frames, longest_px=config.longest_side_px, count=config.read_ahead):
        size = size or ahead.size_px
        if ahead.size_px != size:
            raise InputError(
                f"the picture changes from {size[0]}x{size[1]} to {ahead.size_px[0]}x"
                f"{ahead.size_px[1]} pixels at {ahead.time_s:.2f} s; cut the clip there."
            )
        if times and ahead.time_s <= times[-1]:
            continue
        picture = ahead.picture
        scale = picture.shape[1] / size[0]
        if cutter.step(picture):
            follower.cut()
        face = follower.find(picture, time_s=ahead.time_s, scale=scale)
        # A face that is elsewhere at once is another, or the picture has cut unnoticed.
        leaps.append(face is not None and last is not None and not face.region.near(last.region))
        last = face
        times.append(ahead.time_s)
        sure.append(0.0 if face is None else min(max(face.presence, 0.01), 1.0))
        points.append(
            np.zeros((POINTS, 3), np.float32)
            if face is None
            else (face.points / scale).astype(np.float32)
        )
        watch(picture, None if face is None else face.points, len(times) - 1)
        if expected:
            progress("tracking the face", min(1.0, len(times) / expected))
    if size is None:
        raise InputError("the video holds no frame that could be read; convert or copy it anew.")
    progress("tracking the face", 1.0)
    for note in _notes(follower.seen, len(times), scale, config.face):
        report(note)
    cuts = cutter.cuts | np.array(leaps)
    return LandmarkTrack(
        np.stack(points), np.array(times), np.array(sure, dtype=np.float32), size, cuts
    )


def _notes(seen: Seen, frames: int, scale: float, face: str) -> list[str]:
    """Return what the user should know about the faces, a sentence each."""
    notes = []
    if seen.others:
        notes.append(
            f"Up to {seen.others + 1} faces are in the picture; one is followed ({face}). Choose "
            "another by --face left, right, a number by size, or x,y."
        )
    if seen.sides_px:
        width = float(np.median(list(seen.sides_px))) / scale
        if width < _SMALL_PX:
            notes.append(
                f"The face is only {width:.0f} pixels wide; fine motion cannot be seen in it. "
                "Film closer."
            )
        tilt = float(np.degrees(np.median(np.abs(list(seen.angles)))))
        if tilt > 60:
            notes.append(
                f"The face lies on its side or upside down in the picture (turned by {tilt:.0f}°); "
                "it was tracked as it is. Rotate the clip if the camera was held so."
            )
    if seen.lightened > 0.1 * max(len(seen.sides_px), 1):
        notes.append(
            f"The face is dark in {seen.lightened} of {frames} frames and was lightened to be "
            "tracked; fine motion is less sure there."
        )
    if seen.black:
        notes.append("Black frames were skipped.")
    return notes
