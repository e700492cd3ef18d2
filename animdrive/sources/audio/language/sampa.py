"""SAMPA and X-SAMPA, as MAUS labels with, to IPA."""

from __future__ import annotations

_IPA: dict[str, str] = {
    "A": "ɑ", "B": "β", "C": "ç", "D": "ð", "E": "ɛ", "F": "ɱ", "G": "ɣ", "H": "ɥ", "I": "ɪ",
    "J": "ɲ", "K": "ɬ", "L": "ʎ", "M": "ɯ", "N": "ŋ", "O": "ɔ", "P": "ʋ", "Q": "ɒ", "R": "ʁ",
    "S": "ʃ", "T": "θ", "U": "ʊ", "V": "ʌ", "W": "ʍ", "X": "χ", "Y": "ʏ", "Z": "ʒ",
    "@": "ə", "6": "ɐ", "{": "æ", "}": "ʉ", "1": "ɨ", "2": "ø", "3": "ɜ", "4": "ɾ", "5": "ɫ",
    "7": "ɤ", "8": "ɵ", "9": "œ", "&": "ɶ", "?": "ʔ", ":": "ː", "~": "\u0303", "=": "\u0329",
    "^": "", "'": "ʲ", '"': "ˈ", "%": "ˌ",
    "s`": "ʂ", "z`": "ʐ", "t`": "ʈ", "d`": "ɖ", "n`": "ɳ", "l`": "ɭ", "r`": "ɽ",
    "s\\": "ɕ", "z\\": "ʑ", "h\\": "ɦ", "p\\": "ɸ", "r\\": "ɹ", "x\\": "ɧ", "j\\": "ʝ",
    "J\\": "ɟ", "R\\": "ʀ", "X\\": "ħ", "?\\": "ʕ", "N\\": "ɴ", "G\\": "ɢ", "B\\": "ʙ",
    "3`": "ɝ", "@`": "ɚ", "@\\": "ɘ", "3\\": "ɞ", "I\\": "ᵻ", "U\\": "ᵿ",
}  # fmt: skip
"""X-SAMPA → IPA, for what is not written with the same small letter."""


def ipa_of_sampa(label: str) -> str:
    """Return the IPA of a label in SAMPA; "" where a character of it is neither."""
    result = ""
    at = 0
    while at < len(label):
        size = 2 if label[at : at + 2] in _IPA else 1
        part = label[at : at + size]
        if part not in _IPA and not ("a" <= part <= "z"):
            return ""
        result += _IPA.get(part, part)
        at += size
    return result
