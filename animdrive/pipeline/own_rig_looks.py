"""A rig out of a file made ready to be filmed: its size, its parts, its eyes and its neck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from animdrive.capture.read_rig import RigRead
from animdrive.contract import Character, Material, Part

EYE_DISTANCE_M = 0.063
"""Between the pupils of an adult; rigs are brought to it to be filmed."""
_CHIN, _COLLAR = 2.0, 3.2
"""Where the chin and the collar are, below the eyes, in distances between the eyes."""
_WET_PARTS = ("teeth", "gums", "tongue", "mouth")
_IVORY = (0.75, 0.68, 0.55, 1.0)
_FLESH = (0.45, 0.16, 0.15, 1.0)
_IRIS_UV_PER_RAD = 0.2419
"""How far from the middle of our eye's picture a place lies, for each radian off the gaze."""


def eye_distance_m(character: Character) -> float:
    """Return how far apart the eyes are: the lids that blink, or else the eyes' pivots."""
    rig = character.rig
    lids = []
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        if name in rig.names:
            weight = np.linalg.norm(rig.delta(name), axis=1).astype(np.float64)
            if weight.sum() > 0:
                lids.append(weight @ rig.neutral.vertices / weight.sum())
    left, right = lids if len(lids) == 2 else character.eye_pivots
    far = float(np.linalg.norm(np.asarray(left, np.float64) - right))
    if far > 0:
        return far
    size = np.ptp(rig.neutral.vertices, axis=0).max()
    return float(size) * EYE_DISTANCE_M / 0.24


def sized(character: Character, factor: float) -> Character:
    """Return `character` with everything `factor` times as far from its origin."""
    rig, by = character.rig, np.float32(factor)
    return replace(
        character,
        rig=replace(
            rig,
            neutral=replace(rig.neutral, vertices=rig.neutral.vertices * by),
            deltas=rig.deltas * by,
        ),
        head_pivot=character.head_pivot * by,
        eye_pivots=character.eye_pivots * by,
    )


def dressed(character: Character, read: RigRead) -> Character:
    """Return `character` with parts called as our renderer knows them, and eyes that look.

    Where a picture could not be read, eyes are given ours, teeth and tongue a colour. Of a whole
    body the head alone turns.

    Args:
        character: In metres of a human head.
        read: What was read of its file.
    """
    unread = set(read.unread)
    materials = {material.name: material for material in character.materials}
    parts: list[Part] = []
    uv = np.array(character.rig.neutral.uv)
    for part in character.parts:
        kind = _kind(part)
        name = _unique(kind or part.name, parts)
        material = part.material
        if material in unread and kind is not None and kind != "skin":
            made = _stand_in(kind)
            materials[made.name] = made
            material = made.name
            if part.bone != "head":
                pivot = character.eye_pivots[("eye_left", "eye_right").index(part.bone)]
                uv[part.vertices] = _eye_uv(character.rig.neutral.vertices[part.vertices] - pivot)
        parts.append(replace(part, name=name, material=material))
    weight = character.head_weight
    if (weight == 1).all():
        weight = _above_the_neck(character)
    pivot = character.head_pivot
    if np.linalg.norm(pivot - character.eye_pivots.mean(axis=0)) > _COLLAR * EYE_DISTANCE_M:
        pivot = _neck_joint(character)  # guessed from the size of a whole body, or at its feet
    used = {part.material for part in parts}
    neutral = replace(character.rig.neutral, uv=uv)
    return replace(
        character,
        rig=replace(character.rig, neutral=neutral),
        parts=tuple(parts),
        materials=tuple(m for m in materials.values() if m.name in used),
        head_weight=weight,
        head_pivot=pivot,
    )


def _neck_joint(character: Character) -> npt.NDArray[np.float32]:
    """Return [3], where our own head turns, seen from its eyes."""
    from animdrive.rig.head import load_head

    ours = load_head()
    way = (ours.head_pivot - ours.eye_pivots.mean(axis=0)) * EYE_DISTANCE_M / eye_distance_m(ours)
    joint: npt.NDArray[np.float32] = character.eye_pivots.mean(axis=0) + way.astype(np.float32)
    return joint


def _above_the_neck(character: Character) -> npt.NDArray[np.float32]:
    """Return [V], how much of the head's turn a vertex of a whole body takes: 1 head, 0 shoulders.

    By how far below the eyes it is: chins end about 2 distances between the eyes below them.
    """
    height = character.rig.neutral.vertices[:, 1] - character.eye_pivots[:, 1].mean()
    chin, collar = _CHIN * EYE_DISTANCE_M, _COLLAR * EYE_DISTANCE_M
    share = np.clip((height + collar) / (collar - chin), 0, 1)
    weight: npt.NDArray[np.float32] = (share * share * (3 - 2 * share)).astype(np.float32)
    return weight


def _kind(part: Part) -> str | None:
    if part.bone != "head":
        return part.bone
    if part.name == "skin":
        return "skin"
    called = f"{part.name} {part.material}".lower()
    return next((word for word in _WET_PARTS if word in called), None)


def _unique(name: str, parts: Sequence[Part]) -> str:
    taken = {part.name for part in parts}
    number, wanted = 2, name
    while wanted in taken:
        wanted, number = f"{name}_{number}", number + 1
    return wanted


def _stand_in(kind: str) -> Material:
    if kind.startswith("eye"):
        from animdrive.rig.head import load_head

        return replace(load_head().material("eye"), name="animdrive_eye")
    if kind == "teeth":
        return Material("animdrive_teeth", base_color=_IVORY, roughness=0.3)
    return Material("animdrive_flesh", base_color=_FLESH, roughness=0.4)


def _eye_uv(places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return [N, 2] in our eye's picture of places [N, 3] on an eyeball that looks along +Z."""
    length = np.maximum(np.linalg.norm(places, axis=1), 1e-9)
    off = np.arccos(np.clip(places[:, 2] / length, -1, 1)) * _IRIS_UV_PER_RAD
    aside = places[:, :2] / np.maximum(np.linalg.norm(places[:, :2], axis=1, keepdims=True), 1e-9)
    uv: npt.NDArray[np.float32] = np.clip(0.5 + off[:, None] * aside, 0, 1).astype(np.float32)
    return uv
