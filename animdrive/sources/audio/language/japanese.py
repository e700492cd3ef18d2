"""Japanese text to words: kana by espeak-ng, kanji by SudachiPy where it is installed.

SudachiPy (Apache-2.0) parts a sentence into words and knows how each is read; the extra "ja" brings
it with its small dictionary. Without it kana are read all the same, and kanji are left out.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from animdrive.sources.audio.language.languages import script_of
from animdrive.sources.audio.language.other_languages import words_of_language
from animdrive.sources.audio.language.words import Word

_JAPANESE = "ja"
_PARTICLES = {"は": "ワ", "へ": "エ", "を": "オ", "ハ": "ワ", "ヘ": "エ", "ヲ": "オ"}
"""Particles that are not said as they are written."""
_LONG = re.compile(
    "(?<=[オコソトノホモヨロゴゾドボポョォ])ウ|(?<=[ウクスツヌフムユルグズブプュ])ウ"
)
"""A vowel that only makes the one before it longer."""
_LONGEST = 8000
"""Characters that are parted at a time; the library takes 49149 bytes."""
_KANJI_CURE = "Kanji are read by SudachiPy: pip install 'animdrive[ja]', or write them in kana."


@cache
def _tokenizer() -> Any:
    """Return what parts sentences, or None where it is not installed."""
    try:
        from sudachipy import Dictionary

        return Dictionary(dict="small").tokenizer()
    except (ImportError, ValueError, RuntimeError, OSError):  # without the library, its dictionary
        return None


def japanese_words(text: str) -> tuple[tuple[Word, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the words of Japanese `text`, what is left out, and notes.

    Args:
        text: Normalised (NFKC); letters of other scripts than kana and kanji fall away.
    """
    kanji = any(script_of(letter) == "CJK" for letter in text)
    tokenizer = _tokenizer() if kanji else None
    if tokenizer is None:
        kana = "".join(" " if script_of(letter) == "CJK" else letter for letter in text)
        words, unread = words_of_language(kana, _JAPANESE)
        left = "".join(letter if script_of(letter) == "CJK" else " " for letter in text).split()
        return words, (*left, *unread), (_KANJI_CURE,) if left else ()
    result: list[Word] = []
    unknown: list[str] = []
    for first in range(0, len(text), _LONGEST):
        for part in tokenizer.tokenize(text[first : first + _LONGEST]):
            written = part.surface()
            words, unread = words_of_language(_as_said(part), _JAPANESE)
            unknown += unread
            said = tuple(phone for word in words for phone in word.pronunciations[0])
            if said:
                result.append(Word(text=written, pronunciations=(said,), language=_JAPANESE))
    return tuple(result), tuple(unknown), ()


def _as_said(part: Any) -> str:
    """Return a word in kana as it is said; what holds no kanji as it is written."""
    written: str = part.surface()
    kind = part.part_of_speech()[0]
    if kind == "助詞" and written in _PARTICLES:
        return _PARTICLES[written]
    if not any(script_of(letter) == "CJK" for letter in written):
        return written
    reading: str = part.reading_form() or written
    return reading if kind == "動詞" else _LONG.sub("ー", reading)
