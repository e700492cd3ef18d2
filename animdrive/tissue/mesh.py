"""The tissue as elements: wedges of fat between skin and fascia, on bone or against the mucosa.

The interior is coarse: it uses the skin's level of about 3,000 vertices. Under every such vertex
lies one node of the fascia; skin and fascia triangles enclose wedges, each cut into three
tetrahedra, the same way on both sides of the face. Where skin has mucosa behind it (lips, cheeks)
both surfaces are grown to the middle and tied together there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from animdrive.rig.normals import vertex_normals
from animdrive.rig.surface import Faces, Points, edges_of, smoothstep
from animdrive.rig.topology import SkinTopology
from animdrive.tissue.nearest import nearest_on

MM = 1e-3
Index = npt.NDArray[np.int64]
Field = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TissueMesh:
    """Nodes and elements of the soft tissue at rest. S coarse skin vertices, N = 2 S nodes.

    Node i < S is skin vertex i, node S + i the fascia under it; a fascia node that no element
    uses lies on its skin vertex. Millimetres.
    """

    nodes: Points
    """[N, 3] mm."""
    tets: Index
    """[E, 4]."""
    skin_faces: Faces
    """[F, 3] triangles of the coarse skin that have tissue under them."""
    depth: Field
    """[S] mm from skin to fascia, 0 where there is no tissue."""
    lining: npt.NDArray[np.bool_]
    """[S] whether the vertex belongs to the mucosa rather than to the outer skin."""
    fixed: npt.NDArray[np.bool_]
    """[N] nodes that are not solved for: scalp, lower neck, throat, lid margins, unused fascia."""
    jaw_share: Field
    """[N] how far the bone (or the throat) beneath follows the mandible, 0..1."""
    bone: Field
    """[N] how firmly the fascia sits on bone, 0..1."""
    ties: tuple[Any, Any]
    """Two sparse [K, N] matrices: the points that they give are one and the same tissue."""

    @property
    def skin_count(self) -> int:
        """S."""
        return len(self.nodes) // 2

    def volumes(self, nodes: Points) -> Field:
        """Return [E] mm³, signed, for node positions [N, 3]."""
        a, b, c, d = (nodes[self.tets[:, k]] for k in range(4))
        return np.asarray((np.cross(b - a, c - a) * (d - a)).sum(1) / 6)


def build_mesh(
    skin: Points, topology: SkinTopology, *, depth: Field, jaw_share: Field
) -> TissueMesh:
    """Grow the tissue under `skin`.

    Args:
        skin: [V, 3] metres, the standard level or its first S vertices.
        topology: Its connections.
        depth: [V] metres, how thick the soft tissue over the bone is.
        jaw_share: [V] how far each vertex follows the jaw, 0..1; says which bone lies beneath.
    """
    count = topology.counts[1]
    points = skin[:count].astype(np.float64) / MM
    faces = topology.faces[1]
    normals = vertex_normals(points, faces).astype(np.float64)
    mouth = _behind_ring(topology, faces, count)
    lids = _inner_lids(topology, count)
    lining = mouth >= 1
    used = ~(np.isin(mouth, (3,))[faces].any(1) | lids[faces].any(1))
    still_skin = topology.behind[:count] > 0.62
    used &= ~still_skin[faces].all(1)
    thick = depth[:count].astype(np.float64) / MM
    outer_part = used & ~lining[faces].any(1)
    inner_part = used & lining[faces].any(1)
    half, facing = _half_thickness(points, normals, faces, outer_part, inner_part)
    thick = np.where(facing, np.minimum(thick, half), thick)
    thick = np.where(lining, np.minimum(half, 7.0), thick)
    rim = topology.rings["lips_inner"]
    thick[rim[rim < count]] = 1.6
    thick = np.clip(thick, 0.8, 16.0)
    thick = _smoothed(thick, faces[used], rounds=4)
    # The face that a wedge stands on may be curved more than the wedge is high.
    under = np.zeros(count, dtype=bool)
    under[faces[used]] = True
    inward = -normals * (thick * under)[:, None]
    for axis in range(3):
        inward[:, axis] = _averaged(inward[:, axis], faces[used], rounds=3)
    tets, inward = _wedges(points, inward, faces[used], topology.mirror[:count])
    nodes = np.concatenate([points, points + inward])
    share = jaw_share[:count].astype(np.float64)
    fixed = np.concatenate([still_skin | ~under, ~under | still_skin])
    deep = mouth == 2
    for side in ("left", "right"):
        ring = topology.rings[f"eye_{side}_0"]
        fixed[ring[ring < count]] = True
    fixed[:count][deep] = True
    fixed[count:][deep] = True
    tied = under & facing & ~lining & ~deep
    ties = _ties(nodes, count, faces, np.flatnonzero(tied), inner_part)
    bone = np.zeros(2 * count)
    bone[count:] = np.where(under & ~lining, 1.0, 0.0) * (1 - _softness(facing, faces, count))
    return TissueMesh(
        nodes=nodes,
        tets=tets,
        skin_faces=faces[used],
        depth=np.linalg.norm(inward, axis=1),
        lining=lining,
        fixed=fixed,
        jaw_share=np.concatenate([share, share]),
        bone=bone,
        ties=ties,
    )


def _behind_ring(topology: SkinTopology, faces: Faces, count: int) -> npt.NDArray[np.int64]:
    """Return [S]: 0 outer skin, 1 lips' inside and vestibule, 2 its fornix, 3 beyond."""
    result = np.zeros(count, dtype=np.int64)
    walls = {n: set(r[r < count].tolist()) for n, r in topology.rings.items()}
    follow = _neighbours(faces, count)

    def flood(start: set[int], wall: set[int]) -> set[int]:
        found, queue = set(start), list(start)
        while queue:
            for other in follow[queue.pop()]:
                if other not in found and other not in wall:
                    found.add(other)
                    queue.append(other)
        return found

    beyond = flood(walls["mouth_4"], walls["mouth_3"])
    inside = flood(walls["mouth_1"], walls["lips_inner"] | walls["mouth_3"])
    result[list(inside)] = 1
    result[list(walls["mouth_3"])] = 2
    result[list(beyond)] = 3
    return result


