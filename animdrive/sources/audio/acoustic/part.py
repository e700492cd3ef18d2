"""The part of a text that is said, where a text holds more than its recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from animdrive.contract.spoken import Word
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.acoustic.forced import fit
from animdrive.sources.audio.acoustic.gaussians import STATES
from animdrive.sources.audio.acoustic.graph import START, graph_of_found, graph_of_words, search
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.spans import Span

_MOST_CELLS = 30_000_000
"""States times frames that are searched at once: some 300 MB. A minute and 500 words, or three
seconds and 10000."""
_LEAST_WORDS = 2
_SLOWEST = 25.0
"""Mean frames of a phone that are still speech: one word can be drawn over anything."""
_HURRIED = 4.0
"""Mean frames of a phone from which down a word may only have been squeezed in."""
_HURRIED_WORDS = 3
_MISFIT = -2.6


def find_part(evidence: Evidence, words: Sequence[Word]) -> list[Span] | None:
    """Return the phones of those words, in a row, that fit a sound best, and its silences.

    Args:
        evidence: Of the whole sound.
        words: One word or more; what is said may begin and end with any.

    Returns:
        Spans in order without gaps, whose words are those of `words`; None where no two words in
        a row fit, or sound and text are too long to search.
    """
    graph = graph_of_words(words, free_end=True)
    if STATES * len(graph.places) * len(evidence) > _MOST_CELLS:
        return None
    anywhere = -math.log(len(words))
    for place, word, before in zip(graph.places, graph.words, graph.before, strict=True):
        if word > 0 and place.first:
            before += [(START, anywhere), (0, anywhere)]
    emissions_of = partial(evidence.of_places, first=0, end=len(evidence))
    found = search(graph, emissions_of, english=evidence.english)
    if found is None:
        return None
    if evidence.english:
        found = search(graph_of_found(found[0]), emissions_of, english=True) or found
    said = [span for span in found[0] if span.word >= 0 and span.label != SILENCE]
    frames = sum(span.end - span.first for span in said)
    if len({span.word for span in said}) < _LEAST_WORDS or frames > _SLOWEST * len(said):
        return None
    return found[0]


def is_squeezed(evidence: Evidence, spans: Sequence[Span]) -> bool:
    """Return whether the first words, or the last, are squeezed in and fit nothing.

    Args:
        evidence: Of the whole sound.
        spans: A text found in it.
    """
    phones = [span for span in spans if span.word >= 0]
    numbers = sorted({span.word for span in phones})
    for some in (numbers[:_HURRIED_WORDS], numbers[-_HURRIED_WORDS:]):
        own = [span for span in phones if span.word in some]
        frames = sum(span.end - span.first for span in own)
        if frames <= _HURRIED * len(own) and fit(evidence, own) < _MISFIT:
            return True
    return False
