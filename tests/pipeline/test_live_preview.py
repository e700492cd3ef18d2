"""The window beside live work: what is drawn, and the answer where there is no screen."""

import numpy as np
import pytest

from animdrive.errors import DeviceError
from animdrive.pipeline import live_preview
from animdrive.pipeline.live_preview import PreviewWindow, check_screen, drawn


def test_the_picture_is_mirrored_with_points_where_they_are():
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, :40] = 200  # left
    points = np.array([[80.0, 120.0, 0.0]], dtype=np.float32)
    shown = drawn(image, points, {})
    assert shown.shape == (480, 640, 3)
    assert shown[470, 630].min() > 150
    assert shown[470, 10].max() < 50
    assert shown[240, 640 - 1 - 160].max() > 150


def test_a_bar_is_as_long_as_its_curve_is_strong():
    image = np.zeros((240, 320, 3), np.uint8)
    lit = [
        int((drawn(image, None, {"jawOpen": value})[:, 120:, 0] > 100).sum())
        for value in (0.0, 0.5, 1.0)
    ]
    assert lit[0] < lit[1] < lit[2]


def test_without_a_screen_it_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(live_preview.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DeviceError, match=r"--preview needs a screen \(no DISPLAY is set\)"):
        PreviewWindow()


@pytest.mark.parametrize("display", [":987", "localhost:54321.0", "nonsense"])
def test_a_display_where_nobody_answers_is_none(monkeypatch, display):
    monkeypatch.setattr(live_preview.sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(DeviceError, match="where nobody answers"):
        check_screen()


def test_elsewhere_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(live_preview.sys, "platform", "darwin")
    check_screen()
