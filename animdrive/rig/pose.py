"""Turning the head and the eyes: rotations, posed vertices, and gaze as curves or as angles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, CurveTrack
from animdrive.contract.checks import FloatArray
from animdrive.errors import ContractError

YAW_RAD = 0.60
"""Turn of an eye at eyeLookIn or eyeLookOut of 1. Phone takes measure 0.5 to 0.7."""
UP_RAD = 0.45
"""Turn of an eye at eyeLookUp of 1. Phone takes measure 0.40 to 0.46."""
DOWN_RAD = 0.55
"""Turn of an eye at eyeLookDown of 1. Phone takes measure 0.5 to 0.96."""

LOOK_CURVES: tuple[str, ...] = tuple(
    f"eyeLook{way}{side}" for side in ("Left", "Right") for way in ("Down", "In", "Out", "Up")
)
"""The curves that say where the eyes look."""

EYE_BONES: tuple[str, str] = ("eye_left", "eye_right")
"""Bones of the eyes in the order of `CurveTrack.eye_rotation` and `Character.eye_pivots`."""

_IDENTITY = np.eye(3, dtype=np.float32)
_OUTWARD = (1.0, -1.0)  # the left eye looks outward with yaw above 0, the right one below


def rotation_matrix(angles: npt.ArrayLike) -> FloatArray:
    """Return ``Ry(yaw) · Rx(pitch) · Rz(roll)`` for every triple of angles.

    Args:
        angles: [..., 3] radians: pitch (down +), yaw (subject's left +), roll (crown to the
            subject's right +).

    Returns:
        [..., 3, 3]; multiply column vectors from the left.

    Raises:
        ContractError: the last axis is not 3 long.
    """
    given = np.asarray(angles, dtype=np.float64)
    if given.ndim == 0 or given.shape[-1] != 3:
        raise ContractError(f"Angles must have shape [..., 3], got {list(given.shape)}.")
    (sx, sy, sz), (cx, cy, cz) = (
        np.moveaxis(np.sin(given), -1, 0),
        np.moveaxis(np.cos(given), -1, 0),
    )
    matrix = np.empty((*given.shape, 3), dtype=np.float32)
    matrix[..., 0, 0] = cy * cz + sy * sx * sz
    matrix[..., 0, 1] = -cy * sz + sy * sx * cz
    matrix[..., 0, 2] = sy * cx
    matrix[..., 1, 0] = cx * sz
    matrix[..., 1, 1] = cx * cz
    matrix[..., 1, 2] = -sx
    matrix[..., 2, 0] = -sy * cz + cy * sx * sz
    matrix[..., 2, 1] = sy * sz + cy * sx * cz
    matrix[..., 2, 2] = cy * cx
    return matrix


def angles_from_matrix(matrix: npt.ArrayLike) -> FloatArray:
    """Return the [..., 3] angles of rotations [..., 3, 3]; the inverse of `rotation_matrix`.

    Pitch comes out in -π/2..π/2. A face that looks straight up or down has no telling yaw from
    roll; roll is then 0.
    """
    given = np.asarray(matrix, dtype=np.float64)
    pitch = np.arcsin(np.clip(-given[..., 1, 2], -1.0, 1.0))
    locked = np.hypot(given[..., 0, 2], given[..., 2, 2]) < 1e-6
    roll = np.where(locked, 0.0, np.arctan2(given[..., 1, 0], given[..., 1, 1]))
    yaw = np.where(
        locked,
        np.arctan2(-given[..., 2, 0], given[..., 0, 0]),
        np.arctan2(given[..., 0, 2], given[..., 2, 2]),
    )
    angles: FloatArray = np.stack([pitch, yaw, roll], axis=-1).astype(np.float32)
    return angles


def quaternion_from_angles(angles: npt.ArrayLike) -> FloatArray:
    """Return unit quaternions [..., 4] in the order x, y, z, w for angles [..., 3]."""
    half = 0.5 * np.asarray(angles, dtype=np.float64)
    (sx, sy, sz), (cx, cy, cz) = np.moveaxis(np.sin(half), -1, 0), np.moveaxis(np.cos(half), -1, 0)
    quaternion = np.stack(
        [
            cy * sx * cz + sy * cx * sz,
            sy * cx * cz - cy * sx * sz,
            cy * cx * sz - sy * sx * cz,
            cy * cx * cz + sy * sx * sz,
        ],
        axis=-1,
    )
    as_float32: FloatArray = quaternion.astype(np.float32)
    return as_float32


def angles_from_quaternion(quaternion: npt.ArrayLike) -> FloatArray:
    """Return angles [..., 3] of quaternions [..., 4] (x, y, z, w), which need not be unit.

    Raises:
        ContractError: a quaternion is zero.
    """
    given = np.asarray(quaternion, dtype=np.float64)
    length = np.linalg.norm(given, axis=-1, keepdims=True)
    if not (length > 1e-9).all():
        raise ContractError("A quaternion of zeros is no rotation.")
    x, y, z, w = np.moveaxis(given / length, -1, 0)
    matrix = np.empty((*given.shape[:-1], 3, 3))
    # Only these six entries are read back.
    matrix[..., 0, 0] = 1 - 2 * (y * y + z * z)
    matrix[..., 0, 2] = 2 * (x * z + w * y)
    matrix[..., 1, 0] = 2 * (x * y + w * z)
    matrix[..., 1, 1] = 1 - 2 * (x * x + z * z)
    matrix[..., 1, 2] = 2 * (y * z - w * x)
    matrix[..., 2, 0] = 2 * (x * z - w * y)
    matrix[..., 2, 2] = 1 - 2 * (x * x + y * y)
    return angles_from_matrix(matrix)


def _turn(vertices: FloatArray, angles: npt.ArrayLike, pivot: FloatArray) -> FloatArray:
    """Return how far each vertex goes; exactly 0 where the angles are 0."""
    way: FloatArray = (vertices - pivot) @ (rotation_matrix(angles).T - _IDENTITY)
    return way


def posed_vertices(
    character: Character,
    vertices: FloatArray,
    *,
    head_rotation: npt.ArrayLike,
    head_position: npt.ArrayLike,
    eye_rotation: npt.ArrayLike,
) -> FloatArray:
    """Turn the eyes in the head, the head on its neck, and move everything.

    The neck is a blend of turned and unturned places by `Character.head_weight` (linear blend
    skinning of two bones), which is what a skinned glTF does with the same weights.

    Args:
        character: Whose bones these are. V vertices.
        vertices: [V, 3] metres, deformed by the curves, head and eyes unrotated.
        head_rotation: [3] radians, as in `CurveTrack.head_rotation`.
        head_position: [3] metres from the place at rest; moves the shoulders too.
        eye_rotation: [2, 3] radians in head space, left then right.

    Returns:
        [V, 3] metres, a new array.

    Raises:
        ContractError: `vertices` is not [V, 3].
    """
    expected = character.rig.neutral.vertices.shape
    if np.shape(vertices) != expected:
        raise ContractError(
            f"Vertices must have shape {list(expected)}, got {list(np.shape(vertices))}."
        )
    posed = np.array(vertices, dtype=np.float32)
    eyes = np.asarray(eye_rotation, dtype=np.float32)
    for part in character.parts:
        if part.bone in EYE_BONES:
            eye = EYE_BONES.index(part.bone)
            run = part.vertices
            posed[run] += _turn(posed[run], eyes[eye], character.eye_pivots[eye])
    way = _turn(posed, head_rotation, character.head_pivot)
    posed += character.head_weight[:, None] * way
    posed += np.asarray(head_position, dtype=np.float32)
    return posed


def eye_rotation_from_looks(track: CurveTrack) -> FloatArray:
    """Return the eye angles [T, 2, 3] radians that the eyeLook curves of `track` stand for.

    Curves that the track does not have count as 0; roll is 0.
    """

    def look(way: str, side: str) -> FloatArray:
        name = f"eyeLook{way}{side}"
        if name in track.names:
            return track.curve(name)
        return np.zeros(len(track), dtype=np.float32)

    angles = np.zeros((len(track), 2, 3), dtype=np.float32)
    for eye, side in enumerate(("Left", "Right")):
        angles[:, eye, 0] = DOWN_RAD * look("Down", side) - UP_RAD * look("Up", side)
        angles[:, eye, 1] = _OUTWARD[eye] * YAW_RAD * (look("Out", side) - look("In", side))
    return angles


def looks_from_eye_rotation(rotation: npt.ArrayLike) -> dict[str, FloatArray]:
    """Return the eyeLook curves, name to [T] in 0..1, for eye angles [T, 2, 3] radians.

    The inverse of `eye_rotation_from_looks` where the angles are within reach of the curves;
    beyond it the curves stay at 1. Roll has no curve.
    """
    angles = np.asarray(rotation, dtype=np.float32)
    if angles.ndim != 3 or angles.shape[1:] != (2, 3):
        raise ContractError(f"Eye rotation must have shape [T, 2, 3], got {list(angles.shape)}.")
    curves: dict[str, FloatArray] = {}
    for eye, side in enumerate(("Left", "Right")):
        pitch, outward = angles[:, eye, 0], _OUTWARD[eye] * angles[:, eye, 1]
        curves[f"eyeLookDown{side}"] = np.clip(pitch / DOWN_RAD, 0, 1)
        curves[f"eyeLookIn{side}"] = np.clip(-outward / YAW_RAD, 0, 1)
        curves[f"eyeLookOut{side}"] = np.clip(outward / YAW_RAD, 0, 1)
        curves[f"eyeLookUp{side}"] = np.clip(-pitch / UP_RAD, 0, 1)
    return curves
