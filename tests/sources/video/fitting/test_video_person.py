import numpy as np
import pytest
from face_maker import blink, curves, hill, landmark_points, talking

from animdrive.sources.video.fitting.person import (
    CLOSED_APERTURE,
    CLOSED_GAP,
    local_scales,
    lower_face,
    measure_person,
    openings,
)
from animdrive.sources.video.indices import LIPS, MOUTH_CORNERS


def person_of(points):
    points = points.astype(np.float32)
    return measure_person(points, openings(points), frontal=np.ones(len(points), dtype=bool))


def test_the_resting_face_is_found_in_talk(head, rng):
    values, _ = talking(300, rng)
    person = person_of(landmark_points(head, values))
    rest = head.rig.neutral.vertices[head.landmarks]
    off = np.linalg.norm(person.neutral - rest, axis=1)
    assert off[:468].mean() < 0.4e-3
    assert off[list(LIPS)].max() < 2.5e-3


def test_openings_are_in_the_faces_own_measure(head):
    points = landmark_points(head, curves(1)).astype(np.float32)
    small, large = openings(points), openings(1.7 * points)
    np.testing.assert_allclose(small.lips, large.lips, rtol=1e-4)
    np.testing.assert_allclose(small.eyes, large.eyes, rtol=1e-4)


def test_a_blink_is_a_closure_from_zero_to_one(head):
    shut = np.max([blink(120, 30), blink(120, 80)], axis=0)
    points = landmark_points(head, curves(120, eyeBlinkLeft=shut, eyeBlinkRight=shut))
    person = person_of(points)
    closure = person.closure(openings(points.astype(np.float32)).eyes, np.zeros(120))
    assert np.abs(closure[10:20]).max() < 0.02
    assert closure[[30, 80]].min() > 0.95
    assert closure.max() <= 1


def test_the_eye_in_sight_stands_for_the_hidden_one(head):
    person = person_of(landmark_points(head, curves(20)))
    eyes = np.tile(person.open_eyes, (3, 1))
    eyes[:, 0] = person.closed_eyes[0]  # the left eye alone is seen shut
    closure = person.closure(eyes, np.array([0.0, 0.7, -0.7]))
    np.testing.assert_allclose(closure[0], [1, 0], atol=1e-6)  # from the front: a wink
    np.testing.assert_allclose(closure[1], [0, 0], atol=1e-6)  # turned to the left, it is hidden
    np.testing.assert_allclose(closure[2], [1, 1], atol=1e-6)


def test_eyes_blink_together_but_may_wink(head):
    person = person_of(landmark_points(head, curves(20)))
    shut = np.array([[0.9, 0.7], [0.9, 0.2]])
    eyes = person.open_eyes - shut * (person.open_eyes - person.closed_eyes)
    closure = person.closure(eyes, np.zeros(2))
    np.testing.assert_allclose(closure, [[0.9, 0.9], [0.9, 0.2]], atol=1e-6)


def test_lips_that_never_touch_are_measured_against_lips_that_do(head):
    person = person_of(landmark_points(head, curves(60, jawOpen=0.3)))
    assert person.closed_gap == CLOSED_GAP


def test_eyes_that_never_open_are_not_taken_for_open_ones(head):
    person = person_of(landmark_points(head, curves(40, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)))
    assert (person.open_eyes >= 3 * CLOSED_APERTURE).all()
    assert (person.closed_eyes <= 0.5 * person.open_eyes).all()


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_a_few_frames_are_enough(head, frames):
    person = person_of(landmark_points(head, curves(frames)))
    rest = head.rig.neutral.vertices[head.landmarks]
    np.testing.assert_allclose(person.neutral, rest, atol=1e-6)


def test_a_wide_mouth_moves_further_for_the_same_smile(head):
    points = landmark_points(head, curves(20)).astype(np.float32)
    wide = points.copy()
    wide[:, list(LIPS), 0] *= 1.2
    rest = head.rig.neutral.vertices[head.landmarks]
    corner = MOUTH_CORNERS[0]
    assert local_scales(person_of(wide), rest)[corner, 0] == pytest.approx(1 / 1.2, rel=0.02)
    assert local_scales(person_of(points), rest)[corner, 0] == pytest.approx(1, rel=0.02)


def test_the_lower_face_begins_below_the_nose(head):
    share = lower_face(head.rig.neutral.vertices[head.landmarks])
    assert share[[6, 4, 33, 263]].max() == 0
    assert share[[0, 17, 61, 152]].min() > 0.9


def test_frames_from_the_front_are_preferred(head):
    smile = hill(100, 0, 50)
    points = landmark_points(head, curves(100, mouthSmileLeft=smile, mouthSmileRight=smile))
    points = points.astype(np.float32)
    frontal = np.arange(100) >= 60
    person = measure_person(points, openings(points), frontal=frontal)
    rest = head.rig.neutral.vertices[head.landmarks]
    assert np.abs(person.neutral - rest)[list(MOUTH_CORNERS)].max() < 5e-4
