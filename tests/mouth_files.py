"""Performances in files: a sound, and a jaw that opens with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from animdrive.contract import ARKIT52, AudioClip, CurveTrack
from animdrive.export import write_curves
from animdrive.media.audio import write_wav

RATE = 16000


def write_take(folder: Path, name: str, seed: int, *, seconds: float = 12.0) -> None:
    """A WAV of noise that swells and the jaw that opens with it."""
    rng = np.random.default_rng(seed)
    knots = np.arange(0, seconds + 0.2, 0.1)
    open_ = rng.uniform(0, 1, len(knots)) ** 2
    times = np.arange(round(seconds * RATE)) / RATE
    samples = (0.01 + 0.2 * np.interp(times, knots, open_)) * rng.normal(0, 1, len(times))
    write_wav(AudioClip(np.clip(samples, -1, 1).astype(np.float32), RATE), folder / f"{name}.wav")
    frames = np.arange(round(seconds * 30)) / 30
    values = np.zeros((len(frames), len(ARKIT52)), dtype=np.float32)
    values[:, ARKIT52.index("jawOpen")] = 0.7 * np.interp(frames, knots, open_)
    write_curves(CurveTrack(ARKIT52, 30.0, values), folder / f"{name}_iPhone.csv")
