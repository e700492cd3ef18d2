"""Pictures and sound to an mp4 that plays in every browser."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.container
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from animdrive.contract import AudioClip
from animdrive.contract.checks import ByteArray, as_bytes, check_fps
from animdrive.errors import ContractError, InputError
from animdrive.files import written_aside
from animdrive.media.audio import iter_audio, resampled

_FORMATS = {".mp4": "mp4", ".mov": "mov"}
_SAMPLE_RATE = 48_000
"""What every decoder of AAC plays, whatever the recording had."""
_AUDIO_BITS_PER_S = 128_000
_VIDEO_OPTIONS = {"preset": "veryfast", "crf": "18"}
"""Quality 18 looks like the source; slower presets only make the file smaller."""
_BT709 = 1
"""Number of ITU-R BT.709 in the tables of primaries, transfer and matrix of ITU-T H.273."""
_LARGEST_FPS_DENOMINATOR = 1001
"""Takes in the rates of television, 30000/1001 and its kin."""


class VideoWriter:
    """Writes pictures, and sound in step with them, as H.264 and AAC in an mp4.

    A context manager: the file appears under its name when the block ends well, and not at all
    when it does not. Memory is constant in the length. Picture ``i`` is shown at ``i / fps``; the
    sound ends with the last picture, cut or filled up with silence.
    """

    def __init__(
        self,
        path: Path,
        *,
        size_px: tuple[int, int],
        fps: float,
        audio: Path | AudioClip | None = None,
        audio_start_s: float = 0.0,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Take the settings; the file is begun when the block is entered.

        Args:
            path: Where to write: .mp4 or .mov.
            size_px: Width and height of the pictures. H.264 wants them even: an odd side gets one
                more row or column, a copy of the last.
            fps: Frames per second, may be fractional.
            audio: A file to take the sound from, or a clip; None for a silent film.
            audio_start_s: The moment of the sound that goes with the first picture. Below 0, the
                sound starts that much later.
            metadata: Key-value metadata of the file (moov.udta.meta), any keys.

        Raises:
            InputError: `path` has another suffix; on entering the block, the folder cannot be
                written or the sound cannot be read; in the block, the disk is full.
            ContractError: an impossible size or rate; no picture was written.
        """
        self._path = Path(path)
        if self._path.suffix.lower() not in _FORMATS:
            known = " or ".join(_FORMATS)
            raise InputError(f"Cannot write {path} as a video; end its name in {known}.")
        if min(size_px) < 1:
            raise ContractError(f"VideoWriter.size_px must be above 0, got {size_px}.")
        fps = check_fps("VideoWriter.fps", fps)
        self._size_px = size_px
        self._rate = Fraction(fps).limit_denominator(_LARGEST_FPS_DENOMINATOR)
        self._audio = audio
        self._audio_start_s = audio_start_s
        self._metadata = dict(metadata or {})
        self._session = self._writing()

    def __enter__(self) -> Self:
        """Begin the file."""
        self._session.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the file, or remove what there is of it."""
        self._session.__exit__(kind, error, trace)

    def write(self, image: ByteArray) -> None:
        """Append one picture, RGB uint8 [H, W, 3].

        Raises:
            ContractError: another shape than the `size_px` that was told.
        """
        self._pictures.write(image)
        if self._track is not None:
            self._track.write_until(self._pictures.count / self._rate)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        sound = None if self._audio is None else _Sound(self._audio, self._audio_start_s)
        with written_aside(self._path) as aside, self._failures_told():
            with self._opened(aside) as container:
                container.metadata.update(self._metadata)
                self._pictures = _PictureTrack(container, self._rate, self._size_px)
                self._track = None if sound is None else _SoundTrack(container, sound)
                yield
                if not self._pictures.count:
                    raise ContractError(f"VideoWriter: no picture was written to {self._path}.")
                self._pictures.end()
                if self._track is not None:
                    self._track.end()

    def _opened(self, aside: Path) -> av.container.OutputContainer:
        return av.open(
            f"file:{aside}",
            "w",
            format=_FORMATS[self._path.suffix.lower()],
            # The index in front, for a browser to start at once; metadata under any key.
            options={"movflags": "+faststart+use_metadata_tags"},
        )

    @contextlib.contextmanager
    def _failures_told(self) -> Iterator[None]:
        try:
            yield
        except av.FFmpegError as error:
            reason = error.strerror or error
            raise InputError(f"Cannot write {self._path}: {reason}.") from error


class _PictureTrack:
    """The pictures of an mp4, encoded as they come."""

    def __init__(
        self, container: av.container.OutputContainer, rate: Fraction, size_px: tuple[int, int]
    ) -> None:
        self.count = 0
        """Pictures so far."""
        self._container = container
        self._size_px = width, height = size_px
        options = {**_VIDEO_OPTIONS, "g": str(math.ceil(rate))}  # a key a second, to scrub well
        self._stream: VideoStream = container.add_stream("libx264", rate=rate, options=options)
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        self._reformatter = VideoReformatter()

    def write(self, image: ByteArray) -> None:
        width, height = self._size_px
        image = as_bytes("VideoWriter.write: image", image, (height, width, 3))
        if width % 2 or height % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts = self.count
        self.count += 1
        self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        self._container.mux(self._stream.encode(None))


class _SoundTrack:
    """The sound of an mp4, encoded as far as the pictures have come."""

    def __init__(self, container: av.container.OutputContainer, sound: _Sound) -> None:
        self._container = container
        self._sound = sound
        self._count = 0
        self._stream: AudioStream = container.add_stream("aac", rate=_SAMPLE_RATE)
        self._stream.layout = "mono"
        self._stream.bit_rate = _AUDIO_BITS_PER_S

    def write_until(self, end_s: Fraction) -> None:
        wanted = round(end_s * _SAMPLE_RATE) - self._count
        samples = self._sound.take(wanted)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = _SAMPLE_RATE, self._count
        frame.time_base = Fraction(1, _SAMPLE_RATE)
        self._count += wanted
        self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        self._container.mux(self._stream.encode(None))


class _Sound:
    """Sound at `_SAMPLE_RATE` from a moment on; silence where there is none."""

    def __init__(self, audio: Path | AudioClip, start_s: float) -> None:
        if isinstance(audio, AudioClip):
            clips = iter([resampled(audio, sample_rate=_SAMPLE_RATE)])
        else:
            clips = iter_audio(audio, sample_rate=_SAMPLE_RATE, chunk_s=1.0)
        self._clips = clips
        start = round(start_s * _SAMPLE_RATE)
        self._skip, self._silence = max(0, start), max(0, -start)
        self._waiting = np.zeros(0, dtype=np.float32)

    def take(self, count: int) -> npt.NDArray[np.float32]:
        """Return the next samples, [count]."""
        quiet = min(self._silence, count)
        self._silence -= quiet
        count -= quiet
        while len(self._waiting) < count and (clip := next(self._clips, None)) is not None:
            skipped = min(self._skip, len(clip.samples))
            self._skip -= skipped
            self._waiting = np.concatenate([self._waiting, clip.samples[skipped:]])
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return np.pad(taken, (quiet, count - len(taken)))
