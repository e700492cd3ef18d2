"""Depth as seen from one side, and how much open sky each vertex of a character sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.render.camera import Matrix, box_matrix, columns, look_matrix
from animdrive.render.programs import depth_program
from animdrive.rig.normals import NormalSolver

_BAKE_PX = 320
_DIRECTIONS = 56
_BIAS_M = 0.0012
_POSES: tuple[dict[str, float], ...] = (
    {},
    {"jawOpen": 0.7, "mouthUpperUpLeft": 0.3, "mouthUpperUpRight": 0.3},
    {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
)
"""Poses that show what others hide: a vertex counts as open where it is most open, the rest is
left to what is computed in every frame."""


class DepthView:
    """Draws geometry into a square depth map."""

    def __init__(self, context: Any, size_px: int) -> None:
        """Make a map of `size_px` squared."""
        self._context = context
        self._program = depth_program(context)
        self.size_px = size_px
        self.texture = context.depth_texture((size_px, size_px))
        self.texture.compare_func = ""
        self.texture.filter = (context.NEAREST, context.NEAREST)
        self._target = context.framebuffer(depth_attachment=self.texture)

    def array(self, positions: Any, index: Any) -> Any:
        """Return a vertex array that draws `positions` through this view."""
        return self._context.vertex_array(
            self._program, [(positions, "3f", "in_position")], index_buffer=index
        )

    def draw(self, array: Any, box: Matrix) -> None:
        """Draw `array` as seen through `box`."""
        self._target.use()
        self._target.clear(depth=1.0)
        self._context.enable(self._context.DEPTH_TEST | self._context.CULL_FACE)
        self._program["u_box"].value = columns(box)
        array.render()

    def read(self) -> npt.NDArray[np.float32]:
        """Return [S, S] depth 0 (near) to 1, row 0 at the bottom."""
        data = np.frombuffer(
            self._target.read(components=1, attachment=-1, dtype="f4"), dtype=np.float32
        )
        return data.reshape(self.size_px, self.size_px)


def baked_openness(
    context: Any, character: Character, solver: NormalSolver
) -> npt.NDArray[np.float32]:
    """Return [V] 0 (shut in) to 1 (open): the cosine-weighted share of directions that are free.

    Every vertex is looked at from directions spread evenly over the ball, in a few poses; see
    `_POSES`. Eyes turn under their lids, so nothing may be baked onto them: they are 1.
    """
    rig = character.rig
    faces = rig.neutral.faces
    view = DepthView(context, _BAKE_PX)
    positions = context.buffer(reserve=rig.neutral.vertices.nbytes, dynamic=True)
    index = context.buffer(np.ascontiguousarray(faces, dtype=np.int32).tobytes())
    array = view.array(positions, index)
    best = np.zeros(len(rig.neutral.vertices), dtype=np.float32)
    for pose in _POSES:
        weights = {name: value for name, value in pose.items() if name in rig.names}
        if pose and not weights:
            continue
        vertices = rig.neutral.vertices.copy()
        for name, value in weights.items():
            vertices += value * rig.delta(name)
        positions.write(np.ascontiguousarray(vertices))
        best = np.maximum(best, _openness(view, array, vertices, solver(vertices)))
    for part in character.parts:
        if part.bone != "head":
            best[part.vertices] = 1.0
    return best


def _openness(
    view: DepthView, array: Any, vertices: npt.NDArray[np.float32], normals: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    low, high = vertices.min(axis=0).astype(float), vertices.max(axis=0).astype(float)
    middle, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2 or 1.0
    lifted = vertices + normals * np.float32(_BIAS_M)
    free = np.zeros(len(vertices))
    total = np.full(len(vertices), 1e-6)
    for direction in _even_directions(_DIRECTIONS):
        box = box_matrix(look_matrix(middle, direction), radius)
        view.draw(array, box)
        depth = view.read()
        place = (lifted @ box[:3, :3].T + box[:3, 3]) * 0.5 + 0.5
        texel = np.clip((place[:, :2] * view.size_px).astype(np.intp), 0, view.size_px - 1)
        bias = _BIAS_M / (2 * radius)
        seen = place[:, 2] <= depth[texel[:, 1], texel[:, 0]] + bias
        cosine = np.maximum(normals @ direction, 0.0)
        free += cosine * seen
        total += cosine
    return np.asarray(free / total, dtype=np.float32)


def _even_directions(count: int) -> npt.NDArray[np.float64]:
    """Return [count, 3] unit vectors, evenly spread: the Fibonacci lattice of the sphere."""
    step = np.arange(count) + 0.5
    height = 1 - 2 * step / count
    turn = np.pi * (1 + np.sqrt(5)) * step
    ring = np.sqrt(1 - height**2)
    return np.stack([np.cos(turn) * ring, height, np.sin(turn) * ring], axis=1)
