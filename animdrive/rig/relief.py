"""Relief that a tracked face lacks: philtrum, fold under the lip, chin, nostrils.

Every form is a smooth displacement placed by MediaPipe's landmarks, so that it follows the face.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.rig.cage import MM
from animdrive.rig.surface import Points, smoothstep

_SUBNASALE, _LIP_TOP, _TUBERCLE = 2, 0, 11
_UNDER_LIP, _POGONION = 18, 199


def hill(
    vertices: Points, centre: Points, size_mm: tuple[float, float, float]
) -> npt.NDArray[np.float64]:
    """Return [V] 1 at `centre` [3], falling off as a Gaussian of standard deviations `size_mm`."""
    away = (vertices - centre) / (np.array(size_mm) * MM)
    return np.asarray(np.exp(-0.5 * (away**2).sum(1)))


def mouth_relief(vertices: Points) -> Points:
    """Return `vertices` [V, 3] with philtrum, labiomental fold and chin pad."""
    return _chin(_philtrum(vertices))


def _philtrum(vertices: Points) -> Points:
    """Two ridges from the columella to the peaks of the lip and a groove between them.

    Width and depth: Farkas (1994), philtrum width about 10 mm at the lip.
    """
    top, bottom = vertices[_SUBNASALE, 1], vertices[_LIP_TOP, 1]
    x, y = vertices[:, 0], vertices[:, 1]
    down = (top - y) / (top - bottom)
    half = (3.1 + 1.9 * np.clip(down, 0, 1)) * MM
    before = smoothstep(-25 * MM, -8 * MM, vertices[:, 2])
    along = smoothstep(0.05, 0.35, down) * (1 - smoothstep(0.80, 1.04, down)) * before
    groove = np.exp(-0.5 * (x / (0.50 * half)) ** 2)
    ridge = np.exp(-0.5 * ((np.abs(x) - half) / (0.42 * half)) ** 2)
    moved = vertices.copy()
    moved[:, 2] += along * (0.9 * ridge - 1.2 * groove) * MM
    # The lip's tubercle closes the groove below.
    moved[:, 2] += 0.5 * MM * hill(vertices, vertices[_TUBERCLE], (3.0, 2.6, 5))
    return moved


def _chin(vertices: Points) -> Points:
    """The fold under the lower lip, deepest in the middle, and the pad of the chin below it."""
    moved = vertices.copy()
    up = np.array([0, MM, 0])
    fold, chin = vertices[_UNDER_LIP] - 0.6 * up, vertices[_POGONION] + up
    moved[:, 2] -= 2.4 * MM * hill(vertices, fold, (13, 3.6, 9))
    moved[:, 2] += 2.6 * MM * hill(vertices, chin, (12, 7.5, 14))
    return moved


_NOSE_FRONT, _ALAR_BASE = 19, 327

NOSTRIL_CENTRE = np.array([10.2, -1.4, 7.1]) * MM
"""Middle of the left nostril's opening on our own head."""


def nostril_frame(vertices: Points) -> tuple[Points, Points, float]:
    """Return the left nostril's middle [3], the way of its long axis [2] = x, z and its length.

    The opening leans from the columella's front to the foot of the wing: Farkas (1994), axis of
    the nostril. Metres.
    """
    front, base = vertices[_NOSE_FRONT], vertices[_ALAR_BASE]
    axis = (base - front)[[0, 2]]
    length = float(np.linalg.norm(axis))
    return 0.47 * front + 0.53 * base, axis / length, 0.44 * length


def nostrils(vertices: Points) -> Points:
    """Return `vertices` [V, 3] with nostrils: an oval rim and a passage that goes up and back."""
    centre, axis, length = nostril_frame(vertices)
    carved = vertices.copy()
    for side in (1, -1):
        x, y, z = ((vertices - centre * [side, 1, 1]) * [side, 1, 1]).T
        along, across = x * axis[0] + z * axis[1], x * axis[1] - z * axis[0]
        radius = np.hypot(along / (0.5 * length), across / (0.29 * length))
        below = smoothstep(-9 * MM, -6 * MM, z) * (np.abs(y) < 8 * MM)
        below *= (1 - smoothstep(5 * MM, 8 * MM, y)) * smoothstep(-5 * MM, -2.5 * MM, y)
        inside = (1 - smoothstep(0.45, 1.06, radius)) * below
        rim = np.exp(-(((radius - 1.22) / 0.20) ** 2)) * below
        carved += inside[:, None] * np.array([-0.6 * side, 8.5, -2.0]) * MM
        carved[:, 1] -= 0.7 * MM * rim
    return carved


