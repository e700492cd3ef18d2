"""The face's motion as curves: what is measured, how far it is trusted, what is expected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, MIRROR52, Character
from animdrive.errors import InputError
from animdrive.rig.pose import LOOK_CURVES, looks_from_eye_rotation
from animdrive.sources.video.fitting.person import Openings, Person, local_scales, lower_face
from animdrive.sources.video.fitting.pose import HeadPoses
from animdrive.sources.video.fitting.solver import (
    Measurements,
    System,
    camera_trust,
    landmark_precision,
    solve,
)
from animdrive.sources.video.indices import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    FACE_OVAL,
    INNER_LIP_PAIRS,
    LID_PAIRS_LEFT,
    LID_PAIRS_RIGHT,
    LIPS,
    LOWER_LIP_EDGE,
    NOSE,
    SKIN,
    UPPER_LIP_EDGE,
)

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class ExpressionConfig:
    """Settings of the solver."""

    depth_trust: float = 0.25
    """Trust in a landmark's depth as a share of that in its place in the picture, 0..1."""
    misfit_m: float = 0.6e-3
    """How far a person's face moves otherwise than the character's does, metres."""
    reach_m: float = 0.015
    """How far across the face such a difference is alike, metres."""
    usual: float = 0.25
    """How strong a curve usually is, 0..1: the less, the more it takes to raise one."""
    sparsity: float = 3.0
    """Pull of small curves to exactly 0."""
    lip_noise_m: float = 0.3e-3
    """Error of the measured gap between closed lips, metres."""
    lid_noise_m: float = 0.3e-3
    """Error of a measured opening of an eye, metres."""

    def __post_init__(self) -> None:
        if not 0 <= self.depth_trust <= 1:
            raise InputError(
                f"ExpressionConfig.depth_trust must be in 0..1, got {self.depth_trust}."
            )
        for name in ("misfit_m", "reach_m", "usual", "lip_noise_m", "lid_noise_m"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"ExpressionConfig.{name} must be above 0, got {value}.")
        if not (np.isfinite(self.sparsity) and self.sparsity >= 0):
            raise InputError(f"ExpressionConfig.sparsity must be 0 or more, got {self.sparsity}.")


_TOGETHER_M = ((UPPER_LIP_EDGE, 2.5e-3), (LOWER_LIP_EDGE, 2.5e-3))
"""Landmarks that err together, and by how much, metres. How thick lips are is half guessed by the
tracker, and they do not thin out alike as a mouth opens: where lips part is what counts."""

_RARE = {
    "jawForward": 0.2,  # along the camera's line of sight
    "cheekPuff": 0.3,  # cheeks have few landmarks, and those are guessed
    "cheekSquint": 0.7,
    "noseSneer": 0.7,
    "mouthRoll": 0.35,
    "mouthShrug": 0.35,
    "mouthPress": 0.5,
    "mouthFunnel": 0.5,
    "mouthDimple": 0.7,
    "mouthStretch": 0.7,
    "jawLeft": 0.4,
    "jawRight": 0.4,
    "mouthLeft": 0.6,
    "mouthRight": 0.6,
    "jawOpen": 2.0,
    "mouthClose": 1.5,
    "eyeBlink": 2.0,
}
"""How strong some curves (by the start of their name) usually are, against the others: those
that landmarks show badly must not explain away what the others mean."""

_LIP_GROWTH = 0.15
"""How much the error of a measured gap grows with the gap: a closure is seen best."""

_ALIKE = 0.7
"""Correlation of a curve and its mirror image."""

_UNSEEN = ("tongueOut",)
"""Curves that no landmark shows."""

_NOISE_M: tuple[tuple[tuple[int, ...], float], ...] = (
    (NOSE, 0.5e-3),
    (BROW_LEFT, 0.6e-3),
    (BROW_RIGHT, 0.6e-3),
    (EYE_LEFT, 0.4e-3),
    (EYE_RIGHT, 0.4e-3),
    (LIPS, 0.5e-3),
    (FACE_OVAL, 4e-3),
)
"""Error of the landmarks by region, metres; elsewhere, on cheeks and forehead, 1 mm."""

