"""Lids and brows: the ARKit curves of the upper face, as offsets of the skin.

Lids are turned about the eyeball, so that they roll over it; the skin between margin and brow
follows and is kept outside the eye. Sizes: FACS manual (Ekman, Friesen and Hager 2002), and lid
excursions of Malbouisson et al. (2000). Millimetres at full strength.
"""

from __future__ import annotations

import numpy as np

from animdrive.rig.cage import LID_THICKNESS, MM
from animdrive.rig.lids import (
    canthus_weights,
    eye_surface,
    is_upper,
    lid_fade,
    looking,
    outside_eye,
)
from animdrive.rig.pose import DOWN_RAD, UP_RAD, YAW_RAD
from animdrive.rig.shaping import Index, Shaper, bump
from animdrive.rig.surface import Points, smoothstep

MEET = 0.24
"""Where closed lids meet: share of the opening above the lower lid."""


class EyeShapes:
    """Makes every shape of the upper face; left ones only, the right are mirrored."""

    def __init__(self, shaper: Shaper, centre: Points) -> None:
        self.shaper, self.skin, self.centre = shaper, shaper.skin, centre
        lattice = self.skin.lids
        self.all_rows = lattice.vertices[lattice.row > -1e-6]
        """Margin, edge and inside of both lids of the left eye."""
        plate = (lattice.row > -0.51) & (lid_fade(lattice.turn) > 0.3)
        chosen = (lattice.row > -1e-6) | plate
        self.lid, self.row = lattice.vertices[chosen], lattice.row[chosen]
        self.turn = lattice.turn[chosen]
        grid = lattice.grid(0, 0)[0]
        self.margin = grid[0]
        turns = np.arange(len(self.margin)) / len(self.margin) * 16
        self.is_upper = is_upper(turns)
        opening = self.skin.vertices[self.margin]
        span = opening[:, 0].max() - opening[:, 0].min()
        self.along = (opening[:, 0] - opening[:, 0].min()) / span  # 0 inner corner, 1 outer
        self.column = np.searchsorted(turns, self.turn + 1e-6) - 1
        """Which of the vertices of `margin` each of `lid` belongs to."""
        x, y, _ = (self.skin.vertices / MM).T
        self._other_side = shaper.where(x < 4)
        self._below = shaper.where((y < 18) & (self.skin.masks["lid_left"] < 0.02))
        self._scalp = shaper.where((y > 88) | (self.skin.behind > 0.12))

    def _lid_height(self, x: Points, *, upper: bool) -> Points:
        """Return [N] the height of one lid's margin at rest above each `x` [N], smoothed."""
        here = self.is_upper == upper
        corners = [int(np.argmin(self.along)), int(np.argmax(self.along))]
        points = self.skin.vertices[np.concatenate([self.margin[here], self.margin[corners]])]
        middle = points[:, 0].mean()
        weight = np.ones(len(points))
        weight[-2:] = 6
        reach = np.abs(points[:, 0] - middle).max()  # powers of numbers up to 1
        curve = np.polyfit((points[:, 0] - middle) / reach, points[:, 1], 5, w=weight)
        return np.asarray(np.polyval(curve, (x - middle) / reach))

    def lids(
        self,
        upper_mm: Points | float,
        lower_mm: Points | float,
        x_mm: float = 0.0,
        *,
        gaze: tuple[float, float] = (0.0, 0.0),
    ) -> Points:
        """Return offsets [V, 3] for lid margins that move up by millimetres over the eyeball.

        The numbers hold in the middle of the lid and fade to the corners; arrays [K], one for
        each vertex of the margin, hold as they are. Every column of a lid turns about the eye's
        middle with its margin and keeps its distance from an eye that looks by `gaze`, radians
        up and to the subject's left.
        """
        fade = np.sin(np.pi * np.clip(self.along, 0, 1)) ** 0.8
        rise = np.where(
            self.is_upper,
            upper_mm if isinstance(upper_mm, np.ndarray) else upper_mm * fade,
            lower_mm if isinstance(lower_mm, np.ndarray) else lower_mm * fade,
        )
        edge = self.skin.vertices[self.margin] - self.centre
        reach = np.hypot(edge[:, 1], edge[:, 2])
        pitch = np.arcsin(np.clip((edge[:, 1] + rise * MM) / reach, -1, 1)) - np.arctan2(
            edge[:, 1], edge[:, 2]
        )
        yaw = x_mm * MM * fade / np.hypot(edge[:, 0], edge[:, 2])
        follow = np.interp(self.row, [-0.5, -0.25, 0.0], [0.80, 0.95, 1.0])
        up, left = pitch[self.column] * follow, yaw[self.column] * follow
        start = self.skin.vertices[self.lid] - self.centre
        end = start.copy()
        end[:, 1] = start[:, 1] * np.cos(up) + start[:, 2] * np.sin(up)
        end[:, 2] = start[:, 2] * np.cos(up) - start[:, 1] * np.sin(up)
        end[:, [0, 2]] = np.column_stack(
            [
                end[:, 0] * np.cos(left) + end[:, 2] * np.sin(left),
                end[:, 2] * np.cos(left) - end[:, 0] * np.sin(left),
            ]
        )
        inner, outer = canthus_weights(self.turn)
        look = looking(*gaze)
        size = np.linalg.norm(start, axis=1)
        rise_of_eye = eye_surface(end, look) - eye_surface(start)
        # Two looks add up: a lid sinks only part of the way when the cornea leaves it.
        rise_of_eye = np.where(rise_of_eye < 0, 0.4 * rise_of_eye, rise_of_eye)
        keep = (1 - np.clip(inner + outer, 0, 1)) * rise_of_eye
        end *= ((size + keep) / np.linalg.norm(end, axis=1))[:, None]
        end = outside_eye(end, np.zeros(3), look)
        moved: list[tuple[Index, Points]] = [(self.lid, end - start)]
        keep_still = [self._other_side, self._below, self._scalp, self._brow()]
        offsets = self.shaper.bend(moved, keep_still)
        return self._outside_eye(offsets, look)

    def _brow(self) -> Index:
        around = [self.shaper.around(i, 4) for i in (282, 283, 295, 285, 276)]
        brow: Index = np.unique(np.concatenate(around))
        return brow

    def _outside_eye(self, offsets: Points, look: Points) -> Points:
        """Push the outer skin of the lids out of the eyeball, wherever `offsets` put it in."""
        inside_lid = np.zeros(len(offsets), dtype=bool)
        inside_lid[self.all_rows] = True
        moved = self.skin.vertices + offsets
        away = moved - self.centre
        distance = np.linalg.norm(away, axis=1)
        floor = eye_surface(away, look) + 0.95 * LID_THICKNESS
        front = (away[:, 2] > 0) & ~inside_lid & (np.abs(offsets).max(1) > 1e-6)
        lack = np.where(front, np.clip(floor - distance, 0, None), 0)
        return np.asarray(offsets + away / np.maximum(distance, 1e-9)[:, None] * lack[:, None])

    def blink(self) -> Points:
        """Return eyeBlinkLeft: both margins meet on one line, the upper doing most of the way."""
        x, y, _ = self.skin.vertices[self.margin].T
        top, bottom = self._lid_height(x, upper=True), self._lid_height(x, upper=False)
        line = bottom + MEET * (top - bottom)
        # At the corners the lids are joined already; the line is theirs there.
        share = smoothstep(0.0, 0.05, np.minimum(self.along, 1 - self.along))
        rise = share * (line - y) / MM
        return self.lids(rise, rise)

    def brow(self, moves: dict[int, tuple[float, float, float]], *, lid: float) -> Points:
        """Return offsets for brow landmarks moved by mm; the upper lid's fold follows by `lid`."""
        shaper = self.shaper
        moved = [(shaper.around(i, 0.6), np.array(v) * MM) for i, v in moves.items()]
        fold = [(shaper.around(i, 2.0), np.array([0, lid, 0]) * MM) for i in (257, 259, 258, 260)]
        keep = [
            self.all_rows,
            shaper.where(self.skin.vertices[:, 1] < 24 * MM), self._scalp,
        ]  # fmt: skip
        return shaper.bend([*moved, *fold], keep)

    def left(self) -> dict[str, Points]:
        """Return the left one of each pair of shapes, without its "Left"."""
        x = self.skin.vertices[:, 0] / MM
        left_only = smoothstep(-3.0, 6.0, x)[:, None]
        shapes = {
            "eyeBlink": self.blink(),
            "eyeLookDown": self.lids(-3.6, -1.3, gaze=(-DOWN_RAD, 0.0)),
            "eyeLookUp": self.lids(1.9, 0.9, gaze=(UP_RAD, 0.0)),
            "eyeLookIn": self.lids(0.0, 0.0, -0.9, gaze=(0.0, -YAW_RAD)),
            "eyeLookOut": self.lids(0.0, 0.0, 0.9, gaze=(0.0, YAW_RAD)),
            "eyeSquint": self.lids(-1.3, 2.6) + self._under_eye(1.6),
            "eyeWide": self.lids(2.6, -0.9),
        }
        shapes["browDown"] = left_only * self.brow(
            {
                285: (-2.6, -6.6, 1.6), 336: (-2.6, -6.0, 1.6), 295: (-1.8, -5.6, 1.0),
                296: (-1.8, -5.0, 1.0), 282: (-0.9, -4.0, 0.6), 334: (-0.9, -3.4, 0.6),
                283: (-0.4, -2.4, 0.3), 293: (-0.4, -2.0, 0.3),
            },
            lid=-1.6,
        )  # fmt: skip
        shapes["browOuterUp"] = left_only * self.brow(
            {
                285: (0.0, 0.6, 0.0), 336: (0.0, 0.6, 0.0), 295: (0.0, 3.4, -0.4),
                296: (0.0, 3.6, -0.4), 282: (0.2, 7.0, -0.8), 334: (0.2, 7.4, -0.8),
                283: (0.4, 8.4, -1.2), 293: (0.4, 8.8, -1.2), 276: (0.4, 6.4, -1.2),
                300: (0.4, 6.8, -1.2),
            },
            lid=1.2,
        )  # fmt: skip
        return shapes

    def inner_up(self) -> Points:
        """Return the left half of browInnerUp, to be added to its mirror image."""
        x = self.skin.vertices[:, 0] / MM
        half = self.brow(
            {
                285: (-0.6, 8.6, -0.4), 336: (-0.6, 8.8, -0.4), 295: (-0.4, 6.0, -0.4),
                296: (-0.4, 6.2, -0.4), 282: (0.0, 2.4, 0.0), 334: (0.0, 2.6, 0.0),
                283: (0.0, 0.3, 0.0), 293: (0.0, 0.3, 0.0),
                9: (0.0, 6.0, -0.3), 8: (0.0, 3.2, -0.2),
            },
            lid=0.9,
        )  # fmt: skip
        # Over the midline both halves overlap; each gives half there.
        return np.asarray(smoothstep(-7.0, 7.0, x)[:, None] * half)

    def _under_eye(self, up_mm: float) -> Points:
        points = self.skin.vertices / MM
        near = np.exp(-(((points - self.skin.vertices[450] / MM) / [13, 7, 12]) ** 2).sum(1))
        inside = self.skin.masks["lid_left"] > 0.3
        share = near * ~inside * bump(5, 26, 50, points[:, 1])
        return np.asarray(share[:, None] * np.array([0, up_mm, 0.5]) * MM)
