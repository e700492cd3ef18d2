"""Sound files, and the sound of videos, to mono clips and back. Streamed and resampled on the way.

Time 0 is where the file's presentation begins: its first sample or, in a video, its first picture
if that is earlier. Sound that starts later than the picture begins with silence, and gaps that
the time stamps tell are filled with silence, so sample ``i`` was heard at ``i / sample_rate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile

from animdrive.contract import AudioClip
from animdrive.contract.stages import Report, tell_nobody
from animdrive.errors import ContractError, InputError
from animdrive.files import written_aside
from animdrive.media.container import (
    StreamDecoder,
    audio_stream,
    duration_s,
    first_frames,
    opened,
    time_zero_s,
)
from animdrive.media.mixdown import Mixdown

Samples = npt.NDArray[np.float32]

_RESAMPLER = {"filter_size": "64", "cutoff": "0.97"}
"""libswresample to 16 kHz: flat within 0.1 dB up to 7 kHz, 90 dB down from 8.5 kHz on; with its own
defaults it would be 0.4 dB and 26 dB."""
_FULL_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "flt": 1.0, "dbl": 1.0}
"""The value that stands for 1.0 in each of FFmpeg's sample formats that numpy has too."""
_PLAUSIBLE_RATES_HZ = (1_000, 1_000_000)
"""Beyond, a header is damaged, and resampling would take all memory or leave nothing."""
_JITTER_S = 0.05
"""Time stamps are rounded (Matroska: to 1 ms) and drift; only a greater step moves the sound."""
_LONGEST_GAP_S = 600.0
"""A greater step, or one further back than `_LONGEST_OVERLAP_S`, is a clock that was set anew."""
_LONGEST_OVERLAP_S = 1.0


@dataclass(frozen=True)
class AudioInfo:
    """What a file says about its sound."""

    sample_rate: int
    """Samples per second as decoded."""
    channels: int
    """Channels before they are mixed to one."""
    duration_s: float
    """Seconds, from the file's header where it has one."""
    codec: str
    """FFmpeg's name of the coding: "pcm_s16le", "aac", "opus"..."""


def probe_audio(path: Path) -> AudioInfo:
    """Return what is known about the sound of a file without decoding it all.

    Raises:
        InputError: as `read_audio`.
    """
    path = Path(path)
    with opened(path, "sound") as container:
        stream = audio_stream(container, path)
        first = first_frames(container, [stream]).get(stream.index)
        if first is None:
            raise InputError(_no_sound(path))
        low, high = _PLAUSIBLE_RATES_HZ
        if not low <= first.sample_rate <= high or _kind(first) not in _FULL_SCALE:
            raise InputError(
                f"{path} claims {first.sample_rate} samples per second of kind {_kind(first)}, "
                "which cannot be used. Record or export it again as 16 or 24 bit wav."
            )
        return AudioInfo(
            sample_rate=first.sample_rate,
            channels=first.layout.nb_channels,
            duration_s=duration_s(container),
            codec=stream.codec_context.name,
        )


def read_audio(
    path: Path, *, sample_rate: int | None = None, report: Report = tell_nobody
) -> AudioClip:
    """Read the sound of a file as mono.

    Args:
        path: wav, flac, mp3, ogg, opus, m4a or any video with a sound track; any rate, channel
            count and bit depth. Channels are mixed as `Mixdown.weights` says.
        sample_rate: Samples per second of the result; None keeps the file's.
        report: Told in one line if the file is cut off or damaged, and how much could be read.

    Raises:
        InputError: missing, empty, no media file, no sound track, or not one sample in it.
    """
    chunks = list(iter_audio(path, sample_rate=sample_rate, report=report))
    if not chunks:  # too few to make one sample at the new rate
        raise InputError(_no_sound(path))
    return AudioClip(np.concatenate([chunk.samples for chunk in chunks]), chunks[0].sample_rate)


def iter_audio(
    path: Path,
    *,
    sample_rate: int | None = None,
    chunk_s: float = 10.0,
    report: Report = tell_nobody,
) -> Iterator[AudioClip]:
    """Read as `read_audio` does, in pieces that follow on each other without a seam.

    A file of several channels is decoded twice, the first time to find out what they carry; what
    is in memory is one piece.

    Args:
        path: As in `read_audio`.
        sample_rate: As in `read_audio`.
        chunk_s: Seconds in each piece but the last, above 0.
        report: As in `read_audio`; told once the last piece was read.

    Raises:
        InputError: as `read_audio`, at the call.
    """
    path = Path(path)
    info = probe_audio(path)
    rate = info.sample_rate if sample_rate is None else sample_rate
    if rate <= 0 or chunk_s <= 0:
        raise ContractError(f"sample_rate and chunk_s must be above 0, got {rate} and {chunk_s}.")
    return _chunks(_at_rate(_mono_blocks(path, report), rate), rate, max(1, round(chunk_s * rate)))


