"""Opening a media file: which streams it has, where its time begins, and decoding past damage.

FFmpeg (through PyAV) does the work. Only containers of moving pictures and sound are let in, and
only the file itself is opened: left alone, FFmpeg would as gladly play a text file as ASCII art,
or fetch what a playlist names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import av
import av.container
import av.packet
import av.stream
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from animdrive.errors import InputError
from animdrive.files import existing_file
from animdrive.media.image import is_picture

Kind = Literal["sound", "video"]
"""What the caller wants to find in a file."""

_GIVE = {
    "sound": "Give wav, flac, mp3, ogg, opus, m4a, or a video with sound",
    "video": "Give mp4, mov, webm, avi or mkv",
}
_DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,wav,w64,flac,mp3,ogg,aac,ac3,eac3,aiff,au,caf,amr,"
    "wv,mpegts,mpeg,flv,asf,dv,mxf,ivf"
)
_PICTURE_BRANDS = ("heic", "heix", "mif1", "msf1", "avif", "avis")
_TICKS_PER_S = 1_000_000
"""FFmpeg counts the time of a whole container in microseconds."""
_EARLY_S = 0.3
"""Streams of one file seldom end together; only a greater lack is called an early end."""

_Stream = TypeVar("_Stream", VideoStream, AudioStream)


@contextlib.contextmanager
def opened(path: Path, kind: Kind) -> Iterator[av.container.InputContainer]:
    """Yield the open container of a file that is wanted for its `kind` of stream.

    Raises:
        InputError: missing, empty, a picture, cut off before its index, or no media file at all.
    """
    path = existing_file(path, f"{kind} file")
    try:
        # "file:" keeps a colon in a name from being taken for a protocol.
        container = av.open(
            f"file:{path}",
            "r",
            options={"protocol_whitelist": "file", "format_whitelist": _DEMUXERS},
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        raise InputError(_why_not_readable(path, kind)) from error
    with container:
        if container.metadata.get("major_brand", "").strip() in _PICTURE_BRANDS:
            raise InputError(_is_a_picture(path, kind))
        yield container


def _is_a_picture(path: Path, kind: Kind) -> str:
    return f"{path} is a picture, not a {kind} file. {_GIVE[kind]}."


def _why_not_readable(path: Path, kind: Kind) -> str:
    if _index_is_missing(path):
        return (
            f"{path} has no index (moov atom): it was cut off before its recording was closed. "
            "Copy it again from the camera, or mend it with a repair tool such as untrunc."
        )
    if is_picture(path):
        return _is_a_picture(path, kind)
    return f"{path} is not a {kind} file that can be read. {_GIVE[kind]}."


def _index_is_missing(path: Path) -> bool:
    boxes, _ = _boxes(path)
    return boxes[:1] == [b"ftyp"] and b"moov" not in boxes


def _boxes(path: Path) -> tuple[list[bytes], bool]:
    """Return the outermost boxes of an mp4 or mov, and whether the last goes on past the end.

    ISO/IEC 14496-12, 4.2. Of any other file, the first four letters that are taken for a name.
    """
    names: list[bytes] = []
    position, end = 0, path.stat().st_size
    with path.open("rb") as stream:
        while position + 8 <= end:
            stream.seek(position)
            header = stream.read(16)
            names.append(header[4:8])
            size = int.from_bytes(header[:4], "big")
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            if names[0] != b"ftyp" or size < 8:  # 0: the rest of the file
                return names, False
            position += size
    return names, position != end


def video_stream(container: av.container.InputContainer, path: Path) -> VideoStream:
    """Return the stream of moving pictures; cover art is none.

    Raises:
        InputError: there is none, or none that can be decoded.
    """
    art = av.stream.Disposition.attached_pic
    moving = [stream for stream in container.streams.video if not stream.disposition & art]
    if not moving:
        raise InputError(f"{path} has no video stream, only sound. {_GIVE['video']}.")
    return _best(moving, container.streams.best("video"), path)


def audio_stream(container: av.container.InputContainer, path: Path) -> AudioStream:
    """Return the sound track.

    Raises:
        InputError: there is none, or none that can be decoded.
    """
    tracks = container.streams.audio
    if not tracks:
        raise InputError(f"{path} has no sound track. {_GIVE['sound']}.")
    return _best(tracks, container.streams.best("audio"), path)


def _best(streams: Sequence[_Stream], favourite: av.stream.Stream | None, path: Path) -> _Stream:
    usable = [stream for stream in streams if _can_be_decoded(stream)]
    if not usable:
        raise InputError(
            f"{path}: no decoder for its {streams[0].type} stream. Save it as mp4 (H.264, AAC)."
        )
    return next((stream for stream in usable if stream is favourite), usable[0])


def _can_be_decoded(stream: av.stream.Stream) -> bool:
    # PyAV leaves out the context where FFmpeg has no decoder, against what its types say.
    context: object = stream.codec_context
    return context is not None


def has_sound(container: av.container.InputContainer) -> bool:
    """Whether there is a sound track that can be decoded."""
    return any(_can_be_decoded(stream) for stream in container.streams.audio)


class StreamDecoder:
    """Decodes one stream of an open file to its end, past whatever is damaged on the way."""

    def __init__(
        self, container: av.container.InputContainer, stream: VideoStream | AudioStream
    ) -> None:
        self._container = container
        self._stream = stream
        self._damaged = 0
        self._reached_s = 0.0

    def frames(self) -> Iterator[Any]:
        """Yield the stream's frames, PyAV's, in the order in which they are presented."""
        for packet in self._packets():
            if packet is not None and packet.is_corrupt:
                # A piece of a packet. Pieces of sound are sound; pieces of pictures are rubbish.
                self._damaged += 1
                if self._stream.type == "video":
                    continue
            try:
                frames = self._stream.decode(packet)
            except av.FFmpegError:
                self._damaged += packet is None or not packet.is_corrupt
                continue
            yield from frames

    def _packets(self) -> Iterator[av.packet.Packet[Any] | None]:
        # All streams are read, for a file reaches as far as the longest of them.
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError:
                self._damaged += 1
                yield None  # flushes the decoder
                return
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                self._reached_s = max(self._reached_s, float(end))
            if packet.stream.index == self._stream.index:
                yield packet

    def notes(self, path: Path, read: str, read_s: float) -> list[str]:
        """Return what to tell about damage once all frames are read.

        Args:
            path: The file, to name it.
            read: What was read, in words.
            read_s: How long that is, seconds.
        """
        promised_s = self._promised_s(path, read_s)
        notes = []
        if promised_s is not None and promised_s - read_s > _EARLY_S:
            notes.append(f"{path.name} ends early: {read} of {promised_s:.2f} s could be read.")
        elif _boxes(path)[1]:
            notes.append(f"{path.name} was cut off: {read} could be read.")
        damaged = self._damaged - len(notes)  # the packet at the cut is told by the cut
        if damaged > 0:
            notes.append(f"{path.name} is damaged (packets lost: {damaged}); {read} could be read.")
        return notes

    def _promised_s(self, path: Path, read_s: float) -> float | None:
        """Return how long the file says it is, where that is more than there was."""
        share = _riff_share(path)
        if share < 1:
            rate = self._stream.average_rate if isinstance(self._stream, VideoStream) else None
            frames = self._stream.frames  # in an avi, as its header counts them
            return float(frames / rate) if rate and frames else read_s / share
        name, duration = self._container.format.name, self._container.duration
        guessed = name == "aac" or (name == "mp3" and not self._stream.start_time)
        if duration is None or guessed:  # from the bit rate, where no header says it
            return None
        end_s = ((self._container.start_time or 0) + duration) / _TICKS_PER_S
        return duration / _TICKS_PER_S if end_s - self._reached_s > _EARLY_S else None


def _riff_share(path: Path) -> float:
    """Return how much of a RIFF file (wav, avi) is there, 0..1; FFmpeg trusts the file's size."""
    with path.open("rb") as stream:
        header = stream.read(8)
    promised = int.from_bytes(header[4:8], "little") + 8
    streamed = promised >= 0xFFFFFFFF  # written by a program that could not know the length
    if header[:4] != b"RIFF" or streamed or promised <= 8:
        return 1.0
    return min(1.0, path.stat().st_size / promised)


