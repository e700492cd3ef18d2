"""Where speech meets silence: the edge lies where the sound rises, not where a model expects it.

Synthetic voices, on which the network was trained, begin and end their pauses at the drawing
board; people's words die away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.sound import Levels
from animdrive.sources.audio.spans import Span

_LATER, _EARLIER = 5, 8
"""Frames that an edge may move: the first sound comes later, the last one ends earlier."""
_NEAR = 12
"""Frames beside the edge that tell how loud its sound is."""
_SHARE = 0.5
"""Share of the rise from the pause to the sound, in dB, at which the sound begins or ends."""
_LEAST_DB = 4.0
_KEPT = 2
"""Frames that a sound keeps in any case."""


def settled(spans: Sequence[Span], level_db: Levels) -> list[Span]:
    """Return `spans` with the edges of their silences moved to where the sound rises and falls.

    Args:
        spans: Phones and silences in order, without gaps.
        level_db: [F] loudness of each frame.
    """
    result = list(spans)
    for at, span in enumerate(spans):
        if span.label != SILENCE or span.end <= span.first:
            continue
        quiet = level_db[span.first : span.end]
        floor = float(np.percentile(quiet, 20)) if len(quiet) else 0.0
        if at + 1 < len(result) and result[at + 1].label != SILENCE:
            sound = result[at + 1]
            most = min(_LATER, sound.end - sound.first - _KEPT)
            edge = _risen(level_db, sound.first, most, floor)
            result[at + 1] = replace(sound, first=edge)
            result[at] = replace(result[at], end=edge)
        if at and result[at - 1].label != SILENCE:
            sound = result[at - 1]
            most = min(_EARLIER, sound.end - sound.first - _KEPT)
            edge = _fallen(level_db, sound.end, most, floor)
            result[at - 1] = replace(sound, end=edge)
            result[at] = replace(result[at], first=edge)
    return result


def _threshold(near: Levels, floor: float) -> float:
    peak = float(near.max()) if len(near) else floor
    return floor + max(_SHARE * (peak - floor), _LEAST_DB)


def _risen(level_db: Levels, edge: int, most: int, floor: float) -> int:
    limit = _threshold(level_db[edge : edge + _NEAR], floor)
    for frame in range(edge, edge + max(most, 0)):
        if frame >= len(level_db) or level_db[frame] >= limit:
            return frame
    return edge + max(most, 0)


def _fallen(level_db: Levels, edge: int, most: int, floor: float) -> int:
    limit = _threshold(level_db[max(edge - _NEAR, 0) : edge], floor)
    for frame in range(edge, edge - max(most, 0), -1):
        if frame - 1 < len(level_db) and level_db[frame - 1] >= limit:
            return frame
    return edge - max(most, 0)