def _inner_lids(topology: SkinTopology, count: int) -> npt.NDArray[np.bool_]:
    inside = np.zeros(count, dtype=bool)
    follow = _neighbours(topology.faces[1], count)
    for side in ("left", "right"):
        margin = topology.rings[f"eye_{side}_0"]
        wall = set(margin[margin < count].tolist())
        queue = [int(v) for v in topology.rings[f"eye_{side}_1"] if v < count]
        found = set(queue)
        while queue:
            for other in follow[queue.pop()]:
                if other not in found and other not in wall:
                    found.add(other)
                    queue.append(other)
        inside[list(found)] = True
    return inside


def _neighbours(faces: Faces, count: int) -> list[set[int]]:
    follow: list[set[int]] = [set() for _ in range(count)]
    for a, b in edges_of(faces)[0].tolist():
        follow[a].add(b)
        follow[b].add(a)
    return follow


def _half_thickness(
    points: Points,
    normals: Points,
    faces: Faces,
    outer_part: npt.NDArray[np.bool_],
    inner_part: npt.NDArray[np.bool_],
) -> tuple[Field, npt.NDArray[np.bool_]]:
    """Return [S] half the way to the facing surface, mm, and whether there is one within 22 mm."""
    half = np.full(len(points), 11.0)
    facing = np.zeros(len(points), dtype=bool)
    outer = np.unique(faces[outer_part])
    inner = np.unique(faces[inner_part])
    for here, there in ((outer, inner), (inner, outer)):
        tree = cKDTree(points[there])
        for vertex in here:
            near = there[tree.query_ball_point(points[vertex], 22.0)]
            way = points[near] - points[vertex]
            length = np.linalg.norm(way, axis=1)
            inward = -(way @ normals[vertex]) / np.maximum(length, 1e-9)
            against = (normals[near] @ normals[vertex]) < 0.2
            seen = (inward > 0.75) & against & (length > 0.3)
            if seen.any():
                half[vertex] = length[seen].min() / 2
                facing[vertex] = True
    return half, facing


def _smoothed(values: Field, faces: Faces, *, rounds: int) -> Field:
    """Ease [S] values; no value grows by more than a quarter."""
    return np.minimum(_averaged(values, faces, rounds=rounds), 1.25 * values)


def _averaged(values: Field, faces: Faces, *, rounds: int) -> Field:
    edges, _ = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    number = np.bincount(both[:, 0], minlength=len(values))
    for _ in range(rounds):
        mean = np.bincount(both[:, 0], values[both[:, 1]], len(values)) / np.maximum(number, 1)
        values = np.where(number > 0, 0.5 * values + 0.5 * mean, values)
    return values


