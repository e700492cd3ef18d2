"""Smoothing that does not lag: the whole take is known, so the past and the future count alike.

What stands out of the noise is left as it is, or a blink would lose its peak and a closed mouth
would open: the filter falls back on what was measured wherever the two differ by more than noise
can explain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]

_ORDER = 2
_IMPULSE_S = 0.045
"""The longest a single frame may last and still be doubted: at slower rates it may be a blink."""


def smoothed(
    values: Floats,
    *,
    fps: float,
    window_s: float = 0.25,
    floor: float = 0.0,
    keep: float = 3.0,
) -> Array:
    """Smooth [T, K] values over time without moving anything in time.

    First single frames that stand out on both sides are mended, then each channel is filtered
    with Savitzky and Golay's (1964) local parabola. Its noise is estimated from what the filter
    took away; where more was taken than `keep` times the noise, the measured values stand.

    Args:
        values: [T, K], T consecutive frames.
        fps: Frames per second.
        window_s: Width of the parabola, seconds. 0 smooths nothing.
        floor: Least noise to assume, in the unit of the values.
        keep: How many times the noise a change must be to be kept.

    Returns:
        [T, K], a new array.
    """
    given = np.array(values, dtype=np.float64)
    length = min(_odd(window_s * fps), len(given) - (1 - len(given) % 2))
    if length < _ORDER + 2 or given.size == 0:
        return given
    mended = without_impulses(given, fps=fps, floor=floor)
    calm = local_parabola(mended, length)
    rest = mended - calm
    # The parabola takes away all but this share of white noise (its own weight in the middle).
    own = float(_parabola_weights(length)[length // 2, length // 2])
    noise = 1.4826 * np.median(np.abs(rest), axis=0) / np.sqrt(1.0 - own)
    noise = np.maximum(noise, floor)
    strength = _widest(np.abs(rest))
    share = strength**2 / (strength**2 + (keep * noise) ** 2 + 1e-300)
    return np.asarray(calm + share * rest)


def local_parabola(values: Array, length: int) -> Array:
    """Filter [T, K] with Savitzky and Golay's parabola over `length` frames, odd, T or fewer.

    At both ends the parabola of the outermost `length` frames is read off. The same as SciPy's
    ``savgol_filter(values, length, 2, axis=0)``, whose import takes longer than most clips.
    """
    weights = _parabola_weights(length)
    half = length // 2
    calm = np.zeros_like(values)
    middle = np.zeros((len(values) - 2 * half, *values.shape[1:]))
    for offset, weight in enumerate(weights[half]):
        middle += weight * values[offset : offset + len(middle)]
    calm[half : len(values) - half] = middle
    calm[:half] = weights[:half] @ values[:length]
    calm[len(values) - half :] = weights[half + 1 :] @ values[len(values) - length :]
    return calm


def _parabola_weights(length: int) -> Array:
    """Return [length, length]: rows that give a least-squares parabola's value at each frame."""
    at = np.linspace(-1.0, 1.0, length)
    powers = np.vander(at, _ORDER + 1)
    return np.asarray(powers @ np.linalg.pinv(powers))


def without_impulses(values: Floats, *, fps: float, floor: float = 0.0) -> Array:
    """Replace single frames that leap away and back by the mean of their neighbours.

    A leap is doubted where it is more than six times the channel's noise and the neighbours
    agree to a quarter of it: nothing in a face is there for one frame alone. Below about 22
    frames per second a blink may be, and nothing is mended.
    """
    given = np.array(values, dtype=np.float64)
    if len(given) < 5 or 1.0 / fps > _IMPULSE_S:
        return given
    between = 0.5 * (given[:-2] + given[2:])
    leap = given[1:-1] - between
    noise = np.maximum(1.4826 * np.median(np.abs(leap), axis=0), floor)
    apart = np.abs(given[2:] - given[:-2])
    doubted = (np.abs(leap) > 6 * noise) & (apart < 0.25 * np.abs(leap)) & (noise > 0)
    given[1:-1] = np.where(doubted, between, given[1:-1])
    return given


def _odd(length: float) -> int:
    return 2 * round((length - 1) / 2) + 1


def _widest(strength: Array) -> Array:
    """Return the greatest of each value and its two neighbours: a feature is kept whole."""
    padded = np.pad(strength, ((1, 1), (0, 0)), mode="edge")
    return np.asarray(np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:]))
