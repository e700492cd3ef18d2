"""Deformation transfer: what one head's skin does, done by another head.

Sumner and Popović (2004), "Deformation transfer for triangle meshes": every triangle of the source
tells how it is turned, stretched and sheared from rest (section 3, with the fourth vertex along the
normal), and the target takes the shape whose triangles do the same as nearly as one connected skin
can (section 4). In the form of Botsch et al. (2006), "Deformation transfer for detail-preserving
surface editing", this is one Poisson equation with a matrix of the target alone: it is factored
once, and all frames are right-hand sides. A head onto itself gives itself.

Gradients do not tell where a piece of the mesh is. Vertices that the source never moves are held;
every other one is held loosely to where the source's way would take it, which settles teeth, eyes
and lashes, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from animdrive.capture.closest import Faces, Points, Surface, point_normals
from animdrive.capture.registration import COARSE, FINE, Registration, Scan, factored
from animdrive.capture.wrap_shell import seen_vertices
from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError

Index = npt.NDArray[np.intp]

_MM = 1000.0
_CHUNK = 16
_HELD = 10.0
"""Weight of a vertex that stays, per its area in mm²..."""
_LOOSE = 1e-4
"""...and of one that moves: some 100 mm of skin outweigh it."""
_LOOSE_PART = 1e-1
"""Small parts are held more firmly: there is no still skin in them."""


@dataclass(frozen=True, eq=False)
class Correspondence:
    """Which place of the source each place of the target follows. U vertices, F faces of it."""

    faces: Index
    """[F] triangle of the source for each triangle of the target."""
    vertex_faces: Index
    """[U] triangle of the source in which each vertex of the target lies..."""
    weights: Points
    """[U, 3] ...and its barycentric weights there."""
    distance_m: float = 0.0
    """Median distance between the source, bent onto the target, and the target's skin, metres."""


def correspondence(source: Character, target: Character) -> Correspondence:
    """Return which places of two heads belong together.

    Heads of the same faces correspond vertex by vertex. Otherwise the source's skin is wrapped onto
    the target's, and each triangle of the target takes the nearest one that faces the same way
    (Sumner and Popović 2004, section 5). Parts beside the skin go by their names and proportions.

    Raises:
        InputError: the heads have nothing in common.
    """
    mine, theirs = source.rig.neutral, target.rig.neutral
    if np.array_equal(mine.faces, theirs.faces):
        count = len(theirs.vertices)
        faces = np.arange(len(mine.faces))
        owner, corner = np.zeros(count, dtype=np.intp), np.zeros(count, dtype=np.intp)
        for at in range(3):
            owner[mine.faces[:, at]], corner[mine.faces[:, at]] = faces, at
        return Correspondence(faces, owner, np.eye(3)[corner])
    shell = seen_vertices(source)
    inner = np.full(len(mine.vertices), -1, dtype=np.int32)
    inner[shell] = np.arange(len(shell))
    kept = (inner[mine.faces] >= 0).all(axis=1)
    own = inner[mine.faces[kept]]
    other = seen_vertices(target)
    theirs_kept = np.isin(theirs.faces, other).all(axis=1)
    registration = Registration(mine.vertices[shell], own)
    scan = Scan(theirs.vertices, theirs.faces[theirs_kept])
    fit = registration.fit(scan, registration.rest, (*COARSE, *FINE))
    if fit.seen.mean() < 0.2:
        raise InputError(
            f"The heads do not lie on each other: {100 * fit.seen.mean():.0f} % of the skin found "
            f"a counterpart. Bring both to metres, upright, facing +Z, in the same place."
        )
    bent = mine.vertices.astype(np.float64).copy()
    bent[shell] = fit.vertices
    _place_parts(source, target, bent)
    result = Correspondence(
        np.zeros(len(theirs.faces), dtype=np.intp),
        np.zeros(len(theirs.vertices), dtype=np.intp),
        np.zeros((len(theirs.vertices), 3)),
        float(np.median(fit.closest.distance[fit.seen])),
    )
    normals = point_normals(theirs.vertices, theirs.faces)
    names = {part.name for part in source.parts}
    for part in target.parts:
        near = np.flatnonzero(kept)
        if part.name in names and part.name != "skin":
            run = source.part(part.name).faces
            near = np.arange(run.start, run.stop)
        surface = Surface(bent, mine.faces[near])
        own_faces = theirs.faces[part.faces]
        middle = theirs.vertices[own_faces].astype(np.float64).mean(axis=1)
        facing = normals[own_faces].mean(axis=1)
        result.faces[part.faces] = near[surface.closest(middle, normals=facing).faces]
        points = theirs.vertices[part.vertices]
        closest = surface.closest(points, normals=normals[part.vertices])
        result.vertex_faces[part.vertices] = near[closest.faces]
        result.weights[part.vertices] = closest.weights
    return result


