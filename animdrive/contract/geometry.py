"""Shapes: meshes, rigs, characters, cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from animdrive.contract.checks import (
    ByteArray,
    FloatArray,
    IntArray,
    as_bytes,
    as_float,
    as_int,
    check_fps,
    check_indices,
    check_names,
    check_unit_range,
    put,
)
from animdrive.errors import ContractError


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh. V vertices, F faces; +Y up, the face looks along +Z."""

    vertices: FloatArray
    """[V, 3] metres."""
    faces: IntArray
    """[F, 3] vertex indices, counter-clockwise seen from outside."""
    uv: FloatArray
    """[V, 2] texture coordinates in 0..1, u to the right, v up."""

    def __post_init__(self) -> None:
        vertices = as_float("Mesh.vertices", self.vertices, ("V", 3))
        faces = as_int("Mesh.faces", self.faces, ("F", 3))
        check_indices("Mesh.faces", faces, len(vertices))
        uv = as_float("Mesh.uv", self.uv, (len(vertices), 2))
        check_unit_range("Mesh.uv", uv, ("u", "v"))
        put(self, vertices=vertices, faces=faces, uv=uv)


@dataclass(frozen=True, eq=False)
class Rig:
    """A mesh and what each curve does to it. C curves, V vertices."""

    neutral: Mesh
    """The face at rest."""
    names: tuple[str, ...]
    """C unique curve names."""
    deltas: FloatArray
    """[C, V, 3] metres: the offset of every vertex at curve value 1."""

    def __post_init__(self) -> None:
        names = check_names("Rig.names", self.names)
        shape = (len(names), len(self.neutral.vertices), 3)
        put(self, names=names, deltas=as_float("Rig.deltas", self.deltas, shape))

    def delta(self, name: str) -> FloatArray:
        """Return [V, 3] metres, what curve `name` does at value 1."""
        if name not in self.names:
            raise ContractError(f"Rig has no curve '{name}'.")
        offset: FloatArray = self.deltas[self.names.index(name)]
        return offset


@dataclass(frozen=True, eq=False)
class Material:
    """How a part looks: the metallic-roughness model of glTF 2.0, section 3.9."""

    name: str
    """Unique within a character."""
    base_color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    """Linear RGBA 0..1, multiplied with the texture; alpha below 1 is see-through."""
    roughness: float = 0.5
    """0 mirror to 1 chalk."""
    metallic: float = 0.0
    """0 skin, cloth, teeth to 1 metal."""
    texture: ByteArray | None = None
    """[H, W, 3] sRGB albedo, row 0 at v = 1; or None."""
    normal_texture: ByteArray | None = None
    """[H, W, 3] tangent-space normal map, +Y up; or None."""
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Linear RGB 0..1 given off."""

    def __post_init__(self) -> None:
        for what in ("texture", "normal_texture"):
            pixels = getattr(self, what)
            if pixels is not None:
                put(self, **{what: as_bytes(f"Material.{what}", pixels, ("H", "W", 3))})


@dataclass(frozen=True)
class Part:
    """A run of a character's vertices and faces with one material and one bone."""

    name: str
    """Unique within a character: "skin", "eye_left", "teeth_upper", "tongue"..."""
    vertices: slice
    """Its run of the rig's vertices."""
    faces: slice
    """Its run of the rig's faces; they use vertices of this part alone."""
    material: str
    """Name of its `Material`."""
    bone: str = "head"
    """"head" (blended with the neck by `Character.head_weight`), "eye_left" or "eye_right"."""


