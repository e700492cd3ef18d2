"""Faces that are hard to follow; each picture is made of two that are free to use."""

import cv2
import numpy as np
import pytest

from animdrive.contract import VideoFrame
from animdrive.media.video import read_frames
from animdrive.sources.video.tracking.landmarks import FaceMeshConfig, FaceMeshTracker

NOSE = (224, 127)
"""Where the tip of the portrait's nose is, pixels."""


@pytest.fixture(scope="module")
def talking(carphone):
    """Pictures [40] of a real face, its nose at about (93, 66)."""
    return [frame.image for frame, _ in zip(read_frames(carphone), range(40), strict=False)]


def tracked(pictures, *, fps=30, **settings):
    notes = []
    frames = [VideoFrame(picture, index / fps) for index, picture in enumerate(pictures)]
    tracker = FaceMeshTracker(FaceMeshConfig(**settings))
    return tracker.track(frames, report=notes.append), notes


def noses(track):
    return track.points[track.confidence > 0][:, 4, :2]


def placed(picture, size, at, scale=1.0):
    canvas = np.full((size[1], size[0], 3), 60, np.uint8)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    canvas[at[1] : at[1] + height, at[0] : at[0] + width] = small
    return canvas


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_face_that_lies_on_its_side_is_followed_as_it_lies(portrait, turns):
    turned = np.ascontiguousarray(np.rot90(portrait, turns))
    track, notes = tracked([turned] * 3)
    assert (track.confidence > 0).all()
    x, y = np.array(NOSE) - 256
    wanted = {1: (y, -x), 2: (-x, -y), 3: (-y, x)}[turns]
    np.testing.assert_allclose(noses(track).mean(axis=0) - 256, wanted, atol=6)
    assert any("lies on its side or upside down" in note for note in notes)


def test_landmarks_turn_with_the_picture(portrait):
    upright, _ = tracked([portrait] * 3)
    turned, _ = tracked([np.ascontiguousarray(np.rot90(portrait))] * 3)
    back = np.stack([512 - turned.points[-1, :, 1], turned.points[-1, :, 0]], axis=1)
    assert np.abs(back - upright.points[-1, :, :2]).mean() < 1.0


@pytest.mark.parametrize("light", [0.3, 0.1])
def test_a_dark_face_is_lightened(portrait, light):
    dark = (portrait * light).astype(np.uint8)
    bright, _ = tracked([portrait] * 2)
    track, notes = tracked([dark] * 4)
    assert (track.confidence > 0.3).all()
    assert np.abs(track.points[-1] - bright.points[-1])[:, :2].mean() < 2.0
    assert any("is dark in 4 of 4 frames" in note for note in notes)


def test_a_small_face_is_found_in_a_large_picture(portrait):
    far = placed(portrait, (1280, 720), (900, 300), 0.5)
    track, notes = tracked([far] * 3)
    np.testing.assert_allclose(noses(track), [(900 + 112, 300 + 63)] * 3, atol=2)
    assert any("only 5" in note and "Film closer" in note for note in notes)


