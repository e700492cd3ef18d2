"""Learned morph targets appended to a character's glTF document."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pygltflib as gl

from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.export.gltf_character import FIRST_VERTEX, Stage
from animdrive.export.learned import LearnedTargets
from animdrive.export.normal_offsets import NormalOffsets
from animdrive.gltf.document import Document

_TURNED = 2e-3
"""Changes of a normal below this are left out: a tenth of a degree."""


def with_learned(
    stage: Stage, document: Document, character: Character, learned: LearnedTargets
) -> Stage:
    """Append `learned` behind the curves' targets of every mesh that either of them moves.

    A part that a target does not move shares one accessor without bytes. Where normals are left
    out, targets say so with zeros, for viewers take other things than zeros for a missing normal.

    Args:
        stage: Of `character` at rest.
        document: A copy of the stage's, which grows.
        character: Who, V vertices.
        learned: K targets.

    Returns:
        The stage with `document` and with the nodes that now have targets.
    """
    gltf, written = document.gltf, learned.unsigned()
    nodes = {node.mesh: number for number, node in enumerate(gltf.nodes) if node.mesh is not None}
    # The meshes of the stage are shared with every other performance of the character.
    gltf.meshes = [copy.deepcopy(mesh) for mesh in gltf.meshes]
    names = character.rig.names
    morphed = set(stage.morphed)
    runs = {}
    for number, mesh in enumerate(gltf.meshes):
        runs[number] = [_run(document, primitive) for primitive in mesh.primitives]
        moved = any(learned.offsets[:, run].any() for run in runs[number])
        if nodes[number] in morphed or not moved:
            continue
        morphed.add(nodes[number])
        for run, primitive in zip(runs[number], mesh.primitives, strict=True):
            still = document.add_zeros(run.stop - run.start, 3)
            primitive.targets = [{"POSITION": still, "NORMAL": still} for _ in names]
        mesh.extras = {"targetNames": list(names)}
    grown = [number for number in runs if nodes[number] in morphed]
    for number in grown:
        mesh = gltf.meshes[number]
        mesh.extras = {"targetNames": [*mesh.extras["targetNames"], *written.names]}
        mesh.weights = [0.0] * len(mesh.extras["targetNames"])
    pieces = [
        (primitive, run, document.add_zeros(run.stop - run.start, 3))
        for number in grown
        for primitive, run in zip(gltf.meshes[number].primitives, runs[number], strict=True)
    ]
    normals = NormalOffsets(character) if learned.normals else None
    least, usual = learned.least_m(), learned.usual()
    count = len(character.rig.neutral.vertices)
    base = {"POSITION": np.zeros((count, 3), "f4"), "NORMAL": np.zeros((count, 3), "f4")}
    for target in range(len(learned.names)):
        changes = {"POSITION": _cut(learned.offsets[target], least[target])}
        if normals is not None:
            turned = normals.around_rest(learned.offsets[target], float(usual[target]))
            changes["NORMAL"] = _cut(turned, _TURNED)
        _append(document, pieces, {n: written.span[target] * c for n, c in changes.items()})
        # Of what is written, not of what is meant: rest is to stay rest to the last bit.
        for name, change in changes.items():
            base[name] += written.low[target] * change
    if written.names:
        _append(document, pieces, base)
    return replace(stage, document=document, morphed=tuple(sorted(morphed)))


def _run(document: Document, primitive: gl.Primitive) -> slice:
    """Return the vertices of the rig that a primitive has."""
    first = int(primitive.extras[FIRST_VERTEX])
    count = document.gltf.accessors[primitive.attributes.POSITION].count
    return slice(first, first + count)


def _cut(values: FloatArray, least: float) -> FloatArray:
    """Return `values` [V, 3] without the rows that stay below `least`."""
    return np.where(_beyond(values, least)[:, None], values, np.float32(0))


def _beyond(values: FloatArray, least: float) -> npt.NDArray[np.bool_]:
    """Return [V], the rows of `values` [V, 3] in which a number lies beyond `least`."""
    x, y, z = np.abs(values).T  # a reduction over rows of three takes eight times as long
    beyond: npt.NDArray[np.bool_] = (x > least) | (y > least) | (z > least)
    return beyond


def _append(
    document: Document,
    pieces: list[tuple[gl.Primitive, slice, int]],
    changes: dict[str, FloatArray],
) -> None:
    """Append one target to every primitive; what it does not change shares the zeros."""
    for primitive, run, still in pieces:
        entry = {"POSITION": still, "NORMAL": still}
        for attribute, values in changes.items():
            rows = np.flatnonzero(_beyond(values[run], 0.0))
            if len(rows):
                own = values[run][rows].astype(np.float32)
                entry[attribute] = document.add_sparse(run.stop - run.start, rows, own)
        primitive.targets.append(entry)
