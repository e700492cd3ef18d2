"""Lids at rest: margins of some thickness, an inside that lies on the eyeball, a crease, canthi.

A lid is a plate about as thick as `LID_THICKNESS` whose inside slides on eyeball and cornea; the
skin over its upper part folds in where the levator's fibres reach it, the supratarsal crease
(Kakizaki et al. 2009, "Upper eyelid anatomy: an update"). At the inner corner the lids do not
touch the eye; the caruncle and the semilunar fold fill the gap.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.rig.cage import EYE_RADIUS, LID_THICKNESS, MM
from animdrive.rig.lattice import Lattice
from animdrive.rig.surface import Points, smoothstep

OUTER_RINGS = (
    (342, 446, 261, 448, 449, 450, 451, 452, 453, 464, 413, 441, 442, 443, 444, 445),
    (467, 359, 255, 339, 254, 253, 252, 256, 341, 463, 414, 286, 258, 257, 259, 260),
)
"""MediaPipe's rings around the left eye, outside its margin and in step with it."""
MARGIN = (466, 263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388)
"""The left lid margin. Rows count from it: -2, -1 outside, 1 at the eyeball, 2 under the lid."""

CORNEA_RISE = 0.9 * MM
CORNEA_ANGLE = float(np.arcsin(5.9 / 12.0)) * 1.12
"""The cornea stands out by `CORNEA_RISE` at the pole and ends at this angle from it."""
CLEARANCE = 0.15 * MM
"""Tear film and play between lid and eye."""
_UNDER = 4.5 * MM
"""How far the lid's inside is carried on from the margin."""
_OUTER_CANTHUS, _INNER_CANTHUS = 1, 9
"""Turns of the corners in the lattice."""


def eye_surface(direction: Points, gaze: Points | None = None) -> npt.NDArray[np.float64]:
    """Return [N] the distance of the eye's surface from its centre along `direction` [N, 3].

    `gaze` [3] is where the eye looks, a unit vector; by default +Z.
    """
    look = np.array([0.0, 0.0, 1.0]) if gaze is None else gaze
    length = np.linalg.norm(direction, axis=-1)
    angle = np.arccos(np.clip((direction @ look) / np.maximum(length, 1e-12), -1, 1))
    return np.asarray(EYE_RADIUS + CORNEA_RISE * np.clip(1 - (angle / CORNEA_ANGLE) ** 2, 0, None))


def outside_eye(points: Points, centre: Points, gaze: Points | None = None) -> Points:
    """Return `points` [N, 3], those inside the eye or closer than 0.1 mm moved off it."""
    away = points - centre
    size = np.linalg.norm(away, axis=1)
    least = eye_surface(away, gaze) + 0.1 * MM
    return np.asarray(centre + away * (np.maximum(size, least) / size)[:, None])


def canthus_weights(turn: Points) -> tuple[Points, Points]:
    """Return how much each `turn` [N] of the lattice belongs to the inner and outer corner."""

    def near(corner: int, width: float) -> Points:
        away = np.abs((turn - corner + 8) % 16 - 8)
        return np.asarray(np.exp(-((away / width) ** 2)))

    return near(_INNER_CANTHUS, 1.15), near(_OUTER_CANTHUS, 0.7)


def formed_lids(vertices: Points, lattice: Lattice, centre: Points) -> Points:
    """Return `vertices` [V, 3] with the left eye's lids formed about its `centre` [3]."""
    result = vertices.copy()
    grid, rows = lattice.grid(-2, 2)
    margin_row = int(np.argmin(np.abs(rows)))
    turn = np.arange(grid.shape[1]) / grid.shape[1] * 16
    inner, outer = canthus_weights(turn)
    corner = np.clip(inner + outer, 0, 1)[:, None]
    old = vertices[grid[margin_row]]
    direction = old - centre
    size = np.linalg.norm(direction, axis=1, keepdims=True)
    direction = direction / size
    front = eye_surface(direction)[:, None] + LID_THICKNESS
    margin = centre + direction * (corner * size + (1 - corner) * front)
    for _ in range(2):  # corners come crumpled out of the subdivision
        around = (np.roll(margin, 1, axis=0) + np.roll(margin, -1, axis=0)) / 2
        margin = margin + 0.5 * np.sqrt(corner) * (around - margin)
    direction = (margin - centre) / np.linalg.norm(margin - centre, axis=1, keepdims=True)
    result[grid] = vertices[grid] + (
        np.clip(1 - np.abs(rows), 0, 1)[:, None, None] * (margin - old)[None]
    )
    opening = margin.mean(0)
    away = margin - opening
    away -= direction * (away * direction).sum(1, keepdims=True)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    for k, row in enumerate(rows):
        if row > -1e-6:
            lid = _inside(margin, direction, away, centre, float(row))
            fill = _canthus(margin, centre, float(row), inner[:, None])
            result[grid[k]] = outside_eye(lid + corner * (fill - lid), centre)
    return _creased(result, lattice, centre)


