"""Which vertices lie beside each other on a skin of which only frames are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.contract.capture import BoolArray
from animdrive.contract.checks import FloatArray, IntArray

Index = npt.NDArray[np.intp]

_SAMPLES = 9
_STRETCH = 1.6
_SLACK_M = 1e-3
"""Neighbours whose distance grows beyond `_STRETCH` times and this lie on two lips or lids."""


def neighbours(skin: FloatArray, missing: BoolArray | None, *, count: int = 8) -> Index:
    """Return [V, count], the nearest vertices of each, nearest first.

    Nearest in a frame that shows much and is no outlier. Those that come apart in the course of the
    take, as upper and lower lip do, are no neighbours: the vertex itself stands in their place.

    Args:
        skin: [N, V, 3] metres.
        missing: [N, V] where nothing was seen, or None.
        count: How many, fewer where there are fewer vertices.
    """
    from scipy.spatial import cKDTree

    frames, vertices = skin.shape[:2]
    picked = np.unique(np.linspace(0, frames - 1, _SAMPLES).round().astype(np.intp))
    lost = np.zeros(len(picked)) if missing is None else missing[picked].mean(axis=1)
    few = skin[picked]
    away = np.median(np.abs(few - np.median(few, axis=0)), axis=(1, 2))
    shape = few[int(np.lexsort((away, lost))[0])]
    count = min(count, vertices - 1)
    if count < 1:
        return np.zeros((vertices, 0), dtype=np.intp)
    near = np.asarray(cKDTree(shape).query(shape, k=count + 1)[1], dtype=np.intp)
    itself = np.arange(vertices)[:, None]
    # Of vertices in the same place the tree may name another one first.
    first = np.argsort(near != itself, axis=1, kind="stable")
    near = np.take_along_axis(near, first, axis=1)[:, 1:]
    there = np.linalg.norm(shape[near] - shape[:, None], axis=2)
    lengths = np.stack([np.linalg.norm(frame[near] - frame[:, None], axis=2) for frame in few])
    # The second longest, for a spike must not part neighbours.
    longest = np.sort(lengths, axis=0)[-2 if len(few) > 4 else -1]
    return np.where(longest > _STRETCH * there + _SLACK_M, itself, near)


def connected(faces: IntArray, vertices: int, *, count: int = 8) -> Index:
    """Return [V, count], the vertices that share an edge with each; itself where there are fewer.

    Args:
        faces: [F, 3] connections.
        vertices: V.
        count: How many at most; edges beyond are left out.
    """
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.intp)
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    edges = edges[edges[:, 0] != edges[:, 1]]
    start = np.searchsorted(edges[:, 0], np.arange(vertices))
    rank = np.arange(len(edges)) - start[edges[:, 0]]
    edges, rank = edges[rank < count], rank[rank < count]
    beside = np.repeat(np.arange(vertices)[:, None], count, axis=1)
    beside[edges[:, 0], rank] = edges[:, 1]
    return beside
