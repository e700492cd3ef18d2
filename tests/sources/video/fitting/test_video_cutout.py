"""Cut-outs show the same part of every face, however it is turned."""

import cv2
import numpy as np
import pytest
from face_maker import curves, landmark_points, seen

from animdrive.rig.pose import rotation_matrix
from animdrive.sources.video.fitting.cutout import CUTOUT_PX, CutOuts

ROLL, YAW, PITCH = np.radians([25.0, 20.0, 12.0])


def placed(head, angles, scale=1600.0, size=512):
    """Return [478, 3] pixels of the resting head, turned by pitch, yaw, roll."""
    points = landmark_points(head, curves(1))
    track = seen(head, points, rotation=np.array([angles]), scale=scale, size=size)
    return track.points[0]


def marked(points, size=512):
    """Return a picture with the corners of eyes and mouth marked by dots of other colours."""
    picture = np.full((size, size, 3), 90, dtype=np.uint8)
    for at, colour in ((33, (255, 0, 0)), (263, (0, 255, 0)), (61, (0, 0, 255)), (291, (255,) * 3)):
        x, y = points[at, :2]
        cv2.circle(picture, (round(x), round(y)), 5, colour, -1)
    return picture


def middle_of(cutout, channel):
    """Return the place of the pixels that are bright in one channel alone."""
    other = np.delete(cutout.astype(int), channel, axis=2).max(axis=2)
    weight = np.maximum(cutout[:, :, channel].astype(int) - other - 60, 0)
    rows, columns = np.mgrid[:CUTOUT_PX, :CUTOUT_PX]
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("angles", [(0, 0, 0), (0, 0, ROLL), (PITCH, 0, 0), (0, YAW, 0)])
@pytest.mark.parametrize("scale", [700.0, 1600.0])
def test_eyes_and_mouth_lie_in_about_the_same_place(head, angles, scale):
    cut = CutOuts(head)
    usual = placed(head, (0, 0, 0))
    turned = placed(head, angles, scale=scale)
    at_rest, now = cut(marked(usual), usual), cut(marked(turned), turned)
    assert now.shape == (CUTOUT_PX, CUTOUT_PX, 3)
    assert now.dtype == np.uint8
    for channel in range(3):
        away = np.linalg.norm(middle_of(at_rest, channel) - middle_of(now, channel))
        assert away < 6, "pixels of the cut-out"


def test_the_subjects_right_eye_is_left_in_the_cut_out_and_above_the_mouth(head):
    points = placed(head, (0, 0, 0))
    cut = CutOuts(head)(marked(points), points)
    right_eye, left_eye, right_corner = (middle_of(cut, channel) for channel in range(3))
    assert right_eye[0] < CUTOUT_PX / 2 < left_eye[0]
    assert right_eye[1] < right_corner[1]


def test_a_large_face_is_made_smaller_without_losing_thin_lines(head):
    points = placed(head, (0, 0, 0), scale=8000.0, size=2560)
    picture = np.zeros((2560, 2560, 3), dtype=np.uint8)
    picture[:, ::8] = 255  # an eighth of the light, in lines thinner than a pixel of the cut-out
    cut = CutOuts(head)(picture, points)
    inner = cut[20:-20, 20:-20].astype(float)
    assert abs(inner.mean() - 255 / 8) < 12
    assert inner.std() < 45


def test_a_face_at_the_edge_is_filled_up(head):
    points = placed(head, (0, 0, 0)) - [300, 0, 0]
    cut = CutOuts(head)(np.full((512, 512, 3), 77, dtype=np.uint8), points)
    assert (cut == 77).all()


def test_turned_faces_are_not_smeared(head):
    points = placed(head, (0, np.radians(75), 0))
    matrix = CutOuts(head).placement(points)
    across = np.linalg.norm(matrix[:, 0]) / np.linalg.norm(matrix[:, 1])
    assert across > 0.4
    turn = rotation_matrix(np.array([0, np.radians(75), 0]))
    assert abs(turn[0, 0]) < 0.4, "as narrow as this it would have been"
