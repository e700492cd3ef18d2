"""Skin that touches skin, as lips do: there an error of either side shows as a gap or a fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.contract.checks import FloatArray
from animdrive.deformer.data import TrainingData
from animdrive.rig.normals import vertex_normals

Index = npt.NDArray[np.int64]

_FACING = -0.3
"""Cosine between the normals of two vertices that face each other, at most."""
_REACH_M = 6e-3
"""How far apart at rest what may touch can be."""
_NEAR_M = 1.5e-3
"""So far apart, half of an error's weight is left."""
_OPENS_M = 2e-3
"""A slit is what opens by more."""
_MANY = 64
"""Neighbours that are looked at."""


@dataclass(frozen=True, eq=False)
class Contacts:
    """Vertices that face each other across a slit, and when they are near. P pairs, F frames."""

    first: Index
    """[P] rows of `TrainingData.moving`."""
    second: Index
    """[P] rows of `TrainingData.moving`."""
    near: FloatArray
    """[F, P] 0..1, how near they are in each frame to learn from: 1 where they touch."""


def contacts_of(data: TrainingData, *, most: int, rng: np.random.Generator) -> Contacts | None:
    """Return what may touch in `data`; None where nothing does.

    Args:
        data: Frames.
        most: Pairs, at most.
        rng: Chooses them.
    """
    rest, moving = data.rig.neutral, data.moving
    places = rest.vertices[moving].astype(np.float64)
    normals = vertex_normals(rest.vertices, rest.faces)[moving].astype(np.float64)
    pairs = _facing(places, normals)
    if not len(pairs):
        return None
    rows = data.rows(held_out=False)
    near = np.zeros((len(rows), len(pairs)), dtype=np.float32)
    ends = moving[pairs]
    flat = (data.rig.deltas[:, ends[:, 0]] - data.rig.deltas[:, ends[:, 1]]).reshape(
        len(data.rig.names), -1
    )
    apart = rest.vertices[ends[:, 0]] - rest.vertices[ends[:, 1]]
    for start in range(0, len(rows), 512):
        run = rows[start : start + 512]
        gap = apart + (data.curves[run] @ flat).reshape(len(run), -1, 3)
        gap += data.offsets[run][:, pairs[:, 0]] - data.offsets[run][:, pairs[:, 1]]
        near[start : start + 512] = np.linalg.norm(gap, axis=2)
    opens = (near.max(axis=0) - near.min(axis=0) > _OPENS_M) & (near.min(axis=0) < _NEAR_M)
    if not opens.any():
        return None
    chosen = np.flatnonzero(opens)
    if len(chosen) > most:
        chosen = np.sort(rng.choice(chosen, size=most, replace=False))
    pairs, near = pairs[chosen], near[:, chosen]
    return Contacts(pairs[:, 0], pairs[:, 1], 1 / (1 + np.square(near / _NEAR_M)))


def _facing(places: npt.NDArray[np.float64], normals: npt.NDArray[np.float64]) -> Index:
    """Return [P, 2] each vertex with the nearest one that faces it."""
    tree = cKDTree(places)
    distance, other = tree.query(places, k=min(_MANY, len(places)), distance_upper_bound=_REACH_M)
    there = np.isfinite(distance)
    other = np.where(there, other, 0)
    way = places[other] - places[:, None]
    opposed = np.einsum("vd,vkd->vk", normals, normals[other]) < _FACING
    ahead = np.einsum("vd,vkd->vk", normals, way) > -0.2e-3
    fits = there & opposed & ahead
    best = np.argmax(fits, axis=1)
    found = np.flatnonzero(fits[np.arange(len(fits)), best])
    pairs = np.stack([found, other[found, best[found]]], axis=1)
    result: Index = np.unique(np.sort(pairs, axis=1), axis=0)
    return result
