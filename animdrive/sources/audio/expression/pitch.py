"""The voice itself: pitch, voicing, loudness and the balance of its spectrum, every 10 ms.

Pitch is Boersma's (1993, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound"): the autocorrelation of a windowed frame divided by
that of its window, several peaks as candidates, and the cheapest path through them. The
autocorrelation is the inverse transform of the power spectrum, so the same spectrum also gives the
bands that tell a soft voice from a pressed one and a breath from an S.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
import numpy.typing as npt

from animdrive.contract import AudioClip
from animdrive.sources.audio.sound import HOP_S, HOP_SAMPLES, SAMPLE_RATE, resampled

Floats = npt.NDArray[np.float32]

LOWEST_HZ, HIGHEST_HZ = 60.0, 600.0
"""Pitch that is looked for: a low man to a shouting child."""
BANDS_HZ: tuple[tuple[float, float], ...] = (
    (50.0, 300.0),
    (300.0, 1000.0),
    (1000.0, 2000.0),
    (2000.0, 4000.0),
    (4000.0, 7600.0),
)
"""Edges of the bands of `Voice.band_db`."""

_WINDOW = 800
"""50 ms: three periods of the lowest pitch, as the method asks for."""
_FFT = 2048
_PITCH_BELOW_HZ = 4000
"""What lies above tells nothing about pitch."""
_PER_BLOCK = 128
"""Frames at a time: 1 MB of spectrum, which stays in a processor's cache."""
_CANDIDATES = 5
# The method's own costs (Boersma 1993, table 1 and the defaults of Praat), in units of correlation.
_VOICED_FROM = 0.45
_SILENCE_SHARE = 0.03
_OCTAVE_COST = 0.01
_OCTAVE_JUMP = 0.35
_VOICING_CHANGE = 0.14
_FLOOR_DB = -120.0
_AROUND_FRAMES = 200
_MURMUR_DB = 30.0
"""A voice is at most so much softer than the clip's loudest."""


@dataclass(frozen=True, eq=False)
class Voice:
    """What a voice does over time. F frames of `HOP_S`; frame ``i`` is about ``(i + 0.5) * HOP_S``.

    Levels are in dB re full scale, -120 for digital silence.
    """

    f0_hz: Floats
    """[F] pitch, Hz; 0 where the sound has none."""
    voicing: Floats
    """[F] height of the autocorrelation's peak, 0 (noise) to 1 (a perfect period). It says how
    periodic the sound is, however soft; `f0_hz` says whether it counts as voice."""
    level_db: Floats
    """[F] level of the frame."""
    band_db: Floats
    """[F, B] level in each of `BANDS_HZ`."""

    def __len__(self) -> int:
        return len(self.f0_hz)

    @cached_property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """[F] whether there is pitch."""
        return self.f0_hz > 0

    @cached_property
    def tilt_db(self) -> Floats:
        """[F] level of 1..4 kHz over that of 0.05..1 kHz: low for a soft voice, high for a loud.

        This is the alpha ratio of eGeMAPS (Eyben et al. 2016), which goes up to 5 kHz; ours stops
        at 4, so that a telephone's voice reads the same.
        """
        power = 10.0 ** (self.band_db / 10)
        low, high = power[:, :2].sum(axis=1), power[:, 2:4].sum(axis=1)
        tilt: Floats = (10 * np.log10((high + 1e-12) / (low + 1e-12))).astype(np.float32)
        return tilt

    @cached_property
    def pitch_st(self) -> Floats:
        """[F] pitch in semitones above 27.5 Hz, as eGeMAPS has it; NaN where there is none."""
        with np.errstate(divide="ignore"):
            semitones: Floats = (12 * np.log2(self.f0_hz / 27.5)).astype(np.float32)
        semitones[~self.voiced] = np.nan
        return semitones

    def frames(self, start_s: float, end_s: float) -> slice:
        """Return the frames between two times, at least one where the sound reaches."""
        first = max(0, int(start_s / HOP_S))
        return slice(first, max(first + 1, math.ceil(end_s / HOP_S - 1e-6)))


