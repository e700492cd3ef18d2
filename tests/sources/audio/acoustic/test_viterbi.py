"""The best path against all paths."""

from itertools import pairwise, product

import numpy as np
import pytest

from animdrive.sources.audio.acoustic.viterbi import NEVER, best_path


def random_graph(rng, states, width, frames):
    before = np.full((states, width), -1, np.int32)
    step = np.zeros((states, width), np.float32)
    for state in range(states):
        others = [other for other in range(states) if other != state]
        count = int(rng.integers(0, min(width, len(others)) + 1))
        before[state, :count] = rng.permutation(others)[:count]
        step[state, :count] = rng.normal(-1, 1, count)
    ends = [
        np.where(rng.random(states) < 0.6, rng.normal(size=states), NEVER).astype(np.float32)
        for _ in range(2)
    ]
    return (
        rng.normal(0, 2, (frames, states)).astype(np.float32),
        rng.normal(-1, 1, states).astype(np.float32),
        before,
        step,
        *ends,
    )


def score(path, emissions, stay, before, step, start, final):
    """The logarithm of one path, -inf where there is no such way."""
    total = float(start[path[0]]) + float(final[path[-1]])
    total += sum(float(emissions[frame, state]) for frame, state in enumerate(path))
    for a, b in pairwise(path):
        ways = [float(step[b, k]) for k, other in enumerate(before[b]) if other == a]
        ways += [float(stay[b])] if a == b else []
        total += max(ways, default=-np.inf)
    return total


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("seed", range(12))
def test_no_path_is_better(seed, frames):
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, states=4, width=3, frames=frames)
    path, total = best_path(*graph)
    best = max(score(way, *graph) for way in product(range(4), repeat=frames))
    if best < NEVER / 2:
        assert total < NEVER / 2
        return
    assert total == pytest.approx(best, abs=1e-4)
    assert score(path, *graph) == pytest.approx(best, abs=1e-4)


def test_an_end_that_cannot_be_reached_is_never():
    nobody = np.full((3, 1), -1, np.int32)
    zeros = np.zeros(3, np.float32)
    start = np.array([0, NEVER, NEVER], np.float32)
    final = np.array([NEVER, NEVER, 0], np.float32)
    _, total = best_path(
        np.zeros((6, 3), np.float32), zeros, nobody, np.zeros((3, 1), np.float32), start, final
    )
    assert total < NEVER / 2


def test_a_long_way_does_not_lose_its_place():
    """Left to right through as many states as frames allow: the only way there is."""
    states = 4000
    before = np.arange(-1, states - 1, dtype=np.int32)[:, None]
    start, final = (np.full(states, NEVER, np.float32) for _ in range(2))
    start[0] = final[-1] = 0
    path, total = best_path(
        np.zeros((states, states), np.float32),
        np.full(states, -1, np.float32),
        before,
        np.full((states, 1), -1, np.float32),
        start,
        final,
    )
    np.testing.assert_array_equal(path, np.arange(states))
    assert total == pytest.approx(-(states - 1))
