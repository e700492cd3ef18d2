"""Anybody's rig as a `Character`: GLB with morph targets, OBJ per shape, or a head of ours.

Vertices stay in the order of the file, split where the file has them split, for a geometry cache of
the same mesh has the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from animdrive.capture.read_rig_character import (
    SKIN,
    eyes_at_their_lids,
    found_character,
    skin_of,
)
from animdrive.capture.read_rig_surfaces import found_materials
from animdrive.capture.units import UNITS, check_up, unit_of_rig, upright
from animdrive.contract import Character, Mesh, Rig
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import ContractError, InputError
from animdrive.export.reading import arkit_name
from animdrive.gltf.materials import GltfMaterial
from animdrive.registry import Registry

RIG_READERS = Registry(
    "rig format",
    {
        "glb": "animdrive.capture.read_rig_gltf:read_gltf_rig",
        "gltf": "animdrive.capture.read_rig_gltf:read_gltf_rig",
        "obj": "animdrive.capture.read_rig_obj:read_obj_rig",
    },
)
"""Formats of rigs by file suffix; each takes a path and returns `FoundRig`."""

OWN_HEAD = "head"
"""What names the head that animdrive ships, where a path is asked for."""


@dataclass(frozen=True, eq=False)
class FoundPart:
    """A run of vertices of a file that is read as one part."""

    name: str
    """As the file calls it; need not be unique."""
    mesh: str
    """Name of the mesh that it is of."""
    vertices: int
    """How many."""
    faces: int
    """How many."""
    bone: str = "head"
    """See `animdrive.contract.Part.bone`."""
    material: int = 0
    """Index into `FoundRig.materials`, where there are any."""


@dataclass(frozen=True, eq=False)
class FoundRig:
    """What a file holds of a rig, before it is brought to metres. V vertices, F faces, C shapes."""

    vertices: FloatArray
    """[V, 3] in the file's unit."""
    faces: IntArray
    """[F, 3]"""
    uv: FloatArray
    """[V, 2], u to the right, v up."""
    shapes: tuple[str, ...]
    """C names as the file has them."""
    deltas: FloatArray
    """[C, V, 3] in the file's unit."""
    parts: tuple[FoundPart, ...]
    """In order."""
    metres: bool = False
    """Whether the format says that its unit is the metre and that +Y is up."""
    pivots: dict[str, FloatArray] = field(default_factory=dict)
    """Joints that the file has, [3]: some of "head", "eye_left", "eye_right"."""
    materials: tuple[GltfMaterial, ...] = ()
    """What the parts look like, pictures undecoded; empty where the format does not say."""


@dataclass(frozen=True, eq=False)
class RigRead:
    """A character from a file, and what there is to say about it."""

    character: Character
    """In metres, +Y up."""
    unit: str
    """Unit of the file: "m", "cm" or "mm"."""
    notes: tuple[str, ...]
    """One sentence each, for the user."""
    files: tuple[Path, ...] = ()
    """What was read, for the provenance; empty where it is the head that ships."""
    unread: tuple[str, ...] = ()
    """Names of materials whose pictures could not be read."""


def read_rig(
    path: Path | str,
    *,
    unit: str = "auto",
    up: str = "auto",
    meshes: Sequence[str] = (),
    surfaces: bool = False,
) -> RigRead:
    """Return the rig of a file, of a folder of OBJs, of a capture, or the head that ships.

    Names of shapes that are ARKit's but for case, or as ``browDown_L``, become ARKit's; others are
    kept. Polygons are triangulated as fans, so that the same mesh has the same faces in every
    format. A character from a file has no regions and no landmarks; the part that its shapes move
    most is called "skin", unless another one is.

    Args:
        path: A .glb or .gltf with morph targets; an .obj at rest (its shapes are the other OBJs of
            its folder) or such a folder with ``neutral.obj`` or ``base.obj``; a .safetensors of
            ours; a capture's folder; or "head".
        unit: "m", "cm", "mm", or "auto": by the size of the head.
        up: "y" or "z", which axis is up in an OBJ; "auto" is y. glTF is +Y up always.
        meshes: Names of meshes or parts of a glTF that are read, case ignored; none means all.
        surfaces: Whether to read what a glTF looks like, too: its colours and their pictures.
            Without, all of it is of the colour of skin.

    Raises:
        InputError: no such file, damaged, of an unknown format, without shapes, or of a size that
            does not tell the unit.
    """
    check_up(up)
    if unit not in ("auto", *UNITS):
        raise InputError(f"Unknown unit '{unit}'. Known: auto, {', '.join(UNITS)}.")
    if str(path) == OWN_HEAD and not Path(path).exists():
        from animdrive.rig.head import load_head

        return RigRead(load_head(), "m", ())
    path = Path(path)
    if path.is_dir() and (path / "base.safetensors").is_file():
        path = path / "base.safetensors"
    if path.suffix.lower() == ".safetensors":
        from animdrive.rig.head import read_head

        return RigRead(read_head(path), "m", (), (path,))
    kind = "obj" if path.is_dir() else path.suffix.lower().removeprefix(".")
    if kind not in RIG_READERS:
        what = f"the suffix '.{kind}'" if kind else "no suffix"
        raise InputError(
            f"{path} has {what}; rigs are read from .glb, .gltf, .obj, a folder of OBJs, a "
            f"capture's folder, .safetensors of animdrive, or the word 'head'."
        )
    found, files = RIG_READERS.load(kind)(path)
    if not surfaces:
        plain = tuple(replace(part, material=0) for part in found.parts)
        found = replace(found, materials=(), parts=plain)
    return _read(path, _only(path, found, meshes), files, unit, up)


