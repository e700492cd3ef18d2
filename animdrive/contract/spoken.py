"""What a text becomes before it is looked for in sound: words, and how each may be said."""

from __future__ import annotations

from dataclasses import dataclass

Pronunciation = tuple[str, ...]
"""Phones of the inventory (docs/phones.md)."""


@dataclass(frozen=True)
class Word:
    """One word of a text and how it may be said."""

    text: str
    """As written, without the punctuation around it. In Chinese: one character, or a number."""
    pronunciations: tuple[Pronunciation, ...]
    """At least one, each with at least one phone; the likeliest first."""
    key: str = ""
    """Its entry in the English dictionary; empty when the pronunciations come from elsewhere."""
    language: str = "en"
    """Code of the language it is read in: "en", "zh" or one of espeak-ng's."""
    spelling: str = ""
    """Chinese: pinyin of the likeliest reading, with the tone as a digit and v for ü: "nv3"."""


@dataclass(frozen=True)
class Spoken:
    """A text, ready to be found in sound."""

    words: tuple[Word, ...]
    """In order. None when the text holds nothing to say."""
    notes: tuple[str, ...] = ()
    """What was left out, one line each."""
