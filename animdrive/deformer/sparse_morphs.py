"""Morph targets as small blocks of 8-bit numbers: what a deformer stores and multiplies.

Skin is cut into cells of neighbouring vertices. A morph target is stored only for cells that it
moves, as a block of x, then y, then z of the cell's vertices, with a scale of its own. So small
motion far from a target's centre is as finely resolved as the centre, and still skin costs nothing.
Where a face is symmetric, the block of a target on a cell serves its twin on the mirrored cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.errors import WeightsError

Index = npt.NDArray[np.int32]
Array = npt.NDArray[Any]

CELL = 128
"""Vertices of a cell, at most; most have this many or half of it, which fills vector registers."""
STORAGE: dict[str, Any] = {
    "int8": np.int8,
    "int16": np.int16,
    "fp16": np.float16,
    "fp32": np.float32,
}
"""How offsets can be stored."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Skin in cells of neighbours. M vertices in K cells."""

    vertices: Index
    """[M] cell after cell."""
    starts: Index
    """[K + 1] where each cell begins in `vertices`."""

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, eq=False)
class SparseMorphs:
    """Blocks of offsets, sorted by cell. E entries: a morph on a cell; B numbers."""

    cells: Cells
    """Where."""
    column: Index
    """[E] which morph, sorted within a cell."""
    entry_starts: Index
    """[K + 1] where the entries of each cell begin."""
    offset: npt.NDArray[np.int64]
    """[E] where the entry's block begins in `data`."""
    scale: FloatArray
    """[E] metres per unit of `data`."""
    flip: npt.NDArray[np.bool_]
    """[E] whether the block's x has the other sign: it is the mirrored cell's."""
    data: Array
    """[B] int8, float16 or float32."""

    def check(self, vertices: int) -> None:
        """Raise WeightsError where anything points outside: compiled code trusts that it does not.

        Args:
            vertices: V.
        """
        cells, starts = self.cells, self.entry_starts.astype(np.int64)
        flat = (
            cells.vertices,
            cells.starts,
            starts,
            self.column,
            self.offset,
            self.scale,
            self.flip,
        )
        # In 64 bits: a difference of two 32-bit numbers may come round to a harmless one.
        sizes = np.diff(cells.starts.astype(np.int64))
        fits = (
            all(array.ndim == 1 for array in flat)
            and len(cells.vertices) > 0
            and len(cells.starts) > 0
            and 0 <= cells.vertices.min() <= cells.vertices.max() < vertices
            and cells.starts[0] == 0
            and cells.starts[-1] == len(cells.vertices)
            and (sizes > 0).all()
            and (sizes <= CELL).all()
            and len(starts) == len(cells) + 1
            and starts[0] == 0
            and (np.diff(starts) >= 0).all()
            and starts[-1]
            == len(self.column)
            == len(self.offset)
            == len(self.scale)
            == len(self.flip)
            and self.data.ndim == 1
            and self.data.dtype in STORAGE.values()
            and (self.column >= 0).all()
        )
        if fits:
            cell = np.repeat(np.arange(len(cells)), np.diff(starts))
            last = len(self.data) - 3 * sizes[cell]
            fits = bool((self.offset >= 0).all() and (self.offset <= last).all())
        if not fits or not np.isfinite(self.scale).all():
            raise WeightsError("The blocks of the model do not hold together. Train it anew.")

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (self.column, self.offset, self.scale, self.flip, self.data)
        where = (self.cells.vertices, self.cells.starts, self.entry_starts)
        return int(sum(array.nbytes for array in (*arrays, *where)))

    def dense(self, count: int, vertices: int) -> FloatArray:
        """Return [count, V, 3] metres."""
        out = np.zeros((count, vertices, 3), dtype=np.float32)
        data = np.asarray(self.data)  # slices of a mapped file are slow
        for cell in range(len(self.cells)):
            own = self.cells.vertices[self.cells.starts[cell] : self.cells.starts[cell + 1]]
            for entry in range(self.entry_starts[cell], self.entry_starts[cell + 1]):
                if self.column[entry] < count:
                    begin = self.offset[entry]
                    block = data[begin : begin + 3 * len(own)].astype(np.float32)
                    block *= self.scale[entry]
                    if self.flip[entry]:
                        block[: len(own)] *= -1
                    out[self.column[entry], own] = block.reshape(3, -1).T
        return out

    def kept(self, columns: npt.NDArray[np.bool_]) -> SparseMorphs:
        """Return the morphs of `columns` alone, numbered anew; `data` is shared."""
        new = np.cumsum(columns) - 1
        keep = columns[self.column]
        counts = np.add.reduceat(np.r_[keep, False].astype(np.int64), self.entry_starts[:-1])
        counts[np.diff(self.entry_starts) == 0] = 0
        return replace(
            self,
            column=new[self.column[keep]].astype(np.int32),
            entry_starts=np.r_[0, np.cumsum(counts)].astype(np.int32),
            offset=self.offset[keep],
            scale=self.scale[keep],
            flip=self.flip[keep],
        )


def cut_cells(places: npt.NDArray[np.float64], vertices: Index, partner: Index | None) -> Cells:
    """Return `vertices` [M] in cells, cut across the longest side until small.

    With a `partner` [V] of each vertex, cells come as the left ones, those of the midline, and the
    mirror images of the left ones in the same order.

    Args:
        places: [V, 3] at rest.
        vertices: [M] what to cut.
        partner: [V] or None.
    """
    if partner is None:
        return _joined(_halved(places, vertices))
    middle = vertices[partner[vertices] == vertices]
    left = vertices[(partner[vertices] != vertices) & (places[vertices, 0] > 0)]
    # Twins that lie on the midline, one upon the other: either may be called left.
    doubtful = vertices[(partner[vertices] != vertices) & (places[vertices, 0] == 0)]
    left = np.r_[left, doubtful[doubtful < partner[doubtful]]]
    lefts = _halved(places, left) if len(left) else []
    middles = _halved(places, middle) if len(middle) else []
    return _joined([*lefts, *middles, *[partner[cell] for cell in lefts]])


