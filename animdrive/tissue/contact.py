"""What the tissue may not run into: teeth and gums, the eyeballs, the other lip."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree

from animdrive.rig.normals import vertex_normals
from animdrive.tissue.elastic import squared
from animdrive.tissue.nearest import nearest_on

Tensor = torch.Tensor
Index = npt.NDArray[np.int64]


class GridContact:
    """Nodes against a signed distance grid that moves rigidly (teeth and gums of one jaw)."""

    def __init__(
        self,
        grid: npt.NDArray[np.float64],
        origin: npt.NDArray[np.float64],
        spacing: float,
        nodes: Index,
        rest: Tensor,
        *,
        stiffness: float,
        clearance: float,
        wall: npt.NDArray[np.float64] | None = None,
    ) -> None:
        """Prepare the contact; everything in millimetres.

        Args:
            grid: [X, Y, Z] mm, above 0 outside.
            origin: [3] mm, place of ``grid[0, 0, 0]``.
            spacing: mm between grid points.
            nodes: [K] nodes that may touch.
            rest: [K, 3, 1] their places at rest; a node that is closer than `clearance` there is
                only kept from coming closer.
            stiffness: [K] or one number.
            clearance: mm.
            wall: [X, Y, Z] mm, another grid that the body's blends into as asked (see `walled`).
        """
        device = rest.device
        self._wall = (
            None if wall is None else torch.from_numpy(np.ascontiguousarray(wall - grid)).to(device)
        )
        self._grid = torch.from_numpy(np.ascontiguousarray(grid)).to(device)
        self._origin = torch.from_numpy(np.asarray(origin)).to(device)[None, :, None]
        self._spacing = spacing
        self.nodes = torch.from_numpy(nodes).to(device)
        self._stiffness = stiffness
        still = torch.eye(3, dtype=rest.dtype, device=device)[:, :, None]
        none = torch.zeros(3, 1, dtype=rest.dtype, device=device)
        plain, _ = self.distance(rest, still, none, torch.zeros(1, dtype=rest.dtype, device=device))
        with_wall, _ = self.distance(rest, still, none)
        self._plain = torch.clamp(plain, max=clearance)
        self._rise = torch.clamp(with_wall, max=clearance) - self._plain

    def least(self, wall: Tensor | None) -> Tensor:
        """Return [K, B] mm, how near nodes may come: as near as at rest, or the clearance."""
        return self._plain + (1.0 if wall is None else wall) * self._rise

    def distance(
        self, points: Tensor, rotation: Tensor, shift: Tensor, wall: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return [K, B] mm and its gradient [K, 3, B] for `points` [K, 3, B].

        `rotation` [3, 3, B] and `shift` [3, B] are those of the body, `wall` [B] says how much of
        the wall there is, 0..1; all of it by default.
        """
        local = torch.einsum("jib,kjb->kib", rotation, points - shift)
        size = torch.tensor(self._grid.shape, dtype=points.dtype, device=points.device)
        at = (local - self._origin) / self._spacing
        top = (size - 1.001)[None, :, None]
        inside = torch.minimum(torch.clamp(at, min=0), top)
        cell = inside.long()
        t = inside - cell
        i, j, k = cell[:, 0], cell[:, 1], cell[:, 2]
        u, v, w = t[:, 0], t[:, 1], t[:, 2]
        raised = self._wall
        amount = 1.0 if wall is None else wall

        def value(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
            plain = self._grid[a, b, c]
            return plain if raised is None else plain + amount * raised[a, b, c]

        g000, g001 = value(i, j, k), value(i, j, k + 1)
        g010, g011 = value(i, j + 1, k), value(i, j + 1, k + 1)
        g100, g101 = value(i + 1, j, k), value(i + 1, j, k + 1)
        g110, g111 = value(i + 1, j + 1, k), value(i + 1, j + 1, k + 1)
        c00, c01 = g000 * (1 - w) + g001 * w, g010 * (1 - w) + g011 * w
        c10, c11 = g100 * (1 - w) + g101 * w, g110 * (1 - w) + g111 * w
        low, high = c00 * (1 - v) + c01 * v, c10 * (1 - v) + c11 * v
        distance = low * (1 - u) + high * u
        along = torch.stack(
            [
                high - low,
                (c01 - c00) * (1 - u) + (c11 - c10) * u,
                ((g001 - g000) * (1 - v) + (g011 - g010) * v) * (1 - u)
                + ((g101 - g100) * (1 - v) + (g111 - g110) * v) * u,
            ],
            dim=1,
        )
        # Beyond the grid nothing is near.
        out = (at != inside).any(1)
        distance = torch.where(out, torch.full_like(distance, 1e3), distance)
        gradient = torch.einsum("ijb,kjb->kib", rotation, along) / self._spacing
        return distance, gradient

    def energy(
        self,
        x: Tensor,
        gradient: Tensor,
        rotation: Tensor,
        shift: Tensor,
        wall: Tensor | None = None,
    ) -> Tensor:
        """Return energies [B]; add to `gradient` [N, 3, B] in place."""
        distance, along = self.distance(x[self.nodes], rotation, shift, wall)
        deep = torch.clamp(distance - self.least(wall), max=0)
        force = self._stiffness * deep
        gradient.index_add_(0, self.nodes, along * force[:, None])
        return 0.5 * (force * deep).sum(0)

    def push_out(
        self, x: Tensor, rotation: Tensor, shift: Tensor, wall: Tensor | None = None
    ) -> None:
        """Move nodes of `x` [N, 3, B] that lie too deep onto the body, in place."""
        distance, along = self.distance(x[self.nodes], rotation, shift, wall)
        deep = torch.clamp(self.least(wall) - distance, min=0)
        steep = torch.clamp(squared(along), min=0.25)
        x[self.nodes] += along / steep[:, None] * deep[:, None]


def walled(grid: npt.NDArray[np.float64], steps: int) -> npt.NDArray[np.float64]:
    """Return `grid` [X, Y, Z] with the body carried on upwards by so many grid steps.

    Lips slide along a row of teeth and do not catch on its edge when the mouth shuts.
    """
    raised = np.array(grid)
    for step in range(1, steps + 1):
        raised[:, step:] = np.minimum(raised[:, step:], grid[:, :-step])
    return raised


class BallContact:
    """Nodes against an eyeball with its cornea; the bulge turns with the gaze."""

    def __init__(
        self,
        centre: npt.NDArray[np.float64],
        radius: float,
        bulge: float,
        bulge_rad: float,
        nodes: Index,
        rest: Tensor,
        *,
        stiffness: float,
        clearance: float,
    ) -> None:
        """Prepare the contact; millimetres, see `GridContact` for what is alike."""
        device = rest.device
        self._centre = torch.from_numpy(np.asarray(centre)).to(device)[None, :, None]
        self._radius, self._bulge, self._bulge_rad = radius, bulge, bulge_rad
        self.nodes = torch.from_numpy(nodes).to(device)
        self._stiffness = stiffness
        ahead = torch.tensor([[0.0], [0.0], [1.0]], dtype=rest.dtype, device=device)
        distance, _ = self.distance(rest, ahead)
        self._least = torch.clamp(distance, max=clearance)

    def distance(self, points: Tensor, gaze: Tensor) -> tuple[Tensor, Tensor]:
        """Return [K, B] mm and unit ways out [K, 3, B]; `gaze` [3, B] is a unit vector."""
        way = points - self._centre
        length = torch.sqrt(squared(way) + 1e-12)
        out = way / length[:, None]
        angle = torch.arccos(torch.clamp((out * gaze).sum(1), -1 + 1e-9, 1 - 1e-9))
        bulge = self._bulge * torch.clamp(1 - (angle / self._bulge_rad) ** 2, min=0)
        return length - self._radius - bulge, out

    def energy(self, x: Tensor, gradient: Tensor, gaze: Tensor) -> Tensor:
        """Return energies [B]; add to `gradient` [N, 3, B] in place."""
        distance, out = self.distance(x[self.nodes], gaze)
        deep = torch.clamp(distance - self._least, max=0)
        force = self._stiffness * deep
        # The bulge is flat enough that its own slope is left out of the way out.
        gradient.index_add_(0, self.nodes, out * force[:, None])
        return 0.5 * (force * deep).sum(0)

    def push_out(self, x: Tensor, gaze: Tensor) -> None:
        """Move nodes of `x` [N, 3, B] that lie too deep onto the eye, in place."""
        distance, out = self.distance(x[self.nodes], gaze)
        x[self.nodes] += out * torch.clamp(self._least - distance, min=0)[:, None]


class LipContact:
    """Upper against lower lip: each vertex of one against the nearest triangle of the other.

    Pairs are looked for anew by `update`; between updates the contact planes stand still.
    """

    NEAR_MM = 3.5
    """Pairs further apart do not touch."""

    def __init__(
        self,
        upper: Index,
        lower: Index,
        upper_faces: Index,
        lower_faces: Index,
        skin_faces: npt.NDArray[np.int32],
        rest: npt.NDArray[np.float64],
        *,
        stiffness: float,
    ) -> None:
        """Prepare the pair of lips.

        Args:
            upper: [K] vertices of the upper lip that may touch.
            lower: Those of the lower lip.
            upper_faces: [F, 3] triangles of the upper lip.
            lower_faces: Those of the lower lip.
            skin_faces: [F, 3] all triangles around, for normals.
            rest: [N, 3] mm.
            stiffness: Of the contact.
        """
        self._sides = [(upper, lower_faces), (lower, upper_faces)]
        self._skin_faces = skin_faces
        self.stiffness = stiffness
        self._least: npt.NDArray[np.float64] | None = None
        _, _, _, gap = self._pairs(rest)
        self._least = np.minimum(gap, 0.0)

    def _pairs(self, points: npt.NDArray[np.float64]) -> tuple[Any, Any, Any, Any]:
        """Return columns [K, 4], weights [K, 4], normals [K, 3] and gaps [K] of one frame."""
        normals = vertex_normals(points, self._skin_faces).astype(np.float64)
        columns, weights, planes, gaps = [], [], [], []
        for vertices, faces in self._sides:
            corner = points[faces]
            tree = cKDTree(corner.mean(1))
            near = tree.query(points[vertices], k=6)[1]  # [K, 6]
            weight, distance = nearest_on(points[vertices][:, None], corner[near])
            best = distance.argmin(1)
            row = np.arange(len(vertices))
            face = faces[near[row, best]]
            share = weight[row, best]
            normal = (normals[face] * share[:, :, None]).sum(1)
            normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
            way = points[vertices] - (points[face] * share[:, :, None]).sum(1)
            gap = (way * normal).sum(1)
            gap = np.where(distance[row, best] > self.NEAR_MM, 1e3, gap)
            columns.append(np.column_stack([vertices, face]))
            weights.append(np.column_stack([np.ones(len(vertices)), -share]))
            planes.append(normal)
            gaps.append(gap)
        return (
            np.concatenate(columns),
            np.concatenate(weights),
            np.concatenate(planes),
            np.concatenate(gaps),
        )

    def update(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return contact planes for positions [N, 3, B]: nodes [K, 4, B], weights, normals."""
        found = [self._pairs(x[:, :, b].cpu().numpy()) for b in range(x.shape[2])]
        nodes = torch.from_numpy(np.stack([f[0] for f in found], axis=-1)).to(x.device)
        active = np.stack([f[3] < 100 for f in found], axis=-1)
        weights = np.stack([f[1] for f in found], axis=-1) * active[:, None]
        normals = np.stack([f[2] for f in found], axis=-1)
        return (
            nodes,
            torch.from_numpy(weights).to(x.device),
            torch.from_numpy(normals).to(x.device),
        )

    def energy(self, x: Tensor, gradient: Tensor, planes: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Return energies [B]; add to `gradient` [N, 3, B] in place."""
        nodes, weights, normals = planes
        batch = torch.arange(x.shape[2], device=x.device)
        least = torch.from_numpy(self._least).to(x.device)[:, None]
        corner = x.permute(0, 2, 1)[nodes, batch]  # [K, 4, B, 3]
        way = (corner * weights[..., None]).sum(1)  # [K, B, 3]
        gap = (way * normals.permute(0, 2, 1)).sum(2)
        on = weights[:, 0] != 0
        deep = torch.where(on, torch.clamp(gap - least, max=0), torch.zeros_like(gap))
        force = self.stiffness * deep
        push = force[:, None, None] * weights[:, :, None] * normals[:, None]  # [K, 4, 3, B]
        for b in range(x.shape[2]):
            gradient[:, :, b].index_add_(0, nodes[:, :, b].reshape(-1), push[..., b].reshape(-1, 3))
        return 0.5 * (force * deep).sum(0)
