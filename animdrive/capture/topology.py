"""Whether a cache's vertices are the rig's: the same, in another order, or another mesh."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.capture.finding import Finding
from animdrive.contract import Mesh
from animdrive.errors import InputError
from animdrive.rig.surface import edges_of

Kind = Literal["same", "reordered", "foreign"]
Order = npt.NDArray[np.intp]

_STRETCH = 3.0
"""No expression makes a usual edge so many times longer or shorter."""
_STRETCHED_SHARE = 0.10
_USUAL = 1.15
"""Nor does it change the edges by so much in the middle, scale apart."""
_MISPLACED = 0.3
"""A piece that fits as a graph may lie off by so much of its size."""
_GUESSES, _SEEDS = 6, 40
"""Triangles tried for one seed, and seeds of a piece before the meshes are held different."""
_SMALL, _GUESSES_SMALL = 100, 48
"""Pieces of so few faces, such as lashes, have others like them nearby: all of those are tried."""
_MATCH_SHARE = 0.9
"""So many vertices must find a partner of their own for an order to be believed."""


@dataclass(frozen=True, eq=False)
class TopologyMatch:
    """How the vertices of a cache relate to those of a rig. V vertices of the rig."""

    kind: Kind
    """"same"; "reordered": the same vertices in another order; "foreign": another mesh."""
    order: Order | None
    """[V] for each vertex of the rig its place in the cache; None for a foreign mesh."""
    finding: Finding
    """What was found."""

    def in_order(self, vertices: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return `vertices` [..., V, 3] of the cache in the order of the rig.

        Raises:
            InputError: the mesh is a foreign one: it has no such order, but can be wrapped.
        """
        if self.order is None:
            raise InputError(f"{self.finding.line} Wrap it onto the rig (--wrap).")
        if self.kind == "same":
            return vertices
        return vertices[..., self.order, :]


def match_topology(
    rest: Mesh, vertices: npt.ArrayLike, faces: npt.ArrayLike | None = None
) -> TopologyMatch:
    """Return whether a cache has the vertices of a rig, by its frame nearest to rest.

    With faces, both meshes are compared as graphs: the same faces, or a renumbering that maps every
    face on a face, found from a seed triangle outwards. A cache without faces is judged by the
    lengths of the rig's edges in it, and a renumbering is sought by place; then the frame must be
    near rest, in metres and in the rig's axes.

    Args:
        rest: The rig at rest, V vertices.
        vertices: [S, 3] the cache's frame nearest to rest.
        faces: [F, 3] of the cache, or None where its format has none.
    """
    points = np.asarray(vertices, dtype=np.float64)
    own = rest.vertices.astype(np.float64)
    triangles = None if faces is None else np.asarray(faces, dtype=np.int32).reshape(-1, 3)
    if len(points) != len(own):
        return _told("foreign", None, f"The cache has {len(points)} vertices, the rig {len(own)}.")
    stretched, usual = _stretch(own, points, rest.faces)
    fits = stretched <= _STRETCHED_SHARE and 1 / _USUAL <= usual <= _USUAL
    figures = {"stretched_share": round(stretched, 4)}
    same = np.arange(len(own))
    if triangles is None:
        if fits:
            return _told("same", same, "Vertices are the rig's, judged by its edges.", figures)
        order = _by_place(own, points)
    else:
        if _same_faces(rest.faces, triangles):
            if fits:
                return _told("same", same, "Vertices and faces are the rig's.", figures)
            if stretched <= _STRETCHED_SHARE:
                line = f"Vertices and faces are the rig's, but edges are {usual:.3g} times as long."
                return _told("same", same, line, figures, severe=True)
        if len(triangles) != len(rest.faces):
            line = f"The cache has {len(triangles)} faces, the rig {len(rest.faces)}."
            return _told("foreign", None, line, figures)
        order = _by_faces(own, rest.faces, points, triangles)
    if order is None:
        line = f"The cache has the rig's {len(own)} vertices in number, but not in place or order."
        return _told("foreign", None, line, figures)
    moved = int((order != same).sum())
    figures["moved_vertices"] = moved
    if not moved:
        return _told("same", same, "Vertices and faces are the rig's.", figures)
    line = f"The cache has the rig's vertices in another order; {moved} were put in their places."
    return _told("reordered", order, line, figures)


