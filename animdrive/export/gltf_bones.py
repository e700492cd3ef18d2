"""Where the nodes of somebody's glTF stand, and which of them turn its head and its eyes."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from animdrive.contract.checks import FloatArray
from animdrive.export.reading import arkit_name
from animdrive.gltf.container import damaged, is_count
from animdrive.gltf.reader import Channel, GltfFile
from animdrive.rig.pose import LOOK_CURVES

Matrix = npt.NDArray[np.float64]

BONES = {
    "eye_left": re.compile(r"(left.?eye|eye.?(left|l)$|l.?eye$)", re.IGNORECASE),
    "eye_right": re.compile(r"(right.?eye|eye.?(right|r)$|r.?eye$)", re.IGNORECASE),
    "head": re.compile(r"(^|[:_. ])(head|neck.?2)$", re.IGNORECASE),
}
"""What nodes are called that turn a part of the face."""


_LOOKS = 0.01
"""A look curve moves if its standard deviation is above this."""


def worlds_of(file: GltfFile) -> dict[int, Matrix]:
    """Return the matrix [4, 4] of every node of the scene, in its order, eyes straight ahead.

    Raises:
        InputError: a node is there twice, or not at all.
    """
    scene = file.json.get("scene", 0)
    if file.count("scenes"):
        roots = file.entry("scenes", scene).get("nodes", [])
    else:
        below = {child for node in file.nodes for child in node.children}
        roots = [index for index in range(len(file.nodes)) if index not in below]
    rests = eye_rests(file)
    world: dict[int, Matrix] = {}
    waiting = [(root, np.eye(4)) for root in reversed(roots)] if isinstance(roots, list) else []
    while waiting:
        index, above = waiting.pop()
        if not is_count(index) or index >= len(file.nodes) or index in world:
            raise damaged(file.path, f"its scene has nodes[{index}] twice, or there is none")
        node = file.nodes[index]
        local = np.eye(4)
        turn = rests.get(index, node.rotation)
        local[:3, :3] = Rotation.from_quat(turn).as_matrix() * node.scale
        local[:3, 3] = node.translation
        world[index] = above @ local
        waiting += [(child, world[index]) for child in reversed(node.children)]
    return world


def eye_rests(file: GltfFile) -> dict[int, FloatArray]:
    """Return the rotation [4] of eyes that look straight ahead, where the file's take tells it.

    A file with a take often rests in its first frame, its eyes aside. Where it moves eyes together
    with eyeLook curves, what is left of the eyes' rotation at curves of 0 is straight ahead: the
    constant of a linear fit over all frames.

    Returns:
        Node → quaternion x, y, z, w; empty where no take has both.
    """
    turns: dict[int, Channel] = {}
    looks: list[FloatArray] = []
    times: npt.NDArray[np.float64] | None = None
    for number in range(file.count("animations")):
        for channel in file.animation(number).channels:
            node = file.nodes[channel.node]
            named = any(BONES[eye].search(node.name) for eye in ("eye_left", "eye_right"))
            if channel.path == "rotation" and named:
                turns[channel.node] = channel
            elif channel.path == "weights" and not looks:
                names = [arkit_name(name) for name in file.target_names(node.mesh)]
                times = channel.times_s
                looks = [
                    channel.values[:, column]
                    for column, name in enumerate(names)
                    if name in LOOK_CURVES and channel.values[:, column].std() > _LOOKS
                ]
    if times is None or not looks or len(times) < 4 * len(looks):
        return {}
    rests = {}
    known = np.column_stack([np.ones(len(times)), *looks])
    for index, channel in turns.items():
        angles = Rotation.from_quat(channel.at(times)).as_rotvec()
        ahead = np.linalg.lstsq(known, angles, rcond=None)[0][0]
        rests[index] = Rotation.from_rotvec(ahead).as_quat().astype(np.float32)
    return rests


def parents_of(file: GltfFile, world: dict[int, Matrix]) -> dict[int, int]:
    """Return the node above each node of the scene that has one."""
    return {child: index for index in world for child in file.nodes[index].children}


def bone_nodes(file: GltfFile, world: dict[int, Matrix]) -> dict[str, int]:
    """Return the nodes that are called as `BONES` are; the first of each."""
    found: dict[str, int] = {}
    for index, matrix in world.items():
        node = file.nodes[index]
        for bone, pattern in BONES.items():
            # A mesh at the origin has its vertices in place: the node is no pivot.
            at_origin = node.mesh is not None and not np.any(matrix[:3, 3])
            if bone not in found and pattern.search(node.name) and not at_origin:
                found[bone] = index
    return found


def pivots_of(file: GltfFile, world: dict[int, Matrix]) -> dict[str, FloatArray]:
    """Return where `bone_nodes` stand, [3] metres."""
    nodes = bone_nodes(file, world)
    return {bone: world[index][:3, 3].astype(np.float32) for bone, index in nodes.items()}