def resampled(clip: AudioClip, *, sample_rate: int) -> AudioClip:
    """Return `clip` at another rate, band-limited, in place in time."""
    blocks = list(_at_rate([(clip.sample_rate, clip.samples)], sample_rate))
    return AudioClip(np.concatenate(blocks) if blocks else clip.samples, sample_rate)


def write_wav(clip: AudioClip, path: Path) -> None:
    """Write `clip` as 16-bit wav; what overshoots -1..1 is clipped.

    Raises:
        InputError: the folder cannot be written.
    """
    with written_aside(path) as aside:
        soundfile.write(str(aside), clip.samples, clip.sample_rate, "PCM_16", format="WAV")


def _no_sound(path: Path) -> str:
    return f"{path} holds no sound (0 samples). Record or export it again."


def _chunks(blocks: Iterable[Samples], rate: int, length: int) -> Iterator[AudioClip]:
    waiting: list[Samples] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block)
        if count >= length:
            joined = np.concatenate(waiting)
            whole = count - count % length
            for start in range(0, whole, length):
                yield AudioClip(joined[start : start + length], rate)
            waiting, count = [joined[whole:]], count - whole
    if count:
        yield AudioClip(np.concatenate(waiting), rate)


def _at_rate(blocks: Iterable[tuple[int, Samples]], rate: int) -> Iterator[Samples]:
    """Resample mono blocks, each given with its own rate, to `rate`."""
    for block_rate, group in groupby(blocks, key=itemgetter(0)):
        resampler = av.AudioResampler("flt", "mono", rate, options=_RESAMPLER)
        for _, samples in group:
            if not len(samples):
                continue  # FFmpeg has no frame without samples
            frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
            frame.sample_rate = block_rate
            yield from _pushed(resampler, frame)
        yield from _pushed(resampler, None)


def _pushed(resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Iterator[Samples]:
    for result in resampler.resample(frame):
        if result is not None:  # what a resampler with nothing to do gives for its flush
            yield result.to_ndarray()[0]


def _mono_blocks(path: Path, report: Report) -> Iterator[tuple[int, Samples]]:
    """Yield mono samples as they are decoded, each block with its rate, placed in time."""
    mixdown, weights = _mixdown_of(path), np.zeros(0, dtype=np.float32)
    begin_s = position_s = time_zero_s(path, "sound")
    not_numbers = 0
    with opened(path, "sound") as container:
        decoder = StreamDecoder(container, audio_stream(container, path))
        for frame in decoder.frames():
            rate = frame.sample_rate
            block = _floats(frame)
            wrong = ~np.isfinite(block)
            if wrong.any():
                not_numbers += int(wrong.sum())
                block[wrong] = 0
            if len(weights) != len(block):
                weights = mixdown.weights(len(block))
            mono = weights @ block
            shift, position_s = _step(frame.time, position_s, rate, first=position_s == begin_s)
            for length in _pieces(shift, rate):
                yield rate, np.zeros(length, dtype=np.float32)
            mono = mono[max(0, -shift) :]
            yield rate, mono
            position_s += (max(0, shift) + len(mono)) / rate
        read_s = position_s - begin_s
        for note in decoder.notes(path, f"{read_s:.2f} s of sound", read_s):
            report(note)
    if not_numbers:
        report(f"{path.name} has samples that are not numbers ({not_numbers}); they were silenced.")


def _step(time_s: float | None, position_s: float, rate: int, *, first: bool) -> tuple[int, float]:
    """Return by how many samples a block starts late (+) or early (-), and the position to use."""
    if time_s is None:
        return 0, position_s
    shift_s = time_s - position_s
    if not -_LONGEST_OVERLAP_S <= shift_s <= _LONGEST_GAP_S:
        return 0, time_s
    if abs(shift_s) <= _JITTER_S and not first:
        return 0, position_s
    return round(shift_s * rate), position_s


def _pieces(total: int, longest: int) -> Iterator[int]:
    for done in range(0, total, longest):
        yield min(longest, total - done)


def _mixdown_of(path: Path) -> Mixdown:
    mixdown = Mixdown()
    with opened(path, "sound") as container:
        for frame in StreamDecoder(container, audio_stream(container, path)).frames():
            if frame.layout.nb_channels == 1:
                break  # nothing to choose
            mixdown.listen(np.nan_to_num(_floats(frame), posinf=0.0, neginf=0.0))
    return mixdown


def _kind(frame: Any) -> str:
    """Return the name of the sample format, planar or not."""
    return str(frame.format.name).removesuffix("p")


def _floats(frame: Any) -> Samples:
    """Return the samples of PyAV's audio `frame` as [C, N] in -1..1."""
    kind = _kind(frame)
    values = frame.to_ndarray().astype(np.float32)
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    if kind == "u8":
        values -= _FULL_SCALE["u8"]
    scaled: Samples = values / np.float32(_FULL_SCALE[kind])
    return scaled
