"""Skin where it cannot be: in teeth, in eyeballs, one lip in the other.

What already lies inside at rest is tucked in by design (the back of a lid) and is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.deformer.closest import (
    Index,
    Places,
    incident_faces,
    nearest_places,
    winding_numbers,
)
from animdrive.deformer.errors_table import skin_vertices

DEPTH_MM = 0.3
"""Deeper is a penetration."""
_RESTS_MM = 0.05
"""Skin that is deeper at rest is there by design."""
_REACH_M = 0.004
"""Skin is looked at this near to a vertex of a solid; deeper skin than that is not met."""
_AROUND_M = 0.02
"""Skin that at rest is further from the teeth never meets them."""
_FEW = 4


@dataclass(frozen=True, eq=False)
class _Solid:
    """A part of the head that skin must stay out of."""

    points: Index
    """[P] vertices of the character that may touch it."""
    kept: Index
    """[S] places in `points` of those that are looked at."""
    used: Index
    """[U] vertices of the part."""
    faces: Index
    """[F, 3] indices into `used`."""
    around: Index
    """[U, most] faces around each of `used`."""

    def depths(self, vertices: Places) -> Places:
        """Return [S] mm, 0 outside."""
        places, solid = vertices[self.points[self.kept]], vertices[self.used]
        corners = solid[self.faces]
        depth = np.zeros(len(places))
        normals = _normals(solid, self.faces)
        away, near = cKDTree(solid).query(places, k=_FEW, distance_upper_bound=_REACH_M)
        close = np.flatnonzero(np.isfinite(away[:, 0]))
        near = np.where(np.isfinite(away), near, near[:, :1])[close]
        behind = ((places[close, None] - solid[near]) * normals[near]).sum(axis=2) < 0
        # Few are behind any of the vertices near them; only those are worth the exact test.
        chosen = behind.any(axis=1)
        close, near = close[chosen], near[chosen]
        inside = winding_numbers(places[close], corners) > 0.5
        close, near = close[inside], near[inside]
        if len(close):
            around = self.around[near].reshape(len(close), -1)
            depth[close] = nearest_places(places[close], corners[around])[1] * 1000
        return depth


@dataclass(frozen=True, eq=False)
class _Facing:
    """An open sheet of skin that other skin must not pass through: a lip for the other lip."""

    points: Index
    """[P] vertices of the character that may touch it."""
    kept: Index
    """[S] places in `points` of those that are looked at."""
    used: Index
    """[U] vertices of the sheet."""
    faces: Index
    """[F, 3] indices into `used`."""
    around: Index
    """[U, most] faces around each of `used`."""
    rim: Index
    """[F] 1 where a face touches the sheet's rim: behind it is as well beside it."""
    own_faces: Index
    """[G, 3] indices into `points`, for their normals."""

    def depths(self, vertices: Places) -> Places:
        """Return [S] mm, 0 in front."""
        places, sheet = vertices[self.points], vertices[self.used]
        corners = sheet[self.faces]
        normals, own = _normals(sheet, self.faces), _normals(places, self.own_faces)
        depth = np.zeros(len(places))
        away, near = cKDTree(sheet).query(places, k=_FEW, distance_upper_bound=_REACH_M)
        close = np.flatnonzero(np.isfinite(away[:, 0]))
        if not len(close):
            return depth[self.kept]
        near = np.where(np.isfinite(away), near, near[:, :1])[close]
        around = self.around[near].reshape(len(close), -1)
        weights, gap, which = nearest_places(places[close], corners[around])
        face = around[np.arange(len(close)), which]
        foot = (corners[face] * weights[:, :, None]).sum(axis=1)
        outward = (normals[self.faces[face]] * weights[:, :, None]).sum(axis=1)
        behind = ((places[close] - foot) * outward).sum(axis=1) < 0
        # Two sheets that look the same way follow on each other; only facing ones can collide.
        facing = (own[close] * outward).sum(axis=1) < 0
        through = behind & facing & (self.rim[face] == 0)
        depth[close[through]] = gap[through] * 1000
        return depth[self.kept]


class PenetrationCheck:
    """Looks for skin in places where there is none. V vertices."""

    def __init__(
        self, character: Character, *, only: tuple[str, ...] = ("teeth", "eyes", "lips")
    ) -> None:
        """Prepare `character`; what it does not have, or is not of `only`, is not checked."""
        self._count = len(character.rig.neutral.vertices)
        self._checks: dict[str, list[_Solid | _Facing]] = {}
        rest = character.rig.neutral.vertices.astype(np.float64)
        makers: dict[str, Callable[[], list[_Solid | _Facing]]] = {
            "teeth": lambda: _teeth(character, rest),
            "eyes": lambda: _eyes(character),
            "lips": lambda: _lips(character),
        }
        for name, maker in makers.items():
            if name in only and (made := maker()):
                self._checks[name] = [_without(check, rest) for check in made]

    @property
    def names(self) -> tuple[str, ...]:
        """What is checked, of "teeth", "eyes" and "lips"."""
        return tuple(self._checks)

    def depths(self, vertices: FloatArray) -> Mapping[str, Places]:
        """Return mm of every vertex that is looked at, 0 where it is outside, check by check.

        Args:
            vertices: [V, 3] metres, the whole character, eyes posed.
        """
        places = np.asarray(vertices, dtype=np.float64)
        return {
            name: np.concatenate([check.depths(places) for check in checks])
            for name, checks in self._checks.items()
        }


