"""Parts, pivots and eyes of a character out of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from animdrive.contract import Character, Material, Part, Rig
from animdrive.contract.checks import FloatArray

if TYPE_CHECKING:
    from animdrive.capture.read_rig import FoundPart, FoundRig

SKIN = "skin"
"""What the part is called that shapes move most."""
# Where our own head has its pivots, as shares of its bounding box.
_HEAD_PIVOT = (0.5, 0.43, 0.42)
_EYE_PIVOTS = ((0.685, 0.644, 0.762), (0.315, 0.644, 0.762))
_EYE_DEPTH = 0.04
"""How far behind its lids an eyeball turns, as a share of the head's height."""


def skin_of(found: FoundRig) -> int:
    """Return which part is the skin: one called so, or else that of which shapes move most."""
    for index, part in enumerate(found.parts):
        if SKIN in (part.name.lower(), part.mesh.lower()):
            return index
    moving = np.abs(found.deltas).max(axis=2) > 0  # [C, V]
    starts = np.cumsum([0, *(part.vertices for part in found.parts)])[:-1]
    per_part = np.add.reduceat(moving.sum(axis=0), starts)
    return int(np.argmax(per_part))


def found_character(
    rig: Rig,
    found: Sequence[FoundPart],
    skin: int,
    pivots: dict[str, FloatArray],
    materials: tuple[Material, ...],
) -> Character:
    """Return the character of a rig whose parts are `found`.

    Args:
        rig: In metres.
        found: Its parts, in order.
        skin: Which of them is the skin.
        pivots: Joints that the file has; those that it lacks are guessed from lids and size.
        materials: What `FoundPart.material` counts.
    """
    parts: list[Part] = []
    vertex = face = 0
    for index, part in enumerate(found):
        plain = name = SKIN if index == skin else part.name or "part"
        taken = {one.name for one in parts} | ({SKIN} if index != skin else set())
        number = 2
        while name in taken:
            name, number = f"{plain}_{number}", number + 1
        parts.append(
            Part(
                name=name,
                vertices=slice(vertex, vertex + part.vertices),
                faces=slice(face, face + part.faces),
                material=materials[part.material].name,
                bone=part.bone,
            )
        )
        vertex, face = vertex + part.vertices, face + part.faces
    low, high = rig.neutral.vertices.min(axis=0), rig.neutral.vertices.max(axis=0)

    def share(place: tuple[float, float, float]) -> FloatArray:
        there: FloatArray = (low + (high - low) * np.array(place)).astype(np.float32)
        return there

    eyes = [
        pivots.get(f"eye_{side}", _behind_lids(rig, side, float(high[1] - low[1])))
        for side in ("left", "right")
    ]
    if any(eye is None for eye in eyes):
        eyes = [share(place) for place in _EYE_PIVOTS]
    return Character(
        rig=rig,
        parts=tuple(parts),
        materials=materials,
        head_pivot=pivots.get("head", share(_HEAD_PIVOT)),
        eye_pivots=np.array(eyes, dtype=np.float32),
        head_weight=np.ones(len(rig.neutral.vertices), dtype=np.float32),
        landmarks=np.zeros(0, dtype=np.int32),
    )


def eyes_at_their_lids(
    found: FoundRig, rig: Rig, pivots: dict[str, FloatArray]
) -> tuple[FoundRig, list[str]]:
    """Return `found` with each eye named after the lid in front of it, and a note; `pivots` too.

    Makers that name sides as they see them call the eye behind the left lid the right one.
    """
    names = ("eye_left", "eye_right")
    lids = [_behind_lids(rig, name.removeprefix("eye_"), 0.0) for name in names]
    eyes = [pivots.get(name) for name in names]
    if any(place is None for place in (*lids, *eyes)):
        return found, []
    (left_lid, right_lid), (left, right) = np.stack(lids), np.stack(eyes)  # type: ignore[arg-type]
    across = left_lid - right_lid
    if (left - right) @ across >= 0:
        return found, []
    pivots["eye_left"], pivots["eye_right"] = right, left
    other = {"eye_left": "eye_right", "eye_right": "eye_left"}
    parts = tuple(replace(part, bone=other.get(part.bone, part.bone)) for part in found.parts)
    return replace(found, parts=parts), [
        "The eyes are called after the other side than the lids; they follow the lids."
    ]


def _behind_lids(rig: Rig, side: str, height_m: float) -> FloatArray | None:
    """Return [3], a place behind the middle of what moves when the eye closes; None: no such."""
    name = f"eyeBlink{side.capitalize()}"
    if name not in rig.names:
        return None
    weight = np.linalg.norm(rig.delta(name), axis=1).astype(np.float64)
    if not weight.sum() > 0:
        return None
    place = (weight[:, None] * rig.neutral.vertices).sum(axis=0) / weight.sum()
    place[2] -= _EYE_DEPTH * height_m
    centre: FloatArray = place.astype(np.float32)
    return centre
