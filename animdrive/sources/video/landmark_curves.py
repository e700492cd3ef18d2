"""Landmarks of a clip, and what the regressor saw of it, to control curves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import (
    ARKIT52,
    ARKIT_INDEX,
    Character,
    CurveTrack,
    LandmarkTrack,
)
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.rig.pose import angles_from_matrix, looks_from_eye_rotation
from animdrive.sources.video.fitting.closures import with_closures, with_openings
from animdrive.sources.video.fitting.expression import (
    measurements,
    solve_expression,
)
from animdrive.sources.video.fitting.finding import person_of_clip
from animdrive.sources.video.fitting.gaze import eye_angles, gaze_of_curves
from animdrive.sources.video.fitting.joined import joined
from animdrive.sources.video.fitting.person import Person, openings
from animdrive.sources.video.fitting.pose import (
    HeadPoses,
    camera_points,
    fit_poses,
    head_model,
    mean_rotation,
    positions_m,
)
from animdrive.sources.video.fitting.regressor import Seen, load_regressor
from animdrive.sources.video.indices import RIGID, SKIN
from animdrive.sources.video.settings import FaceConfig, FaceResult
from animdrive.sources.video.timing.smooth import smoothed
from animdrive.sources.video.timing.timeline import (
    Handover,
    constant_rate_times,
    resampled,
    runs,
    usual_rate,
)
from animdrive.sources.video.tracking.sightings import (
    cuts_among,
    cuts_before,
    plausible,
    stretches_of,
    without_glimpses,
)

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_LEARNED_PASSES = ((2.0, 0.004), (6.0, 0.010))
"""Widths of the smoothing, times that of the settings, and the least noise of each: what the
regressor reads wavers slowly too, with the noise of the pictures that it sees."""


def curves_from_landmarks(
    landmarks: LandmarkTrack,
    character: Character,
    *,
    glimpsed: Seen | None = None,
    config: FaceConfig | None = None,
    person: Person | None = None,
    progress: Progress = no_progress,
) -> FaceResult:
    """Turn tracked landmarks into the character's curves; see `face_curves`.

    `glimpsed` [T, E] is what the regressor saw of each frame; without it landmarks must do.
    """
    config = config or FaceConfig()
    check_landmarks(character)
    times = landmarks.times_s
    found = landmarks.confidence > 0
    if not found.any():
        raise no_face(len(found))
    progress("solving the face", 0.0)
    points = camera_points(landmarks)[found]
    model, weights = head_model(character)
    poses = fit_poses(points, model, weights)
    seen = found.copy()
    seen[found] = plausible(points, poses, model, np.array(RIGID))
    seen = without_glimpses(seen, times, config.min_run_s)
    if not seen.any():
        raise no_face(len(seen))
    kept = seen[found]
    if not kept.all():
        points, poses = points[kept], poses.select(kept)
    sight = None if glimpsed is None else glimpsed[seen]
    fps = usual_rate(times)
    person, poses = person_of_clip(
        points,
        poses,
        weights,
        character,
        learned=config.solver == "learned",
        glimpsed=sight,
        given=person,
        config=config.expression,
        fps=fps,
    )
    progress("solving the face", 0.4)

    cuts = cuts_before(poses, times[seen], fps) | cuts_among(landmarks.cuts, seen)
    stretches = stretches_of(seen, cuts)
    head = poses.to_head(points)
    opened = openings(head)
    learned = None
    if config.solver == "learned":
        learned = load_regressor().curves(head, poses, person.neutral, sight, person.seen_at_rest)
    eyes = eye_angles(
        head,
        poses,
        person,
        character,
        person.closure(opened.eyes, poses.facing),
        fps=fps,
        also=None if learned is None else gaze_of_curves(learned),
    )
    eyes = _smooth(eyes.reshape(len(eyes), 6), stretches, fps, config, 0.005).reshape(eyes.shape)
    measured = measurements(head, poses, person, character, opened, config=config.expression)
    values = solve_expression(
        head, poses, person, character, measured, eyes, config=config.expression
    )
    if learned is not None:
        values = joined(learned, values, poses.facing)
    progress("solving the face", 0.9)
    if learned is None:
        values = _smooth(values, stretches, fps, config, 0.004)
    else:
        for times_over, floor in _LEARNED_PASSES:
            values = _smooth(values, stretches, fps, config, floor, times_over=times_over)
        values = with_openings(values, measured)
    values = with_closures(values, measured, character, config=config.expression)
    rotation, position = _head_motion(poses, landmarks.size_px, config)
    rotation = _smooth(rotation, stretches, fps, config, 0.002)
    position = _smooth(position, stretches, fps, config, 0.0005)

    rate = config.fps or fps
    at_s = constant_rate_times(times, rate)
    channels = np.zeros((len(times), values.shape[1] + 12))
    channels[seen] = np.hstack([values, rotation, position, eyes.reshape(-1, 6)])
    count = values.shape[1]
    handover = Handover(config.hold_s, config.release_s, config.return_s)
    resting, visible = resampled(channels, times, seen, at_s, handover)
    motion = resting.astype(np.float32)
    turned = motion[:, count + 6 :].reshape(-1, 2, 3)
    shown = np.clip(motion[:, :count], 0.0, 1.0)
    for name, look in looks_from_eye_rotation(turned).items():
        shown[:, ARKIT_INDEX[name]] = look  # smoothed twice, these would part from the eyes
    track = CurveTrack(
        names=ARKIT52,
        fps=rate,
        values=shown,
        head_rotation=motion[:, count : count + 3],
        head_position=motion[:, count + 3 : count + 6],
        eye_rotation=turned,
        confidence=visible.astype(np.float32),
        start_s=float(times[0]),
    )
    progress("solving the face", 1.0)
    share = float(seen.mean())
    return FaceResult(track, landmarks, share, losses_told(seen, times, cuts))


def _smooth(
    values: npt.NDArray[np.floating[Any]],
    stretches: list[slice],
    fps: float,
    config: FaceConfig,
    floor: float,
    *,
    times_over: float = 1.0,
) -> Array:
    width_s = times_over * config.smoothing_s
    result = np.array(values, dtype=np.float64)
    if config.smoothing_s > 0:
        for stretch in stretches:
            result[stretch] = smoothed(result[stretch], fps=fps, window_s=width_s, floor=floor)
    return result


def _head_motion(
    poses: HeadPoses, size_px: tuple[int, int], config: FaceConfig
) -> tuple[Array, Array]:
    """Return head rotation [T, 3] radians and position [T, 3] metres from its place at rest."""
    usual = mean_rotation(poses.rotation) if config.reference == "clip" else np.eye(3)
    rotation = angles_from_matrix(usual.T @ poses.rotation).astype(np.float64)
    place = positions_m(poses, focal_px=config.focal * max(size_px))
    return rotation, (place - np.median(place, axis=0)) @ usual


def check_landmarks(character: Character) -> None:
    """Raise InputError where `character` has not all landmarks of Face Mesh."""
    if len(character.landmarks) < SKIN + 10:
        raise InputError(
            f"the character has {len(character.landmarks)} face landmarks, {SKIN + 10} are needed "
            "to solve it from video; name them in its file, or use the head that is built in."
        )


def no_face(frames: int) -> InputError:
    """Return the error of a clip without a face."""
    return InputError(
        f"no face found in {frames} frames (0 %) of the video; show one face from the front, "
        "well lit, at least 30 pixels wide."
    )


def losses_told(seen: Bools, times_s: Array, cuts: Bools) -> tuple[str, ...]:
    """Return what the user should know of frames [T] without a face and of cuts [T]."""
    notes = []
    share = float(seen.mean())
    if share < 1:
        longest = max((run.stop - run.start for run in runs(~seen)), default=0)
        lost_s = longest * (times_s[-1] - times_s[0]) / max(len(times_s) - 1, 1)
        much = "Mostly lost: face" if share < 0.5 else "Face"
        notes.append(
            f"{much} followed in {100 * share:.0f} % of {len(seen)} frames; the longest loss lasts "
            f"{lost_s:.1f} s. There the face eases to rest."
        )
    if cuts.any():
        notes.append(
            f"The picture seems to cut {int(cuts.sum())} times; it was taken for one face all "
            "along, and one resting face was measured."
        )
    return tuple(notes)
