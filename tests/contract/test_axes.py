"""Signs of rotations, seen on vectors: where a face looks and where its crown points."""

import numpy as np
import pytest

from animdrive.rig.pose import rotation_matrix

GAZE, CROWN, LEFT = np.eye(3)[2], np.eye(3)[1], np.eye(3)[0]
QUARTER = np.pi / 2


def turned(vector, *, pitch=0.0, yaw=0.0, roll=0.0):
    return rotation_matrix((pitch, yaw, roll)) @ vector


def test_pitch_above_0_looks_down():
    np.testing.assert_allclose(turned(GAZE, pitch=QUARTER), -CROWN, atol=1e-6)
    np.testing.assert_allclose(turned(CROWN, pitch=QUARTER), GAZE, atol=1e-6)


def test_yaw_above_0_looks_to_the_subjects_left():
    np.testing.assert_allclose(turned(GAZE, yaw=QUARTER), LEFT, atol=1e-6)
    np.testing.assert_allclose(turned(CROWN, yaw=QUARTER), CROWN, atol=1e-6)


def test_roll_above_0_tilts_the_crown_to_the_subjects_right():
    np.testing.assert_allclose(turned(CROWN, roll=QUARTER), -LEFT, atol=1e-6)
    np.testing.assert_allclose(turned(GAZE, roll=QUARTER), GAZE, atol=1e-6)


@pytest.mark.parametrize("yaw", [-1.0, 0.4])
def test_yaw_is_outermost(yaw):
    """Turned aside, a nod still goes along the line of sight and a tilt about it."""
    gaze = turned(GAZE, pitch=0.3, yaw=yaw)
    assert gaze[1] == pytest.approx(-np.sin(0.3), abs=1e-6)
    assert np.arctan2(gaze[0], gaze[2]) == pytest.approx(yaw, abs=1e-6)


@pytest.mark.parametrize("roll", [-0.5, 0.8])
def test_roll_is_innermost(roll):
    """A tilt never changes where the face looks."""
    np.testing.assert_allclose(
        turned(GAZE, pitch=0.3, yaw=0.5, roll=roll), turned(GAZE, pitch=0.3, yaw=0.5), atol=1e-6
    )


def test_in_the_mirror_yaw_and_roll_change_their_sign():
    mirror = np.diag([-1.0, 1.0, 1.0])
    there = rotation_matrix((0.3, -0.5, -0.2))
    np.testing.assert_allclose(mirror @ rotation_matrix((0.3, 0.5, 0.2)) @ mirror, there, atol=1e-6)


def test_the_axes_are_right_handed():
    np.testing.assert_array_equal(np.cross(LEFT, CROWN), GAZE)
    assert np.linalg.det(rotation_matrix((0.4, -1.0, 2.0))) == pytest.approx(1, abs=1e-6)
