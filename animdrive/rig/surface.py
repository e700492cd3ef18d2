"""Triangle surfaces as linear algebra: subdivision, smooth fields, distances."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

Points = npt.NDArray[np.float64]
Faces = npt.NDArray[np.int32]


def edges_of(faces: Faces) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return edges [E, 2] with the smaller vertex first, and how many faces each has [E]."""
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, count = np.unique(pairs, axis=0, return_counts=True)
    return edges.astype(np.int64), count.astype(np.int64)


def boundary_loops(faces: Faces) -> list[list[int]]:
    """Return the closed runs of edges that have one face, each in the direction of its faces."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = {(int(a), int(b)) for a, b in directed}
    follow = {a: b for a, b in there if (b, a) not in there}
    loops = []
    while follow:
        start, step = next(iter(follow.items()))
        loop = []
        while step in follow or start in follow:
            loop.append(start)
            start = follow.pop(start)
            if start not in follow:
                break
        loops.append(loop)
    return loops


def loop_subdivision(count: int, faces: Faces) -> tuple[Any, Faces]:
    """Split every triangle in four and smooth: Loop (1987), with Warren's vertex weights.

    The matrix is given, not the points, so that any quantity of the vertices can follow. Old
    vertices keep their numbers, one new vertex per edge comes after them.

    Returns:
        A sparse [V', V] matrix and the new faces [4 F, 3].
    """
    edges, uses = edges_of(faces)
    index = {(int(a), int(b)): count + i for i, (a, b) in enumerate(edges)}

    def middle(a: int, b: int) -> int:
        return index[(a, b) if a < b else (b, a)]

    rows: list[int] = []
    columns: list[int] = []
    weights: list[float] = []

    def put(row: int, column: int, weight: float) -> None:
        rows.append(row)
        columns.append(column)
        weights.append(weight)

    inner = {index[(int(a), int(b))] for (a, b), n in zip(edges, uses, strict=True) if n == 2}
    split = []
    for triangle in faces:
        a, b, c = (int(v) for v in triangle)
        ab, bc, ca = middle(a, b), middle(b, c), middle(c, a)
        split += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
        for opposite, edge in ((c, ab), (a, bc), (b, ca)):
            if edge in inner:
                put(edge, opposite, 1 / 8)
    for (a, b), row in index.items():
        weight = 3 / 8 if row in inner else 1 / 2
        put(row, a, weight)
        put(row, b, weight)

    neighbours: list[list[int]] = [[] for _ in range(count)]
    rim: list[list[int]] = [[] for _ in range(count)]
    for (first, second), n in zip(edges, uses, strict=True):
        for here, there in ((int(first), int(second)), (int(second), int(first))):
            neighbours[here].append(there)
            if n == 1:
                rim[here].append(there)
    for vertex in range(count):
        around = rim[vertex] or neighbours[vertex]
        if rim[vertex]:
            share = 1 / 8
        else:
            share = 3 / 16 if len(around) == 3 else 3 / (8 * len(around))
        put(vertex, vertex, 1 - share * len(around))
        for other in around:
            put(vertex, other, share)
    matrix = sparse.csr_matrix((weights, (rows, columns)), shape=(count + len(edges), count))
    return matrix, np.array(split, dtype=np.int32)


def subdivided_mirror(mirror: npt.NDArray[np.int32], faces: Faces) -> npt.NDArray[np.int32]:
    """Return the mirror map after one `loop_subdivision` of a mesh with map `mirror` [V]."""
    edges, _ = edges_of(faces)
    index = {(int(a), int(b)): i for i, (a, b) in enumerate(edges)}
    partners = np.sort(mirror[edges], axis=1)
    middles = [len(mirror) + index[int(a), int(b)] for a, b in partners]
    return np.concatenate([mirror, np.array(middles, dtype=np.int32)])


def cotangent_laplacian(vertices: Points, faces: Faces) -> tuple[Any, npt.NDArray[np.float64]]:
    """Return the sparse [V, V] stiffness matrix (positive semi-definite) and vertex areas [V].

    Pinkall and Polthier (1993); obtuse angles are clipped so that every weight stays positive.
    """
    count = len(vertices)
    total = sparse.csr_matrix((count, count))
    area = np.zeros(count)
    for corner in range(3):
        apex, a, b = (faces[:, (corner + k) % 3] for k in range(3))
        to_a, to_b = vertices[a] - vertices[apex], vertices[b] - vertices[apex]
        cross = np.linalg.norm(np.cross(to_a, to_b), axis=1)
        cotangent = np.clip((to_a * to_b).sum(1) / np.maximum(cross, 1e-14), 0.02, 20) / 2
        total = total + sparse.coo_matrix((cotangent, (a, b)), shape=(count, count))
        area += np.bincount(apex, cross / 6, count)
    weights = total + total.T
    stiffness = sparse.diags(np.asarray(weights.sum(1)).ravel()) - weights
    return stiffness.tocsc(), np.maximum(area, 1e-12)


class SmoothField:
    """Fills a surface from the few vertices where a value is known.

    Order 1 is harmonic (stretched like a drum skin, straight fall-off), order 2 biharmonic (bent
    like a sheet, no kink at the known vertices): Botsch and Kobbelt (2004), "An intuitive
    framework for real-time freeform modeling".
    """

    def __init__(self, vertices: Points, faces: Faces, *, order: int = 2) -> None:
        stiffness, area = cotangent_laplacian(vertices, faces)
        if order == 1:
            self._energy = stiffness
        else:
            self._energy = (stiffness @ sparse.diags(1 / area) @ stiffness).tocsc()

    def solve(self, known: npt.NDArray[np.int64], values: Points) -> Points:
        """Return [V, K] from `values` [N, K] at the vertices `known` [N]."""
        count = self._energy.shape[0]
        free = np.setdiff1d(np.arange(count), known)
        result = np.zeros((count, values.shape[1]))
        result[known] = values
        inside = self._energy[free][:, free].tocsc()
        # A trace of the unit matrix keeps pieces that no known vertex touches at zero.
        inside = inside + sparse.eye(len(free)) * (1e-12 * abs(inside).max())
        right = -self._energy[free][:, known] @ values
        result[free] = splu(inside.tocsc()).solve(np.ascontiguousarray(right))
        return result


def smoothstep(low: float, high: float, x: Points) -> Points:
    """Return 0 below `low`, 1 above `high`, a cubic ease between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    eased: Points = t * t * (3 - 2 * t)
    return eased
