"""Pinyin to phones: the initials and finals of Mandarin, by table.

Values after Duanmu (2007, "The Phonology of Standard Chinese", 2nd ed., chapters 2 and 3) and
Lee and Zee (2003, "Standard Chinese (Beijing)", Journal of the IPA 33). Tone is not told apart,
nor is aspiration in affricates: neither shows on a face.
"""

from __future__ import annotations

import re
import unicodedata

INITIALS: dict[str, str] = {
    "b": "B", "p": "P", "m": "M", "f": "F", "d": "D", "t": "T", "n": "N", "l": "L",
    "g": "G", "k": "K", "h": "x", "j": "dʑ", "q": "tɕ", "x": "ɕ",
    "zh": "ʈʂ", "ch": "ʈʂ", "sh": "ʂ", "r": "ʐ", "z": "dz", "c": "ts", "s": "S",
}  # fmt: skip
"""Initial → its phone."""

FINALS: dict[str, str] = {
    "a": "a", "o": "o", "e": "ɤ", "ê": "EH", "er": "ER", "-i": "ɨ",
    "ai": "a IH", "ei": "e IH", "ao": "a UH", "ou": "o UH",
    "an": "a N", "en": "AH N", "ang": "AA NG", "eng": "AH NG", "ong": "UH NG",
    "i": "IY", "ia": "Y a", "io": "Y o", "ie": "Y EH", "iai": "Y a IH", "iao": "Y a UH",
    "iou": "Y o UH", "ian": "Y EH N", "in": "IY N", "iang": "Y AA NG", "ing": "IY NG",
    "iong": "Y UH NG",
    "u": "UW", "ua": "W a", "uo": "W o", "uai": "W a IH", "uei": "W e IH", "uan": "W a N",
    "uen": "W AH N", "uang": "W AA NG", "ueng": "W AH NG",
    "ü": "y", "üe": "ɥ EH", "üan": "ɥ EH N", "ün": "y N",
    "m": "AH M", "n": "AH N", "ng": "AH NG", "hm": "HH AH M", "hng": "HH AH NG",
}  # fmt: skip
"""Final, spelt in full (iou, uei, uen, ü) → its phones; ``-i`` is the vowel of zi and zhi."""

_HUMMED = ("m", "n", "ng", "hm", "hng")
_APICAL = frozenset("z c s zh ch sh r".split())
_SHORT = {"iu": "iou", "ui": "uei", "un": "uen", "ue": "üe"}
_ALONE = {
    "yi": "i", "ya": "ia", "yo": "io", "ye": "ie", "yai": "iai", "yao": "iao", "you": "iou",
    "yan": "ian", "yin": "in", "yang": "iang", "ying": "ing", "yong": "iong",
    "wu": "u", "wa": "ua", "wo": "uo", "wai": "uai", "wei": "uei", "wan": "uan", "wen": "uen",
    "wang": "uang", "weng": "ueng", "wong": "ong", "yu": "ü", "yue": "üe", "yuan": "üan",
    "yun": "ün",
}  # fmt: skip
"""Syllable without an initial → its final in full."""
_TONE = re.compile(r"[1-5]$|[\u0300\u0301\u0304\u030c]")
_TIER_VOWELS = {"ii": "-i", "iii": "-i", "ix": "-i", "iy": "-i", "ir": "-i", "iz": "-i"}
"""How corpora label the vowels of zi and zhi."""


def _plain(label: str) -> str:
    """Return pinyin in small letters without its tone, with ü for v and u:."""
    text = unicodedata.normalize("NFD", label.strip().lower()).replace("u:", "v")
    text = _TONE.sub("", text)
    return unicodedata.normalize("NFC", text).replace("v", "ü")


def has_tone(label: str) -> bool:
    """Return whether a label carries the tone of pinyin: a digit 1-5 or an accent."""
    return bool(_TONE.search(unicodedata.normalize("NFD", label.strip())))


def pinyin_parts(syllable: str) -> tuple[str, str] | None:
    """Return initial and final of a syllable, as `INITIALS` and `FINALS` name them.

    Args:
        syllable: Pinyin, with or without tone (digit or accent), ``v`` or ``u:`` for ü.

    Returns:
        The initial ("" where there is none) and the final; None where it is no syllable.
    """
    text = _plain(syllable)
    if text in _ALONE:
        return "", _ALONE[text]
    if text in _HUMMED:
        return "", text
    initial = next((text[:n] for n in (2, 1) if text[:n] in INITIALS), "")
    final = text.removeprefix(initial)
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "ü" + final[1:]
    elif initial in _APICAL and final == "i":
        final = "-i"
    elif initial in ("b", "p", "m", "f") and final == "uo":
        final = "o"
    final = _SHORT.get(final, final) if initial else final
    return (initial, final) if final in FINALS else None


def phones_of_syllable(syllable: str) -> tuple[str, ...]:
    """Return the phones of a syllable of pinyin; a final ``r`` (erhua) is ER; none if it is none.

    ``huar`` → x W a ER, ``dianr`` → D Y EH ER: before the r an i, n or ng is not said.
    """
    parts = pinyin_parts(syllable)
    if parts is None:
        text = _plain(syllable)
        whole = pinyin_parts(text[:-1]) if len(text) > 2 and text.endswith("r") else None
        return with_er(_phones(*whole)) if whole else ()
    return _phones(*parts)


def with_er(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Return the phones of a syllable coloured by erhua: ER in place of a final i, n or ng."""
    return (*before_er(phones), "ER")


def before_er(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Return what erhua leaves of a syllable: a final i, n or ng is not said."""
    if len(phones) > 2 and phones[-1] in ("IH", "N", "NG"):
        phones = phones[:-1]
    return phones[:-1] if len(phones) > 1 and phones[-1] in ("AH", "ɨ") else phones


def _phones(initial: str, final: str) -> tuple[str, ...]:
    first = (INITIALS[initial],) if initial else ()
    return (*first, *FINALS[final].split())


def phones_of_part(label: str, *, before: str = "") -> tuple[str, ...]:
    """Return the phones of one label of a tier in pinyin: an initial, a final or a syllable.

    Args:
        label: Such as "zh", "ang1", "hao3", "iii4".
        before: The label before it: an "i" after "zh" is another vowel, a "u" after "x" is ü.
    """
    text = _plain(label)
    if text in INITIALS and not (has_tone(label) and text in FINALS):
        return (INITIALS[text],)
    if text in _TIER_VOWELS:
        return (FINALS[_TIER_VOWELS[text]],)
    joined = pinyin_parts(_plain(before) + text) if _plain(before) in INITIALS else None
    if joined and joined[0]:
        return tuple(FINALS[joined[1]].split())
    if text in FINALS or text in _SHORT:
        return tuple(FINALS[_SHORT.get(text, text)].split())
    return phones_of_syllable(text)


PINYIN_OF_PHONE: dict[str, str] = {
    phone: ", ".join(initial for initial, own in INITIALS.items() if own == phone)
    for phone in INITIALS.values()
} | {
    phone: ", ".join(final for final, own in FINALS.items() if phone in own.split())
    for phone in dict.fromkeys(p for own in FINALS.values() for p in own.split())
    if phone not in INITIALS.values()
}
"""Phone → the initials that it is, or else the finals that it is in; only phones of Mandarin."""
