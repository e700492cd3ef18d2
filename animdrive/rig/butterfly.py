"""Interpolating subdivision: new vertices in the middles of edges, old ones stay where they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from animdrive.rig.surface import Faces, edges_of

Edges = npt.NDArray[np.int64]
Stencil = list[tuple[int, float]]


class _Neighbours:
    """Who is next to whom. Around vertex v, `turn[v, a]` is the neighbour after a."""

    def __init__(self, faces: Faces, count: int) -> None:
        self.turn: dict[tuple[int, int], int] = {}
        for a, b, c in faces.tolist():
            self.turn[a, b], self.turn[b, c], self.turn[c, a] = c, a, b
        edges, uses = edges_of(faces)
        self.valence = np.bincount(edges.ravel(), minlength=count)
        self.rim = np.zeros(count, dtype=bool)
        self.rim[edges[uses == 1].ravel()] = True
        self.after: dict[int, int] = {}
        """Of a vertex on the rim, the one after it along the rim; `before` likewise."""
        self.before: dict[int, int] = {}
        for a, b in self.turn:
            if (b, a) not in self.turn:
                self.after[a], self.before[b] = b, a

    def around(self, centre: int, first: int) -> list[int]:
        """Return the neighbours of an inner vertex in order, beginning with `first`."""
        ring = [first]
        while (step := self.turn[centre, ring[-1]]) != first:
            ring.append(step)
        return ring


def butterfly(faces: Faces, count: int, edges: Edges) -> Any:
    """Return the sparse [count + E, count] matrix that keeps all vertices and adds middles.

    The modified butterfly scheme of Zorin, Schröder and Sweldens (1996), "Interpolating subdivision
    for meshes with arbitrary topology": tangent planes are continuous at every vertex. On the rim
    it is the four-point scheme of Dyn, Levin and Gregory (1987); where a wing of the butterfly
    would lie beyond the rim, the vertex on this side is mirrored to there.

    Args:
        faces: [F, 3] of the mesh, counter-clockwise.
        count: Vertices of the mesh.
        edges: [E, 2] edges to be halved, as `edges_of` lists them.
    """
    near = _Neighbours(faces, count)
    rows: list[int] = []
    columns: list[int] = []
    weights: list[float] = []
    for row, (a, b) in enumerate(edges.tolist()):
        for column, weight in _middle(near, a, b):
            rows.append(row)
            columns.append(column)
            weights.append(weight)
    middles = sparse.csr_matrix((weights, (rows, columns)), shape=(len(edges), count))
    return sparse.vstack([sparse.identity(count, format="csr"), middles], format="csr")


def _middle(near: _Neighbours, a: int, b: int) -> Stencil:
    if (a, b) not in near.turn or (b, a) not in near.turn:
        return _on_rim(near, a, b) if (a, b) in near.turn else _on_rim(near, b, a)
    odd = [
        (centre, other)
        for centre, other in ((a, b), (b, a))
        if not near.rim[centre] and near.valence[centre] != 6
    ]
    if not odd:
        return _eight_points(near, a, b)
    stencil: Stencil = []
    for centre, other in odd:
        stencil += [(v, w / len(odd)) for v, w in _at_odd_vertex(near, centre, other)]
    return stencil


def _on_rim(near: _Neighbours, a: int, b: int) -> Stencil:
    stencil = [(a, 9 / 16), (b, 9 / 16)]
    return [*stencil, (near.before[a], -1 / 16), (near.after[b], -1 / 16)]


def _eight_points(near: _Neighbours, a: int, b: int) -> Stencil:
    stencil: Stencil = [(a, 1 / 2), (b, 1 / 2)]
    for p, q in ((a, b), (b, a)):
        apex = near.turn[p, q]
        stencil.append((apex, 1 / 8))
        # The triangle's two other edges, and who lies beyond them.
        for start, end, opposite in ((apex, q, p), (p, apex, q)):
            wing = near.turn.get((start, end))
            if wing is not None:
                stencil.append((wing, -1 / 16))
            else:
                stencil += [(start, -1 / 16), (end, -1 / 16), (opposite, 1 / 16)]
    return stencil


def _at_odd_vertex(near: _Neighbours, centre: int, other: int) -> Stencil:
    ring = near.around(centre, other)
    count = len(ring)
    if count == 3:
        shares = [5 / 12, -1 / 12, -1 / 12]
    elif count == 4:
        shares = [3 / 8, 0.0, -1 / 8, 0.0]
    else:
        turn = 2 * np.pi * np.arange(count) / count
        shares = ((1 / 4 + np.cos(turn) + np.cos(2 * turn) / 2) / count).tolist()
    return [(centre, 3 / 4), *zip(ring, shares, strict=True)]


def straight(count: int, edges: Edges) -> Any:
    """Return the sparse [count + E, count] matrix that adds the plain middles of `edges` [E, 2]."""
    rows = np.repeat(np.arange(len(edges)), 2)
    halves = np.full(2 * len(edges), 0.5)
    middles = sparse.csr_matrix((halves, (rows, edges.ravel())), shape=(len(edges), count))
    return sparse.vstack([sparse.identity(count, format="csr"), middles], format="csr")


def red_green(faces: Faces, count: int, wanted: npt.NDArray[np.bool_]) -> tuple[Faces, Edges]:
    """Split `wanted` [F] triangles in four and close the gaps beside them.

    A triangle with one halved edge is halved ("green"), one with more is split in four ("red"):
    Bank, Sherman and Weiser (1983), "Refinement algorithms and data structures for regular local
    mesh refinement".

    Returns:
        The new faces [F', 3], and the edges [E, 2] that were halved; the middle of edge e has
        number `count` + e.
    """
    edges, _ = edges_of(faces)
    keys = edges[:, 0] * count + edges[:, 1]
    sides = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1), axis=-1)
    of_face = np.searchsorted(keys, sides[..., 0].astype(np.int64) * count + sides[..., 1])
    red = np.asarray(wanted, dtype=bool).copy()
    while True:
        halved = np.zeros(len(edges), dtype=bool)
        halved[of_face[red].ravel()] = True
        more = (halved[of_face].sum(1) >= 2) & ~red
        if not more.any():
            break
        red |= more
    number = np.cumsum(halved) + count - 1
    a, b, c = faces[red].T
    ab, bc, ca = number[of_face[red]].T
    pieces = [
        np.stack(corners, axis=1)
        for corners in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
    ]
    for side in range(3):
        green = ~red & halved[of_face[:, side]]
        a, b, c = np.roll(faces[green], -side, axis=1).T
        middle = number[of_face[green, side]]
        pieces += [np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)]
    pieces.append(faces[~red & ~halved[of_face].any(1)])
    return np.concatenate(pieces).astype(np.int32), edges[halved]


def halved_mirror(mirror: npt.NDArray[np.int32], edges: Edges) -> npt.NDArray[np.int32]:
    """Return the mirror map with the middles of `edges` [E, 2] after the vertices of `mirror`."""
    count = len(mirror)
    number = {(a, b): count + i for i, (a, b) in enumerate(edges.tolist())}
    partners: Iterable[list[int]] = np.sort(mirror[edges], axis=1).tolist()
    middles = [number[a, b] for a, b in partners]
    return np.concatenate([mirror, middles], dtype=np.int32)
