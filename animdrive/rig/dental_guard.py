"""Keeps the mouth's lining in front of teeth and gums, whatever a curve does to the lips."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.rig.arch import Arch, arch_curve
from animdrive.rig.cage import MM
from animdrive.rig.surface import Points, smoothstep

STAND_OFF = 1.05 * MM
"""How far before the arch's labial line teeth and gums reach, with a little play."""
_ROOTS = 16.5 * MM
"""Height of the gums from the biting edge."""


class DentalGuard:
    """Pushes points out of the band that teeth and gums fill, level with the arch."""

    def __init__(self, arches: tuple[Arch, Arch]) -> None:
        self._arches = arches
        self._lines = []
        for arch in arches:
            _, place, normal = arch_curve(arch)
            place, normal = place[::8], normal[::8]
            both = np.concatenate([place[:0:-1] * [-1, 1], place])
            out = np.concatenate([normal[:0:-1] * [-1, 1], normal])
            self._lines.append((cKDTree(both), both, out))

    def pushed(self, points: Points, *, upper: bool) -> Points:
        """Return `points` [N, 3], those inside one jaw's teeth moved out to `STAND_OFF`.

        Points far behind the labial line are inside the mouth and stay.
        """
        arch = self._arches[0 if upper else 1]
        tree, place, normal = self._lines[0 if upper else 1]
        flat = points[:, [0, 2]]
        nearest = tree.query(flat)[1]
        out = ((flat - place[nearest]) * normal[nearest]).sum(1)
        height = (points[:, 1] - arch.front[1]) * (1 if upper else -1)
        level = smoothstep(-1.2 * MM, -0.2 * MM, height)
        level *= 1 - smoothstep(_ROOTS - 3 * MM, _ROOTS, height)
        inside = out > -6 * MM
        lack = np.clip(STAND_OFF - out, 0, None) * level * inside
        moved = points.copy()
        moved[:, [0, 2]] += lack[:, None] * normal[nearest]
        return moved

    def clear(self, points: Points, *, jaw: npt.NDArray[np.float64] | None = None) -> Points:
        """Return `points` [N, 3] outside both jaws; `jaw` [4, 4] moves the lower one."""
        moved = self.pushed(points, upper=True)
        if jaw is None:
            return self.pushed(moved, upper=False)
        turn, shift = jaw[:3, :3], jaw[:3, 3]
        local = self.pushed((moved - shift) @ turn, upper=False)
        return np.asarray(local @ turn.T + shift)
