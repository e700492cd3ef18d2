"""Videos as streams of upright RGB pictures with the times at which they are shown.

Time 0 is where the file's presentation begins: its first picture or, if that is earlier, the
first sample of its sound (`animdrive.media.audio` counts from the same moment). So the first
picture's time is above 0 in a file whose sound starts first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream

from animdrive.contract import VideoFrame
from animdrive.contract.checks import ByteArray, check_fps
from animdrive.contract.stages import Report, tell_nobody
from animdrive.errors import InputError
from animdrive.media.container import (
    StreamDecoder,
    duration_s,
    first_frames,
    has_sound,
    opened,
    time_zero_s,
    video_stream,
)

_PLAUSIBLE_FPS = (1.0, 480.0)
"""Browsers' recordings claim 1000 frames per second: the clock, not the camera."""
_UNSPECIFIED_COLOUR = 2
"""AVCOL_SPC_UNSPECIFIED."""
_HD_LINES = 720
"""From here on, pictures that do not say so are in the colours of HD (ITU-R BT.709)."""
_LONE_PICTURE_FPS = 25.0
"""For a file of one picture, where any rate will do."""
_CLOCK_SET_BACK_S = 0.25
"""A time so much before the last one is a clock that was set anew, not a picture out of place."""


@dataclass(frozen=True)
class VideoInfo:
    """What a file says about its pictures."""

    width_px: int
    """Width as `read_frames` gives it: upright, with square pixels."""
    height_px: int
    """Height, likewise."""
    fps: float
    """Frames per second, the mean where the rate varies. Trust the frames' own times instead."""
    duration_s: float
    """Seconds, from the file's header where it has one."""
    rotation_deg: int
    """0, 90, 180 or 270: how far stored pictures are turned counter-clockwise to be upright."""
    has_audio: bool
    """Whether there is a sound track."""
    codec: str
    """FFmpeg's name of the coding: "h264", "hevc", "vp9"..."""

    @property
    def frame_count(self) -> int:
        """About how many frames there are, at least 1: for showing progress."""
        return max(1, round(self.duration_s * self.fps))


def probe_video(path: Path) -> VideoInfo:
    """Return what is known about a video from its header and its first picture.

    Raises:
        InputError: as `read_frames`.
    """
    path = Path(path)
    with opened(path, "video") as container:
        stream = video_stream(container, path)
        first = first_frames(container, [stream]).get(stream.index)
        if first is None:
            raise InputError(f"{path}: not one picture could be decoded. Export it again.")
        upright = _Upright(first, stream.sample_aspect_ratio, max_side_px=None)
        duration = duration_s(container)
        return VideoInfo(
            width_px=upright.size_px[0],
            height_px=upright.size_px[1],
            fps=_fps(container, stream, path),
            duration_s=duration,
            rotation_deg=upright.rotation_deg,
            has_audio=has_sound(container),
            codec=stream.codec_context.name,
        )


def read_frames(
    path: Path, *, max_side_px: int | None = None, report: Report = tell_nobody
) -> Iterator[VideoFrame]:
    """Read a video picture by picture.

    Pictures are upright (display matrix applied), have square pixels, are C-contiguous RGB, and
    all have the size of the first. Their times are those of the file, rising; nothing is
    assumed of the rate (`at_constant_rate` makes it constant). One picture is in memory, beside
    the few that the decoder works on.

    Args:
        path: mp4, mov, webm, avi, mkv; any coding that FFmpeg knows.
        max_side_px: Shrink pictures whose longer side is above this; None keeps their size.
        report: Told in one line if the file is cut off or damaged, and how much could be read,
            once the last picture was read.

    Raises:
        InputError: at the call: missing, empty, no media file, a picture file, an mp4 without its
            index, no video stream (cover art is none), or not one picture that can be decoded.
    """
    path = Path(path)
    return _frames(path, probe_video(path), max_side_px, report)


def at_constant_rate(
    frames: Iterable[VideoFrame], fps: float, *, end_s: float | None = None
) -> Iterator[VideoFrame]:
    """Show `frames` at a constant rate: at ``i / fps`` the one that is nearest in time.

    Nearest rather than the last one shown, which would come half a frame late on average. Before
    the first picture there is the first, so that result ``i`` always belongs to ``i / fps``.

    Args:
        frames: Pictures with rising times.
        fps: Frames per second of the result, above 0.
        end_s: Where to end, cutting or holding the last picture; None: one mean frame interval
            after the last picture.

    Yields:
        Pictures, shared where one is repeated, with times ``i / fps``.
    """
    fps = check_fps("at_constant_rate: fps", fps)
    limit = None if end_s is None else round(end_s * fps)
    index = count = 0
    first: VideoFrame | None = None
    shown: VideoFrame | None = None
    for frame in frames:
        if first is None or shown is None:
            first = frame
        else:
            middle = (shown.time_s + frame.time_s) / 2
            while index / fps < middle and (limit is None or index < limit):
                yield VideoFrame(shown.image, index / fps)
                index += 1
        shown, count = frame, count + 1
    if first is None or shown is None:
        return
    if limit is None:
        interval = (shown.time_s - first.time_s) / (count - 1) if count > 1 else 1 / fps
        limit = max(index, 1, round((shown.time_s + interval) * fps))
    for late in range(index, limit):
        yield VideoFrame(shown.image, late / fps)


