"""Pictures from a camera or a clip: the newest one wins, and whoever is late is told so."""

import threading
import time

import numpy as np
import pytest

from animdrive.contract import VideoFrame
from animdrive.errors import DeviceError, InputError
from animdrive.pipeline import live_camera
from animdrive.pipeline.live_camera import (
    CameraShots,
    LatestShot,
    PacedShots,
    PlainShots,
    Shot,
)


def frames(count, fps=100.0, start_s=0.0):
    for index in range(count):
        yield VideoFrame(np.full((4, 6, 3), index, np.uint8), start_s + index / fps)


def shot(number):
    return Shot(np.full((2, 2, 3), number, np.uint8), number / 30, float(number))


def drained(shots):
    while not shots.ended:
        shots.next(0.2)


class Camera:
    """What OpenCV would open: BGR pictures, some of which fail."""

    def __init__(self, *, opens=True, pictures=5, fps=25.0, fails_at=()):
        self.opens, self.left, self.fps, self.fails_at = opens, pictures, fps, set(fails_at)
        self.asked, self.reads, self.released = {}, 0, False

    def isOpened(self):
        return self.opens

    def set(self, what, value):
        self.asked[what] = value

    def get(self, what):
        return self.fps

    def read(self):
        self.reads += 1
        if self.reads in self.fails_at or not self.left:
            return False, None
        self.left -= 1
        time.sleep(0.002)
        picture = np.zeros((4, 6, 3), np.uint8)
        picture[..., 0], picture[..., 2] = 10, self.reads  # blue, red
        return True, picture

    def release(self):
        self.released = True


def test_the_latest_picture_wins_and_the_others_are_counted():
    latest = LatestShot()
    for number in range(3):
        latest.put(shot(number))
    assert latest.next(0.0).captured_s == 2
    assert latest.dropped == 2
    assert latest.next(0.0) is None
    assert not latest.ended
    latest.put(shot(3))
    latest.finish()
    assert not latest.ended  # what is there is still handed out
    assert latest.next(0.0).captured_s == 3
    assert latest.ended


def test_waiting_ends_when_a_picture_comes():
    latest = LatestShot()
    threading.Timer(0.02, latest.put, [shot(7)]).start()
    assert latest.next(5.0).captured_s == 7


def test_a_fault_is_raised_once_and_then_it_is_over():
    latest = LatestShot()
    latest.finish(InputError("broken"))
    assert not latest.ended
    with pytest.raises(InputError, match="broken"):
        latest.next(0.0)
    assert latest.next(0.0) is None
    assert latest.ended


def test_a_paced_clip_comes_no_faster_than_a_camera_would():
    shots = PacedShots(frames(6, fps=50.0, start_s=3.0), 50.0)
    taken = []
    begun = time.monotonic()
    while not shots.ended:
        one = shots.next(0.5)
        if one is not None:
            taken.append((one, time.monotonic() - begun))
    shots.close()
    assert shots.live
    assert len(taken) + shots.dropped == 6
    for one, at_s in taken:
        assert at_s >= one.time_s - 0.005
        assert one.captured_s <= time.monotonic()
    assert [one.time_s for one, _ in taken] == sorted(one.time_s for one, _ in taken)
    assert taken[0][0].time_s == 0.0 or shots.dropped  # the clip's first picture is time 0


def test_who_is_slow_misses_pictures_and_gets_the_newest():
    shots = PacedShots(frames(20, fps=200.0), 200.0)
    shots._thread.join(timeout=10.0)
    one = shots.next(0.5)
    assert one.image[0, 0, 0] == 19
    assert shots.dropped == 19
    shots.close()


def test_a_broken_clip_tells_what_broke():
    def broken():
        yield from frames(2)
        raise InputError("the clip is cut off")

    shots = PacedShots(broken(), 100.0)
    with pytest.raises(InputError, match="the clip is cut off"):
        drained(shots)
    assert shots.ended
    shots.close()


def test_closing_stops_a_clip_in_the_middle():
    shots = PacedShots(frames(10_000, fps=30.0), 30.0)
    shots.next(0.5)
    shots.close()
    assert not shots._thread.is_alive()


def test_a_plain_clip_drops_nothing():
    shots = PlainShots(frames(9, start_s=1.0), 100.0)
    taken = []
    while not shots.ended:
        one = shots.next(0.0)
        if one is not None:
            taken.append(one.time_s)
    assert taken == pytest.approx([index / 100 for index in range(9)])
    assert (shots.dropped, shots.live) == (0, False)


def test_a_camera_gives_rgb_at_its_own_rate(monkeypatch):
    monkeypatch.setattr(live_camera, "_SILENT_S", 0.05)
    camera = Camera(pictures=4)
    shots = CameraShots(3, size_px=(640, 480), fps=25.0, opened=lambda device: camera)
    one = shots.next(1.0)
    assert one.image[0, 0].tolist()[2] == 10  # blue is last
    assert one.image[0, 0, 0] >= 2  # the first picture proved that the camera works
    assert shots.fps == 25.0
    assert set(camera.asked.values()) == {640, 480, 1, 25.0}
    with pytest.raises(DeviceError, match="Camera 3 stopped giving pictures"):
        drained(shots)
    shots.close()
    assert camera.released


def test_a_camera_that_tells_no_rate_has_a_usual_one():
    camera = Camera(fps=0.0)
    shots = CameraShots(0, opened=lambda device: camera)
    assert shots.fps == 30.0
    shots.close()


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (Camera(opens=False), "Camera 9 cannot be opened"),
        (Camera(pictures=0), "Camera 9 gives no picture"),
    ],
)
def test_no_camera_is_one_clear_line_and_it_is_let_go(camera, message):
    with pytest.raises(DeviceError, match=message):
        CameraShots(9, opened=lambda device: camera)
    assert camera.released
