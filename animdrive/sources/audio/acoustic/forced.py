"""A text found in sound, however long both are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from animdrive.contract.spoken import Word
from animdrive.contract.stages import Progress, no_progress
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.acoustic.gaussians import STATES
from animdrive.sources.audio.acoustic.graph import graph_of_found, graph_of_words, search
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.sound import HOP_S
from animdrive.sources.audio.spans import Span, moved

_WINDOW = int(30 / HOP_S)
"""Frames searched at once. What is longer is searched window by window."""
_SURE = int(20 / HOP_S)
"""Of a window that is not the last, at most this much is kept: what follows may still change."""
_LEAST_KEPT = int(4 / HOP_S)
_PHONES_IN_WINDOW = (450, 700)
"""More than most people say in a window, 15 a second, and more than anybody does, 23. A word may
have one phone or twenty."""
_NEARLY_ALL = 0.8
"""Share of the words that were searched for; where so many are found, more are searched for."""
_NO_FIT = -10.0
_CUT = 10
"""Frames of a pause at which a window may be cut."""


def find_text(
    evidence: Evidence,
    words: Sequence[Word],
    *,
    first: int = 0,
    end: int | None = None,
    progress: Progress = no_progress,
) -> list[Span] | None:
    """Return the phones of `words`, and the silences, from one frame to another.

    Args:
        evidence: Of the whole sound.
        words: One word or more.
        first: First frame.
        end: One past the last; None is that of the sound.
        progress: Told of "align".

    Returns:
        Spans in order without gaps, frames counted from `first`; None where the sound is too short
        for the text.
    """
    spans: list[Span] = []
    end = len(evidence) if end is None else end
    at, word = first, 0
    while at < end:
        last = end - at <= _WINDOW
        usual, most = _PHONES_IN_WINDOW
        own = words[word:] if last else _sayable(words, word, usual)
        if not own:
            spans.append(Span(SILENCE, at - first, end - first))
            break
        if last and _fewest_frames(own) > end - at:  # before memory is asked for all of it
            return None
        stop = end if last else at + _WINDOW
        found = _window(evidence, own, at, stop, word, free_end=not last)
        more = [] if last else _sayable(words, word, most)
        if len(more) > len(own) and found is not None and _nearly_all_said(found, own, word):
            own = more
            found = _window(evidence, own, at, stop, word, free_end=True)
        if found is None:
            return None
        if not last:
            found = _sure_part(found)
        spans += [moved(span, at - first, 0) for span in found]
        at += found[-1].end
        word = max(word, 1 + max(span.word for span in found))
        progress("align", (at - first) / (end - first))
    return spans


def _nearly_all_said(found: Sequence[Span], words: Sequence[Word], first: int) -> bool:
    """Return whether there may have been too few `words`, which are counted from `first`."""
    said = max(span.word for span in found) + 1 - first
    return said >= _NEARLY_ALL * len(words)


def _sayable(words: Sequence[Word], first: int, most: int) -> Sequence[Word]:
    """Return the words from `first` on that hold no more than `most` phones; one at least."""
    phones = 0
    for number in range(first, len(words)):
        phones += len(words[number].pronunciations[0])
        if phones > most:
            return words[first : max(number, first + 1)]
    return words[first:]


def _fewest_frames(words: Sequence[Word]) -> int:
    return STATES * sum(min(map(len, word.pronunciations)) for word in words)


def _window(
    evidence: Evidence, words: Sequence[Word], first: int, end: int, word: int, *, free_end: bool
) -> list[Span] | None:
    emissions_of = partial(evidence.of_places, first=first, end=end)
    graph = graph_of_words(words, first_word=word, free_end=free_end)
    result = search(graph, emissions_of, english=evidence.english)
    if result is not None and evidence.english:
        # Now that pauses and pronunciations are known, so is the context of every phone.
        result = search(graph_of_found(result[0]), emissions_of, english=True) or result
    return result[0] if result is not None else None


def _sure_part(spans: list[Span]) -> list[Span]:
    """Return the part of a window up to the last pause, or word, that is surely right."""
    best = 0
    for at, span in enumerate(spans):
        if span.end > _SURE and best:
            break
        ends_word = at + 1 == len(spans) or spans[at + 1].word != span.word
        pause = span.word < 0 and span.end - span.first >= _CUT
        if ends_word and span.word >= 0 and span.end >= _SURE - _LEAST_KEPT:
            best = at + 1
        if pause and span.end >= _LEAST_KEPT:
            best = at + 1
    return spans[: best or len(spans)]


def fit(evidence: Evidence, spans: Sequence[Span], *, words_only: bool = True) -> float:
    """Return how well phones fit: the mean logarithm of their share in what is heard.

    0 is as well as the best phone of each frame; a wrong text lies far below.

    Args:
        evidence: Of the sound in which they were found.
        spans: Phones and silences.
        words_only: Whether phones of no word, as those heard without a text, are left out.
    """
    phones = evidence.of_phones(0, len(evidence))
    most = np.max(np.stack(list(phones.values())), axis=0)
    scores = [
        phones[span.label][span.first : span.end] - most[span.first : span.end]
        for span in spans
        if span.label != SILENCE and (span.word >= 0 or not words_only) and span.end > span.first
    ]
    return float(np.mean(np.concatenate(scores))) if scores else _NO_FIT
