"""The person in front of a live camera: learned while they are seen, refined ever more slowly.

What was seen is kept as a sample of at most `_KEPT` frames, spread evenly over the whole session:
when it is full every second frame of it is let go, and from then on half as many are kept. The
face at rest is measured on this sample in just the way in which a whole clip is measured, always
from the character's own shape on, so that it cannot drift however often it is done.

A measurement takes longer than there is between two frames. It is a generator: `RunningPerson.rest`
does a piece of it in the pause after each frame, and the outcome is the same on any machine.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, Character
from animdrive.rig.pose import angles_from_matrix
from animdrive.sources.video.fitting.at_rest import calmest_frames
from animdrive.sources.video.fitting.expression import (
    ExpressionConfig,
    measurements,
    refined_rest,
)
from animdrive.sources.video.fitting.gaze import SHUT, measured_looks
from animdrive.sources.video.fitting.person import (
    Person,
    local_scales,
    measure_person,
    openings,
)
from animdrive.sources.video.fitting.pose import HeadPoses, fit_poses, mean_rotation
from animdrive.sources.video.fitting.regressor import Regressor, Seen
from animdrive.sources.video.fitting.solver import Measurements
from animdrive.sources.video.live.frame_solver import FrameSolver

Array = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]

_KEPT = 240
_USED = 96
"""Frames of the sample that a measurement takes."""
_POSES_AT_ONCE, _SOLVED_AT_ONCE, _GUESSED_AT_ONCE = 16, 3, 16
"""Frames worked on in one pause: about 4 ms."""
_FIRST_S = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.5, 6.5, 9.0, 12.0)
"""When the person is measured, seconds of face seen; then every `_THEN_S`."""
_THEN_S = 8.0
_GAZE_S = 5.0
"""Seconds after which half of the usual gaze is taken for an error of the eyeball's place."""
_FRONTAL_RAD = np.radians(20)


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of who is seen, and of how they usually sit."""

    person: Person
    """The face at rest."""
    usual_looks: Array
    """[2, 2] radians, usual gaze of the left and right eye as measured: pitch and yaw."""
    usual_rotation: Array
    """[3, 3] head to camera, as it usually is."""
    usual_place: Array
    """[3] head's usual place over its scale: x, y metres across; 1 / scale, metres per pixel."""

    def towards(self, other: Known, share: float) -> Known:
        """Return what lies between this and `other`: 0 is this, 1 the other."""
        if share >= 1:
            return other

        def mixed(mine: npt.ArrayLike, theirs: npt.ArrayLike) -> Array:
            start = np.asarray(mine, dtype=np.float64)
            return start + share * (np.asarray(theirs, dtype=np.float64) - start)

        mine, theirs = self.person, other.person
        return Known(
            person=replace(
                theirs,
                neutral=mixed(mine.neutral, theirs.neutral).astype(np.float32),
                mouth_width=float(mixed(mine.mouth_width, theirs.mouth_width)),
                closed_gap=float(mixed(mine.closed_gap, theirs.closed_gap)),
                open_eyes=mixed(mine.open_eyes, theirs.open_eyes),
                closed_eyes=mixed(mine.closed_eyes, theirs.closed_eyes),
            ),
            usual_looks=mixed(self.usual_looks, other.usual_looks),
            usual_rotation=_rotation_near(mixed(self.usual_rotation, other.usual_rotation)),
            usual_place=mixed(self.usual_place, other.usual_place),
        )


def _rotation_near(matrix: Array) -> Array:
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray(u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt)


