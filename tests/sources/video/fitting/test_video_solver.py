import numpy as np
import pytest
from scipy.optimize import lsq_linear

from animdrive.sources.video.fitting.solver import (
    Measurements,
    System,
    camera_trust,
    landmark_precision,
    nearest,
    solve,
)

CURVES, POINTS = 8, 30


def system(rng, *, prior=1e-3, lasso=0.0):
    places = rng.normal(0, 0.05, (POINTS, 3))
    precision = landmark_precision(places, np.full(POINTS, 1e-3), misfit_m=1e-3, reach_m=0.01)
    deltas = rng.normal(0, 5e-3, (CURVES, POINTS, 3))
    return System(deltas, precision, prior * np.eye(CURVES), np.full(CURVES, lasso))


def facing(frames):
    return camera_trust(np.repeat(np.eye(3)[None], frames, 0), depth_trust=0.5)


def test_what_the_curves_did_is_found_again(rng):
    known = rng.random((300, CURVES)) * (rng.random((300, CURVES)) > 0.5)
    rig = system(rng)
    motion = np.tensordot(known, rig.deltas, axes=1)
    np.testing.assert_allclose(solve(rig, motion, facing(300)), known, atol=2e-3)


def test_it_is_the_bounded_least_squares_solution(rng):
    rig = system(rng, prior=2.0)
    motion = rng.normal(0, 5e-3, (5, POINTS, 3))
    found = solve(rig, motion, facing(5), sweeps=500, tolerance=1e-9)
    root = np.linalg.cholesky(rig.precision).T
    for frame in range(5):
        rows, right = [], []
        for axis, trust in enumerate((1.0, 1.0, 0.5)):
            rows.append(trust * root @ rig.deltas[:, :, axis].T)
            right.append(trust * root @ motion[frame, :, axis])
        rows.append(np.sqrt(2.0) * np.eye(CURVES))
        right.append(np.zeros(CURVES))
        known = lsq_linear(np.concatenate(rows), np.concatenate(right), (0, 1), tol=1e-12).x
        np.testing.assert_allclose(found[frame], known, atol=1e-5)


def test_values_stay_within_their_bounds(rng):
    rig = system(rng)
    motion = np.tensordot(rng.normal(0, 3, (40, CURVES)), rig.deltas, axes=1)
    found = solve(rig, motion, facing(40))
    assert found.min() >= 0
    assert found.max() <= 1


def test_a_fixed_curve_is_explained_away_not_solved(rng):
    rig = system(rng)
    known = np.full((6, CURVES), 0.4)
    motion = np.tensordot(known, rig.deltas, axes=1)
    low, high = np.zeros((6, CURVES)), np.ones((6, CURVES))
    low[:, 2] = high[:, 2] = 0.4
    found = solve(rig, motion, facing(6), low=low, high=high)
    np.testing.assert_allclose(found, known, atol=2e-3)


def test_opposite_curves_exclude_each_other(rng):
    rig = system(rng, prior=0.5, lasso=0.5)
    rig.deltas[1] = -rig.deltas[0]
    known = np.zeros((20, CURVES))
    known[:10, 0] = known[10:, 1] = 0.6
    found = solve(rig, np.tensordot(known, rig.deltas, axes=1), facing(20))
    assert np.minimum(found[:, 0], found[:, 1]).max() == 0
    assert found[:10, 0].min() > 0.5
    assert found[10:, 1].min() > 0.5


def test_small_motion_is_pulled_to_exactly_zero(rng):
    rig = system(rng, prior=1.0, lasso=50.0)
    motion = rng.normal(0, 1e-4, (30, POINTS, 3))
    assert (solve(rig, motion, facing(30)) == 0).mean() > 0.9


def test_a_measurement_outweighs_the_landmarks(rng):
    rig = system(rng)
    motion = np.tensordot(np.full((4, CURVES), 0.3), rig.deltas, axes=1)
    row = np.abs(rng.normal(0, 5e-3, (1, CURVES)))
    wanted = np.array([[0.0], [2e-3], [4e-3], [6e-3]])
    measured = Measurements(row, wanted, np.array([1e12]))
    found = solve(rig, motion, facing(4), measured=measured, sweeps=400)
    np.testing.assert_allclose(found @ row.T, wanted, atol=2e-5)


def test_depth_from_the_camera_is_trusted_less_than_what_is_seen():
    turned = np.array([[[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]]])  # head's +Z points right
    trust = camera_trust(turned, depth_trust=0.1)[0]
    np.testing.assert_allclose(np.diag(trust), [0.01, 1, 1], atol=1e-12)


def test_errors_that_neighbours_share_do_not_count_as_many():
    crowd = np.zeros((50, 3)) + np.linspace(0, 1e-4, 50)[:, None]
    shared = landmark_precision(crowd, np.full(50, 1e-3), misfit_m=2e-3, reach_m=0.01)
    alone = landmark_precision(crowd[:1], np.full(1, 1e-3), misfit_m=2e-3, reach_m=0.01)
    push = np.ones(50)
    assert push @ shared @ push < 1.3 * alone[0, 0]
    group = landmark_precision(
        crowd * 1e4, np.full(50, 1e-3), misfit_m=1e-6, reach_m=1e-3, together=((range(50), 2e-3),)
    )
    assert push @ group @ push < 1.0 / 2e-3**2


def test_the_nearest_curves_that_meet_a_measurement():
    values = np.full((3, 4), 0.5)
    row = np.array([[1.0, 1.0, 0.0, 0.0]])
    measured = Measurements(row, np.full((3, 1), 0.2), np.array([[0.0], [1e8], [1e8]]))
    low, high = np.zeros((3, 4)), np.ones((3, 4))
    low[2, 0] = high[2, 0] = 0.15
    found = nearest(values, np.ones(4), measured, low=low, high=high)
    np.testing.assert_allclose(found[0], 0.5)
    np.testing.assert_allclose(found[1], [0.1, 0.1, 0.5, 0.5], atol=1e-3)
    np.testing.assert_allclose(found[2], [0.15, 0.05, 0.5, 0.5], atol=1e-3)


@pytest.mark.parametrize("frames", [0, 1, 257])
def test_any_number_of_frames(rng, frames):
    rig = system(rng)
    assert solve(rig, np.zeros((frames, POINTS, 3)), facing(frames)).shape == (frames, CURVES)
