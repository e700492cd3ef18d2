"""A character that performs, as one GLB file for any viewer or engine.

What is in it: the mesh "head" with one primitive per part, the rig's curves as named morph targets
and a skin of two joints, "root" for the shoulders and "head"; the eyes as nodes "eye_left" and
"eye_right" below the head; one animation with the curves, the turning of head and eyes and the
place of the root. Learned morph targets may follow behind the rig's own, with weights of their own:
the exact skin of a deformer, for engines that know of none.

References: Khronos Group, "glTF 2.0 Specification"; names of the targets in
``mesh.extras.targetNames``, as every engine reads them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygltflib as gl

from animdrive import __version__
from animdrive.contract import Character, CurveTrack, Provenance
from animdrive.contract.checks import FloatArray
from animdrive.export.gltf_character import Stage, stage_of
from animdrive.export.gltf_learned import with_learned
from animdrive.export.learned import LearnedTargets
from animdrive.gltf.document import Document
from animdrive.provenance import provenance_dict
from animdrive.rig.pose import quaternion_from_angles


def write_glb(
    character: Character,
    track: CurveTrack,
    path: Path,
    *,
    provenance: Provenance | None = None,
    learned: LearnedTargets | None = None,
) -> None:
    """Write `character` performing `track`, whole or not at all.

    Keys lie on every frame, the first at 0 s; `CurveTrack.start_s` is kept in the animation's
    extras. Curves of the track that the rig does not have are left out, curves that the track does
    not have rest. The eyes are rigid in the head, whatever their `Character.head_weight`. Shape
    and pictures are encoded once for a character and kept while it lives.

    Args:
        character: Who.
        track: What; with no frames, the character is written at rest.
        path: Where, ending in .glb.
        provenance: Where it comes from, put into ``asset.extras`` with the AIGC label.
        learned: Targets to append behind the rig's own, with their weights at the track's frames;
            those that move nothing in this performance are left out.

    Raises:
        InputError: the file cannot be written, or would be larger than 4 GiB.
        ContractError: `learned` is of another rig or of other frames.
    """
    stage = stage_of(character, generator=f"animdrive {__version__}")
    document = stage.document.copy()
    rig = character.rig
    if learned is not None:
        learned = learned.checked(
            vertices=len(rig.neutral.vertices), frames=len(track), names=rig.names
        ).used()
        stage = with_learned(stage, document, character, learned)
    if len(track):
        _animate(document, stage, rig.names, track, learned)
    if provenance is not None:
        document.gltf.asset.extras = provenance_dict(provenance)
    document.write(path)


def write_glb_curves(track: CurveTrack, path: Path) -> None:
    """Write `track` performed by the head that animdrive ships."""
    from animdrive.rig.head import load_head

    write_glb(load_head(), track, path)


def _animate(
    document: Document,
    stage: Stage,
    names: tuple[str, ...],
    track: CurveTrack,
    learned: LearnedTargets | None,
) -> None:
    times = (np.arange(len(track)) / track.fps).astype(np.float32)
    clock = document.add_array(times, bounds=True)
    animation = gl.Animation(name="performance", extras={"start_s": track.start_s})

    def add(path: str, values: FloatArray, nodes: tuple[int, ...]) -> None:
        output = document.add_array(np.ascontiguousarray(values))
        animation.samplers.append(
            gl.AnimationSampler(input=clock, output=output, interpolation="LINEAR")
        )
        for node in nodes:
            target = gl.AnimationChannelTarget(node=node, path=path)
            animation.channels.append(
                gl.AnimationChannel(sampler=len(animation.samplers) - 1, target=target)
            )

    if stage.morphed:
        weights = np.zeros((len(track), len(names)), dtype=np.float32)
        for column, name in enumerate(names):
            if name in track.names:
                weights[:, column] = track.curve(name)
        if learned is not None:
            weights = np.concatenate([weights, learned.unsigned().weights], axis=1)
        add("weights", weights.reshape(-1), stage.morphed)
    add("translation", track.head_position, (stage.root,))
    add("rotation", _quaternions(track.head_rotation), (stage.head,))
    for eye, node in enumerate(stage.eyes):
        add("rotation", _quaternions(track.eye_rotation[:, eye]), (node,))
    document.add("animations", animation)


def _quaternions(angles: FloatArray) -> FloatArray:
    """Return [T, 4] quaternions of angles [T, 3], neighbours on the same side of the sphere.

    Some viewers interpolate the four numbers as they stand; a change of sign would spin the head.
    """
    turn = quaternion_from_angles(angles)
    flips = (turn[1:] * turn[:-1]).sum(axis=1) < 0
    turn[1:][np.cumsum(flips) % 2 == 1] *= -1
    return turn
