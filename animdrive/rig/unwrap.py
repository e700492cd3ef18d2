"""The skin's texture map: one seamless sheet without folds, with little stretch.

The whole head but for the neck's base is rolled out as one disc, so that no texture seam can show.
From an embedding that cannot fold (Tutte 1963, "How to draw a graph") the sheet is relaxed to the
least distortion that stays free of folds: scalable locally injective mappings of Rabinovich et al.
(2017), ACM Transactions on Graphics 36(2), with the symmetric Dirichlet energy of Smith and
Schaefer (2015). The cage is laid out first, then every finer skin starts from the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

from animdrive.rig.surface import Faces, Points, boundary_loops, edges_of, smoothstep

Field = npt.NDArray[np.float64]
Mirror = npt.NDArray[np.int32]

_SCALP, _NECK, _MOUTH, _LIDS = 0.60, 0.60, 0.28, 0.60
"""Size on the texture of a place behind or inside, where one on the face has 1."""
_SCALP_WORTH, _NECK_WORTH, _MOUTH_WORTH = 0.20, 0.03, 0.10
"""What stretch counts there. A sheet without a seam must stretch where it closes around the neck;
the face is kept free of it."""

INSET = 0.008
"""Free border around the map, a share of the texture."""
_HOLE_SHARE = 0.02
"""How much the sheets over the eyes' openings count: enough to keep them from closing up."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """How a map distorts its triangles. F triangles."""

    large: Field
    """[F] texture per metre along the direction that is stretched most."""
    small: Field
    """[F] the same along the direction that is stretched least; negative where folded."""

    @property
    def ratio(self) -> Field:
        """[F] how many times longer a small circle becomes than wide; 1 is without stretch."""
        return np.asarray(self.large / np.maximum(np.abs(self.small), 1e-12))


def stretch_of(vertices: Points, faces: Faces, uv: Points) -> Stretch:
    """Return the singular values of the map from `vertices` [V, 3] metres to `uv` [V, 2].

    Sander et al. (2001), "Texture mapping progressive meshes", section 3.
    """
    jacobian = _Sheet(vertices, faces, np.ones(len(faces)), np.ones(len(faces))).jacobian(uv)
    values = np.linalg.svd(jacobian, compute_uv=False)
    return Stretch(values[:, 0], values[:, 1] * np.sign(np.linalg.det(jacobian)))


