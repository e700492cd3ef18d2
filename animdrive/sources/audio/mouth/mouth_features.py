"""What the learned mouth hears: the sound's spectrum on a mel scale, and what the phones are like.

Every 10 ms. The spectrum is taken against the loudest of the voice, so that a recording's gain
does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.contract import AudioClip, Segment
from animdrive.sources.audio.language.inventory import FEATURES, SILENCE, features, plain_phone
from animdrive.sources.audio.sound import HOP_S, HOP_SAMPLES, SAMPLE_RATE, resampled

Frames = npt.NDArray[np.float32]

BANDS = 40
"""Bands of the spectrum."""
INPUTS = BANDS + len(FEATURES)
"""Numbers per frame: the bands, then `FEATURES` of the phone."""
_WINDOW = 400
"""25 ms."""
_FFT = 512
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7600.0
_FAINTEST = 1e-7
_PER_BLOCK = 3000
_VOICE_RANGE = 6.9
"""Speech lies within 30 dB of its loudest; natural logarithm of power."""
_HEADROOM, _SPREAD, _MOST = 3.0, 3.0, 3.0


def mel_frames(audio: AudioClip) -> Frames:
    """Return [F, BANDS] natural logarithm of the power in each band; F covers the whole clip.

    Frame ``i`` is about ``(i + 0.5) * HOP_S``.
    """
    samples = resampled(audio.samples, audio.sample_rate)
    count = -(-len(samples) // HOP_SAMPLES)
    before = (_WINDOW - HOP_SAMPLES) // 2
    padded = np.zeros(max(count - 1, 0) * HOP_SAMPLES + _WINDOW, dtype=np.float32)
    padded[before : before + len(samples)] = samples[: len(padded) - before]
    mels = np.zeros((count, BANDS), dtype=np.float32)
    window, bank = np.hanning(_WINDOW).astype(np.float32), _bank()
    for first in range(0, count, _PER_BLOCK):
        rows = np.arange(first, min(count, first + _PER_BLOCK))[:, None] * HOP_SAMPLES
        frames = padded[rows + np.arange(_WINDOW)] * window
        power = np.abs(np.fft.rfft(frames, _FFT, axis=1)) ** 2
        mels[first : first + len(rows)] = np.log(power @ bank + _FAINTEST)
    return mels


@cache
def _bank() -> Frames:
    """Return [bins, BANDS], triangles evenly spaced in mel (O'Shaughnessy 1987's formula)."""
    low, high = 1127 * np.log1p(np.array([_LOWEST_HZ, _HIGHEST_HZ]) / 700)
    mel = np.linspace(low, high, BANDS + 2)
    edges = 700 * np.expm1(mel / 1127)
    bins = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bank: Frames = np.maximum(np.minimum(rise, fall), 0.0).astype(np.float32)
    return bank


def levelled(mels: Frames) -> Frames:
    """Return `mels` [F, BANDS] against the loudest of the voice, about -3..3, 0 in the middle."""
    if not len(mels):
        return mels
    level = mels.mean(axis=1)
    loud = float(np.percentile(level[level > np.percentile(level, 99.5) - _VOICE_RANGE], 85))
    scaled: Frames = np.clip((mels - (loud - _HEADROOM)) / _SPREAD, -_MOST, _MOST)
    return scaled.astype(np.float32)


def phone_frames(phones: Sequence[Segment], count: int) -> Frames:
    """Return [count, len(FEATURES)], the features of what is said in each frame.

    Args:
        phones: In order of time; gaps count as silence.
        count: Frames.
    """
    rows = np.tile(np.array(features(SILENCE), dtype=np.float32), (count, 1))
    for phone in phones:
        first, last = (max(0, round(time_s / HOP_S)) for time_s in (phone.start_s, phone.end_s))
        rows[first:last] = features(plain_phone(phone.label))
    return rows
