"""Settings of the video front end, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from animdrive.contract import (
    CurveTrack,
    LandmarkTrack,
)
from animdrive.errors import InputError
from animdrive.sources.video.fitting.expression import (
    ExpressionConfig,
)
from animdrive.sources.video.tracking.choice import parse_choice


@dataclass(frozen=True)
class FaceConfig:
    """Settings of `face_curves`."""

    fps: float | None = None
    """Frames per second of the curves, 1..240; None takes the clip's own rate."""
    tracker: str = "facemesh"
    """Which landmark tracker, a name in `TRACKERS`."""
    landmarker: Path | None = None
    """A `face_landmarker.task` of MediaPipe, for the tracker "tasks"."""
    face: str = "largest"
    """Whose face: "largest", "left", "right", a number counted by size, or "x,y" in pixels."""
    smoothing_s: float = 0.25
    """Width of the smoothing, seconds; 0 leaves the curves as they were solved. What the regressor
    reads is smoothed twice and six times as wide, fast changes kept."""
    reference: Literal["clip", "camera"] = "clip"
    """Head rotation is 0 where the head usually is in the clip, or where it faces the camera."""
    focal: float = 1.3
    """Focal length to assume, in longest sides of the picture: scales how far the head moves."""
    hold_s: float = 0.20
    """How long the last pose is held when the face is lost, seconds."""
    release_s: float = 0.40
    """How long it then takes to ease to rest, seconds."""
    return_s: float = 0.15
    """How long before the face is seen again it eases in, seconds."""
    min_run_s: float = 0.15
    """A face seen for a shorter time between two losses is taken for a mistake, seconds."""
    solver: Literal["learned", "rig"] = "learned"
    """What reads the curves: the trained regressor, or the fit of the rig's own shapes alone."""
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    """Settings of the fit."""

    def __post_init__(self) -> None:
        parse_choice(self.face)
        if self.fps is not None and not 1 <= self.fps <= 240:
            raise InputError(f"fps must be in 1..240, got {self.fps}.")
        if self.reference not in ("clip", "camera"):
            raise InputError(
                f"FaceConfig.reference must be 'clip' or 'camera', got '{self.reference}'."
            )
        if self.solver not in ("learned", "rig"):
            raise InputError(f"FaceConfig.solver must be 'learned' or 'rig', got '{self.solver}'.")
        if not 0.2 <= self.focal <= 20:
            raise InputError(f"FaceConfig.focal must be in 0.2..20, got {self.focal}.")
        for name in ("smoothing_s", "hold_s", "release_s", "return_s", "min_run_s"):
            if not 0 <= getattr(self, name) <= 10:
                raise InputError(
                    f"FaceConfig.{name} must be in 0..10 s, got {getattr(self, name)}."
                )


@dataclass(frozen=True, eq=False)
class FaceResult:
    """What a clip gave."""

    track: CurveTrack
    """`ARKIT52` at a constant rate; confidence 0 where no face was seen."""
    landmarks: LandmarkTrack
    """What the tracker found, at the clip's own times."""
    found_share: float
    """Share of the clip's frames in which a face was followed, above 0 to 1."""
    notes: tuple[str, ...]
    """What the user should know, a sentence each."""
