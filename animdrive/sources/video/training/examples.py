"""From filmed people to what the network is shown: poses taken out, faces at rest, disturbances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from animdrive.contract.names import MIRROR52
from animdrive.rig.head import load_head
from animdrive.rig.pose import angles_from_matrix
from animdrive.sources.video.fitting.pose import fit_poses, head_model
from animdrive.sources.video.indices import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT,
    EYE_RIGHT,
    FACE_OVAL,
    LIPS,
    SKIN,
)

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float32]

_CHIN = (148, 152, 176, 377, 400)
"""Of the outline, which slides as the head turns, only this moves with the expression."""
_FEWEST, _FEWEST_AT_REST = 40, 4
_FRONT_RAD = 0.45
_NOISE_M = (0.25e-3, 0.25e-3, 0.5e-3)
_REST_NOISE_M = 0.15e-3
_STRETCH = 0.008
"""Standard deviation of an error in scale, an axis at a time."""
_MIXED_IN = (0.4, 0.25)
"""How often a face at rest holds some expression, and the most of it."""
_STRANGERS = 0.25
"""How often nothing is known of the person."""
_COVERED = 0.12
"""How often something is in front of the face."""
_BLIND = 0.15
"""How often there are no pictures."""


class Filmed(Protocol):
    """N pictures of one person, tracked; see `animdrive.pipeline.tracking_data.FilmedPerson`."""

    @property
    def points(self) -> Floats:
        """[N, 478, 3] pixels, as in `LandmarkTrack.points`."""
        ...

    @property
    def cutouts(self) -> npt.NDArray[np.uint8]:
        """[N, 112, 112, 3]."""
        ...

    @property
    def curves(self) -> Floats:
        """[N, 52]."""
        ...

    @property
    def resting(self) -> npt.NDArray[np.bool_]:
        """[N] whether the face is at rest."""
        ...


@dataclass(frozen=True, eq=False)
class Prepared:
    """One person, the pose taken out. N frames, P of the landmarks."""

    head: Floats
    """[N, P, 3] metres, by poses fitted to the person's own face."""
    turned: Floats
    """[N, 2] pitch and yaw of those, radians."""
    strange: Floats
    """[N, P, 3] the same by poses fitted to the built-in head, as of a stranger."""
    strange_turned: Floats
    """[N, 2]."""
    neutral: Floats
    """[P, 3] the person at rest."""
    resting: Indices
    """Frames at rest, seen from the front where there are such."""
    cutouts: npt.NDArray[np.uint8]
    """[N, 112, 112, 3]."""
    curves: Floats
    """[N, 52]."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B examples, a run of them of each person, and some faces at rest of each."""

    moved: Floats
    """[B, P, 3] metres from rest."""
    shape: Floats
    """[B, P, 3] metres of the rest from the built-in head's."""
    turned: Floats
    """[B, 2]."""
    cutouts: npt.NDArray[np.uint8]
    """[B, 112, 112, 3]."""
    rest_cutouts: npt.NDArray[np.uint8]
    """[K * persons, 112, 112, 3]."""
    known: npt.NDArray[np.bool_]
    """[persons] whether they were seen at rest."""
    blind: npt.NDArray[np.bool_]
    """[persons] whether there are no pictures."""
    curves: Floats
    """[B, 52]."""


@cache
def head_landmarks() -> Array:
    """Return [478, 3] metres: the landmarks of the built-in head, from its pivot."""
    return head_model(load_head())[0]


@cache
def mirrored_landmarks() -> Indices:
    """Return [478] each landmark's mirror image."""
    rest = head_landmarks()
    flipped = rest * [-1.0, 1.0, 1.0]
    return np.asarray(np.linalg.norm(flipped[:, None] - rest[None], axis=2).argmin(axis=1))


