"""Teeth and gums as one smooth solid per jaw, for lips and cheeks to rest and slide on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull, cKDTree

from animdrive.contract import Character
from animdrive.errors import ContractError
from animdrive.rig.cage import MM
from animdrive.rig.surface import Faces, Points, boundary_loops

Field = npt.NDArray[np.float64]

SPACING = 0.7 * MM
"""Of the grid, metres."""
_MARGIN = 8.0 * MM
"""How far around the solid distances are kept."""
_SAMPLE = 0.35 * MM
_COARSE = 3
"""Every so many grid points are enough far from the surface."""
_CLOSE = 3.0 * MM
"""Where that is not so."""
_SMOOTHING = 0.45
"""Standard deviation of the smoothing, grid steps: rounds edges by less than 0.1 mm."""


@dataclass(frozen=True, eq=False)
class DentalBody:
    """A signed distance grid around the teeth and gums of one jaw.

    Crowns are closed by the convex hull of every two neighbours, so that nothing catches between
    them; the palate and the floor of the mouth are left open.
    """

    jaw: Literal["upper", "lower"]
    """The upper one stays with the skull, the lower one with the mandible; both given at rest."""
    origin: Points
    """[3] metres: place of ``grid[0, 0, 0]``."""
    spacing: float
    """Metres between grid points along each axis."""
    grid: npt.NDArray[np.float64]
    """[X, Y, Z] metres to the solid's surface, above 0 outside."""

    def sample(self, points: Points) -> tuple[Field, Points]:
        """Return how far points lie outside, and the way out.

        Trilinear within the grid; a point beyond it gets the distance at the grid's nearest edge
        and the way to there on top, which is never less than it truly is by more than rounding.

        Args:
            points: [N, 3] metres, in the frame of the jaw at rest.

        Returns:
            Distance [N] metres, below 0 inside; unit normals [N, 3], the gradient of just that
            distance within the grid.
        """
        limit = np.array(self.grid.shape) - 1
        local = (np.asarray(points, dtype=np.float64) - self.origin) / self.spacing
        inside = np.clip(local, 0, limit)
        beyond = np.linalg.norm(local - inside, axis=1) * self.spacing
        cell = np.minimum(inside.astype(np.int64), limit - 1)
        t = inside - cell
        i, j, k = cell.T
        corner = np.stack(
            [self.grid[i + a, j + b, k + c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
        ).reshape(2, 2, 2, -1)
        u, v, w = (np.stack([1 - t[:, axis], t[:, axis]]) for axis in range(3))
        distance = np.einsum("abcn,an,bn,cn->n", corner, u, v, w)
        gradient = np.column_stack(
            [
                np.einsum("bcn,bn,cn->n", corner[1] - corner[0], v, w),
                np.einsum("acn,an,cn->n", corner[:, 1] - corner[:, 0], u, w),
                np.einsum("abn,an,bn->n", corner[:, :, 1] - corner[:, :, 0], u, v),
            ]
        )
        length = np.linalg.norm(gradient, axis=1, keepdims=True)
        front = np.array([0.0, 0.0, 1.0])  # where the gradient vanishes, out through the lips
        normal = np.where(length > 1e-12, gradient / np.maximum(length, 1e-12), front)
        return distance + beyond, normal


def dental_bodies(character: Character, *, spacing: float = SPACING) -> tuple[DentalBody, ...]:
    """Return the solids of the upper and of the lower jaw of `character` at rest.

    Raises:
        ContractError: the character lacks teeth or gums.
    """
    return (dental_body(character, "upper", spacing=spacing),
            dental_body(character, "lower", spacing=spacing))  # fmt: skip


def dental_body(
    character: Character, jaw: Literal["upper", "lower"], *, spacing: float = SPACING
) -> DentalBody:
    """Return the solid of one jaw; see `dental_bodies`."""
    teeth, teeth_faces = _surface(character, f"teeth_{jaw}")
    gums, gums_faces = _surface(character, f"gums_{jaw}")
    both = np.concatenate([teeth, gums])
    # One grid point lies on the middle plane, so that the two sides fall on mirrored points.
    half = int(np.ceil((np.abs(both[:, 0]).max() + _MARGIN) / spacing))
    low = both.min(0) - _MARGIN
    size = np.ceil((both.max(0) + _MARGIN - low) / spacing).astype(int) + 1
    size[0], low[0] = 2 * half + 1, -half * spacing
    axes = [low[a] + spacing * np.arange(size[a]) for a in range(3)]

    inside = np.full(size, np.inf)
    samples, facing = [], []
    for hull in _tooth_hulls(teeth, teeth_faces):
        _carve_hull(inside, hull, axes)
        place, normal = _sampled(hull.points, _hull_faces(hull))
        samples.append(place)
        facing.append(normal)
    place, normal = _sampled(gums, gums_faces)
    filled = _filled(gums, _capped(gums_faces), axes)
    samples.append(place)
    facing.append(normal)

    symmetric = _symmetric(both)
    grid = _outside(np.concatenate(samples), np.concatenate(facing), axes, symmetric)
    at = np.argwhere(filled)
    deep = cKDTree(place).query(low + at * spacing)[0]
    inside[tuple(at.T)] = np.minimum(inside[tuple(at.T)], -deep)
    grid = np.where(inside < 0, inside, grid)
    grid = gaussian_filter(grid, _SMOOTHING, mode="nearest")
    if symmetric:
        grid = (grid + grid[::-1]) / 2
    return DentalBody(jaw=jaw, origin=low, spacing=spacing, grid=grid)


def _surface(character: Character, name: str) -> tuple[Points, Faces]:
    part = character.part(name)
    faces = character.rig.neutral.faces[part.faces] - part.vertices.start
    return character.rig.neutral.vertices[part.vertices].astype(np.float64), faces


def _symmetric(points: Points) -> bool:
    gap = cKDTree(points).query(points * [-1, 1, 1])[0]
    return bool(gap.max() < 1e-5)


def _tooth_hulls(points: Points, faces: Faces) -> list[ConvexHull]:
    """Return the hull of every two teeth that stand side by side."""
    a, b = faces[:, [0, 1]].T
    c = faces[:, 2]
    rows, columns = np.concatenate([a, b]), np.concatenate([b, c])
    links = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(points),) * 2)
    _, label = connected_components(links, directed=False)
    tooth, label, size = np.unique(label, return_inverse=True, return_counts=True)
    count = int((size > 3).sum())
    if count < 2 or count < len(tooth):
        raise ContractError(
            f"A jaw needs at least two separate teeth and no loose corners, got {count} teeth in "
            f"{len(tooth)} pieces. Give crowns that are not joined."
        )
    middles = np.array([points[label == tooth].mean(0) for tooth in range(count)])
    behind = middles[:, 2].min()
    along = np.argsort(np.arctan2(middles[:, 0], middles[:, 2] - behind + 1 * MM))
    return [
        ConvexHull(points[(label == first) | (label == second)])
        for first, second in pairwise(along)
    ]


