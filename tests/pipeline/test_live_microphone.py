"""The microphone, through a PortAudio that the test plays."""

import builtins
import sys
import types

import numpy as np
import pytest

from animdrive.errors import BackendError, DeviceError
from animdrive.pipeline.live_microphone import MicrophoneFeed, microphone_name


class PortAudioError(Exception):
    pass


def fake_sounddevice(monkeypatch, *, rate=48_000.0, fails=None):
    """A sounddevice whose stream can be fed by hand."""
    streams = []

    def query_devices(device, kind):
        assert kind == "input"
        if fails:
            raise fails
        return {"default_samplerate": rate, "name": "the one"}

    class InputStream:
        def __init__(self, **options):
            self.options, self.open = options, False
            streams.append(self)

        def start(self):
            self.open = True

        def close(self):
            self.open = False

    module = types.SimpleNamespace(
        PortAudioError=PortAudioError, query_devices=query_devices, InputStream=InputStream
    )
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return streams


def test_a_microphone_hands_over_what_it_hears_and_when(monkeypatch):
    streams = fake_sounddevice(monkeypatch)
    feed = MicrophoneFeed()
    (stream,) = streams
    assert (feed.rate, stream.open) == (48_000, True)
    assert stream.options["channels"] == 1
    assert stream.options["blocksize"] == 480
    before = feed.clock()
    time = types.SimpleNamespace(currentTime=5.0, inputBufferAdcTime=4.97)
    buffer = np.full((480, 1), 0.5, np.float32)
    stream.options["callback"](buffer, 480, time, None)
    buffer[:] = 0  # PortAudio uses it again
    chunk = feed.poll(0.1)
    np.testing.assert_array_equal(chunk.samples, 0.5)
    assert before - 0.0201 <= chunk.captured_s <= feed.clock() - 0.0199
    stream.options["finished_callback"]()
    assert feed.ended
    feed.close()
    assert not stream.open


@pytest.mark.parametrize(
    ("device", "what"), [(None, "No microphone can"), ("7", "The microphone '7' can")]
)
def test_no_microphone_is_one_line(monkeypatch, device, what):
    fake_sounddevice(monkeypatch, fails=PortAudioError("Error querying device -1"))
    with pytest.raises(DeviceError, match=rf"{what}.*opened: Error querying device -1\. Plug one"):
        MicrophoneFeed(device)


def test_the_doctor_finds_the_microphone_or_says_why_not(monkeypatch):
    fake_sounddevice(monkeypatch)
    assert microphone_name() == "the one"
    fake_sounddevice(monkeypatch, fails=PortAudioError("Error querying device -1"))
    with pytest.raises(DeviceError, match="No microphone: Error querying device -1"):
        microphone_name()


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (ModuleNotFoundError("No module named 'sounddevice'"), r"pip install 'animdrive\[mic\]'"),
        (OSError("PortAudio library not found"), "apt install libportaudio2"),
    ],
)
def test_what_a_microphone_needs_is_told_with_the_cure(monkeypatch, error, cure):
    plain = builtins.__import__

    def importing(name, *rest):
        if name == "sounddevice":
            raise error
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(BackendError, match=cure):
        MicrophoneFeed()
