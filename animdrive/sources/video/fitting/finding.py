"""Who is seen in a clip: the person at rest, and the poses of their own head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from animdrive.contract import (
    Character,
)
from animdrive.rig.pose import angles_from_matrix
from animdrive.sources.video.fitting.at_rest import calmest_frames
from animdrive.sources.video.fitting.expression import (
    ExpressionConfig,
    measurements,
    refined_rest,
    solve_expression,
)
from animdrive.sources.video.fitting.gaze import eye_angles
from animdrive.sources.video.fitting.person import Person, measure_person, openings
from animdrive.sources.video.fitting.pose import (
    HeadPoses,
    fit_poses,
)
from animdrive.sources.video.fitting.regressor import Seen, load_regressor

Array = npt.NDArray[np.float64]

_REST_SAMPLE = 400
"""Frames, more or less, that the face at rest is refined on."""
_FRONTAL_RAD = np.radians(20)


def person_of_clip(
    points: npt.NDArray[np.float32],
    poses: HeadPoses,
    weights: Array,
    character: Character,
    *,
    learned: bool,
    glimpsed: Seen | None,
    given: Person | None,
    config: ExpressionConfig,
    fps: float,
) -> tuple[Person, HeadPoses]:
    """Find the person at rest, and where their own head, not the character's, is seen.

    Args:
        points: [T, 478, 3] landmarks in camera axes, pixels; T is at least 1.
        poses: Of the character's head.
        weights: [478] trust in each landmark to move with the skull.
        character: Whose curves are solved.
        learned: Whether the regressor tells when a face is at rest, or the fit alone.
        glimpsed: [T, E] what the regressor saw, or None.
        given: The person, where a profile knows them.
        config: Settings of the fit.
        fps: Frames per second.
    """
    if given is not None:
        poses = fit_poses(points, given.neutral, weights)
        if learned and glimpsed is not None:
            # A profile knows the shape at rest; how it looks at rest in this light, the clip does.
            head = poses.to_head(points)
            done = load_regressor().curves(head, poses, given.neutral, None, None)
            calm = calmest_frames(done, poses)
            given = replace(given, seen_at_rest=glimpsed[calm].mean(axis=0))
        return given, poses
    if learned:
        return _person_read(points, poses, weights, glimpsed)
    return _person_fitted(points, poses, weights, character, config, fps)


def _person_read(
    points: npt.NDArray[np.float32], poses: HeadPoses, weights: Array, glimpsed: Seen | None
) -> tuple[Person, HeadPoses]:
    """Return the person as the regressor finds them at rest, and the poses of their own head."""
    head = poses.to_head(points)
    calm = calmest_frames(load_regressor().guess(head, poses, glimpsed), poses)
    for _ in range(2):
        poses = fit_poses(points, np.median(head[calm], axis=0), weights)
        head = poses.to_head(points)
    turned = np.abs(angles_from_matrix(poses.rotation)[:, :2]).max(axis=1)
    person = measure_person(head, openings(head), frontal=turned < _FRONTAL_RAD)
    return replace(
        person,
        neutral=np.median(head[calm], axis=0).astype(np.float32),
        seen_at_rest=None if glimpsed is None else glimpsed[calm].mean(axis=0),
    ), poses


def _person_fitted(
    points: npt.NDArray[np.float32],
    poses: HeadPoses,
    weights: Array,
    character: Character,
    config: ExpressionConfig,
    fps: float,
) -> tuple[Person, HeadPoses]:
    """Return the person, and the poses of their own head rather than the character's."""
    for _ in range(2):
        head = poses.to_head(points)
        turned = np.abs(angles_from_matrix(poses.rotation)[:, :2]).max(axis=1)
        person = measure_person(head, openings(head), frontal=turned < _FRONTAL_RAD)
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
        measured = measurements(head, some_poses, person, character, opened, config=config)
        values = solve_expression(
            head, some_poses, person, character, measured, eyes, config=config
        )
        person = refined_rest(person, head, values, character)
    return person, fit_poses(points, person.neutral, weights)
