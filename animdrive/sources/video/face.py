"""A clip of a face to control curves: the video front end as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from animdrive.contract import (
    ARKIT52,
    ARKIT_INDEX,
    Character,
    CurveTrack,
    LandmarkTrack,
    VideoFrame,
)
from animdrive.contract.stages import LandmarkTracker, Progress, Report, no_progress
from animdrive.errors import InputError
from animdrive.rig.pose import angles_from_matrix, looks_from_eye_rotation
from animdrive.sources.video import TRACKERS
from animdrive.sources.video.fitting.at_rest import calmest_frames
from animdrive.sources.video.fitting.expression import (
    ExpressionConfig,
    measurements,
    refined_rest,
    solve_expression,
    with_closures,
)
from animdrive.sources.video.fitting.gaze import eye_angles
from animdrive.sources.video.fitting.glimpses import Glimpses
from animdrive.sources.video.fitting.person import Person, measure_person, openings
from animdrive.sources.video.fitting.pose import (
    HeadPoses,
    camera_points,
    fit_poses,
    mean_rotation,
    positions_m,
    rigid_weights,
)
from animdrive.sources.video.fitting.regressor import Seen, load_regressor
from animdrive.sources.video.indices import RIGID, SKIN
from animdrive.sources.video.people import only, people_in, spliced
from animdrive.sources.video.report import with_confidence
from animdrive.sources.video.timing.smooth import smoothed
from animdrive.sources.video.timing.timeline import (
    Handover,
    constant_rate_times,
    resampled,
    runs,
    usual_rate,
)
from animdrive.sources.video.tracking.choice import parse_choice
from animdrive.sources.video.tracking.sightings import (
    cuts_among,
    cuts_before,
    plausible,
    stretches_of,
    without_glimpses,
)

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


_REST_SAMPLE = 400
"""Frames, more or less, that the face at rest is refined on."""


@dataclass(frozen=True)
class FaceConfig:
    """Settings of `face_curves`."""

    fps: float | None = None
    """Frames per second of the curves, 1..240; None takes the clip's own rate."""
    tracker: str = "facemesh"
    """Which landmark tracker, a name in `TRACKERS`."""
    landmarker: Path | None = None
    """A `face_landmarker.task` of MediaPipe, for the tracker "tasks"."""
    face: str = "largest"
    """Whose face: "largest", "left", "right", a number counted by size, or "x,y" in pixels."""
    smoothing_s: float = 0.25
    """Width of the smoothing, seconds; 0 leaves the curves as they were solved."""
    reference: Literal["clip", "camera"] = "clip"
    """Head rotation is 0 where the head usually is in the clip, or where it faces the camera."""
    focal: float = 1.3
    """Focal length to assume, in longest sides of the picture: scales how far the head moves."""
    hold_s: float = 0.20
    """How long the last pose is held when the face is lost, seconds."""
    release_s: float = 0.40
    """How long it then takes to ease to rest, seconds."""
    return_s: float = 0.15
    """How long before the face is seen again it eases in, seconds."""
    min_run_s: float = 0.15
    """A face seen for a shorter time between two losses is taken for a mistake, seconds."""
    solver: Literal["learned", "rig"] = "learned"
    """What reads the curves: the trained regressor, or the fit of the rig's own shapes alone."""
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    """Settings of the fit."""

    def __post_init__(self) -> None:
        parse_choice(self.face)
        if self.fps is not None and not 1 <= self.fps <= 240:
            raise InputError(f"fps must be in 1..240, got {self.fps}.")
        if self.reference not in ("clip", "camera"):
            raise InputError(
                f"FaceConfig.reference must be 'clip' or 'camera', got '{self.reference}'."
            )
        if self.solver not in ("learned", "rig"):
            raise InputError(f"FaceConfig.solver must be 'learned' or 'rig', got '{self.solver}'.")
        if not 0.2 <= self.focal <= 20:
            raise InputError(f"FaceConfig.focal must be in 0.2..20, got {self.focal}.")
        for name in ("smoothing_s", "hold_s", "release_s", "return_s", "min_run_s"):
            if not 0 <= getattr(self, name) <= 10:
                raise InputError(
                    f"FaceConfig.{name} must be in 0..10 s, got {getattr(self, name)}."
                )


@dataclass(frozen=True, eq=False)
class FaceResult:
    """What a clip gave."""

    track: CurveTrack
    """`ARKIT52` at a constant rate; confidence 0 where no face was seen."""
    landmarks: LandmarkTrack
    """What the tracker found, at the clip's own times."""
    found_share: float
    """Share of the clip's frames in which a face was followed, above 0 to 1."""
    notes: tuple[str, ...]
    """What the user should know, a sentence each."""


class _Counted:
    """Frames that say how many they are, so that a tracker can tell how far it is."""

    def __init__(self, frames: Iterable[VideoFrame], count: int | None) -> None:
        self._frames = frames
        self._count = count or 0

    def __iter__(self) -> Iterator[VideoFrame]:
        return iter(self._frames)

    def __length_hint__(self) -> int:
        return self._count


