"""A rig out of a GLB or glTF file: all its meshes at rest, and their morph targets.

Reference: Khronos Group, "glTF 2.0 Specification", sections 3.5 (transforms), 3.7.2 (morph
targets) and 3.7.3 (skins: the nodes' own transforms do not count, the joints' do).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from animdrive.capture.read_rig import FoundPart, FoundRig
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.gltf_bones import BONES, Matrix, parents_of, pivots_of, worlds_of
from animdrive.export.gltf_character import FIRST_VERTEX
from animdrive.gltf.container import damaged, is_count
from animdrive.gltf.materials import GltfMaterial, read_material
from animdrive.gltf.reader import GltfFile, Primitive


def read_gltf_rig(path: Path) -> tuple[FoundRig, tuple[Path, ...]]:
    """Return the rig of all meshes of the file's scene, as they stand there, and the file.

    Primitives that share their vertices are one part. Parts come in the order of the scene, those
    with morph targets first; in a file of ours in the order of its rig. A morph target of the same
    name in several meshes is one shape.

    Raises:
        InputError: no such file, damaged, or no mesh in its scene.
    """
    file = GltfFile(path)
    world = worlds_of(file)
    above = parents_of(file, world)
    pieces = [
        piece
        for index in world
        if file.nodes[index].mesh is not None
        for piece in _pieces(file, index, world, above)
    ]
    pieces.sort(key=lambda piece: not piece.names)
    if all(piece.first is not None for piece in pieces):  # a file of ours
        pieces.sort(key=lambda piece: piece.first or 0)
    if not pieces:
        raise InputError(f"{path} has no mesh in its scene. Export the face with it.")
    shapes: dict[str, int] = {}
    for piece in pieces:
        for name in piece.names:
            shapes.setdefault(name, len(shapes))
    count = sum(len(piece.vertices) for piece in pieces)
    deltas = np.zeros((len(shapes), count, 3), dtype=np.float32)
    faces, start = [], 0
    for piece in pieces:
        stop = start + len(piece.vertices)
        for name, offsets in zip(piece.names, piece.deltas, strict=True):
            deltas[shapes[name], start:stop] = offsets
        faces.append(piece.faces + start)
        start = stop
    used = list(dict.fromkeys(piece.material for piece in pieces))
    found = FoundRig(
        vertices=np.concatenate([piece.vertices for piece in pieces]),
        faces=np.concatenate(faces).astype(np.int32),
        uv=np.concatenate([piece.uv for piece in pieces]),
        shapes=tuple(shapes),
        deltas=deltas,
        parts=tuple(
            FoundPart(
                piece.name,
                piece.mesh,
                len(piece.vertices),
                len(piece.faces),
                piece.bone,
                used.index(piece.material),
            )
            for piece in pieces
        ),
        metres=True,
        pivots=pivots_of(file, world),
        materials=tuple(read_material(file, index) for index in used),
    )
    return found, (path,)


class _Piece:
    """One or more primitives with the same vertices, in the scene's space."""

    def __init__(
        self,
        name: str,
        mesh: str,
        bone: str,
        names: tuple[str, ...],
        primitive: Primitive,
        place: Matrix,
        material: GltfMaterial,
    ) -> None:
        # place [4, 4], or [V, 4, 4] of a skinned mesh
        linear, shift = place[..., :3, :3], place[..., :3, 3]
        self.name, self.mesh, self.bone, self.names = name, mesh, bone, names
        self.vertices: FloatArray = (
            np.einsum("...ij,...j->...i", linear, primitive.positions) + shift
        ).astype(np.float32)
        self.deltas: FloatArray = np.zeros((len(names), *self.vertices.shape), np.float32)
        for row, offsets in zip(self.deltas, primitive.offsets, strict=True):
            row[:] = np.einsum("...ij,...j->...i", linear, offsets)
        self.material = primitive.material
        uv = primitive.attributes.get(f"TEXCOORD_{material.texcoord}")
        self.uv: FloatArray = np.zeros((len(self.vertices), 2), dtype=np.float32)
        if uv is not None and uv.shape[1] == 2:
            placed = material.placed_uv(uv)
            self.uv[:, 0], self.uv[:, 1] = placed[:, 0], 1.0 - placed[:, 1]  # v runs down in glTF
        self.first: int | None = None
        mirrored = np.linalg.det(linear if linear.ndim == 2 else linear[0]) < 0
        self.faces = primitive.faces[:, ::-1] if mirrored else primitive.faces


