"""Phones against the loudness of the sound: nothing is said where nothing can be heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from animdrive.sources.audio.language.phones import BILABIALS, SILENCE
from animdrive.sources.audio.sound import HOP_S, Sound, loudest_db

_SHORTEST_S = 0.18
"""Shorter quiet is the closure of a stop, or two of them, not a pause."""
_KEPT_S = 0.05
"""What a phone may reach into a silence: the closure before a stop, the dying of a vowel."""
_CRUMB_S = 0.02
CLEAR_DB = 15.0
"""Where speech stands less than this above the noise, its soft sounds are lost in it, and quiet
tells nothing."""


@dataclass(frozen=True)
class Said:
    """A phone on the clip's clock."""

    start_s: float
    end_s: float
    phone: str
    word: int
    """Index of its word, -1 for silence."""


def shut_in_silence(said: Sequence[Said], sound: Sound) -> list[Said]:
    """Return `said` with silence wherever the sound is quiet for long.

    An aligner told to place a text places all of it, and stretches a phone across a pause that
    it has not seen. What lies in a quiet run of at least 0.18 s becomes silence, but for 0.05 s
    at its edges; of a phone that is cut in two, the louder part stays.

    Args:
        said: Phones and silences in order, without gaps.
        sound: The same clip.

    Returns:
        Phones and silences in order, without gaps, silences merged.
    """
    result = list(said)
    if sound.range_db < CLEAR_DB:
        return merged(result)
    for first, end in sound.silences(_SHORTEST_S):
        at_start = first == 0
        at_end = end == len(sound.level_db)
        start_s = first * HOP_S + (0.0 if at_start else _KEPT_S)
        end_s = sound.duration_s if at_end else end * HOP_S - _KEPT_S
        result = _with_silence(result, start_s, end_s, sound)
    return merged(result)


def _with_silence(said: list[Said], start_s: float, end_s: float, sound: Sound) -> list[Said]:
    if end_s <= start_s:
        return said
    before: list[Said] = []
    after: list[Said] = []
    for item in said:
        if item.end_s <= start_s or item.start_s >= end_s:
            (before if item.end_s <= start_s else after).append(item)
            continue
        head = replace(item, end_s=min(item.end_s, start_s))
        tail = replace(item, start_s=max(item.start_s, end_s))
        has_head = head.end_s > head.start_s
        has_tail = tail.end_s > tail.start_s
        if has_head and has_tail and item.phone != SILENCE:
            level = sound.level_db
            if loudest_db(level, head.start_s, head.end_s) >= loudest_db(
                level, tail.start_s, tail.end_s
            ):
                tail = replace(tail, phone=SILENCE, word=-1)
            else:
                head = replace(head, phone=SILENCE, word=-1)
        if has_head:
            before.append(_without_crumb(head, item))
        if has_tail:
            after.append(_without_crumb(tail, item))
    return [*before, Said(start_s, end_s, SILENCE, -1), *after]


def _without_crumb(part: Said, whole: Said) -> Said:
    cut = part.end_s - part.start_s < whole.end_s - whole.start_s - 1e-9
    if cut and part.end_s - part.start_s < _CRUMB_S and part.phone not in BILABIALS:
        return replace(part, phone=SILENCE, word=-1)
    return part


def merged(said: Sequence[Said]) -> list[Said]:
    """Return `said` with neighbouring silences made one, and without empty items."""
    result: list[Said] = []
    for item in said:
        if item.end_s <= item.start_s:
            continue
        if result and item.phone == SILENCE == result[-1].phone:
            result[-1] = replace(result[-1], end_s=item.end_s)
        else:
            result.append(item)
    return result
