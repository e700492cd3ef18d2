"""The lips' inside and the lining of the mouth: a seal, a vestibule around the teeth, a throat.

Lips close by lying on each other over some depth, not along a line; behind the seal the lining
turns up and down in front of the teeth (the vestibule), folds over above and below the gums (the
fornix) and goes on as palate and floor to the throat: Norton (2016), "Netter's Head and Neck
Anatomy for Dentistry", ch. 13. All of it is one smooth map of a lattice that the cage's rings lay
down, so every fine vertex is placed by formula and none by smoothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.rig.arch import Arch, arch_curve
from animdrive.rig.cage import MM
from animdrive.rig.lattice import Lattice
from animdrive.rig.surface import Points, smoothstep

RINGS = (
    "lips_outer", "lips_middle", "lips_near", "lips_inner",
    "mouth_1", "mouth_2", "mouth_3", "mouth_4",
)  # fmt: skip
INNER = 3
"""Number of "lips_inner" in `RINGS`. Rows are counted from it: -3 is the vermilion's outer edge, 0
where lips meet, 1 the end of the seal, 2 in the vestibule, 3 the fornix, 4 on palate and floor,
5 in the throat."""

SEAL_DEPTH = 3.2 * MM
"""How far back closed lips touch in the middle; at the corners it is `SEAL_DEPTH_CORNER`."""
SEAL_DEPTH_CORNER = 2.0 * MM
SEAL_GAP = 0.02 * MM
"""Left between touching lips, so that surfaces never coincide."""
_LIP_TO_TEETH = 0.8 * MM
_END_OF_ARCH = 61.0 * MM
"""Where the vestibule turns behind the last molar, along the arch from the middle."""
_COLUMNS = 20
"""Cage vertices in a ring of the lips."""
_THROAT = np.array([0.0, -3.0, -78.5]) * MM
"""Deepest point, from the middle of the slit."""


def _sides(lattice: Lattice) -> tuple[Points, npt.NDArray[np.bool_]]:
    """Return s [N] (-1 right corner, 1 left corner) and whether a vertex is the upper lip's."""
    turn = lattice.turn / _COLUMNS * 4  # 0 right corner, 2 left corner
    upper = turn <= 2 + 1e-6
    return np.where(upper, turn - 1, 3 - turn), upper


