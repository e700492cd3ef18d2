"""A number per vertex as colour on the surface, and the bar that tells what the colours mean."""

from __future__ import annotations

from importlib.resources import files
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from animdrive.contract import Camera, Mesh
from animdrive.contract.checks import FloatArray
from animdrive.errors import ContractError, InputError
from animdrive.render.camera import columns, projection_matrix, view_matrix
from animdrive.render.compose import Image
from animdrive.render.context import create_context
from animdrive.rig.normals import NormalSolver, vertex_normals, welds

_SAMPLES = 4
_STEPS = 256
_BACKGROUND = (16 / 255, 18 / 255, 22 / 255)
_SLACK_M = 0.01
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_INK = (235, 235, 235)
_STOPS: tuple[tuple[float, tuple[int, int, int]], ...] = (
    (0.00, (196, 196, 196)),
    (0.12, (120, 176, 214)),
    (0.30, (64, 178, 140)),
    (0.50, (240, 216, 72)),
    (0.72, (238, 120, 42)),
    (0.90, (200, 30, 40)),
    (1.00, (110, 0, 60)),
)
"""Colours along the bar, sRGB: grey is nothing, then from cold to hot, darker at the end."""


def heat_colors(steps: int = _STEPS) -> npt.NDArray[np.uint8]:
    """Return [steps, 3] sRGB, the colours of the bar from 0 to full."""
    at = np.linspace(0, 1, steps)
    places = [place for place, _ in _STOPS]
    channels = [np.interp(at, places, [color[i] for _, color in _STOPS]) for i in range(3)]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)


