"""A character's geometry and materials in graphics memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, Material, Part
from animdrive.render.occlusion import DepthView, baked_openness
from animdrive.render.programs import kind_of_part, surface_program
from animdrive.rig.normals import NormalSolver, vertex_normals, welds

_SRGB8 = 0x8C41  # GL_SRGB8: the sampler turns the texture into linear light
_TEXTURE_UNIT, _NORMALS_UNIT, _KEY_UNIT, _FRONT_UNIT = range(4)
_UNITS = {
    "u_texture": _TEXTURE_UNIT,
    "u_normals": _NORMALS_UNIT,
    "u_key": _KEY_UNIT,
    "u_front": _FRONT_UNIT,
}


@dataclass(frozen=True)
class _Drawable:
    """One part, ready to be drawn."""

    material: Material
    two_sided: bool
    program: Any
    array: Any
    first: int
    count: int
    textures: tuple[tuple[int, Any], ...]


class Surfaces:
    """Everything of a character that a context needs; only positions and normals change."""

    def __init__(self, context: Any, character: Character) -> None:
        """Upload `character` to `context`, which must be current."""
        self._context = context
        mesh = character.rig.neutral
        self.shape = mesh.vertices.shape
        flat = vertex_normals(mesh.vertices, mesh.faces)
        weld = welds(mesh.vertices, flat)
        self._solver = NormalSolver(mesh.faces, len(mesh.vertices), weld=weld)
        self._positions = context.buffer(reserve=mesh.vertices.nbytes, dynamic=True)
        self._normals = context.buffer(reserve=mesh.vertices.nbytes, dynamic=True)
        self._index = context.buffer(np.ascontiguousarray(mesh.faces, dtype=np.int32).tobytes())
        static = np.column_stack([mesh.uv, baked_openness(context, character, self._solver)])
        self._static = context.buffer(static.astype(np.float32).tobytes())
        self._textures: dict[tuple[str, int], Any] = {}
        self._programs: dict[tuple[str, bool, bool], Any] = {}
        parts = [part for part in character.parts if part.faces.stop > part.faces.start]
        drawables = [self._drawable(part, character.material(part.material)) for part in parts]
        # See-through parts come last, over what shines through them.
        self._drawables = sorted(drawables, key=_see_through)

    def pose(self, vertices: npt.NDArray[np.float32]) -> None:
        """Upload posed `vertices` [V, 3] metres and their normals."""
        self._positions.write(np.ascontiguousarray(vertices))
        self._normals.write(self._solver(vertices))

    def caster(self, view: DepthView) -> Any:
        """Return the vertex array that draws everything into `view`."""
        return view.array(self._positions, self._index)

    def draw(self, uniforms: dict[str, Any], *, key: DepthView, front: DepthView) -> None:
        """Draw all parts, the opaque ones first, into the framebuffer in use."""
        for program in self._programs.values():
            _tell(program, uniforms)
        key.texture.use(_KEY_UNIT)
        front.texture.use(_FRONT_UNIT)
        context, target = self._context, self._context.fbo
        for drawable in self._drawables:
            # Skin, eyes and mouth are closed surfaces whose back nobody sees; cards are not.
            (context.disable if drawable.two_sided else context.enable)(context.CULL_FACE)
            see_through = _see_through(drawable)
            (context.enable if see_through else context.disable)(context.BLEND)
            target.depth_mask = not see_through
            self._draw_one(drawable)
        target.depth_mask = True
        context.disable(context.CULL_FACE | context.BLEND)

    def _draw_one(self, drawable: _Drawable) -> None:
        material = drawable.material
        own = {
            "u_base_color": material.base_color,
            "u_emissive": material.emissive,
            "u_roughness": min(max(material.roughness, 0.05), 1.0),
            "u_metallic": material.metallic,
        }
        _tell(drawable.program, own)
        for unit, texture in drawable.textures:
            texture.use(unit)
        drawable.array.render(vertices=drawable.count, first=drawable.first)

    def _drawable(self, part: Part, material: Material) -> _Drawable:
        kind = kind_of_part(part.name)
        maps = {_TEXTURE_UNIT: material.texture, _NORMALS_UNIT: material.normal_texture}
        key = (kind, material.texture is not None, material.normal_texture is not None)
        if key not in self._programs:
            program = surface_program(self._context, kind, textured=key[1], bumped=key[2])
            _tell(program, _UNITS)
            self._programs[key] = program
        program = self._programs[key]
        array = self._context.vertex_array(
            program,
            [
                (self._positions, "3f", "in_position"),
                (self._normals, "3f", "in_normal"),
                (self._static, "2f 1f", "in_uv", "in_open"),
            ],
            index_buffer=self._index,
            skip_errors=True,  # a kind that has no use for an attribute does not have it
        )
        return _Drawable(
            material=material,
            two_sided=kind == "PLAIN",
            program=program,
            array=array,
            first=3 * part.faces.start,
            count=3 * (part.faces.stop - part.faces.start),
            textures=tuple(
                (unit, self._texture(material.name, unit, pixels))
                for unit, pixels in maps.items()
                if pixels is not None
            ),
        )

    def _texture(self, name: str, unit: int, pixels: npt.NDArray[np.uint8]) -> Any:
        key = (name, unit)
        if key not in self._textures:
            height, width = pixels.shape[:2]
            texture = self._context.texture(
                (width, height),
                3,
                # v runs up, but row 0 of a picture is its top.
                np.ascontiguousarray(pixels[::-1]).tobytes(),
                alignment=1,
                internal_format=_SRGB8 if unit == _TEXTURE_UNIT else None,
            )
            texture.build_mipmaps()
            if unit == _NORMALS_UNIT:  # one level will do: relief has no edges to shimmer
                context = self._context
                texture.filter = (context.LINEAR_MIPMAP_NEAREST, context.LINEAR)
            self._textures[key] = texture
        return self._textures[key]


def _see_through(drawable: _Drawable) -> bool:
    return drawable.material.base_color[3] < 1


def _tell(program: Any, uniforms: dict[str, Any]) -> None:
    for name, value in uniforms.items():
        if name in program:  # the compiler drops what a kind of surface does not use
            program[name].value = value
