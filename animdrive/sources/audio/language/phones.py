"""Phones to mouth classes and to the 15 Oculus visemes, for the whole inventory."""

from __future__ import annotations

from animdrive.sources.audio.language.inventory import (
    BILABIALS,
    PHONES,
    SILENCE,
    VOWELS,
    plain_phone,
)

__all__ = [
    "BILABIALS",
    "CLASSES",
    "CLASS_OF_PHONE",
    "PHONES",
    "SILENCE",
    "VISEME_OF_PHONE",
    "VOWELS",
    "plain_phone",
]

CLASSES: tuple[str, ...] = ("closed", "labiodental", "rounded", "open", "other", "rest")
"""Mouth classes of ``NAME.visemes.tsv``: the coarse shapes that a viewer tells apart."""


def _table(rows: dict[str, str]) -> dict[str, str]:
    return {phone: label for label, phones in rows.items() for phone in phones.split()}


VISEME_OF_PHONE: dict[str, str] = _table(
    {
        "sil": "SIL",
        "PP": "P B M",
        "FF": "F V β",
        "TH": "TH DH",
        "DD": "T D DX",
        "kk": "K G NG HH Q x ɣ ʁ ħ",
        "CH": "CH JH SH ZH ʂ ʐ ʈʂ",
        "SS": "S Z ts dz ɕ ʑ tɕ dʑ ç",
        "nn": "N L ɲ ʎ",
        "RR": "R ER r",
        "aa": "AA AE AH AW AY a",
        "E": "EH EY e ɤ",
        "I": "IH IY Y ɯ ɨ",
        "O": "AO OW OY o ø œ",
        "U": "UH UW W y ɥ",
    }
)
"""Phone → the 15 Oculus visemes (`animdrive.contract.OVR15`). NG and HH, on which published
tables disagree, go to kk: neither shows the lips; a diphthong is its first half. The hisses that
are said with spread lips (ɕ, ç) go to SS, those with rounded ones (ʂ) to CH. The Spanish β, lips
near each other without touching, goes beside V."""

CLASS_OF_PHONE: dict[str, str] = _table(
    {
        "closed": "P B M",
        "labiodental": "F V β",
        "rounded": "UW UH OW W AO OY o y ø œ ɥ",
        "open": "AA AE AH AY AW EH EY a e ɤ",
        "other": "IY IH ER R L Y N NG T D DX S Z SH ZH CH JH TH DH K G HH Q ɯ ɨ r ts dz ɕ ʑ tɕ dʑ"
        " ʂ ʐ ʈʂ ç ɲ ʎ x ɣ ʁ ħ",
        "rest": "SIL",
    }
)
"""Phone → one of `CLASSES`."""
