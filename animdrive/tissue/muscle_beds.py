"""Beds of the muscles: the courses of the table, kept as places on our own head's skin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from animdrive.rig.cage import MM
from animdrive.rig.head import load_head
from animdrive.rig.surface import Points
from animdrive.rig.topology import SkinTopology, load_topology
from animdrive.tissue.bones import skin_of
from animdrive.tissue.muscle_table import BONE, COURSES, EYE, MuscleCourse, Place
from animdrive.tissue.nearest import nearest_on

Field = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

STEP = 3.5 * MM
"""Way between two points of a fibre on an average head."""
_FEWEST = 4
_ORBIT_POINTS = 14
_EVENINGS = 3
"""How often a fibre's points are spread evenly and laid on the skin again."""
_CANDIDATES = 40


@dataclass(frozen=True, eq=False)
class Beds:
    """All fibre points of the left side, as places under our own head's skin. N points."""

    triangle: Index
    """[N] face of the standard level."""
    weights: Field
    """[N, 3] barycentric."""
    depth: Field
    """[N] metres below the skin of an average head; nan on the bone."""
    runs: tuple[tuple[slice, ...], ...]
    """For every course, for every fibre, its points."""
    orbit: tuple[slice, ...]
    """Fibres that come out of the orbit: only their last point lies under the skin."""


@cache
def muscle_beds() -> Beds:
    """Return where the fibres of `COURSES` run; the same object every time."""
    topology = load_topology()
    skin = skin_of(load_head().rig.neutral.vertices.astype(np.float64), topology)
    bed = _Bed(skin, topology)
    triangles: list[Index] = []
    weights: list[Field] = []
    depths: list[Field] = []
    runs, orbit = [], []
    start = 0
    for course in COURSES:
        mine = []
        for path, depth, from_orbit in _paths(course, skin):
            triangle, share, place = bed.nearest(path)
            for _ in range(0 if from_orbit else _EVENINGS):
                path, depth = _evened(place, depth)
                triangle, share, place = bed.nearest(path)
            triangles.append(triangle)
            weights.append(share)
            depths.append(depth)
            mine.append(slice(start, start + len(path)))
            start += len(path)
            if from_orbit:
                orbit.append(mine[-1])
        runs.append(tuple(mine))
    return Beds(
        triangle=np.concatenate(triangles),
        weights=np.concatenate(weights),
        depth=np.concatenate(depths),
        runs=tuple(runs),
        orbit=tuple(orbit),
    )


def _evened(path: Points, depth: Field) -> tuple[Points, Field]:
    """Return `path` [N, 3] and `depth` [N] again with equal steps; the ends stay where they are.

    Where the skin turns in, as below the jaw, the nearest places of a straight line's points lie
    in two clusters with a gap between.
    """
    reach = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(0, reach[-1], len(path))
    even = np.column_stack([np.interp(at, reach, path[:, k]) for k in range(3)])
    known = ~np.isnan(depth)
    deep = np.interp(at, reach[known], depth[known])
    deep[~known] = np.nan
    return even, deep


class _Bed:
    """The outer skin, on which the nearest places are looked up."""

    def __init__(self, skin: Points, topology: SkinTopology) -> None:
        self._among = _outer_faces(topology)
        self._corner = skin[topology.faces[-1][self._among]]
        self._tree = cKDTree(self._corner.mean(1))

    def nearest(self, points: Points) -> tuple[Index, Field, Points]:
        """Return face [N], weights [N, 3] and place [N, 3] of the skin nearest to `points`."""
        near = self._tree.query(points, k=_CANDIDATES)[1]
        share, distance = nearest_on(points[:, None], self._corner[near])
        pick = np.argmin(distance, axis=1)
        row = np.arange(len(points))
        chosen, weights = near[row, pick], share[row, pick]
        place = (self._corner[chosen] * weights[:, :, None]).sum(1)
        return self._among[chosen], weights, place


def _outer_faces(topology: SkinTopology) -> Index:
    """Return the faces that are neither inside the mouth nor on the back of the lids."""
    hidden = topology.masks["mouth"] > 0.02
    for side in ("left", "right"):
        hidden = hidden | (topology.masks[f"lid_{side}"] > 0.3)
    for name, ring in topology.rings.items():
        if name.startswith("mouth_"):
            hidden[ring] = True
    return np.flatnonzero(~hidden[topology.faces[-1]].any(1))


def _paths(course: MuscleCourse, skin: Points) -> list[tuple[Points, Field, bool]]:
    """Return of each fibre places [N, 3] on the skin, depths [N], whether it leaves the orbit."""
    found = []
    for waypoints in course.fibres:
        depth = np.array([d * MM if d != BONE else np.nan for _, d in waypoints])
        if waypoints[0][0] == EYE:
            end = _place(waypoints[-1][0], skin)
            count = _ORBIT_POINTS
            found.append((np.repeat(end[None], count, axis=0), np.full(count, depth[-1]), True))
            continue
        knots = np.array([_place(place, skin) for place, _ in waypoints])
        reach = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
        count = max(_FEWEST, round(reach[-1] / STEP) + 1)
        at = np.linspace(0, reach[-1], count)
        # Monotone splines neither swing past a knot nor leave the muscle's bed.
        path = PchipInterpolator(reach, knots)(at)
        # Depth runs straight between waypoints; one on the bone is a blend with the bone's depth,
        # told by nan, only at the waypoint itself.
        filled = np.where(np.isnan(depth), np.nanmax(depth), depth)
        deep = np.interp(at, reach, filled)
        for knot in np.flatnonzero(np.isnan(depth)):
            deep[np.argmin(np.abs(at - reach[knot]))] = np.nan
        found.append((path, deep, False))
    return found


def _place(place: Place, skin: Points) -> Points:
    if isinstance(place, int):
        return np.asarray(skin[place])
    if len(place) == 3:
        first, second, share = place
        return np.asarray(skin[first] + share * (skin[second] - skin[first]))
    return np.array(place[0]) * MM