def _told(
    kind: Kind,
    order: Order | None,
    line: str,
    figures: dict[str, float] | None = None,
    *,
    severe: bool = False,
) -> TopologyMatch:
    finding = Finding(
        "topology", line, {"kind": kind, **(figures or {})}, severe or kind == "foreign"
    )
    return TopologyMatch(kind, order, finding)


def _stretch(own: npt.NDArray[np.float64], points: npt.NDArray[np.float64],
             faces: npt.NDArray[np.int32]) -> tuple[float, float]:  # fmt: skip
    """Return the share of edges that are far from their length at rest, and the usual ratio."""
    edges, _ = edges_of(faces)
    before, now = (np.linalg.norm(p[edges[:, 0]] - p[edges[:, 1]], axis=1) for p in (own, points))
    long = before > 0.05 * np.median(before)  # of the shortest ones noise makes anything
    ratio = np.maximum(now[long], 1e-12) / before[long]
    usual = float(np.median(ratio))
    apart = np.abs(np.log(ratio / max(usual, 1e-12))) > np.log(_STRETCH)
    return float(apart.mean()), usual


def _same_faces(one: npt.NDArray[np.int32], other: npt.NDArray[np.int32]) -> bool:
    return len(one) == len(other) and bool(np.array_equal(_keys(one), _keys(other)))


