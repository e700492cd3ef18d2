"""Where the local nets of a deformer live: patches of skin with smooth borders, and their curves.

A patch is a cell of skin grown by a radius over which its influence falls smoothly to nothing; the
masks of all patches add up to one everywhere, so that what each patch learns of its own share adds
up to the whole. A patch listens to the curves that move its skin, and to no other: whatever the
brows do, the chin's net cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.contract.checks import FloatArray
from animdrive.deformer.data import TrainingData
from animdrive.deformer.symmetry import Symmetry

Index = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_ROUNDS = 12
_RIDGE = 1.0
_MAPPED_ROWS = 4000


@dataclass(frozen=True, eq=False)
class Patch:
    """One net's part of the skin. S vertices, C curves."""

    vertices: Index
    """[S] rows of `TrainingData.moving` that it moves."""
    mask: FloatArray
    """[S] 0..1, its share of them."""
    inputs: Bools
    """[C] curves that it listens to."""


def whole_face(data: TrainingData) -> list[Patch]:
    """Return the one patch of the global mode: all of the skin, all of the curves."""
    count = len(data.moving)
    return [
        Patch(np.arange(count), np.ones(count, np.float32), np.ones(len(data.rig.names), np.bool_))
    ]


def cut_patches(
    data: TrainingData,
    symmetry: Symmetry | None,
    *,
    count: int,
    radius_m: float,
    influence_m: float,
    rng: np.random.Generator,
) -> list[Patch]:
    """Return patches over the moving skin; with a `symmetry`, of the left half alone.

    The mirror images of the left half's patches, midline included, are then meant as well: the
    masks of both together add up to one.

    Args:
        data: What is learned from.
        symmetry: Of the rig, or None.
        count: How many; fewer where there is not so much skin.
        radius_m: How far a patch reaches beyond its cell, metres.
        influence_m: A curve counts where it moves skin of the patch by more, metres.
        rng: For the cells.
    """
    places = data.rig.neutral.vertices[data.moving].astype(np.float64)
    partner = None if symmetry is None else partners(data.moving, symmetry)
    half = np.arange(len(places)) if partner is None else np.flatnonzero(places[:, 0] >= -1e-6)
    weight = residual_rms(data)[half].astype(np.float64)
    weight += 0.02 * weight.max()
    cells = _cells(places[half], weight, min(count, len(half)), rng)
    moved = influence(data)
    shares = []
    for cell in range(int(cells.max()) + 1):
        away = cKDTree(places[half[cells == cell]]).query(places)[0]
        inside = np.clip(1 - away / max(radius_m, 1e-9), 0, 1)
        shares.append(inside * inside * (3 - 2 * inside))
    share = np.stack(shares)
    total = share.sum(axis=0)
    if partner is not None:
        total = total + total[partner]
    share /= np.maximum(total, 1e-12)
    patches = []
    for row in share:
        support = np.flatnonzero(row > 1e-4)
        inputs = moved[:, support].max(axis=1) > influence_m
        if len(support) and inputs.any():
            patches.append(Patch(support, row[support].astype(np.float32), inputs))
    return patches


def partners(moving: Index, symmetry: Symmetry) -> Index:
    """Return [M] the row of each moving vertex's partner; `moving` must be symmetric itself."""
    row = np.full(len(symmetry.vertices), -1, dtype=np.int64)
    row[moving] = np.arange(len(moving))
    found: Index = row[symmetry.vertices[moving]]
    return found


def residual_rms(data: TrainingData) -> FloatArray:
    """Return [M] metres, how far the linear rig is off in the frames to learn from."""
    learn = data.rows(held_out=False)
    total = np.zeros(len(data.moving))
    for start in range(0, len(learn), 256):
        total += np.square(data.offsets[learn[start : start + 256]]).sum(axis=(0, 2))
    return np.asarray(np.sqrt(total / len(learn)), dtype=np.float32)


def influence(data: TrainingData) -> FloatArray:
    """Return [C, M] metres: what each curve does to the skin, the rig's share and what is beyond.

    What is beyond the rig is told by a ridge regression of the captured offsets on the curves.
    """
    learn = data.rows(held_out=False)
    learn = learn[:: max(1, len(learn) // _MAPPED_ROWS)]
    curves = data.curves[learn].astype(np.float64)
    solve = np.linalg.solve(curves.T @ curves + _RIDGE * np.eye(curves.shape[1]), curves.T)
    flat = data.offsets[learn].reshape(len(learn), -1)
    beyond = (solve.astype(np.float32) @ flat).reshape(curves.shape[1], -1, 3)
    own = np.linalg.norm(data.rig.deltas[:, data.moving], axis=2)
    return np.asarray(np.maximum(own, np.linalg.norm(beyond, axis=2)), dtype=np.float32)


def _cells(
    places: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
) -> Index:
    """Return the cell of each place, by Lloyd's k-means with weights, without empty cells."""
    centres = places[rng.choice(len(places), count, replace=False, p=weight / weight.sum())]
    cell = np.zeros(len(places), dtype=np.int64)
    for _ in range(_ROUNDS):
        cell = np.asarray(cKDTree(centres).query(places)[1], dtype=np.int64)
        cell = np.asarray(np.unique(cell, return_inverse=True)[1], dtype=np.int64)
        mass = np.bincount(cell, weight)
        centres = np.stack([np.bincount(cell, weight * axis) for axis in places.T], axis=1)
        centres /= mass[:, None]
    return cell