def _hull_faces(hull: ConvexHull) -> Faces:
    """Return the hull's triangles, turned outwards."""
    faces = hull.simplices.copy()
    a, b, c = (hull.points[faces[:, k]] for k in range(3))
    turned = (np.cross(b - a, c - a) * hull.equations[:, :3]).sum(1) < 0
    faces[turned] = faces[turned][:, ::-1]
    return np.asarray(faces, dtype=np.int32)


def _carve_hull(inside: Field, hull: ConvexHull, axes: list[Field]) -> None:
    """Put the (negative) distance to a hull's surface where grid points lie in it; exact there."""
    low, high = hull.points.min(0), hull.points.max(0)
    run = tuple(
        slice(int(np.searchsorted(axis, low[a])), int(np.searchsorted(axis, high[a], "right")))
        for a, axis in enumerate(axes)
    )
    box = np.stack(np.meshgrid(*(axis[r] for axis, r in zip(axes, run, strict=True)),
                               indexing="ij"), axis=-1)  # fmt: skip
    distance = (box @ hull.equations[:, :3].T + hull.equations[:, 3]).max(-1)
    view = inside[run]
    np.minimum(view, np.where(distance < 0, distance, np.inf), out=view)


def _sampled(points: Points, faces: Faces) -> tuple[Points, Points]:
    """Return places [N, 3] all over a surface, no two neighbours `_SAMPLE` apart, and normals."""
    corner = points[faces]
    edge = np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=2).max(1)
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    length = np.linalg.norm(cross, axis=1, keepdims=True)
    unit = cross / np.maximum(length, 1e-18)
    steps = np.maximum(1, np.ceil(edge / _SAMPLE)).astype(int)
    places, normals = [], []
    for n in np.unique(steps):
        here = steps == n
        i, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
        keep = i + j <= n
        weight = np.column_stack([i[keep], j[keep], n - i[keep] - j[keep]]) / n
        places.append(np.einsum("wk,fkd->fwd", weight, corner[here]).reshape(-1, 3))
        normals.append(np.repeat(unit[here], len(weight), axis=0))
    return np.concatenate(places), np.concatenate(normals)