class _Lining:
    """The map from the lattice (row, s, lip) to places. Metres."""

    def __init__(self, slit: Points, arches: tuple[Arch, Arch]) -> None:
        """Fit to `slit` [N, 3], the line where lips meet from the right corner to the left."""
        self._slit = slit
        self._s = np.linspace(-1, 1, len(slit))
        self.height = float(slit[len(slit) // 2, 1])
        self._curves = [arch_curve(arch) for arch in arches]
        self._edge = [arch.front[1] for arch in arches]
        reach, place, _ = self._curves[0]
        both = np.concatenate([place[:0:-1] * [-1, 1], place])
        along = np.concatenate([-reach[:0:-1], reach])
        nearest = np.linalg.norm(slit[:, None, [0, 2]] - both[None], axis=2).argmin(1)
        self._start = along[nearest]

    def _offset(self, theta: Points) -> Points:
        """Return how far before the upper teeth the vestibule runs; cheeks stand off the molars."""
        far = np.abs(theta)
        return (
            _LIP_TO_TEETH + 0.45 * MM
            + 2.0 * MM * smoothstep(5 * MM, 22 * MM, far)
            + 5.5 * MM * smoothstep(20 * MM, 50 * MM, far)
        )  # fmt: skip

    def _plan(self, theta: Points, jaw: int) -> tuple[Points, Points]:
        """Return [N, 2] x and z, and outward normals, of the wall of one jaw's vestibule."""
        reach, place, normal = self._curves[jaw]
        side = np.where(theta < 0, -1.0, 1.0)[:, None] * [1, 0] + [0, 1]
        far = np.abs(theta)
        at = np.column_stack([np.interp(far, reach, place[:, k]) for k in range(2)])
        out = np.column_stack([np.interp(far, reach, normal[:, k]) for k in range(2)])
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        offset = self._offset(theta)
        if jaw == 1:  # behind the canines both jaws share one wall
            offset = offset + 1.9 * MM * smoothstep(10 * MM, 34 * MM, far)
        at = at + out * offset[:, None]
        return at * side, out * side

    def wall(self, theta: Points, h: Points) -> Points:
        """Return [N, 3] of the outer wall of the vestibule, `h` above the slit."""
        upper, lower = self._plan(theta, 0)[0], self._plan(theta, 1)[0]
        # The lower lip covers the edges of the upper front teeth, then steps back to its own.
        cover = self.height - self._edge[0]
        down = smoothstep(cover + 0.2 * MM, cover + 4.2 * MM, -h)[:, None]
        flat = upper + down * (lower - upper)
        # The roots of front teeth lie further back than their edges, and so does the lip.
        front = 1 - smoothstep(8 * MM, 26 * MM, np.abs(theta))
        edge = np.where(h > 0, self._edge[0], self._edge[1]) - self.height
        lean = 0.02 * front * np.clip(np.where(h > 0, h - edge, edge - h), 0, None)
        return np.column_stack([flat[:, 0], self.height + h, flat[:, 1] - lean])

    def _outline(self, s: Points, upper: npt.NDArray[np.bool_]) -> tuple[Points, Points]:
        """Return where the fornix runs: a rounded rectangle on the unrolled wall."""
        phi = s * np.pi / 2
        theta = _END_OF_ARCH * np.sign(s) * np.abs(np.sin(phi)) ** 0.8
        tall = np.where(upper, 15.6 * MM, 17.6 * MM)
        return theta, np.where(upper, 1, -1) * tall * np.abs(np.cos(phi)) ** 0.45

    def _on_wall(self, s: Points, row: Points, upper: npt.NDArray[np.bool_]) -> Points:
        """Return [N, 3] for rows 1..3; at row 1 it is the slit's image on the wall."""
        w = (row - 1) / 2
        theta, h = self._outline(s, upper)
        begin = np.interp(s, self._s, self._start)
        return self.wall(np.asarray(begin + w * (theta - begin)), np.asarray(w * h))

    def seal(self, s: Points, row: Points) -> tuple[Points, Points]:
        """Return [N, 3] of the touching lips for rows 0..1, and the way inwards there."""
        at = np.column_stack([np.interp(s, self._s, self._slit[:, k]) for k in range(3)])
        begin = np.interp(s, self._s, self._start)
        normal = self._plan(begin, 0)[1]
        inward = -np.column_stack([normal[:, 0], np.zeros(len(s)), normal[:, 1]])
        depth = SEAL_DEPTH + (SEAL_DEPTH_CORNER - SEAL_DEPTH) * np.abs(s) ** 2
        return at + inward * (depth * np.clip(row, 0, 1))[:, None], inward * depth[:, None]

    def __call__(self, row: Points, s: Points, upper: npt.NDArray[np.bool_]) -> Points:
        """Return [N, 3] for rows 0..5."""
        sign = np.where(upper, 1.0, -1.0)
        corner = np.abs(s) > 1 - 1e-6
        seal, inward = self.seal(s, row)
        seal[:, 1] += np.where(corner, 0, sign * SEAL_GAP / 2)
        wall = self._on_wall(s, np.clip(row, 1, 3), upper)
        # Rows 1..2 turn from the seal onto the wall.
        end, h = self._on_wall(s, np.full(len(s), 2.0), upper), 1e-3
        start = self.seal(s, np.ones(len(s)))[0]
        start[:, 1] += np.where(corner, 0, sign * SEAL_GAP / 2)
        leave = (self._on_wall(s, np.full(len(s), 2 + h), upper) - end) / h
        turn = hermite(start, inward * 0.9, end, leave, np.clip(row - 1, 0, 1))
        result = np.where((row < 1)[:, None], seal, np.where((row < 2)[:, None], turn, wall))
        # Rows 3..5 close over palate and floor like a vault, flat at first and steep at the throat.
        rim = self._on_wall(s, np.full(len(s), 3.0), upper)
        w = np.clip((row - 3) / 2, 0, 1)[:, None]
        throat = np.array([0, self.height, 0]) + _THROAT
        vault = rim + w * (throat - rim)
        tall = (rim[:, 1:2] - self.height) * (1 - w**2.8) ** (1 / 2.8)
        # Over the gums the vault rises a little before it falls.
        tall = tall * (1 + 0.16 * np.sin(np.pi * np.clip(w / 0.6, 0, 1)))
        vault[:, 1:2] = self.height + tall + _THROAT[1] * w
        return np.where((row > 3)[:, None], vault, result)


def hermite(start: Points, leave: Points, end: Points, arrive: Points, t: Points) -> Points:
    """Return [N, 3] on cubics from `start` to `end` with these velocities, `t` [N] in 0..1."""
    t = t[:, None]
    return np.asarray(
        start * (2 * t**3 - 3 * t**2 + 1) + leave * (t**3 - 2 * t**2 + t)
        + end * (3 * t**2 - 2 * t**3) + arrive * (t**3 - t**2)
    )  # fmt: skip


def lined_mouth(vertices: Points, lattice: Lattice, arches: tuple[Arch, Arch]) -> Points:
    """Return the skin's `vertices` [V, 3] with lips that touch and a lining around the teeth.

    The vermilion's rows outside -1 stay; from there the lips round into the seal.
    """
    result = vertices.copy()
    grid, rows = lattice.grid(-3, 0)
    columns = grid.shape[1]
    mate = (columns - np.arange(columns)) % columns
    line = {round(float(row), 4): vertices[grid[k]] for k, row in enumerate(rows)}
    slit = (line[0.0] + line[0.0][mate]) / 2
    lining = _Lining(slit[: columns // 2 + 1], arches)
    inside = lattice.row >= -1e-6
    s, upper = _sides(lattice)
    result[lattice.vertices[inside]] = lining(
        np.clip(lattice.row[inside], 0, 5), s[inside], upper[inside]
    )
    # Rows -1..0: from the vermilion, in its own direction, tangentially into the seal.
    near, towards = line[-1.0], (line[-1.0] - line[-1.25]) * 4
    turn = 4 * np.arange(columns) / columns
    inward = lining.seal(np.where(turn <= 2, turn - 1, 3 - turn), np.zeros(columns))[1]
    meet = result[grid[-1]]
    length = np.linalg.norm(meet - near, axis=1, keepdims=True)
    towards *= length / np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-9)
    inward *= length / np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-9)
    for k, row in enumerate(rows):
        if -1 < row < -1e-6:
            result[grid[k]] = hermite(near, towards, meet, inward, np.full(columns, row + 1))
    return result