def voice_of_clip(audio: AudioClip) -> Voice:
    """Return pitch, voicing and levels of `audio`, worked out 1.3 s at a time.

    Args:
        audio: Mono sound, any rate, any length.
    """
    samples = resampled(audio.samples, audio.sample_rate)
    frames = math.ceil(len(samples) / HOP_SAMPLES)
    band = np.full((frames, len(BANDS_HZ)), _FLOOR_DB, dtype=np.float32)
    level = np.full(frames, _FLOOR_DB, dtype=np.float32)
    lag = np.zeros((frames, _CANDIDATES), dtype=np.float32)
    height = np.zeros((frames, _CANDIDATES), dtype=np.float32)
    mean = float(samples.mean()) if len(samples) else 0.0
    for first in range(0, frames, _PER_BLOCK):
        last = min(frames, first + _PER_BLOCK)
        power = _power(samples, mean, first, last)
        level[first:last], band[first:last] = _levels(power)
        lag[first:last], height[first:last] = _candidates(power)
    path = _cheapest_path(lag, height, level)
    f0 = np.zeros(frames, dtype=np.float32)
    heard = path < _CANDIDATES
    chosen = lag[np.flatnonzero(heard), path[heard]]
    f0[heard] = SAMPLE_RATE / chosen
    return Voice(
        f0_hz=f0,
        voicing=np.clip(height.max(axis=1, initial=0.0), 0.0, 1.0),
        level_db=level,
        band_db=band,
    )


_HANN = np.hanning(_WINDOW + 2)[1:-1].astype(np.float32)


def _power(samples: Floats, mean: float, first: int, last: int) -> Floats:
    """Return [N, K] power spectra of the frames `first` to `last`."""
    from scipy.fft import rfft

    margin = (_WINDOW - HOP_SAMPLES) // 2
    start, stop = first * HOP_SAMPLES - margin, last * HOP_SAMPLES + margin
    block = np.zeros(stop - start, dtype=np.float32)
    have = samples[max(0, start) : stop] - np.float32(mean)
    offset = max(0, start) - start
    block[offset : offset + len(have)] = have
    windows = np.lib.stride_tricks.sliding_window_view(block, _WINDOW)[::HOP_SAMPLES]
    spectrum = rfft(windows * _HANN, n=_FFT, axis=1)
    power: Floats = spectrum.real**2 + spectrum.imag**2
    return power


def _levels(power: Floats) -> tuple[Floats, Floats]:
    """Return [N] level and [N, B] level by band, dB, of [N, K] power spectra."""
    hz = np.arange(power.shape[1]) * SAMPLE_RATE / _FFT
    of_band = np.stack([(hz >= low) & (hz < high) for low, high in BANDS_HZ]).astype(np.float32)
    of_band = np.vstack([of_band, (hz >= BANDS_HZ[0][0]).astype(np.float32)])
    scale = 2.0 / (_FFT * float((_HANN**2).sum()))  # Parseval, and both halves of the spectrum
    mean_square = power @ of_band.T * np.float32(scale)
    level = 10 * np.log10(np.maximum(mean_square, 10 ** (_FLOOR_DB / 10)))
    return level[:, -1], level[:, :-1]


def _window_correlation() -> Floats:
    spectrum = np.fft.rfft(_HANN.astype(np.float64), n=_FFT)
    whole = np.fft.irfft(np.abs(spectrum) ** 2, n=_FFT)
    correlation: Floats = (whole / whole[0]).astype(np.float32)
    return correlation


