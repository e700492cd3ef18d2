"""The learned regressor: laws that hold whatever it learned, and that it did learn."""

import numpy as np
import pytest
from face_maker import curves, landmark_points, seen

from animdrive.contract import ARKIT_INDEX
from animdrive.contract.names import MIRROR52
from animdrive.errors import WeightsError
from animdrive.sources.video.fitting.at_rest import calmest_frames
from animdrive.sources.video.fitting.cutout import CUTOUT_PX
from animdrive.sources.video.fitting.glimpses import Glimpses
from animdrive.sources.video.fitting.pose import HeadPoses
from animdrive.sources.video.fitting.regressor import load_regressor, regressor_of


@pytest.fixture(scope="module")
def regressor():
    return load_regressor()


@pytest.fixture
def facing():
    """Return poses of [n] heads that face the camera."""

    def facing(count):
        return HeadPoses(
            np.repeat(np.eye(3)[None], count, axis=0), np.ones(count), np.zeros((count, 3))
        )

    return facing


def rest_of(head):
    return head.rig.neutral.vertices[head.landmarks] - head.head_pivot


def cutouts(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, CUTOUT_PX, CUTOUT_PX, 3)).astype(np.uint8)


def test_a_mirrored_take_gives_mirrored_curves(head, regressor, facing, mirrored_landmarks):
    values = curves(4, mouthSmileLeft=[0, 0.8, 0, 0.3], eyeBlinkRight=[0, 0, 1, 0], jawOpen=0.2)
    points = landmark_points(head, values) - head.head_pivot
    flipped = points[:, mirrored_landmarks] * [-1, 1, 1]
    pictures = cutouts(4)
    rest = rest_of(head)
    rest = 0.5 * (rest + rest[mirrored_landmarks] * [-1, 1, 1])  # the landmarks are nearly so
    at_rest = regressor.look(cutouts(1, seed=1))[0]
    mirrored_at_rest = regressor.look(cutouts(1, seed=1)[:, :, ::-1])[0]
    straight = regressor.curves(points, facing(4), rest, regressor.look(pictures), at_rest)
    mirrored = regressor.curves(
        flipped, facing(4), rest, regressor.look(pictures[:, :, ::-1]), mirrored_at_rest
    )
    np.testing.assert_allclose(mirrored[:, list(MIRROR52)], straight, atol=2e-3)


def test_frames_are_solved_alike_alone_and_together(head, regressor, facing):
    values = curves(300, jawOpen=np.linspace(0, 1, 300))
    points = landmark_points(head, values) - head.head_pivot
    together = regressor.guess(points, facing(300), None)
    alone = regressor.guess(points[290:291], facing(1), None)
    np.testing.assert_allclose(together[290:291], alone, atol=1e-5)
    assert together.min() >= 0
    assert together.max() <= 1


def test_an_opening_mouth_is_told_from_landmarks_alone(head, regressor, facing):
    opening = np.linspace(0, 1, 9)
    points = landmark_points(head, curves(9, jawOpen=opening)) - head.head_pivot
    found = regressor.curves(points, facing(9), rest_of(head), None, None)
    jaw = found[:, ARKIT_INDEX["jawOpen"]]
    assert np.corrcoef(jaw, opening)[0, 1] > 0.97
    assert jaw[0] < 0.1
    assert jaw[-1] > 0.5


def test_the_calmest_frames_are_those_at_rest_seen_from_the_front(head):
    guess = curves(40, mouthSmileLeft=0.5)
    guess[10:20] = 0.002
    poses = HeadPoses(np.repeat(np.eye(3)[None], 40, axis=0), np.ones(40), np.zeros((40, 3)))
    assert set(calmest_frames(guess, poses)) <= set(range(10, 20))
    assert len(calmest_frames(guess, poses)) == 5
    turned = np.array(poses.rotation)
    side = np.radians(60)
    turned[10:14] = [[np.cos(side), 0, np.sin(side)], [0, 1, 0], [-np.sin(side), 0, np.cos(side)]]
    aside = HeadPoses(turned, poses.scale, poses.place)
    assert set(calmest_frames(guess, aside)) <= set(range(14, 20))


def test_glimpses_are_those_of_the_frames_with_a_face(head, regressor):
    track = seen(head, landmark_points(head, curves(1)))
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (40, 512, 512, 3)).astype(np.uint8)
    with Glimpses(regressor, head) as glimpses:
        for index, picture in enumerate(pictures):
            glimpses(picture, None if index in (3, 39) else track.points[0], index)
        kept = glimpses.embeddings()
    assert kept.shape == (40, regressor.embedding)
    assert not kept[[3, 39]].any()
    assert kept[[2, 38]].any(axis=1).all()
    with Glimpses(regressor, head) as alone:
        alone(pictures[38], track.points[0], 0)
        np.testing.assert_allclose(alone.embeddings()[0], kept[38], atol=1e-3)


def test_a_file_that_lacks_something_is_refused():
    with pytest.raises(WeightsError, match="regressor's file cannot be used"):
        regressor_of({"index": np.arange(3)})
