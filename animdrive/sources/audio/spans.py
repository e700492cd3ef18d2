"""Phones found in sound, as frames, and how they become a track on the clip's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from animdrive.contract import PhoneTrack, Segment
from animdrive.contract.stages import Report
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.language.words import Word
from animdrive.sources.audio.silences import CLEAR_DB, Said, merged, shut_in_silence
from animdrive.sources.audio.sound import HOP_S, Sound

_SEAM_S = 0.05
"""The recogniser's features end a little before a stretch does; such gaps are no silence."""
_CLEARLY_DB = 6.0
_UNTOLD = 0.3
"""Share of the loud frames without a word from which on the user is told. A whole transcript
leaves up to a fifth (breath, laughter), two thirds of one a third or so."""


@dataclass(frozen=True)
class Span:
    """A phone or a word found in sound."""

    label: str
    """A phone, or a word's key in the dictionary."""
    first: int
    """First frame."""
    end: int
    """One past the last frame."""
    word: int = -1
    """Index of the word it belongs to; -1 is silence."""
    score: float = 0.0
    """Acoustic score of the whole span: 0 is as good as the best path, more negative is worse."""


def moved(span: Span, frames: int, words: int) -> Span:
    """Return `span` that many frames later, its word that many words on."""
    word = span.word if span.word < 0 else span.word + words
    return replace(span, first=span.first + frames, end=span.end + frames, word=word)


def tell_of_unsaid(track: PhoneTrack, sound: Sound, tell: Report) -> None:
    """Tell when much that sounds like speech has no word: the transcript may lack a part."""
    if sound.range_db < CLEAR_DB:
        return  # noise as loud as speech would be taken for it
    loud = sound.level_db > sound.gate_db + _CLEARLY_DB
    resting = np.zeros(len(loud), dtype=bool)
    for phone in track.phones:
        if phone.label == SILENCE:
            resting[round(phone.start_s / HOP_S) : round(phone.end_s / HOP_S)] = True
    share = float(np.mean(resting[loud])) if loud.any() else 0.0
    if share > _UNTOLD:
        tell(
            f"{share:.0%} of what is loud enough to be speech has no word in the transcript; "
            "the mouth rests there. Complete the transcript, or leave it out."
        )


def _fill(said: list[Said], start_s: float, end_s: float) -> None:
    """Fill what lies between two spans: a few frames with the phone before, else with silence."""
    if said and end_s - start_s <= _SEAM_S:
        said[-1] = replace(said[-1], end_s=end_s)
    elif end_s > start_s:
        said.append(Said(start_s, end_s, SILENCE, -1))


def track_of_spans(
    spans: Sequence[Span], words: tuple[Word, ...], sound: Sound, *, later_s: float = 0.0
) -> PhoneTrack:
    """Return `spans` on the clip's clock, from 0 to its end without gaps.

    Args:
        spans: Phones and silences in order, on the frames of `sound`.
        words: The text; only those that a span names have times.
        sound: The clip.
        later_s: How much later than its frame a boundary lies.
    """
    said: list[Said] = []
    now_s = 0.0
    for span in spans:
        start_s = min(span.first * HOP_S + later_s, sound.duration_s)
        end_s = min(span.end * HOP_S + later_s, sound.duration_s)
        _fill(said, now_s, start_s)
        said.append(Said(max(start_s, now_s), end_s, span.label, span.word))
        now_s = max(now_s, end_s)
    _fill(said, now_s, sound.duration_s)
    said = shut_in_silence(merged(said), sound)
    times: dict[int, tuple[float, float]] = {}
    for item in said:
        if item.word >= 0:
            times[item.word] = (times.get(item.word, (item.start_s, 0.0))[0], item.end_s)
    return PhoneTrack(
        phones=tuple(Segment(item.start_s, item.end_s, item.phone) for item in said),
        words=tuple(Segment(*times[i], word.text) for i, word in enumerate(words) if i in times),
    )
