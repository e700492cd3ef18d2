import numpy as np
import pytest

from animdrive.contract import Camera
from animdrive.errors import InputError
from animdrive.render.camera import (
    portrait_camera,
    project,
    projection_matrix,
    view_matrix,
)


@pytest.mark.parametrize("yaw", [-np.pi / 2, -0.5, 0.0, 0.9, np.pi])
@pytest.mark.parametrize("size", [(512, 512), (400, 640), (640, 360)])
def test_the_whole_head_is_in_the_picture_from_everywhere(egg, yaw, size):
    camera = portrait_camera(egg, size, yaw_rad=yaw, pitch_rad=0.2)
    places = project(camera, egg.rig.neutral.vertices)
    assert (places > 0).all()
    assert (places < size).all()
    # and fills a good part of it
    assert (np.ptp(places, axis=0) / size).max() > 0.6


def test_the_target_is_in_the_middle(egg):
    camera = portrait_camera(egg, (300, 200), yaw_rad=1.0, pitch_rad=-0.4)
    np.testing.assert_allclose(project(camera, camera.target), (150, 100), atol=1e-3)


def test_the_subjects_left_is_on_the_right_of_a_front_view_and_up_is_up(egg):
    camera = portrait_camera(egg)
    left, up = project(camera, [(0.02, 0, 0), (0, 0.02, 0)])
    assert left[0] > 256
    assert up[1] < 256


def test_yaw_takes_the_camera_to_the_subjects_left_and_pitch_above(egg):
    assert portrait_camera(egg, yaw_rad=0.5).position[0] > 0.1
    assert portrait_camera(egg, pitch_rad=0.5).position[1] > 0.1


def test_a_given_distance_is_kept(egg):
    camera = portrait_camera(egg, yaw_rad=0.3, distance_m=2.5)
    assert np.linalg.norm(camera.position - camera.target) == pytest.approx(2.5, abs=1e-5)


def test_matrices_say_what_project_says(egg):
    camera = portrait_camera(egg, (320, 240), yaw_rad=0.4, pitch_rad=0.3)
    points = egg.rig.neutral.vertices[::97].astype(float)
    clip = projection_matrix(camera, near_m=0.1, far_m=5.0) @ view_matrix(camera)
    placed = np.c_[points, np.ones(len(points))] @ clip.T
    ndc = placed[:, :3] / placed[:, 3:]
    expected = np.stack([(ndc[:, 0] + 1) * 160, (1 - ndc[:, 1]) * 120], axis=1)
    np.testing.assert_allclose(project(camera, points), expected, atol=1e-6)
    assert (np.abs(ndc[:, 2]) < 1).all()


@pytest.mark.parametrize("above", [1.0, -1.0])
def test_a_camera_straight_above_still_has_a_picture(above):
    camera = Camera(np.array([0, above, 0]), np.zeros(3), 0.5, (64, 64))
    place = project(camera, (0.1, 0.0, 0.0))
    assert np.isfinite(place).all()
    assert place[0] > 40


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size_px": (0, 10)}, "0 × 10 pixels"),
        ({"margin": 0.95}, r"0\.\.0\.9, got 0\.95"),
        ({"distance_m": 0.0}, "above 0 m"),
    ],
)
def test_impossible_portraits_are_refused(egg, settings, message):
    with pytest.raises(InputError, match=message):
        portrait_camera(egg, **settings)
