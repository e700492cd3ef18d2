"""Places in the tissue as blends of its nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from animdrive.tissue.mesh import TissueMesh
from animdrive.tissue.nearest import nearest_on

Points = npt.NDArray[np.float64]


def embedded(mesh: TissueMesh, points: Points) -> Any:
    """Return the sparse [P, N] blend of nodes that stands for `points` [P, 3] mm.

    A point is taken to the nearest place of skin or mucosa that has it beneath, and down the column
    of tissue there, to its own depth or, where it lies deeper than the fascia, to the fascia.
    """
    faces = mesh.skin_faces.astype(np.int64)
    corner = mesh.nodes[faces]
    near = cKDTree(corner.mean(1)).query(points, k=24)[1]
    weights, distance = nearest_on(points[:, None], corner[near])
    # A place that lies outside a triangle's tissue belongs to another's: the other lip's, say.
    a, b, c = (corner[near][..., k, :] for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
    outside = ((points[:, None] - a) * normal).sum(-1)
    distance = distance + np.where(outside > 0.3, 50.0, 0.0)
    # Points are looked for through the tissue: from the fascia's side as well as from the skin's.
    low = mesh.nodes[faces + mesh.skin_count]
    below, away = nearest_on(points[:, None], low[near])
    best = (distance + away).argmin(1)
    row = np.arange(len(points))
    up, down = distance[row, best], away[row, best]
    share = up / np.maximum(up + down, 1e-9)
    # Deeper than the fascia: as far from it as from the skin in excess of the column's height.
    height = (weights[row, best][:, :, None] * (corner - low)[near[row, best]]).sum(1)
    deep = up > np.linalg.norm(height, axis=1)
    share = np.where(deep, 1.0, np.clip(share, 0, 1))
    face = faces[near[row, best]]
    blend = (1 - share)[:, None] * weights[row, best] + share[:, None] * below[row, best]
    columns = np.concatenate([face, face + mesh.skin_count], axis=1)
    values = np.concatenate([blend * (1 - share)[:, None], blend * share[:, None]], axis=1)
    rows = np.repeat(row, 6)
    return sparse.csr_matrix(
        (values.ravel(), (rows, columns.ravel())), shape=(len(points), len(mesh.nodes))
    )
