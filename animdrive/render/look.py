"""How a picture is lit and developed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from animdrive.errors import InputError

Triple = tuple[float, float, float]
Smoothing = Literal["filter", "samples", "none"]


@dataclass(frozen=True)
class LookConfig:
    """Lights, lens and background. Colours are linear RGB; directions point at the light.

    The lights stand around the subject as seen from the camera: +X is the right side of the
    picture, +Y up, +Z towards the camera.
    """

    key_direction: Triple = (-0.62, 0.52, 0.68)
    """Towards the main light."""
    key_color: Triple = (2.90, 2.62, 2.34)
    """Its colour and strength; it alone casts a shadow."""
    fill_direction: Triple = (0.80, 0.05, 0.65)
    """Towards the light that opens the shadow side."""
    fill_color: Triple = (0.32, 0.36, 0.43)
    """Its colour and strength."""
    rim_direction: Triple = (0.60, 0.45, -0.66)
    """Towards the light from behind that parts the head from the background."""
    rim_color: Triple = (2.2, 2.35, 2.6)
    """Its colour and strength."""
    sky_color: Triple = (0.40, 0.42, 0.46)
    """Ambient light from above."""
    ground_color: Triple = (0.22, 0.17, 0.15)
    """Ambient light from below."""
    exposure: float = 0.93
    """Factor on all light, above 0."""
    background_top: Triple = (0.075, 0.085, 0.100)
    """Background at the upper edge."""
    background_bottom: Triple = (0.016, 0.019, 0.024)
    """Background at the lower edge."""
    smoothing: Smoothing = "filter"
    """How edges are smoothed: "filter" (after drawing, quick everywhere), "samples" (four per
    pixel, finer, but nearly twice the work where there is no GPU) or "none"."""

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            if spec.name.endswith("_direction") and not any(value):
                raise InputError(f"LookConfig.{spec.name} has no length.")
            if spec.name.endswith("_color") and min(value) < 0:
                raise InputError(f"LookConfig.{spec.name} must not be negative, got {value}.")
        if not self.exposure > 0:
            raise InputError(f"LookConfig.exposure must be above 0, got {self.exposure}.")
        if self.smoothing not in get_args(Smoothing):
            known = ", ".join(get_args(Smoothing))
            raise InputError(f"LookConfig.smoothing must be one of {known}; got {self.smoothing}.")
