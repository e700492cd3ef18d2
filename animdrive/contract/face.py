"""A face as codes: what reconstruction finds in a photograph."""

from __future__ import annotations

from dataclasses import dataclass

from animdrive.contract.checks import ByteArray, FloatArray, as_bytes, as_float, put
from animdrive.contract.geometry import Camera


@dataclass(frozen=True, eq=False)
class FaceFit:
    """One person in one picture."""

    shape: FloatArray
    """[S] identity code."""
    expression: FloatArray
    """[E] expression code."""
    rotation: FloatArray
    """[3] radians: head pitch, yaw, roll, as in `CurveTrack.head_rotation`."""
    camera: Camera
    """The camera that took the picture, in head space."""
    position_map: FloatArray
    """[P, P, 3] metres: where on the head each texel lies."""
    texture: ByteArray
    """[Q, Q, 3] sRGB albedo; its size is its own."""

    def __post_init__(self) -> None:
        size = len(self.position_map)
        put(
            self,
            shape=as_float("FaceFit.shape", self.shape, ("S",)),
            expression=as_float("FaceFit.expression", self.expression, ("E",)),
            rotation=as_float("FaceFit.rotation", self.rotation, (3,)),
            position_map=as_float("FaceFit.position_map", self.position_map, (size, size, 3)),
            texture=as_bytes(
                "FaceFit.texture", self.texture, (len(self.texture), len(self.texture), 3)
            ),
        )
