"""Reading a glTF file: nodes, meshes with morph targets, animations.

Everything is checked before it is used, for such files come from anywhere. Reference: Khronos
Group, "glTF 2.0 Specification" (ISO/IEC 12113:2022), sections 3.6 (accessors), 3.7 (meshes) and
3.11 (animations).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray, IntArray
from animdrive.gltf.accessors import GltfData
from animdrive.gltf.container import Json, damaged, is_count


@dataclass(frozen=True, eq=False)
class Primitive:
    """A run of triangles with one material. V vertices, F faces, C morph targets."""

    positions: FloatArray
    """[V, 3] metres."""
    faces: IntArray
    """[F, 3] vertex indices."""
    attributes: dict[str, npt.NDArray[Any]]
    """Further vertex data by glTF name, [V, K]: NORMAL, TEXCOORD_0, JOINTS_0, WEIGHTS_0..."""
    offsets: FloatArray
    """[C, V, 3] metres: what each morph target adds to the positions."""
    normal_offsets: FloatArray
    """[C, V, 3]: what each morph target adds to the normals; zeros where the file has none."""
    material: int | None
    """Index of its material."""


@dataclass(frozen=True, eq=False)
class GltfMesh:
    """A mesh and the names of its morph targets."""

    name: str
    """May be empty."""
    primitives: tuple[Primitive, ...]
    """One or more."""
    target_names: tuple[str, ...]
    """C names, from ``extras.targetNames``; "target_0"... where the file has none."""


@dataclass(frozen=True, eq=False)
class Node:
    """A place in the scene."""

    name: str
    """May be empty."""
    children: tuple[int, ...]
    """Indices of the nodes below."""
    translation: FloatArray
    """[3] metres from its parent."""
    rotation: FloatArray
    """[4] quaternion x, y, z, w."""
    scale: FloatArray
    """[3]"""
    mesh: int | None
    """Index of its mesh."""
    skin: int | None
    """Index of its skin."""


@dataclass(frozen=True, eq=False)
class Channel:
    """One animated property of one node. K keys."""

    node: int
    """Index of the node."""
    path: str
    """"translation", "rotation", "scale" or "weights"."""
    interpolation: str
    """"LINEAR", "STEP" or "CUBICSPLINE"."""
    times_s: npt.NDArray[np.float64]
    """[K] rising times, seconds."""
    values: FloatArray
    """[K, N] values at the keys; of a cubic spline the values alone, without its tangents."""

    def at(self, times_s: npt.ArrayLike) -> FloatArray:
        """Return [T, N], the values at `times_s` [T], held before the first and after the last key.

        STEP holds the last key, everything else is a straight line: for a cubic spline an
        approximation between keys. Quaternions come out with unit length, along the shorter way.
        """
        times = np.asarray(times_s, dtype=np.float64)
        values = self.values.astype(np.float64)
        if self.path == "rotation":
            flip = (values[1:] * values[:-1]).sum(axis=1) < 0
            sign = np.where(np.r_[False, np.cumsum(flip) % 2 == 1], -1.0, 1.0)
            values = values * sign[:, None]
        if self.interpolation == "STEP":
            key = np.clip(np.searchsorted(self.times_s, times, side="right") - 1, 0, None)
            result = values[key]
        else:
            result = np.stack(
                [np.interp(times, self.times_s, column) for column in values.T], axis=1
            )
        if self.path == "rotation":
            result = result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-12)
        sampled: FloatArray = result.astype(np.float32)
        return sampled


@dataclass(frozen=True, eq=False)
class Animation:
    """A take."""

    name: str
    """May be empty."""
    channels: tuple[Channel, ...]
    """What it moves."""
    extras: Json
    """Whatever the maker put beside it."""


class GltfFile(GltfData):
    """An open glTF file. Parts are decoded when asked for.

    Raises:
        InputError: from every method, where the file does not hold together.
    """

    @property
    def extras(self) -> Json:
        """What the file's ``asset.extras`` holds."""
        extras = self.json["asset"].get("extras", {})
        return extras if isinstance(extras, dict) else {}

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, in the file's order."""
        return tuple(self._node(index) for index in range(self.count("nodes")))

    def _node(self, index: int) -> Node:
        entry = self.entry("nodes", index)
        children = entry.get("children", [])
        known = self.count("nodes")
        if not isinstance(children, list) or not all(
            is_count(child) and child < known and child != index for child in children
        ):
            raise damaged(self.path, f"nodes[{index}] has wrong children")
        place, turn, scale = self._transform(index, entry)
        return Node(
            name=str(entry.get("name", "")),
            children=tuple(children),
            translation=place,
            rotation=turn,
            scale=scale,
            mesh=entry.get("mesh"),
            skin=entry.get("skin"),
        )

    def _transform(self, index: int, entry: Json) -> tuple[FloatArray, FloatArray, FloatArray]:
        def numbers(key: str, default: list[float]) -> npt.NDArray[np.float64]:
            try:
                given = np.asarray(entry.get(key, default), dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise damaged(self.path, f"nodes[{index}].{key} holds no numbers") from error
            if given.shape != (len(default),) or not np.isfinite(given).all():
                raise damaged(self.path, f"nodes[{index}].{key} must be {len(default)} numbers")
            return given

        place = numbers("translation", [0, 0, 0])
        turn = numbers("rotation", [0, 0, 0, 1])
        scale = numbers("scale", [1, 1, 1])
        if "matrix" in entry:
            from scipy.spatial.transform import Rotation

            matrix = numbers("matrix", np.eye(4).ravel().tolist()).reshape(4, 4).T
            place, linear = matrix[:3, 3], matrix[:3, :3]
            scale = np.linalg.norm(linear, axis=0) * np.sign(np.linalg.det(linear))
            if not scale.all():
                raise damaged(self.path, f"nodes[{index}].matrix is flat")
            turn = Rotation.from_matrix(linear / scale).as_quat()
        return place.astype("f4"), turn.astype("f4"), scale.astype("f4")

    def node_named(self, name: str) -> int | None:
        """Return the index of the first node with this name, case ignored."""
        for index, node in enumerate(self.nodes):
            if node.name.lower() == name.lower():
                return index
        return None

    def target_names(self, mesh_index: Any) -> tuple[str, ...]:
        """Return the names of a mesh's morph targets, without decoding the mesh."""
        entry = self.entry("meshes", mesh_index)
        primitives = entry.get("primitives")
        if not isinstance(primitives, list) or not primitives:
            raise damaged(self.path, f"meshes[{mesh_index}] has no primitives")
        counts = set()
        for primitive in primitives:
            targets = primitive.get("targets", []) if isinstance(primitive, dict) else None
            counts.add(len(targets) if isinstance(targets, list) else -1)
        if len(counts) != 1 or -1 in counts:
            raise damaged(self.path, f"meshes[{mesh_index}]: primitives differ in morph targets")
        count = counts.pop()
        extras = entry.get("extras")
        names = extras.get("targetNames") if isinstance(extras, dict) else None
        if not isinstance(names, list) or len(names) != count:
            return tuple(f"target_{number}" for number in range(count))
        return tuple(str(name) for name in names)

    def mesh(self, index: Any) -> GltfMesh:
        """Return a mesh, decoded."""
        names = self.target_names(index)
        entry = self.entry("meshes", index)
        return GltfMesh(
            name=str(entry.get("name", "")),
            primitives=tuple(self._primitive(index, one) for one in entry["primitives"]),
            target_names=names,
        )

    def _primitive(self, mesh_index: Any, entry: Json) -> Primitive:
        what = f"meshes[{mesh_index}]"
        self.refuse_compressed(entry)
        if entry.get("mode", 4) != 4:
            raise damaged(self.path, f"{what} is not made of triangles")
        sources = entry.get("attributes")
        if not isinstance(sources, dict) or "POSITION" not in sources:
            raise damaged(self.path, f"{what} has no positions")
        positions = self.floats(sources["POSITION"], 3, what)
        count = len(positions)
        attributes = {
            name: self.accessor(index) for name, index in sources.items() if name != "POSITION"
        }
        if entry.get("indices") is None:
            indices = np.arange(count, dtype=np.int32)
        else:
            indices = self.accessor(entry["indices"])[:, 0].astype(np.int64)
        if len(indices) % 3 or (len(indices) and indices.max() >= count):
            raise damaged(self.path, f"{what} has triangles of vertices that are not there")
        targets = entry.get("targets", [])
        offsets = np.zeros((2, len(targets), count, 3), dtype=np.float32)
        for number, target in enumerate(targets):
            for which, attribute in enumerate(("POSITION", "NORMAL")):
                if isinstance(target, dict) and attribute in target:
                    moved = self.floats(target[attribute], 3, what)
                    if len(moved) != count:
                        raise damaged(self.path, f"{what}: a morph target has {len(moved)} rows")
                    offsets[which, number] = moved
        if any(len(values) != count for values in attributes.values()):
            raise damaged(self.path, f"{what} has vertex data of different lengths")
        return Primitive(
            positions=positions,
            faces=indices.reshape(-1, 3).astype(np.int32),
            attributes=attributes,
            offsets=offsets[0],
            normal_offsets=offsets[1],
            material=entry.get("material"),
        )

    def animation(self, index: Any) -> Animation:
        """Return a take, decoded. Channels without a node are left out."""
        entry = self.entry("animations", index)
        channels = entry.get("channels")
        samplers = entry.get("samplers")
        if not isinstance(channels, list) or not isinstance(samplers, list):
            raise damaged(self.path, f"animations[{index}] has no channels")
        decoded = [self._channel(index, channel, samplers) for channel in channels]
        extras = entry.get("extras")
        return Animation(
            name=str(entry.get("name", "")),
            channels=tuple(channel for channel in decoded if channel is not None),
            extras=extras if isinstance(extras, dict) else {},
        )

    def _channel(self, animation: Any, entry: Any, samplers: list[Any]) -> Channel | None:
        what = f"animations[{animation}]"
        target = entry.get("target") if isinstance(entry, dict) else None
        number = entry.get("sampler") if isinstance(entry, dict) else None
        if not isinstance(target, dict) or not is_count(number):
            raise damaged(self.path, f"{what} has a channel without target or sampler")
        path, node = target.get("path"), target.get("node")
        if node is None or path not in ("translation", "rotation", "scale", "weights"):
            return None
        if not is_count(node) or node >= len(self.nodes):
            raise damaged(self.path, f"{what} moves nodes[{node}], which is not there")
        if number >= len(samplers) or not isinstance(samplers[number], dict):
            raise damaged(self.path, f"{what} has no sampler {number}")
        sampler = samplers[number]
        kind = sampler.get("interpolation", "LINEAR")
        if kind not in ("LINEAR", "STEP", "CUBICSPLINE"):
            raise damaged(self.path, f"{what} has the unknown interpolation '{kind}'")
        times = self.floats(sampler.get("input"), 1, what)[:, 0].astype(np.float64)
        values = self.accessor(sampler.get("output")).astype(np.float32)
        if path == "weights":
            width = len(self.target_names(self.nodes[node].mesh))
        else:
            width = 4 if path == "rotation" else 3
        per_key = width * (3 if kind == "CUBICSPLINE" else 1)
        if not len(times) or not (np.diff(times) > 0).all() or values.size != per_key * len(times):
            raise damaged(
                self.path,
                f"{what} has {len(times)} key times for {values.size} numbers of '{path}', "
                f"{per_key} of them per key, or its times do not rise",
            )
        keys = values.reshape(len(times), -1, width)
        middle = keys[:, 1] if kind == "CUBICSPLINE" else keys[:, 0]
        return Channel(node, path, kind, times, np.ascontiguousarray(middle))
