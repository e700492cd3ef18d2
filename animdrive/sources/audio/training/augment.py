"""Other people, rooms, microphones and noises, made of one synthetic voice.

All of it works on power spectra, where each is a product, a sum or a filter along time: a channel
multiplies bands, noise adds to them, a room lets each band die away (Lebart et al. 2001), a longer
vocal tract bends the frequencies (Jaitly and Hinton 2013), and bands are hidden as in SpecAugment
(Park et al. 2019). Labels move with the frames.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from animdrive.sources.audio.acoustic.features import (
    BANDS,
    FINE,
    band_matrix,
    log_mel,
    normalised,
)
from animdrive.sources.audio.acoustic.running import running_log_mel, running_normalised
from animdrive.sources.audio.sound import HOP_S
from animdrive.sources.audio.training.spectra import Corpus, Labels
from animdrive.sources.audio.training.utterances import Floats

CLIP, RUNNING = "clip", "running"
"""How features are normalised: by their clip, or by what was heard so far."""

_SPEED = 0.22
_WARP_SPREAD, _WARP_LOWEST, _WARP_HIGHEST, _WARP_STEP = 0.09, 0.80, 1.24, 0.02
_LONGEST_START = 300
"""Frames that a live take may have run before the part that is learned from."""
_KNOTS = 6


def example(
    corpus: Corpus, rng: np.random.Generator, *, frames: int, normalisation: str = CLIP
) -> tuple[Floats, Labels]:
    """Return features [T, 40] and labels [T] of somebody somewhere, T at most `frames`.

    Args:
        corpus: Who may speak.
        rng: Draws everything.
        frames: Of 10 ms.
        normalisation: `CLIP` or `RUNNING`. The latter starts at a random time before the part that
            is returned, as a live take does.
    """
    start = int(rng.integers(0, _LONGEST_START)) if normalisation == RUNNING else 0
    speed = float(np.exp(rng.uniform(-_SPEED, _SPEED)))
    power, labels = corpus.draw(rng, int((frames + start) * speed) + 2)
    power, labels = at_speed(power, labels, speed, frames + start)
    start = min(start, max(0, len(power) - frames))
    if rng.random() < 0.5:
        power = in_a_room(power, decay_s=rng.uniform(0.08, 0.6), share=_room_share(rng))
    power = power * (10.0 ** _channel(rng)).astype(np.float32)
    power = power + _noise(power, rng)
    if rng.random() < 0.12:
        power = band_limited(power, rng)
    matrix = _matrix(_warp(rng))
    if normalisation == RUNNING:
        gain = np.float32(10.0 ** rng.uniform(-2.6, 0.4))  # how loud a microphone is
        features = running_normalised(_gated(running_log_mel(gain * power, matrix), rng))
    else:
        features = normalised(_gated(log_mel(power, matrix), rng))
    features, labels = features[start:], labels[start:]
    if rng.random() < 0.2:
        count = int(rng.integers(1, 7))
        first = int(rng.integers(0, BANDS - count))
        features[:, first : first + count] = 0.0
    return features, labels


def at_speed(power: Floats, labels: Labels, speed: float, frames: int) -> tuple[Floats, Labels]:
    """Return power and labels `speed` times as fast, pitch kept, at most `frames` frames."""
    times = (np.arange(frames) + 0.5) * speed - 0.5
    times = np.maximum(times[times < len(power) - 1], 0.0)
    before = times.astype(np.int64)
    share = (times - before)[:, None].astype(np.float32)
    nearest = np.minimum((times + 0.5).astype(np.int64), len(labels) - 1)
    mixed: Floats = power[before] * (1 - share) + power[before + 1] * share
    return mixed, labels[nearest]


def in_a_room(power: Floats, *, decay_s: float, share: float) -> Floats:
    """Return power with the tail of a room, which dies away by 60 dB in `decay_s` seconds.

    Args:
        power: [T, B].
        decay_s: Reverberation time, above 0.
        share: Of the power that comes by way of the walls, against that straight from the mouth.
    """
    from scipy.signal import lfilter

    kept = 10.0 ** (-6 * HOP_S / decay_s)
    tail = lfilter([0.0, 1 - kept], [1.0, -kept], power, axis=0)
    heard: Floats = (power + share * tail).astype(np.float32)
    return heard


def band_limited(power: Floats, rng: np.random.Generator) -> Floats:
    """Return power as a telephone or a codec passes it: little treble, perhaps little bass."""
    limited = power.copy()
    highest = int(rng.integers(78, 104))
    limited[:, highest:] = limited[:, highest:] * 1e-6 + 1e-7 * _loudness(power)
    if rng.random() < 0.5:
        limited[:, : int(rng.integers(3, 20))] *= 1e-3
    return limited


def _gated(bands: Floats, rng: np.random.Generator) -> Floats:
    """Return logarithms that end at a floor at times, as of a gate or of few bits."""
    if rng.random() >= 0.3:
        return bands
    gated: Floats = np.maximum(bands, bands.max() - rng.uniform(6, 11)).astype(np.float32)
    return gated


def _room_share(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.02, 0.35) * rng.uniform(1, 4))


def _warp(rng: np.random.Generator) -> float:
    drawn = np.clip(np.exp(rng.normal(0, _WARP_SPREAD)), _WARP_LOWEST, _WARP_HIGHEST)
    return round(round(float(drawn) / _WARP_STEP) * _WARP_STEP, 2)


@cache
def _matrix(warp: float) -> Floats:
    return band_matrix(warp)


def _channel(rng: np.random.Generator) -> Floats:
    """Return [128] decades: a smooth colour and a tilt."""
    tilt = rng.normal(0, 0.25) * np.linspace(-1, 1, FINE)
    return (_smooth(rng, 0.35) + tilt).astype(np.float32)


def _smooth(rng: np.random.Generator, spread: float) -> Floats:
    knots = rng.normal(0, spread, _KNOTS)
    curve: Floats = np.interp(np.linspace(0, _KNOTS - 1, FINE), np.arange(_KNOTS), knots).astype(
        np.float32
    )
    return curve


def _noise(power: Floats, rng: np.random.Generator) -> Floats:
    """Return [T, 128] coloured noise, 3 to 45 dB below the loud frames, sometimes unsteady."""
    below_db = rng.uniform(3, 45) if rng.random() < 0.85 else 60.0
    shape = 10.0 ** _smooth(rng, 0.5)
    shape *= _loudness(power) * 10.0 ** (-below_db / 10) / shape.mean()
    # The power of noise in a band of few bins is spread as chi squared with few degrees.
    noise = shape * rng.gamma(1.5, 1 / 1.5, power.shape).astype(np.float32)
    if rng.random() < 0.3:
        knots = rng.normal(0, 0.4, 8)
        swell = np.interp(np.arange(len(power)), np.linspace(0, len(power), 8), knots)
        noise = noise * (10.0 ** swell[:, None])
    drawn: Floats = noise.astype(np.float32)
    return drawn


def _loudness(power: Floats) -> float:
    """Return the mean power of loud frames."""
    return float(np.percentile(power.mean(1), 90)) + 1e-12
