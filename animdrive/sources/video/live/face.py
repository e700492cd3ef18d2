"""A face that moves now: landmarks of one frame to the curves of that frame, the past known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, Character
from animdrive.errors import InputError
from animdrive.rig.pose import angles_from_matrix, looks_from_eye_rotation
from animdrive.sources.video.fitting.closures import with_closures, with_openings
from animdrive.sources.video.fitting.cutout import CutOuts
from animdrive.sources.video.fitting.expression import (
    measurements,
)
from animdrive.sources.video.fitting.gaze import measured_looks
from animdrive.sources.video.fitting.joined import joined
from animdrive.sources.video.fitting.person import Openings, Person, local_scales, openings
from animdrive.sources.video.fitting.pose import HeadPoses, fit_poses, head_model
from animdrive.sources.video.fitting.regressor import Seen, load_regressor
from animdrive.sources.video.indices import (
    EYE_CORNERS_LEFT,
    EYE_CORNERS_RIGHT,
    MOUTH_CORNERS,
    RIGID,
    SKIN,
)
from animdrive.sources.video.live.config import LiveFaceConfig
from animdrive.sources.video.live.frame_solver import FrameSolver
from animdrive.sources.video.live.gaze import LiveGaze
from animdrive.sources.video.live.person import Known, RunningPerson
from animdrive.sources.video.timing.one_euro import OneEuro
from animdrive.sources.video.timing.timeline import eased
from animdrive.sources.video.tracking.sightings import cuts_before, plausible

Array = npt.NDArray[np.float64]
Points = npt.NDArray[np.floating[Any]]
Picture = npt.NDArray[np.uint8]

_CURVES = len(ARKIT52)
_FAST_STARTS = {"eyeBlink": 8.0, "jawOpen": 5.0, "mouthClose": 5.0}
"""Hz per unit per second, curves (by the start of their name) that move fastest."""


@dataclass(frozen=True, eq=False)
class FaceFrame:
    """One frame of a face."""

    values: Array
    """[52] in 0..1, `ARKIT52`."""
    head_rotation: Array
    """[3] radians, pitch, yaw, roll from how the head usually is; see `CurveTrack`."""
    head_position: Array
    """[3] metres from where the head usually is."""
    eye_rotation: Array
    """[2, 3] radians in head space, left eye then right."""
    confidence: float
    """1 where the face was seen, 0 where it was not."""


class LiveFace:
    """Turns landmarks into curves as they come.

    Each frame passes what a whole clip passes offline, less what needs the future: the pose, the
    gaze, the measured gaps of lips and lids, the regressor or the bounded least squares, and the
    closures at the end, laid over the smoothed curves so that neither a blink nor a B is rounded
    off. Smoothing is the One-Euro filter's.
    """

    def __init__(
        self,
        character: Character,
        *,
        person: Person | None = None,
        config: LiveFaceConfig | None = None,
    ) -> None:
        """Begin with nobody in sight.

        Args:
            character: Whose curves to solve for; it must have MediaPipe's landmarks.
            person: Who will be seen, as from a profile; None learns it from what is seen.
            config: Settings.

        Raises:
            InputError: the character lacks the landmarks.
            WeightsError: the regressor's file is missing or altered.
        """
        if len(character.landmarks) < SKIN + 10:
            raise InputError(
                f"the character has {len(character.landmarks)} face landmarks, {SKIN + 10} are "
                "needed to solve it from video; name them in its file, or use the head that is "
                "built in."
            )
        self.config = config or LiveFaceConfig()
        self._character = character
        self._regressor = load_regressor() if self.config.solver == "learned" else None
        self._cut_outs = CutOuts(character)
        self._rig = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
        self._model, self._weights = head_model(character)
        self._rigid = np.array(RIGID)
        self._running = RunningPerson(
            character,
            self._model,
            self._weights,
            config=self.config.expression,
            given=person,
            regressor=self._regressor,
        )
        self._solver = FrameSolver(character, config=self.config.expression)
        self._gaze = LiveGaze()
        self._known: Known | None = None
        self._scales: Array = np.ones((len(self._rig), 3))
        self._curve_filter, self._pose_filter = _filters(self.config)
        self._shown: Array = np.zeros(_CURVES + 12)
        self._before: tuple[HeadPoses, float] | None = None
        self._left: Array = np.zeros(_CURVES + 12)
        self._lost_s: float | None = None
        self._back_s: float | None = None
        self._time_s: float | None = None

    def step(
        self,
        points: Points,
        size_px: tuple[int, int],
        time_s: float,
        *,
        pixels: Picture | None = None,
    ) -> FaceFrame:
        """Solve one frame.

        Args:
            points: [478, 3] pixels: x right, y down, z away from the camera in the scale of x.
            size_px: Width and height of the picture.
            time_s: When it was taken, seconds; after the frame before.
            pixels: [H, W, 3] RGB, the picture itself: the regressor sees more in it than
                landmarks tell. Give it with every frame or with none.

        Raises:
            InputError: `time_s` does not lie after the frame before.
        """
        step_s = self._stepped(time_s)
        middle = np.array([size_px[0] / 2, size_px[1] / 2, 0.0])
        camera = ((points - middle) * [1.0, -1.0, -1.0])[None]
        shape = self._model if self._known is None else self._known.person.neutral
        poses = fit_poses(camera, shape, self._weights)
        if not plausible(camera, poses, self._model, self._rigid)[0]:
            return self._away(time_s)
        seen = self._look(points, pixels)
        self._running.add(camera[0].astype(np.float32), step_s, seen)
        known = self._follow(step_s)
        if self._before is None:  # the pose of the first frame was that of somebody else
            poses = fit_poses(camera, known.person.neutral, self._weights)
        self._note_cut(poses, time_s)
        rotation, position = self._head(poses, known, size_px)
        head = poses.to_head(camera)
        opened = _openings(head, known.person)
        closure = known.person.closure(opened.eyes, poses.facing)[0]
        eyes = self._gaze.step(
            measured_looks(head, known.person, self._character)[0],
            known.usual_looks,
            closure,
            float(poses.facing[0]),
            step_s,
        )
        measured = measurements(
            head, poses, known.person, self._character, opened, config=self.config.expression
        )
        motion = (head[0] - known.person.neutral) * self._scales
        values = self._solver.solve(motion, poses.rotation[0], measured, eyes)
        if self._regressor is not None:
            learned = self._regressor.curves(
                head,
                poses,
                known.person.neutral,
                None if seen is None else seen[None],
                known.person.seen_at_rest,
            )
            values = joined(learned, values[None], poses.facing)[0]
        pose = np.concatenate([rotation, position, eyes.ravel()])
        if self.config.smooth:
            values = self._curve_filter.step(values, time_s)
            pose = self._pose_filter.step(pose, time_s)
        if self._regressor is not None:
            values = with_openings(values[None], measured)[0]
        values = with_closures(
            values[None], measured, self._character, config=self.config.expression
        )[0]
        return self._shown_as(self._returning(np.concatenate([values, pose]), time_s), 1.0)

    def lost(self, time_s: float) -> FaceFrame:
        """Return the frame of a moment in which no face was found: held, then eased to rest.

        Raises:
            InputError: `time_s` does not lie after the frame before.
        """
        self._stepped(time_s)
        return self._away(time_s)

    def rest(self) -> None:
        """Work a little on who is seen; to be called in the pause after each frame."""
        self._running.rest()

    @property
    def person(self) -> Person | None:
        """The face at rest as it is known now; None before a face was seen."""
        return None if self._known is None else self._known.person

    def _look(self, points: Points, pixels: Picture | None) -> Seen | None:
        """Return [E] what the regressor sees of the face, None without regressor or picture."""
        if self._regressor is None or pixels is None:
            return None
        looked: Seen = self._regressor.look([self._cut_outs(pixels, points)])[0]
        return looked

    def _stepped(self, time_s: float) -> float:
        before, self._time_s = self._time_s, time_s
        if before is None:
            return 1 / 30
        if not time_s > before:
            raise InputError(f"LiveFace: time must rise, got {time_s} s after {before} s.")
        return time_s - before

    def _follow(self, step_s: float) -> Known:
        """Return who is seen, gliding from one measurement to the next so that nothing jumps."""
        target = self._running.known
        if target is None:
            raise InputError("LiveFace: a person was asked for before a frame was taken.")
        if self._known is not target:
            known, share = target, 1.0
            if self._known is not None:
                share = 1.0 - float(np.exp(-step_s / self.config.follow_s))
                apart = np.abs(target.person.neutral - self._known.person.neutral).max()
                turned = np.abs(target.usual_rotation - self._known.usual_rotation).max()
                if apart > 2e-5 or turned > 1e-3:
                    known = self._known.towards(target, share)
            self._known = known
            self._scales = local_scales(known.person, self._rig)
            return known
        return target

    def _note_cut(self, poses: HeadPoses, time_s: float) -> None:
        """Forget the past where the picture jumps: what was before is another take."""
        if self._before is not None:
            other, then_s = self._before
            both = HeadPoses(
                np.concatenate([other.rotation, poses.rotation]),
                np.concatenate([other.scale, poses.scale]),
                np.concatenate([other.place, poses.place]),
            )
            if cuts_before(both, np.array([then_s, time_s]), 1 / max(time_s - then_s, 1e-6))[1]:
                self._curve_filter.reset()
                self._pose_filter.reset()
        self._before = (poses, time_s)

    def _head(
        self, poses: HeadPoses, known: Known, size_px: tuple[int, int]
    ) -> tuple[Array, Array]:
        usual = known.usual_rotation if self.config.reference == "usual" else np.eye(3)
        rotation = np.asarray(angles_from_matrix(usual.T @ poses.rotation)[0], dtype=np.float64)
        across = poses.place[0, :2] / poses.scale[0]
        focal_px = self.config.focal * max(size_px)
        place = np.array([*across, -focal_px / poses.scale[0]])
        home = known.usual_place * [1.0, 1.0, -focal_px]
        return rotation, (place - home) @ usual

    def _away(self, time_s: float) -> FaceFrame:
        if self._lost_s is None:
            self._lost_s, self._back_s = time_s, None
            self._left = self._shown.copy()
            self._curve_filter.reset()
            self._pose_filter.reset()
            self._before = None if self._known is None else self._before
        config = self.config
        gone = (time_s - self._lost_s - config.hold_s) / max(config.release_s, 1e-6)
        return self._shown_as(self._left * (1 - float(eased(np.array(gone)))), 0.0)

    def _returning(self, channels: Array, time_s: float) -> Array:
        """Ease from what was shown while the face was lost into what is seen now."""
        if self._lost_s is not None:
            self._lost_s, self._back_s, self._left = None, time_s, self._shown.copy()
        if self._back_s is None:
            return channels
        share = float(eased(np.array((time_s - self._back_s) / max(self.config.return_s, 1e-6))))
        if share >= 1 or self.config.return_s == 0:
            self._back_s = None
            return channels
        return self._left + share * (channels - self._left)

    def _shown_as(self, channels: Array, confidence: float) -> FaceFrame:
        eyes = channels[_CURVES + 6 :].reshape(2, 3)
        channels[:_CURVES] = np.clip(channels[:_CURVES], 0.0, 1.0)
        for name, look in looks_from_eye_rotation(eyes[None]).items():
            channels[ARKIT_INDEX[name]] = look[0]  # smoothed twice, these would part from the eyes
        self._shown = channels
        return FaceFrame(
            values=channels[:_CURVES].copy(),
            head_rotation=channels[_CURVES : _CURVES + 3].copy(),
            head_position=channels[_CURVES + 3 : _CURVES + 6].copy(),
            eye_rotation=eyes.copy(),
            confidence=confidence,
        )


def _filters(config: LiveFaceConfig) -> tuple[OneEuro, OneEuro]:
    """Return the filters of the curves, and of head rotation, position and eyes."""
    beta = np.full(_CURVES, config.beta)
    for column, name in enumerate(ARKIT52):
        for start, factor in _FAST_STARTS.items():
            if name.startswith(start):
                beta[column] = config.beta / 3.0 * factor
    # A head that moves 1 m/s is as fast as one that turns 5 rad/s.
    pose_beta = config.head_beta * np.array([1.0] * 3 + [5.0] * 3 + [1.0] * 6)
    return (
        OneEuro(cutoff_hz=config.cutoff_hz, beta=beta, derivative_cutoff_hz=4.0),
        OneEuro(cutoff_hz=config.head_cutoff_hz, beta=pose_beta, derivative_cutoff_hz=4.0),
    )


def _openings(head: npt.NDArray[np.float32], person: Person) -> Openings:
    """Return the openings of one frame against the widths at rest, as offline against a median."""

    def width(points: Points, ends: tuple[int, int]) -> float:
        return float(np.linalg.norm(points[ends[0]] - points[ends[1]]))

    own = openings(head)
    neutral = person.neutral
    lips = width(head[0], MOUTH_CORNERS) / max(person.mouth_width, 1e-6)
    eyes = [
        width(head[0], ends) / max(width(neutral, ends), 1e-6)
        for ends in (EYE_CORNERS_LEFT, EYE_CORNERS_RIGHT)
    ]
    return Openings(own.lips * lips, own.eyes * np.array(eyes))
