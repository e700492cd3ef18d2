"""Faces whose curves are known, filmed by us: what the tracking regressor learns from.

Each person is drawn anew, with a rig, a skin, a light and a lens of their own; Face Mesh looks at
the pictures as it will look at a user's, and its landmarks are kept together with a small
cut-out of each face and the curves that made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, Camera, Character, VideoFrame
from animdrive.files import written_aside

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

FRAMES = 120
"""Pictures of each person."""
FIRST_TEST_SEED = 900_000
"""People from here on are for tests: no training draws them."""
_FPS = 30.0
_POSE_STD = (0.16, 0.32, 0.12)
"""Of pitch, yaw and roll as a person is filmed, radians."""
_POSE_LIMIT = (0.45, 0.85, 0.5)
PICTURE_PX = 288
"""Width and height of a picture."""
_AT_REST = 16
"""The first pictures of each person show the face at rest, in many poses."""


@dataclass(frozen=True, eq=False)
class FilmedPerson:
    """N pictures of one person, as the tracker saw them."""

    points: npt.NDArray[np.float32]
    """[N, 478, 3] pixels, as in `LandmarkTrack.points`."""
    cutouts: npt.NDArray[np.uint8]
    """[N, 112, 112, 3], see `animdrive.sources.video.fitting.cutout`."""
    curves: npt.NDArray[np.float32]
    """[N, 52] what made them."""
    gaze: npt.NDArray[np.float32]
    """[N, 2] pitch and yaw of both eyes in the head, radians."""
    turn: npt.NDArray[np.float32]
    """[N, 3] pitch, yaw and roll of the head against the camera, radians, nearly."""
    resting: npt.NDArray[np.bool_]
    """[N] whether the face is at rest."""


def film_person(seed: int, *, frames: int = FRAMES) -> FilmedPerson:
    """Draw a person, film them, and track the film.

    Args:
        seed: Of the person, their rig, the light and what they do.
        frames: How many pictures; those in which no face is found are left out.
    """
    from animdrive.render.scene import Renderer
    from animdrive.rig.head import load_head
    from animdrive.rig.identity import shaped_character
    from animdrive.rig.identity_people import painted, sampled_person
    from animdrive.sources.video.fitting.cutout import CutOuts
    from animdrive.sources.video.tracking.landmarks import FaceMeshConfig, FaceMeshTracker
    from animdrive.sources.video.training.performances import REST, sampled_expressions
    from animdrive.sources.video.training.rig_variation import varied_deltas

    rng = np.random.default_rng([seed, 0x7AC])
    person = sampled_person(seed)
    character = shaped_character(person.shape)
    if person.tone is not None:
        character = painted(character, person.tone, size=512)
    deltas = _arkit_deltas(character)
    rest = character.rig.neutral.vertices
    deltas = varied_deltas(rest, deltas, rng, strength=float(rng.choice([0.0, 0.6, 1.0, 1.3])))
    curves, gaze, kinds = sampled_expressions(frames, rng, spoken=_spoken_mouths(), moods=_moods())
    still = min(_AT_REST, frames // 4)
    curves[:still], kinds[:still], gaze[:still] = 0.0, REST, 0.0
    resting = (kinds == REST) & (np.abs(gaze).max(axis=1) < 0.05)
    turn = _turns(frames, rng)
    with Renderer(character, size_px=(PICTURE_PX, PICTURE_PX), look=_look(rng)) as renderer:
        shoot = _Shoot(character, deltas, renderer, rng)
        cut, kept, seen = CutOuts(load_head()), [], []

        def watch(
            picture: Picture, points: npt.NDArray[np.floating[Any]] | None, index: int
        ) -> None:
            if points is not None:
                kept.append(cut(picture, points))
                seen.append(index)

        track = FaceMeshTracker(FaceMeshConfig(search_deeply=False, read_ahead=1)).track(
            shoot.film(curves, gaze, turn), watch=watch
        )
    found = np.array(seen, dtype=np.intp)
    return FilmedPerson(
        points=track.points[found],
        cutouts=np.stack(kept) if kept else np.zeros((0, 112, 112, 3), np.uint8),
        curves=curves[found].astype(np.float32),
        gaze=gaze[found].astype(np.float32),
        turn=turn[found].astype(np.float32),
        resting=resting[found],
    )


def write_person(person: FilmedPerson, path: Path) -> None:
    """Keep a filmed person as .npz, whole or not at all."""
    with written_aside(path) as aside, aside.open("wb") as stream:
        np.savez(stream, **vars(person))


def read_person(path: Path) -> FilmedPerson:
    """Read what `write_person` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return FilmedPerson(**{name: arrays[name] for name in arrays.files})


