"""Head pose out of landmarks: a rigid fit of what does not move with the expression.

The camera is taken as weak-perspective (a scaled orthographic one), which is what MediaPipe's
depth is made for, and which asks for no focal length: a clip that was cropped has lost its own.
A focal length is assumed only to turn the size of the face into metres of distance.

Camera axes are the picture's turned into the character's: +X to the right of the picture (the
subject's left), +Y up, +Z towards the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, LandmarkTrack
from animdrive.sources.video.indices import FACE_OVAL, RIGID

Array = npt.NDArray[np.float64]

_CHUNK = 512
"""Frames fitted at once: bounds the memory, not the result."""


@dataclass(frozen=True, eq=False)
class HeadPoses:
    """Where a head is seen in each of T frames: ``camera = scale · rotation · head + place``."""

    rotation: Array
    """[T, 3, 3] from head to camera axes."""
    scale: Array
    """[T] pixels per metre of head."""
    place: Array
    """[T, 3] pixels: where the head's origin is seen, camera axes."""

    @property
    def facing(self) -> Array:
        """[T] sine of how far the face is turned away from the camera, subject's left +."""
        return np.asarray(self.rotation[:, 0, 2])

    def select(self, frames: npt.NDArray[np.bool_]) -> HeadPoses:
        """Return the poses of some `frames` [T]."""
        return HeadPoses(self.rotation[frames], self.scale[frames], self.place[frames])

    def to_head(self, points: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """Return camera `points` [T, P, 3] in pixels as points in metres of the head."""
        head = np.zeros(points.shape, dtype=np.float32)
        for start in range(0, len(points), _CHUNK):
            run = slice(start, start + _CHUNK)
            centred = points[run] - self.place[run, None]
            turned = np.matmul(centred, self.rotation[run])  # row vectors: the inverse rotation
            head[run] = turned / self.scale[run, None, None]
        return head

    def to_camera(self, points: npt.NDArray[np.floating[Any]]) -> Array:
        """Return head `points` [P, 3] or [T, P, 3] in metres as camera points [T, P, 3], pixels."""
        turned = np.matmul(points, np.swapaxes(self.rotation, 1, 2))
        return np.asarray(turned * self.scale[:, None, None] + self.place[:, None])


def camera_points(track: LandmarkTrack) -> npt.NDArray[np.float32]:
    """Return the landmarks [T, P, 3] in camera axes, pixels, (0, 0) in the picture's middle."""
    width, height = track.size_px
    middle = np.array([width / 2, height / 2, 0.0], dtype=np.float32)
    axes = np.array([1.0, -1.0, -1.0], dtype=np.float32)
    points: npt.NDArray[np.float32] = (track.points - middle) * axes
    return points


def head_model(character: Character) -> tuple[Array, Array]:
    """Return what poses are fitted to: a character's landmarks at rest, and the trust in each.

    Returns:
        [P, 3] metres from the head's pivot; [P] weights, 0 where a landmark is not of `RIGID`.
    """
    rest = character.rig.neutral.vertices[character.landmarks] - character.head_pivot
    rigid = np.array(RIGID)
    weights = np.zeros(len(rest))
    weights[rigid] = rigid_weights(character.rig.deltas[:, character.landmarks], rigid)
    return rest.astype(np.float64), weights


def rigid_weights(deltas: npt.NDArray[np.float32], index: npt.NDArray[np.intp]) -> Array:
    """Return how far each landmark can be trusted to move with the skull alone.

    The inverse of a variance: what the character's own curves do to the landmark, each at a
    fifth, on top of the tracker's noise, which is larger on the sliding outline of the face.

    Args:
        deltas: [C, P, 3] metres, the character's curves at its landmarks.
        index: [N] the landmarks to weigh.

    Returns:
        [N] weights that sum to 1.
    """
    moved = ((0.2 * deltas[:, index]) ** 2).sum(axis=(0, 2))
    noise = np.where(np.isin(index, FACE_OVAL), 3e-3, 1e-3) ** 2
    weights = 1.0 / (moved + noise)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def fit_poses(
    points: npt.NDArray[np.floating[Any]],
    model: npt.NDArray[np.floating[Any]],
    weights: npt.NDArray[np.floating[Any]],
    *,
    depth_trust: float = 0.3,
    steps: int = 6,
) -> HeadPoses:
    """Fit a rigid head to its landmarks in every frame.

    Starts from the closed form of Umeyama (1991), "Least-squares estimation of transformation
    parameters between two point patterns", then refines by Gauss-Newton with less trust in depth
    than in what is seen, and with Huber's weights, so that a few points that moved on the face
    do not turn the head.

    Args:
        points: [T, P, 3] camera axes, pixels.
        model: [P, 3] metres, the same points on the head.
        weights: [P] trust in each point, 0 leaves it out.
        depth_trust: Trust in a point's depth, as a share of that in its place in the picture.
        steps: Gauss-Newton steps.

    Returns:
        T poses.
    """
    used = np.flatnonzero(np.asarray(weights) > 0)
    shape = np.asarray(model, dtype=np.float64)[used]
    trust = np.asarray(weights, dtype=np.float64)[used]
    trust = trust / trust.sum()
    parts = [
        _fit_chunk(
            np.asarray(points[start : start + _CHUNK, used], dtype=np.float64),
            shape,
            trust,
            depth_trust,
            steps,
        )
        for start in range(0, len(points), _CHUNK)
    ]
    if not parts:
        return HeadPoses(np.zeros((0, 3, 3)), np.zeros(0), np.zeros((0, 3)))
    rotation, scale, place = (np.concatenate(part) for part in zip(*parts, strict=True))
    return HeadPoses(rotation, scale, place)


def _fit_chunk(
    points: Array, model: Array, trust: Array, depth_trust: float, steps: int
) -> tuple[Array, Array, Array]:
    rotation, scale, place = _umeyama(points, model, trust)
    axes_trust = np.array([1.0, 1.0, depth_trust**2])
    jacobian = np.zeros((*points.shape, 7))  # [T, P, axis, (turn 3, log scale, place 3)]
    for axis in range(3):
        jacobian[:, :, axis, 4 + axis] = 1.0
    for _ in range(steps):
        turned = np.matmul(model, np.swapaxes(rotation, 1, 2)) * scale[:, None, None]
        error = points - turned - place[:, None]
        # How far off in the picture, against the frame's own typical error.
        length = np.sqrt((error**2 * axes_trust).sum(axis=2))
        limit = 1.5 * np.median(length, axis=1, keepdims=True) + 1e-9
        weight = trust * np.minimum(1.0, limit / np.maximum(length, 1e-12))
        x, y, z = np.moveaxis(turned, 2, 0)
        jacobian[:, :, 0, 1], jacobian[:, :, 0, 2] = z, -y
        jacobian[:, :, 1, 0], jacobian[:, :, 1, 2] = -z, x
        jacobian[:, :, 2, 0], jacobian[:, :, 2, 1] = y, -x
        jacobian[:, :, :, 3] = turned
        weighted = jacobian * (weight[:, :, None] * axes_trust)[..., None]
        flat = weighted.reshape(len(points), -1, 7)
        normal = np.matmul(np.swapaxes(flat, 1, 2), jacobian.reshape(len(points), -1, 7))
        right = np.matmul(np.swapaxes(flat, 1, 2), error.reshape(len(points), -1, 1))[..., 0]
        # Damped a little: a face seen as a point or a line must not blow up.
        ridge = 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-12
        step = np.linalg.solve(normal + ridge * np.eye(7), right[..., None])[..., 0]
        rotation = np.matmul(_turn(step[:, :3]), rotation)
        scale = scale * np.exp(np.clip(step[:, 3], -0.5, 0.5))
        place = place + step[:, 4:]
    return rotation, scale, place


def _umeyama(points: Array, model: Array, trust: Array) -> tuple[Array, Array, Array]:
    """Return rotation [T, 3, 3], scale [T], place [T, 3] that carry `model` onto `points`."""
    middle = np.einsum("p,tpa->ta", trust, points)
    model_middle = trust @ model
    centred, shape = points - middle[:, None], model - model_middle
    cross = np.einsum("p,tpa,pb->tab", trust, centred, shape)
    u, singular, vt = np.linalg.svd(cross)
    sign = np.ones((len(points), 3))
    sign[:, 2] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    rotation = np.matmul(u * sign[:, None], vt)
    spread = float((trust[:, None] * shape**2).sum())
    scale = np.maximum((singular * sign).sum(axis=1) / max(spread, 1e-18), 1e-6)
    place = middle - scale[:, None] * (rotation @ model_middle)
    return rotation, scale, place


def _turn(vector: Array) -> Array:
    """Return rotations [T, 3, 3] about `vector` [T, 3] by its length (Rodrigues)."""
    angle = np.linalg.norm(vector, axis=1)
    axis = vector / np.maximum(angle, 1e-12)[:, None]
    x, y, z = axis.T
    zero = np.zeros_like(x)
    cross = np.stack(
        [np.stack([zero, -z, y]), np.stack([z, zero, -x]), np.stack([-y, x, zero])]
    ).transpose(2, 0, 1)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.asarray(np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross))


def positions_m(poses: HeadPoses, *, focal_px: float) -> Array:
    """Return [T, 3] metres: where the head's origin is from the camera, camera axes.

    Args:
        poses: T poses.
        focal_px: The focal length to assume, in pixels of the picture.
    """
    across = poses.place[:, :2] / poses.scale[:, None]
    return np.column_stack([across, -focal_px / poses.scale])


def mean_rotation(rotation: Array) -> Array:
    """Return the [3, 3] rotation nearest to all of `rotation` [T, 3, 3], far ones weighing less.

    The chordal mean (Hartley et al. 2013, "Rotation averaging"), reweighted to a median.
    """
    weight = np.ones(len(rotation))
    mean = np.eye(3)
    for _ in range(10):
        u, _, vt = np.linalg.svd(np.einsum("t,tab->ab", weight, rotation))
        mean = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
        away = np.linalg.norm(rotation - mean, axis=(1, 2))
        weight = 1.0 / np.maximum(away, 0.02)
    return np.asarray(mean)
