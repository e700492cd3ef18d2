import numpy as np
import pytest
from face_maker import FPS, blink, curves, hill, landmark_points, nodding, seen

from animdrive.contract import ARKIT_INDEX
from animdrive.rig.pose import UP_RAD, YAW_RAD, looks_from_eye_rotation
from animdrive.sources.video.fitting.gaze import eye_angles
from animdrive.sources.video.fitting.person import measure_person, openings
from animdrive.sources.video.fitting.pose import HeadPoses, camera_points

FRAMES = 90


def gaze_of(head, values, eyes, *, jitter_m=0.0, rng=None):
    points = landmark_points(head, values, eyes)
    if jitter_m:
        points = points + rng.normal(0, jitter_m, points.shape)
    points = points.astype(np.float32)
    opened = openings(points)
    frames = len(points)
    person = measure_person(points, opened, frontal=np.ones(frames, dtype=bool))
    poses = HeadPoses(
        np.repeat(np.eye(3)[None], frames, 0), np.full(frames, 1600.0), np.zeros((frames, 3))
    )
    closure = person.closure(opened.eyes, poses.facing)
    return eye_angles(points, poses, person, head, closure, fps=FPS)


def looking(pitch=0.0, yaw=0.0):
    eyes = np.zeros((FRAMES, 2, 3))
    eyes[:, :, 0] = np.broadcast_to(pitch, FRAMES)[:, None]
    eyes[:, :, 1] = np.broadcast_to(yaw, FRAMES)[:, None]
    return eyes


def test_where_the_eyes_look_is_found(head):
    side = 0.35 * (hill(FRAMES, 15, 30) - hill(FRAMES, 50, 65))
    found = gaze_of(head, curves(FRAMES), looking(yaw=side))
    np.testing.assert_allclose(found[:, :, 1], np.stack([side, side], 1), atol=0.04)
    assert np.abs(found[:, :, 0]).max() < 0.03
    assert not found[:, :, 2].any()


def test_up_and_down_go_the_right_way(head):
    lift = 0.25 * (hill(FRAMES, 15, 30) - hill(FRAMES, 50, 65))
    found = gaze_of(head, curves(FRAMES), looking(pitch=lift))
    assert found[22, 0, 0] == pytest.approx(lift[22], rel=0.4)
    assert found[57, 0, 0] == pytest.approx(lift[57], rel=0.4)
    assert np.abs(found[:, :, 1]).max() < 0.03


def test_mirrored_eyes_look_the_mirrored_way(head, mirrored_landmarks):
    side = 0.3 * hill(FRAMES, 20, 40)
    right = gaze_of(head, curves(FRAMES), looking(yaw=-side))
    left = gaze_of(head, curves(FRAMES), looking(yaw=side))
    np.testing.assert_allclose(right[:, ::-1, 1], -left[:, :, 1], atol=5e-3)


def test_gaze_passes_evenly_through_a_blink(head, rng):
    shut = blink(FRAMES, 40)
    values = curves(FRAMES, eyeBlinkLeft=shut, eyeBlinkRight=shut)
    eyes = looking(yaw=0.2)
    hidden = shut > 0.5
    eyes[hidden] += rng.normal(0, 0.5, (int(hidden.sum()), 2, 3))  # irises leap behind the lids
    found = gaze_of(head, values, eyes)
    assert np.abs(np.diff(found, axis=0)).max() < 0.01


def test_angles_and_curves_are_one(head):
    found = gaze_of(head, curves(FRAMES), looking(pitch=0.2, yaw=0.8 * hill(FRAMES, 30, 60)))
    assert np.abs(found[:, :, 1]).max() <= YAW_RAD
    assert found[:, :, 0].min() >= -UP_RAD
    looks = looks_from_eye_rotation(found)
    assert max(value.max() for value in looks.values()) <= 1
    assert set(looks) <= set(ARKIT_INDEX)


def test_eyes_pitch_together_and_hardly_cross(head, rng):
    eyes = looking()
    eyes[:, 0, 1], eyes[:, 1, 1] = -0.5, 0.5  # nobody crosses eyes this far
    found = gaze_of(head, curves(FRAMES), eyes, jitter_m=3e-4, rng=rng)
    np.testing.assert_array_equal(found[:, 0, 0], found[:, 1, 0])
    crossing = found[:, 1, 1] - found[:, 0, 1]
    assert crossing.min() >= 0
    assert crossing.max() <= 0.20 + 1e-9


def test_eyes_shut_all_along_look_straight_ahead(head):
    points = landmark_points(head, curves(10)).astype(np.float32)
    person = measure_person(points, openings(points), frontal=np.ones(10, dtype=bool))
    poses = HeadPoses(np.repeat(np.eye(3)[None], 10, 0), np.ones(10), np.zeros((10, 3)))
    found = eye_angles(points, poses, person, head, np.ones((10, 2)), fps=FPS)
    assert not found.any()


def test_a_turned_head_looks_where_its_eyes_look(head, rng):
    from animdrive.sources.video.fitting.pose import fit_poses

    rotation = nodding(FRAMES, rng, 10.0)
    side = 0.3 * hill(FRAMES, 20, 50)
    points = landmark_points(head, curves(FRAMES), looking(yaw=side))
    track = seen(head, points, rotation=rotation)
    rest = head.rig.neutral.vertices[head.landmarks] - head.head_pivot
    poses = fit_poses(camera_points(track), rest, np.ones(478))
    inside = poses.to_head(camera_points(track))
    opened = openings(inside)
    person = measure_person(inside, opened, frontal=np.ones(FRAMES, dtype=bool))
    closure = person.closure(opened.eyes, poses.facing)
    found = eye_angles(inside, poses, person, head, closure, fps=FPS)
    np.testing.assert_allclose(found[:, :, 1], np.stack([side, side], 1), atol=0.06)
