"""What deforming the tissue costs: energies and their gradients, for many frames at once.

Lengths are millimetres, stiffness is relative to the shear modulus of fat, so energies are mm³.
Positions are [N, 3, B]: N nodes, B frames side by side. Everything runs in torch, in double
precision, on whatever device the tensors live on.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse

from animdrive.tissue.mesh import TissueMesh
from animdrive.tissue.minimise import dot

Tensor = torch.Tensor


def sparse_tensor(matrix: Any, device: torch.device) -> Tensor:
    """Return a scipy sparse matrix as a torch CSR tensor."""
    rows = matrix.tocsr()
    rows.sum_duplicates()
    with warnings.catch_warnings():
        # torch says once that CSR is young; products are all that is asked of it here.
        warnings.filterwarnings("ignore", message="Sparse")
        return torch.sparse_csr_tensor(
            torch.from_numpy(rows.indptr.astype(np.int64)),
            torch.from_numpy(rows.indices.astype(np.int64)),
            torch.from_numpy(rows.data.astype(np.float64)),
            size=rows.shape,
            device=device,
        )


def differences(pairs: np.ndarray[Any, np.dtype[np.int64]], count: int) -> Any:
    """Return the sparse [K, count] map to the way from first to second of `pairs` [K, 2]."""
    k = len(pairs)
    rows = np.arange(k)
    return sparse.csr_matrix(
        (np.r_[np.ones(k), -np.ones(k)], (np.r_[rows, rows], np.r_[pairs[:, 1], pairs[:, 0]])),
        shape=(k, count),
    )


class Linear:
    """A sparse map [M, N] of node positions and its transpose, for [N, 3, B] tensors."""

    def __init__(self, matrix: Any, device: torch.device) -> None:
        self.shape = matrix.shape
        self._forward = sparse_tensor(matrix, device)
        self._back = sparse_tensor(matrix.T, device)

    def __call__(self, x: Tensor) -> Tensor:
        """Return [M, 3, B]."""
        return (self._forward @ x.reshape(x.shape[0], -1)).reshape(-1, *x.shape[1:])

    def back(self, y: Tensor) -> Tensor:
        """Return the transpose applied to [M, 3, B]: [N, 3, B]."""
        return (self._back @ y.reshape(y.shape[0], -1)).reshape(-1, *y.shape[1:])


def gradient_operator(mesh: TissueMesh) -> tuple[Any, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return the sparse [3 E, N] map to deformation gradients, and volumes at rest [E] mm³.

    Row j E + e gives ∂/∂X_j of element e.
    """
    corners = mesh.nodes[mesh.tets]
    edges = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    volume = np.linalg.det(edges) / 6
    inverse = np.linalg.inv(edges)  # [E, 3 corners, 3 axes]
    count = len(mesh.tets)
    weights = np.concatenate([-inverse.sum(1, keepdims=True), inverse], axis=1)  # [E, 4, 3]
    rows = (np.arange(3)[None, None] * count + np.arange(count)[:, None, None]).repeat(4, axis=1)
    columns = mesh.tets[:, :, None].repeat(3, axis=2)
    matrix = sparse.csr_matrix(
        (weights.ravel(), (rows.ravel(), columns.ravel())), shape=(3 * count, len(mesh.nodes))
    )
    return matrix, volume