@dataclass(frozen=True, eq=False)
class Character:
    """A rig with everything that makes it a face to look at. V vertices."""

    rig: Rig
    """Shape and curves."""
    parts: tuple[Part, ...]
    """In order, together covering all vertices and faces once."""
    materials: tuple[Material, ...]
    """One for each material name of the parts."""
    head_pivot: FloatArray
    """[3] metres: the joint about which the head turns."""
    eye_pivots: FloatArray
    """[2, 3] metres: centre of the left and the right eyeball."""
    head_weight: FloatArray
    """[V] 0 (stays with the shoulders) to 1 (turns with the head)."""
    landmarks: IntArray
    """[P] vertex of each MediaPipe landmark, or empty where a character has none."""
    regions: Mapping[str, IntArray] = field(default_factory=dict)
    """Named sets of vertices: "lips_upper", "lid_upper_left", "brow_left", "jaw"..."""

    def __post_init__(self) -> None:
        count = len(self.rig.neutral.vertices)
        weight = as_float("Character.head_weight", self.head_weight, (count,))
        check_unit_range("Character.head_weight", weight[:, None], ("head_weight",))
        known = {material.name for material in self.materials}
        vertex = face = 0
        for part in self.parts:
            if part.material not in known:
                raise ContractError(f"Part '{part.name}' names no material: '{part.material}'.")
            if (part.vertices.start, part.faces.start) != (vertex, face):
                raise ContractError(f"Part '{part.name}' does not follow on the part before it.")
            vertex, face = part.vertices.stop, part.faces.stop
        if (vertex, face) != (count, len(self.rig.neutral.faces)):
            raise ContractError("Character.parts do not cover the rig's vertices and faces.")
        landmarks = as_int("Character.landmarks", self.landmarks, ("P",))
        check_indices("Character.landmarks", landmarks, count)
        regions = {
            name: as_int(f"Character.regions['{name}']", index, ("N",))
            for name, index in self.regions.items()
        }
        for name, index in regions.items():
            check_indices(f"Character.regions['{name}']", index, count)
        put(
            self,
            head_pivot=as_float("Character.head_pivot", self.head_pivot, (3,)),
            eye_pivots=as_float("Character.eye_pivots", self.eye_pivots, (2, 3)),
            head_weight=weight,
            landmarks=landmarks,
            regions=MappingProxyType(regions),
        )

    def part(self, name: str) -> Part:
        """Return the part called `name`."""
        for part in self.parts:
            if part.name == name:
                return part
        raise ContractError(f"Character has no part '{name}'.")

    def material(self, name: str) -> Material:
        """Return the material called `name`."""
        return next(material for material in self.materials if material.name == name)


@dataclass(frozen=True, eq=False)
class MeshTrack:
    """Skin over time. T frames, V vertices. Owned, not copied."""

    faces: IntArray
    """[F, 3] vertex indices."""
    fps: float
    """Frames per second, above 0."""
    vertices: FloatArray
    """[T, V, 3] metres."""

    def __post_init__(self) -> None:
        vertices = np.asarray(self.vertices, dtype=np.float32)
        if vertices.ndim != 3 or vertices.shape[2] != 3 or not np.isfinite(vertices).all():
            raise ContractError(
                f"MeshTrack.vertices must be finite [T, V, 3], got {list(vertices.shape)}."
            )
        vertices = vertices.view()
        vertices.setflags(write=False)
        faces = as_int("MeshTrack.faces", self.faces, ("F", 3))
        put(self, faces=faces, fps=check_fps("MeshTrack.fps", self.fps), vertices=vertices)


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera that looks along its own -Z, +Y up, as in glTF."""

    position: FloatArray
    """[3] metres."""
    target: FloatArray
    """[3] metres: the point in the middle of the picture."""
    vertical_fov: float
    """Full angle of view over the picture's height, radians."""
    size_px: tuple[int, int]
    """Width and height of the picture, pixels."""

    def __post_init__(self) -> None:
        if not 0 < self.vertical_fov < np.pi:
            raise ContractError(f"Camera.vertical_fov must be in 0..π, got {self.vertical_fov}.")
        put(
            self,
            position=as_float("Camera.position", self.position, (3,)),
            target=as_float("Camera.target", self.target, (3,)),
        )
