"""The best way through a graph of states, by dynamic programming (Viterbi 1967)."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

NEVER = np.float32(-1e30)
"""Logarithm of a probability of zero."""


@numba.njit(cache=True)
def best_path(
    emissions: Floats, stay: Floats, before: Ints, step: Floats, start: Floats, final: Floats
) -> tuple[Ints, float]:
    """Return [T] the state of each frame on the best path, and its logarithm.

    Args:
        emissions: [T, S] logarithms of how well each state explains each frame. T is 1 or more.
        stay: [S] logarithm of staying in a state.
        before: [S, K] states that lead to it, other than itself; -1 fills the rest of a row.
        step: [S, K] logarithm of coming from each.
        start: [S] logarithm of beginning in it.
        final: [S] logarithm of ending in it.
    """
    frames, states = emissions.shape
    width = before.shape[1]
    came = np.full((frames, states), -1, dtype=np.int16)
    now = start + emissions[0]
    after = np.empty_like(now)
    for frame in range(1, frames):
        for state in range(states):
            best = now[state] + stay[state]
            way = -1
            for k in range(width):
                source = before[state, k]
                if source < 0:
                    break
                value = now[source] + step[state, k]
                if value > best:
                    best = value
                    way = k
            came[frame, state] = way
            after[state] = best + emissions[frame, state]
        now, after = after, now
    last = 0
    for state in range(states):
        if now[state] + final[state] > now[last] + final[last]:
            last = state
    path = np.empty(frames, dtype=np.int32)
    state = last
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        if came[frame, state] >= 0:
            state = before[state, came[frame, state]]
    return path, now[last] + final[last]
