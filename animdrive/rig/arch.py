"""The dental arches: where teeth, gums and the lips that rest on them run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animdrive.rig.cage import MM
from animdrive.rig.surface import Points

_POWER = 2.3
_REACH = 1.35
"""How far the curves are laid out, in half widths."""


@dataclass(frozen=True)
class Arch:
    """Where a row of teeth stands."""

    front: tuple[float, float, float]
    """Middle of the biting edge of the front teeth, metres."""
    upper: bool

    @property
    def half_width(self) -> float:
        """From the middle to the outside of the second molar, metres."""
        return (27.5 if self.upper else 25.5) * MM

    @property
    def depth(self) -> float:
        """How far behind the front the arch is `half_width` wide, metres."""
        return (34.0 if self.upper else 33.0) * MM

    def behind(self, x: Points) -> Points:
        """Return z (front to back, below 0) from the front at the breadth `x`, both metres."""
        return np.asarray(-self.depth * np.abs(x / self.half_width) ** _POWER)


def arch_curve(arch: Arch) -> tuple[Points, Points, Points]:
    """Return the left half of the labial line, seen from above. N places from the middle out.

    Returns:
        Length along the curve [N], places [N, 2] (x, z) and outward normals [N, 2], metres.
    """
    x = np.linspace(0, _REACH * arch.half_width, 2000)
    z = arch.behind(x)
    place = np.column_stack([x, z + arch.front[2]])
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    tangent = np.gradient(place, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    return length, place, np.column_stack([-tangent[:, 1], tangent[:, 0]])


def dental_arches(mouth: Points) -> tuple[Arch, Arch]:
    """Return the upper and the lower arch behind a mouth whose lips meet at `mouth` [3].

    The upper front teeth show 3 mm below the slit and lie 7.5 mm behind it; the lower ones bite
    2.2 mm above their edges and 2.8 mm behind: overbite and overjet of Proffit (2018),
    "Contemporary Orthodontics", ch. 1.
    """
    x, y, z = (float(v) for v in mouth)
    return (
        Arch((x, y - 3.0 * MM, z - 7.5 * MM), upper=True),
        Arch((x, y - 0.8 * MM, z - 10.6 * MM), upper=False),
    )
