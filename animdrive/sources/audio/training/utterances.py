"""What a voice gives: sound, and when it said which of its sounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.sound import SAMPLE_RATE

Floats = npt.NDArray[np.float32]

_PEAK = 0.6
"""What the loudest sample is brought to; what a microphone does comes later."""
_FAINTEST = 1e-4


@dataclass(frozen=True, eq=False)
class Utterance:
    """One sentence as a voice said it."""

    samples: Floats
    """[N] at 16 kHz, loudest 0.6."""
    labels: tuple[tuple[str, float, float], ...]
    """The voice's own names of its sounds, each with start and end in seconds, in order."""


def utterance_of(
    samples: npt.NDArray[np.floating[Any]], rate: int, labels: list[tuple[str, float, float]]
) -> Utterance | None:
    """Return sound at any rate as an utterance, or None where nothing is heard or labelled."""
    from scipy.signal import resample_poly

    mono = samples[:, 0] if samples.ndim > 1 else samples
    if rate != SAMPLE_RATE and len(mono):
        common = gcd(rate, SAMPLE_RATE)
        mono = resample_poly(mono, SAMPLE_RATE // common, rate // common)
    peak = float(np.abs(mono).max()) if len(mono) else 0.0
    if peak < _FAINTEST or not labels:
        return None
    return Utterance((mono * (_PEAK / peak)).astype(np.float32), tuple(labels))


def ends_to_spans(names: list[str], ends: list[float]) -> list[tuple[str, float, float]]:
    """Return labels that are told by their ends as (name, start, end)."""
    return list(zip(names, [0.0, *ends[:-1]], ends, strict=True))