def test_a_huge_face_is_found(portrait):
    huge = cv2.resize(portrait[40:200, 150:300], None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    track, _ = tracked([huge] * 2, longest_side_px=4000)
    np.testing.assert_allclose(noses(track), [((224 - 150) * 8, (127 - 40) * 8)] * 2, atol=24)


def test_the_size_of_the_tracked_picture_does_not_change_the_landmarks(portrait):
    large = cv2.resize(portrait, (1500, 1500), interpolation=cv2.INTER_CUBIC)
    one, _ = tracked([large] * 2, longest_side_px=1500)
    other, _ = tracked([large] * 2, longest_side_px=700)
    assert np.abs(one.points[-1] - other.points[-1])[:, :2].mean() < 2.5


@pytest.fixture(scope="module")
def two_faces(talking, portrait):
    """Pictures [20] with the portrait (left, larger) and the talking face (right)."""
    left = placed(portrait[:240, 110:350], (400, 300), (80, 30))
    rows = []
    for picture in talking[:20]:
        rows.append(np.concatenate([left, placed(picture, (300, 300), (50, 60))], axis=1))
    return rows


@pytest.mark.parametrize(
    ("face", "x"),
    [("largest", 194), ("left", 194), ("right", 543), ("1", 194), ("2", 543), ("543,126", 543)],
)
def test_the_chosen_one_of_two_faces_is_followed(two_faces, face, x):
    track, notes = tracked(two_faces[:6], face=face)
    np.testing.assert_allclose(noses(track)[:, 0], x, atol=15)
    assert any(f"Up to 2 faces are in the picture; one is followed ({face})" in n for n in notes)


def test_who_was_beside_a_lost_face_is_not_taken_for_it(two_faces):
    gone = [picture.copy() for picture in two_faces[:12]]
    for picture in gone[4:]:
        picture[:, :400] = 60  # the portrait leaves, the other one stays
    track, _ = tracked(gone, face="left")
    assert (track.confidence[:4] > 0).all()
    assert not track.confidence[4:].any()


def test_a_face_that_leaves_and_returns_is_found_again(talking):
    grey = np.full_like(talking[0], 90)
    track, _ = tracked(talking[:8] + [grey] * 10 + talking[8:16])
    assert (track.confidence[:8] > 0).all()
    assert not track.confidence[8:18].any()
    assert (track.confidence[20:] > 0).all()


def test_black_frames_are_skipped_and_said(talking):
    black = np.zeros_like(talking[0])
    track, notes = tracked(talking[:5] + [black] * 4 + talking[5:10])
    assert not track.confidence[5:9].any()
    assert (track.confidence[9:] > 0).all()
    assert "Black frames were skipped." in notes


def test_a_cut_is_marked_and_the_face_is_chosen_anew(talking, portrait):
    large = cv2.resize(portrait, (talking[0].shape[1], talking[0].shape[0]))
    track, _ = tracked(talking[:8] + [large] * 4)
    assert np.flatnonzero(track.cuts).tolist() == [8]
    assert (track.confidence > 0).all()


def test_nothing_is_found_in_noise_or_in_a_covered_face(talking, rng):
    noise = [rng.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(4)]
    covered = []
    for picture in talking[:4]:
        picture = picture.copy()
        picture[30:110, 55:125] = 128
        covered.append(picture)
    assert not tracked(noise)[0].confidence.any()
    assert not tracked(covered)[0].confidence.any()


def test_animals_and_grass_are_no_faces(shared_data):
    from animdrive.media.image import read_image

    folder = shared_data / "faces" / "noface"
    if not folder.is_dir():
        pytest.skip("no pictures without faces")
    for path in sorted(folder.glob("*.jpg")):
        track, _ = tracked([read_image(path)] * 2)
        assert not track.confidence.any(), path.name


def test_a_guess_is_less_sure_than_a_sight(talking):
    clear, _ = tracked(talking[:4])
    blurred, _ = tracked([cv2.GaussianBlur(picture, (0, 0), 6) for picture in talking[:4]])
    assert clear.confidence.min() > 0.8
    assert blurred.confidence.mean() < clear.confidence.mean()


def test_watching_shows_each_picture_and_its_landmarks_in_order(talking):
    seen = []
    grey = np.full_like(talking[0], 90)
    frames = [VideoFrame(picture, index / 30) for index, picture in enumerate([*talking[:3], grey])]

    def watch(picture, points, index):
        seen.append((picture.shape, None if points is None else points.copy(), index))

    track = FaceMeshTracker(FaceMeshConfig(longest_side_px=96)).track(frames, watch=watch)
    assert [index for _, _, index in seen] == [0, 1, 2, 3]
    assert all(max(shape) == 96 for shape, _, _ in seen)
    assert seen[3][1] is None
    scale = track.size_px[0] / seen[0][0][1]
    for shape, points, index in seen[:3]:
        assert points[4, 0] < shape[1]
        np.testing.assert_allclose(points * scale, track.points[index], rtol=1e-5)


def test_a_camera_is_followed_picture_by_picture(talking):
    follower = FaceMeshTracker().follower()
    try:
        faces = [
            follower.find(picture, time_s=index / 30) for index, picture in enumerate(talking[:3])
        ]
    finally:
        follower.close()
    assert all(face is not None and face.points.shape == (478, 3) for face in faces)
