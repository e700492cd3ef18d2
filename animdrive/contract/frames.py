"""One moment of a performance, on its way to somebody who watches."""

from __future__ import annotations

from dataclasses import dataclass

from animdrive.contract.checks import FloatArray, as_float, check_fps, check_unit_range, put
from animdrive.contract.names import ARKIT52
from animdrive.errors import ContractError


@dataclass(frozen=True, eq=False)
class CurveFrame:
    """What a `CurveTrack` holds at one frame; columns are `ARKIT52`.

    Checked here, once, as tracks are; who receives it never checks it again.
    """

    number: int
    """Frame on the stream's own clock, from 0. Numbers rise; one that is left out was dropped."""
    fps: float
    """Frames per second of that clock, above 0."""
    values: FloatArray
    """[52] in 0..1."""
    head_rotation: FloatArray
    """[3] radians: pitch, yaw, roll, as `CurveTrack.head_rotation`."""
    eye_rotation: FloatArray
    """[2, 3] radians in head space, left eye then right."""
    confidence: float = 1.0
    """How much the source saw or heard: 0 is no face."""

    def __post_init__(self) -> None:
        values = as_float("CurveFrame.values", self.values, (len(ARKIT52),))
        check_unit_range("CurveFrame.values", values[None], ARKIT52)
        if self.number < 0:
            raise ContractError(f"CurveFrame.number must be 0 or above, got {self.number}.")
        if not 0 <= self.confidence <= 1:
            raise ContractError(f"CurveFrame.confidence must be in 0..1, got {self.confidence}.")
        put(
            self,
            number=int(self.number),
            fps=check_fps("CurveFrame.fps", self.fps),
            values=values,
            head_rotation=as_float("CurveFrame.head_rotation", self.head_rotation, (3,)),
            eye_rotation=as_float("CurveFrame.eye_rotation", self.eye_rotation, (2, 3)),
            confidence=float(self.confidence),
        )

    @property
    def time_s(self) -> float:
        """When it is, seconds from frame 0."""
        return self.number / self.fps
