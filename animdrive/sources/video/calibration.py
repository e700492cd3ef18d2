"""A calibration take to a person's profile.

A take shows the face at rest, with closed eyes, with an open mouth, and moving as far as it goes.
What is what is found by measuring, not by the clock: a person at rest holds still, looks ahead,
has open eyes and a quiet brow, lips that touch or nearly so. What a take does not show keeps the
usual measure of a clip, and is told as missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, LandmarkTrack
from animdrive.errors import InputError
from animdrive.rig.pose import angles_from_matrix
from animdrive.sources.video.fitting.person import (
    CLOSED_GAP,
    Openings,
    Person,
    measure_person,
    openings,
)
from animdrive.sources.video.fitting.pose import (
    HeadPoses,
    camera_points,
    fit_poses,
    head_model,
    mean_rotation,
)
from animdrive.sources.video.indices import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_CORNERS_LEFT,
    EYE_CORNERS_RIGHT,
    MOUTH_CORNERS,
    RIGID,
)
from animdrive.sources.video.profile import PARTS, Profile
from animdrive.sources.video.timing.timeline import runs, usual_rate
from animdrive.sources.video.tracking.sightings import plausible

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_HOLD_S = 0.4
"""How long a pose must be held to count as shown, seconds."""
_RANGE_S = 0.12
"""How long an extreme of the range of motion must last, seconds: longer than a slip of tracking."""
_STILL_M_S = 0.03
"""A face at rest moves no faster than this, metres per second: breathing, and the tracker."""
_SHUT = 0.45
"""Eyes less open than this share of their usual opening are closed."""
_OPEN_MOUTH = 0.30
"""Lips this far apart, in mouth widths, are an open mouth."""
_ALIKE_M = 2.5e-3
"""Nearly all of a face at rest stays within this of where it rests."""
_PURSED, _SMILE = 0.90, 1.06
"""Widths of the mouth, in its own at rest."""
_BROWS_M = 2.0e-3
_TURNED_RAD = np.radians(15)
_FRONTAL_RAD = np.radians(15)

ADVICE = {
    "neutral": "look at the camera for 2 s, still, lips closed, eyes open",
    "closed eyes": "close the eyes for 1 s",
    "open mouth": "open the mouth wide for 1 s",
    "pursed lips": "purse the lips as for a kiss",
    "smile": "smile broadly",
    "raised brows": "raise the brows",
    "head turned": "turn the head to both sides",
}
"""What to do so that a part is found."""


@dataclass(frozen=True, eq=False)
class _Take:
    """A take in head space. T frames in which the face is seen."""

    head: npt.NDArray[np.float32]
    poses: HeadPoses
    opened: Openings
    fps: float


def calibrated(
    landmarks: LandmarkTrack, character: Character, *, focal: float | None = None
) -> Profile:
    """Measure a person on a calibration take.

    Args:
        landmarks: The take as tracked.
        character: Whose frame and size the profile is in; the built-in head.
        focal: The camera's focal length in longest sides of the picture, where known.

    Returns:
        The profile, with the parts that were found and those that were not.

    Raises:
        InputError: no face, `focal` out of 0.2..20, or fewer than a few frames of a face.
    """
    if focal is not None and not 0.2 <= focal <= 20:
        raise InputError(f"focal must be in 0.2..20 longest sides of the picture, got {focal}.")
    model, weights = head_model(character)
    points = _seen_points(landmarks, model, weights)
    fps = usual_rate(landmarks.times_s)

    take = _taken(points, model, weights, fps)
    for _ in range(2):
        frontal = _turned(take.poses) < _FRONTAL_RAD
        person = measure_person(take.head, take.opened, frontal=frontal)
        take = _taken(points, person.neutral, weights, fps)
    turned = _turned(take.poses)
    quiet = _at_rest(take, person, turned)
    found = set()
    if quiet.any():
        found.add("neutral")
        take = _taken(points, _rested(take, person, quiet).neutral, weights, fps)
        person = _rested(take, person, quiet)
    opened = take.opened
    shut = _held((opened.eyes < _SHUT * person.open_eyes).all(axis=1), take.fps, _HOLD_S)
    if shut.any():
        found.add("closed eyes")
        closed = np.median(opened.eyes[shut], axis=0)
        person = replace(person, closed_eyes=np.minimum(closed, 0.5 * person.open_eyes))
    ranges = _ranges(take, person, turned)
    found |= _shown(ranges)
    return Profile(
        person=person,
        ranges=ranges,
        focal=focal,
        found=tuple(part for part in PARTS if part in found),
        missing=tuple(part for part in PARTS if part not in found),
    )


def _seen_points(landmarks: LandmarkTrack, model: Array, weights: Array) -> npt.NDArray[np.float32]:
    """Return [T, P, 3] the frames in which a face was tracked that can be one, camera axes."""
    points = camera_points(landmarks)[landmarks.confidence > 0]
    if len(points):
        poses = fit_poses(points, model, weights)
        points = points[plausible(points, poses, model, np.array(RIGID))]
    if len(points) < 5:
        raise InputError(
            f"a face is seen in {len(points)} of {len(landmarks)} frames; a calibration take "
            "shows one face from the front, well lit, for some seconds."
        )
    return points


def _taken(
    points: npt.NDArray[np.float32],
    shape: npt.NDArray[np.floating[Any]],
    weights: Array,
    fps: float,
) -> _Take:
    """Return the take seen as motion of a head of this `shape` [P, 3]."""
    poses = fit_poses(points, shape, weights)
    head = poses.to_head(points)
    return _Take(head, poses, openings(head), fps)


def _turned(poses: HeadPoses) -> Array:
    """Return [T] how far the head is turned from the camera, yaw or pitch, radians."""
    angles = np.asarray(angles_from_matrix(poses.rotation), dtype=np.float64)
    return np.asarray(np.abs(angles[:, :2]).max(axis=1))


def _at_rest(take: _Take, person: Person, turned: Array) -> Bools:
    """Return [T] the frames of the face at rest; none where it was never held."""
    from scipy.ndimage import uniform_filter1d

    skin = take.head[:, ::4].astype(np.float64)
    width = max(3, round(0.2 * take.fps))
    calm = uniform_filter1d(skin, width, axis=0, mode="nearest")
    speed = np.median(np.linalg.norm(np.gradient(calm, axis=0), axis=2), axis=1) * take.fps
    fastest = np.quantile(np.linalg.norm(np.gradient(calm, axis=0), axis=2), 0.9, axis=1) * take.fps
    eyes = take.opened.eyes / person.open_eyes
    low_gap = float(np.quantile(take.opened.lips, 0.05))
    ahead = turned < max(_FRONTAL_RAD, float(np.quantile(turned, 0.1)))
    wanted = (
        ahead
        & (speed < _STILL_M_S)
        & (fastest < 2 * _STILL_M_S)
        & (np.abs(eyes - 1) < 0.2).all(axis=1)
        & (take.opened.lips < max(2.5 * CLOSED_GAP, low_gap + 0.02))
    )
    # A face at rest is the same each time: what is held but differs from most is an expression.
    held = _held(wanted, take.fps, _HOLD_S)
    if held.any():
        usual = np.median(take.head[held], axis=0)
        apart = np.quantile(np.linalg.norm(take.head - usual, axis=2), 0.9, axis=1)
        held = _held(held & (apart < _ALIKE_M), take.fps, _HOLD_S)
    return held


def _rested(take: _Take, person: Person, quiet: Bools) -> Person:
    """Return the person with the face at rest that `quiet` frames show."""
    neutral = np.median(take.head[quiet], axis=0).astype(np.float32)
    gap = float(np.quantile(take.opened.lips[quiet], 0.25))
    eyes = np.median(take.opened.eyes[quiet], axis=0)
    return replace(
        person,
        neutral=neutral,
        mouth_width=float(np.linalg.norm(np.subtract(*neutral[list(MOUTH_CORNERS)]))),
        closed_gap=min(gap, person.closed_gap) if gap < 4 * CLOSED_GAP else person.closed_gap,
        open_eyes=np.asarray(eyes, dtype=np.float64),
        closed_eyes=np.minimum(person.closed_eyes, 0.5 * eyes),
    )


def _ranges(take: _Take, person: Person, turned: Array) -> dict[str, tuple[float, float]]:
    """Return the least and greatest of each measure that lasted for `_RANGE_S`."""
    rest = person.neutral.astype(np.float64)
    head = take.head.astype(np.float64)
    left, right = MOUTH_CORNERS
    width = np.linalg.norm(head[:, left] - head[:, right], axis=1) / max(person.mouth_width, 1e-6)
    brows = [*BROW_LEFT, *BROW_RIGHT]
    corners = [*EYE_CORNERS_LEFT, *EYE_CORNERS_RIGHT]
    height = head[:, brows, 1].mean(axis=1) - head[:, corners, 1].mean(axis=1)
    height -= rest[brows, 1].mean() - rest[corners, 1].mean()
    usual = mean_rotation(take.poses.rotation)
    angles = np.asarray(angles_from_matrix(usual.T @ take.poses.rotation), dtype=np.float64)
    # From the side widths and heights are guessed by the tracker.
    front = turned < 2 * _FRONTAL_RAD
    measures = {
        "lips_apart": (take.opened.lips, front),
        "mouth_width": (width, front),
        "brows_m": (height, front),
        "yaw_rad": (angles[:, 1], np.ones_like(front)),
        "pitch_rad": (angles[:, 0], np.ones_like(front)),
    }
    count = max(1, round(_RANGE_S * take.fps))
    return {
        name: (_lasting(values[use], count, least=True), _lasting(values[use], count, least=False))
        for name, (values, use) in measures.items()
        if use.sum() >= count
    }


def _lasting(values: Array, count: int, *, least: bool) -> float:
    """Return the extreme value that is reached or passed for `count` frames in a row."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    if least:
        return float(maximum_filter1d(values, count, mode="nearest").min())
    return float(minimum_filter1d(values, count, mode="nearest").max())


def _shown(ranges: dict[str, tuple[float, float]]) -> set[str]:
    """Return which parts of a take the ranges prove."""
    nothing = (0.0, 0.0)
    lips, brows = ranges.get("lips_apart", nothing), ranges.get("brows_m", nothing)
    width = ranges.get("mouth_width", (1.0, 1.0))
    yaw = ranges.get("yaw_rad", nothing)
    proofs = {
        "open mouth": lips[1] > _OPEN_MOUTH,
        "pursed lips": width[0] < _PURSED,
        "smile": width[1] > _SMILE,
        "raised brows": brows[1] > _BROWS_M,
        "head turned": yaw[0] < -_TURNED_RAD and yaw[1] > _TURNED_RAD,
    }
    return {part for part, proved in proofs.items() if proved}


def _held(wanted: Bools, fps: float, least_s: float) -> Bools:
    """Return `wanted` [T] less the runs that are shorter than `least_s`."""
    kept = np.array(wanted)
    for run in runs(wanted):
        if (run.stop - run.start) / fps < least_s - 1e-9:
            kept[run] = False
    return kept