def _place_parts(source: Character, target: Character, bent: Points) -> None:
    """Stretch the parts beside the skin of `bent` [V, 3] over the target's of the same name."""
    rest = target.rig.neutral.vertices.astype(np.float64)
    names = {part.name for part in target.parts}
    for part in source.parts:
        if part.name in names and part.name != "skin" and not part.name.startswith("ear"):
            there, points = rest[target.part(part.name).vertices], bent[part.vertices]
            low, high = there.min(axis=0), there.max(axis=0)
            size = np.maximum(np.ptp(points, axis=0), 1e-9)
            bent[part.vertices] = low + (points - points.min(axis=0)) / size * (high - low)


class DeformationTransfer:
    """Transfers frames of one head to another. V vertices of the source, U of the target."""

    def __init__(
        self,
        source: Character,
        target: Character,
        *,
        pairs: Correspondence | None = None,
        still: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Prepare two heads.

        Args:
            source: Whose motion it is.
            target: Who is to move.
            pairs: What belongs together; found where it is None.
            still: [V] vertices of the source that no frame moves: theirs are held in place.
        """
        self.pairs = pairs or correspondence(source, target)
        self._rest: Points = source.rig.neutral.vertices.astype(np.float64)
        self._faces: Faces = source.rig.neutral.faces
        self._target: Points = target.rig.neutral.vertices.astype(np.float64)
        self.followed = self._faces[self.pairs.vertex_faces]
        frames, usable = _frames(self._rest, self._faces)
        self._inverse = np.linalg.inv(frames)
        usable = usable[self.pairs.faces]
        self._slopes, area = _slopes(self._target, target.rig.neutral.faces)
        self._area = np.where(usable, area, 0.0)
        count = len(self._target)
        corner = target.rig.neutral.faces
        rows, columns, entries = [], [], []
        for one in range(3):
            for other in range(3):
                rows.append(corner[:, one])
                columns.append(corner[:, other])
                product = (self._slopes[:, one] * self._slopes[:, other]).sum(axis=1)
                entries.append(self._area * product)
        stiffness: Any = sparse.coo_matrix(
            (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
            shape=(count, count),
        )
        around = np.bincount(corner.ravel(), np.repeat(area / 3, 3), count) * _MM**2
        loose = np.full(count, _LOOSE_PART)
        for part in target.parts:
            if part.name == "skin":
                loose[part.vertices] = _LOOSE
        if still is not None:
            held = (self.pairs.weights > 1e-9) <= still[self.followed]
            loose[held.all(axis=1)] = _HELD
        self._hold = loose * np.maximum(around, 1e-3 * np.median(around)) * 1e-2
        self._factors = factored(stiffness + sparse.diags(self._hold))
        self._scatter = sparse.csr_matrix(
            (np.ones(corner.size), (corner.ravel(), np.arange(corner.size))),
            shape=(count, corner.size),
        )
        self._size = _size(target, self._target) / _size(source, self._rest)
        self._lashes = [
            (part.vertices, skin)
            for part in target.parts
            if part.name.startswith("lashes") and (skin := _near_skin(target, part.vertices)).size
        ]

    def run(self, frames: npt.ArrayLike) -> FloatArray:
        """Return the target's skin [N, U, 3] metres for the source's `frames` [N, V, 3] metres.

        Raises:
            InputError: frames of another head.
        """
        given = np.asarray(frames)
        if given.ndim != 3 or given.shape[1:] != self._rest.shape:
            raise InputError(
                f"Frames to transfer must be [N, {len(self._rest)}, 3], got {list(given.shape)}."
            )
        pieces = [
            self._chunk(given[start : start + _CHUNK].astype(np.float64))
            for start in range(0, len(given), _CHUNK)
        ]
        return np.concatenate(pieces) if pieces else np.zeros((0, *self._target.shape), np.float32)

    def _chunk(self, frames: Points) -> FloatArray:
        number = len(frames)
        way = np.einsum("uc,nucx->nux", self.pairs.weights, (frames - self._rest)[:, self.followed])
        way *= self._size
        right = np.zeros((len(self._target), number, 3))
        used = np.unique(self.pairs.faces)
        place = np.searchsorted(used, self.pairs.faces)
        for n, skin in enumerate(frames):
            bases, _ = _frames(skin, self._faces[used])
            turned = (bases @ self._inverse[used])[place]  # [F, 3, 3]
            pulls = np.einsum("fij,fcj->fci", turned, self._slopes) * self._area[:, None, None]
            right[:, n] = self._scatter @ pulls.reshape(-1, 3)
            right[:, n] += self._hold[:, None] * (self._target + way[n])
        moved = self._factors.solve(right.reshape(len(self._target), -1))
        result = moved.reshape(len(self._target), number, 3).transpose(1, 0, 2)
        for lash, skin in self._lashes:
            # Lashes are pieces of their own: they go where the lid under them went.
            result[:, lash] += (result[:, skin] - self._target[skin]) - way[:, skin]
        return np.asarray(result, dtype=np.float32)


def _frames(points: Points, faces: Faces) -> tuple[Points, npt.NDArray[np.bool_]]:
    """Return [F, 3, 3] two edges and the fourth vertex's of each face as columns, and usability.

    The fourth vertex stands along the normal by the root of its length (equation 1 of the paper).
    """
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    usable = length > 1e-14
    normal = normal / np.sqrt(np.maximum(length, 1e-30))[:, None]
    frames = np.stack([b - a, c - a, normal], axis=2)
    frames[~usable] = np.eye(3)
    return frames, usable


def _slopes(points: Points, faces: Faces) -> tuple[Points, Points]:
    """Return the gradients [F, 3, 3] of the three corners' hat functions, 1/m, and areas [F]."""
    corners = [points[faces[:, corner]] for corner in range(3)]
    normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    double = np.linalg.norm(normal, axis=1)
    good = double > 1e-14
    unit = normal / np.maximum(double, 1e-30)[:, None]
    slopes = [
        np.cross(unit, corners[(k + 2) % 3] - corners[(k + 1) % 3])
        / np.maximum(double, 1e-14)[:, None]
        for k in range(3)
    ]
    stacked = np.stack(slopes, axis=1)
    stacked[~good] = 0.0
    return stacked, np.where(good, double / 2, 0.0)


def _size(character: Character, points: Points) -> float:
    skin = points[seen_vertices(character)]
    return float(np.sqrt(((skin - skin.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _near_skin(character: Character, vertices: slice) -> Index:
    rest = character.rig.neutral.vertices
    for part in character.parts:
        if part.name == "skin":
            near = cKDTree(rest[part.vertices]).query(rest[vertices])[1]
            return np.asarray(near + part.vertices.start, dtype=np.intp)
    return np.zeros(0, dtype=np.intp)