class SoftTissue:
    """Fat as a stable neo-Hookean solid.

    Smith, de Goes and Kim (2018), "Stable Neo-Hookean Flesh Simulation", equation 14: it keeps its
    volume, survives being turned over, and is at rest exactly at rest.
    """

    def __init__(
        self,
        mesh: TissueMesh,
        *,
        shear: np.ndarray[Any, np.dtype[np.float64]],
        bulk: float,
        device: torch.device,
    ) -> None:
        """Prepare elements with `shear` moduli [E] and first Lamé constants `bulk` times those."""
        matrix, volume = gradient_operator(mesh)
        self.matrix, self.volume = matrix, volume
        self._map = Linear(matrix, device)
        self._count = len(volume)
        self._mu = torch.from_numpy(shear * volume).to(device)[:, None]
        self._lame = bulk * self._mu
        self._rest = 1 + 0.75 / bulk
        self.weights = (1.0 + 0.35 * bulk) * shear * volume
        """[E] stiffness for the constant part of the system matrix."""

    def energy(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return energies [B] and their gradient [N, 3, B]."""
        count, batch = self._count, x.shape[2]
        f = self._map(x).reshape(3, count, 3, batch)
        columns = [[f[j, :, i] for i in range(3)] for j in range(3)]
        cof = [_cross(columns[(j + 1) % 3], columns[(j + 2) % 3]) for j in range(3)]
        first, second, third = columns[0]
        volume = first * cof[0][0] + second * cof[0][1] + third * cof[0][2]
        squares = squared(f[0]) + squared(f[1]) + squared(f[2])
        off = volume - self._rest
        total = (
            0.5 * self._mu * (squares - 3 - torch.log((squares + 1) / 4))
            + 0.5 * self._lame * (off * off - (1 - self._rest) ** 2)
        ).sum(0)
        a = self._mu * (1 - 1 / (squares + 1))
        b = self._lame * off
        stress = torch.empty_like(f)
        for j in range(3):
            for i in range(3):
                stress[j, :, i] = a * columns[j][i] + b * cof[j][i]
        return total, self._map.back(stress.reshape(3 * count, 3, batch))


def squared(way: Tensor) -> Tensor:
    """Return [K, B], the squared lengths of vectors [K, 3, B]."""
    return way[:, 0] * way[:, 0] + way[:, 1] * way[:, 1] + way[:, 2] * way[:, 2]


def _cross(a: list[Tensor], b: list[Tensor]) -> list[Tensor]:
    return [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]


@dataclass
class Springs:
    """Springs of rest length zero between two linear maps of the nodes: ties, bone, foundations."""

    matrix: Any
    """Sparse [K, N]: what is pulled to its target."""
    stiffness: Tensor
    """[K, 1, 1]."""

    def __post_init__(self) -> None:
        self._map = Linear(self.matrix, self.stiffness.device)

    def energy(self, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return energies [B] and gradient [N, 3, B] for `target` [K, 3, B]."""
        away = self._map(x) - target
        force = self.stiffness * away
        return 0.5 * dot(force, away), self._map.back(force)


class Fibres:
    """Muscle fibres: lines of segments that shorten. S segments, M muscles.

    A segment of rest length L costs ½ k g(s) max(l − (1 − s) L, 0)² / L at contraction s, where
    g(s) = s / (s + s₀): a muscle that does nothing neither pulls nor resists, one that pulls does
    so ever more firmly.
    """

    HALF = 0.04
    """Contraction s₀ at which a muscle has half its firmness."""

    def __init__(
        self,
        start: Any,
        end: Any,
        muscle: np.ndarray[Any, np.dtype[np.int64]],
        lengths: np.ndarray[Any, np.dtype[np.float64]],
        *,
        stiffness: np.ndarray[Any, np.dtype[np.float64]],
        device: torch.device,
    ) -> None:
        """Prepare segments from `start` to `end` (sparse [S, N + bone points]).

        Args:
            start: Sparse [S, N + P], P points of bone that move with skull and mandible.
            end: Likewise.
            muscle: [S] the muscle that each segment belongs to.
            lengths: [S] rest lengths, mm.
            stiffness: [S] k.
            device: Where to compute.
        """
        self.matrix = end - start
        self._map = Linear(self.matrix, device)
        self._muscle = torch.from_numpy(muscle).to(device)
        self._length = torch.from_numpy(lengths).to(device)[:, None]
        self._stiffness = torch.from_numpy(stiffness).to(device)[:, None]

    def firmness(self, contraction: Tensor) -> Tensor:
        """Return [S, B], how firmly each segment resists being longer than it should be."""
        s = contraction[self._muscle]
        return self._stiffness * s / (s + self.HALF) / self._length

    def energy(self, x: Tensor, contraction: Tensor) -> tuple[Tensor, Tensor]:
        """Return energies [B] and gradient [N + P, 3, B] for `contraction` [M, B] in 0..1."""
        s = contraction[self._muscle]
        firm = self.firmness(contraction)
        way = self._map(x)
        length = torch.sqrt(squared(way) + 1e-12)
        over = torch.clamp(length - (1 - s) * self._length, min=0)  # a fibre pulls, never pushes
        force = firm * over
        return 0.5 * (force * over).sum(0), self._map.back(way * (force / length)[:, None])


class Limits:
    """Skin edges that resist stretch beyond what collagen gives: stiff over a limit, free below."""

    def __init__(
        self,
        edges: np.ndarray[Any, np.dtype[np.int64]],
        lengths: np.ndarray[Any, np.dtype[np.float64]],
        count: int,
        *,
        stretch: float,
        stiffness: float,
        device: torch.device,
    ) -> None:
        """Prepare `edges` [K, 2] with rest `lengths` [K] mm among `count` nodes."""
        self._map = Linear(differences(edges, count), device)
        self._most = torch.from_numpy(lengths * (1 + stretch)).to(device)[:, None]
        self._stiffness = stiffness

    def energy(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return energies [B] and gradient [N, 3, B]."""
        way = self._map(x)
        length = torch.sqrt(squared(way) + 1e-12)
        over = torch.clamp(length - self._most, min=0)
        total = 0.5 * self._stiffness * (over * over).sum(0)
        return total, self._map.back(way * (self._stiffness * over / length)[:, None])


class Pressure:
    """Air in the mouth pushing on the mucosa: − p V of the space behind the surface."""

    def __init__(
        self,
        faces: np.ndarray[Any, np.dtype[np.int64]],
        share: np.ndarray[Any, np.dtype[np.float64]],
        device: torch.device,
    ) -> None:
        """Prepare `faces` [F, 3], counter-clockwise seen from the air, and how much reaches them.

        `share` [F] is 1 where there is air and 0 where the surface is pressed to the teeth.
        """
        self._corner = [torch.from_numpy(faces[:, k].copy()).to(device) for k in range(3)]
        self._share = torch.from_numpy(share).to(device)[:, None, None] / 6

    def energy(self, x: Tensor, pressure: Tensor) -> tuple[Tensor, Tensor]:
        """Return energies [B] and gradient [N, 3, B] for `pressure` [B]."""
        gradient = torch.zeros_like(x)
        if not bool((pressure > 0).any()):
            return torch.zeros_like(pressure), gradient
        corner = [[x[index][:, i] for i in range(3)] for index in self._corner]
        total = torch.zeros_like(pressure)
        for k in range(3):
            area = torch.stack(_cross(corner[(k + 1) % 3], corner[(k + 2) % 3]), dim=1)
            # A face seen counter-clockwise from the air has its normal into the air.
            force = area * self._share * pressure
            gradient.index_add_(0, self._corner[k], force)
            if k == 0:
                total = (force * torch.stack(corner[0], dim=1)).sum(dim=(0, 1))
        return total, gradient
