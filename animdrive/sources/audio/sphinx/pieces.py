"""Where a long clip may be cut: at its pauses.

The phone search keeps a cell for every frame and every state of the whole text, which for a clip
in one piece would grow with the square of its length, and the recogniser's lattice grows too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animdrive.sources.audio.sound import HOP_S, Sound
from animdrive.sources.audio.spans import Span

_PAUSE = int(0.15 / HOP_S)
_PIECE = int(12 / HOP_S)
_LONGEST_PIECE = int(40 / HOP_S)
_CHUNK = int(15 / HOP_S)
_SHORTEST_CHUNK = int(6 / HOP_S)
_CHUNK_PAUSE_S = 0.25


@dataclass(frozen=True)
class Piece:
    """A stretch of a clip and its words."""

    first: int
    """First frame."""
    end: int
    """One past the last frame."""
    low: int
    """First word."""
    high: int
    """One past the last word."""


def pieces_between_pauses(found: Sequence[Span]) -> list[Piece]:
    """Cut aligned words into pieces of 12 s or a little more, in the middle of pauses.

    Where nobody pauses for 40 s, the cut is between two words.

    Args:
        found: Words and silences in order, without gaps.
    """
    pieces: list[Piece] = []
    first = low = words = 0
    for span in found:
        pause = span.word < 0 and span.end - span.first >= _PAUSE
        due = span.end - first >= _LONGEST_PIECE
        if words > low and ((pause and span.end - first >= _PIECE) or (due and span.word >= 0)):
            cut = (span.first + span.end) // 2 if pause else span.first
            pieces.append(Piece(first, cut, low, words))
            first, low = cut, words
        words += span.word >= 0
    if words > low:
        pieces.append(Piece(first, found[-1].end, low, words))
    return pieces


def chunks_between_pauses(sound: Sound) -> list[tuple[int, int]]:
    """Cut a clip into chunks of at most 15 s: first frame and one past the last of each.

    Cuts lie in the middle of pauses; where there is none, at the quietest frame.
    """
    total = len(sound.level_db)
    pauses = np.array([(a + b) // 2 for a, b in sound.silences(_CHUNK_PAUSE_S)], dtype=int)
    chunks: list[tuple[int, int]] = []
    first = 0
    while total - first > _CHUNK:
        inside = pauses[(pauses > first + _SHORTEST_CHUNK) & (pauses <= first + _CHUNK)]
        if len(inside):
            cut = int(inside[-1])
        else:
            low = first + _SHORTEST_CHUNK
            cut = low + int(np.argmin(sound.level_db[low : first + _CHUNK]))
        chunks.append((first, cut))
        first = cut
    chunks.append((first, total))
    return chunks
