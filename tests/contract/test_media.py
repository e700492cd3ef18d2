import numpy as np
import pytest

from animdrive.contract import AudioClip, Provenance, VideoClip, VideoFrame
from animdrive.errors import ContractError


def test_audio():
    assert AudioClip(np.zeros(8000), 16_000).duration_s == 0.5
    assert AudioClip(np.zeros(0), 16_000).duration_s == 0
    with pytest.raises(
        ContractError, match=r"AudioClip\.samples must have shape \[N\], got \[2, 3"
    ):
        AudioClip(np.zeros((2, 3)), 16_000)
    with pytest.raises(ContractError, match=r"AudioClip\.samples is nan at index \(1,\)"):
        AudioClip([0, np.nan], 16_000)
    with pytest.raises(ContractError, match=r"AudioClip\.sample_rate must be above 0, got 0"):
        AudioClip(np.zeros(2), 0)


def test_video_is_owned_but_cannot_be_written_through():
    pixels = np.zeros((2, 4, 6, 3), np.uint8)
    clip = VideoClip(pixels, 25.0)
    assert np.shares_memory(clip.frames, pixels)
    with pytest.raises(ValueError, match="read-only"):
        clip.frames[0] = 1
    with pytest.raises(ContractError, match=r"VideoClip\.frames must hold uint8 pixels, got float"):
        VideoClip(np.zeros((2, 4, 6, 3)), 25.0)
    with pytest.raises(ContractError, match=r"VideoClip\.frames must have shape \[T, H, W, 3\]"):
        VideoClip(pixels[0], 25.0)
    with pytest.raises(ContractError, match=r"VideoClip\.fps must be above 0"):
        VideoClip(pixels, 0.0)


def test_a_frame_is_rgb():
    assert VideoFrame(np.zeros((4, 6, 3), np.uint8), 0.5).time_s == 0.5
    with pytest.raises(ContractError, match=r"VideoFrame\.image must have shape \[H, W, 3\]"):
        VideoFrame(np.zeros((4, 6), np.uint8), 0.5)


def test_provenance_keeps_its_own_settings():
    settings = {"fps": 30}
    made = Provenance((), backend="test", config=settings)
    settings["fps"] = 60
    assert made.config["fps"] == 30
    with pytest.raises(TypeError):
        made.config["fps"] = 60
