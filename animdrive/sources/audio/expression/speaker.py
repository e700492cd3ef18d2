"""How long the speaker's vocal tract is, and so whether the voice is rather a man's or a woman's.

Pitch alone misleads: an angry man is as high as a calm woman. The higher formants hardly change
with the mood; in a tube closed at one end they lie at odd multiples of ``c / 4L`` (Fant 1960,
"Acoustic theory of speech production"), so the third and the fourth give its length L.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from animdrive.contract import AudioClip
from animdrive.sources.audio.expression.pitch import Voice
from animdrive.sources.audio.sound import HOP_S, SAMPLE_RATE, resampled

TRACT_CM: tuple[float, float] = (17.5, 15.2)
"""Usual length that formants tell, men and women (Fitch and Giedd 1999 measured 15.0 and 13.9 to
17.5 cm and 12.7 to 15.9 on scans; formants read a little longer)."""
USUAL_HZ: tuple[float, float] = (119.0, 207.0)
"""Usual pitch of men and women (Traunmüller and Eriksson 1995, over studies of many languages)."""

_SOUND_CM_S = 35000.0
_FORMANT_HZ = 11000
_ORDER = 12
"""Two coefficients for each formant below 5.5 kHz, and two for the source."""
_WINDOW_S = 0.03
_MOST_FRAMES = 300
_LEAST_FRAMES = 10
_WIDEST_HZ = 500.0
_LOGIT_PER_CM = 2.5
_LOGIT_PER_ST, _MOST_LOGIT_OF_PITCH = 0.2, 1.5


def tract_length_cm(audio: AudioClip, voice: Voice) -> float | None:
    """Return the apparent length of the vocal tract; None where too little is voiced.

    Args:
        audio: Mono sound.
        voice: Pitch of the same.
    """
    from scipy.linalg import solve_toeplitz
    from scipy.signal import resample_poly

    at = np.flatnonzero(voice.voiced)
    if len(at) < _LEAST_FRAMES:
        return None
    at = at[voice.level_db[at] >= np.percentile(voice.level_db[at], 40)]
    if len(at) > _MOST_FRAMES:
        at = at[np.linspace(0, len(at) - 1, _MOST_FRAMES).round().astype(int)]
    samples = resampled(audio.samples, audio.sample_rate)
    long = round(_WINDOW_S * SAMPLE_RATE)
    window = np.hamming(round(_WINDOW_S * _FORMANT_HZ))
    lengths: list[float] = []
    for frame in at:
        start = int((frame + 0.5) * HOP_S * SAMPLE_RATE) - long // 2
        if start < 1 or start + long > len(samples):
            continue
        piece = resample_poly(samples[start : start + long], _FORMANT_HZ // 1000, 16)
        piece = np.diff(piece[: len(window) + 1] * 1.0, prepend=piece[0])[: len(window)]
        piece = piece * window[: len(piece)]
        correlation = np.correlate(piece, piece, "full")[len(piece) - 1 :][: _ORDER + 1]
        if correlation[0] <= 1e-10:
            continue
        correlation[0] *= 1.0001
        predictor = solve_toeplitz(correlation[:-1], correlation[1:])
        found = _formants(predictor)
        if len(found) >= 4:
            third, fourth = found[2], found[3]
            lengths.append((5 * _SOUND_CM_S / (4 * third) + 7 * _SOUND_CM_S / (4 * fourth)) / 2)
    return float(np.median(lengths)) if len(lengths) >= _LEAST_FRAMES else None


def _formants(predictor: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the resonances of a linear predictor, Hz, rising; wide ones are the source's tilt."""
    poles = np.roots(np.append(1.0, -predictor))
    poles = poles[poles.imag > 0]
    hz = np.angle(poles) * _FORMANT_HZ / (2 * np.pi)
    width = -np.log(np.maximum(np.abs(poles), 1e-6)) * _FORMANT_HZ / np.pi
    formants: npt.NDArray[np.float64] = np.sort(hz[(width < _WIDEST_HZ) & (hz > 150)])
    return formants


def female_share(audio: AudioClip, voice: Voice) -> float:
    """Return how likely the voice is a grown woman's rather than a grown man's, 0..1.

    Children's read as women's. 0.5 where there is too little voice.

    Args:
        audio: Mono sound.
        voice: Pitch of the same.
    """
    voiced = voice.f0_hz[voice.voiced]
    if len(voiced) < _LEAST_FRAMES:
        return 0.5
    # The low end of the pitch moves least when a voice is raised.
    low_st = 12 * math.log2(float(np.percentile(voiced, 20)) / math.sqrt(USUAL_HZ[0] * USUAL_HZ[1]))
    logit = float(np.clip(_LOGIT_PER_ST * low_st, -_MOST_LOGIT_OF_PITCH, _MOST_LOGIT_OF_PITCH))
    length = tract_length_cm(audio, voice)
    if length is not None:
        logit += float(np.clip(_LOGIT_PER_CM * (sum(TRACT_CM) / 2 - length), -5, 5))
    return 1 / (1 + math.exp(-logit))


def usual_pitch_st(female: float) -> float:
    """Return the usual pitch of such a voice, semitones above 27.5 Hz.

    Args:
        female: 0..1, of `female_share`.
    """
    low, high = (12 * math.log2(hz / 27.5) for hz in USUAL_HZ)
    return low + female * (high - low)
