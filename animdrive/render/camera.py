"""Cameras: a portrait of a character, and the matrices of a pinhole camera."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from animdrive.contract import Camera, Character
from animdrive.errors import InputError

Matrix = npt.NDArray[np.float64]

_LENS_FOV = 2 * math.atan(12 / 85)
"""Angle over the short side of a 36 × 24 mm picture behind an 85 mm lens, radians."""
_HEAD_WEIGHT = 0.95
"""Vertices that follow the head by at least this much are the head; the neck follows by less."""
_UP = np.array([0.0, 1.0, 0.0])


def portrait_camera(
    character: Character,
    size_px: tuple[int, int] = (512, 512),
    *,
    yaw_rad: float = 0.0,
    pitch_rad: float = 0.0,
    distance_m: float | None = None,
    margin: float = 0.18,
) -> Camera:
    """Return a camera that frames the head at rest as an 85 mm portrait lens would.

    The head is the box around the vertices that turn with it as a whole (see `_HEAD_WEIGHT`). The
    camera goes around the middle of that box.

    Args:
        character: Whom to take.
        size_px: Width and height of the picture, pixels.
        yaw_rad: How far the camera goes around to the subject's left, radians. 0 is the front,
            ±π/2 the profiles.
        pitch_rad: How far the camera rises, radians.
        distance_m: From the middle of the head, metres; by default where the head fills the
            picture but for `margin`.
        margin: Free share of the picture around the head, 0..0.9.

    Raises:
        InputError: a size below 1 pixel, a margin outside 0..0.9, a distance not above 0.
    """
    width, height = size_px
    if width < 1 or height < 1:
        raise InputError(f"A picture of {width} × {height} pixels cannot be drawn.")
    if not 0 <= margin <= 0.9:
        raise InputError(f"The margin around the head must be in 0..0.9, got {margin}.")
    head = character.rig.neutral.vertices[character.head_weight >= _HEAD_WEIGHT]
    if not len(head):
        head = character.rig.neutral.vertices
    low, high = head.min(axis=0).astype(np.float64), head.max(axis=0).astype(np.float64)
    target = (low + high) / 2
    half_height = math.tan(_LENS_FOV / 2) * max(1.0, height / width)
    half_width = half_height * width / height
    away = np.array(
        [
            math.sin(yaw_rad) * math.cos(pitch_rad),
            math.sin(pitch_rad),
            math.cos(yaw_rad) * math.cos(pitch_rad),
        ]
    )
    if distance_m is None:
        x, y, z = look_matrix(target, away)[:3, :3] @ (head - target).T
        reach = np.maximum(np.abs(x) / half_width, np.abs(y) / half_height) / (1 - margin)
        distance_m = float((reach + z).max()) or 1.0
    if not distance_m > 0:
        raise InputError(f"The camera's distance must be above 0 m, got {distance_m}.")
    return Camera(
        position=(target + distance_m * away).astype(np.float32),
        target=target.astype(np.float32),
        vertical_fov=2 * math.atan(half_height),
        size_px=(width, height),
    )


def view_matrix(camera: Camera) -> Matrix:
    """Return [4, 4], world to camera space (the camera looks along -Z, +Y up)."""
    position = camera.position.astype(np.float64)
    return look_matrix(position, position - camera.target.astype(np.float64))


def look_matrix(origin: npt.ArrayLike, backward: npt.ArrayLike) -> Matrix:
    """Return [4, 4], world to the space at `origin` whose +Z is `backward` and +Y about up."""
    z = np.asarray(backward, dtype=np.float64)
    length = np.linalg.norm(z)
    z = z / length if length > 0 else np.array([0.0, 0.0, 1.0])
    up = _UP if abs(z[1]) < 0.999 else np.array([0.0, 0.0, -np.sign(z[1])])
    x = np.cross(up, z)
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = -rotation @ np.asarray(origin, dtype=np.float64)
    return matrix


def projection_matrix(camera: Camera, *, near_m: float, far_m: float) -> Matrix:
    """Return [4, 4], camera space to OpenGL's clip space."""
    width, height = camera.size_px
    scale = 1 / math.tan(camera.vertical_fov / 2)
    matrix = np.zeros((4, 4))
    matrix[0, 0] = scale * height / width
    matrix[1, 1] = scale
    matrix[2, 2] = (far_m + near_m) / (near_m - far_m)
    matrix[2, 3] = 2 * far_m * near_m / (near_m - far_m)
    matrix[3, 2] = -1
    return matrix


def box_matrix(view: Matrix, radius_m: float) -> Matrix:
    """Return [4, 4], world to the clip space of a parallel view of a ball around `view`'s origin.

    Depth runs from the near side of the ball (-1) to its far side (+1).
    """
    scale = np.diag([1 / radius_m, 1 / radius_m, -1 / radius_m, 1.0])
    return scale @ view


def columns(matrix: Matrix) -> tuple[float, ...]:
    """Return a matrix as OpenGL wants it, column after column."""
    return tuple(float(value) for value in matrix.T.ravel())


def project(camera: Camera, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return [..., 2] pixels, x to the right and y down, where `points` [..., 3] metres appear."""
    view = view_matrix(camera)
    local = np.asarray(points, dtype=np.float64) @ view[:3, :3].T + view[:3, 3]
    width, height = camera.size_px
    focal_px = height / 2 / math.tan(camera.vertical_fov / 2)
    depth = -local[..., 2]
    return np.stack(
        [
            width / 2 + focal_px * local[..., 0] / depth,
            height / 2 - focal_px * local[..., 1] / depth,
        ],
        axis=-1,
    )
