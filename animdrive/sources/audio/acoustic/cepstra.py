"""Mel cepstra as the Gaussians of `gaussians` were trained on, frame by frame as `features`.

25 bands from 130 to 6800 Hz, 13 coefficients, liftered, without their mean over the clip, and
their slopes and curvature (Davis and Mermelstein 1980; the settings of pocketsphinx's "en-us").
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.acoustic.features import framed, frames_in
from animdrive.sources.audio.sound import SAMPLE_RATE

Floats = npt.NDArray[np.float32]

COEFFICIENTS = 13
_BANDS = 25
_LOW_HZ, _HIGH_HZ = 130.0, 6800.0
_WINDOW = 410
_TRANSFORM = 512
_LIFTER = 22
_PRE_EMPHASIS = 0.97
_FULL_SCALE = 32768.0
_BLOCK = 4096


@cache
def _bank() -> Floats:
    """Return [257, 25] triangles of unit area, their corners on bins."""
    lowest, highest = 2595 * np.log10(1 + np.array([_LOW_HZ, _HIGH_HZ]) / 700)
    mel = np.linspace(lowest, highest, _BANDS + 2)
    width = SAMPLE_RATE / _TRANSFORM
    corners = np.floor(700 * (10 ** (mel / 2595) - 1) / width + 0.5) * width
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    hz = np.arange(_TRANSFORM // 2 + 1)[:, None] * width
    sides = np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle))
    bank: Floats = (np.clip(sides, 0.0, None) * 2 / (high - low)).astype(np.float32)
    return bank


@cache
def _cosines() -> Floats:
    """Return [25, 13] the transform from bands to liftered coefficients."""
    order = np.arange(COEFFICIENTS)
    table = np.cos(np.pi * order * (np.arange(_BANDS)[:, None] + 0.5) / _BANDS)
    table *= np.sqrt(2 / _BANDS)
    table[:, 0] = 1 / np.sqrt(_BANDS)
    liftered: Floats = (table * (1 + _LIFTER / 2 * np.sin(order * np.pi / _LIFTER))).astype(
        np.float32
    )
    return liftered


def cepstra_of(samples: Floats) -> Floats:
    """Return [T, 13] cepstra without their mean, frame ``i`` around ``(i + 0.5) * 0.01`` s.

    Args:
        samples: [N] mono sound at 16 kHz, -1..1.
    """
    loud = np.asarray(samples, dtype=np.float32) * np.float32(_FULL_SCALE)
    # One step of noise, as any recording has: the logarithm of digital silence is no sound.
    loud = loud + np.random.default_rng(0).normal(0.0, 1.0, len(loud)).astype(np.float32)
    loud[1:] -= np.float32(_PRE_EMPHASIS) * loud[:-1]
    window = np.hamming(_WINDOW).astype(np.float32)
    total = frames_in(len(loud))
    cepstra = np.zeros((total, COEFFICIENTS), dtype=np.float32)
    for first in range(0, total, _BLOCK):
        end = min(total, first + _BLOCK)
        spectrum = np.fft.rfft(framed(loud, first, end, size=_WINDOW) * window, _TRANSFORM)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ _bank()
        cepstra[first:end] = np.log(np.maximum(power, 1e-4)) @ _cosines()
    return cepstra - cepstra.mean(0, keepdims=True) if total else cepstra


def with_motion(cepstra: Floats) -> tuple[Floats, Floats, Floats]:
    """Return [T, 13] each: cepstra, their change over 40 ms, and the change of that over 20 ms."""
    wide = np.pad(cepstra, ((3, 3), (0, 0)), mode="edge") if len(cepstra) else cepstra
    count = len(cepstra)

    def at(shift: int) -> Floats:
        return wide[3 + shift : 3 + shift + count]

    return cepstra, at(2) - at(-2), (at(3) - at(-1)) - (at(1) - at(-3))
