"""Text of every language that espeak-ng speaks, to words and phones.

Each word is asked for by itself, so that its phones are its own. What a voice cannot read it
leaves out or spells as "letter"; that counts as unknown here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from animdrive.errors import BackendError
from animdrive.sources.audio.espeak import ipa, voices
from animdrive.sources.audio.language.ipa import phones_from_ipa
from animdrive.sources.audio.language.languages import script_of
from animdrive.sources.audio.language.letters import phones_from_letters
from animdrive.sources.audio.language.words import Pronunciation, Word, unique

_TOKEN = re.compile(
    r"(?:(?<!\S)[-−–](?=[$£€¥]?0))?[$£€¥]?0+(?:[.,:]0+)*[%‰€£$¥]?"  # a number
    r"|a(?:[am]|(?<=[am])['·](?=a))*'?"  # a word
    r"|[&%@+=°]"
)
"""Tokens of a text's shape, see `_shape`."""
_KINDS = {"L": "a", "M": "m", "N": "0"}
_UNREAD = re.compile(r"\(en\)tʃ[ˈˌ]?aɪniːz|\(en\)[^(]*\([^)]+\)lˈe̞?tə")
"""How espeak-ng names a character that a voice does not know."""
_JOINERS = "\u200c\u200d"
_SMALL = "ーゃゅょャュョぁぃぅぇぉァィゥェォ"
_LONGEST_WORD = 60
"""Characters; longer runs are cut."""
_PIECE = 12
"""Characters of one word in a script that is written without spaces."""
_UNSPACED = frozenset("THAI LAO MYANMAR KHMER HIRAGANA KATAKANA CJK".split())


def words_of_language(text: str, language: str) -> tuple[tuple[Word, ...], tuple[str, ...]]:
    """Return the words of `text`, read in a language of espeak-ng, and what it cannot read.

    Args:
        text: Normalised (NFKC).
        language: Code, as `animdrive.sources.audio.languages.language_code` gives it.

    Returns:
        The words in order, and the tokens without any pronunciation.
    """
    words: list[Word] = []
    unread: list[str] = []
    tokens = [
        piece
        for found in _TOKEN.finditer(_shape(text))
        for piece in _pieces(text[found.start() : found.end()])
    ]
    for at, token in enumerate(tokens):
        before = after = ""
        if len(token) == 1 and token.isalpha():
            before = tokens[at - 1] if at else ""
            after = tokens[at + 1] if at + 1 < len(tokens) else ""
        said = unique(_said(token, before, after, language))
        if said:
            words.append(Word(text=token, pronunciations=said, language=language))
        elif any(letter.isalnum() for letter in token):
            unread.append(token)
    return tuple(words), tuple(unread)


def _shape(text: str) -> str:
    """Return `text` with "a" for a letter, "m" for a mark on it, "0" for a digit."""
    return "".join(
        "m" if c in _JOINERS else _KINDS.get(unicodedata.category(c)[0], c) for c in text
    )


def _pieces(token: str) -> list[str]:
    step = _PIECE if script_of(token[0]) in _UNSPACED else _LONGEST_WORD
    pieces: list[str] = []
    for letter in token:
        # A mark belongs to the letter before it, and so does a small kana or a long vowel.
        joins = unicodedata.category(letter)[0] == "M" or letter in _SMALL
        if not pieces or (len(pieces[-1]) >= step and not joins):
            pieces.append("")
        pieces[-1] += letter
    return pieces


@lru_cache(maxsize=8192)
def _said(token: str, before: str, after: str, language: str) -> tuple[Pronunciation, ...]:
    """Return how a word is said: alone, and a single letter first as it is among others.

    A preposition of one letter (Russian "в") is a letter's name when it stands alone.
    """
    try:
        voice = voices()[language]
        said = [_by_voice(token, voice, language)]
        words = [word for word in (before, token, after) if word[:1].isalpha()]
        if len(words) > 1:
            together = ipa(" ".join(words), voice=voice).split()
            if len(together) == len(words):
                own = together[int(before[:1].isalpha())]
                said.insert(0, phones_from_ipa(own, language=language))
    except (BackendError, KeyError):
        return (phones_from_letters(unicodedata.normalize("NFD", token)),)
    return tuple(said)


def _by_voice(token: str, voice: str, language: str) -> Pronunciation:
    written = ipa(token, voice=voice)
    return () if _UNREAD.search(written) else phones_from_ipa(written, language=language)
