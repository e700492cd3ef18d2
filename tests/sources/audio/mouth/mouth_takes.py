"""Performances whose mouth is known to follow their sound, for the learned mouth."""

from __future__ import annotations

import numpy as np

from animdrive.contract import ARKIT52, ARKIT_INDEX, AudioClip, CurveTrack

RATE = 16000


def take(seed: int, *, seconds: float = 12.0, late_s: float = 0.0) -> tuple[AudioClip, CurveTrack]:
    """Syllables of noise; the jaw is as open as they are loud, lips round where they are dull."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    knots = np.arange(0, seconds + 0.2, 0.1)
    open_ = np.interp(times, knots, rng.uniform(0, 1, len(knots)) ** 2)
    dull = np.interp(times, knots[::3], rng.integers(0, 2, len(knots[::3])).astype(float))
    noise = rng.normal(0, 1, len(times))
    low = np.convolve(noise, np.ones(24) / 5, mode="same")
    samples = (0.02 + 0.3 * open_) * (dull * low + (1 - dull) * np.diff(noise, append=0.0))
    frames = np.arange(round(seconds * 30)) / 30
    values = np.zeros((len(frames), len(ARKIT52)), dtype=np.float32)
    values[:, ARKIT_INDEX["jawOpen"]] = np.interp(frames - late_s, times, 0.7 * open_)
    values[:, ARKIT_INDEX["mouthPucker"]] = np.interp(frames - late_s, times, 0.6 * dull)
    samples = (0.3 * samples / np.abs(samples).max()).astype(np.float32)
    return AudioClip(samples, RATE), CurveTrack(ARKIT52, 30.0, values)