LID_PAIRS = (LID_PAIRS_LEFT, LID_PAIRS_RIGHT)


def arkit_deltas(character: Character) -> npt.NDArray[np.float32]:
    """Return [52, P, 3] metres, what each ARKit curve does to the character's landmarks.

    A curve that the character lacks does nothing.
    """
    moved = np.zeros((len(ARKIT52), len(character.landmarks), 3), dtype=np.float32)
    for column, name in enumerate(character.rig.names):
        if name in ARKIT_INDEX:
            moved[ARKIT_INDEX[name]] = character.rig.deltas[column, character.landmarks]
    return moved


def solve_expression(
    head: Floats,
    poses: HeadPoses,
    person: Person,
    character: Character,
    measured: Measurements,
    eyes: Floats,
    *,
    config: ExpressionConfig,
) -> Array:
    """Solve the curves of every frame.

    Args:
        head: [T, P, 3] metres in head space.
        poses: The head's poses in those frames.
        person: The face at rest.
        character: Whose curves these are.
        measured: How open mouth and eyes are, from `measurements`.
        eyes: [T, 2, 3] radians, where the eyes look; the eyeLook curves follow from it.
        config: Settings.

    Returns:
        [T, 52] in 0..1.
    """
    rig = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
    motion = (head - person.neutral) * local_scales(person, rig).astype(np.float32)
    low, high = curve_bounds(arkit_deltas(character), eyes)
    return solve(
        expression_system(character, config=config),
        motion[:, :SKIN],
        camera_trust(poses.rotation, depth_trust=config.depth_trust),
        measured=measured,
        low=low,
        high=high,
    )


def expression_system(character: Character, *, config: ExpressionConfig) -> System:
    """Return the character's curves as the solver sees them; it is the same for all frames."""
    rig = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
    return System(
        deltas=arkit_deltas(character)[:, :SKIN].astype(np.float64),
        precision=landmark_precision(
            rig[:SKIN],
            _landmark_noise(),
            misfit_m=config.misfit_m,
            reach_m=config.reach_m,
            together=_TOGETHER_M,
        ),
        prior=_prior(config.usual),
        lasso=np.full(len(ARKIT52), config.sparsity),
    )


def refined_rest(
    person: Person, head: Floats, values: Floats, character: Character, *, share: float = 0.4
) -> Person:
    """Return the person with a face at rest that their curves, as solved so far, agree with.

    What the curves explain is taken off the quieter frames, for the upper and the lower face
    each on its own; what is left of them is the face at rest.

    Args:
        person: The face at rest as known so far.
        head: [T, P, 3] metres in head space.
        values: [T, 52] curves solved from it.
        character: Whose curves these are.
        share: Share of the frames, the quietest, that are used.
    """
    rig = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
    deltas = arkit_deltas(character).astype(np.float64)
    scales = local_scales(person, rig)
    size = np.sqrt((deltas**2).sum(axis=(1, 2)))
    lower = np.array([name.startswith(("jaw", "mouth", "cheekPuff")) for name in ARKIT52])
    count = min(len(head), max(5, round(share * len(head))))
    halves = []
    for curves in (~lower, lower):
        activity = (values * size)[:, curves].sum(axis=1)
        quiet = np.argsort(activity, kind="stable")[:count]
        explained = np.tensordot(values[quiet], deltas, axes=1) / scales
        halves.append(np.median(head[quiet] - explained, axis=0))
    upper_half, lower_half = halves
    blend = lower_face(person.neutral)[:, None]
    neutral = upper_half + blend * (lower_half - upper_half)
    return replace(person, neutral=neutral.astype(np.float32))