def face_curves(
    frames: Iterable[VideoFrame],
    character: Character,
    *,
    config: FaceConfig | None = None,
    person: Person | None = None,
    progress: Progress = no_progress,
    expected_frames: int | None = None,
) -> FaceResult:
    """Turn a clip of a face into the character's curves.

    Args:
        frames: The clip, streamed; read once.
        character: Whose curves to solve for; it must have MediaPipe's landmarks.
        config: Settings.
        person: Who is seen, as from a profile; None finds it in the clip.
        progress: Told how far each stage is.
        expected_frames: How many frames there will be, as far as known; for `progress` alone.

    Returns:
        Curves from the clip's first frame to its last.

    Raises:
        InputError: no face in any frame, no frame at all, or the picture's size changes.
        BackendError: the tracker is unknown or not installed.
    """
    config = config or FaceConfig()
    _check_landmarks(character)
    notes: list[str] = []
    landmarks, glimpsed = _tracked(
        _Counted(frames, expected_frames), character, config, progress, notes.append
    )
    labels = people_in(landmarks, character)
    if person is None and labels.any():
        result = _by_person(landmarks, glimpsed, labels, character, config, progress)
    else:
        result = curves_from_landmarks(
            landmarks,
            character,
            glimpsed=glimpsed,
            config=config,
            person=person,
            progress=progress,
        )
    track = with_confidence(result.track, landmarks, character)
    return replace(result, track=track, notes=(*notes, *result.notes))


def _tracked(
    frames: Iterable[VideoFrame],
    character: Character,
    config: FaceConfig,
    progress: Progress,
    report: Report,
) -> tuple[LandmarkTrack, Seen | None]:
    """Return the landmarks, and for the regressor what it saw of each frame."""
    tracker = _tracker(config)
    if config.solver == "rig":
        return tracker.track(frames, progress=progress, report=report), None
    with Glimpses(load_regressor(), character) as glimpses:
        landmarks = tracker.track(frames, progress=progress, watch=glimpses, report=report)
        return landmarks, glimpses.embeddings()


def _by_person(
    landmarks: LandmarkTrack,
    glimpsed: Seen | None,
    labels: npt.NDArray[np.intp],
    character: Character,
    config: FaceConfig,
    progress: Progress,
) -> FaceResult:
    """Return the clip solved for each of the people that its shots show, and put together."""
    results: dict[int, FaceResult] = {}
    for label in range(int(labels.max()) + 1):
        part = only(landmarks, labels == label)
        with suppress(InputError):  # a shot of what turned out to be no face
            results[label] = curves_from_landmarks(
                part, character, glimpsed=glimpsed, config=config, progress=progress
            )
    if not results:
        raise _no_face(len(landmarks))
    tracks = {label: result.track for label, result in results.items()}
    seen = np.zeros(len(landmarks), dtype=bool)
    for label, track in tracks.items():
        sighted = np.interp(landmarks.times_s, track.times_s, track.confidence) > 0.5
        seen |= sighted & (labels == label)
    lost = _notes(seen, landmarks.times_s, np.zeros(len(seen), dtype=bool))
    cuts = (
        f"The picture cuts {int(landmarks.cuts.sum())} times and shows {len(results)} different "
        "faces; each was measured on its own."
    )
    track = spliced(tracks, labels, landmarks)
    return FaceResult(track, landmarks, float(seen.mean()), (*lost, cuts))


def _tracker(config: FaceConfig) -> LandmarkTracker:
    tracker = TRACKERS.load("tasks" if config.landmarker is not None else config.tracker)
    settings: dict[str, Any] = {"face": config.face}
    if config.landmarker is not None:
        settings["landmarker"] = config.landmarker
    made: LandmarkTracker = tracker.from_settings(**settings)
    return made


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
    _check_landmarks(character)
    times = landmarks.times_s
    found = landmarks.confidence > 0
    if not found.any():
        raise _no_face(len(found))
    progress("solving the face", 0.0)
    points = camera_points(landmarks)[found]
    model = (character.rig.neutral.vertices[character.landmarks] - character.head_pivot).astype(
        np.float64
    )
    deltas = character.rig.deltas[:, character.landmarks]
    weights = np.zeros(len(model))
    rigid = np.array(RIGID)
    weights[rigid] = rigid_weights(deltas, rigid)

    poses = fit_poses(points, model, weights)
    seen = found.copy()
    seen[found] = plausible(points, poses, model, rigid)
    seen = without_glimpses(seen, times, config.min_run_s)
    if not seen.any():
        raise _no_face(len(seen))
    kept = seen[found]
    if not kept.all():
        points, poses = points[kept], poses.select(kept)
    sight = None if glimpsed is None else glimpsed[seen]
    fps = usual_rate(times)
    if person is not None:
        poses = fit_poses(points, person.neutral, weights)
        if config.solver == "learned" and sight is not None:
            # A profile knows the shape at rest; how it looks at rest in this light, the clip does.
            at = load_regressor().curves(poses.to_head(points), poses, person.neutral, None, None)
            calm = calmest_frames(at, poses)
            person = replace(person, seen_at_rest=sight[calm].mean(axis=0))
    elif config.solver == "learned":
        person, poses = _person_seen(points, poses, weights, sight)
    else:
        person, poses = _person(points, poses, weights, character, config, fps)
    progress("solving the face", 0.4)

    cuts = cuts_before(poses, times[seen], fps) | cuts_among(landmarks.cuts, seen)
    stretches = stretches_of(seen, cuts)
    head = poses.to_head(points)
    opened = openings(head)
    eyes = eye_angles(
        head, poses, person, character, person.closure(opened.eyes, poses.facing), fps=fps
    )
    eyes = _smooth(eyes.reshape(len(eyes), 6), stretches, fps, config, 0.005).reshape(eyes.shape)
    measured = measurements(head, poses, person, character, opened, config=config.expression)
    if config.solver == "learned":
        values = load_regressor().curves(head, poses, person.neutral, sight, person.seen_at_rest)
    else:
        values = solve_expression(
            head, poses, person, character, measured, eyes, config=config.expression
        )
    progress("solving the face", 0.9)
    values = _smooth(values, stretches, fps, config, 0.004)
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
    return FaceResult(track, landmarks, share, _notes(seen, times, cuts))


