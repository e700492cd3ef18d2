"""Who a head belongs to: its shape as a code, and what the code's entries mean."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from animdrive.contract.checks import FloatArray, as_float, put
from animdrive.errors import ContractError

HEAD_SHAPE_SIZE = 99
"""Coefficients of a `HeadShape`: named controls first, smooth modes after them."""
HEAD_SHAPE_LIMIT = 6.0
"""Beyond so many standard deviations no head lies, and no shape is defined."""


@dataclass(frozen=True)
class HeadControl:
    """One entry of a `HeadShape`: an anthropometric measure, or a smooth mode without a name."""

    name: str
    """Unique: "nose_width", "mode_07"..."""
    measure: str
    """What is measured, in words."""
    unit: str
    """"mm" or "deg"."""
    mean: tuple[float, float] | None
    """Published mean of women and of men, in `unit`; None where nobody measures it so."""
    sd: float
    """Standard deviation within one sex, in `unit`: what one coefficient stands for."""
    source: str
    """Where mean and spread come from; "judgement" where they are ours."""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.sd) and self.sd > 0):
            raise ContractError(f"HeadControl '{self.name}': sd must be above 0, got {self.sd}.")


def _nobody() -> FloatArray:
    return np.zeros(HEAD_SHAPE_SIZE, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class HeadShape:
    """The shape of one person's head, in standard deviations about the head that ships."""

    coefficients: FloatArray = field(default_factory=_nobody)
    """[99]; 0 is the head that ships. Order and meaning: `animdrive.rig.identity.HEAD_CONTROLS`."""

    def __post_init__(self) -> None:
        values = as_float("HeadShape.coefficients", self.coefficients, (HEAD_SHAPE_SIZE,))
        far = np.flatnonzero(np.abs(values) > HEAD_SHAPE_LIMIT)
        if len(far):
            raise ContractError(
                f"HeadShape.coefficients: number {far[0]} is {values[far[0]]:.3g} standard "
                f"deviations; a head lies within ±{HEAD_SHAPE_LIMIT:g}. Clip where it is made."
            )
        put(self, coefficients=values)
