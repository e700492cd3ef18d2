"""A small face in motion of which everything is known: skin that no linear rig makes exactly."""

from functools import cache

import numpy as np

from animdrive.contract import CurveTrack, Mesh, Rig
from animdrive.contract.capture import CapturedTake, Take
from animdrive.deformer.linear import LinearDeformer
from animdrive.rig.head import load_head
from animdrive.rig.lod import character_at
from animdrive.rig.pose import rotation_matrix
from animdrive.tissue.faults import Faults, faulted

FPS = 30.0
_ACTIVE = (
    "jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "mouthFunnel", "browInnerUp",
    "browDownLeft", "browDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthStretchLeft",
    "mouthLowerDownLeft", "mouthLowerDownRight", "cheekPuff", "mouthClose", "jawLeft",
)  # fmt: skip


@cache
def head():
    """The face at its lowest level."""
    return character_at(load_head(), "low")


@cache
def skin_rig():
    """The linear rig of its skin alone."""
    whole = head().rig
    count = head().part("skin").vertices.stop
    mesh = whole.neutral
    faces = mesh.faces[(mesh.faces < count).all(axis=1)]
    return Rig(Mesh(mesh.vertices[:count], faces, mesh.uv[:count]), whole.names,
               whole.deltas[:, :count])  # fmt: skip


def motion(seconds, seed=0, fps=FPS, speed_hz=3.0):
    """[T, 52] curves that swing as speech does, and a blink of five frames a second and a half."""
    rng = np.random.default_rng(seed)
    at = np.arange(round(seconds * fps)) / fps
    values = np.zeros((len(at), 52), np.float32)
    names = list(head().rig.names)
    for name in _ACTIVE:
        swing = sum(
            rng.uniform(0.2, 1)
            * np.sin(2 * np.pi * rng.uniform(0.3, speed_hz) * at + rng.uniform(0, 6.3))
            for _ in range(4)
        )
        values[:, names.index(name)] = np.clip(0.25 + 0.25 * swing, 0, 1)
    for side in ("Left", "Right"):
        phase = np.abs((at + 0.7) % 1.5 - 0.75)
        values[:, names.index(f"eyeBlink{side}")] = np.clip(1 - phase / 0.09, 0, 1)
    return values


def skin_of(values):
    """[T, V, 3]: the linear rig and, as tissue has it, what grows with products of curves."""
    rig = skin_rig()
    skin = LinearDeformer(rig).run(values)
    for one, two in (("jawOpen", "mouthSmileLeft"), ("mouthPucker", "mouthPucker"),
                     ("browInnerUp", "browDownLeft")):  # fmt: skip
        product = values[:, rig.names.index(one)] * values[:, rig.names.index(two)]
        skin -= 0.4 * product[:, None, None] * rig.delta(one)
    return skin


def take(values, *, skin=None, head_rotation=None, head_position=None, fps=FPS):
    """A clean take of the face, whose head turns beside the skin as said."""
    frames = len(values)
    track = CurveTrack(
        skin_rig().names,
        fps,
        values,
        head_rotation=np.zeros((frames, 3)) if head_rotation is None else head_rotation,
        head_position=np.zeros((frames, 3)) if head_position is None else head_position,
    )
    return CapturedTake(
        take=Take("performed", "speech", "train", track),
        vertices=skin_of(values) if skin is None else skin,
        times_s=np.arange(frames) / fps,
        head_transform=transforms(track),
    )


def transforms(track):
    """[T, 4, 4] of the track's head about its pivot."""
    pivot = head().head_pivot
    turn = rotation_matrix(track.head_rotation)
    matrix = np.tile(np.eye(4, dtype=np.float32), (len(track), 1, 1))
    matrix[:, :3, :3] = turn
    matrix[:, :3, 3] = track.head_position + pivot - turn @ pivot
    return matrix


def nodding(frames, strength=1.0, fps=FPS):
    """Rotation [T, 3] and position [T, 3] of a head that nods and sways."""
    at = np.arange(frames) / fps
    rotation = strength * np.stack(
        [0.12 * np.sin(5 * at), 0.2 * np.sin(2.1 * at + 1), 0.05 * np.sin(3.3 * at)], axis=1
    )
    position = strength * np.stack(
        [0.01 * np.sin(2 * at), 0.004 * np.sin(4 * at), 0.01 * np.sin(1.3 * at)], axis=1
    )
    return rotation, position


def spoilt(captured, seed=0, **faults):
    """`captured` with faults of a scanner, and what they were."""
    rng = np.random.default_rng(seed)
    return faulted(captured, skin_rig().neutral.faces, Faults(**faults), rng)
