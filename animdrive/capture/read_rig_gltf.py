"""A rig out of a GLB or glTF file: all its meshes at rest, and their morph targets.

Reference: Khronos Group, "glTF 2.0 Specification", sections 3.5 (transforms), 3.7.2 (morph
targets) and 3.7.3 (skins: the nodes' own transforms do not count, the joints' do).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from animdrive.capture.read_rig import FoundPart, FoundRig
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.gltf_character import FIRST_VERTEX
from animdrive.gltf.container import damaged, is_count
from animdrive.gltf.reader import GltfFile, Primitive

Matrix = npt.NDArray[np.float64]

_BONES = {
    "eye_left": re.compile(r"(left.?eye|eye.?(left|l)$|l.?eye$)", re.IGNORECASE),
    "eye_right": re.compile(r"(right.?eye|eye.?(right|r)$|r.?eye$)", re.IGNORECASE),
    "head": re.compile(r"(^|[:_. ])(head|neck.?2)$", re.IGNORECASE),
}


def read_gltf_rig(path: Path) -> tuple[FoundRig, tuple[Path, ...]]:
    """Return the rig of all meshes of the file's scene, as they stand there, and the file.

    Primitives that share their vertices are one part. Parts come in the order of the scene, those
    with morph targets first; in a file of ours in the order of its rig. A morph target of the same
    name in several meshes is one shape.

    Raises:
        InputError: no such file, damaged, or no mesh in its scene.
    """
    file = GltfFile(path)
    world = _worlds(file)
    pieces = [
        piece
        for index in world
        if file.nodes[index].mesh is not None
        for piece in _pieces(file, index, world)
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
    found = FoundRig(
        vertices=np.concatenate([piece.vertices for piece in pieces]),
        faces=np.concatenate(faces).astype(np.int32),
        uv=np.concatenate([piece.uv for piece in pieces]),
        shapes=tuple(shapes),
        deltas=deltas,
        parts=tuple(
            FoundPart(piece.name, piece.mesh, len(piece.vertices), len(piece.faces), piece.bone)
            for piece in pieces
        ),
        metres=True,
        pivots=_pivots(file, world),
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
        uv = primitive.attributes.get("TEXCOORD_0")
        self.uv: FloatArray = np.zeros((len(self.vertices), 2), dtype=np.float32)
        if uv is not None and uv.shape[1] == 2:
            self.uv[:, 0], self.uv[:, 1] = uv[:, 0], 1.0 - uv[:, 1]  # v runs down in glTF
        self.first: int | None = None
        mirrored = np.linalg.det(linear if linear.ndim == 2 else linear[0]) < 0
        self.faces = primitive.faces[:, ::-1] if mirrored else primitive.faces


def _pieces(file: GltfFile, index: int, world: dict[int, Matrix]) -> list[_Piece]:
    node = file.nodes[index]
    mesh = file.mesh(node.mesh)
    entries = file.entry("meshes", node.mesh)["primitives"]
    found: dict[Any, _Piece] = {}
    bone = next((b for b in ("eye_left", "eye_right") if _BONES[b].search(node.name)), "head")
    for number, (primitive, entry) in enumerate(zip(mesh.primitives, entries, strict=True)):
        key = entry["attributes"]["POSITION"]
        place = world[index]
        if _is_skinned(node.skin, primitive):
            place = _skinned(file, node.skin, primitive, world)
        name = mesh.name or node.name
        if len(mesh.primitives) > 1:
            name = _material(file, primitive.material) or f"{name}_{number}"
        piece = _Piece(name, mesh.name or node.name, bone, mesh.target_names, primitive, place)
        if key in found:
            before = found[key]
            before.faces = np.concatenate([before.faces, piece.faces])
        else:
            extras = entry.get("extras")
            first = extras.get(FIRST_VERTEX) if isinstance(extras, dict) else None
            piece.first = first if is_count(first) else None
            found[key] = piece
    return [piece for piece in found.values() if len(piece.vertices)]


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


def _worlds(file: GltfFile) -> dict[int, Matrix]:
    """Return the matrix of every node of the scene, in its order."""
    scene = file.json.get("scene", 0)
    if file.count("scenes"):
        roots = file.entry("scenes", scene).get("nodes", [])
    else:
        below = {child for node in file.nodes for child in node.children}
        roots = [index for index in range(len(file.nodes)) if index not in below]
    world: dict[int, Matrix] = {}
    waiting = [(root, np.eye(4)) for root in reversed(roots)] if isinstance(roots, list) else []
    while waiting:
        index, above = waiting.pop()
        if not is_count(index) or index >= len(file.nodes) or index in world:
            raise damaged(file.path, f"its scene has nodes[{index}] twice, or there is none")
        node = file.nodes[index]
        local = np.eye(4)
        local[:3, :3] = Rotation.from_quat(node.rotation).as_matrix() * node.scale
        local[:3, 3] = node.translation
        world[index] = above @ local
        waiting += [(child, world[index]) for child in reversed(node.children)]
    return world


def _pivots(file: GltfFile, world: dict[int, Matrix]) -> dict[str, FloatArray]:
    """Return where joints stand that are called as eyes or head."""
    places: dict[str, FloatArray] = {}
    for index, matrix in world.items():
        node = file.nodes[index]
        for bone, pattern in _BONES.items():
            at_origin = node.mesh is not None and not np.any(matrix[:3, 3])
            if bone not in places and pattern.search(node.name) and not at_origin:
                places[bone] = matrix[:3, 3].astype(np.float32)
    return places
