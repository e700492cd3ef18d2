"""Features of sound that is still running: brought to one loudness by what was heard so far.

Mean and spread run along with the voice and forget slowly, so that a frame depends on nothing
after it. Only speech counts for them: otherwise a long silence would become the measure of the
voice. Before anybody has spoken they are those of an average voice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.acoustic.features import BANDS, Floats, band_matrix

_FLOOR = 1e-9
"""Power that counts as silence: below the noise of 16 bits, full scale is 1."""
_PRIOR_FRAMES = 50.0
"""Frames that the average voice counts for at the beginning."""
_KEPT = 1 - 1 / 1000
"""Of everything known, from frame to frame: half of it is of the last 7 s of speech."""
_QUIET = 3.5
"""How far below the loudest a frame's mean logarithm is when it counts as a pause: 15 dB."""
_FADING = 0.003
"""How fast the loudest is forgotten: 1.3 dB a second,"""
_FAINTEST = -13.5
"""but not below this: the noise of 16 bits, 20 dB fainter, never becomes a voice."""
_PRIOR_KNOTS = (-6.5, -4.8, -7.2, -6.9, -6.2, -5.7, -8.1, -9.6)
"""Mean logarithm of an average voice, as microphones record it, at equal steps over the bands."""
_PRIOR_LOUDEST = -10.0
"""Mean logarithm of faint speech: what is 15 dB fainter still is a pause from the first frame."""
_PRIOR_SPREAD = 2.5


def running_log_mel(power: Floats, matrix: Floats | None = None) -> Floats:
    """Return [T, 40] natural logarithm of the bands, with a floor that is always the same.

    Args:
        power: [T, 128] as of `animdrive.sources.audio.acoustic.features.power_spectra`.
        matrix: [128, 40] bands, those of an unbent voice by default.
    """
    bands = power @ (band_matrix() if matrix is None else matrix)
    logarithm: Floats = np.log(bands + np.float32(_FLOOR))
    return logarithm


class RunningMeasure:
    """Normalises frames in pieces of any length; the result does not depend on the pieces."""

    def __init__(self) -> None:
        knots = np.linspace(0, 1, len(_PRIOR_KNOTS))
        prior = np.interp(np.linspace(0, 1, BANDS), knots, _PRIOR_KNOTS)
        self._count = _PRIOR_FRAMES
        self._sum = _PRIOR_FRAMES * prior
        self._squares = _PRIOR_FRAMES * _PRIOR_SPREAD**2
        self._loudest = _PRIOR_LOUDEST

    def push(self, bands: Floats) -> Floats:
        """Return the next frames [T, 40], normalised, for their log-mel `bands` [T, 40]."""
        if not len(bands):
            return bands
        values = bands.astype(np.float64)
        level = values.mean(1)
        fading = _FADING * np.arange(len(level))
        highest = np.maximum.accumulate(
            np.concatenate([[self._loudest - _FADING], level + fading])
        )[1:]
        loudest = np.maximum(highest - fading, _FAINTEST)
        weight = (level > loudest - _QUIET).astype(np.float64)
        # A pause neither teaches nor is it time in which to forget.
        total = _running(weight, weight, self._count)
        mean = _running(weight[:, None] * values, weight, self._sum) / total[:, None]
        centred = values - mean
        squares = _running(weight * (centred**2).mean(1), weight, self._squares)
        self._count, self._loudest = float(total[-1]), float(loudest[-1])
        self._sum, self._squares = mean[-1] * total[-1], float(squares[-1])
        normal: Floats = (centred / np.sqrt(squares / total)[:, None]).astype(np.float32)
        return normal


def _running(
    values: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], start: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Return ``s[t] = s[t-1] * _KEPT ** weight[t] + values[t]`` from ``s[-1] = start`` on."""
    # Divided by the decay so far it is a plain sum; over the frames of a batch that stays small.
    out = np.zeros(values.shape)
    state = np.asarray(start, dtype=np.float64)
    for first in range(0, len(values), 2048):
        part = slice(first, min(first + 2048, len(values)))
        decay = np.exp(np.log(_KEPT) * np.cumsum(weight[part]))
        shaped = decay.reshape(-1, *([1] * (values.ndim - 1)))
        out[part] = shaped * (state + np.cumsum(values[part] / shaped, axis=0))
        state = out[part][-1]
    return out


def running_normalised(bands: Floats) -> Floats:
    """Return [T, 40] normalised from the first frame on, as a `RunningMeasure` in one piece."""
    return RunningMeasure().push(bands)
