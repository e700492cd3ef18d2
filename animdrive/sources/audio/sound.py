"""Sound made ready for the recogniser, and how loud it is when."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from animdrive.contract import AudioClip

SAMPLE_RATE = 16000
"""What the acoustic model was trained on, Hz."""
HOP_S = 0.01
"""Time between two levels, seconds; also the recogniser's frame."""
HOP_SAMPLES = 160
"""The same in samples."""
_WINDOW = 2 * HOP_SAMPLES
_DIGITAL_SILENCE_DB = -95.0
_FAINTEST_DB = -82.0
"""Below this nothing is called speech; the noise of a 16-bit recording lies at about -90."""
_STEADY_DB = 1.5
"""Speech rises and falls by more than this, steady noise and hum do not."""
_LOUDEST = 50
"""Frames that count as the loudest part, at most."""
_LONG_SILENCE_S = 1.0
_KEPT_SILENCE = 30
_LONGEST_BLOCK = 60 * SAMPLE_RATE

Levels = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sound:
    """A clip as the recogniser takes it. M samples, F frames of `HOP_S`."""

    pcm: npt.NDArray[np.int16]
    """[M] samples at `SAMPLE_RATE`, brought to full loudness."""
    level_db: Levels
    """[F] loudness around the middle of each frame, dB, before it was brought up; treble counts
    more, so that S and F show."""
    gate_db: float
    """Level below which nobody speaks."""
    speech_db: float
    """Level of the loudest speech: of the loudest twentieth, or half second, of the clip."""
    duration_s: float
    """Length of the clip, seconds."""

    @property
    def has_speech(self) -> bool:
        """Whether somebody may be speaking: loud enough, and not steady as noise and hum are."""
        if not len(self.level_db) or self.speech_db < _FAINTEST_DB:
            return False
        return self.range_db > _STEADY_DB

    @property
    def range_db(self) -> float:
        """How far the loudest speech stands above the quietest tenth of the clip."""
        return self.speech_db - float(np.percentile(self.level_db, 10)) if len(self.level_db) else 0

    def silences(self, shortest_s: float) -> list[tuple[int, int]]:
        """Return runs of frames, first and one past the last, below `gate_db` that long."""
        quiet = np.concatenate([[False], self.level_db < self.gate_db, [False]])
        edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
        runs = [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
        return [(a, b) for a, b in runs if (b - a) * HOP_S >= shortest_s - 1e-9]


def loudest_db(level_db: Levels, start_s: float, end_s: float) -> float:
    """Return the highest of `level_db` [F] between two times, at least one frame of it."""
    first = int(start_s / HOP_S)
    part = level_db[first : max(first + 1, int(end_s / HOP_S))]
    return float(part.max()) if len(part) else -120.0


def without_long_silences(sound: Sound) -> tuple[Sound, npt.NDArray[np.int64]]:
    """Return `sound` with silences of a second and more cut to 0.6 s, and where its frames were.

    A recogniser takes its measure of the voice from the mean of all frames; a minute of silence
    around a line would make that the measure of silence.

    Returns:
        The shorter sound of K frames, and [K + 1] the frame of the whole sound for each boundary
        between frames.
    """
    kept = np.ones(len(sound.level_db), dtype=bool)
    for first, end in sound.silences(_LONG_SILENCE_S):
        kept[first + _KEPT_SILENCE : end - _KEPT_SILENCE] = False
    frames = np.flatnonzero(kept)
    origin = np.append(frames, len(kept))
    if kept.all():
        return sound, origin
    pcm = np.zeros(len(kept) * HOP_SAMPLES, dtype=np.int16)
    pcm[: len(sound.pcm)] = sound.pcm
    shorter = pcm.reshape(-1, HOP_SAMPLES)[kept].ravel()
    return (
        replace(
            sound,
            pcm=shorter,
            level_db=sound.level_db[kept],
            duration_s=len(shorter) / SAMPLE_RATE,
        ),
        origin,
    )


def sound_from_clip(audio: AudioClip) -> Sound:
    """Return `audio` at 16 kHz, without offset, at full loudness, with its levels.

    A trace of fixed noise is added, one step of 16 bits, for the recogniser's logarithms have no
    answer to digital silence.

    Args:
        audio: Any rate, any loudness, clipped or not.
    """
    samples = resampled(audio.samples, audio.sample_rate)
    if len(samples):
        samples -= np.float32(samples.mean())
    level = _levels(samples)
    speech, gate = _thresholds(level)
    peak = float(np.percentile(np.abs(samples), 99.9)) if len(samples) else 0.0
    gain = 0.5 / peak if peak > 1e-6 else 1.0
    samples *= np.float32(gain * 32767)
    pcm = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
    return Sound(
        pcm=with_room_noise(pcm, steps=1),
        level_db=level,
        gate_db=gate,
        speech_db=speech,
        duration_s=audio.duration_s,
    )


def with_room_noise(pcm: npt.NDArray[np.int16], *, steps: int) -> npt.NDArray[np.int16]:
    """Return `pcm` with white noise of at most `steps` steps, the same noise every time."""
    noise = np.random.default_rng(0).integers(-steps, steps, len(pcm), np.int16, endpoint=True)
    room = 32767 - steps
    noisy: npt.NDArray[np.int16] = np.clip(pcm, -room, room) + noise
    return noisy


def levels_of_clip(audio: AudioClip) -> Levels:
    """Return [F] loudness of `audio`, one value for each `HOP_S`, as `Sound.level_db`."""
    samples = resampled(audio.samples, audio.sample_rate)
    if len(samples):
        samples -= np.float32(samples.mean())
    return _levels(samples)


def resampled(samples: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    """Return a writable copy of `samples` at `SAMPLE_RATE`."""
    if rate == SAMPLE_RATE or not len(samples):
        return np.array(samples, dtype=np.float32)
    from scipy.signal import resample_poly

    common = math.gcd(rate, SAMPLE_RATE)
    changed: npt.NDArray[np.float32] = resample_poly(
        samples, SAMPLE_RATE // common, rate // common
    ).astype(np.float32)
    return changed


def _levels(samples: npt.NDArray[np.float32]) -> Levels:
    """Return [F] RMS levels in dB after pre-emphasis, one for each `HOP_S`, block by block."""
    frames = math.ceil(len(samples) / HOP_SAMPLES)
    level = np.full(frames, -120.0, dtype=np.float32)
    margin = (_WINDOW - HOP_SAMPLES) // 2
    per_block = _LONGEST_BLOCK // HOP_SAMPLES
    for first in range(0, frames, per_block):
        last = min(frames, first + per_block)
        start, stop = first * HOP_SAMPLES - margin, last * HOP_SAMPLES + margin
        block = np.zeros(stop - start + 1, dtype=np.float64)
        have = samples[max(0, start - 1) : stop]
        offset = max(0, start - 1) - (start - 1)
        block[offset : offset + len(have)] = have
        sharp = np.diff(block) + 0.03 * block[:-1]
        power = np.cumsum(np.concatenate([[0.0], sharp**2]))
        at = np.arange(last - first) * HOP_SAMPLES
        mean = (power[at + _WINDOW] - power[at]) / _WINDOW
        level[first:last] = 10 * np.log10(np.maximum(mean, 1e-12))
    return level


def _thresholds(level: Levels) -> tuple[float, float]:
    """Return the level of the clip's speech and of the gate below which nobody speaks, dB."""
    heard = level[level > _DIGITAL_SILENCE_DB]
    if not len(heard):
        return -120.0, _DIGITAL_SILENCE_DB
    # A long clip may hold little speech, so the loudest part is counted in seconds too.
    loudest = max(1, min(len(heard) // 20, _LOUDEST))
    speech = float(np.partition(heard, -loudest)[-loudest])
    floor = float(np.percentile(heard, 10))
    gate = floor + min(max(0.25 * (speech - floor), 3.0), 15.0)
    return speech, min(gate, speech - 3.0)
