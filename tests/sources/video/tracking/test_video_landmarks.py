import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from animdrive.contract import VideoFrame
from animdrive.contract.stages import LandmarkTracker
from animdrive.errors import InputError
from animdrive.media.video import read_frames
from animdrive.sources.video import TRACKERS
from animdrive.sources.video.tracking.landmarks import FaceMeshConfig, FaceMeshTracker
from animdrive.sources.video.tracking.quiet import quiet_stderr


@pytest.fixture(scope="module")
def clip(carphone):
    """The first 40 frames of a real face."""
    return [frame for frame, _ in zip(read_frames(carphone), range(40), strict=False)]


@pytest.fixture(scope="module")
def tracked(clip):
    return FaceMeshTracker().track(clip)


def still(frames, image):
    return [VideoFrame(image, index / 30) for index in range(frames)]


def test_every_tracker_satisfies_the_protocol():
    for name in TRACKERS.names():
        assert isinstance(TRACKERS.load(name)(), LandmarkTracker)


def test_a_real_face_is_followed(clip, tracked):
    assert tracked.points.shape == (40, 478, 3)
    assert tracked.confidence.mean() > 0.95
    assert tracked.size_px == clip[0].image.shape[1::-1]
    np.testing.assert_allclose(tracked.times_s, [frame.time_s for frame in clip])
    nose, chin = tracked.points[20, 4], tracked.points[20, 152]
    assert 40 < nose[0] < 130
    assert chin[1] > nose[1] + 15  # y goes down
    left, right = tracked.points[20, 263], tracked.points[20, 33]
    assert left[0] > right[0] + 10  # the subject's left eye is to the right of the picture
    temples = tracked.points[20, [127, 356], 2].mean()
    assert temples > nose[2]  # depth goes away from the camera


def test_pixels_are_those_of_the_full_picture(clip, tracked):
    small = FaceMeshTracker(FaceMeshConfig(longest_side_px=120)).track(clip[:15])
    both = (small.confidence > 0) & (tracked.confidence[:15] > 0)
    assert both.sum() >= 10
    off = np.abs(small.points[both] - tracked.points[:15][both])[:, :468, :2]
    assert off.mean() < 2.0


def test_frames_without_a_face_hold_zeros_and_the_face_is_found_again(clip):
    grey = np.full_like(clip[0].image, 90)
    images = [frame.image for frame in clip[:12]] + [grey] * 8 + [f.image for f in clip[12:24]]
    frames = [VideoFrame(image, index / 30) for index, image in enumerate(images)]
    track = FaceMeshTracker().track(frames)
    assert not track.confidence[13:20].any()
    assert not track.points[track.confidence == 0].any()
    assert track.confidence[:11].all()
    assert track.confidence[22:].all()


def test_a_far_face_is_found_in_a_cut_out(clip):
    rows = []
    for frame in clip[:20]:
        canvas = np.full((720, 960, 3), 60, np.uint8)
        height, width = frame.image.shape[:2]
        canvas[430 : 430 + height, 700 : 700 + width] = frame.image
        rows.append(VideoFrame(canvas, frame.time_s))
    both = FaceMeshTracker().track(rows)
    assert both.confidence.mean() > 0.8
    nose = both.points[both.confidence > 0][:, 4, :2].mean(axis=0)
    assert 740 < nose[0] < 830
    assert 470 < nose[1] < 540


def test_a_frame_that_does_not_come_later_is_dropped(clip):
    frames = [clip[0], clip[1], VideoFrame(clip[2].image, clip[1].time_s), clip[3]]
    assert len(FaceMeshTracker().track(frames)) == 3


def test_progress_follows_the_frames_where_their_number_is_known(clip):
    told = []
    FaceMeshTracker().track(clip[:5], progress=lambda stage, done: told.append(done))
    np.testing.assert_allclose(told, [0.2, 0.4, 0.6, 0.8, 1.0, 1.0])


def test_no_frames_is_an_error():
    with pytest.raises(InputError, match="holds no frame that could be read"):
        FaceMeshTracker().track(iter(()))


def test_a_change_of_size_is_an_error_that_says_when():
    frames = [*still(3, np.zeros((90, 120, 3), np.uint8))]
    frames.append(VideoFrame(np.zeros((60, 80, 3), np.uint8), 0.5))
    with pytest.raises(InputError, match=r"from 120x90 to 80x60 pixels at 0\.50 s"):
        FaceMeshTracker().track(frames)


def test_what_goes_wrong_while_decoding_is_raised_here(clip):
    def breaking():
        yield clip[0]
        raise InputError("the file ends early")

    with pytest.raises(InputError, match="the file ends early"):
        FaceMeshTracker().track(breaking())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"longest_side_px": 10}, "longest_side_px must be 64 or more, got 10"),
        ({"detection_confidence": 2}, r"detection_confidence must be in 0..1, got 2"),
        ({"tracking_confidence": -1}, r"tracking_confidence must be in 0..1, got -1"),
        ({"read_ahead": 0}, "read_ahead must be 1 or more, got 0"),
    ],
)
def test_settings_out_of_range_are_named(setting, message):
    with pytest.raises(InputError, match=message):
        FaceMeshConfig(**setting)


def test_the_tracker_says_nothing_on_stderr(carphone):
    program = (
        "import sys; from itertools import islice\n"
        "from animdrive.media.video import read_frames\n"
        "from animdrive.sources.video.tracking.landmarks import FaceMeshTracker\n"
        "from pathlib import Path\n"
        "FaceMeshTracker().track(islice(read_frames(Path(sys.argv[1])), 3))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(carphone)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    assert ran.stdout == ""


def test_kept_words_are_told_when_something_breaks(capfd):
    with quiet_stderr():
        os.write(2, b"nobody need hear this\n")
    assert capfd.readouterr().err == ""

    def failing():
        with quiet_stderr():
            os.write(2, b"the reason\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert capfd.readouterr().err == "the reason\n"
    os.write(2, b"and then aloud again\n")
    assert capfd.readouterr().err == "and then aloud again\n"


def test_quiet_in_two_threads_ends_when_both_have_ended(capfd):
    first_is_quiet, second_is_quiet, first_is_done = (threading.Event() for _ in range(3))

    def first():
        with quiet_stderr():
            first_is_quiet.set()
            assert second_is_quiet.wait(10)
        first_is_done.set()

    def second():
        assert first_is_quiet.wait(10)
        with quiet_stderr():
            second_is_quiet.set()
            assert first_is_done.wait(10)
            os.write(2, b"still quiet\n")

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"aloud\n")
    assert capfd.readouterr().err == "aloud\n"


def test_listing_trackers_imports_none():
    program = (
        "import sys; from animdrive.sources.video import TRACKERS; TRACKERS.names()\n"
        "assert not {'mediapipe', 'cv2', 'scipy', 'av'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
