"""Motion of a picture: where each output pixel is fetched from."""

from __future__ import annotations

from dataclasses import dataclass

from animdrive.contract.checks import FloatArray, as_float, check_fps, check_unit_range, put


@dataclass(frozen=True, eq=False)
class MotionField:
    """A dense warp for every frame. T frames, h by w samples."""

    fps: float
    """Frames per second, above 0."""
    grid: FloatArray
    """[T, h, w, 2] where to sample, (x, y) with -1 and 1 on the centres of the outermost pixels."""
    occlusion: FloatArray
    """[T, h, w] 0 hidden in the source to 1 visible."""

    def __post_init__(self) -> None:
        grid = as_float("MotionField.grid", self.grid, ("T", "h", "w", 2))
        occlusion = as_float("MotionField.occlusion", self.occlusion, grid.shape[:3])
        check_unit_range("MotionField.occlusion", occlusion.reshape(-1, 1), ("occlusion",))
        put(self, fps=check_fps("MotionField.fps", self.fps), grid=grid, occlusion=occlusion)