class RunningPerson:
    """Measures who is seen, again and again, on all that was seen so far."""

    def __init__(
        self,
        character: Character,
        model: Array,
        weights: Array,
        *,
        config: ExpressionConfig,
        given: Person | None = None,
        regressor: Regressor | None = None,
    ) -> None:
        """Begin with nobody.

        Args:
            character: Whose curves are solved for.
            model: [P, 3] metres, its landmarks at rest about the head's pivot.
            weights: [P] how far each landmark moves with the skull.
            config: Settings of the solver.
            given: The person, where known: then only gaze and place are learned.
            regressor: What finds the frames at rest; None takes what the rig-based solver finds.
        """
        self._character, self._model, self._weights = character, model, weights
        self._config, self._given, self._regressor = config, given, regressor
        self._rig = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
        self._solver = FrameSolver(character, config=config)
        self._sample: list[tuple[Points, Seen | None]] = []
        self._stride, self._count = 1, 0
        self._seen_s, self._done_s = 0.0, 0.0
        self._work: Iterator[Known | None] | None = None
        self.known: Known | None = None
        """The latest measurement; None before the first frame."""

    def add(self, points: Points, step_s: float, seen: Seen | None = None) -> None:
        """Take a frame.

        Args:
            points: [P, 3] in camera axes, pixels.
            step_s: Seconds since the frame before.
            seen: [E] what the regressor saw of it, or None without a picture.
        """
        self._seen_s += step_s
        if self._count % self._stride == 0:
            self._sample.append((points.astype(np.float32), seen))
            if len(self._sample) >= _KEPT:
                self._sample = self._sample[::2]
                self._stride *= 2
        self._count += 1
        if self.known is None:
            self._run_to_the_end()

    def rest(self) -> None:
        """Work a little, in the pause between two frames."""
        if self._work is None:
            due = [at for at in _FIRST_S if self._done_s < at <= self._seen_s]
            if not due and self._seen_s - max(self._done_s, _FIRST_S[-1]) < _THEN_S:
                return
            self._begin()
        self._advance()

    def _run_to_the_end(self) -> None:
        self._begin()
        while self._work is not None:
            self._advance()

    def _begin(self) -> None:
        self._done_s = self._seen_s
        self._work = self._measured()

    def _advance(self) -> None:
        if self._work is not None:
            known = next(self._work)
            if known is not None:
                self.known, self._work = known, None

    def _measured(self) -> Iterator[Known | None]:
        """Yield None after each piece of work, the outcome last."""
        every = -(-len(self._sample) // _USED)
        used = self._sample[::every]
        points = np.stack([frame for frame, _ in used])
        looked = [seen for _, seen in used if seen is not None]
        sight = np.stack(looked) if len(looked) == len(used) else None
        person = self._given
        if self._regressor is not None:
            person = yield from self._person_seen(points, sight, self._regressor)
        elif person is None:
            person = yield from self._person(points)
        poses = yield from self._poses(points, person.neutral)
        head = poses.to_head(points)
        looks = measured_looks(head, person, self._character)
        closure = person.closure(openings(head).eyes, poses.facing)
        # Where somebody looks in a second or two is no usual gaze: at first it counts for little.
        believed = self._done_s / (self._done_s + _GAZE_S)
        usual = np.zeros((2, 2))
        for side in range(2):
            seen = closure[:, side] < SHUT
            if seen.any():
                usual[side] = believed * np.median(looks[seen, side], axis=0)
        place = np.column_stack([poses.place[:, :2] / poses.scale[:, None], 1.0 / poses.scale])
        yield Known(
            person=person,
            usual_looks=usual,
            usual_rotation=mean_rotation(poses.rotation),
            usual_place=np.median(place, axis=0),
        )

    def _person(self, points: Points) -> Generator[None, None, Person]:
        poses = yield from self._poses(points, self._model)
        person = self._measure(points, poses)
        yield
        poses = yield from self._poses(points, person.neutral)
        person = self._measure(points, poses)
        yield
        poses = yield from self._poses(points, person.neutral)
        for _ in range(2):
            values = yield from self._curves(points, poses, person)
            person = refined_rest(person, poses.to_head(points), values, self._character)
            yield
        return person

    def _person_seen(
        self, points: Points, sight: Seen | None, regressor: Regressor
    ) -> Generator[None, None, Person]:
        """Return the person as the regressor finds them at rest, as it does in a whole clip."""
        given = self._given
        shape = self._model if given is None else given.neutral
        poses = yield from self._poses(points, shape)
        head = poses.to_head(points)
        guess = np.zeros((len(points), len(ARKIT52)))
        for start in range(0, len(points), _GUESSED_AT_ONCE):
            if start:
                yield
            run = slice(start, start + _GUESSED_AT_ONCE)
            some = HeadPoses(poses.rotation[run], poses.scale[run], poses.place[run])
            seen = None if sight is None else sight[run]
            if given is None:
                guess[run] = regressor.guess(head[run], some, seen)
            else:
                guess[run] = regressor.curves(head[run], some, given.neutral, None, None)
        calm = calmest_frames(guess, poses)
        at_rest = None if sight is None else sight[calm].mean(axis=0)
        if given is not None:
            return replace(given, seen_at_rest=at_rest)
        for _ in range(2):
            yield
            poses = yield from self._poses(points, np.median(head[calm], axis=0))
            head = poses.to_head(points)
        yield
        neutral = np.median(head[calm], axis=0).astype(np.float32)
        return replace(self._measure(points, poses), neutral=neutral, seen_at_rest=at_rest)

    def _measure(self, points: Points, poses: HeadPoses) -> Person:
        head = poses.to_head(points)
        turned = np.abs(angles_from_matrix(poses.rotation)[:, :2]).max(axis=1)
        return measure_person(head, openings(head), frontal=turned < _FRONTAL_RAD)

    def _poses(
        self, points: Points, shape: npt.NDArray[np.floating[Any]]
    ) -> Generator[None, None, HeadPoses]:
        parts = []
        for start in range(0, len(points), _POSES_AT_ONCE):
            if start:
                yield
            parts.append(fit_poses(points[start : start + _POSES_AT_ONCE], shape, self._weights))
        return HeadPoses(
            np.concatenate([part.rotation for part in parts]),
            np.concatenate([part.scale for part in parts]),
            np.concatenate([part.place for part in parts]),
        )

    def _curves(
        self, points: Points, poses: HeadPoses, person: Person
    ) -> Generator[None, None, Array]:
        """Return [T, 52], eyes taken to look ahead: where they look does not move the skin."""
        head = poses.to_head(points)
        opened = openings(head)
        scales = local_scales(person, self._rig)
        measured = measurements(head, poses, person, self._character, opened, config=self._config)
        values = np.zeros((len(points), len(ARKIT52)))
        for frame in range(len(points)):
            if frame and frame % _SOLVED_AT_ONCE == 0:
                yield
            values[frame] = self._solver.solve(
                (head[frame] - person.neutral) * scales,
                poses.rotation[frame],
                Measurements(
                    measured.rows,
                    measured.values[frame : frame + 1],
                    measured.trust[frame : frame + 1],
                ),
                np.zeros((2, 3)),
            )
        return values
