"""Somebody's own glTF file with a performance in it: everything else stays as it is in the file.

Meshes, pictures and skins are passed on byte by byte, packed or not; only the animations are
replaced by one that sets the weights of all meshes with ARKit's morph targets and turns the nodes
of the eyes and of the head, where the file has such.

Reference: Khronos Group, "glTF 2.0 Specification", sections 3.7.2.2 (morph targets) and 3.11
(animations).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from animdrive import __version__
from animdrive.contract import CurveTrack, Provenance
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.gltf_bones import Matrix, bone_nodes, eye_rests, parents_of, worlds_of
from animdrive.export.reading import arkit_name
from animdrive.files import write_bytes
from animdrive.gltf.container import Json
from animdrive.gltf.reader import GltfFile
from animdrive.gltf.rewrite import glb_bytes, in_one_buffer
from animdrive.provenance import provenance_dict
from animdrive.rig.pose import rotation_matrix


@dataclass
class _Moves:
    """What an animation of a file is to set: node and path to values, one row per frame."""

    weights: dict[int, FloatArray] = field(default_factory=dict)
    rotations: dict[int, FloatArray] = field(default_factory=dict)
    translations: dict[int, FloatArray] = field(default_factory=dict)


def write_own_rig(
    source: Path,
    track: CurveTrack,
    path: Path,
    *,
    eye_pivots: FloatArray | None = None,
    scale: float = 1.0,
    provenance: Provenance | None = None,
) -> None:
    """Write the rig in the file `source` performing `track` to `path`, a .glb, whole or not at all.

    The head turns about the joint that is called so and carries the eyes, or else about the lowest
    node that carries eyes and face; where there is neither it stands still, and so do eyes that
    have no nodes of their own.

    Args:
        source: A .glb or .gltf with morph targets that are called as ARKit calls them.
        track: The performance, one frame or more.
        path: Where, ending in .glb.
        eye_pivots: [2, 3] where the left and the right eye turn in the file's space: which node is
            which side is decided by where they are, for names of sides are not to be trusted.
        scale: How many units of the file are as long for its head as a metre is for ours.
        provenance: Where the performance comes from, put into ``asset.extras``.

    Raises:
        InputError: the file cannot be used, or has no morph target that is called as ARKit's.
    """
    file = GltfFile(source)
    world = worlds_of(file)
    moves = _Moves()
    for index in world:
        mesh = file.nodes[index].mesh
        names = file.target_names(mesh) if mesh is not None else ()
        known = [arkit_name(name) for name in names]
        if any(name in track.names for name in known):
            moves.weights[index] = _weights(file, index, known, track)
    if not moves.weights:
        raise InputError(f"{source} has no morph targets that are called as ARKit's.")
    eyes = _eye_nodes(file, world, eye_pivots)
    for side, node in eyes.items():
        moves.rotations[node] = _turned(file, world, node, track.eye_rotation[:, side])
    head, is_joint = _head_node(file, world, [*moves.weights, *eyes.values()])
    if head is not None and head not in moves.rotations:
        moves.rotations[head] = _turned(file, world, head, track.head_rotation)
        if not is_joint:
            moves.translations[head] = _moved(file, world, head, track.head_position * scale)
    write_bytes(Path(path), _with_animation(file, moves, track, provenance))


def still_parts(source: Path) -> tuple[str, ...]:
    """Return a line for each part of the rig in `source` that cannot be turned.

    Raises:
        InputError: the file cannot be used.
    """
    file = GltfFile(source)
    world = worlds_of(file)
    notes = []
    eyes = _eye_nodes(file, world, None)
    if not eyes:
        notes.append("The rig has no two nodes for its eyes; they look where their shapes look.")
    face = [index for index in world if _has_targets(file, index)]
    if _head_node(file, world, [*face, *eyes.values()])[0] is None:
        notes.append("The rig has no node that carries its whole head, which stands still.")
    return tuple(notes)


def _has_targets(file: GltfFile, index: int) -> bool:
    mesh = file.nodes[index].mesh
    return mesh is not None and bool(file.target_names(mesh))


def _weights(file: GltfFile, index: int, known: list[str | None], track: CurveTrack) -> FloatArray:
    """Return [T, C] weights; what is not ARKit's stays at what the file gives it."""
    entry, mesh = file.entry("nodes", index), file.entry("meshes", file.nodes[index].mesh)
    given = entry.get("weights", mesh.get("weights", []))
    weights = np.zeros((len(track), len(known)), dtype=np.float32)
    if isinstance(given, list) and len(given) == len(known):
        weights[:] = np.asarray(given, dtype=np.float32)
    for column, name in enumerate(known):
        if name is not None:
            weights[:, column] = track.curve(name) if name in track.names else 0.0
    return weights


def _eye_nodes(
    file: GltfFile, world: dict[int, Matrix], eye_pivots: FloatArray | None
) -> dict[int, int]:
    """Return the nodes of the left eye (0) and the right one (1)."""
    nodes = bone_nodes(file, world)
    named = [nodes[name] for name in ("eye_left", "eye_right") if name in nodes]
    if len(named) < 2 or eye_pivots is None:
        return dict(enumerate(named)) if len(named) == 2 else {}
    places = np.stack([world[node][:3, 3] for node in named])
    far = np.linalg.norm(places[:, None] - np.asarray(eye_pivots, np.float64), axis=2)
    return (
        {0: named[0], 1: named[1]}
        if np.trace(far) <= np.trace(far[::-1])
        else {
            0: named[1],
            1: named[0],
        }
    )