def _check_landmarks(character: Character) -> None:
    if len(character.landmarks) < SKIN + 10:
        raise InputError(
            f"the character has {len(character.landmarks)} face landmarks, {SKIN + 10} are needed "
            "to solve it from video; name them in its file, or use the head that is built in."
        )


def _no_face(frames: int) -> InputError:
    return InputError(
        f"no face found in {frames} frames (0 %) of the video; show one face from the front, "
        "well lit, at least 30 pixels wide."
    )


def _person_seen(
    points: npt.NDArray[np.float32], poses: HeadPoses, weights: Array, sight: Seen | None
) -> tuple[Person, HeadPoses]:
    """Return the person as the regressor finds them at rest, and the poses of their own head."""
    head = poses.to_head(points)
    calm = calmest_frames(load_regressor().guess(head, poses, sight), poses)
    for _ in range(2):
        poses = fit_poses(points, np.median(head[calm], axis=0), weights)
        head = poses.to_head(points)
    turned = np.abs(angles_from_matrix(poses.rotation)[:, :2]).max(axis=1)
    person = measure_person(head, openings(head), frontal=turned < np.radians(20))
    return replace(
        person,
        neutral=np.median(head[calm], axis=0).astype(np.float32),
        seen_at_rest=None if sight is None else sight[calm].mean(axis=0),
    ), poses


def _person(
    points: npt.NDArray[np.float32],
    poses: HeadPoses,
    weights: Array,
    character: Character,
    config: FaceConfig,
    fps: float,
) -> tuple[Person, HeadPoses]:
    """Return the person, and the poses of their own head rather than the character's."""
    for _ in range(2):
        head = poses.to_head(points)
        turned = np.abs(angles_from_matrix(poses.rotation)[:, :2]).max(axis=1)
        person = measure_person(head, openings(head), frontal=turned < np.radians(20))
        poses = fit_poses(points, person.neutral, weights)
    # A resting face needs no more than a sample of the clip.
    sample = np.zeros(len(points), dtype=bool)
    sample[:: max(1, len(points) // _REST_SAMPLE)] = True
    some, some_poses = points[sample], poses.select(sample)
    head = some_poses.to_head(some)
    opened = openings(head)
    closure = person.closure(opened.eyes, some_poses.facing)
    eyes = eye_angles(head, some_poses, person, character, closure, fps=fps)
    for _ in range(2):
        measured = measurements(
            head, some_poses, person, character, opened, config=config.expression
        )
        values = solve_expression(
            head, some_poses, person, character, measured, eyes, config=config.expression
        )
        person = refined_rest(person, head, values, character)
    return person, fit_poses(points, person.neutral, weights)


def _smooth(
    values: npt.NDArray[np.floating[Any]],
    stretches: list[slice],
    fps: float,
    config: FaceConfig,
    floor: float,
) -> Array:
    result = np.array(values, dtype=np.float64)
    if config.smoothing_s > 0:
        for stretch in stretches:
            result[stretch] = smoothed(
                result[stretch], fps=fps, window_s=config.smoothing_s, floor=floor
            )
    return result


def _head_motion(
    poses: HeadPoses, size_px: tuple[int, int], config: FaceConfig
) -> tuple[Array, Array]:
    """Return head rotation [T, 3] radians and position [T, 3] metres from its place at rest."""
    usual = mean_rotation(poses.rotation) if config.reference == "clip" else np.eye(3)
    rotation = angles_from_matrix(usual.T @ poses.rotation).astype(np.float64)
    place = positions_m(poses, focal_px=config.focal * max(size_px))
    return rotation, (place - np.median(place, axis=0)) @ usual


def _notes(seen: Bools, times_s: Array, cuts: Bools) -> tuple[str, ...]:
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