def _inside(margin: Points, direction: Points, away: Points, centre: Points, row: float) -> Points:
    """Return [K, 3] of one row from the margin's outer edge (0) to under the lid (2)."""
    lean = max(row - 1, 0.0) * _UNDER / EYE_RADIUS - 0.018 * np.sin(np.pi * min(row, 1.0))
    way = direction * np.cos(lean) + away * np.sin(lean)
    thick = LID_THICKNESS + (CLEARANCE - LID_THICKNESS) * min(row, 1.0)
    thick += 0.35 * MM * max(row - 1, 0.0)  # room for the cornea of an eye that looks aside
    return np.asarray(centre + way * (eye_surface(way)[:, None] + thick))


def _canthus(margin: Points, centre: Points, row: float, inner: Points) -> Points:
    """Return [K, 3] of one row of the tissue that fills the corners down to the eyeball."""
    target = (margin - centre) * [0.74, 0.74, 1]
    reach = EYE_RADIUS + 0.1 * MM
    beside = (target[:, :2] ** 2).sum(1)
    target[:, 2] = np.sqrt(np.maximum(reach**2 - beside, (0.3 * reach) ** 2))
    target *= reach / np.linalg.norm(target, axis=1, keepdims=True)
    filled = margin + (centre + target - margin) * (row / 2)
    caruncle = 0.8 * MM * np.sin(np.pi * np.clip((row - 0.15) / 1.5, 0, 1)) * inner
    return np.asarray(filled + caruncle * np.array([0.0, 0.0, 1.0]))


def is_upper(turn: Points) -> npt.NDArray[np.bool_]:
    """Return [N] whether a `turn` of the lattice is on the upper lid; corners count as lower."""
    return (turn > _INNER_CANTHUS + 1e-6) | (turn < _OUTER_CANTHUS - 1e-6)


def looking(up_rad: float, left_rad: float) -> Points:
    """Return [3] the unit vector of an eye that is turned up and to the subject's left."""
    return np.array(
        [
            np.sin(left_rad) * np.cos(up_rad),
            np.sin(up_rad),
            np.cos(left_rad) * np.cos(up_rad),
        ]
    )


def lid_fade(turn: Points) -> Points:
    """Return [N] 1 in the middle of the upper lid, 0 at the corners and below."""
    along = (turn - _INNER_CANTHUS) / ((_OUTER_CANTHUS - _INNER_CANTHUS) % 16)
    return np.asarray(np.where((along > 0) & (along < 1), np.sin(np.pi * along.clip(0, 1)), 0.0))


def _creased(vertices: Points, lattice: Lattice, centre: Points) -> Points:
    """Lay the upper lid's plate on the eye and fold the skin above it over its edge."""
    result = vertices.copy()
    fade = smoothstep(0.15, 0.75, lid_fade(lattice.turn))
    away = vertices[lattice.vertices] - centre
    size = np.linalg.norm(away, axis=1)
    plate = eye_surface(away) + LID_THICKNESS
    depth = -lattice.row
    # (rows above the margin, share of the way from the skin down to the plate)
    share = np.interp(depth, [0.0, 0.25, 0.5, 0.62, 0.75, 1.0], [0, 0.85, 0.92, 0.80, 0.0, -0.03])
    share = np.where((depth > 0) & (depth < 1.5), share, 0) * fade
    share = np.where(depth > 1, -0.03 * np.clip(3 - 2 * depth, 0, 1) * fade, share)
    moved = size + share * (plate - size)
    result[lattice.vertices] = centre + away * (moved / size)[:, None]
    return result


def lid_lattice_rings(eye_rings: list[list[int]]) -> list[list[int]]:
    """Return the cage's rings of the left eye for `ring_lattice`, from -2 to 2."""
    order = [eye_rings[0].index(vertex) for vertex in MARGIN]
    return [*(list(r) for r in OUTER_RINGS), *([ring[i] for i in order] for ring in eye_rings)]