def _frames(
    path: Path, info: VideoInfo, max_side_px: int | None, report: Report
) -> Iterator[VideoFrame]:
    begin_s = time_zero_s(path, "video")
    step_s = 1 / info.fps
    last_s = -step_s
    count = out_of_place = 0
    upright: _Upright | None = None
    resized_s: float | None = None
    with opened(path, "video") as container:
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"  # across frames: the latency does not matter here
        decoder = StreamDecoder(container, stream)
        for frame in decoder.frames():
            time_s = last_s + step_s if frame.time is None else frame.time - begin_s
            if count and time_s <= last_s - _CLOCK_SET_BACK_S:
                begin_s += time_s - last_s - step_s
                time_s = last_s + step_s
            elif count and time_s <= last_s:
                out_of_place += 1
                continue
            if upright is None:
                upright = _Upright(frame, stream.sample_aspect_ratio, max_side_px=max_side_px)
            if resized_s is None and (frame.width, frame.height) != upright.stored_px:
                resized_s = time_s
            count, last_s = count + 1, time_s
            yield VideoFrame(upright.image_of(frame), time_s)
        read = f"{count} frames ({last_s + step_s:.2f} s)"
        for note in decoder.notes(path, read, last_s + step_s):
            report(note)
    if resized_s is not None:
        report(f"{path.name} changes its size at {resized_s:.2f} s; it was scaled to the first.")
    if out_of_place:
        report(
            f"{path.name} has frames at the time of another ({out_of_place}); they were left out."
        )


def _fps(container: InputContainer, stream: VideoStream, path: Path) -> float:
    low, high = _PLAUSIBLE_FPS
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate is not None and low <= rate <= high:
            return float(rate)
    times: list[Fraction] = []
    with opened(path, "video") as again, contextlib.suppress(av.FFmpegError):
        for packet in again.demux(video_stream(again, path)):
            if packet.pts is not None:
                times.append(packet.pts * packet.time_base)
    length = max(times, default=Fraction(0)) - min(times, default=Fraction(0))
    return float((len(times) - 1) / length) if length else _LONE_PICTURE_FPS


class _Upright:
    """Makes upright RGB pictures of decoded ones, all in the way that fits the first."""

    def __init__(self, first: Any, aspect: Fraction | None, *, max_side_px: int | None) -> None:
        self.stored_px: tuple[int, int] = (first.width, first.height)
        """Width and height as stored."""
        # The matrix maps stored to shown: x' = a x + c y, y' = b x + d y (ISO/IEC 14496-12, 6.2.2).
        (a, b), (c, d) = _display_matrix(first)
        self._transposed = abs(a) + abs(d) < abs(b) + abs(c)
        flips_x, flips_y = (c < 0, b < 0) if self._transposed else (a < 0, d < 0)
        self._flip = {(True, True): -1, (True, False): 1, (False, True): 0}.get((flips_x, flips_y))
        if self._transposed:
            self.rotation_deg = 90 if flips_y else 270
        else:
            self.rotation_deg = 180 if flips_y else 0
        pixel = float(aspect or 1)  # 0 where nobody told
        width, height = first.width * max(1.0, pixel), first.height / min(1.0, pixel)
        if max_side_px is not None:
            shrink = min(1.0, max_side_px / max(width, height))
            width, height = width * shrink, height * shrink
        self._square_px = max(1, round(width)), max(1, round(height))
        self._reformatter = VideoReformatter()

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the upright pictures."""
        width, height = self._square_px
        return (height, width) if self._transposed else (width, height)

    def image_of(self, frame: Any) -> ByteArray:
        """Return PyAV's `frame` as upright RGB [H, W, 3]."""
        width, height = self._square_px
        untold = frame.colorspace == _UNSPECIFIED_COLOUR and not frame.format.is_rgb
        colours = Colorspace.ITU709 if untold and frame.height >= _HD_LINES else None
        image: Any = self._reformatter.reformat(
            frame, width, height, "rgb24", src_colorspace=colours
        ).to_ndarray()
        if self._transposed:
            image = cv2.transpose(image)
        if self._flip is not None:
            image = cv2.flip(image, self._flip)
        upright: ByteArray = np.ascontiguousarray(image)
        return upright


def _display_matrix(frame: Any) -> npt.NDArray[np.int32]:
    for data in frame.side_data:
        if data.type == SideDataType.DISPLAYMATRIX:
            matrix: npt.NDArray[np.int32] = np.frombuffer(bytes(data), np.int32).reshape(3, 3)
            return matrix[:2, :2]
    return np.eye(2, dtype=np.int32)