def unwrapped(
    levels: list[Faces],
    vertices: Points,
    mirror: list[Mirror],
    size: Field,
    worth: Field,
    *,
    rounds: int = 60,
) -> Points:
    """Return [V, 2] in 0..1, u to the right and v up: the finest skin rolled out flat.

    The map is the mirror image of itself about u = 0.5: whose left (+X) is on the right.

    Args:
        levels: [F, 3] of every level, the coarsest first; vertices of a level are the first of
            the next, followed by the middle of each edge as `edges_of` lists them.
        vertices: [V, 3] metres, of the finest level.
        mirror: [V] mirror partner at every level.
        size: [V] how large each place shall be on the texture, compared with others.
        worth: [V] how much stretch of each place counts, compared with others.
        rounds: Steps of relaxation on the coarsest level; finer ones take a share of them.
    """
    uv: Points | None = None
    for number, (faces, partner) in enumerate(zip(levels, mirror, strict=True)):
        count = len(partner)
        points, wanted = vertices[:count], (size[:count], worth[:count])
        if uv is None:
            uv = _embedded(points, faces)
        else:
            edges, _ = edges_of(levels[number - 1])
            uv = np.concatenate([uv, uv[edges].mean(1)])
        uv = _relaxed(points, faces, partner, wanted, uv, rounds if number == 0 else rounds // 5)
    if uv is None:
        raise ValueError("unwrapped needs at least one level")
    low, high = uv.min(0), uv.max(0)
    return np.asarray(0.5 + (uv - (low + high) / 2) / (high - low).max() * (1 - 2 * INSET))


def texture_shares(
    vertices: Points, masks: Mapping[str, Field], behind: Field
) -> tuple[Field, Field]:
    """Return `size` and `worth` [V] for `unwrapped`: the face large and true, the rest smaller.

    Args:
        vertices: [V, 3] metres, head space.
        masks: [V] each, see `animdrive.rig.skin.Skin.masks`.
        behind: [V] 0 on the face to 1 at the base of the neck.
    """
    high = smoothstep(-0.080, -0.030, vertices[:, 1])
    off_face = smoothstep(0.0, 0.12, behind)
    size = 1 + off_face * (_NECK + high * (_SCALP - _NECK) - 1)
    size = size * (1 - (1 - _MOUTH) * masks["mouth"])
    size = size * (1 - (1 - _LIDS) * np.maximum(masks["lid_left"], masks["lid_right"]))
    worth = 1 + off_face * (_NECK_WORTH + high * (_SCALP_WORTH - _NECK_WORTH) - 1)
    worth = worth * (1 - (1 - _MOUTH_WORTH) * masks["mouth"])
    return np.asarray(size), np.asarray(worth)


def _filled(faces: Faces) -> tuple[Faces, list[list[int]], list[int]]:
    """Return `faces` with a fan over every opening but the longest, the openings, the rim."""
    loops = sorted(boundary_loops(faces), key=len)
    holes, rim = loops[:-1], loops[-1]
    count = int(faces.max()) + 1
    fans = [
        (there, here, count + number)
        for number, hole in enumerate(holes)
        for here, there in zip(hole, [*hole[1:], hole[0]], strict=True)
    ]
    return np.concatenate([faces, np.array(fans, dtype=np.int32).reshape(-1, 3)]), holes, rim


def _embedded(vertices: Points, faces: Faces) -> Points:
    """Return [V, 2], Tutte's embedding in a circle; the top of the rim is up, +X to the right."""
    whole, _, rim = _filled(faces)
    count = int(whole.max()) + 1
    edges, _ = edges_of(whole)
    ones = np.ones(len(edges))
    pairs = sparse.coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    stiffness = (pairs + pairs.T).tocsr()
    stiffness = sparse.diags(np.asarray(stiffness.sum(1)).ravel()) - stiffness
    # The rim is the neck's base: its back goes to the top, its front to the bottom.
    points = vertices[rim]
    middle = points.mean(0)
    turn = np.arctan2(points[:, 0] - middle[0], -(points[:, 2] - middle[2]))
    circle = np.column_stack([np.sin(turn), np.cos(turn)])
    free = np.setdiff1d(np.arange(count), rim)
    inside = splu(stiffness.tocsr()[free][:, free].tocsc())
    flat = np.zeros((count, 2))
    flat[rim] = circle
    flat[free] = inside.solve(-(stiffness.tocsr()[free][:, rim] @ circle))
    return flat[: len(vertices)]


class _Sheet:
    """Triangles cut out of the surface, each flat in its own frame, that want to be of one size."""

    def __init__(self, vertices: Points, faces: Faces, size: Field, share: Field) -> None:
        a, b, c = (vertices[faces[:, corner]] for corner in range(3))
        along = np.maximum(np.linalg.norm(b - a, axis=1), 1e-9)
        cross = np.maximum(np.linalg.norm(np.cross(b - a, c - a), axis=1), 1e-14)
        b1, c1, c2 = along * size, ((b - a) * (c - a)).sum(1) / along * size, cross / along * size
        self.faces = faces
        self.weight = share * b1 * c2 / 2
        # Gradients of the three hat functions: J = [u] · gradient.
        first = np.column_stack([-1 / b1, 1 / b1, np.zeros(len(b1))])
        second = np.column_stack([(c1 - b1) / (b1 * c2), -c1 / (b1 * c2), 1 / c2])
        self.gradient = np.stack([first, second], axis=2)
        count = len(vertices)
        rows = np.repeat(np.arange(len(faces)), 3)
        shape = (len(faces), count)
        self.d1 = sparse.csr_matrix((first.ravel(), (rows, faces.ravel())), shape=shape)
        self.d2 = sparse.csr_matrix((second.ravel(), (rows, faces.ravel())), shape=shape)

    def jacobian(self, uv: Points) -> Points:
        """Return [F, 2, 2], derivatives of `uv` [V, 2] in each triangle's frame."""
        return np.asarray(np.einsum("fki,fkj->fij", uv[self.faces], self.gradient))

    def energy(self, uv: Points) -> float:
        """Return the symmetric Dirichlet energy of `uv`, infinite where a triangle is folded."""
        jacobian = self.jacobian(uv)
        det = jacobian[:, 0, 0] * jacobian[:, 1, 1] - jacobian[:, 0, 1] * jacobian[:, 1, 0]
        if det.min() <= 0:
            return float("inf")
        square = (jacobian**2).sum((1, 2))
        return float((self.weight * square * (1 + 1 / det**2)).sum())

    def step(self, uv: Points) -> Points:
        """Return [V, 2], where the reweighted problem of SLIM has its least (section 3)."""
        jacobian = self.jacobian(uv)
        left, values, right = np.linalg.svd(jacobian)
        values = np.maximum(values, 1e-6)
        off = values - 1
        near = np.abs(off) < 1e-6
        # Limit of (s - s^-3) / (s - 1) at 1 is 4.
        ratio = np.where(near, 4.0, (values - values**-3) / np.where(near, 1.0, off))
        pull = np.einsum("fij,fj,fkj->fik", left, np.sqrt(np.maximum(ratio, 1e-9)), left)
        target = left @ right
        root = np.sqrt(self.weight)[:, None, None]
        pull = pull * root
        blocks = [
            [sparse.diags(pull[:, row, axis]) @ d for axis in range(2)]
            for row in range(2)
            for d in (self.d1, self.d2)
        ]
        system = sparse.bmat(blocks, format="csr")
        wanted = np.einsum("fij,fjk->fik", pull, target)
        right_side = np.concatenate([wanted[:, row, col] for row in range(2) for col in range(2)])
        normal = (system.T @ system).tocsc()
        count = len(uv)
        held = 1e-9 * normal.diagonal().mean()  # the energy does not mind where the sheet lies
        normal = normal + held * sparse.eye(2 * count, format="csc")
        flat = splu(normal).solve(system.T @ right_side + held * uv.T.ravel())
        return np.asarray(flat.reshape(2, count).T)


def _relaxed(
    vertices: Points,
    faces: Faces,
    mirror: Mirror,
    wanted: tuple[Field, Field],
    uv: Points,
    rounds: int,
) -> Points:
    """Return `uv` [V, 2] with the distortion taken out that can be, still without folds."""
    whole, holes, _ = _filled(faces)
    count = len(vertices)
    middles = np.array([vertices[hole].mean(0) for hole in holes]).reshape(-1, 3)
    flat = np.concatenate([uv, np.array([uv[h].mean(0) for h in holes]).reshape(-1, 2)])
    points = np.concatenate([vertices, middles])
    size, share = (
        np.concatenate([field, [field[hole].mean() for hole in holes]])[whole].mean(1)
        for field in wanted
    )
    share[len(faces) :] *= _HOLE_SHARE
    # Units in which an undistorted sheet has singular values of about one.
    unit = 1 / float(np.linalg.norm(vertices[faces[:, 0]] - vertices[faces[:, 1]], axis=1).mean())
    sheet = _Sheet(points * unit, whole, size, share)
    partner = _with_middles(mirror, holes, count)
    scale = np.sqrt(sheet.weight.sum() / max(float((_areas(flat, whole) * share).sum()), 1e-12))
    flat = flat * scale
    best = sheet.energy(flat)
    for _ in range(rounds):
        direction = sheet.step(flat) - flat
        direction = (direction + direction[partner] * [-1, 1]) / 2
        reach = min(1.0, 0.9 * _first_fold(flat, direction, whole))
        while reach > 1e-6:
            moved = flat + reach * direction
            energy = sheet.energy(moved)
            if energy < best:
                break
            reach *= 0.6
        else:
            break
        done = best - energy < 1e-5 * best
        flat, best = moved, energy
        if done:
            break
    return np.asarray(flat[:count])


def _with_middles(mirror: Mirror, holes: list[list[int]], count: int) -> npt.NDArray[np.int64]:
    """Return `mirror` with the middles of the openings after the vertices."""
    of = {frozenset(hole): count + number for number, hole in enumerate(holes)}
    across = [of[frozenset(int(v) for v in mirror[hole])] for hole in holes]
    return np.concatenate([mirror, np.array(across, dtype=np.int64)]).astype(np.int64)


def _areas(uv: Points, faces: Faces) -> Field:
    a, b, c = (uv[faces[:, corner]] for corner in range(3))
    return np.asarray(
        ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2, dtype=np.float64
    )


def _first_fold(uv: Points, direction: Points, faces: Faces) -> float:
    """Return the least positive step along `direction` at which a triangle loses its area.

    The area is a quadratic of the step: Smith and Schaefer (2015), section 3.3.
    """
    a, b, c = (uv[faces[:, corner]] for corner in range(3))
    da, db, dc = (direction[faces[:, corner]] for corner in range(3))

    def crossed(p: Points, q: Points) -> Field:
        return np.asarray(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0])

    second = crossed(db - da, dc - da)
    first = crossed(b - a, dc - da) + crossed(db - da, c - a)
    start = crossed(b - a, c - a)
    root = np.sqrt(np.maximum(first**2 - 4 * second * start, 0))
    real = first**2 - 4 * second * start >= 0
    # The stable form of the quadratic formula.
    q = -(first + np.where(first >= 0, root, -root)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.stack([q / second, start / q])
    steps = np.where(real & np.isfinite(steps) & (steps > 0), steps, np.inf)
    return float(steps.min())
