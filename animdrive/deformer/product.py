"""The fused product: rest plus rig plus learned morphs, cell by cell, in one pass over memory.

A cell's blocks are decoded and added up in a buffer that stays in the nearest cache, and each
vertex is written once. Curves and weights at rest cost nothing: their blocks are not even read.
Compiled by numba once for a machine, kept between runs.
"""

from __future__ import annotations

import numba
import numpy as np

from animdrive.contract.checks import FloatArray
from animdrive.deformer.sparse_morphs import Array, Index, SparseMorphs

_UNSEEN_M = 5e-7
"""What moves no vertex by as much is not added; twenty of them are a hundredth of a mm."""
_STEPS = {"int8": 127.0, "int16": 32767.0, "float16": 1.0, "float32": 1.0}
"""Largest number in a block."""
_FEW = 4
"""Frames up to which blocks are decoded per frame, not once for all."""
_CHUNK = 32
"""Frames whose skin stays in the cache while cell after cell is added."""

_compiled = numba.njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
# Written into its caller: as a function of its own it would count references to every slice.
_inlined = numba.njit(fastmath=True, nogil=True, error_model="numpy", inline="always")


class FusedProduct:
    """Skin of the weights of rig and learned morphs, which share their cells."""

    def __init__(self, rest: FloatArray, rig: SparseMorphs, learned: SparseMorphs) -> None:
        """Prepare.

        Args:
            rest: [V, 3] metres.
            rig: Blocks of the rig's shapes.
            learned: Blocks of the learned morphs, on the same cells.

        Raises:
            WeightsError: a block or a vertex lies outside.
        """
        for blocks in (rig, learned):
            blocks.check(len(rest))
        self._rest = np.ascontiguousarray(rest)
        self._sets = (rig, learned)

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return int(self._rest.nbytes + sum(blocks.nbytes for blocks in self._sets))

    def __call__(self, curves: FloatArray, weights: FloatArray) -> FloatArray:
        """Return [T, V, 3] metres of `curves` [T, C] and learned `weights` [T, K]."""
        out = np.empty((len(curves), *self._rest.shape), dtype=np.float32)
        out[:] = self._rest
        step = _add_each if len(curves) <= _FEW else _add_all
        cells = self._sets[0].cells
        given = [np.ascontiguousarray(curves), np.ascontiguousarray(weights)]
        for start in range(0, len(curves), _CHUNK):
            run = slice(start, start + _CHUNK)
            step(
                out[run],
                cells.vertices,
                cells.starts,
                given[0][run],
                *_plain(self._sets[0]),
                given[1][run],
                *_plain(self._sets[1]),
            )
        return out


def _plain(blocks: SparseMorphs) -> tuple[Index, Index, Array, FloatArray, Array, Array, float]:
    least = _UNSEEN_M / _STEPS[blocks.data.dtype.name]
    return (
        blocks.column, blocks.entry_starts, blocks.offset, blocks.scale, blocks.flip, blocks.data,
        least,
    )  # fmt: skip


@_compiled
def _largest(starts: Index) -> int:
    """Return the largest step in `starts`."""
    most = 0
    for k in range(len(starts) - 1):
        most = max(most, starts[k + 1] - starts[k])
    return most


@_inlined
def _add_up(
    total: FloatArray,
    own: FloatArray,
    begin: int,
    end: int,
    column: Index,
    offset: Array,
    scale: FloatArray,
    flip: Array,
    data: Array,
    least: float,
    at: Array,
    across: FloatArray,
    along: FloatArray,
) -> bool:
    """Add the entries `begin`..`end` times the weights `own` to a cell's `total` [3 n]."""
    size = len(total) // 3
    tiny = np.float32(least)
    count = 0
    for entry in range(begin, end):
        weight = own[column[entry]] * scale[entry]
        if abs(weight) > tiny:
            at[count] = offset[entry]
            along[count] = weight
            across[count] = -weight if flip[entry] else weight
            count += 1
    for k in range(
        count, count + 3 if count else 0
    ):  # filled up to four by entries that weigh nothing
        at[k], along[k], across[k] = at[0], np.float32(0), np.float32(0)
    for k in range(0, count, 4):
        # Four at a time: the sums go through the registers once for four blocks.
        one, two = data[at[k] : at[k] + 3 * size], data[at[k + 1] : at[k + 1] + 3 * size]
        three = data[at[k + 2] : at[k + 2] + 3 * size]
        four = data[at[k + 3] : at[k + 3] + 3 * size]
        a, b, c, d = across[k], across[k + 1], across[k + 2], across[k + 3]
        for i in range(size):
            total[i] += (
                a * np.float32(one[i]) + b * np.float32(two[i])
                + c * np.float32(three[i]) + d * np.float32(four[i])
            )  # fmt: skip
        a, b, c, d = along[k], along[k + 1], along[k + 2], along[k + 3]
        for i in range(size, 3 * size):
            total[i] += (
                a * np.float32(one[i]) + b * np.float32(two[i])
                + c * np.float32(three[i]) + d * np.float32(four[i])
            )  # fmt: skip
    return count > 0


