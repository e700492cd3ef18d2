"""Clips of several shots: whose face each shot shows, and each face solved on its own.

A person is measured from how their face usually is. Where a clip cuts between people, or between
lenses, that must be done for each of them, or the one's resting face is the other's expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, CurveTrack, LandmarkTrack
from animdrive.sources.video.fitting.pose import camera_points, fit_poses, head_model
from animdrive.sources.video.tracking.shots import people_of_shots, shots_of
from animdrive.sources.video.tracking.sightings import cuts_among

Labels = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

_LEAST_S = 1.5
"""A shot that lasts for less tells too little of a face to measure it."""


def people_in(landmarks: LandmarkTrack, character: Character) -> Labels:
    """Return [T] whose face is in each frame: 0 for the first one, 1 for another and so on.

    All 0 where the clip does not cut. Frames without a face belong to who was seen before.

    Args:
        landmarks: T frames.
        character: Its landmarks give the size of a head.
    """
    labels = np.zeros(len(landmarks), dtype=np.intp)
    seen = landmarks.confidence > 0
    if not landmarks.cuts.any() or not seen.any():
        return labels
    points = camera_points(landmarks)[seen]
    model, weights = head_model(character)
    poses = fit_poses(points, model, weights, steps=3)
    shots = shots_of(len(points), cuts_among(landmarks.cuts, seen))
    step_s = float(np.median(np.diff(landmarks.times_s)))
    least = max(3, round(_LEAST_S / step_s))
    of_seen = people_of_shots(poses.to_head(points), shots, least_frames=least)
    before = np.cumsum(seen) - 1
    return np.asarray(of_seen[np.maximum(before, 0)], dtype=np.intp)


def only(landmarks: LandmarkTrack, frames: Bools) -> LandmarkTrack:
    """Return `landmarks` as if no face were in any but some `frames` [T]."""
    return replace(
        landmarks,
        points=np.where(frames[:, None, None], landmarks.points, 0.0).astype(np.float32),
        confidence=np.where(frames, landmarks.confidence, 0.0).astype(np.float32),
    )


def spliced(
    tracks: Mapping[int, CurveTrack], labels: Labels, landmarks: LandmarkTrack
) -> CurveTrack:
    """Return one track: at each moment that of the person who is seen then.

    Args:
        tracks: Person → their curves over the whole clip; all of one length and rate.
        labels: [T] who is seen in each of the clip's frames.
        landmarks: The clip's T frames.
    """
    first = next(iter(tracks.values()))
    # The frame that is shown at a moment is the last one that came before it, or with it.
    half_step_s = 0.5 / first.fps
    shown = np.searchsorted(landmarks.times_s, first.times_s + 0.1 * half_step_s, side="right") - 1
    who = labels[np.clip(shown, 0, len(labels) - 1)]

    def chosen(pick: Callable[[CurveTrack], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        result = np.array(pick(first))
        for label, track in tracks.items():
            result[who == label] = pick(track)[who == label]
        return result

    return replace(
        first,
        values=chosen(lambda track: track.values),
        head_rotation=chosen(lambda track: track.head_rotation),
        head_position=chosen(lambda track: track.head_position),
        eye_rotation=chosen(lambda track: track.eye_rotation),
        confidence=chosen(lambda track: track.confidence),
    )