_FLATTEST = 0.2
"""Least volume of a tetrahedron against that of an upright wedge's third; flatter ones are mended
by less depth, and left out where that does not help."""
_THINNEST = 0.6
"""Least depth of the fascia, mm."""


def _wedges(
    points: Points, inward: Points, faces: Faces, mirror: npt.NDArray[np.int32]
) -> tuple[Index, Points]:
    """Return tetrahedra [E, 4] and the ways to the fascia [S, 3], shortened where wedges fold."""
    count = len(points)
    rank = np.minimum(np.arange(count), mirror)
    order = np.argsort(rank[faces], axis=1)
    # The quadrilateral side over edge (i, j) is cut from the lower-ranked vertex's fascia node to
    # the other's skin node, so that neighbours and mirror images agree.
    a, b, c = np.take_along_axis(faces, order, axis=1).astype(np.int64).T
    tets = np.stack(
        [
            np.stack([a, b, c, a + count], 1),
            np.stack([b, c, a + count, b + count], 1),
            np.stack([c, a + count, b + count, c + count], 1),
        ],
        axis=1,
    )  # [F, 3, 4]
    p, q, r = (points[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(q - p, r - p), axis=1) / 2
    # Signs that make an upright wedge's three volumes positive.
    sense = -_parity(order)[:, None]

    def shape(way: Points) -> Field:
        corner = np.concatenate([points, points + way])[tets]
        volume = np.linalg.det(corner[:, :, 1:] - corner[:, :, :1]) / 6 * sense
        high = np.linalg.norm(way, axis=1)[faces].mean(1, keepdims=True)
        return np.asarray(volume / (area[:, None] * high / 3))

    for _ in range(40):
        bad = (shape(inward) < _FLATTEST).any(1)
        if not bad.any():
            break
        length = np.linalg.norm(inward, axis=1)
        less = np.ones(count)
        less[np.unique(faces[bad])] = 0.88
        less = np.minimum(less, less[mirror])
        less = np.maximum(less, np.minimum(1.0, _THINNEST / np.maximum(length, 1e-9)))
        inward = inward * less[:, None]
    good = (shape(inward) > 0.03).ravel()
    flat = tets.reshape(-1, 4)[good]
    corner = np.concatenate([points, points + inward])[flat]
    turned = np.linalg.det(corner[:, 1:] - corner[:, :1]) < 0
    flat[turned] = flat[turned][:, [0, 2, 1, 3]]
    return flat, inward


def _parity(order: npt.NDArray[np.int64]) -> Field:
    """Return [F] +1 where sorting kept the faces' sense of rotation, -1 where it turned it."""
    even = (order[:, 1] - order[:, 0]) % 3 == 1
    return np.where(even, 1.0, -1.0)


_FARTHEST_TIE = 6.0
"""mm between the two halves of lips and cheeks beyond which they are not joined."""


def _ties(
    nodes: Points,
    count: int,
    faces: Faces,
    outer: Index,
    inner_part: npt.NDArray[np.bool_],
) -> tuple[Any, Any]:
    """Tie every fascia node of `outer` to the nearest point of the mucosa's own fascia."""
    triangles = faces[inner_part].astype(np.int64) + count
    corners = nodes[triangles]
    near = cKDTree(corners.mean(1)).query(nodes[count + outer], k=12)[1]
    share, gap = nearest_on(nodes[count + outer][:, None], corners[near])
    best = gap.argmin(1)
    row = np.arange(len(outer))
    close = gap[row, best] <= _FARTHEST_TIE
    face = triangles[near[row, best]][close]
    mine = (count + outer)[close]
    k = len(mine)
    one = sparse.csr_matrix((np.ones(k), (np.arange(k), mine)), shape=(k, len(nodes)))
    other = sparse.csr_matrix(
        (share[row, best][close].ravel(), (np.repeat(np.arange(k), 3), face.ravel())),
        shape=(k, len(nodes)),
    )
    return one, other


def _softness(facing: npt.NDArray[np.bool_], faces: Faces, count: int) -> Field:
    """Return [S] 1 where mucosa rather than bone lies behind, eased over two edges."""
    soft = facing.astype(float)
    edges, _ = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    number = np.bincount(both[:, 0], minlength=count)
    for _ in range(2):
        mean = np.bincount(both[:, 0], soft[both[:, 1]], count) / np.maximum(number, 1)
        soft = np.maximum(soft, mean)
    return np.asarray(smoothstep(0.05, 0.6, soft))