class _Shoot:
    """One person before the camera."""

    def __init__(
        self,
        character: Character,
        deltas: npt.NDArray[np.float32],
        renderer: Any,
        rng: np.random.Generator,
    ) -> None:
        self._character, self._deltas, self._renderer, self._rng = character, deltas, renderer, rng
        self._moving = np.flatnonzero(np.abs(deltas).max(axis=(0, 2)) > 1e-6)
        self._packed = np.ascontiguousarray(deltas[:, self._moving]).reshape(len(deltas), -1)
        head = character.rig.neutral.vertices[character.head_weight >= 0.95]
        self._middle = (head.min(axis=0) + head.max(axis=0)).astype(np.float64) / 2
        self._distance = float(np.exp(rng.uniform(np.log(0.38), np.log(1.5))))
        self._height = float(np.ptp(head[:, 1]))
        self._share = float(rng.uniform(0.45, 0.95))
        self._aside = rng.uniform(-0.12, 0.12, 2)
        self._develop = _Development(rng)

    def film(self, curves: Array, gaze: Array, turn: Array) -> Iterator[VideoFrame]:
        from animdrive.rig.pose import posed_vertices

        rest = self._character.rig.neutral.vertices
        self._renderer.camera = self._camera()
        for number, (row, look, angles) in enumerate(zip(curves, gaze, turn, strict=True)):
            skin = rest.copy()
            skin[self._moving] += (row.astype(np.float32) @ self._packed).reshape(-1, 3)
            eyes = np.zeros((2, 3), np.float32)
            eyes[:, :2] = look
            posed = posed_vertices(
                self._character,
                skin,
                head_rotation=angles.astype(np.float32),
                head_position=np.zeros(3, np.float32),
                eye_rotation=eyes,
            )
            yield VideoFrame(self._develop(self._renderer.draw(posed)), number / _FPS)

    def _camera(self) -> Camera:
        """Return a lens at some distance that shows the head in some share of the picture."""
        fov = 2 * np.arctan(self._height / (2 * self._share * self._distance))
        span = 2 * self._distance * np.tan(fov / 2)
        target = self._middle + 0.5 * span * np.append(self._aside, 0.0)
        position = target + np.array([0.0, 0.0, self._distance + 0.1])
        return Camera(
            position=position.astype(np.float32),
            target=target.astype(np.float32),
            vertical_fov=float(fov),
            size_px=(PICTURE_PX, PICTURE_PX),
        )


class _Development:
    """What a cheap camera does to a picture: exposure, colour, softness, noise, compression."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._gain = np.exp(rng.normal(0.0, 0.22)) * np.exp(rng.normal(0.0, 0.06, 3))
        self._gamma = float(np.exp(rng.normal(0.0, 0.18)))
        self._soft = float(rng.choice([0.0, rng.uniform(0.3, 1.3)]))
        self._noise = float(rng.choice([0.0, rng.uniform(1.0, 9.0)]))
        self._quality = int(rng.integers(30, 96))

    def __call__(self, image: Picture) -> Picture:
        import cv2

        light = (image.astype(np.float32) / 255) ** self._gamma * self._gain.astype(np.float32)
        if self._soft:
            light = np.asarray(cv2.GaussianBlur(light, (0, 0), self._soft))
        light = 255 * np.clip(light, 0, 1)
        if self._noise:
            light = light + self._rng.normal(0, self._noise, light.shape)
        done = np.clip(light, 0, 255).astype(np.uint8)
        packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1]
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)


def _turns(frames: int, rng: np.random.Generator) -> Array:
    """Return [N, 3] pitch, yaw, roll: a head that wanders slowly through all it can."""
    from animdrive.tissue.take_motion import wander

    way = wander(frames, _FPS, rng, period_s=0.35, width=3) * _POSE_STD
    return np.asarray(np.clip(way, np.negative(_POSE_LIMIT), _POSE_LIMIT))


def _look(rng: np.random.Generator) -> Any:
    """Return light and background, drawn."""
    from animdrive.render.look import LookConfig

    base = LookConfig()

    def colour(given: tuple[float, float, float], low: float, high: float) -> Any:
        strength = rng.uniform(low, high) * np.exp(rng.normal(0, 0.10, 3))
        return tuple(float(value) for value in np.array(given) * strength)

    angle, lift = rng.uniform(-1.3, 1.3), rng.uniform(-0.2, 1.0)
    key = (float(np.sin(angle)), float(np.sin(lift)), float(np.cos(angle)))
    red, green, blue = (float(value) for value in rng.uniform(0, 0.6, 3))
    fall = float(rng.uniform(0.1, 1.5))
    return replace(
        base,
        key_direction=key,
        key_color=colour(base.key_color, 0.3, 1.1),
        fill_color=colour(base.fill_color, 0.3, 3.0),
        rim_color=colour(base.rim_color, 0.0, 1.0),
        sky_color=colour(base.sky_color, 0.5, 2.0),
        ground_color=colour(base.ground_color, 0.5, 2.0),
        background_top=(red, green, blue),
        background_bottom=(fall * red, fall * green, fall * blue),
        smoothing="filter",
    )


def _arkit_deltas(character: Character) -> npt.NDArray[np.float32]:
    order = [character.rig.names.index(name) for name in ARKIT52]
    return np.asarray(character.rig.deltas[order])


@cache
def _spoken_mouths() -> tuple[Array, ...]:
    """Return the mouths [52] of single sounds, from the poses of the audio front end."""
    from animdrive.sources.audio.mouth.poses import POSES

    mouths = []
    for poses in POSES.values():
        for pose in poses:
            row = np.zeros(len(ARKIT52))
            for name, value in pose.values.items():
                row[ARKIT_INDEX[name]] = value
            mouths.append(row)
    closed = np.zeros(len(ARKIT52))
    for name in ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper"):
        closed[ARKIT_INDEX[name]] = 0.35
    return (*mouths, closed, closed, np.zeros(len(ARKIT52)))


@cache
def _moods() -> tuple[Array, ...]:
    """Return the faces [52] of moods, from the layer of emotions."""
    from animdrive.layers.emotion import EMOTIONS

    faces = []
    for curves in EMOTIONS.values():
        row = np.zeros(len(ARKIT52))
        for name, value in curves.items():
            row[ARKIT_INDEX[name]] = value
        if row.any():
            faces.append(row)
    return tuple(faces)
