"""Text to words to pronunciations, in any language. Nothing in a text stops a line.

Each run of a script is read by its own reader: English by dictionary (`english`), Mandarin by
pypinyin (`mandarin`), Japanese with SudachiPy (`japanese`), all others by espeak-ng
(`other_languages`). What cannot be said is told.
"""

from __future__ import annotations

import re
import unicodedata

from animdrive.sources.audio.language.english import english_words
from animdrive.sources.audio.language.languages import (
    AUTO,
    ENGLISH,
    JAPANESE,
    MANDARIN,
    language_code,
    language_of_script,
    main_language,
    script_of,
)
from animdrive.sources.audio.language.words import Lookup, Pronunciation, Spoken, Word, some

__all__ = ["Lookup", "Pronunciation", "Spoken", "Word", "spoken_from_text"]

_ASIDE = re.compile(r"\[[^\]]*\]|<[^>]*>")
_QUOTES = re.compile("[‘’ʼ`´′]")
_OWN = re.compile(r"[0-9$£€¥%‰&@+=°#]")
"""Numbers and signs are read in the text's main language, whatever word is before them."""


def spoken_from_text(text: str, *, language: str = AUTO, lookup: Lookup) -> Spoken:
    """Split `text` into words and find how each is said.

    Punctuation, emoji and control characters fall away. Stage directions in square brackets and
    tags in angle brackets are not spoken. Letters of another script than the language's are read
    in the language that this script is mostly used for; what nothing can read is left out, and
    told.

    Args:
        text: Anything.
        language: "auto" (told from the script; Latin letters are English), or what
            `animdrive.sources.audio.languages.language_code` takes.
        lookup: The English dictionary to ask first.

    Raises:
        InputError: there is no such language.
        BackendError: the language is Mandarin and pypinyin is not installed, or it is espeak-ng's,
            which cannot be loaded.
    """
    notes: list[str] = []
    code = language_code(language)
    cleaned = _QUOTES.sub("'", unicodedata.normalize("NFKC", text))
    cleaned = "".join(_digit(letter) for letter in cleaned)
    aside = [found.strip() for found in _ASIDE.findall(cleaned)]
    if aside:
        notes.append(f"Not spoken, for it stands in brackets: {some(aside)}.")
        cleaned = _ASIDE.sub(" ", cleaned)
    main = main_language(cleaned) if code == AUTO else code
    words: list[Word] = []
    unread: list[str] = []
    for reader, run in _runs(cleaned, main):
        own, left, told = _read(run, reader, lookup)
        words += own
        unread += left
        notes += [note for note in told if note not in notes]
    if unread:
        notes.append(f"Left out, for nothing here can read it: {some(unread)}.")
    return Spoken(words=tuple(words), notes=tuple(notes))


def _digit(letter: str) -> str:
    """Return the digit 0-9 that a digit of any script is; any other character as it is."""
    return str(unicodedata.digit(letter)) if unicodedata.category(letter) == "Nd" else letter


def _read(
    run: str, reader: str, lookup: Lookup
) -> tuple[tuple[Word, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the words of a run, what of it nothing reads, and notes."""
    if reader == ENGLISH:
        return english_words(run, lookup), (), ()
    if reader == MANDARIN:
        from animdrive.sources.audio.language.mandarin import mandarin_words

        words = mandarin_words(run)
        said = {word.text for word in words}
        return words, tuple(c for c in run if c not in said and script_of(c) == "CJK"), ()
    if reader == JAPANESE:
        from animdrive.sources.audio.language.japanese import japanese_words

        return japanese_words(run)
    if reader:
        from animdrive.sources.audio.language.other_languages import words_of_language

        return *words_of_language(run, reader), ()
    return (), tuple(run.split()), ()


def _runs(text: str, main: str) -> list[tuple[str, str]]:
    """Return `text` in runs of one reader, in order: its language, and the run.

    What is no letter stays with the run before it, but numbers and signs with their own.
    """
    starts: list[tuple[int, str]] = []
    for at, letter in enumerate(text):
        script = script_of(letter)
        if script:
            reader = language_of_script(script, main)
        elif _OWN.match(letter) or not starts:
            reader = main
        else:
            continue
        if not starts or starts[-1][1] != reader:
            starts.append((at, reader))
    ends = [at for at, _ in starts[1:]] + [len(text)]
    return [(reader, text[at:end]) for (at, reader), end in zip(starts, ends, strict=False)]
