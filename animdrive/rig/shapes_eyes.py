"""Lids and brows: the ARKit curves of the upper face, as offsets of the skin.

Lids are turned about the eyeball, so that they roll over it; the skin between margin and brow
follows and is kept outside the eye. Sizes: FACS manual (Ekman, Friesen and Hager 2002), and lid
excursions of Malbouisson et al. (2000). Millimetres at full strength.
"""

from __future__ import annotations

import numpy as np

from animdrive.rig.cage import EYE_RADIUS, LID_THICKNESS, MM
from animdrive.rig.shaping import Index, Shaper, bump
from animdrive.rig.surface import Points, smoothstep

MEET = 0.24
"""Where closed lids meet: share of the opening above the lower lid."""


class EyeShapes:
    """Makes every shape of the upper face; left ones only, the right are mirrored."""

    def __init__(self, shaper: Shaper, centre: Points) -> None:
        self.shaper, self.skin, self.centre = shaper, shaper.skin, centre
        self.margin = np.array(self.skin.rings["eye_left_0"])
        self.edge = np.array(self.skin.rings["eye_left_1"])
        self.under = np.array(self.skin.rings["eye_left_2"])
        opening = self.skin.vertices[self.margin]
        inner, outer = int(np.argmin(opening[:, 0])), int(np.argmax(opening[:, 0]))
        line = np.interp(opening[:, 0], *np.sort(opening[[inner, outer]][:, :2], axis=0).T)
        self.is_upper = opening[:, 1] > line
        self.is_upper[[inner, outer]] = False
        span = opening[outer, 0] - opening[inner, 0]
        self.along = (opening[:, 0] - opening[inner, 0]) / span  # 0 inner corner, 1 outer
        x, y, _ = (self.skin.vertices / MM).T
        self._other_side = shaper.where(x < 4)
        self._below = shaper.where((y < 18) & (self.skin.masks["lid_left"] < 0.02))
        self._scalp = shaper.where((y > 88) | (self.skin.behind > 0.12))

    def _lid_heights(self, x: Points, *, upper: bool) -> Points:
        """Return [N] the height of one lid's margin at rest above each `x` [N]."""
        here = self.is_upper == upper
        points = self.skin.vertices[self.margin[here]]
        corners = self.skin.vertices[self.margin[[np.argmin(self.along), np.argmax(self.along)]]]
        points = np.concatenate([points, corners])
        points = points[np.argsort(points[:, 0])]
        return np.interp(x, points[:, 0], points[:, 1])

    def lids(self, upper_mm: Points | float, lower_mm: Points | float, x_mm: float = 0.0) -> Points:
        """Return offsets [V, 3] for lid margins that move up by millimetres over the eyeball.

        The numbers hold in the middle of the lid and fade to the corners; arrays [N] hold as
        they are.
        """
        fade = np.sin(np.pi * np.clip(self.along, 0, 1)) ** 0.8
        rise = np.where(
            self.is_upper,
            upper_mm if isinstance(upper_mm, np.ndarray) else upper_mm * fade,
            lower_mm if isinstance(lower_mm, np.ndarray) else lower_mm * fade,
        )
        moved: list[tuple[Index, Points]] = []
        shift = np.column_stack([x_mm * fade, rise]) * MM
        for ring, share in ((self.margin, 1.0), (self.edge, 1.0), (self.under, 0.75)):
            moved.append((ring, self._rolled(ring, shift * share)))
        keep = [self._other_side, self._below, self._scalp, self._brow()]
        offsets = self.shaper.bend(moved, keep)
        return self._outside_eye(offsets)

    def _rolled(self, ring: Index, shift: Points) -> Points:
        """Return offsets [N, 3] that shift `ring` by x and y and keep its distance to the eye."""
        start = self.skin.vertices[ring] - self.centre
        radius = np.linalg.norm(start, axis=1)
        end = start.copy()
        end[:, :2] += shift
        rest = radius**2 - (end[:, :2] ** 2).sum(1)
        # Points beside the eyeball's front keep their depth; those before it ride on the sphere.
        front = np.sqrt(np.clip(rest, 0, None))
        on_sphere = smoothstep(0.15, 0.45, front / radius)
        base = np.sqrt(np.clip(radius**2 - (start[:, :2] ** 2).sum(1), 0, None))
        end[:, 2] += on_sphere * (front - base)
        return np.asarray(end - start)

    def _brow(self) -> Index:
        around = [self.shaper.around(i, 4) for i in (282, 283, 295, 285, 276)]
        brow: Index = np.unique(np.concatenate(around))
        return brow

    def _outside_eye(self, offsets: Points) -> Points:
        """Push the outer skin of the lids out of the eyeball, wherever `offsets` put it in."""
        inside_lid = self.skin.masks["lid_left"] > 0.3
        moved = self.skin.vertices + offsets
        away = moved - self.centre
        distance = np.linalg.norm(away, axis=1)
        floor = EYE_RADIUS + 0.92 * LID_THICKNESS
        front = (away[:, 2] > 0) & ~inside_lid & (np.abs(offsets).max(1) > 1e-6)
        lack = np.where(front, np.clip(floor - distance, 0, None), 0)
        return np.asarray(offsets + away / np.maximum(distance, 1e-9)[:, None] * lack[:, None])

    def blink(self) -> Points:
        """Return eyeBlinkLeft: both margins meet on one line, the upper doing most of the way."""
        x = self.skin.vertices[self.margin, 0]
        top, bottom = self._lid_heights(x, upper=True), self._lid_heights(x, upper=False)
        line = bottom + MEET * (top - bottom)
        y = self.skin.vertices[self.margin, 1]
        rise = (line - y) / MM
        # The margins are 1 mm thick; a hair of overlap leaves no slit of eye.
        rise = rise + np.where(self.is_upper, -0.15, 0.10) * (np.abs(rise) > 0.05)
        return self.lids(rise, rise)

    def brow(self, moves: dict[int, tuple[float, float, float]], *, lid: float) -> Points:
        """Return offsets for brow landmarks moved by mm; the upper lid's fold follows by `lid`."""
        shaper = self.shaper
        moved = [(shaper.around(i, 0.6), np.array(v) * MM) for i, v in moves.items()]
        fold = [(shaper.around(i, 2.0), np.array([0, lid, 0]) * MM) for i in (257, 259, 258, 260)]
        keep = [
            self.margin, self.edge, self.under,
            shaper.where(self.skin.vertices[:, 1] < 24 * MM), self._scalp,
        ]  # fmt: skip
        return shaper.bend([*moved, *fold], keep)

    def left(self) -> dict[str, Points]:
        """Return the left one of each pair of shapes, without its "Left"."""
        x = self.skin.vertices[:, 0] / MM
        left_only = smoothstep(-3.0, 6.0, x)[:, None]
        shapes = {
            "eyeBlink": self.blink(),
            "eyeLookDown": self.lids(-3.6, -1.3),
            "eyeLookUp": self.lids(1.9, 0.9),
            "eyeLookIn": self.lids(0.0, 0.0, -0.9),
            "eyeLookOut": self.lids(0.0, 0.0, 0.9),
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
