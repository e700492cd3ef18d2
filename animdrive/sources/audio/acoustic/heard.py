"""What is said, without a text: words of English, phones of any language."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from animdrive.contract.spoken import Word
from animdrive.sources.audio.acoustic.evidence import Evidence
from animdrive.sources.audio.acoustic.gaussians import load_gaussians
from animdrive.sources.audio.acoustic.viterbi import NEVER, best_path
from animdrive.sources.audio.acoustic.word_list import load_word_list, said_words
from animdrive.sources.audio.acoustic.word_search import SearchConfig, find_words
from animdrive.sources.audio.acoustic.word_tree import load_word_tree
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.spans import Span

Floats = npt.NDArray[np.float32]

_USUAL = SearchConfig()
_NETWORK = 2.5
"""How much the network's logarithms count beside those of the Gaussians as words are sought."""
_UNHEARD = float(np.log(3e-3))
"""Logarithm of a posterior below which a phone is not looked for among words. On TIMIT, 1e-2 is a
quarter faster and finds fewer words; 0 is half as fast and finds no more."""
_REACH = 1
"""Frames before and after, in which it is looked for all the same."""
_CHANGE = -2.5
"""Logarithm of one phone ending and another, whichever, beginning."""
_STATES = 3
_RARE = 2e-4
"""Share of a language's frames below which a phone is none of its own."""
_MIXED = 0.3
"""Share of the prior that is taken from a posterior where no language model adds it again."""


def words_heard(
    evidence: Evidence, first: int, end: int, *, config: SearchConfig = _USUAL
) -> tuple[Word, ...]:
    """Return the English words between two frames, as they may be said.

    Args:
        evidence: Of the sound, with the Gaussians of English.
        first: First frame.
        end: One past the last.
        config: How to search.
    """
    model, words = load_gaussians(), load_word_list()
    network = evidence.network
    silence = network.symbols.index(SILENCE)
    columns = [
        network.symbols.index(phone) if phone in network.symbols else silence
        for phone in model.phones
    ]
    phones = evidence.of_phones(first, end)
    likely = np.stack([phones[network.symbols[column]] for column in columns], axis=1)
    asked = _around(likely > _UNHEARD, _REACH)
    asked[:, np.array(columns) == silence] = True
    likely = _NETWORK * (likely - np.log(network.priors["en"][columns]))
    found = find_words(
        evidence.of_senones(first, end, asked),
        np.where(asked, likely, NEVER),
        tree=load_word_tree(),
        words=words,
        model=model,
        config=config,
    )
    said = said_words()
    return tuple(
        Word(text=text, pronunciations=tuple(tuple(way.split()) for way in said[text]), key=text)
        for text in (words.words[number] for number in found)
    )


def _around(mask: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Return [T, C] where `mask` is true within `reach` rows."""
    result = mask.copy()
    for away in range(1, reach + 1):
        result[away:] |= mask[:-away]
        result[:-away] |= mask[away:]
    return result


def phones_heard(evidence: Evidence, first: int, end: int, *, language: str) -> list[Span]:
    """Return phones and silences between two frames, without any idea of words.

    Each phone lasts 30 ms or longer, and any may follow any. Frames count from `first`.

    Args:
        evidence: Of the sound.
        first: First frame.
        end: One past the last.
        language: Whose sounds to expect: "en" and "zh" are known, all others hear every phone.
    """
    if end <= first:
        return []
    network = evidence.network
    prior = network.priors.get(language, network.priors["any"])
    kept = [
        symbol
        for symbol, share in zip(network.symbols, prior, strict=True)
        if share > _RARE or symbol == SILENCE
    ]
    columns = [network.symbols.index(symbol) for symbol in kept]
    phones = evidence.of_phones(first, end)
    likely = np.stack([phones[symbol] for symbol in kept], axis=1)
    likely -= _MIXED * np.log(np.maximum(prior[columns], _RARE))
    count = len(kept)
    size = _STATES * count
    before = np.full((size, count), -1, dtype=np.int32)
    step = np.zeros((size, count), dtype=np.float32)
    before[1::_STATES, 0], before[2::_STATES, 0] = np.arange(0, size, 3), np.arange(1, size, 3)
    before[0::_STATES] = np.arange(2, size, 3)[None, :]
    step[0::_STATES] = _CHANGE
    stay = np.full(size, NEVER, dtype=np.float32)
    stay[2::_STATES] = 0.0
    start = np.full(size, NEVER, dtype=np.float32)
    start[0::_STATES] = 0.0
    emissions = np.ascontiguousarray(np.repeat(likely, _STATES, axis=1), dtype=np.float32)
    path, _ = best_path(emissions, stay, before, step, start, np.zeros(size, dtype=np.float32))
    at = np.flatnonzero((np.diff(path // _STATES, prepend=-1) != 0) | _begins_again(path))
    edges = [*at.tolist(), len(path)]
    spans = []
    for a, b in pairwise(edges):
        symbol = kept[int(path[a]) // _STATES]
        spans.append(Span(symbol, a, b, word=-1))
    return spans


def _begins_again(path: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    again: npt.NDArray[np.bool_] = (np.diff(path, prepend=0) < 0) & (path % _STATES == 0)
    return again
