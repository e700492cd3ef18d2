"""Draw a posed character: `Renderer`, and the `portrait_camera` that frames it."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from animdrive.contract import Camera, Character
from animdrive.errors import ContractError, InputError
from animdrive.render.camera import portrait_camera
from animdrive.render.context import create_context
from animdrive.render.lights import staged
from animdrive.render.look import LookConfig
from animdrive.render.occlusion import DepthView
from animdrive.render.programs import background_program, smoothing_program
from animdrive.render.surfaces import Surfaces

__all__ = ["Renderer", "portrait_camera"]

_KEY_MAP_PX = 512
_FRONT_MAP_PX = 320
_SAMPLES = 4


class Renderer:
    """Draws one character, frame after frame. Use it in a ``with`` block.

    Lighting is a three-point portrait: a key that casts soft shadows, a fill and a rim over
    hemisphere ambient light. What shades what is baked once from the character's own poses and
    refreshed in every frame where the mouth and the lids move.
    """

    def __init__(
        self,
        character: Character,
        *,
        size_px: tuple[int, int] | None = None,
        camera: Camera | None = None,
        look: LookConfig | None = None,
    ) -> None:
        """Prepare to draw `character`.

        Args:
            character: Whom to draw.
            size_px: Width and height of the picture, pixels; by default the camera's, or 512 × 512.
            camera: Where from; by default a portrait from the front.
            look: Light and background.

        Raises:
            DeviceError: this machine has no renderer.
            InputError: `size_px` is not the camera's, or more than the renderer can do.
        """
        if size_px is None:
            size_px = camera.size_px if camera is not None else (512, 512)
        self.size_px = (int(size_px[0]), int(size_px[1]))
        self.camera = camera if camera is not None else portrait_camera(character, self.size_px)
        self._look = look or LookConfig()
        self._context: Any = create_context()
        try:
            with self._context:
                self._build(character)
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

    @property
    def camera(self) -> Camera:
        """Where pictures are taken from; may be set between draws."""
        return self._camera

    @camera.setter
    def camera(self, camera: Camera) -> None:
        if tuple(camera.size_px) != self.size_px:
            raise InputError(
                f"The camera takes pictures of {camera.size_px[0]} × {camera.size_px[1]} pixels, "
                f"the renderer of {self.size_px[0]} × {self.size_px[1]}. Make them the same."
            )
        self._camera = camera

    def draw(self, vertices: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Return [H, W, 3] sRGB of the character with its vertices where they are given.

        Args:
            vertices: [V, 3] metres, posed (see `animdrive.rig.pose.posed_vertices`).

        Raises:
            ContractError: the number of vertices is not the character's, or it is closed.
        """
        if self._context is None:
            raise ContractError("Renderer.draw: the renderer is closed.")
        given = np.asarray(vertices, dtype=np.float32)
        if given.shape != self._surfaces.shape:
            raise ContractError(
                f"Renderer.draw: vertices must have shape {list(self._surfaces.shape)}, "
                f"got {list(given.shape)}."
            )
        width, height = self.size_px
        with self._context:
            self._draw(given)
            data = self._resolved.read(components=4)
        pixels = np.frombuffer(data, dtype=np.uint8).reshape(height, width, 4)
        return np.ascontiguousarray(pixels[::-1, :, :3])

    def _build(self, character: Character) -> None:
        context = self._context
        limit = int(context.info["GL_MAX_RENDERBUFFER_SIZE"])
        if max(self.size_px) > limit:
            raise InputError(f"This renderer draws at most {limit} pixels, not {self.size_px}.")
        self._surfaces = Surfaces(context, character)
        self._key = DepthView(context, _KEY_MAP_PX)
        self._front = DepthView(context, _FRONT_MAP_PX)
        self._key_caster = self._surfaces.caster(self._key)
        self._front_caster = self._surfaces.caster(self._front)
        self._background = context.vertex_array(background_program(context), [])
        self._smoother = context.vertex_array(smoothing_program(context), [])
        self._resolved = context.framebuffer([context.renderbuffer(self.size_px, 4)])
        self._picture = context.texture(self.size_px, 4)
        self._picture.repeat_x = self._picture.repeat_y = False
        if self._look.smoothing == "samples":
            samples = min(_SAMPLES, int(context.max_samples))
            picture, depth = context.renderbuffer, context.depth_renderbuffer
            self._target = context.framebuffer(
                [picture(self.size_px, 4, samples=samples)], depth(self.size_px, samples=samples)
            )
        else:
            self._target = context.framebuffer(
                [self._picture], context.depth_renderbuffer(self.size_px)
            )

    def _draw(self, vertices: npt.NDArray[np.float32]) -> None:
        context, look = self._context, self._look
        staging = staged(look, self._camera, vertices)
        self._surfaces.pose(vertices)
        self._key.draw(self._key_caster, staging.key_box)
        self._front.draw(self._front_caster, staging.front_box)
        self._target.use()
        self._target.clear(depth=1.0)
        # Where the head is not, the gradient; see-through parts need it behind them.
        context.disable(context.DEPTH_TEST | context.CULL_FACE)
        self._background.program["u_top"].value = look.background_top
        self._background.program["u_bottom"].value = look.background_bottom
        self._background.render(vertices=3)
        context.enable(context.DEPTH_TEST)
        self._surfaces.draw(staging.uniforms, key=self._key, front=self._front)
        if look.smoothing == "filter":
            self._resolved.use()
            context.disable(context.DEPTH_TEST)
            self._picture.use()
            self._smoother.render(vertices=3)
        else:
            context.copy_framebuffer(self._resolved, self._target)
