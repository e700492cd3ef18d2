import numpy as np
import pytest
from face_maker import curves, landmark_points, nodding, seen

from animdrive.rig.pose import angles_from_matrix, rotation_matrix
from animdrive.sources.video.fitting.pose import (
    camera_points,
    fit_poses,
    mean_rotation,
    positions_m,
    rigid_weights,
)
from animdrive.sources.video.indices import RIGID


@pytest.fixture(scope="module")
def model(head):
    return head.rig.neutral.vertices[head.landmarks].astype(np.float64) - head.head_pivot


@pytest.fixture(scope="module")
def weights(head):
    index = np.array(RIGID)
    trust = np.zeros(len(head.landmarks))
    trust[index] = rigid_weights(head.rig.deltas[:, head.landmarks], index)
    return trust


def poses_of(track, model, weights):
    return fit_poses(camera_points(track), model, weights)


@pytest.mark.parametrize(
    ("angles", "gaze", "crown"),
    [
        ((30, 0, 0), (0, -1, 0), (0, 0, 1)),  # pitch: the face looks down, the crown comes forward
        ((0, 30, 0), (1, 0, 0), (0, 0, 0)),  # yaw: it looks to its left, the picture's right
        ((0, 0, 30), (0, 0, 0), (-1, 0, 0)),  # roll: the crown goes to its right
    ],
)
def test_signs_of_the_angles(head, model, weights, angles, gaze, crown):
    rotation = np.radians([angles]).astype(float)
    track = seen(head, landmark_points(head, curves(1)), rotation=rotation)
    found = poses_of(track, model, weights).rotation[0]
    half = np.sin(np.radians(30))
    for vector, wanted in (((0, 0, 1), gaze), ((0, 1, 0), crown)):
        change = found @ vector - vector
        for axis in range(3):
            if wanted[axis]:
                assert np.sign(change[axis]) == wanted[axis]
                assert abs(change[axis]) == pytest.approx(half, abs=0.02)
            elif vector[axis] == 0:
                assert abs(change[axis]) < 1e-3
    np.testing.assert_allclose(angles_from_matrix(found), rotation[0], atol=1e-3)


def test_a_noisy_head_is_found_to_half_a_degree(head, model, weights, rng):
    rotation = nodding(60, rng, 15.0)
    track = seen(
        head, landmark_points(head, curves(60)), rotation=rotation, noise_m=0.5e-3, rng=rng
    )
    found = angles_from_matrix(poses_of(track, model, weights).rotation)
    assert np.degrees(np.abs(found - rotation)).max() < 1.0
    assert np.degrees(np.abs(found - rotation)).mean() < 0.4


def test_expression_does_not_turn_the_head(head, model, weights):
    values = curves(3)
    names = ("jawOpen", "mouthSmileLeft", "browOuterUpLeft", "browOuterUpRight", "cheekPuff")
    for name in names:
        values[1:] += 0.8 * curves(2, **{name: 1.0})
    track = seen(head, landmark_points(head, values))
    found = angles_from_matrix(poses_of(track, model, weights).rotation)
    assert np.degrees(np.abs(found[1] - found[0])).max() < 2.0


def test_back_in_the_head_every_point_is_where_it_was(head, model, weights, rng):
    track = seen(head, landmark_points(head, curves(8)), rotation=nodding(8, rng, 20.0))
    poses = poses_of(track, model, weights)
    points = camera_points(track)
    np.testing.assert_allclose(poses.to_head(points), np.repeat(model[None], 8, 0), atol=1e-5)
    np.testing.assert_allclose(poses.to_camera(poses.to_head(points)), points, atol=0.05)


def test_many_frames_are_fitted_as_each_alone(head, model, weights, rng):
    frames = 520  # more than are fitted at once
    track = seen(
        head,
        landmark_points(head, curves(frames)),
        rotation=nodding(frames, rng),
        noise_m=3e-4,
        rng=rng,
    )
    points = camera_points(track)
    together = fit_poses(points, model, weights)
    alone = fit_poses(points[515:516], model, weights)
    np.testing.assert_allclose(together.rotation[515], alone.rotation[0], atol=1e-9)


def test_no_frames_have_no_poses(model, weights):
    assert len(fit_poses(np.zeros((0, 478, 3)), model, weights).scale) == 0


def test_distance_follows_size_and_place_follows_the_picture(head, model, weights):
    points = landmark_points(head, curves(1))
    near = poses_of(seen(head, points, scale=1600.0), model, weights)
    far = poses_of(seen(head, points, scale=800.0), model, weights)
    one, two = (positions_m(poses, focal_px=640.0)[0] for poses in (near, far))
    assert one[2] == pytest.approx(-0.4, abs=1e-3)
    assert two[2] == pytest.approx(-0.8, abs=1e-3)
    np.testing.assert_allclose(one[:2], head.head_pivot[:2], atol=1e-4)


def test_what_moves_with_the_face_is_trusted_less(head):
    trust = rigid_weights(head.rig.deltas[:, head.landmarks], np.array([168, 61]))
    assert trust[0] > 10 * trust[1]  # the bridge of the nose against a corner of the mouth
    assert trust.sum() == pytest.approx(1)


def test_the_mean_of_rotations_leaves_strays_out(rng):
    usual = rotation_matrix(np.radians([5.0, -10.0, 3.0]))
    many = rotation_matrix(np.radians([5.0, -10.0, 3.0]) + rng.normal(0, 0.01, (30, 3)))
    stray = rotation_matrix(np.radians(np.full((6, 3), 40.0)))
    found = mean_rotation(np.concatenate([many, stray]))
    assert np.degrees(np.abs(angles_from_matrix(found) - angles_from_matrix(usual))).max() < 2.5
