"""What an audience notices first: lips part as far as they did, and what is shut is shut."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, Character
from animdrive.sources.video.fitting.expression import (
    LID_PAIRS,
    ExpressionConfig,
    curve_strengths,
)
from animdrive.sources.video.fitting.solver import Measurements, nearest
from animdrive.sources.video.indices import INNER_LIP_PAIRS

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]

_TOUCHING_M = 0.6e-3
"""Lips this far apart are counted as touching by a third."""
_CLOSING_M = 0.03e-3
"""How closely closures are met."""

_CLOSERS = (
    *("eyeBlink", "eyeWide", "jawOpen", "mouthClose"),
    *("mouthFunnel", "mouthUpperUp", "mouthLowerDown"),
)
"""Curves (by the start of their name) that may give way to a closure."""

_OPENERS = ("jawOpen", "mouthLowerDown", "mouthUpperUp")
"""Curves (by the start of their name) that give way to how far the lips are seen to part."""
_OPENING_SPREAD, _OPENING_SHARE = 0.10, 0.85
"""How far these may be off as they were read, and how much of what is missing they make up for."""


def with_openings(values: Floats, measured: Measurements) -> Array:
    """Return curves that part the lips about as far as they were seen to part.

    How far lips part is what landmarks show best; all else is kept as it was read.

    Args:
        values: [T, 52] in 0..1.
        measured: How open mouth and eyes are, from `expression.measurements`.
    """
    count = len(INNER_LIP_PAIRS)
    trust = np.zeros(measured.values.shape)
    trust[:, :count] = np.broadcast_to(measured.trust, trust.shape)[:, :count] / count
    parted = np.asarray(values, dtype=np.float64) @ measured.rows.T
    wanted = parted + _OPENING_SHARE * (measured.values - parted)
    low, high = np.array(values, dtype=np.float64), np.array(values, dtype=np.float64)
    free = [column for column, name in enumerate(ARKIT52) if name.startswith(_OPENERS)]
    low[:, free], high[:, free] = 0.0, 1.0
    spread = np.full(len(ARKIT52), _OPENING_SPREAD)
    return nearest(values, spread, Measurements(measured.rows, wanted, trust), low=low, high=high)


def with_closures(
    values: Floats, measured: Measurements, character: Character, *, config: ExpressionConfig
) -> Array:
    """Return curves in which lips that touch do touch, and eyes that are shut are shut.

    Smoothing and the pull towards rest leave a closure a little open, which is the first thing
    that eyes notice. Among all curves that close it, those nearest to `values` are taken.

    Args:
        values: [T, 52] in 0..1.
        measured: How open mouth and eyes are, from `expression.measurements`.
        character: Whose curves these are.
        config: Settings.
    """
    count = len(INNER_LIP_PAIRS)
    rig = character.rig.neutral.vertices[character.landmarks].astype(np.float64)
    trust = np.zeros(measured.values.shape)
    trust[:, :count] = np.exp(-((measured.values[:, :count] / _TOUCHING_M) ** 2))
    wanted = np.array(measured.values)
    # Lips that touch are seen to part and meet by the tracker's noise; they are held together.
    wanted[:, :count] *= 1.0 - trust[:, :count]
    # Where the curves press them together already there is nothing to do, least of all to open.
    trust[:, :count] *= np.asarray(values) @ measured.rows[:count].T > wanted[:, :count]
    for side, pairs in enumerate(LID_PAIRS):
        opening = np.mean([rig[upper, 1] - rig[lower, 1] for upper, lower in pairs])
        shut = -measured.values[:, count + side] / max(float(opening), 1e-6)
        trust[:, count + side] = np.clip((shut - 0.7) / 0.2, 0.0, 1.0)
    low, high = np.array(values, dtype=np.float64), np.array(values, dtype=np.float64)
    free = [column for column, name in enumerate(ARKIT52) if name.startswith(_CLOSERS)]
    low[:, free], high[:, free] = 0.0, 1.0
    closing = Measurements(measured.rows, wanted, trust * _CLOSING_M**-2)
    return nearest(values, curve_strengths(config.usual), closing, low=low, high=high)
