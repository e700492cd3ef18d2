"""The lids' tarsal plates: stiff, so they turn about the eyeball rather than stretch.

Their margins are what the muscles move directly; the skin above and below is solved for. Sizes:
lid excursions of Malbouisson et al. (2000) and the FACS manual (Ekman, Friesen and Hager 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.rig.pose import DOWN_RAD, UP_RAD, YAW_RAD
from animdrive.rig.surface import Points, smoothstep
from animdrive.rig.topology import SkinTopology

MM = 1e-3
Field = npt.NDArray[np.float64]

MEET = 0.24
"""Where closed lids meet: share of the opening above the lower lid."""
_OVERLAP = 0.05
"""mm that closed margins press into each other, so that no slit is left."""
CORNEA_MM = 0.9
"""How far the cornea stands out of the eyeball."""
CORNEA_RAD = float(np.arcsin(5.9 / 12.0)) * 1.12


@dataclass(frozen=True)
class LidMotion:
    """What the muscles do to one eye's lids; every number is 0 at rest."""

    closing: float = 0.0
    """Orbicularis oculi, palpebral part: 0 open to 1 shut."""
    upper_mm: float = 0.0
    """Rise of the upper margin: levator palpebrae up, its release down."""
    lower_mm: float = 0.0
    """Rise of the lower margin: orbicularis up, lower retractor down."""
    shift_mm: float = 0.0
    """Drag of both margins towards the subject's left, with the gaze."""
    pitch_rad: float = 0.0
    """Gaze, down above 0: the cornea's bulge lifts the lid that lies on it."""
    yaw_rad: float = 0.0
    """Gaze, to the subject's left above 0."""


class Lids:
    """One eye's margin and the two rings behind it. n = 64 vertices in each ring."""

    def __init__(
        self, skin: Points, topology: SkinTopology, side: str, centre: Points, radius: float
    ) -> None:
        """Measure the lids.

        Args:
            skin: [V, 3] metres at rest.
            topology: Its connections.
            side: "left" or "right".
            centre: [3] metres, middle of the eyeball.
            radius: Of the eyeball, metres.
        """
        self.rings = [topology.rings[f"eye_{side}_{k}"] for k in range(3)]
        self.centre = np.asarray(centre, dtype=np.float64) / MM
        self.radius = radius / MM
        self._start = [skin[ring].astype(np.float64) / MM - self.centre for ring in self.rings]
        margin = self._start[0]
        inner, outer = int(np.argmin(margin[:, 0])), int(np.argmax(margin[:, 0]))
        ends = margin[[inner, outer]]
        line = np.interp(margin[:, 0], ends[:, 0], ends[:, 1])
        upper = margin[:, 1] > line
        upper[[inner, outer]] = False
        self.upper = upper
        """[n] which vertices of the margin belong to the upper lid."""
        along = (margin[:, 0] - ends[0, 0]) / (ends[1, 0] - ends[0, 0])
        self._fade = np.sin(np.pi * np.clip(along, 0, 1)) ** 0.8
        corner = np.zeros(len(margin), dtype=bool)
        corner[[inner, outer]] = True

        def height(of: npt.NDArray[np.bool_]) -> Field:
            here = margin[of | corner]
            here = here[np.argsort(here[:, 0])]
            return np.asarray(np.interp(margin[:, 0], here[:, 0], here[:, 1]))

        top, bottom = height(upper), height(~upper & ~corner)
        self._closed = bottom + MEET * (top - bottom)
        self._closed += np.where(upper, -_OVERLAP, _OVERLAP) * np.clip(self._fade, 0, 1)
        self._closed[corner] = margin[corner, 1]

    def place(self, motion: LidMotion) -> list[Points]:
        """Return where the three rings [n, 3] go, metres."""
        margin = self._start[0]
        open_rise = np.where(self.upper, motion.upper_mm, motion.lower_mm) * self._fade
        height = margin[:, 1] + open_rise
        height = height + motion.closing * (self._closed - height)
        rise = height - margin[:, 1]
        shift = motion.shift_mm * self._fade * (1 - motion.closing)
        placed = []
        for ring, share in zip(self._start, (1.0, 1.0, 0.75), strict=True):
            moved = ring.copy()
            moved[:, 0] += shift * share
            moved[:, 1] += rise * share
            placed.append((self._on_eye(ring, moved, motion) + self.centre) * MM)
        return placed

    def _on_eye(self, start: Points, end: Points, motion: LidMotion) -> Points:
        """Give `end` the depth at which it lies as far outside the eye as `start` did."""
        clear = np.linalg.norm(start, axis=1) - self.surface(start, 0.0, 0.0)
        base = self._depth(start, np.linalg.norm(start, axis=1))
        front = base
        for _ in range(3):  # the cornea's height depends on the depth that is looked for
            at = np.column_stack([end[:, :2], np.maximum(front, 0.1)])
            reach = self.surface(at, motion.pitch_rad, motion.yaw_rad) + clear
            front = self._depth(end, reach)
        on_sphere = smoothstep(0.15, 0.45, front / self.radius)
        placed = end.copy()
        placed[:, 2] += on_sphere * (front - base)
        return placed

    @staticmethod
    def _depth(points: Points, reach: Field) -> Field:
        return np.asarray(np.sqrt(np.clip(reach**2 - (points[:, :2] ** 2).sum(1), 0, None)))

    def surface(self, points: Points, pitch_rad: float, yaw_rad: float) -> Field:
        """Return [P] how far from its centre the eye's surface lies towards `points` [P, 3] mm."""
        gaze = np.array(
            [
                np.sin(yaw_rad) * np.cos(pitch_rad),
                -np.sin(pitch_rad),
                np.cos(yaw_rad) * np.cos(pitch_rad),
            ]
        )
        length = np.maximum(np.linalg.norm(points, axis=1), 1e-9)
        angle = np.arccos(np.clip(points @ gaze / length, -1, 1))
        bulge = np.clip(1 - (angle / CORNEA_RAD) ** 2, 0, None)
        return np.asarray(self.radius + CORNEA_MM * bulge)


def lid_motion(curve: dict[str, float], side: str) -> LidMotion:
    """Return the lids' motion for curve values 0..1 of one side, "left" or "right".

    The names are ARKit's. A lid that looks down follows the gaze, one that squints is raised
    below and lowered above; closing overrides both.
    """
    s = side.capitalize()
    out = 1.0 if side == "left" else -1.0
    down, up = curve[f"eyeLookDown{s}"], curve[f"eyeLookUp{s}"]
    squint, wide = curve[f"eyeSquint{s}"], curve[f"eyeWide{s}"]
    aside = (curve[f"eyeLookOut{s}"] - curve[f"eyeLookIn{s}"]) * out
    cheek = curve[f"cheekSquint{s}"]
    return LidMotion(
        closing=curve[f"eyeBlink{s}"],
        upper_mm=1.9 * up + 2.6 * wide - 3.6 * down - 1.3 * squint * (1 - 0.5 * down),
        lower_mm=0.9 * up - 0.9 * wide - 1.3 * down + 2.4 * squint + 0.8 * cheek * (1 - squint),
        shift_mm=0.9 * aside,
        pitch_rad=DOWN_RAD * down - UP_RAD * up,
        yaw_rad=YAW_RAD * aside,
    )
