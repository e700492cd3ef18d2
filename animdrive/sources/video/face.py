"""A clip of a face to control curves: the video front end as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import (
    Character,
    LandmarkTrack,
    VideoFrame,
)
from animdrive.contract.stages import LandmarkTracker, Progress, Report, no_progress
from animdrive.errors import InputError
from animdrive.sources.video import TRACKERS
from animdrive.sources.video.fitting.glimpses import Glimpses
from animdrive.sources.video.fitting.person import Person
from animdrive.sources.video.fitting.regressor import Seen, load_regressor
from animdrive.sources.video.landmark_curves import (
    check_landmarks,
    curves_from_landmarks,
    losses_told,
    no_face,
)
from animdrive.sources.video.people import only, people_in, spliced
from animdrive.sources.video.report import with_confidence
from animdrive.sources.video.settings import FaceConfig, FaceResult

__all__ = ["FaceConfig", "FaceResult", "curves_from_landmarks", "face_curves"]


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
    check_landmarks(character)
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
        raise no_face(len(landmarks))
    tracks = {label: result.track for label, result in results.items()}
    seen = np.zeros(len(landmarks), dtype=bool)
    for label, track in tracks.items():
        sighted = np.interp(landmarks.times_s, track.times_s, track.confidence) > 0.5
        seen |= sighted & (labels == label)
    lost = losses_told(seen, landmarks.times_s, np.zeros(len(seen), dtype=bool))
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
