"""Filling what a scanner did not see, from what lies around it and what it saw before and after."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.capture.neighbours import Index
from animdrive.contract.capture import BoolArray
from animdrive.contract.checks import FloatArray

Times = npt.NDArray[np.float64]

_PULL = 1e-3
"""Weight of where a vertex would be in time alone, against that of an edge."""


def filled(skin: FloatArray, missing: BoolArray, times_s: Times, beside: Index) -> FloatArray:
    """Return `skin` with new places for the vertices in `missing`; all others as they are.

    Every edge between neighbours is wanted as it was when both its ends were last seen, passing
    over to how it is when they are next seen; a Poisson problem per frame (Yu et al. 2004, Mesh
    editing with Poisson-based gradient field manipulation) with the vertices around the hole as
    its rim puts the edges together. So a hole keeps its shape, and goes along with its rim.

    Args:
        skin: [N, V, 3] metres.
        missing: [N, V] what to fill.
        times_s: [N] seconds.
        beside: [V, K] neighbours; a vertex itself is none.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import spsolve

    out = skin.copy()
    gone = np.flatnonzero(missing.any(axis=0))
    if not len(gone):
        return out
    inner = np.repeat(gone, beside.shape[1])
    outer = beside[gone].ravel()
    inner, outer = inner[inner != outer], outer[inner != outer]
    edge_before, edge_after = _seen(~(missing[:, inner] | missing[:, outer]))
    own_before, own_after = _seen(~missing[:, gone])
    place = np.full(skin.shape[1], -1, dtype=np.intp)
    for frame in np.flatnonzero(missing.any(axis=1)):
        here = missing[frame, gone]
        holes = gone[here]
        place[:] = -1
        place[holes] = np.arange(len(holes))
        expected, known = _between(skin, frame, own_before, own_after, times_s, gone)
        expected = np.where(known[:, None], expected, skin[frame, gone])[here]
        used = np.flatnonzero(place[inner] >= 0)
        head, known_head = _between(skin, frame, edge_before, edge_after, times_s, inner, used)
        tail, _ = _between(skin, frame, edge_before, edge_after, times_s, outer, used)
        used, wanted = used[known_head], (head - tail)[known_head]
        row, column = place[inner[used]], place[outer[used]]
        rim = column < 0
        right = np.zeros((len(holes), 3))
        np.add.at(right, row, wanted)
        np.add.at(right, row[rim], out[frame, outer[used[rim]]].astype(np.float64))
        diagonal = np.bincount(row, minlength=len(holes)) + _PULL
        right += _PULL * expected
        rows = np.concatenate([np.arange(len(holes)), row[~rim]])
        columns = np.concatenate([np.arange(len(holes)), column[~rim]])
        values = np.concatenate([diagonal, -np.ones(int((~rim).sum()))])
        system = csr_matrix((values, (rows, columns)), shape=(len(holes), len(holes))).tocsc()
        for axis in range(3):
            out[frame, holes, axis] = spsolve(system, right[:, axis])
    return out


def held(skin: npt.NDArray[np.float32], missing: BoolArray, rest: FloatArray | None) -> FloatArray:
    """Return `skin` [N, V, 3] in which missing vertices are where they were last seen.

    Before they are first seen they are where that will be; where they never are, at `rest` [V, 3],
    or in the middle of the frame.
    """
    out = np.array(skin, dtype=np.float32)
    before, after = _seen(~missing)
    from_frame = np.where(before >= 0, before, after)
    for frame in np.flatnonzero(missing.any(axis=1)):
        gone = np.flatnonzero(missing[frame])
        source = from_frame[frame, gone]
        once = source >= 0
        out[frame, gone[once]] = skin[source[once], gone[once]]
        never = gone[~once]
        seen = ~missing[frame]
        out[frame, never] = skin[frame, seen].mean(axis=0) if rest is None else rest[never]
    return out


def _seen(seen: BoolArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return [N, E] the last frame up to each and the first one from each that is seen, or -1."""
    frames = len(seen)
    number = np.arange(frames, dtype=np.int32)[:, None]
    before = np.maximum.accumulate(np.where(seen, number, -1), axis=0)
    after = np.minimum.accumulate(np.where(seen, number, frames)[::-1], axis=0)[::-1]
    return before.astype(np.int32), np.where(after == frames, -1, after).astype(np.int32)


def _between(
    skin: FloatArray,
    frame: int,
    before: npt.NDArray[np.int32],
    after: npt.NDArray[np.int32],
    times_s: Times,
    vertices: Index,
    used: Index | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return [E, 3] where `vertices` [E] are between the frames that know them, and if any does."""
    some = slice(None) if used is None else used
    first, last, at = before[frame][some], after[frame][some], vertices[some]
    known = (first >= 0) | (last >= 0)
    a, b = np.where(first >= 0, first, last), np.where(last >= 0, last, first)
    span = times_s[b] - times_s[a]
    share = np.where(span > 0, (times_s[frame] - times_s[a]) / np.where(span > 0, span, 1), 0.0)
    start, end = skin[a, at].astype(np.float64), skin[b, at].astype(np.float64)
    return start + share[:, None] * (end - start), known
