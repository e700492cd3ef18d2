"""Rings of the cage as a lattice: which row and column of it every fine vertex lies on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from animdrive.rig.surface import Faces, Points, edges_of

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lattice:
    """Fine vertices between some rings of the cage. N vertices, C cage vertices in a ring."""

    vertices: Index
    """[N] vertices of the skin."""
    row: Points
    """[N] number of the ring, fractions between rings."""
    turn: Points
    """[N] place along the ring, 0 to below C."""

    def grid(self, low: float, high: float) -> tuple[Index, Points]:
        """Return [R, K] vertices of the rows from `low` to `high` by turn, and the rows [R].

        The rows must lie between two rings; K is the fine rings' length.
        """
        inside = (self.row > low - 1e-6) & (self.row < high + 1e-6)
        rows = np.unique(np.round(self.row[inside], 4))
        lines = []
        for row in rows:
            here = np.flatnonzero(np.abs(self.row - row) < 1e-6)
            lines.append(self.vertices[here[np.argsort(self.turn[here])]])
        return np.array(lines), rows


def linear_subdivision(count: int, faces: Faces) -> Any:
    """Return the sparse [V', V] matrix that puts new vertices at the middles of edges.

    Vertices are numbered as by `animdrive.rig.surface.loop_subdivision`.
    """
    edges, _ = edges_of(faces)
    rows = np.concatenate([np.arange(count), np.repeat(count + np.arange(len(edges)), 2)])
    columns = np.concatenate([np.arange(count), edges.ravel()])
    weights = np.concatenate([np.ones(count), np.full(2 * len(edges), 0.5)])
    return sparse.csr_matrix((weights, (rows, columns)), shape=(count + len(edges), count))


def ring_lattice(
    rings: list[list[int]], levels: list[Faces], *, first: float = 0.0, cap: int | None = None
) -> Lattice:
    """Read a lattice off rings of the cage.

    Args:
        rings: The cage's vertices of neighbouring rings, in step with each other.
        levels: Faces of the cage and of every level of the skin but the last.
        first: Row of the first ring; the others follow by 1.
        cap: A vertex that closes the last ring, one row beyond it.
    """
    count = int(levels[0].max()) + 1
    linear: Any = sparse.eye(count)
    for faces in levels:
        linear = linear_subdivision(int(faces.max()) + 1, faces) @ linear
    known, number = np.zeros(count), np.zeros(count)
    around = np.zeros(count, dtype=np.complex128)
    for k, ring in enumerate(rings):
        known[ring] = 1
        number[ring] = first + k
        around[ring] = np.exp(2j * np.pi * np.arange(len(ring)) / len(ring))
    if cap is not None:
        known[cap], number[cap] = 1, first + len(rings)
    inside = np.flatnonzero(np.isclose(linear @ known, 1))
    row = (linear @ number)[inside]
    # The chord between two neighbours of a ring is run through evenly; its angle is not.
    step = 2 * np.pi / len(rings[0])
    middle = (linear @ around)[inside]
    angle = np.angle(np.where(np.abs(middle) < 1e-9, 1, middle)) % (2 * np.pi)
    cell = np.floor(angle / step + 1e-9)
    within = angle - (cell + 0.5) * step
    turn = cell + 0.5 + 0.5 * np.tan(within) / np.tan(step / 2)
    turn = np.where(turn > len(rings[0]) - 1e-6, 0.0, turn)
    return Lattice(inside, row, turn)
