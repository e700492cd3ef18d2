"""The small bounded problem: its answer is the minimum, wherever it starts."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from animdrive.sources.video.live.bounded import bounded_minimum


def problem(seed, count=20):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(count + 5, count))
    target = rng.normal(0, 2, count + 5)
    return factor, target, np.zeros(count), np.ones(count)


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_minimum_that_another_solver_finds(seed):
    factor, target, low, high = problem(seed)
    values, _ = bounded_minimum(factor.T @ factor, factor.T @ target, low, high)
    expected = lsq_linear(factor, target, (low, high), method="bvls").x
    np.testing.assert_allclose(values, expected, atol=1e-7)


def test_where_it_starts_does_not_matter():
    factor, target, low, high = problem(3)
    normal, right = factor.T @ factor, factor.T @ target
    cold, states = bounded_minimum(normal, right, low, high)
    warm, again = bounded_minimum(normal, right, low, high, states)
    wrong, _ = bounded_minimum(normal, right, low, high, -states)
    np.testing.assert_allclose(warm, cold, atol=1e-10)
    np.testing.assert_allclose(wrong, cold, atol=1e-10)
    np.testing.assert_array_equal(again, states)


def test_the_conditions_of_a_minimum_hold_at_the_bounds():
    factor, target, low, high = problem(11, count=40)
    normal, right = factor.T @ factor, factor.T @ target
    values, _ = bounded_minimum(normal, right, low, high)
    slope = normal @ values - right
    inside = (values > 1e-9) & (values < 1 - 1e-9)
    assert np.abs(slope[inside]).max() < 1e-7
    assert (slope[values <= 1e-9] > -1e-7).all()
    assert (slope[values >= 1 - 1e-9] < 1e-7).all()


def test_equal_bounds_fix_an_unknown_and_the_others_make_up_for_it():
    factor, target, low, high = problem(5)
    low[4] = high[4] = 0.7
    values, _ = bounded_minimum(factor.T @ factor, factor.T @ target, low, high)
    assert values[4] == 0.7
    rest = np.delete(np.arange(20), 4)
    expected = lsq_linear(factor[:, rest], target - 0.7 * factor[:, 4], (0, 1), method="bvls").x
    np.testing.assert_allclose(values[rest], expected, atol=1e-7)