def first_frames(
    container: av.container.InputContainer, streams: Sequence[VideoStream | AudioStream]
) -> dict[int, Any]:
    """Return the first frame that is presented of each stream, by stream index.

    Read from the start of a file that was just opened. A stream with no frame has no entry.
    """
    found: dict[int, Any] = {}
    with contextlib.suppress(av.FFmpegError):
        for packet in container.demux(*streams):
            index = packet.stream.index  # packet.stream_index is wrong where decoders are flushed
            if index not in found:
                with contextlib.suppress(av.FFmpegError):
                    for frame in packet.decode():
                        found.setdefault(index, frame)
            if len(found) == len(streams):
                break
    return found


def time_zero_s(path: Path, kind: Kind) -> float:
    """Return the file's own time at which sound or picture begins, whichever is first, seconds.

    Both readers count from here, so that what was recorded together has the same time in both.
    FFmpeg has then already taken off what encoders put before the first sample, and what an edit
    list cuts away.
    """
    with opened(path, kind) as container:
        streams: list[VideoStream | AudioStream] = []
        with contextlib.suppress(InputError):
            streams.append(video_stream(container, path))
        with contextlib.suppress(InputError):
            streams.append(audio_stream(container, path))
        times = [frame.time for frame in first_frames(container, streams).values()]
    return min((time for time in times if time is not None), default=0.0)


def duration_s(container: av.container.InputContainer) -> float:
    """Return how long the file says it is, or else how far its packets reach, seconds.

    The second is what browsers' recordings need; it reads the file on to its end.
    """
    if container.duration is not None:
        return container.duration / _TICKS_PER_S
    reached = 0.0
    with contextlib.suppress(av.FFmpegError):
        for packet in container.demux():
            if packet.pts is not None:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                reached = max(reached, float(end))
    return reached