@_compiled
def _add_each(
    out: FloatArray,
    vertices: Index,
    starts: Index,
    curves: FloatArray,
    column: Index,
    entry_starts: Index,
    offset: Array,
    scale: FloatArray,
    flip: Array,
    data: Array,
    least: float,
    weights: FloatArray,
    column2: Index,
    entry_starts2: Index,
    offset2: Array,
    scale2: FloatArray,
    flip2: Array,
    data2: Array,
    least2: float,
) -> None:
    """Add to `out` [T, V, 3], one frame after the other."""
    most = max(_largest(entry_starts), _largest(entry_starts2))
    at = np.zeros(most + 4, dtype=np.int64)
    across = np.zeros(most + 4, dtype=np.float32)
    along = np.zeros(most + 4, dtype=np.float32)
    sums = np.zeros(3 * _largest(starts), dtype=np.float32)
    for frame in range(out.shape[0]):
        skin = out[frame]
        for cell in range(len(starts) - 1):
            first, size = starts[cell], starts[cell + 1] - starts[cell]
            total = sums[: 3 * size]
            total[:] = np.float32(0)
            moved = _add_up(
                total, curves[frame], entry_starts[cell], entry_starts[cell + 1],
                column, offset, scale, flip, data, least, at, across, along,
            )  # fmt: skip
            moved |= _add_up(
                total, weights[frame], entry_starts2[cell], entry_starts2[cell + 1],
                column2, offset2, scale2, flip2, data2, least2, at, across, along,
            )  # fmt: skip
            if moved:
                for i in range(size):
                    vertex = vertices[first + i]
                    skin[vertex, 0] += total[i]
                    skin[vertex, 1] += total[size + i]
                    skin[vertex, 2] += total[2 * size + i]


@_inlined
def _decode(
    decoded: FloatArray,
    own: FloatArray,
    count: int,
    size: int,
    weights: FloatArray,
    begin: int,
    end: int,
    column: Index,
    offset: Array,
    scale: FloatArray,
    flip: Array,
    data: Array,
    least: float,
) -> int:
    """Put blocks that some frame needs, as floats, behind the `count` that are there."""
    for entry in range(begin, end):
        largest = np.float32(0)
        for frame in range(len(weights)):
            value = weights[frame, column[entry]]
            own[frame, count] = value
            largest = max(largest, abs(value))
        unit = scale[entry]
        if largest * unit <= np.float32(least):
            continue
        row = decoded[count]
        block = data[offset[entry] : offset[entry] + 3 * size]
        across = -unit if flip[entry] else unit
        for i in range(size):
            row[i] = across * np.float32(block[i])
        for i in range(size, 3 * size):
            row[i] = unit * np.float32(block[i])
        count += 1
    return count


@_compiled
def _add_all(
    out: FloatArray,
    vertices: Index,
    starts: Index,
    curves: FloatArray,
    column: Index,
    entry_starts: Index,
    offset: Array,
    scale: FloatArray,
    flip: Array,
    data: Array,
    least: float,
    weights: FloatArray,
    column2: Index,
    entry_starts2: Index,
    offset2: Array,
    scale2: FloatArray,
    flip2: Array,
    data2: Array,
    least2: float,
) -> None:
    """Add to `out` [T, V, 3], a cell of all frames at a time: a small matrix product."""
    frames = out.shape[0]
    most = _largest(entry_starts) + _largest(entry_starts2)
    decoded = np.empty((most + 1, 3 * _largest(starts)), dtype=np.float32)
    own = np.empty((frames, most + 1), dtype=np.float32)
    # Sums of all cells one behind the other, so that each frame's skin is scattered at one go.
    sums = np.zeros((frames, 3 * len(vertices)), dtype=np.float32)
    for cell in range(len(starts) - 1):
        first, size = starts[cell], starts[cell + 1] - starts[cell]
        count = _decode(
            decoded, own, 0, size, curves, entry_starts[cell], entry_starts[cell + 1],
            column, offset, scale, flip, data, least,
        )  # fmt: skip
        count = _decode(
            decoded, own, count, size, weights, entry_starts2[cell], entry_starts2[cell + 1],
            column2, offset2, scale2, flip2, data2, least2,
        )  # fmt: skip
        if count:
            sums[:, 3 * first : 3 * (first + size)] = np.dot(
                np.ascontiguousarray(own[:, :count]),
                np.ascontiguousarray(decoded[:count, : 3 * size]),
            )
    for frame in range(frames):
        skin, row = out[frame], sums[frame]
        for cell in range(len(starts) - 1):
            first, size = starts[cell], starts[cell + 1] - starts[cell]
            total = row[3 * first : 3 * (first + size)]
            for i in range(size):
                vertex = vertices[first + i]
                skin[vertex, 0] += total[i]
                skin[vertex, 1] += total[size + i]
                skin[vertex, 2] += total[2 * size + i]
