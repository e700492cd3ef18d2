"""Mandarin text to words: each character by pypinyin, numbers as they are read in Chinese.

pypinyin (MIT) reads characters in the phrases that they stand in, simplified or traditional. Where
it knows several readings of a character and no phrase decides, all of them (at most three) are
pronunciations, and the aligner hears which. Tone sandhi changes nothing on a face and is left out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from animdrive.errors import BackendError
from animdrive.sources.audio.language.chinese_numbers import NUMBER, readings
from animdrive.sources.audio.language.languages import MANDARIN, script_of
from animdrive.sources.audio.language.pinyin import before_er, phones_of_syllable
from animdrive.sources.audio.language.words import Pronunciation, Word, unique

_MOST = 3
"""Readings of one character."""
_ER = ("儿", "兒")
_CHILD = re.compile("[女婴嬰幼孤少男健胎育小宠寵混][儿兒]|[儿兒][子童女孙孫科歌戏戲媳化]")
"""Words in which 儿 is a syllable of its own."""
_SIGNS = {"+": "加", "=": "等于", "&": "和", "@": "艾特", "°": "度", "×": "乘", "÷": "除以"}
_TOKEN = re.compile(rf"{re.sub('[?]P<[a-z]+>', '?:', NUMBER.pattern)}|(?P<other>.)", re.DOTALL)


def _pypinyin() -> Any:
    try:
        import pypinyin
    except ImportError as error:
        raise BackendError(
            "pypinyin, which reads Chinese, is not installed: pip install pypinyin."
        ) from error
    return pypinyin


def mandarin_words(text: str) -> tuple[Word, ...]:
    """Return the characters and numbers of Mandarin `text` and how each is said.

    Whatever is neither a Chinese character, a number nor a sign that is read falls away.

    Raises:
        BackendError: pypinyin is not installed.
    """
    words: list[Word] = []
    run = ""
    for found in _TOKEN.finditer(text):
        token = found.group()
        if found.lastgroup == "other" and script_of(token) == "CJK":
            run += token
            continue
        words += _characters(run)
        run = ""
        said = _outside(token, text[found.end() : found.end() + 1])
        if said:
            words.append(Word(text=token, pronunciations=said, language=MANDARIN))
    return (*words, *_characters(run))


def _outside(token: str, after: str) -> tuple[Pronunciation, ...]:
    """Return how a number or a sign is said; nothing for what is not."""
    if len(token) > 1 or token.isdigit():
        return unique(_read(read) for read in readings(token, after=after))
    return unique([_read(_SIGNS[token])]) if token in _SIGNS else ()


@lru_cache(maxsize=4096)
def _read(characters: str) -> Pronunciation:
    """Return the phones of `characters` in their likeliest readings."""
    return tuple(phone for word in _characters(characters) for phone in word.pronunciations[0])


def _characters(run: str) -> list[Word]:
    if not run:
        return []
    python_pinyin = _pypinyin()
    # What it has no reading for comes back as itself, and so is no syllable.
    read = python_pinyin.pinyin(
        run,
        style=python_pinyin.Style.TONE3,
        heteronym=True,
        neutral_tone_with_five=True,
        errors=lambda unread: list(unread),
    )
    erhua = {at for at, letter in enumerate(run) if letter in _ER and _colours(run, at)}
    words: list[Word] = []
    for at, (letter, syllables) in enumerate(zip(run, read, strict=True)):
        known = [syllable for syllable in syllables if phones_of_syllable(syllable)]
        said = unique(phones_of_syllable(syllable) for syllable in known)[:_MOST]
        if letter in _ER:
            said = (("ER",),)
        if not said:
            continue
        if at + 1 in erhua:
            said = unique((before_er(said[0]), *said))[:_MOST]
        words.append(Word(text=letter, pronunciations=said, language=MANDARIN, spelling=known[0]))
    return words


def _colours(run: str, at: int) -> bool:
    """Return whether the 儿 at `at` only colours the syllable before it."""
    return at > 0 and not any(
        found.start() <= at < found.end() for found in _CHILD.finditer(run, max(0, at - 1), at + 2)
    )