def _pieces(
    file: GltfFile, index: int, world: dict[int, Matrix], above: dict[int, int]
) -> list[_Piece]:
    node = file.nodes[index]
    mesh = file.mesh(node.mesh)
    entries = file.entry("meshes", node.mesh)["primitives"]
    found: dict[Any, _Piece] = {}
    named = _called(file, index, above)
    bone = next((b for b in ("eye_left", "eye_right") if BONES[b].search(named)), "head")
    for number, (primitive, entry) in enumerate(zip(mesh.primitives, entries, strict=True)):
        key = entry["attributes"]["POSITION"]
        place = world[index]
        if _is_skinned(node.skin, primitive):
            place = _skinned(file, node.skin, primitive, world)
        name = mesh.name or named
        if len(mesh.primitives) > 1:
            name = _material(file, primitive.material) or f"{name}_{number}"
        piece = _Piece(
            name,
            mesh.name or named,
            bone,
            mesh.target_names,
            primitive,
            place,
            read_material(file, primitive.material),
        )
        if key in found:
            before = found[key]
            before.faces = np.concatenate([before.faces, piece.faces])
        else:
            extras = entry.get("extras")
            first = extras.get(FIRST_VERTEX) if isinstance(extras, dict) else None
            piece.first = first if is_count(first) else None
            found[key] = piece
    return [piece for piece in found.values() if len(piece.vertices)]


def _called(file: GltfFile, index: int | None, above: dict[int, int]) -> str:
    """Return the name of a node, or else of the nearest one above it that has one."""
    while index is not None:
        if file.nodes[index].name:
            return file.nodes[index].name
        index = above.get(index)
    return ""


def _material(file: GltfFile, index: int | None) -> str:
    return "" if index is None else str(file.entry("materials", index).get("name", ""))


def _is_skinned(skin: int | None, primitive: Primitive) -> bool:
    return skin is not None and {"JOINTS_0", "WEIGHTS_0"} <= primitive.attributes.keys()


def _skinned(
    file: GltfFile, skin: int | None, primitive: Primitive, world: dict[int, Matrix]
) -> Matrix:
    """Return [V, 4, 4], where the joints at rest put every vertex."""
    entry = file.entry("skins", skin)
    joints = entry.get("joints")
    if not isinstance(joints, list) or not all(is_count(joint) for joint in joints):
        raise damaged(file.path, f"skins[{skin}] has no joints")
    bind = np.tile(np.eye(4), (len(joints), 1, 1))
    if entry.get("inverseBindMatrices") is not None:
        rows = file.floats(entry["inverseBindMatrices"], 16, f"skins[{skin}]")
        if len(rows) < len(joints):
            raise damaged(file.path, f"skins[{skin}] has {len(rows)} of {len(joints)} matrices")
        bind = rows[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
    if any(joint not in world for joint in joints):
        raise damaged(file.path, f"skins[{skin}] has joints that are not in the scene")
    pose = np.stack([world[joint] for joint in joints]) @ bind
    which = primitive.attributes["JOINTS_0"].astype(np.int64)
    weight = primitive.attributes["WEIGHTS_0"].astype(np.float64)
    if which.shape != weight.shape or (which.size and which.max() >= len(joints)):
        raise damaged(file.path, f"skins[{skin}] is given joints that it does not have")
    total = weight.sum(axis=1, keepdims=True)
    placed: Matrix = np.einsum("vk,vkij->vij", weight / np.maximum(total, 1e-9), pose[which])
    return placed