def _keys(faces: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the faces [F, 3] each from its smallest corner on, sorted."""
    first = faces.argmin(axis=1)
    turned = np.stack([faces[np.arange(len(faces)), (first + k) % 3] for k in range(3)], axis=1)
    return np.asarray(turned[np.lexsort(turned.T[::-1])])


def _by_place(own: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> Order | None:
    """Return for each own vertex the point at its place, if nearly all have one to themselves."""
    from scipy.optimize import linear_sum_assignment

    distance, found = cKDTree(points).query(own)
    back = cKDTree(own).query(points)[1]
    sure = back[found] == np.arange(len(own))
    spacing = float(np.median(cKDTree(own).query(own, k=2)[0][:, 1]))
    if sure.mean() < _MATCH_SHARE or float(np.median(distance)) > spacing:
        return None
    left = np.flatnonzero(~sure)
    free = np.setdiff1d(np.arange(len(points)), found[sure])
    cost = np.linalg.norm(own[left][:, None] - points[free][None], axis=2)
    row, column = linear_sum_assignment(cost**2)
    order = found.copy()
    order[left[row]] = free[column]
    return np.asarray(order, dtype=np.intp)


def _by_faces(
    own: npt.NDArray[np.float64],
    faces: npt.NDArray[np.int32],
    points: npt.NDArray[np.float64],
    triangles: npt.NDArray[np.int32],
) -> Order | None:
    """Return the renumbering that maps every own face on a face of the cache, or None.

    From one pair of triangles the whole connected piece follows, edge by edge. The first pair of a
    piece is guessed by place and tried; the guess is checked by all faces of the piece.
    """
    mine, theirs = _next_corner(faces), _next_corner(triangles)
    middles = cKDTree(points[triangles].mean(axis=1))
    order = np.full(len(own), -1, dtype=np.intp)
    for piece in _pieces(faces, len(own)):
        # Teeth and lashes are alike: each is looked for where what is around it already went.
        corners = np.unique(faces[piece])
        tried = min(_GUESSES if len(piece) > _SMALL else _GUESSES_SMALL, len(faces))
        expected = own.copy()
        expected[corners] += _way(own, points, order, corners)
        near = middles.query(expected[faces[piece]].mean(axis=1), k=tried)[1]
        best, least = None, _MISPLACED
        for seed, guesses in list(zip(piece, near.reshape(len(piece), tried), strict=True))[
            :_SEEDS
        ]:
            for guess in guesses:
                for turn in range(3):
                    grown = _grown(faces[seed], np.roll(triangles[guess], turn), mine, theirs)
                    if grown is None:
                        continue
                    at, to = (np.fromiter(side, np.intp) for side in (grown, grown.values()))
                    # A ball of even rings maps on itself in many ways: the one in place counts.
                    apart = _apart(expected[at], points[to])
                    if apart < least and not np.isin(to, order).any():
                        best, least = (at, to), apart
            if best is not None:
                break
        if best is None:
            return None
        order[best[0]] = best[1]
    loose = np.flatnonzero(order < 0)  # vertices without a face
    free = np.setdiff1d(np.arange(len(points)), order)
    if len(loose) != len(free):
        return None
    order[loose] = free
    return order


def _pieces(faces: npt.NDArray[np.int32], count: int) -> list[npt.NDArray[np.intp]]:
    """Return the faces of each connected piece, the largest piece first."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges, _ = edges_of(faces)
    ones = np.ones(len(edges))
    joined = coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    label = connected_components(joined, directed=False)[1][faces[:, 0]]
    pieces = [np.flatnonzero(label == value) for value in np.unique(label)]
    return sorted(pieces, key=len, reverse=True)


def _way(
    own: npt.NDArray[np.float64],
    points: npt.NDArray[np.float64],
    order: Order,
    vertices: npt.NDArray[np.int32],
) -> npt.NDArray[np.float64]:
    """Return [3], how far what is found already around a piece's `vertices` [N] has moved."""
    found = np.flatnonzero(order >= 0)
    if not len(found):
        return np.zeros(3)
    distance, near = cKDTree(own[found]).query(own[vertices])
    way = points[order[found[near]]] - own[found[near]]
    # A tooth goes with the gums that it stands in, a lash with its lid: the root tells.
    size = float(np.linalg.norm(np.ptp(own[vertices], axis=0)))
    weight = np.exp(-(((distance - distance.min()) / (0.1 * size + 1e-12)) ** 2))
    return np.asarray((weight[:, None] * way).sum(axis=0) / weight.sum())


def _apart(own: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> float:
    """Return how far apart two pieces are in the middle, in sizes of the piece."""
    size = float(np.linalg.norm(np.ptp(own, axis=0)))
    return float(np.median(np.linalg.norm(own - points, axis=1))) / max(size, 1e-12)


def _next_corner(faces: npt.NDArray[np.int32]) -> dict[tuple[int, int], int]:
    """Return for each directed edge of a face its third corner."""
    found = {}
    for a, b, c in faces.tolist():
        found[a, b], found[b, c], found[c, a] = c, a, b
    return found


def _grown(
    seed: npt.NDArray[np.int32],
    corners: npt.NDArray[np.int32],
    mine: dict[tuple[int, int], int],
    theirs: dict[tuple[int, int], int],
) -> dict[int, int] | None:
    """Return own vertex → cache vertex over the piece around `seed`, None on a contradiction."""
    found = dict(zip(seed.tolist(), corners.tolist(), strict=True))
    a, b, c = seed.tolist()
    waiting = deque([(a, b), (b, c), (c, a)])
    done = set()
    while waiting:
        edge = waiting.popleft()
        if edge in done:
            continue
        done.add(edge)
        third = mine.get(edge)
        across = theirs.get((found[edge[0]], found[edge[1]]))
        if (third is None) != (across is None):
            return None
        if third is None or across is None:
            continue
        if found.setdefault(third, across) != across:
            return None
        a, b = edge
        waiting.extend(((a, third), (third, b), (third, a), (b, third), (b, a)))
    if len(set(found.values())) < len(found):
        return None
    return found