class HeatRenderer:
    """Draws a mesh whose vertices carry a number. Use it in a ``with`` block."""

    def __init__(self, mesh: Mesh, *, camera: Camera) -> None:
        """Prepare to draw `mesh` from `camera`, whose size is the picture's.

        Raises:
            DeviceError: this machine has no renderer.
        """
        self.camera = camera
        self._shape = mesh.vertices.shape
        flat = vertex_normals(mesh.vertices, mesh.faces)
        weld = welds(mesh.vertices, flat)
        self._solver = NormalSolver(mesh.faces, len(mesh.vertices), weld=weld)
        self._context: Any = create_context()
        try:
            with self._context:
                self._build(mesh)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the graphics memory back; the renderer cannot draw afterwards."""
        if self._context is not None:
            self._context.release()
            self._context = None

    def draw(self, vertices: FloatArray, heat: FloatArray, *, full: float) -> Image:
        """Return [H, W, 3] sRGB.

        Args:
            vertices: [V, 3] metres, posed.
            heat: [V] in any unit; negative values count as 0, values above `full` as `full`.
            full: The value at the end of the bar, above 0.

        Raises:
            ContractError: another shape than the mesh's, or it is closed.
            InputError: `full` is not above 0.
        """
        if self._context is None:
            raise ContractError("HeatRenderer.draw: the renderer is closed.")
        if vertices.shape != self._shape or heat.shape != self._shape[:1]:
            raise ContractError(
                f"HeatRenderer.draw: vertices and heat must have shapes {list(self._shape)} and "
                f"{list(self._shape[:1])}, got {list(vertices.shape)} and {list(heat.shape)}."
            )
        if not full > 0:
            raise InputError(f"The end of the colour bar must be above 0, got {full}.")
        width, height = self.camera.size_px
        points = np.ascontiguousarray(vertices, dtype=np.float32)
        with self._context:
            self._positions.write(points.tobytes())
            self._normals.write(self._solver(points).tobytes())
            # Half a step in at both ends, so that the texture's border is never sampled.
            share = np.clip(heat / full, 0, 1) * (1 - 1 / _STEPS) + 0.5 / _STEPS
            self._heat.write(share.astype(np.float32).tobytes())
            self._draw(points)
            data = self._resolved.read(components=4)
        pixels = np.frombuffer(data, dtype=np.uint8).reshape(height, width, 4)
        return np.ascontiguousarray(pixels[::-1, :, :3])

    def _build(self, mesh: Mesh) -> None:
        context = self._context
        shaders = files("animdrive.render").joinpath("shaders")
        head = "#version 330 core\n"
        self._program = context.program(
            vertex_shader=head + shaders.joinpath("heat.vert").read_text(encoding="utf-8"),
            fragment_shader=head + shaders.joinpath("heat.frag").read_text(encoding="utf-8"),
        )
        size = mesh.vertices.nbytes
        self._positions = context.buffer(reserve=size, dynamic=True)
        self._normals = context.buffer(reserve=size, dynamic=True)
        self._heat = context.buffer(reserve=size // 3, dynamic=True)
        index = context.buffer(np.ascontiguousarray(mesh.faces, dtype=np.int32).tobytes())
        self._array = context.vertex_array(
            self._program,
            [
                (self._positions, "3f", "in_position"),
                (self._normals, "3f", "in_normal"),
                (self._heat, "1f", "in_heat"),
            ],
            index_buffer=index,
        )
        self._bar = context.texture((_STEPS, 1), 3, heat_colors().tobytes(), alignment=1)
        self._bar.repeat_x = self._bar.repeat_y = False
        samples = min(_SAMPLES, int(context.max_samples))
        picture = self.camera.size_px
        self._target = context.framebuffer(
            [context.renderbuffer(picture, 4, samples=samples)],
            context.depth_renderbuffer(picture, samples=samples),
        )
        self._resolved = context.framebuffer([context.renderbuffer(picture, 4)])

    def _draw(self, vertices: FloatArray) -> None:
        context = self._context
        view = view_matrix(self.camera)
        depth = -(vertices @ view[2, :3] + view[2, 3])
        near = max(float(depth.min()) - _SLACK_M, _SLACK_M)
        far = max(float(depth.max()) + _SLACK_M, near + _SLACK_M)
        projection = projection_matrix(self.camera, near_m=near, far_m=far)
        self._program["u_view_projection"].value = columns(projection @ view)
        self._program["u_eye"].value = tuple(float(x) for x in self.camera.position)
        self._bar.use(0)
        self._target.use()
        self._target.clear(*_BACKGROUND, 1.0, depth=1.0)
        context.enable(context.DEPTH_TEST)
        self._array.render()
        context.copy_framebuffer(self._resolved, self._target)


def with_color_bar(image: Image, *, full: float, unit: str, lines: tuple[str, ...] = ()) -> Image:
    """Return a copy of `image` [H, W, 3] with the bar on its right side and `lines` at its top.

    Args:
        image: What the colours are in.
        full: The value at the end of the bar.
        unit: Of the bar.
        lines: Text, one line under the other.
    """
    marked = image.copy()
    height, width = image.shape[:2]
    scale = max(height / 900, 0.3)
    line = round(34 * scale)
    top, bottom = round(0.24 * height), round(0.86 * height)
    left, thick = width - round(26 * scale), round(14 * scale)
    colors = heat_colors(max(bottom - top, 2))[::-1]
    marked[top : top + len(colors), left : left + thick] = colors[:, None]
    for step in range(5):
        value = full * step / 4
        y = round(bottom - (bottom - top) * step / 4)
        text = f"{value:g}" + (f" {unit}" if step == 4 else "")
        (text_width, text_height), _ = cv2.getTextSize(text, _FONT, 0.62 * scale, 1)
        at = (left - round(8 * scale) - text_width, y + text_height // 2)
        _write(marked, text, at, 0.62 * scale)
    for number, text in enumerate(lines):
        _write(marked, text, (round(12 * scale), (number + 1) * line), 0.8 * scale)
    return marked


def titled(image: Image, title: str) -> Image:
    """Return a copy of `image` with `title` in its upper left corner."""
    marked = image.copy()
    scale = max(image.shape[0] / 900, 0.3)
    _write(marked, title, (round(12 * scale), round(34 * scale)), 0.8 * scale)
    return marked


def _write(image: Image, text: str, at: tuple[int, int], scale: float) -> None:
    thick = max(round(1.6 * scale), 1)
    cv2.putText(image, text, at, _FONT, scale, (0, 0, 0), thick + 2, cv2.LINE_AA)
    cv2.putText(image, text, at, _FONT, scale, _INK, thick, cv2.LINE_AA)