def mirrored_cells(cells: Cells, partner: Index) -> Index:
    """Return [K] the mirror image of each cell that `cut_cells` made with a `partner`."""
    first = {int(cells.vertices[start]): k for k, start in enumerate(cells.starts[:-1])}
    return np.array(
        [first[int(partner[cells.vertices[start]])] for start in cells.starts[:-1]], dtype=np.int32
    )


def _halved(places: npt.NDArray[np.float64], vertices: Index) -> list[Index]:
    if len(vertices) <= CELL:
        return [np.sort(vertices).astype(np.int32)]
    own = places[vertices]
    axis = int(np.argmax(np.ptp(own, axis=0)))
    order = vertices[np.argsort(own[:, axis], kind="stable")]
    half = CELL // 2
    middle = max(half, round(len(order) / 2 / half) * half)
    return [*_halved(places, order[:middle]), *_halved(places, order[middle:])]


def _joined(cells: list[Index]) -> Cells:
    sizes = [len(cell) for cell in cells]
    joined = np.concatenate(cells) if cells else np.zeros(0)
    return Cells(joined.astype(np.int32), np.r_[0, np.cumsum(sizes)].astype(np.int32))


@dataclass(frozen=True, eq=False)
class DenseMorphs:
    """Morph targets that share one support. N targets, S vertices."""

    columns: Index
    """[N] their numbers."""
    vertices: Index
    """[S] what they move."""
    offsets: FloatArray
    """[N, S, 3] metres per unit of their weight."""
    most: FloatArray
    """[N] largest weight that they get, to tell what may be left out."""


def sparse_morphs(
    groups: list[DenseMorphs],
    cells: Cells,
    vertices: int,
    *,
    storage: str,
    least_m: float,
) -> SparseMorphs:
    """Return morph targets as blocks.

    Args:
        groups: Targets with their supports.
        cells: Over all that any of them moves.
        vertices: V.
        storage: A name of `STORAGE`.
        least_m: A block that never moves a vertex by as much is left out, metres.
    """
    cell_of = np.full(vertices, -1, dtype=np.int64)
    place = np.zeros(vertices, dtype=np.int64)
    for cell, (start, stop) in enumerate(zip(cells.starts[:-1], cells.starts[1:], strict=True)):
        cell_of[cells.vertices[start:stop]] = cell
        place[cells.vertices[start:stop]] = np.arange(stop - start)
    found: list[tuple[int, int, float, Array]] = []
    for group in groups:
        where = cell_of[group.vertices]
        for cell in np.unique(where[where >= 0]):
            own = np.flatnonzero(where == cell)
            size = int(cells.starts[cell + 1] - cells.starts[cell])
            block = np.zeros((len(group.columns), 3, size), dtype=np.float32)
            block[:, :, place[group.vertices[own]]] = group.offsets[:, own].transpose(0, 2, 1)
            reach = np.abs(block).max(axis=(1, 2))
            for row in np.flatnonzero(reach * group.most > least_m):
                data, scale = _stored(block[row].reshape(-1), storage)
                found.append((int(cell), int(group.columns[row]), scale, data))
    found.sort(key=lambda entry: entry[:2])
    counts = np.bincount([entry[0] for entry in found], minlength=len(cells))
    sizes = [len(entry[3]) for entry in found]
    return SparseMorphs(
        cells=cells,
        column=np.array([entry[1] for entry in found], dtype=np.int32),
        entry_starts=np.r_[0, np.cumsum(counts)].astype(np.int32),
        offset=np.r_[0, np.cumsum(sizes)][: len(found)].astype(np.int64),
        scale=np.array([entry[2] for entry in found], dtype=np.float32),
        flip=np.zeros(len(found), dtype=np.bool_),
        data=np.concatenate([entry[3] for entry in found])
        if found
        else np.zeros(0, STORAGE[storage]),
    )


def with_twins(morphs: SparseMorphs, mirrored: Index, count: int) -> SparseMorphs:
    """Return `morphs` and, as columns `count`..., their mirror images; blocks are shared.

    Args:
        morphs: Of columns below `count`.
        mirrored: [K] see `mirrored_cells`.
        count: Of columns.
    """
    cell = np.repeat(np.arange(len(morphs.cells)), np.diff(morphs.entry_starts))
    cells = np.r_[cell, mirrored[cell]]
    columns = np.r_[morphs.column, morphs.column + count].astype(np.int32)
    order = np.lexsort((columns, cells))
    counts = np.bincount(cells, minlength=len(morphs.cells))
    return replace(
        morphs,
        column=columns[order],
        entry_starts=np.r_[0, np.cumsum(counts)].astype(np.int32),
        offset=np.r_[morphs.offset, morphs.offset][order],
        scale=np.r_[morphs.scale, morphs.scale][order],
        flip=np.r_[morphs.flip, ~morphs.flip][order],
    )


def _stored(block: FloatArray, storage: str) -> tuple[Array, float]:
    if storage == "fp32":
        return block, 1.0
    most = float(np.abs(block).max())
    if storage == "fp16":
        return (block / most).astype(np.float16), most
    scale = most / np.iinfo(STORAGE[storage]).max
    return np.rint(block / scale).astype(STORAGE[storage]), scale
