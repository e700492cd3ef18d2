"""Settings of a live face."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from animdrive.errors import InputError
from animdrive.sources.video.fitting.expression import ExpressionConfig


@dataclass(frozen=True)
class LiveFaceConfig:
    """Settings of `LiveFace`."""

    solver: Literal["learned", "rig"] = "learned"
    """What solves the curves: the regressor, or least squares on the rig alone."""
    cutoff_hz: float = 1.6
    """Cutoff of a curve at rest, Hz: the lower, the calmer a resting face."""
    beta: float = 3.0
    """How much it rises with the curve's speed, Hz per (1/s): the higher, the less it lags."""
    head_cutoff_hz: float = 1.6
    """Cutoff of the head and eyes at rest, Hz."""
    head_beta: float = 8.0
    """How much it rises with their speed, Hz per (rad/s)."""
    smooth: bool = True
    """False gives the curves as they were solved."""
    focal: float = 1.3
    """Focal length to assume, in longest sides of the picture: scales how far the head moves."""
    reference: Literal["usual", "camera"] = "usual"
    """Head rotation is 0 where the head has usually been so far, or where it faces the camera."""
    follow_s: float = 0.4
    """How slowly a new measurement of the person takes the place of the one before, seconds."""
    hold_s: float = 0.20
    """How long the last pose is held when the face is lost, seconds."""
    release_s: float = 0.40
    """How long it then takes to ease to rest, seconds."""
    return_s: float = 0.15
    """How long a face that is seen again takes to ease in, seconds."""
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    """Settings of the solver."""

    def __post_init__(self) -> None:
        for name in ("cutoff_hz", "head_cutoff_hz", "follow_s"):
            if not 0 < getattr(self, name) <= 100:
                raise InputError(
                    f"LiveFaceConfig.{name} must be above 0 and at most 100, "
                    f"got {getattr(self, name)}."
                )
        for name in ("beta", "head_beta"):
            if not 0 <= getattr(self, name) <= 1000:
                raise InputError(
                    f"LiveFaceConfig.{name} must be in 0..1000, got {getattr(self, name)}."
                )
        if self.solver not in ("learned", "rig"):
            raise InputError(
                f"LiveFaceConfig.solver must be 'learned' or 'rig', got '{self.solver}'."
            )
        if self.reference not in ("usual", "camera"):
            raise InputError(
                f"LiveFaceConfig.reference must be 'usual' or 'camera', got '{self.reference}'."
            )
        if not 0.2 <= self.focal <= 20:
            raise InputError(f"LiveFaceConfig.focal must be in 0.2..20, got {self.focal}.")
        for name in ("hold_s", "release_s", "return_s"):
            if not 0 <= getattr(self, name) <= 10:
                raise InputError(
                    f"LiveFaceConfig.{name} must be in 0..10 s, got {getattr(self, name)}."
                )
