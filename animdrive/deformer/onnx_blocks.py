"""Blocks of morphs as a few batches of equal shape, as runtimes of tensors multiply them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.deformer.sparse_morphs import SparseMorphs

Index = npt.NDArray[np.int32]

_BATCHES = 6
"""Batches that cells are shared out to, by how many morphs they have. More batches have less
padding, but every one is some operators more."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B cells, filled up to E morphs each with a block of zeros."""

    block: Index
    """[B, E] row of the pool."""
    column: Index
    """[B, E] which morph."""
    scale: FloatArray
    """[B, E, 1, 3] metres per unit of x, y, z; negative where x is mirrored."""


def batched(
    blocks: SparseMorphs, vertices: int
) -> tuple[npt.NDArray[Any], list[Batch], npt.NDArray[np.int64]]:
    """Return `blocks` as a pool of equally large blocks, batches of cells, and where vertices are.

    Args:
        blocks: Of morphs on cells.
        vertices: V.

    Returns:
        The pool [P, S, 3] in the numbers of `blocks`, S the largest cell's vertices and the last
        block zeros; the batches; [V] the place of each vertex among the cells of all batches, or
        one behind the last where nothing moves it.
    """
    cells = blocks.cells
    sizes = np.diff(cells.starts)
    counts = np.diff(blocks.entry_starts)
    rows = int(sizes[counts > 0].max())
    cell_of = np.repeat(np.arange(len(cells)), counts)
    # Twins share their blocks: each goes into the pool once.
    offsets, first, number = np.unique(blocks.offset, return_index=True, return_inverse=True)
    pool = np.zeros((len(offsets) + 1, rows, 3), dtype=blocks.data.dtype)
    for row, (offset, entry) in enumerate(zip(offsets, first, strict=True)):
        size = sizes[cell_of[entry]]
        pool[row, :size] = blocks.data[offset : offset + 3 * size].reshape(3, size).T
    batches: list[Batch] = []
    place = np.full(vertices, -1, dtype=np.int64)
    done = 0
    for own in _shared_out(counts):
        most = int(counts[own].max())
        block = np.full((len(own), most), len(offsets), dtype=np.int32)
        column = np.zeros((len(own), most), dtype=np.int32)
        scale = np.zeros((len(own), most, 1, 3), dtype=np.float32)
        for row, cell in enumerate(own):
            run = slice(blocks.entry_starts[cell], blocks.entry_starts[cell + 1])
            filled = counts[cell]
            block[row, :filled] = number[run]
            column[row, :filled] = blocks.column[run]
            scale[row, :filled] = blocks.scale[run, None, None]
            scale[row, :filled, 0, 0] *= np.where(blocks.flip[run], -1, 1)
            inside = cells.vertices[cells.starts[cell] : cells.starts[cell + 1]]
            place[inside] = done + row * rows + np.arange(len(inside))
        done += len(own) * rows
        batches.append(Batch(block, column, scale))
    place[place < 0] = done
    return pool, batches, place


def _shared_out(counts: npt.NDArray[Any]) -> list[npt.NDArray[np.int64]]:
    """Return the cells that have morphs in runs of similar counts, that little padding is needed.

    The cuts that leave the least padding, found by dynamic programming over the sorted counts.
    """
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    tall = counts[order].astype(np.float64)
    n = len(order)
    # cost[k][j]: slots that the first j cells need in k batches, each as tall as its last cell.
    cost = np.full((_BATCHES + 1, n + 1), np.inf)
    cut = np.zeros((_BATCHES + 1, n + 1), dtype=np.int64)
    cost[0, 0] = 0
    for batch in range(1, _BATCHES + 1):
        for stop in range(1, n + 1):
            slots = cost[batch - 1, :stop] + (stop - np.arange(stop)) * tall[stop - 1]
            cut[batch, stop] = int(np.argmin(slots))
            cost[batch, stop] = slots[cut[batch, stop]]
    batch = int(np.argmin(cost[:, n]))
    stop, runs = n, []
    while stop:
        start = int(cut[batch, stop])
        runs.append(order[start:stop])
        stop, batch = start, batch - 1
    return runs[::-1]
