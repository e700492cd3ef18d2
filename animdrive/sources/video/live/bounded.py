"""One bounded least-squares problem of a few dozen unknowns, solved exactly and fast.

The block principal pivoting of Júdice and Pires (1994), "A block principal pivoting algorithm for
large-scale strictly monotone linear complementarity problems", for the bounds of a box: guess
which unknowns are at a bound, solve for the others, move all that the answer contradicts. A guess
from the frame before is nearly right, so that one or two small solves are enough.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
States = npt.NDArray[np.int8]

_PATIENCE = 3
"""Block exchanges that may fail to help before unknowns are moved one by one (Murty's rule)."""
_MOST = 500
"""Exchanges at most; a few are usual."""
_SLACK = 1e-9


def bounded_minimum(
    normal: Array, right: Array, low: Array, high: Array, states: States | None = None
) -> tuple[Array, States]:
    """Minimise ``½ cᵀ N c - rᵀ c`` over ``low ≤ c ≤ high``.

    Args:
        normal: [C, C] symmetric, positive definite.
        right: [C].
        low: [C] least values.
        high: [C] greatest values; equal to `low` they fix an unknown.
        states: [C] where to start: -1 at the least value, 0 between, 1 at the greatest; what was
            returned for a problem much like this one.

    Returns:
        [C] the minimum, and its states [C].
    """
    fixed = high <= low
    state = np.zeros(len(right), dtype=np.int8) if states is None else states.copy()
    state[fixed] = -1
    best, patience = len(right) + 1, _PATIENCE
    tolerance = _SLACK * max(float(np.abs(right).max(initial=0.0)), 1.0)
    values = np.clip(np.zeros_like(right), low, high)
    for _ in range(_MOST):
        free = state == 0
        values = np.where(state > 0, high, low)
        if free.any():
            bound = normal[np.ix_(free, ~free)] @ values[~free]
            values[free] = np.linalg.solve(normal[np.ix_(free, free)], right[free] - bound)
        slope = normal @ values - right
        below = free & (values < low - _SLACK)
        above = free & (values > high + _SLACK)
        freed = ~fixed & (
            ((state < 0) & (slope < -tolerance)) | ((state > 0) & (slope > tolerance))
        )
        wrong = below | above | freed
        count = int(wrong.sum())
        if not count:
            break
        if count < best:
            best, patience = count, _PATIENCE
        elif patience:
            patience -= 1
        else:
            last = int(np.flatnonzero(wrong)[-1])
            wrong = np.zeros_like(wrong)
            wrong[last] = True
        state[wrong & below], state[wrong & above], state[wrong & freed] = -1, 1, 0
    return np.clip(values, low, high), state