@dataclass
class PenetrationCount:
    """Penetrations over frames."""

    frames: int = 0
    """Looked at."""
    looked_at: int = 0
    """Vertices in a frame that are looked at."""
    vertices: int = 0
    """Deeper than `DEPTH_MM`, over all frames."""
    deepest_mm: float = 0.0
    """The deepest."""

    def add(self, depths: Places) -> None:
        """Count the depths [S] mm of a frame."""
        self.frames += 1
        self.looked_at = len(depths)
        self.vertices += int((depths > DEPTH_MM).sum())
        self.deepest_mm = max(self.deepest_mm, float(depths.max(initial=0.0)))

    def described(self) -> dict[str, float]:
        """Return plain values."""
        return {
            "frames": self.frames,
            "looked_at": self.looked_at,
            "vertices": self.vertices,
            "per_frame": round(self.vertices / max(self.frames, 1), 4),
            "deepest_mm": round(self.deepest_mm, 3),
        }


def _teeth(character: Character, rest: Places) -> list[_Solid | _Facing]:
    skin = skin_vertices(character).astype(np.int64)
    made: list[_Solid | _Facing] = []
    for part in character.parts:
        if part.name.startswith("teeth"):
            away = cKDTree(rest[part.vertices]).query(rest[skin])[0]
            made.append(_solid(character, part.vertices, part.faces, skin[away < _AROUND_M]))
    return made


def _eyes(character: Character) -> list[_Solid | _Facing]:
    made: list[_Solid | _Facing] = []
    for side in ("left", "right"):
        lids = [
            vertices
            for name, vertices in character.regions.items()
            if name.startswith("lid_") and name.endswith(side)
        ]
        balls = [part for part in character.parts if part.name == f"eye_{side}"]
        if lids and balls:
            points = np.unique(np.concatenate(lids)).astype(np.int64)
            made.append(_solid(character, balls[0].vertices, balls[0].faces, points))
    return made


def _lips(character: Character) -> list[_Solid | _Facing]:
    if not {"lips_upper", "lips_lower"} <= set(character.regions):
        return []
    upper, lower = (
        character.regions[name].astype(np.int64) for name in ("lips_upper", "lips_lower")
    )
    both = np.intersect1d(upper, lower)
    one, other = np.setdiff1d(upper, both), np.setdiff1d(lower, both)
    if not len(one) or not len(other):
        return []
    faces = character.rig.neutral.faces.astype(np.int64)
    return [_facing(faces, one, other), _facing(faces, other, one)]


def _facing(faces: Index, points: Index, sheet: Index) -> _Facing:
    own, there = _faces_of(faces, points), _faces_of(faces, sheet)
    edges = np.sort(np.concatenate([there[:, [i, (i + 1) % 3]] for i in range(3)]), axis=1)
    key, uses = np.unique(edges, axis=0, return_counts=True)
    on_rim = np.zeros(len(sheet), dtype=np.bool_)
    on_rim[key[uses == 1].ravel()] = True
    return _Facing(
        points,
        np.arange(len(points)),
        sheet,
        there,
        _around(there, len(sheet)),
        on_rim[there].any(axis=1).astype(np.int64),
        own,
    )


def _solid(character: Character, vertices: slice, faces: slice, points: Index) -> _Solid:
    own = character.rig.neutral.faces[faces].astype(np.int64) - vertices.start
    used = np.arange(vertices.start, vertices.stop)
    return _Solid(points, np.arange(len(points)), used, own, _around(own, len(used)))


def _around(faces: Index, count: int) -> Index:
    # A vertex without faces stands for the first face: a nearer one is found beside it.
    return np.maximum(incident_faces(faces.astype(np.int32), count), 0)


def _faces_of(faces: Index, vertices: Index) -> Index:
    """Return the faces all of whose corners are among `vertices`, as places in `vertices`."""
    place = np.full(int(faces.max()) + 1, -1, dtype=np.int64)
    place[vertices] = np.arange(len(vertices))
    own = place[faces]
    return np.asarray(own[(own >= 0).all(axis=1)])


def _without(check: _Solid | _Facing, rest: Places) -> _Solid | _Facing:
    """Return `check` without the points that lie inside at rest."""
    return replace(check, kept=check.kept[check.depths(rest) <= _RESTS_MM])


def _normals(places: Places, faces: Index) -> Places:
    """Return [N, 3] normals of vertices, weighted by area, of length 1 where there is a face."""
    corner = places[faces]
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.zeros_like(places)
    for axis in range(3):
        for k in range(3):
            total[:, axis] += np.bincount(faces[:, k], cross[:, axis], minlength=len(places))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(total / np.maximum(length, 1e-30))