@cache
def chosen_landmarks(count: int) -> Indices:
    """Return which landmarks go in: lips, lids and brows, and of the rest those spread furthest.

    With each its mirror image comes too, so there may be one more than asked for.
    """
    rest, mirror = head_landmarks(), mirrored_landmarks()
    chosen = list(dict.fromkeys([*LIPS, *EYE_LEFT, *EYE_RIGHT, *BROW_LEFT, *BROW_RIGHT]))
    allowed = [at for at in range(SKIN) if at not in FACE_OVAL or at in _CHIN]
    apart = np.linalg.norm(rest[:, None] - rest[chosen][None], axis=2).min(axis=1)
    while len(chosen) < count:
        furthest = max(allowed, key=lambda at: float(apart[at]))
        for one in sorted({furthest, int(mirror[furthest])}):
            chosen.append(one)
            apart = np.minimum(apart, np.linalg.norm(rest - rest[one], axis=1))
    return np.array(sorted(set(chosen)), dtype=np.intp)


def prepared(person: Filmed, size_px: tuple[int, int], index: Indices) -> Prepared | None:
    """Take the poses out of a person's pictures; None where too few are of use."""
    resting = np.flatnonzero(person.resting)
    if len(person.points) < _FEWEST or len(resting) < _FEWEST_AT_REST:
        return None
    model, weights = head_model(load_head())
    middle = np.array([size_px[0] / 2, size_px[1] / 2, 0.0])
    points = ((person.points - middle) * [1.0, -1.0, -1.0]).astype(np.float32)
    poses = fit_poses(points, model, weights)
    strange = poses.to_head(points)
    angles = angles_from_matrix(poses.rotation)[:, :2]
    front = resting[np.abs(angles[resting]).max(axis=1) < _FRONT_RAD]
    resting = front if len(front) >= _FEWEST_AT_REST else resting
    own = fit_poses(points, np.median(strange[resting], axis=0), weights)
    head = own.to_head(points)
    return Prepared(
        head=head[:, index],
        turned=angles_from_matrix(own.rotation)[:, :2].astype(np.float32),
        strange=strange[:, index],
        strange_turned=angles.astype(np.float32),
        neutral=np.median(head[resting], axis=0)[index].astype(np.float32),
        resting=resting,
        cutouts=person.cutouts,
        curves=person.curves,
    )


def drawn(
    people: Sequence[Prepared],
    rng: np.random.Generator,
    index: Indices,
    *,
    persons: int = 8,
    frames: int = 16,
    at_rest: int = 2,
) -> Batch:
    """Draw a batch, disturbed as real takes are: noise, faces at rest that are not, strangers."""
    mirror = _mirror_among(index)
    parts: dict[str, list[Any]] = {name: [] for name in ("moved", "shape", "turned", "curves")}
    cutouts, rests = [], []
    chosen = rng.choice(len(people), size=persons, replace=len(people) < persons)
    known, blind = rng.random(persons) >= _STRANGERS, rng.random(persons) < _BLIND
    for number, person in zip(chosen, known, strict=True):
        one = people[number]
        at = rng.integers(len(one.head), size=frames)
        moved, shape, turned = _landmarks(one, at, person, rng, index)
        curves = one.curves[at]
        faces = one.cutouts[at]
        rest = one.cutouts[rng.choice(one.resting, at_rest)]
        if rng.random() < 0.5:
            sides = np.array([-1.0, 1.0, 1.0])
            moved, shape = moved[:, mirror] * sides, shape[:, mirror] * sides
            turned = turned * [1.0, -1.0]
            curves = curves[:, list(MIRROR52)]
            faces, rest = faces[:, :, ::-1], rest[:, :, ::-1]
        for name, value in zip(parts, (moved, shape, turned, curves), strict=True):
            parts[name].append(value.astype(np.float32))
        cutouts.append(faces)
        rests.append(rest)
    return Batch(
        **{name: np.concatenate(values) for name, values in parts.items()},
        cutouts=np.concatenate(cutouts),
        rest_cutouts=np.concatenate(rests),
        known=known,
        blind=blind,
    )