def _read(path: Path, found: FoundRig, files: tuple[Path, ...], unit: str, up: str) -> RigRead:
    if not found.shapes:
        raise InputError(
            f"{path} has no shapes (morph targets), so curves cannot move it. Export it with its "
            f"blend shapes."
        )
    if not len(found.faces):
        raise InputError(f"{path} has no faces. Export the rig as a mesh.")
    if not (np.isfinite(found.vertices).all() and np.isfinite(found.deltas).all()):
        raise InputError(f"{path} holds numbers that are not finite. Export the rig again.")
    axis = "y" if up == "auto" or found.metres else up
    vertices = upright(found.vertices, axis)
    deltas = upright(found.deltas, axis)
    unit, unit_notes = unit_of_rig(path, vertices, unit, metres=found.metres)
    scale = np.float32(UNITS[unit])
    names, name_notes = named_shapes(path, found.shapes)
    vertices, deltas = vertices * scale, deltas * scale
    still = [n for n, d in zip(names, deltas, strict=True) if not np.abs(d).max() > 1e-7]
    notes = [*unit_notes, *name_notes]
    if len(still) == len(names):
        raise InputError(f"{path}: none of its {len(names)} shapes moves a vertex. Export it anew.")
    if still:
        shown = ", ".join(still[:4]) + (", ..." if len(still) > 4 else "")
        notes.append(f"{len(still)} of {len(names)} shapes move nothing: {shown}.")
    pivots = {name: upright(place, axis) * scale for name, place in found.pivots.items()}
    looks = found_materials(path, found.materials)
    materials = looks.materials
    notes += looks.notes
    try:
        rig = Rig(Mesh(vertices, found.faces, _unit_uv(found.uv)), names, deltas)
        found, side_notes = eyes_at_their_lids(found, rig, pivots)
        notes += side_notes
        character = found_character(rig, found.parts, skin_of(found), pivots, materials)
    except ContractError as error:
        raise InputError(f"{path} cannot be used as a rig: {error}") from error
    return RigRead(character, unit, tuple(notes), files, looks.unread)


def _only(path: Path, found: FoundRig, meshes: Sequence[str]) -> FoundRig:
    """Return the parts of `found` that are called `meshes`, or belong to such; none means all."""
    if not meshes:
        return found
    skin = found.parts[skin_of(found)]
    names = [
        {part.name.lower(), part.mesh.lower()} | ({SKIN} if part is skin else set())
        for part in found.parts
    ]
    wanted = {name.lower() for name in meshes}
    known = set().union(*names)
    for name in sorted(wanted - known):
        has = ", ".join(sorted({part.mesh or part.name for part in found.parts}))
        raise InputError(f"{path} has no mesh '{name}'. It has: {has}.")
    taken = [bool(own & wanted) for own in names]
    chosen = [part for part, take in zip(found.parts, taken, strict=True) if take]
    keep = np.repeat(taken, [part.vertices for part in found.parts])
    place = np.cumsum(keep) - 1
    return replace(
        found,
        vertices=found.vertices[keep],
        faces=place[found.faces[keep[found.faces[:, 0]]]].astype(np.int32),
        uv=found.uv[keep],
        deltas=found.deltas[:, keep],
        parts=tuple(chosen),
    )


def named_shapes(path: Path, shapes: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of `shapes` as ARKit writes them where they are ARKit's, and notes.

    Raises:
        InputError: two shapes have the same name.
    """
    names = tuple(arkit_name(shape) or shape.strip() for shape in shapes)
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InputError(f"{path}: the shape '{name}' is there twice. Rename one of them.")
        if not name:
            raise InputError(f"{path}: shape {index} has no name. Give it one.")
    other = [name for name in names if arkit_name(name) is None]
    if not other:
        return names, ()
    shown = ", ".join(other[:4]) + (", ..." if len(other) > 4 else "")
    return names, (f"{len(other)} of {len(names)} shapes are not ARKit's, kept as: {shown}.",)


def _unit_uv(uv: FloatArray) -> FloatArray:
    """Return texture coordinates in 0..1; tiles beyond the first are laid over it."""
    outside = (uv < 0) | (uv > 1) | ~np.isfinite(uv)
    wrapped: FloatArray = np.where(outside, np.nan_to_num(uv) % 1.0, uv).astype(np.float32)
    return wrapped
