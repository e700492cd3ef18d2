"""Languages: their codes, their scripts, and which of them a text is in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from animdrive.errors import InputError

AUTO = "auto"
"""The language is told from the script of the text; without a text it is English, unless it does
not sound so."""
ENGLISH = "en"
MANDARIN = "zh"
JAPANESE = "ja"

_MANDARIN_TOO = frozenset(
    "zh cmn mandarin chinese zh-cn zh-tw zh-sg zh-hans zh-hant zh-cmn zho zh-hans-cn zh-hant-tw"
    " cmn-hans cmn-hant cmn-cn cmn-tw".split()
)
_SHOWN = "auto, en, zh, de, es, fr, it, ja, ko, nl, pl, pt, ru, tr, vi"

_OF_SCRIPT: dict[str, str] = {
    "LATIN": "en",
    "CJK": "zh",
    "BOPOMOFO": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "ORIYA": "or",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "MYANMAR": "my",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am",
    "CHEROKEE": "chr-us-qaaa-x-west",
    "SHAVIAN": "en-shaw",
}
"""Script, as the Unicode names of its letters begin → the language that it is read in where
nothing else is said."""

_SCRIPTS: dict[str, tuple[str, ...]] = {
    **{code: ("CYRILLIC",) for code in "ru uk be bg mk kk ky tt ba cv nog ru-cl ru-lv".split()},
    "sr": ("CYRILLIC", "LATIN"),
    "uz": ("LATIN", "CYRILLIC"),
    "tk": ("LATIN",),
    "el": ("GREEK",),
    "grc": ("GREEK",),
    **{code: ("ARABIC",) for code in "ar fa ur sd ug".split()},
    "he": ("HEBREW",),
    **{code: ("DEVANAGARI",) for code in "hi mr ne kok".split()},
    **{code: ("BENGALI",) for code in "bn as bpy".split()},
    "pa": ("GURMUKHI",),
    "gu": ("GUJARATI",),
    "or": ("ORIYA",),
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "kn": ("KANNADA",),
    "ml": ("MALAYALAM",),
    "si": ("SINHALA",),
    "th": ("THAI",),
    "my": ("MYANMAR",),
    "shn": ("MYANMAR",),
    "ka": ("GEORGIAN",),
    "hy": ("ARMENIAN",),
    "hyw": ("ARMENIAN",),
    "am": ("ETHIOPIC",),
    "ti": ("ETHIOPIC",),
    "ko": ("HANGUL",),
    JAPANESE: ("HIRAGANA", "KATAKANA", "CJK"),
    "yue": ("CJK",),
    "hak": ("CJK",),
    MANDARIN: ("CJK", "BOPOMOFO"),
    "chr-us-qaaa-x-west": ("CHEROKEE",),
    "en-shaw": ("SHAVIAN",),
}
"""Language → its scripts; those that are not named are written in Latin letters."""

_DENSE = frozenset(("CJK", "HANGUL", "HIRAGANA", "KATAKANA"))
_DENSITY = 3
"""Letters of an alphabet that one character of these says as much as."""


def language_code(value: str) -> str:
    """Return the code that `value` means: "auto", "en", "zh" or one of espeak-ng's.

    Case and ``_`` for ``-`` do not matter; all Englishes are read as American English, and
    Mandarin has many names. A region that is not known is left out: ``de-at`` is ``de``.

    Raises:
        InputError: there is no such language.
        BackendError: it would be espeak-ng's, which cannot be loaded here.
    """
    code = value.strip().lower().replace("_", "-")
    if code == AUTO:
        return AUTO
    if code in _MANDARIN_TOO:
        return MANDARIN
    if code != "en-shaw" and code.split("-")[0] in ("en", "eng", "english"):
        return ENGLISH
    from animdrive.sources.audio.espeak import voices

    known = voices()
    base = code.split("-")[0]
    for candidate in (code, base):
        if candidate in known and candidate not in _MANDARIN_TOO:
            return candidate
    raise InputError(
        f"Unknown language '{value}'. Known are {_SHOWN}, and all {len(known)} codes of espeak-ng."
    )


@lru_cache(maxsize=8192)
def script_of(letter: str) -> str:
    """Return the script of a letter as Unicode names it ("LATIN", "CJK"); "" for no letter."""
    if letter == "〇":  # the zero of Chinese numbers
        return "CJK"
    if unicodedata.category(letter)[0] != "L":
        return ""
    if letter in "ー々〆ヶ":
        return "CJK" if letter in "々〆" else "KATAKANA"
    first = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    return "LATIN" if first in ("FEMININE", "MASCULINE", "MODIFIER") else first


def language_of_script(script: str, language: str) -> str:
    """Return the language that a script is read in, in a text in `language`; "" if in none."""
    if script in _SCRIPTS.get(language, ("LATIN",)):
        return language
    return _OF_SCRIPT.get(script, "")


def main_language(text: str) -> str:
    """Return the language of most of `text` by its script; English where there is no letter.

    A text with kana in it is Japanese, whatever else there is.
    """
    scripts = Counter(script_of(letter) for letter in text)
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > 0:
        return "ja"
    weighed = {
        _OF_SCRIPT[script]: count * (_DENSITY if script in _DENSE else 1)
        for script, count in scripts.items()
        if script in _OF_SCRIPT
    }
    return max(weighed, key=weighed.__getitem__) if weighed else ENGLISH


def joined(words: Iterable[str]) -> str:
    """Return `words` as a line, with blanks between them but for Chinese characters."""
    text = ""
    for word in words:
        close = text and script_of(text[-1]) == "CJK" == script_of(word[:1] or " ")
        text += word if close or not text else f" {word}"
    return text