_TRAGION = 454
_CANAL_FROM_TRAGION = np.array([0.0, -3.0, -16.5]) * MM


def ear_canal(vertices: Points) -> Points:
    """Return [3] where the left ear's canal opens, just outside the head's side."""
    place = vertices[_TRAGION] + _CANAL_FROM_TRAGION
    away = np.hypot(vertices[:, 1] - place[1], vertices[:, 2] - place[2])
    here = (away < 22 * MM) & (vertices[:, 0] > 40 * MM)
    weight = np.exp(-0.5 * (away[here] / (7 * MM)) ** 2)
    x = float((weight * vertices[here, 0]).sum() / weight.sum())
    return np.array([x, place[1], place[2]])


def ear_hollows(vertices: Points, behind: npt.NDArray[np.float64]) -> Points:
    """Press the skin in under the ears, whose bowls lie deeper than the head's side."""
    canal = ear_canal(vertices)
    hollow = vertices.copy()
    for side in (1, -1):
        middle = canal * [side, 1, 1] + np.array([0, 6, -2]) * MM
        away = (vertices - middle) / (np.array([30, 26, 15]) * MM)
        depth = np.exp(-((away**2).sum(1) ** 2)) * smoothstep(0.0, 0.02, behind)
        hollow[:, 0] -= side * 9.0 * MM * depth
    return hollow


_NECK_BASE_Y = -158 * MM


def neck_relief(vertices: Points, behind: npt.NDArray[np.float64]) -> Points:
    """Return `vertices` [V, 3] with the neck's forms: two muscles, the larynx, a flare below.

    The sternocleidomastoid runs from behind the ear to the notch of the breastbone; trapezius
    widens the base towards the shoulders: Standring (2020), "Gray's Anatomy", ch. 29.
    """
    x, y, z = vertices.T
    share = smoothstep(0.10, 0.35, behind)
    axis_z = -110 * MM
    outward = np.column_stack([x, np.zeros(len(x)), z - axis_z])
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1 * MM)
    mastoid = ear_canal(vertices) + np.array([-2, -24, -12]) * MM
    notch = np.array([8 * MM, _NECK_BASE_Y, -54 * MM])
    amount = np.zeros(len(x))
    for side in (1, -1):
        start, end = mastoid * [side, 1, 1], notch * [side, 1, 1]
        t = np.clip((vertices[:, 1] - start[1]) / (end[1] - start[1]), 0, 1)
        line = start + t[:, None] * (end - start)
        # Angle about the neck, not distance: the muscle lies on its surface.
        turn = np.arctan2(side * x, z - axis_z)
        at = np.arctan2(side * line[:, 0], line[:, 2] - axis_z)
        across = (turn - at) * np.hypot(x, z - axis_z) / MM
        belly = smoothstep(0.0, 0.25, t) * (0.75 + 0.25 * t)
        amount += 2.6 * np.exp(-0.5 * (across / 7.5) ** 2) * belly
        amount -= 1.6 * np.exp(-0.5 * ((across - 17) / 8) ** 2) * belly  # the hollow behind it
    larynx = np.exp(-0.5 * ((x / MM / 7) ** 2 + ((y / MM + 112) / 11) ** 2))
    amount += 3.4 * larynx * (z > axis_z)
    flare = smoothstep(-118 * MM, _NECK_BASE_Y, y) ** 2
    amount += 15 * flare * np.abs(outward[:, 0]) ** 1.5 + 3.5 * flare
    return np.asarray(vertices + (share * amount * MM)[:, None] * outward)
