"""What the networks hear: 40 log-mel bands in frames of 10 ms, brought to one loudness.

Frame ``i`` looks at 25 ms around ``(i + 0.5) * 0.01`` s, so that the boundary between the frames
``i - 1`` and ``i`` lies at ``i * 0.01`` s. Training and inference share every line of this file.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.sound import HOP_SAMPLES, SAMPLE_RATE

Floats = npt.NDArray[np.float32]

BANDS = 40
"""Bands that a network sees."""
FINE = 128
"""Finer bands, of which they are made: training bends these to change a voice's formants."""
WINDOW = 400
"""Samples that a frame looks at, under a Hann window."""
_TRANSFORM = 512
PRE_EMPHASIS = np.float32(0.97)
"""Share of the sample before that is taken from each: speech has little treble."""
_LOWEST_HZ, _HIGHEST_HZ = 50.0, 8000.0
_LOW_HZ, _HIGH_HZ = 80.0, 7600.0
_BLOCK = 4096
"""Frames transformed at once: bounds the memory."""
_FLOOR = 1e-9
"""Power below that of the loud frames, under which a band is silent."""
_LOUD_PERCENT = 90.0


def mel_from_hz(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return frequencies on the mel scale (O'Shaughnessy 1987), natural logarithm."""
    mel: npt.NDArray[np.float64] = 1127.0 * np.log1p(np.asarray(hz, dtype=np.float64) / 700.0)
    return mel


def hz_from_mel(mel: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the frequencies of points on the mel scale."""
    hz: npt.NDArray[np.float64] = 700.0 * np.expm1(np.asarray(mel, dtype=np.float64) / 1127.0)
    return hz


@cache
def _fine_bank() -> Floats:
    """Return [257, 128] triangles over the bins of the spectrum, none narrower than two bins."""
    edges = hz_from_mel(np.linspace(mel_from_hz(_LOWEST_HZ), mel_from_hz(_HIGHEST_HZ), FINE + 2))
    width = SAMPLE_RATE / _TRANSFORM
    hz = np.arange(_TRANSFORM // 2 + 1) * width
    half = np.maximum(edges[2:] - edges[:-2], 2.2 * width) / 2
    bank = np.clip(1 - np.abs(hz[:, None] - edges[1:-1]) / half, 0.0, None)
    unit: Floats = (bank / bank.sum(0)).astype(np.float32)
    return unit


@cache
def fine_centres_hz() -> npt.NDArray[np.float64]:
    """Return [128] the centre of each fine band, Hz."""
    return hz_from_mel(np.linspace(mel_from_hz(_LOWEST_HZ), mel_from_hz(_HIGHEST_HZ), FINE + 2))[
        1:-1
    ]


@cache
def band_matrix(warp: float = 1.0) -> Floats:
    """Return [128, 40] which mixes fine bands into those that a network sees.

    Args:
        warp: Where a band reads: at `warp` times its frequency. Above 1 formants move down, as of
            a longer vocal tract; 0.8..1.25 are people. The topmost bands keep their place.
    """
    edges = hz_from_mel(np.linspace(mel_from_hz(_LOW_HZ), mel_from_hz(_HIGH_HZ), BANDS + 2))
    knee = 0.8 * _HIGH_HZ / max(warp, 1.0)
    above = warp * knee + (_HIGHEST_HZ - warp * knee) / (_HIGHEST_HZ - knee) * (edges - knee)
    points = mel_from_hz(np.where(edges <= knee, edges * warp, above))
    fine = mel_from_hz(fine_centres_hz())
    low, middle, high = points[:-2], points[1:-1], points[2:]
    rising = (fine[:, None] - low) / (middle - low)
    falling = (high - fine[:, None]) / (high - middle)
    matrix = np.clip(np.minimum(rising, falling), 0.0, None)
    for band in np.flatnonzero(matrix.sum(0) < 1e-6):
        matrix[np.argmin(np.abs(fine - middle[band])), band] = 1.0
    mixed: Floats = (matrix / matrix.sum(0)).astype(np.float32)
    return mixed


def frames_in(samples: int) -> int:
    """Return how many frames that many samples fill, the last one perhaps in part."""
    return -(-samples // HOP_SAMPLES)


def framed(samples: Floats, first: int, end: int, *, size: int) -> Floats:
    """Return [end - first, size] samples around the middle of each frame; beyond the ends is 0."""
    margin = (size - HOP_SAMPLES) // 2
    start, stop = first * HOP_SAMPLES - margin, end * HOP_SAMPLES + size - margin
    part = np.zeros(stop - start, dtype=np.float32)
    low, high = max(0, start), min(len(samples), stop)
    part[low - start : max(low, high) - start] = samples[low:high]
    windows = np.lib.stride_tricks.sliding_window_view(part, size)[::HOP_SAMPLES]
    return windows[: end - first]


def power_of_windows(windows: Floats) -> Floats:
    """Return [T, 128] power in fine mel bands of windows [T, 400] after pre-emphasis."""
    shape = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(windows * shape, _TRANSFORM)
    squared = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    power: Floats = squared @ _fine_bank()
    return power


def power_spectra(samples: Floats) -> Floats:
    """Return [T, 128] power in fine mel bands, one row for each 10 ms.

    Args:
        samples: [N] mono sound at 16 kHz, -1..1.
    """
    sharp = np.array(samples, dtype=np.float32)
    sharp[1:] -= PRE_EMPHASIS * samples[:-1]
    total = frames_in(len(sharp))
    power = np.zeros((total, FINE), dtype=np.float32)
    for first in range(0, total, _BLOCK):
        end = min(total, first + _BLOCK)
        power[first:end] = power_of_windows(framed(sharp, first, end, size=WINDOW))
    return power


def log_mel(power: Floats, matrix: Floats | None = None) -> Floats:
    """Return [T, 40] natural logarithm of the bands, with a floor far below the loud frames."""
    if not len(power):
        return np.zeros((0, BANDS), dtype=np.float32)
    bands = power @ (band_matrix() if matrix is None else matrix)
    floor = _FLOOR * np.percentile(power.mean(1), _LOUD_PERCENT) + 1e-20
    logarithm: Floats = np.log(bands + np.float32(floor))
    return logarithm


def normalised(bands: Floats) -> Floats:
    """Return [T, 40] without the mean of each band over the clip, at a spread of 1 over all.

    What a room and a microphone do to a voice lies in these means.
    """
    if not len(bands):
        return bands
    centred = bands - bands.mean(0, keepdims=True)
    spread: Floats = (centred / (centred.std() + 1e-3)).astype(np.float32)
    return spread


def features_of(samples: Floats) -> Floats:
    """Return [T, 40] what a network that takes whole clips hears in sound at 16 kHz."""
    return normalised(log_mel(power_spectra(samples)))
