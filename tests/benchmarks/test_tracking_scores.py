"""The figures that tracking is judged by: what they say of a truth, and of what is nearly it."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from tracking_scores import closures_kept, score

RNG = np.random.default_rng(0)


def truth(frames=100):
    values = np.zeros((frames, 52))
    values[:, :10] = RNG.random((frames, 10))
    return values


def test_the_truth_itself_is_perfect():
    known = truth()
    found = score(known, known)
    assert found.mean_correlation == pytest.approx(1)
    assert found.mean_error == 0
    assert found.mean_gain == pytest.approx(1)
    assert np.isfinite(found.correlation).sum() == 10  # the others are at rest


def test_a_smaller_offset_copy_keeps_its_correlation():
    known = truth()
    found = score(0.5 * known + 0.1, known)
    assert found.mean_correlation == pytest.approx(1)
    assert found.mean_gain == pytest.approx(0.5)
    np.testing.assert_allclose(found.error[10:], 0.1)


def test_curves_found_at_rest_correlate_by_nothing():
    known = truth()
    found = score(np.zeros_like(known), known)
    assert found.mean_correlation == 0
    assert found.mean_gain == 0
    assert found.mean_error == pytest.approx(known.mean())


def test_the_wrong_sign_counts_against():
    known = truth()
    assert score(1 - known, known).mean_correlation == pytest.approx(-1)


def test_nothing_that_moves_is_no_failure():
    rest = np.zeros((5, 52))
    found = score(rest + 0.02, rest)
    assert (found.mean_correlation, found.mean_gain) == (1, 1)
    assert found.mean_error == pytest.approx(0.02)


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="are compared with"):
        score(np.zeros((4, 52)), np.zeros((5, 52)))


def test_closures_are_counted_between_openings_only():
    # shut at rest, open, shut, open, shut: the first stands before an opening, so all three count
    true = np.array([0, 0, 5, 5, 0, 0, 5, 5, 0, 0.0])
    assert closures_kept(true, true) == (3, 3)
    assert closures_kept(np.full(10, 9.0), true) == (0, 3)
    half = true.copy()
    half[4:6] = 3.0
    assert closures_kept(half, true) == (2, 3)
    # One frame beside it is near enough.
    late = true.copy()
    late[4:6] = [3.0, 3.0]
    late[6] = 0.0
    assert closures_kept(late, true) == (3, 3)


def test_a_mouth_that_stays_shut_has_no_closures():
    assert closures_kept(np.zeros(8), np.zeros(8)) == (0, 0)
