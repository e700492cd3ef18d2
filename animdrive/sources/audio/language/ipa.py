"""IPA of any language to phones of the inventory, and those to ARPABET.

What is read is what espeak-ng writes and what corpora label with: affricates with or without a
tie, length, tones as letters or digits, and all diacritics of the IPA. Vowels and consonants that
the inventory does not part are the one that sounds and looks nearest.
"""

from __future__ import annotations

import re
import unicodedata

from animdrive.errors import ContractError
from animdrive.sources.audio.language.inventory import ARPABET, INVENTORY
from animdrive.sources.audio.language.mandarin_ipa import spelt_as_pinyin

_SOUNDS: dict[str, str] = {
    # affricates; espeak-ng writes a dot for the retroflex hook
    "ts": "ts", "dz": "dz", "tɕ": "tɕ", "dʑ": "dʑ", "tʃ": "CH", "dʒ": "JH",
    "ʈʂ": "ʈʂ", "tʂ": "ʈʂ", "ɖʐ": "ʈʂ", "dʐ": "ʈʂ", "ts.": "ʈʂ", "dz.": "ʈʂ",
    "s.": "ʂ", "z.": "ʐ", "i.": "ɨ", "cç": "tɕ", "ɟʝ": "dʑ", "ʦ": "ts", "ʣ": "dz",
    "ʧ": "CH", "ʤ": "JH", "ʨ": "tɕ", "ʥ": "dʑ", "ꭧ": "ʈʂ", "ꭦ": "ʈʂ",
    # plosives
    "p": "P", "b": "B", "ɓ": "B", "t": "T", "ʈ": "T", "d": "D", "ɖ": "D", "ɗ": "D", "ᶑ": "D",
    "k": "K", "c": "K", "q": "K", "ɡ": "G", "g": "G", "ɟ": "G", "ɢ": "G", "ɠ": "G", "ʛ": "G",
    "ʄ": "JH", "ʔ": "Q", "ʡ": "Q",
    # nasals
    "m": "M", "ɱ": "V", "n": "N", "ɳ": "N", "ɲ": "ɲ", "ŋ": "NG", "ɴ": "NG",
    # fricatives
    "ɸ": "F", "β": "β", "f": "F", "v": "V", "θ": "TH", "ð": "DH", "s": "S", "z": "Z",
    "ʃ": "SH", "ʒ": "ZH", "ʂ": "ʂ", "ʐ": "ʐ", "ɕ": "ɕ", "ʑ": "ʑ", "ç": "ç", "ʝ": "Y",
    "x": "x", "χ": "x", "ɣ": "ɣ", "ʁ": "ʁ", "ħ": "ħ", "ʕ": "ħ", "ʜ": "ħ", "ʢ": "ħ",
    "h": "HH", "ɦ": "HH", "ɧ": "SH", "ɬ": "L", "ɮ": "L",
    # approximants, trills and flaps
    "ʋ": "V", "ⱱ": "V", "ɹ": "R", "ɻ": "R", "ɰ": "ɣ", "j": "Y", "ɥ": "ɥ", "w": "W", "ʍ": "W",
    "l": "L", "ɭ": "L", "ɫ": "L", "ʎ": "ʎ", "ʟ": "L", "ɺ": "L", "ʙ": "B",
    "r": "r", "ʀ": "ʁ", "ɾ": "DX", "ɽ": "DX",
    # clicks, by where the mouth makes them
    "ʘ": "P", "ǀ": "T", "ǃ": "T", "ǂ": "T", "ǁ": "L",
    # vowels
    "i": "IY", "y": "y", "ɨ": "ɨ", "ʉ": "UW", "ɯ": "ɯ", "u": "UW", "ɪ": "IH", "ᵻ": "IH",
    "ʏ": "y", "ʊ": "UH", "ᵿ": "UH", "e": "e", "ø": "ø", "ɘ": "AH", "ɵ": "ø", "ɤ": "ɤ", "o": "o",
    "ə": "AH", "ɛ": "EH", "œ": "œ", "ɜ": "AH", "ɞ": "œ", "ʌ": "AH", "ɔ": "AO", "æ": "AE",
    "ɐ": "AH", "a": "a", "ɶ": "œ", "ɑ": "AA", "ɒ": "AO", "ɚ": "ER", "ɝ": "ER",
}  # fmt: skip
"""IPA → one phone; the longest spelling that fits is taken."""
_LONGEST = max(map(len, _SOUNDS))

_OF_A_TIER: dict[str, str] = {
    # The diphthongs of English, as one label: with glides or with vowels.
    "aj": "AY", "aɪ": "AY", "aw": "AW", "aʊ": "AW", "ej": "EY", "eɪ": "EY", "ow": "OW",
    "oʊ": "OW", "əw": "OW", "əʊ": "OW", "ɔj": "OY", "ɔɪ": "OY", "oɪ": "OY",
    "ɜ": "ER", "pf": "P F",
}  # fmt: skip
"""What a label of its own is, where `_SOUNDS` says otherwise or nothing."""

