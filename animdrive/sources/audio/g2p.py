"""Text to words to pronunciations. Nothing in a text stops a line: what cannot be said is told.

A word is looked up in the recogniser's own dictionary (CMUdict); what is not there, such as
names, numbers, old spellings and abbreviations, is pronounced by espeak-ng, and where that
cannot be used, by letter rules. A word may have several pronunciations; the aligner hears which.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from animdrive.errors import BackendError
from animdrive.sources.audio.espeak import ipa
from animdrive.sources.audio.ipa import arpabet_from_ipa
from animdrive.sources.audio.letters import phones_from_letters
from animdrive.sources.audio.phones import SILENCE

Pronunciation = tuple[str, ...]
"""ARPABET phones without stress."""

Lookup = Callable[[str], tuple[Pronunciation, ...]]
"""A dictionary: a word in small letters → its pronunciations, none when it is not there."""


@dataclass(frozen=True)
class Word:
    """One word of a text and how it may be said."""

    text: str
    """As written, without the punctuation around it."""
    pronunciations: tuple[Pronunciation, ...]
    """At least one, each with at least one phone; the likeliest first."""
    key: str = ""
    """Its entry in the dictionary; empty when the pronunciations come from elsewhere."""


@dataclass(frozen=True)
class Spoken:
    """A text, ready to be found in sound."""

    words: tuple[Word, ...]
    """In order. None when the text holds nothing to say."""
    notes: tuple[str, ...]
    """What was left out, one line each."""


_LATIN = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_TOKEN = re.compile(
    rf"""
    (?P<number>[$£€]?[0-9]+(?:[.,:][0-9]+)*(?:%|(?:st|nd|rd|th|s)\b)?)
    | (?P<word>'?[{_LATIN}\u0300-\u036f]+(?:['.&][{_LATIN}\u0300-\u036f]+)*'?\.?)
    | (?P<sign>[&%@+=°#])
    """,
    re.VERBOSE,
)
_SIGNS = {
    "&": "and",
    "%": "percent",
    "@": "at",
    "+": "plus",
    "=": "equals",
    "°": "degrees",
    "#": "number",
}
_CURRENCY = {"$": ("dollars", "cents"), "£": ("pounds", "pence"), "€": ("euros", "cents")}
_DIGITS = "zero one two three four five six seven eight nine".split()
_ASIDE = re.compile(r"\[[^\]]*\]|<[^>]*>")
_MINUS = re.compile(r"(?<!\S)[-−–](?=[$£€]?[0-9])")
_BREAKS = re.compile(r"[-‐‑‒–—―/\\_|~·•]+")
_LONGEST_WORD = 60
"""Letters; longer runs are cut, for no dictionary or voice takes them whole."""


def spoken_from_text(text: str, lookup: Lookup) -> Spoken:
    """Split `text` into words and find how each is said.

    Punctuation, emoji and control characters fall away. Stage directions in square brackets and
    tags in angle brackets are not spoken. Words in another script than Latin are left out, and
    told. Hyphens and dashes part words; curly quotes are apostrophes.

    Args:
        text: Anything.
        lookup: The dictionary to ask first.
    """
    notes: list[str] = []
    cleaned = unicodedata.normalize("NFKC", text)
    cleaned = re.sub("[‘’ʼ`´′]", "'", cleaned)
    aside = [found.strip() for found in _ASIDE.findall(cleaned)]
    if aside:
        notes.append(f"Not spoken, for it stands in brackets: {_some(aside)}.")
        cleaned = _ASIDE.sub(" ", cleaned)
    cleaned = _BREAKS.sub(" ", _MINUS.sub(" minus ", cleaned))
    words: list[Word] = []
    foreign: list[str] = []
    for found in _TOKEN.finditer(cleaned):
        for piece in _pieces(found.group()):
            word = _word(piece, found.lastgroup or "", lookup)
            if word is not None:
                words.append(word)
    for token in cleaned.split():
        letters = [c for c in _TOKEN.sub("", token) if unicodedata.category(c)[0] in "LN"]
        if letters:
            foreign.append(token)
    if foreign:
        notes.append(f"Left out, for it is not written in Latin letters: {_some(foreign)}.")
    return Spoken(words=tuple(words), notes=tuple(notes))


def _some(items: list[str]) -> str:
    shown = ", ".join(f"'{item[:30]}'" for item in items[:5])
    return shown if len(items) <= 5 else f"{shown} and {len(items) - 5} more"


def _pieces(token: str) -> list[str]:
    return [token[at : at + _LONGEST_WORD] for at in range(0, len(token), _LONGEST_WORD)]


def _word(token: str, kind: str, lookup: Lookup) -> Word | None:
    if kind == "sign":
        said = lookup(_SIGNS[token])
        return Word(text=token, pronunciations=said) if said else None
    if kind == "number":
        said = _unique(_number(token, lookup))
        return Word(text=token, pronunciations=said) if said else None
    written = token if _is_abbreviation(token) else token.strip("'.") or token
    for key in _spellings(token):
        said = lookup(key)
        if said:
            return Word(text=written, pronunciations=said, key=key)
    said = _unique(_outside(token, lookup))
    return Word(text=written, pronunciations=said) if said else None


def _is_abbreviation(token: str) -> bool:
    return "." in token[:-1] and token.endswith(".")


def _spellings(token: str) -> list[str]:
    """Return the dictionary keys to try for a word, the most faithful first."""
    small = token.lower()
    bare = small.rstrip(".")
    plain = _without_accents(bare)
    once = re.sub(r"(.)\1{2,}", r"\1", plain)
    twice = re.sub(r"(.)\1{2,}", r"\1\1", plain)
    # "no." at the end of a sentence is not "number": the dot counts only where it must.
    dotted = [small] if _is_abbreviation(small) or small in ("mr.", "mrs.", "dr.", "st.") else []
    tried = [*dotted, bare, bare.strip("'"), plain, plain.strip("'"), twice, once]
    return [key for key in dict.fromkeys(tried) if key.strip("'.")]


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if not unicodedata.combining(c))


def _outside(token: str, lookup: Lookup) -> list[Pronunciation]:
    """Return pronunciations of a word that the dictionary does not have."""
    bare = token.strip("'.")
    plain = _without_accents(bare)
    letters = re.sub("[.&']", "", plain)
    spelt = _spelt_out(letters, lookup)
    if re.fullmatch(r"(?:[A-Za-z][.&])+[A-Za-z]?", token.strip("'")) or not re.search(
        "[aeiouyAEIOUY]", letters
    ):
        sounded = () if letters.isupper() else phones_from_letters(letters)  # "pfft"
        return [p for p in (sounded, spelt, _by_voice(bare)) if p]
    said = [p for p in (_possessive(plain.lower(), lookup), _by_voice(bare)) if p]
    if bare.isupper() and len(letters) <= 5 and spelt:
        said.append(spelt)  # an acronym may be read as a word or letter by letter
    return said or [phones_from_letters(plain)]


def _possessive(word: str, lookup: Lookup) -> Pronunciation:
    stem, mark, tail = word.rpartition("'")
    known = lookup(stem) if mark and tail in ("s", "") and stem else ()
    if not known:
        return ()
    first = known[0]
    if not tail:
        return first
    if first[-1] in ("S", "Z", "SH", "ZH", "CH", "JH"):
        return (*first, "IH", "Z")
    return (*first, "S" if first[-1] in ("P", "T", "K", "F", "TH") else "Z")


def _spelt_out(letters: str, lookup: Lookup) -> Pronunciation:
    named = [lookup(f"{letter}.") or lookup(letter) for letter in letters.lower()]
    return tuple(phone for said in named if said for phone in said[0])


def _number(token: str, lookup: Lookup) -> list[Pronunciation]:
    """Return how a number may be read: as a whole, as a year, as money."""
    read = [token]
    year = re.fullmatch(r"(1[1-9]|20)([0-9]{2})(s?)", token)
    if year:
        century, rest, plural = year.groups()
        if rest == "00":
            read.append(f"{century} hundred{plural}")
        elif rest[0] == "0":
            read.append(f"{century} oh {rest[1]}")
        else:
            read.append(f"{century} {rest}{plural}")
    if token[0] in _CURRENCY:
        big, small = _CURRENCY[token[0]]
        whole, _, cents = token[1:].partition(".")
        big = big[:-1] if whole == "1" and big != "pence" else big
        if len(cents) == 2:
            read = [f"{whole} {big} {cents}", f"{whole} {big} and {cents} {small}"]
        else:
            read = [f"{token[1:]} {big}", token[1:]]
    said = [p for p in map(_by_voice, read) if p]
    if said:
        return said
    digits = [lookup(_DIGITS[int(digit)]) for digit in token if digit in "0123456789"]
    return [tuple(phone for known in digits if known for phone in known[0])]


@lru_cache(maxsize=4096)
def _by_voice(text: str) -> Pronunciation:
    try:
        phones = arpabet_from_ipa(ipa(text))
    except BackendError:
        return ()
    return tuple(phone for phone in phones if phone != SILENCE)


def _unique(said: list[Pronunciation]) -> tuple[Pronunciation, ...]:
    return tuple(dict.fromkeys(p for p in said if p))