def _head_node(
    file: GltfFile, world: dict[int, Matrix], face: list[int]
) -> tuple[int | None, bool]:
    """Return the node to turn the head with, and whether it is a joint of a skeleton."""
    above = parents_of(file, world)

    def chain(node: int | None) -> list[int]:
        line = []
        while node is not None:
            line.append(node)
            node = above.get(node)
        return line

    # What is skinned follows its joints wherever its node is.
    loose = [node for node in face if file.nodes[node].skin is None]
    joints = {
        joint
        for number in range(file.count("skins"))
        for joint in file.entry("skins", number).get("joints", [])
    }
    named = bone_nodes(file, world).get("head")
    if named in joints and all(named in chain(node)[1:] for node in loose):
        return named, True
    if len(loose) < len(face) or not loose:
        return None, False
    shared = [node for node in chain(loose[0]) if all(node in chain(other) for other in loose)]
    # The mesh's own node is no pivot for a face whose other parts lie elsewhere.
    drawn = [node for node in world if file.nodes[node].mesh is not None]
    for node in shared:
        if all(node in chain(other) for other in drawn):
            return node, False
    return None, False


def _turned(file: GltfFile, world: dict[int, Matrix], node: int, angles: FloatArray) -> FloatArray:
    """Return [T, 4] rotations of a node in its parent that turn it by `angles` [T, 3] in space."""
    above = parents_of(file, world).get(node)
    frame = _rotation_of(world[above]) if above is not None else Rotation.identity()
    turn = Rotation.from_matrix(rotation_matrix(angles).astype(np.float64))
    rest = eye_rests(file).get(node, file.nodes[node].rotation)
    local = frame.inv() * turn * frame * Rotation.from_quat(rest)
    quaternions = local.as_quat()
    flips = (quaternions[1:] * quaternions[:-1]).sum(axis=1) < 0
    quaternions[1:][np.cumsum(flips) % 2 == 1] *= -1
    rotations: FloatArray = quaternions.astype(np.float32)
    return rotations


def _moved(file: GltfFile, world: dict[int, Matrix], node: int, way: FloatArray) -> FloatArray:
    """Return [T, 3] places of a node in its parent that move it by `way` [T, 3] in space."""
    above = parents_of(file, world).get(node)
    linear = world[above][:3, :3] if above is not None else np.eye(3)
    places = file.nodes[node].translation + np.asarray(way, np.float64) @ np.linalg.inv(linear).T
    return places.astype(np.float32)


def _rotation_of(matrix: Matrix) -> Rotation:
    left, _, right = np.linalg.svd(matrix[:3, :3])
    return Rotation.from_matrix(left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right)


def _with_animation(
    file: GltfFile, moves: _Moves, track: CurveTrack, provenance: Provenance | None
) -> bytes:
    document, blob = in_one_buffer(file)
    views: list[Json] = document.setdefault("bufferViews", [])
    accessors: list[Json] = document.setdefault("accessors", [])

    def add(values: npt.NDArray[np.float32], kind: str, **more: Any) -> int:
        blob.extend(b"\0" * (-len(blob) % 4))
        data = np.ascontiguousarray(values, dtype="<f4").tobytes()
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(data)})
        blob.extend(data)
        count = values.size // {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[kind]
        accessors.append(
            {
                "bufferView": len(views) - 1,
                "componentType": 5126,
                "count": count,
                "type": kind,
                **more,
            }
        )
        return len(accessors) - 1

    times = (np.arange(len(track)) / track.fps).astype(np.float32)
    clock = add(times, "SCALAR", min=[float(times[0])], max=[float(times[-1])])
    samplers: list[Json] = []
    channels: list[Json] = []
    for path, kind, table in (
        ("weights", "SCALAR", moves.weights),
        ("rotation", "VEC4", moves.rotations),
        ("translation", "VEC3", moves.translations),
    ):
        for node, values in table.items():
            output = add(values, kind)
            samplers.append({"input": clock, "output": output, "interpolation": "LINEAR"})
            channels.append({"sampler": len(samplers) - 1, "target": {"node": node, "path": path}})
            if path != "weights":
                _spell_out(file, document["nodes"][node], node)
    document["animations"] = [
        {
            "name": "performance",
            "samplers": samplers,
            "channels": channels,
            "extras": {"start_s": track.start_s},
        }
    ]
    document["buffers"][0]["byteLength"] = len(blob)
    if provenance is not None:
        asset = document["asset"]
        extras = asset.get("extras") if isinstance(asset.get("extras"), dict) else {}
        asset["extras"] = {**extras, **provenance_dict(provenance)}
        asset["generator"] = f"{asset.get('generator', 'unknown')}, animdrive {__version__}"
    return glb_bytes(document, bytes(blob))


def _spell_out(file: GltfFile, entry: Json, node: int) -> None:
    """Give a node that has a matrix its parts instead: only those can be animated."""
    if "matrix" not in entry:
        return
    del entry["matrix"]
    for key in ("translation", "rotation", "scale"):
        entry[key] = [float(number) for number in getattr(file.nodes[node], key)]
