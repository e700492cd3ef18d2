"""What is rough about skin: each vertex less the mean of its neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from animdrive.rig.surface import edges_of


def umbrella(
    faces: npt.NDArray[np.int32], own: npt.NDArray[Any], vertices: int
) -> sparse.csr_matrix:
    """Return the umbrella Laplacian [S, S] of the vertices `own` [S], by edges among themselves.

    Taubin (1995), "A signal processing approach to fair surface design", section 2. Vertices
    without such an edge have a row of zeros.

    Args:
        faces: [F, 3] of the whole mesh.
        own: [S] its part.
        vertices: V of the whole mesh.
    """
    row = np.full(vertices, -1, dtype=np.int64)
    row[own] = np.arange(len(own))
    inside = row[faces]
    ends = edges_of(inside[(inside >= 0).all(axis=1)])[0]
    n = len(own)
    near = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n))
    near = (near + near.T).tocsr()
    degree = np.asarray(near.sum(axis=1)).ravel()
    mean = sparse.diags(1 / np.maximum(degree, 1)) @ near
    return (sparse.diags((degree > 0).astype(float)) - mean).tocsr()
