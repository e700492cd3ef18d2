"""Where the eyes look, from the irises.

Each iris is seen somewhere in front of its eyeball; where the eyeball's front is known from the
corners of the eye, its radius from the character. All of it happens in head space: there the
errors of the pose, the same for the iris and for the corners, cancel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, Character, CurveTrack
from animdrive.rig.pose import DOWN_RAD, UP_RAD, YAW_RAD, eye_rotation_from_looks
from animdrive.sources.video.fitting.person import Person
from animdrive.sources.video.fitting.pose import HeadPoses
from animdrive.sources.video.indices import (
    EYE_CORNERS_LEFT,
    EYE_CORNERS_RIGHT,
    IRIS_LEFT,
    IRIS_RIGHT,
)

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]

SHUT = 0.65
"""An eye that is shut further than this hides too much of its iris."""
_MOST_BIAS_RAD = (0.17, 0.12)
"""Most that the usual gaze (pitch, yaw) is taken for an error of the eyeball's place."""
_PITCH_GAIN = 1.3
"""The tracker follows irises up and down less than they go, for lids follow and hide them. On
renders of the built-in head it saw a quarter to a half of it; this makes up for a part only, as
noise grows with it, and overshoots where landmarks are exact."""
_ALSO = np.array([0.65, 0.5])
"""How far the regressor is followed in pitch and yaw: it sees lids and lashes as well, which tell
more of pitch; irises tell yaw as well as it does, with other errors."""
_MOST_VERGENCE_RAD = 0.20
"""Eyes cross no further: something 30 cm away."""


def eye_angles(
    head: Floats,
    poses: HeadPoses,
    person: Person,
    character: Character,
    closure: Floats,
    *,
    fps: float,
    also: Floats | None = None,
) -> Array:
    """Measure the eyes' rotation.

    The eyes turn together: pitch is one for both, and they differ in yaw only by as much as
    they converge. The usual gaze of a clip is taken to be straight ahead, within the error that
    the place of an eyeball can have. While an eye is shut its iris tells nothing; gaze passes
    evenly from before a blink to after it.

    Args:
        head: [T, P, 3] metres in head space.
        poses: The head's poses in those frames.
        person: Whose eyes they are.
        character: Gives the size of the eyeball and its place behind the lids.
        closure: [T, 2] how far each eye is shut.
        fps: Frames per second.
        also: [T, 2] radians, pitch and yaw of both eyes as the regressor reads them, to be
            joined with what the irises tell.

    Returns:
        [T, 2, 3] radians: left and right eye; pitch, yaw, roll (0), within the curves' reach.
    """
    looks = measured_looks(head, person, character)
    open_enough = _eroded(np.asarray(closure) < SHUT)
    # From the side the far eye is hidden by the nose; the near one leads.
    facing = poses.facing
    trust = np.clip(np.stack([1 - 2 * facing, 1 + 2 * facing], axis=1), 0.05, 1.0) * open_enough
    usable = trust.sum(axis=1) > 0
    if not usable.any():
        return np.zeros((len(looks), 2, 3))
    # Each eye first loses its own usual error, so that one eye alone can stand for both.
    for side in range(2):
        seen = open_enough[:, side]
        if seen.any():
            usual = np.median(looks[seen, side], axis=0)
            looks[:, side] -= np.clip(usual, np.negative(_MOST_BIAS_RAD), _MOST_BIAS_RAD)
    weight = trust[usable] / trust[usable].sum(axis=1, keepdims=True)
    both = (weight[..., None] * looks[usable]).sum(axis=1)
    if also is not None:
        both = both + _ALSO * (np.asarray(also, dtype=np.float64)[usable] - both)
    crossing = np.where(
        (trust[usable] > 0.5).all(axis=1), looks[usable, 1, 1] - looks[usable, 0, 1], 0.0
    )
    frames = np.arange(len(looks))
    at = frames[usable]
    pitch = np.interp(frames, at, both[:, 0])
    yaw = np.interp(frames, at, both[:, 1])
    # Half of the measured crossing, slowly: its noise is larger than its usual size.
    vergence = _slow(np.interp(frames, at, crossing), 0.5 * fps)
    vergence = np.clip(0.5 * vergence, 0.0, _MOST_VERGENCE_RAD)
    angles = np.zeros((len(looks), 2, 3))
    angles[:, :, 0] = np.clip(pitch, -UP_RAD, DOWN_RAD)[:, None]
    angles[:, 0, 1] = np.clip(yaw - 0.5 * vergence, -YAW_RAD, YAW_RAD)
    angles[:, 1, 1] = np.clip(yaw + 0.5 * vergence, -YAW_RAD, YAW_RAD)
    return angles


def gaze_of_curves(values: Floats) -> Array:
    """Return [T, 2] radians, pitch and yaw in the mean of both eyes, of curves [T, 52]."""
    track = CurveTrack(ARKIT52, 30.0, np.clip(values, 0.0, 1.0).astype(np.float32))
    return np.asarray(eye_rotation_from_looks(track)[:, :, :2].mean(axis=1), dtype=np.float64)


def measured_looks(head: Floats, person: Person, character: Character) -> Array:
    """Return [T, 2, 2] radians: left and right eye; pitch and yaw, each eye on its own."""
    return np.stack(
        [
            _direction(head, person, character, side, corners, iris)
            for side, (corners, iris) in enumerate(
                ((EYE_CORNERS_LEFT, IRIS_LEFT), (EYE_CORNERS_RIGHT, IRIS_RIGHT))
            )
        ],
        axis=1,
    )


def _direction(
    head: Floats,
    person: Person,
    character: Character,
    side: int,
    corners: tuple[int, int],
    iris: tuple[int, ...],
) -> Array:
    """Return [T, 2] pitch and yaw of one eye in head space, radians."""
    rig = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
    width = float(np.linalg.norm(rig[corners[0]] - rig[corners[1]]))
    own = person.neutral[list(corners)].astype(np.float64)
    size = float(np.clip(np.linalg.norm(own[0] - own[1]) / max(width, 1e-6), 0.7, 1.4))
    resting = rig[list(iris)].mean(axis=0)
    radius = size * float(np.linalg.norm(resting - character.eye_pivots[side]))
    ahead = size * (resting - rig[list(corners)].mean(axis=0))
    middle = np.asarray(head[:, list(corners)], dtype=np.float64).mean(axis=1)
    seen = np.asarray(head[:, list(iris)], dtype=np.float64).mean(axis=1)
    right, up = ((seen - middle - ahead)[:, :2] / radius).T
    pitch = -_PITCH_GAIN * np.arcsin(np.clip(up, -0.9, 0.9))
    return np.column_stack([pitch, np.arcsin(np.clip(right / np.cos(pitch), -0.9, 0.9))])


def _eroded(seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return `seen` [T, 2] without the frame beside each unseen one, where lids are moving."""
    if len(seen) < 3:
        return seen
    padded = np.pad(seen, ((1, 1), (0, 0)), mode="edge")
    return np.asarray(padded[:-2] & padded[1:-1] & padded[2:])


def _slow(values: Array, width: float) -> Array:
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(values, max(width, 1.0), mode="nearest"))