def _candidates(power: Floats) -> tuple[Floats, Floats]:
    """Return [N, C] lags in samples and heights of the best peaks; 0 is no peak."""
    from scipy.fft import irfft

    shortest = int(SAMPLE_RATE / HIGHEST_HZ)
    longest = math.ceil(SAMPLE_RATE / LOWEST_HZ)
    heard = power[:, : _PITCH_BELOW_HZ * _FFT // SAMPLE_RATE + 1].copy()
    heard[:, : int(45 * _FFT / SAMPLE_RATE)] = 0  # below any voice: rumble
    whole = irfft(heard, n=_FFT, axis=1)[:, : longest + 2]
    whole /= np.maximum(whole[:, :1], 1e-12)
    whole /= _window_correlation()[: longest + 2]
    around = whole[:, shortest - 1 : longest + 2]
    before, here, after = around[:, :-2], around[:, 1:-1], around[:, 2:]
    lag0 = np.arange(shortest, shortest + here.shape[1], dtype=np.float32)
    peak = (here > before) & (here >= after) & (here > 0.2)
    # A later peak must be higher, else every period's double would do as well.
    worth = np.where(peak, here - _OCTAVE_COST * np.log2(LOWEST_HZ * lag0 / SAMPLE_RATE), -1.0)
    best = np.argpartition(-worth, _CANDIDATES - 1, axis=1)[:, :_CANDIDATES]
    row = np.arange(len(here))[:, None]
    bend = before[row, best] - 2 * here[row, best] + after[row, best]
    shift = 0.5 * (before[row, best] - after[row, best]) / np.where(bend < 0, bend, -1.0)
    shift = np.clip(shift, -0.5, 0.5)
    top = here[row, best] - 0.25 * (before[row, best] - after[row, best]) * shift
    found = worth[row, best] > -1.0
    lag = np.where(found, lag0[best] + shift, np.float32(longest))
    # Above 1 the division by the window's own has overshot; the method reads it as its inverse.
    height = np.where(found, np.where(top > 1, 1 / np.maximum(top, 1), top), 0.0)
    return lag.astype(np.float32), height.astype(np.float32)


def _loud_around(level_db: Floats) -> Floats:
    """Return [F] the loudest level within 2 s: a murmur beside a shout is voice, too."""
    from scipy.ndimage import maximum_filter1d

    loudest = float(np.percentile(level_db, 99))
    around: Floats = maximum_filter1d(level_db, 2 * _AROUND_FRAMES + 1, mode="nearest")
    return np.clip(around, loudest - _MURMUR_DB, loudest)


def _cheapest_path(lag: Floats, height: Floats, level_db: Floats) -> npt.NDArray[np.intp]:
    """Return [F] which candidate is the pitch of each frame; `_CANDIDATES` means none."""
    frames = len(lag)
    if not frames:
        return np.zeros(0, dtype=np.intp)
    octaves = np.log2(np.maximum(lag, 1.0)).astype(np.float64)
    relative = 10.0 ** ((level_db.astype(np.float64) - _loud_around(level_db)) / 20)
    none = _VOICED_FROM + np.maximum(0.0, 2 - (relative / _SILENCE_SHARE) / (1 + _VOICED_FROM))
    gain = np.full((frames, _CANDIDATES + 1), -1e9)
    shortest_octaves = math.log2(SAMPLE_RATE / HIGHEST_HZ)
    gain[:, :-1] = np.where(height > 0, height - _OCTAVE_COST * (octaves - shortest_octaves), -1e9)
    gain[:, -1] = none
    path: npt.NDArray[np.intp] = _best_way(octaves, gain)
    return path


@numba.njit(cache=True)
def _best_way(octaves, gain):  # type: ignore[no-untyped-def]
    """Return [F] the way of the highest sum through [F, C + 1] `gain`, the last of them no pitch.

    Args:
        octaves: [F, C] logarithm of each candidate's lag: a jump costs by its size.
        gain: [F, C + 1] what each is worth by itself.
    """
    frames, count = gain.shape
    none = count - 1
    back = np.zeros((frames, count), dtype=np.int8)
    total, after = gain[0].copy(), np.empty(count)
    for frame in range(1, frames):
        for here in range(count):
            best, way = -np.inf, 0
            for come in range(count):
                if here < none and come < none:
                    cost = abs(octaves[frame, here] - octaves[frame - 1, come]) * _OCTAVE_JUMP
                else:
                    cost = 0.0 if here == come else _VOICING_CHANGE
                if total[come] - cost > best:
                    best, way = total[come] - cost, come
            back[frame, here] = way
            after[here] = best + gain[frame, here]
        total, after = after, total
    path = np.empty(frames, dtype=np.intp)
    now = int(total.argmax())
    for frame in range(frames - 1, -1, -1):
        path[frame] = now
        now = int(back[frame, now])
    return path
