"""Whether what was heard as English is English: by its words, and by its sounds.

English words can be heard in any language, but they are short ones, in an order that nobody says.
What English lacks shows where the network knows the sound and is sure of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from animdrive.contract.spoken import Word
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.acoustic.word_list import BEGIN, load_word_list
from animdrive.sources.audio.acoustic.word_scores import follower
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.spans import Span

_LEAST_PHONES = 40
"""Fewer phones, some 4 s of speech, tell too little."""
_LEAST_LIKELY = -2.5
"""Logarithm of the words' probability for each phone, and"""
_SHORTEST_WORDS = 2.6
"""phones in a word, below both of which words are poor English. Synthetic voices of six English
accents, five lines of each taken together, reach -2.46 and 2.62 at the least; those of other
languages mostly lie below both."""
_MOST_IN_WORDS = 0.5
"""English words fit more than this share of what is heard in English."""
_FOREIGN = 0.25
"""Share of sounds that English lacks above which poor English is none. The same voices reach 0.23
at the most."""
_RARE = 2e-4
"""Share of English frames below which a phone is none of English."""


@dataclass(frozen=True)
class Likeness:
    """How like English a recording is that was heard as English."""

    phones: int
    """Phones that were heard."""
    in_words: float
    """Share of them that belongs to words, 0..1; where none fit, phones alone are heard."""
    likely: float
    """Natural logarithm of the words' probability by the bigram model, for each phone."""
    phones_in_word: float
    """Mean length of the words."""
    foreign: float
    """Share of what the network hears in speech, 0..1, that goes to phones English lacks."""

    @property
    def is_poor(self) -> bool:
        """Whether the words are hardly what anybody says."""
        hardly = self.likely < _LEAST_LIKELY and self.phones_in_word < _SHORTEST_WORDS
        return self.phones >= _LEAST_PHONES and (hardly or self.in_words < _MOST_IN_WORDS)

    @property
    def is_foreign(self) -> bool:
        """Whether the sounds are another language's as well: poor words, foreign phones."""
        return self.is_poor and self.foreign > _FOREIGN


def likeness_of(evidence: Evidence, words: Sequence[Word], spans: Sequence[Span]) -> Likeness:
    """Return how like English the words are that were heard.

    Args:
        evidence: Of the sound.
        words: What was heard, in order.
        spans: Their phones.
    """
    phones = sum(span.word >= 0 for span in spans)
    heard = sum(span.label != SILENCE for span in spans)
    return Likeness(
        phones=heard,
        in_words=phones / max(heard, 1),
        likely=_log_probability(words) / max(phones, 1),
        phones_in_word=phones / max(len(words), 1),
        foreign=_foreign_share(evidence),
    )


def _log_probability(words: Sequence[Word]) -> float:
    known = load_word_list()
    total, before = 0.0, BEGIN
    for word in words:
        number = _numbers()[word.text]
        total += float(
            follower(
                before,
                number,
                known.alone,
                known.backoff,
                known.edges,
                known.following,
                known.pairs,
            )
        )
        before = number
    return total


@cache
def _numbers() -> dict[str, int]:
    return {word: number for number, word in enumerate(load_word_list().words)}


def _foreign_share(evidence: Evidence) -> float:
    network = evidence.network
    silence = network.symbols.index(SILENCE)
    foreign = network.priors["en"] < _RARE
    foreign[[silence, network.symbols.index("Q")]] = False
    shares = np.exp(evidence.log_posteriors)
    speech = shares[shares[:, silence] < 0.5]
    heard = float((1 - speech[:, silence]).sum())
    return float(speech[:, foreign].sum()) / heard if heard > 0 else 0.0
