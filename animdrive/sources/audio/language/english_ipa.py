"""IPA, as espeak-ng writes American English, to ARPABET as dictionaries spell it."""

from __future__ import annotations

import unicodedata

_ARPABET: dict[str, str] = {
    # vowels, the longer spellings with their colouring first in effect: the longest match wins
    "aɪɚ": "AY ER",
    "aɪə": "AY AH",
    "aʊɚ": "AW ER",
    "aɪ": "AY",
    "aʊ": "AW",
    "eɪ": "EY",
    "oʊ": "OW",
    "əʊ": "OW",
    "ɔɪ": "OY",
    "oɪ": "OY",
    "iːɹ": "IH R",
    "ɪɹ": "IH R",
    "ɪɚ": "IH R",
    "ɪə": "IH AH",
    "iə": "IY AH",
    "ɛɹ": "EH R",
    "ɛɚ": "EH R",
    "eə": "EH R",
    "ʊɹ": "UH R",
    "ʊɚ": "UH R",
    "ʊə": "UH AH",
    "ɔːɹ": "AO R",
    "oːɹ": "AO R",
    "ɔɹ": "AO R",
    "ɑːɹ": "AA R",
    "ɑɹ": "AA R",
    "əl": "AH L",
    "iː": "IY",
    "i": "IY",
    "ɪ": "IH",
    "ᵻ": "IH",
    "ɨ": "IH",
    "y": "UW",
    "e": "EH",
    "ɛ": "EH",
    "ɛː": "EH",
    "œ": "ER",
    "ø": "ER",
    "æ": "AE",
    "a": "AA",
    "ɐ": "AH",
    "ɑ": "AA",
    "ɑː": "AA",
    "ɒ": "AA",
    "ɔ": "AO",
    "ɔː": "AO",
    "o": "OW",
    "oː": "OW",
    "ʊ": "UH",
    "u": "UW",
    "uː": "UW",
    "ʌ": "AH",
    "ə": "AH",
    "ɜː": "ER",
    "ɜ": "ER",
    "ɝ": "ER",
    "ɚ": "ER",
    # consonants
    "tʃ": "CH",
    "dʒ": "JH",
    "p": "P",
    "b": "B",
    "t": "T",
    "d": "D",
    "ɾ": "T",  # as dictionaries spell the flap of "water"
    "ʔ": "T",
    "k": "K",
    "c": "K",
    "q": "K",
    "ɡ": "G",
    "g": "G",
    "f": "F",
    "v": "V",
    "θ": "TH",
    "ð": "DH",
    "s": "S",
    "z": "Z",
    "ʃ": "SH",
    "ç": "SH",
    "ʒ": "ZH",
    "h": "HH",
    "x": "K",
    "ɣ": "G",
    "m": "M",
    "n": "N",
    "n̩": "AH N",
    "ɲ": "N Y",
    "ŋ": "NG",
    "l": "L",
    "ɬ": "L",
    "ɫ": "L",
    "l̩": "AH L",
    "r": "R",
    "ɹ": "R",
    "ʁ": "R",
    "j": "Y",
    "w": "W",
    "ʍ": "W",
}
_LONGEST = max(map(len, _ARPABET))


def arpabet_from_ipa(ipa: str) -> tuple[str, ...]:
    """Return the ARPABET phones, without stress, of a word in espeak-ng's IPA.

    The longest spelling that fits is taken at each place. Stress, length and marks that change
    nothing on the lips are passed over, and so is any letter that is not English.
    """
    text = (
        unicodedata.normalize("NFD", ipa).replace("ˈ", "").replace("ˌ", "").replace("c\u0327", "ç")
    )
    phones: list[str] = []
    at = 0
    while at < len(text):
        for size in range(min(_LONGEST, len(text) - at), 0, -1):
            spelt = _ARPABET.get(text[at : at + size])
            if spelt is not None:
                phones += spelt.split()
                at += size
                break
        else:
            at += 1
    return tuple(phones)
