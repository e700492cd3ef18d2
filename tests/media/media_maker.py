"""Makes small media files for the tests, with FFmpeg itself so that nothing of ours is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE = 48_000


def tone(seconds: float, *, rate: int = RATE, hz: float = 440.0, level: float = 0.4) -> np.ndarray:
    """[N] a sine."""
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def click(seconds: float, at_s: float, *, rate: int = RATE) -> np.ndarray:
    """[N] silence with 4 ms of a loud 2 kHz tone."""
    samples = np.zeros(round(seconds * rate), dtype=np.float32)
    start = round(at_s * rate)
    burst = tone(0.004, rate=rate, hz=2000, level=0.9)
    samples[start : start + len(burst)] = burst
    return samples


def onset_s(samples: np.ndarray, rate: int) -> float:
    """When the first loud sample is."""
    return float(np.flatnonzero(np.abs(samples) > 0.3)[0] / rate)


def corners(width: int = 64, height: int = 48) -> np.ndarray:
    """[H, W, 3] a picture that shows which way up it is: red, green over blue, white."""
    image = np.full((height, width, 3), 255, dtype=np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    image[: height // 2, width // 2 :] = (0, 255, 0)
    image[height // 2 :, : width // 2] = (0, 0, 255)
    return image


def corner_colours(image: np.ndarray) -> np.ndarray:
    """[2, 2, 3] colours a quarter in from each corner."""
    height, width = image.shape[:2]
    return image[np.ix_([height // 4, height * 3 // 4], [width // 4, width * 3 // 4])].astype(int)


def write_media(
    path: Path,
    *,
    images: Sequence[np.ndarray] = (),
    times_s: Sequence[float] | None = None,
    fps: int = 25,
    video_codec: str = "libx264",
    pixel_format: str = "yuv420p",
    video_options: dict[str, str] | None = None,
    rotation: tuple[float, bool] | None = None,
    pixel_aspect: Fraction | None = None,
    sound: np.ndarray | None = None,
    sound_start_s: float = 0.0,
    sound_gap_s: tuple[float, float] | None = None,
    rate: int = RATE,
    audio_codec: str = "aac",
    options: dict[str, str] | None = None,
    container: str | None = None,
    cover_art: bool = False,
) -> Path:
    """Write pictures and/or sound; `sound` is [N] or [C, N] with C up to 2."""
    clock = Fraction(1, 1000)
    with av.open(f"file:{path}", "w", format=container, options=options or {}) as output:
        video: Any = None
        audio: Any = None
        if len(images):
            height, width = images[0].shape[:2]
            video = output.add_stream(video_codec, rate=1 if cover_art else fps)
            video.width, video.height, video.pix_fmt = width, height, pixel_format
            video.options = video_options or {}
            if times_s is not None:
                video.codec_context.time_base = clock
            if rotation is not None:
                video.set_display_rotation(rotation[0], hflip=rotation[1])
            if pixel_aspect is not None:
                video.codec_context.sample_aspect_ratio = pixel_aspect
            if cover_art:
                video.disposition = av.stream.Disposition.attached_pic
        if sound is not None:
            sound = np.atleast_2d(sound)
            layout = {1: "mono", 2: "stereo"}[len(sound)]
            audio = output.add_stream(audio_codec, rate=rate)
            audio.layout = layout
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
            frame = frame.reformat(format=pixel_format)
            if times_s is None:
                frame.pts, frame.time_base = index, Fraction(1, fps)
            else:
                frame.pts, frame.time_base = round(times_s[index] * 1000), clock
            output.mux(video.encode(frame))
        if video is not None:
            output.mux(video.encode(None))
        if audio is not None:
            for start in range(0, sound.shape[1], 960):
                moment = sound_start_s + start / rate
                if sound_gap_s is not None and sound_gap_s[0] <= moment < sound_gap_s[1]:
                    continue
                block = np.ascontiguousarray(sound[:, start : start + 960])
                part = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
                part.sample_rate = rate
                part.pts, part.time_base = round(moment * rate), Fraction(1, rate)
                output.mux(audio.encode(part))
            output.mux(audio.encode(None))
    return path


def cut(path: Path, share: float) -> Path:
    """Cut off a file after `share` of its bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path