_OTHER_VOICE = re.compile(r"\([a-z]{2,3}(?:-[a-z0-9-]+)?\)")
"""espeak-ng's mark that it goes on in another language."""
_SYLLABIC = ("\u0329", "\u030d")
_TONAL = frozenset("hak my shn th yue".split())
"""Languages in which espeak-ng writes a tone as "ɜ", its letter for the digit 3."""
_CHINESE = frozenset(("hak", "yue"))
"""Languages in which it writes aspiration as "h"."""
_ASPIRATED = re.compile("([ptkɕʂ.])h")


def _normal(ipa: str) -> str:
    """Return `ipa` with letters and marks apart, without ties and with the ç as one letter."""
    text = unicodedata.normalize("NFD", ipa).replace("c\u0327", "ç")
    return text.replace("\u0361", "").replace("\u035c", "")


def phones_from_ipa(ipa: str, *, language: str = "") -> tuple[str, ...]:
    """Return the phones of a word in IPA.

    The longest spelling that fits is taken at each place; two vowels are two phones, so that a
    diphthong is its two halves, but the same vowel twice is one, and long. Stress, length, tone,
    nasality and marks of finer articulation are passed over, and so is any other character. A
    syllabic consonant has a schwa before it.

    Args:
        ipa: As espeak-ng or a dictionary writes it; any text is taken.
        language: Code of espeak-ng, where the IPA is its: tones and aspiration are written in
            letters in some, and Mandarin ("cmn") is spelt as by
            `animdrive.sources.audio.language.pinyin`.
    """
    text = _normal(_OTHER_VOICE.sub("", ipa)).replace("ˈ", "").replace("ˌ", "")
    base = language.split("-")[0]
    if base == "cmn":
        text = spelt_as_pinyin(text)
    elif base in _TONAL:
        text = text.replace("ɜ", "")
    if base in _CHINESE:
        text = _ASPIRATED.sub(r"\1", text)
    if base == "ko":  # its open vowel
        text = text.replace("ɐ", "a")
    phones: list[str] = []
    at = 0
    while at < len(text):
        size = next((n for n in range(_LONGEST, 0, -1) if text[at : at + n] in _SOUNDS), 0)
        if not size:
            at += 1
            continue
        sound = _SOUNDS[text[at : at + size]]
        at += size
        marks = at
        while marks < len(text) and unicodedata.combining(text[marks]):
            marks += 1
        syllabic = any(mark in _SYLLABIC for mark in text[at:marks])
        if syllabic and not INVENTORY[sound].syllabic:
            phones.append("ɨ" if INVENTORY[sound].manner == "fricative" else "AH")
        if not (phones and phones[-1] == sound and INVENTORY[sound].syllabic):
            phones.append(sound)
        at = marks
    return tuple(phones)


def phone_from_ipa(label: str) -> tuple[str, ...]:
    """Return the phones of one label of a tier in IPA.

    Stress, tone, ties, length and marks of finer articulation (``tʰ``, ``d̪``, ``ẽ``) are passed
    over.

    Returns:
        One phone, or two for a syllabic consonant and for "pf"; none where the label is not the
        IPA of a single phone.
    """
    text = _normal(label.strip())
    syllabic = any(mark in text for mark in _SYLLABIC)
    letters = "".join(
        letter for letter in text if unicodedata.category(letter) not in ("Mn", "Lm", "Sk")
    )
    sound = _OF_A_TIER.get(letters) or _SOUNDS.get(letters)
    if sound is None:
        return ()
    if syllabic and len(sound.split()) == 1 and not INVENTORY[sound].syllabic:
        if sound in ("R", "r"):
            return ("ER",)
        return ("ɨ",) if INVENTORY[sound].manner == "fricative" else ("AH", sound)
    return tuple(sound.split())


ARPABET_OF_PHONE: dict[str, tuple[str, ...]] = {
    **{phone: (phone,) for phone in INVENTORY if phone in ARPABET},
    **{
        phone: tuple(spelt.split())
        for phone, spelt in {
            "a": "AA", "e": "EY", "o": "OW", "y": "UW", "ø": "UH", "œ": "ER", "ɯ": "UH",
            "ɤ": "AH", "ɨ": "IH", "β": "V", "r": "R", "ts": "T S", "dz": "D Z", "ɕ": "SH",
            "ʑ": "ZH", "tɕ": "CH", "dʑ": "JH", "ʂ": "SH", "ʐ": "ZH", "ʈʂ": "CH", "ç": "SH",
            "ɥ": "W", "ɲ": "N Y", "ʎ": "L Y", "x": "HH", "ɣ": "G", "ʁ": "R", "ħ": "HH",
        }.items()
    },
}  # fmt: skip
"""Phone → ARPABET, the nearest to the ear: one phone, or two that follow each other."""


def arpabet_of(symbol: str) -> tuple[str, ...]:
    """Return the ARPABET, without stress, that is nearest to a phone: one phone, or two.

    Raises:
        ContractError: it is not in the inventory.
    """
    known = ARPABET_OF_PHONE.get(symbol)
    if known is None:
        raise ContractError(f"'{symbol}' is not a phone of the inventory, see docs/phones.md.")
    return known