def _landmarks(
    one: Prepared, at: Indices, known: bool, rng: np.random.Generator, index: Indices
) -> tuple[Array, Array, Array]:
    """Return moved [B, P, 3], shape [B, P, 3] and turned [B, 2] of frames `at`."""
    model = head_landmarks()[index]
    noise = rng.normal(0.0, 1.0, (len(at), len(index), 3)) * _NOISE_M
    if not known:
        moved = one.strange[at] - model + noise
        return moved, np.zeros_like(moved), np.asarray(one.strange_turned[at], dtype=np.float64)
    rest = one.neutral.astype(np.float64)
    if rng.random() < 0.7:
        few = rng.choice(one.resting, rng.integers(1, len(one.resting) + 1))
        rest = np.median(one.head[few], axis=0).astype(np.float64)
    often, most = _MIXED_IN
    if rng.random() < often:
        rest = rest + rng.uniform(0, most) * (one.head[rng.integers(len(one.head))] - rest)
    rest = rest + rng.normal(0.0, _REST_NOISE_M, rest.shape)
    stretched = one.head[at] * (1.0 + rng.normal(0.0, _STRETCH, (1, 1, 3)))
    moved = stretched - rest + noise
    shape = np.broadcast_to(rest - model, moved.shape)
    return moved, shape, np.asarray(one.turned[at], dtype=np.float64)


@cache
def _mirrors(index: tuple[int, ...]) -> Indices:
    place = {landmark: number for number, landmark in enumerate(index)}
    mirror = mirrored_landmarks()
    return np.array([place.get(int(mirror[at]), n) for n, at in enumerate(index)], dtype=np.intp)


def _mirror_among(index: Indices) -> Indices:
    return _mirrors(tuple(int(at) for at in index))


def photographed(
    cutouts: npt.NDArray[np.uint8], rng: np.random.Generator, *, of_each: int
) -> Floats:
    """Return cut-outs [B, 3, 112, 112] 0..1 as other cameras in other light would show them.

    Args:
        cutouts: [B, 112, 112, 3].
        rng: Of the draw.
        of_each: So many in a row are of one person, in about the same light.
    """
    count, height, width, _ = cutouts.shape
    persons = -(-count // of_each)
    level = np.linspace(0.004, 1.0, 256)

    def of_person(spread: float, own: float, *shape: int) -> Array:
        shared = spread * rng.standard_normal((persons, *shape))
        each = own * rng.standard_normal((count, *shape))
        return np.asarray(np.repeat(shared, of_each, axis=0)[:count] + each)

    gamma = np.exp(of_person(0.25, 0.04, 1, 1))
    gain = np.exp(of_person(0.14, 0.02, 3, 1) + of_person(0.10, 0.02, 1, 1))
    table = (level**gamma * gain).astype(np.float32)  # [B, 3, 256]
    across = np.linspace(-1, 1, width, dtype=np.float32)
    upward = np.linspace(-1, 1, height, dtype=np.float32)
    lean = of_person(0.25, 0.08, 2).astype(np.float32)
    result = np.zeros((count, 3, height, width), dtype=np.float32)
    for number in range(count):
        lit = np.exp(lean[number, 0] * across + lean[number, 1] * upward[:, None])
        for channel in range(3):
            result[number, channel] = table[number, channel][cutouts[number, :, :, channel]] * lit
    grey = np.repeat(rng.random(persons) < 0.15, of_each)[:count]
    result[grey] = result[grey].mean(axis=1, keepdims=True)
    step = rng.integers(-3, 4, size=2)
    result = np.roll(result, tuple(step), axis=(2, 3))
    noise = rng.standard_normal((1, 3, height, width)).astype(np.float32)
    for number in range(count):  # one draw, shifted: noise that is new is half of the work
        away = tuple(rng.integers(0, height, size=2))
        result[number] += 0.02 * rng.random() * np.roll(noise[0], away, axis=(1, 2))
        if rng.random() < _COVERED:
            low, span = rng.integers(0, height, size=2), rng.integers(8, height // 2, size=2)
            patch = result[number, :, low[0] : low[0] + span[0], low[1] : low[1] + span[1]]
            patch[:] = rng.random((3, 1, 1))
    return result
