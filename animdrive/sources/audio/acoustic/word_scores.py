"""What a search for words asks at every step, compiled."""

from __future__ import annotations

import numba
import numpy as np

_FAR_BELOW = np.float32(-8.0)
"""A likelihood this much smaller adds nothing to a mean."""


@numba.njit(cache=True)
def follower(word, next_word, alone, backoff, edges, following, pairs):  # type: ignore[no-untyped-def]
    """Return the logarithm of `next_word` after `word`."""
    low, high = edges[word], edges[word + 1]
    end = high
    while low < high:
        middle = (low + high) // 2
        if following[middle] < next_word:
            low = middle + 1
        else:
            high = middle
    if low < end and following[low] == next_word:
        return pairs[low]
    return backoff[word] + alone[next_word]


@numba.njit(cache=True)
def mean_likelihood(row, members):  # type: ignore[no-untyped-def]
    """Return the logarithm of the mean likelihood of some senones in a frame."""
    most = row[members[0]]
    for member in members[1:]:
        most = max(most, row[member])
    total = np.float32(0.0)
    for member in members:
        below = row[member] - most
        if below > _FAR_BELOW:
            total += np.exp(below)
    return most + np.log(total / np.float32(len(members)))


@numba.njit(cache=True)
def largest(values, rank):  # type: ignore[no-untyped-def]
    """Return the largest value but `rank` - 1, by quickselect (Hoare 1961); `values` are reordered.

    `numpy.partition` does the same, but takes six seconds to compile.
    """
    low, high, at = 0, len(values) - 1, len(values) - rank
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if at <= right:
            high = right
        elif at >= left:
            low = left
        else:
            break
    return values[at]
