"""Words of any language for a recogniser of English, and what it found, back in their phones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from animdrive.sources.audio.language.inventory import PHONES
from animdrive.sources.audio.language.ipa import arpabet_of
from animdrive.sources.audio.language.words import Pronunciation, Word
from animdrive.sources.audio.spans import Span

_NO_DICTIONARY_HAS = {"DX": ("D",), "Q": ("HH",), "SIL": ()}
"""ARPABET that the recogniser does not know → the nearest that it does."""


def _spelt(phone: str) -> Pronunciation:
    near = arpabet_of(phone)
    return near if near[0] in PHONES else _NO_DICTIONARY_HAS[near[0]]


def _respelt(phones: Pronunciation) -> Pronunciation:
    return tuple(near for phone in phones for near in _spelt(phone))


def in_arpabet(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return `words` with pronunciations in the 39 phones of ARPABET.

    Words of the dictionary stay as they are; so does the order of pronunciations.
    """
    return tuple(
        word
        if word.key
        else replace(word, pronunciations=tuple(dict.fromkeys(map(_respelt, word.pronunciations))))
        for word in words
    )


def in_own_phones(spans: Sequence[Span], words: Sequence[Word]) -> list[Span]:
    """Return what was found for words `in_arpabet` with the phones of the words themselves.

    A phone that was searched as two takes the time of both. Where what was found is none of a
    word's pronunciations it stays as it is.
    """
    result: list[Span] = []
    for number, group in groupby(spans, key=lambda span: span.word):
        own = list(group)
        if number >= 0 and not words[number].key:
            own = _own(own, words[number].pronunciations)
        result += own
    return result


def _own(spans: list[Span], pronunciations: Sequence[Pronunciation]) -> list[Span]:
    found = tuple(span.label for span in spans)
    said = next((phones for phones in pronunciations if _respelt(phones) == found), None)
    if said is None:
        return spans
    result: list[Span] = []
    at = 0
    for phone in said:
        part = spans[at : at + len(_spelt(phone))]
        at += len(part)
        if part:
            result.append(
                Span(
                    label=phone,
                    first=part[0].first,
                    end=part[-1].end,
                    word=part[0].word,
                    score=sum(span.score for span in part),
                )
            )
    return result