def curve_bounds(deltas: Floats, eyes: Floats) -> tuple[Array, Array]:
    """Return least and greatest values [T, 52]; gaze and what cannot be seen are fixed."""
    low = np.zeros((len(eyes), len(ARKIT52)))
    high = np.ones((len(eyes), len(ARKIT52)))
    looks = looks_from_eye_rotation(eyes)
    for name in LOOK_CURVES:
        low[:, ARKIT_INDEX[name]] = high[:, ARKIT_INDEX[name]] = looks[name]
    unseen = np.abs(deltas).max(axis=(1, 2)) < 1e-6
    for column, name in enumerate(ARKIT52):
        if name in _UNSEEN or (unseen[column] and name not in LOOK_CURVES):
            high[:, column] = 0.0
    return low, high


def _landmark_noise() -> Array:
    noise = np.full(SKIN, 1e-3)
    for members, error_m in _NOISE_M:
        noise[list(members)] = error_m
    return noise


def curve_strengths(usual: float) -> Array:
    """Return [52] how strong each curve usually is."""
    strength = np.full(len(ARKIT52), usual)
    for start, share in _RARE.items():
        for column, name in enumerate(ARKIT52):
            if name.startswith(start):
                strength[column] *= share
    return strength


def _prior(usual: float) -> Array:
    """Return the inverse covariance [52, 52] of curves: faces are mostly symmetric."""
    strength = curve_strengths(usual)
    covariance = np.diag(strength**2)
    for column, other in enumerate(MIRROR52):
        # jawLeft and jawRight mirror each other too, but exclude each other.
        if column != other and not ARKIT52[column].startswith(("jaw", "mouthLeft", "mouthRight")):
            covariance[column, other] = _ALIKE * strength[column] * strength[other]
    return np.asarray(np.linalg.inv(covariance))


def measurements(
    head: Floats,
    poses: HeadPoses,
    person: Person,
    character: Character,
    opened: Openings,
    *,
    config: ExpressionConfig,
) -> Measurements:
    """Return the gaps between the lips and the openings of the eyes, in the rig's metres.

    The first readings are the gaps of `INNER_LIP_PAIRS`, the last two the eyes, left and right.
    """
    rig = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
    deltas = arkit_deltas(character)
    rows, values, trust = [], [], []
    scale = np.linalg.norm(np.subtract(*rig[[291, 61]])) / person.mouth_width
    floor = person.closed_gap * person.mouth_width
    for upper, lower in INNER_LIP_PAIRS:
        gap = np.linalg.norm(head[:, upper] - head[:, lower], axis=1)
        rows.append(deltas[:, upper, 1] - deltas[:, lower, 1])
        wanted = scale * np.maximum(gap - floor, 0.0)
        values.append(wanted)
        trust.append((config.lip_noise_m + _LIP_GROWTH * wanted) ** -2)
    closure = np.clip(person.closure(opened.eyes, poses.facing), -0.6, 1.0)
    for side, pairs in enumerate(LID_PAIRS):
        uppers, lowers = (list(lids) for lids in zip(*pairs, strict=True))
        opening = float((rig[uppers, 1] - rig[lowers, 1]).mean())
        rows.append((deltas[:, uppers, 1] - deltas[:, lowers, 1]).mean(axis=1))
        values.append(-_settled(closure[:, side]) * opening)
        trust.append(np.full(len(head), config.lid_noise_m**-2))
    return Measurements(
        rows=np.stack(rows).astype(np.float64),
        values=np.stack(values, axis=1),
        trust=np.stack(trust, axis=1),
    )


def _settled(closure: Array) -> Array:
    """Return eye closure with the small, idle changes around rest taken out, shut still shut.

    Lids follow the gaze and tire; read as they are, they would keep a blink or a stare in every
    frame. Above rest the idle range is wider, for a person's usual opening is the tracker's too.
    """
    idle, wide = 0.05, 0.12
    shut = np.maximum(closure - idle, 0.0) / (1.0 - idle)
    return np.asarray(np.where(closure > 0, shut, np.minimum(closure + wide, 0.0)))
