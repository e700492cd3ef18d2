"""English words to pronunciations. Nothing in a text stops a line.

A word is looked up in the recogniser's own dictionary (CMUdict); what is not there, such as
names, numbers, old spellings and abbreviations, is pronounced by espeak-ng, and where that
cannot be used, by letter rules. A word may have several pronunciations, function words their weak
forms among them; the aligner hears which.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from animdrive.errors import BackendError
from animdrive.sources.audio.espeak import ipa
from animdrive.sources.audio.language.english_ipa import arpabet_from_ipa
from animdrive.sources.audio.language.english_weak_forms import weak_forms
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.language.letters import phones_from_letters
from animdrive.sources.audio.language.words import Lookup, Pronunciation, Word, unique

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
_MINUS = re.compile(r"(?<!\S)[-−–](?=[$£€]?[0-9])")
_BREAKS = re.compile(r"[-‐‑‒–—―/\\_|~·•]+")
_LONGEST_WORD = 60
"""Letters; longer runs are cut, for no dictionary or voice takes them whole."""


def english_words(text: str, lookup: Lookup) -> tuple[Word, ...]:
    """Return the words of English `text` and how each is said.

    Punctuation and what is not Latin fall away. Hyphens and dashes part words.

    Args:
        text: Normalised (NFKC), with straight apostrophes.
        lookup: The dictionary to ask first.
    """
    cleaned = _BREAKS.sub(" ", _MINUS.sub(" minus ", text))
    words = [
        _word(piece, found.lastgroup or "", lookup)
        for found in _TOKEN.finditer(cleaned)
        for piece in _pieces(found.group())
    ]
    return tuple(word for word in words if word is not None)


def _pieces(token: str) -> list[str]:
    return [token[at : at + _LONGEST_WORD] for at in range(0, len(token), _LONGEST_WORD)]


def _word(token: str, kind: str, lookup: Lookup) -> Word | None:
    if kind == "sign":
        said = lookup(_SIGNS[token])
        return Word(text=token, pronunciations=said) if said else None
    if kind == "number":
        said = unique(_number(token, lookup))
        return Word(text=token, pronunciations=said) if said else None
    written = token if _is_abbreviation(token) else token.strip("'.") or token
    for key in _spellings(token):
        said = lookup(key)
        if said:
            ways = unique((*said, *weak_forms(key)))
            return Word(text=written, pronunciations=ways, key=key)
    said = unique(_outside(token, lookup))
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
