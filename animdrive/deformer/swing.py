"""Damped masses on a mesh's graph, which lag behind, swing and come to rest.

Every vertex is a mass, tied by a spring and a damper to where the quasi-static skin is, and by
others to its neighbours. Counted from there, its place u obeys, frame by frame in the world::

    u[t] = u[t-1] + (1 - C) (u[t-1] - u[t-2]) - K u[t-1] + drive[t]

with C and K a diagonal plus a graph Laplacian each, so that one frame passes one message along
every edge. What drives it is the acceleration and the velocity of the quasi-static skin in the
world, head motion included, and gravity's turning against the head. For ``0 < C <= 1`` and
``0 < K < 4 - 2 C``, as symmetric matrices, all poles lie within the unit circle: with an
eigenvector x of the quadratic problem, c = x*Cx and k = x*Kx make it the scalar
``z² - (2 - c - k) z + (1 - c) = 0``, whose roots do (Tisseur and Meerbergen, "The quadratic
eigenvalue problem", 2001, section 3). Both hold by Gershgorin's circles here, whatever is learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from animdrive.contract.checks import FloatArray

Values = npt.NDArray[np.float64]
Edges = npt.NDArray[np.int32]

DRIVES = ("acceleration", "velocity", "gravity")
"""What a vertex answers to; along the skin and across it by gains of their own."""
GRAVITY = np.array([0.0, -9.81 / 30**2, 0.0])
"""Metres per frame², at 30 frames per second; gains take up other rates."""


def edges_among(vertices: npt.NDArray[Any], faces: npt.NDArray[Any]) -> Edges:
    """Return [E, 2] rows of `vertices` [A] that an edge of `faces` [F, 3] connects, each once."""
    if not len(vertices):
        return np.zeros((0, 2), dtype=np.int32)
    row = np.full(int(max(faces.max(), vertices.max())) + 1, -1, dtype=np.int32)
    row[vertices] = np.arange(len(vertices), dtype=np.int32)
    every = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    inside = row[every]
    inside = np.sort(inside[(inside >= 0).all(axis=1)], axis=1)
    return np.asarray(np.unique(inside, axis=0), dtype=np.int32).reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class Swing:
    """A learned system of A masses and E edges between them. Units: frames and metres."""

    edges: Edges
    """[E, 2] rows of masses."""
    stiffness: FloatArray
    """[A] of the spring to the quasi-static skin, per frame²."""
    damping: FloatArray
    """[A] of the damper to it, per frame."""
    springs: FloatArray
    """[E] stiffness between neighbours."""
    dampers: FloatArray
    """[E] damping between neighbours."""
    gains: FloatArray
    """[3, 2, A] answer to each of `DRIVES`, along the skin and across it."""
    normals: FloatArray
    """[A, 3] of the skin at rest."""

    def __len__(self) -> int:
        return len(self.stiffness)

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return sum(array.nbytes for array in vars(self).values())

    def stable(self) -> bool:
        """Return whether the conditions above hold."""
        if not len(self):
            return True
        spring, damper = (_degrees(self.edges, w, len(self)) for w in (self.springs, self.dampers))
        most = self.damping + 2 * damper
        return bool(
            (self.springs >= 0).all()
            and (self.dampers >= 0).all()
            and (self.stiffness > 0).all()
            and (self.damping > 0).all()
            and (most <= 1).all()
            and (self.stiffness + 2 * spring < 4 - 2 * most).all()
        )

    def matrices(self) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """Return K and C [A, A]."""
        return (
            _laplacian(self.edges, self.springs, self.stiffness),
            _laplacian(self.edges, self.dampers, self.damping),
        )

    def kept(self, masses: npt.NDArray[np.bool_]) -> Swing:
        """Return the system of some `masses` [A]; what tied them to others is cut."""
        row = np.cumsum(masses, dtype=np.int32) - 1
        inside = masses[self.edges].all(axis=1)
        return Swing(
            edges=row[self.edges[inside]].reshape(-1, 2).astype(np.int32),
            stiffness=self.stiffness[masses],
            damping=self.damping[masses],
            springs=self.springs[inside],
            dampers=self.dampers[inside],
            gains=np.ascontiguousarray(self.gains[:, :, masses]),
            normals=self.normals[masses],
        )


class SwingRun:
    """A `Swing` in motion. Before the first frame all was still, in the pose of that frame."""

    def __init__(self, swing: Swing) -> None:
        self._swing = swing
        self._stiffness, self._damping = swing.matrices()
        self._moved: Values | None = None  # [2, A, 3] of the last two frames, the last one last
        self._places: Values | None = None

    def frames(self, places: Values, head: Values) -> Values:
        """Return [T, A, 3] metres by which masses are away from `places`, in the head's axes.

        Args:
            places: [T, A, 3] metres of the quasi-static skin, head unrotated.
            head: [T, 4, 4] of the head.
        """
        away = np.zeros(places.shape)
        if not len(places):
            return away
        turn = head[:, :3, :3]
        world = np.einsum("tij,taj->tai", turn, places) + head[:, None, :3, 3]
        if self._places is None or self._moved is None:
            self._places = world[:1].repeat(2, axis=0)
            self._moved = np.zeros((2, *places.shape[1:]))
        world = np.concatenate([self._places, world])
        drive = driven(self._swing, world, turn)
        w, u = self._moved
        for frame, push in enumerate(drive):
            step = u - w
            u, w = u + step - self._damping @ step - self._stiffness @ u + push, u
            away[frame] = u @ turn[frame]
        self._moved, self._places = np.stack([w, u]), world[-2:].copy()
        return away


def driven(swing: Swing, world: Values, turn: Values) -> Values:
    """Return the drive [T, A, 3] in the world.

    Args:
        swing: Whose gains.
        world: [2 + T, A, 3] metres, the quasi-static skin in the world, two frames earlier on.
        turn: [T, 3, 3] of the head.
    """
    now, one, two = world[2:], world[1:-1], world[:-2]
    across = swing.normals @ turn.transpose(0, 2, 1)
    tilt = np.broadcast_to((GRAVITY - turn @ GRAVITY)[:, None], now.shape)
    drive = np.zeros(now.shape)
    for (along, through), push in zip(
        swing.gains, (now - 2 * one + two, now - one, tilt), strict=True
    ):
        normal = across * (across * push).sum(axis=2, keepdims=True)
        drive += along[:, None] * push + (through - along)[:, None] * normal
    return drive


def _degrees(edges: Edges, weights: FloatArray, count: int) -> Values:
    ends = [np.bincount(edges[:, side], weights, minlength=count) for side in (0, 1)]
    return np.asarray(ends[0] + ends[1], dtype=np.float64)


def _laplacian(edges: Edges, weights: FloatArray, diagonal: FloatArray) -> sparse.csr_matrix:
    count = len(diagonal)
    i, j, w = edges[:, 0], edges[:, 1], weights.astype(np.float64)
    near = sparse.coo_matrix((w, (i, j)), shape=(count, count))
    total = diagonal.astype(np.float64) + _degrees(edges, weights, count)
    return (sparse.diags(total) - near - near.T).tocsr()
