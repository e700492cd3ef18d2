"""English phones: the ARPABET set, what the mouth does for each, and their visemes."""

from __future__ import annotations

from animdrive.errors import ContractError

SILENCE = "SIL"
"""The phone of silence."""

VOWELS: frozenset[str] = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())
"""Phones that carry a syllable."""

BILABIALS: frozenset[str] = frozenset("P B M".split())
"""Phones for which the lips close fully."""

CLASSES: tuple[str, ...] = ("closed", "labiodental", "rounded", "open", "other", "rest")
"""Mouth classes of ``NAME.visemes.tsv``: the coarse shapes that a viewer tells apart."""


def _table(rows: dict[str, str]) -> dict[str, str]:
    return {phone: label for label, phones in rows.items() for phone in phones.split()}


VISEME_OF_PHONE: dict[str, str] = _table(
    {
        "sil": "SIL",
        "PP": "P B M",
        "FF": "F V",
        "TH": "TH DH",
        "DD": "T D DX",
        "kk": "K G NG HH Q",
        "CH": "CH JH SH ZH",
        "SS": "S Z",
        "nn": "N L",
        "RR": "R ER",
        "aa": "AA AE AH AW AY",
        "E": "EH EY",
        "I": "IH IY Y",
        "O": "AO OW OY",
        "U": "UH UW W",
    }
)
"""ARPABET → the 15 Oculus visemes (`animdrive.contract.OVR15`). NG and HH, on which published
tables disagree, go to kk: neither shows the lips; a diphthong is its first half."""

CLASS_OF_PHONE: dict[str, str] = _table(
    {
        "closed": "P B M",
        "labiodental": "F V",
        "rounded": "UW UH OW W AO OY",
        "open": "AA AE AH AY AW EH EY",
        "other": "IY IH ER R L Y N NG T D DX S Z SH ZH CH JH TH DH K G HH Q",
        "rest": "SIL",
    }
)
"""ARPABET → one of `CLASSES`."""

PHONES: tuple[str, ...] = tuple(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W"
    " Y Z ZH".split()
)
"""The 39 phones of ARPABET without stress marks. Labels from other hands also hold DX (the flap
of "water") and Q (a glottal stop); tables here know both."""


def plain_phone(label: str) -> str:
    """Return an ARPABET label without its stress mark, in capitals: ``ah0`` → ``AH``.

    Raises:
        ContractError: it is not ARPABET.
    """
    phone = label.strip().upper().rstrip("012")
    if phone not in CLASS_OF_PHONE:
        raise ContractError(f"'{label}' is not an ARPABET phone.")
    return phone