def _capped(faces: Faces) -> Faces:
    """Return `faces` with every open border closed by a fan: the gum is a tube with two ends."""
    fans = [(loop[0], b, a) for loop in boundary_loops(faces) for a, b in pairwise(loop[1:])]
    return np.concatenate([faces, np.array(fans, dtype=np.int32).reshape(-1, 3)])


def _filled(points: Points, faces: Faces, axes: list[Field]) -> npt.NDArray[np.bool_]:
    """Return [X, Y, Z] whether grid points lie in a closed surface, by parity of vertical lines."""
    x, y, z = axes
    step = x[1] - x[0]
    crossings = np.zeros((len(x), len(y) + 1, len(z)), dtype=np.int32)
    # A line through an edge would count twice; a hair's breadth aside it does not. The same on
    # both sides of the face, so that they agree.
    shift = step * 1e-5
    for a, b, c in points[faces]:
        low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
        run_x = slice(
            int(np.searchsorted(x, low[0] - step)), int(np.searchsorted(x, high[0] + step))
        )
        run_z = slice(
            int(np.searchsorted(z, low[2] - step)), int(np.searchsorted(z, high[2] + step))
        )
        px = (x[run_x] + np.where(x[run_x] < 0, -shift, shift))[:, None]
        pz = z[run_z][None, :] + shift * 0.7
        flat = (b[0] - a[0]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[0] - a[0])
        if abs(flat) < 1e-16:
            continue
        s = ((px - a[0]) * (c[2] - a[2]) - (pz - a[2]) * (c[0] - a[0])) / flat
        t = ((b[0] - a[0]) * (pz - a[2]) - (b[2] - a[2]) * (px - a[0])) / flat
        hit = (s >= 0) & (t >= 0) & (s + t <= 1)
        height = a[1] + s * (b[1] - a[1]) + t * (c[1] - a[1])
        level = np.clip(np.searchsorted(y, height[hit]), 0, len(y))
        i, k = np.nonzero(hit)
        np.add.at(crossings, (i + run_x.start, level, k + run_z.start), 1)
    return np.asarray(np.cumsum(crossings, axis=1)[:, :-1] % 2 == 1)


def _outside(samples: Points, normals: Points, axes: list[Field], symmetric: bool) -> Field:
    """Return [X, Y, Z] metres to the nearest sample's plane or, further off, to the sample.

    Far from the surface a coarse grid does. Where the jaw is symmetric one side is computed.
    """
    shape = tuple(len(axis) for axis in axes)
    tree = cKDTree(samples)
    coarse = [np.append(axis[:-1:_COARSE], axis[-1]) for axis in axes]
    far = tree.query(np.stack(np.meshgrid(*coarse, indexing="ij"), axis=-1))[0]
    for a, (few, axis) in enumerate(zip(coarse, axes, strict=True)):
        far = _resampled(far, few, axis, a)
    close = far < _CLOSE
    if symmetric:
        close[: shape[0] // 2] = False
    at = np.argwhere(close)
    grid = np.column_stack([axis[at[:, a]] for a, axis in enumerate(axes)])
    distance, nearest = tree.query(grid)
    plane = np.abs(((grid - samples[nearest]) * normals[nearest]).sum(1))
    # The nearest point of the surface lies within half a sample step of the nearest sample.
    near = np.sqrt(np.maximum(distance**2 - (_SAMPLE / 2) ** 2, 0))
    far[close] = np.maximum(plane, near)
    if symmetric:
        far[: shape[0] // 2] = far[: shape[0] // 2 : -1]
    return np.asarray(far)


def _resampled(values: Field, there: Field, here: Field, axis: int) -> Field:
    """Return `values`, known at `there` along an axis, at `here`, linearly between."""
    right = np.clip(np.searchsorted(there, here), 1, len(there) - 1)
    t = (here - there[right - 1]) / (there[right] - there[right - 1])
    t = t.reshape([-1 if a == axis else 1 for a in range(values.ndim)])
    before, after = np.take(values, right - 1, axis=axis), np.take(values, right, axis=axis)
    return np.asarray((1 - t) * before + t * after)
