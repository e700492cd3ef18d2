"""Live sound from a microphone, by PortAudio."""

from __future__ import annotations

from time import monotonic
from typing import Any

from animdrive.errors import BackendError, DeviceError
from animdrive.pipeline.live_feed import CHUNK_S, Chunk, QueuedFeed


class MicrophoneFeed(QueuedFeed):
    """Sound from a microphone, by PortAudio."""

    stalls = True

    def __init__(self, device: str | None = None) -> None:
        """Open the microphone and begin.

        Args:
            device: Its number or a part of its name; None is the system's own choice.

        Raises:
            BackendError: sounddevice or PortAudio is not installed.
            DeviceError: no microphone, or it cannot be opened.
        """
        sounddevice = _sounddevice()
        number: int | str | None = device
        if device is not None and device.isdecimal():
            number = int(device)
        try:
            found = sounddevice.query_devices(number, "input")
            super().__init__(int(found["default_samplerate"]))
            self._stream = sounddevice.InputStream(
                samplerate=self.rate,
                blocksize=round(CHUNK_S * self.rate),
                device=number,
                channels=1,
                dtype="float32",
                latency="low",
                callback=self._take,
                finished_callback=self._queue.finish,
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            what = "No microphone" if device is None else f"The microphone '{device}'"
            raise DeviceError(
                f"{what} can be opened: {' '.join(str(error).split())}. "
                "Plug one in, or give a file or '-' for a pipe."
            ) from error

    def _take(self, samples: Any, frames: int, time: Any, _: Any) -> None:
        # PortAudio's clock tells when the first sample reached the converter.
        age_s = time.currentTime - time.inputBufferAdcTime if time.inputBufferAdcTime else 0.0
        begin_s = monotonic() - max(age_s, frames / self.rate)
        self._queue.put(Chunk(samples[:, 0].copy(), begin_s + frames / self.rate))

    def close(self) -> None:
        """Close the device."""
        self._stream.close()


def microphone_name() -> str:
    """Return what the system's own microphone is called.

    Raises:
        BackendError: sounddevice or PortAudio is not installed.
        DeviceError: there is no microphone.
    """
    sounddevice = _sounddevice()
    try:
        found = sounddevice.query_devices(None, "input")
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError(f"No microphone: {' '.join(str(error).split())}.") from error
    return str(found["name"])


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise BackendError(
            "A microphone needs 'sounddevice', which is not installed. pip install 'animdrive[mic]'"
        ) from error
    except OSError as error:
        raise BackendError(
            "A microphone needs PortAudio, which is not installed. "
            "apt install libportaudio2 (macOS: brew install portaudio)"
        ) from error
    return sounddevice
