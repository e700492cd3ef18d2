"""Where the lights of a look stand for one picture, as the shaders want it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Camera
from animdrive.render.camera import (
    Matrix,
    box_matrix,
    columns,
    look_matrix,
    projection_matrix,
    view_matrix,
)
from animdrive.render.look import LookConfig, Triple

_FRONT_TILT = (0.0, 0.35, 1.0)
"""Where ambient light comes from mostly: ahead and above, so that the upper lid shades the eye."""
_SLACK_M = 0.01


@dataclass(frozen=True)
class Staging:
    """Camera and lights around one pose."""

    key_box: Matrix
    """[4, 4] world to the clip space of the key light's view."""
    front_box: Matrix
    """[4, 4] world to the clip space of the view from the front."""
    uniforms: dict[str, Any]
    """What every surface shader is told."""


def staged(look: LookConfig, camera: Camera, vertices: npt.NDArray[np.float32]) -> Staging:
    """Place the lights of `look` for `camera` around posed `vertices` [V, 3] metres."""
    low, high = vertices.min(axis=0).astype(float), vertices.max(axis=0).astype(float)
    middle, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2 or 1.0
    key, fill, rim = (
        _in_world(camera, direction)
        for direction in (look.key_direction, look.fill_direction, look.rim_direction)
    )
    front = look_matrix(middle, _FRONT_TILT)
    key_box = box_matrix(look_matrix(middle, key), radius)
    front_box = box_matrix(front, radius)
    view = view_matrix(camera)
    depth = -(vertices @ view[2, :3] + view[2, 3])
    near = max(float(depth.min()) - _SLACK_M, _SLACK_M)
    far = max(float(depth.max()) + _SLACK_M, near + _SLACK_M)
    uniforms = {
        "u_view_projection": columns(projection_matrix(camera, near_m=near, far_m=far) @ view),
        "u_key_box": columns(key_box),
        "u_front_box": columns(front_box),
        "u_front_axes": [tuple(row) for row in front[:3, :3]],
        "u_radius": radius,
        "u_eye": tuple(camera.position),
        "u_key_direction": tuple(key),
        "u_fill_direction": tuple(fill),
        "u_rim_direction": tuple(rim),
        "u_key_color": look.key_color,
        "u_fill_color": look.fill_color,
        "u_rim_color": look.rim_color,
        "u_sky_color": look.sky_color,
        "u_ground_color": look.ground_color,
        "u_exposure": look.exposure,
    }
    return Staging(key_box, front_box, uniforms)


def _in_world(camera: Camera, direction: Triple) -> npt.NDArray[np.float64]:
    """Return [3], the unit direction in the world of a light that goes around with the camera."""
    away = camera.position.astype(np.float64) - camera.target.astype(np.float64)
    away[1] = 0.0
    around = look_matrix(np.zeros(3), away)[:3, :3].T
    light = around @ np.asarray(direction, dtype=np.float64)
    return np.asarray(light / np.linalg.norm(light))
