"""The phones that are told apart, for every language, and what mouth and voice do for each.

English keeps the names of ARPABET, in capitals; a sound that English lacks is named by its letter
of the IPA. Two sounds are one phone here when they look the same on a face and an English ear
would not part them: aspiration, tone, length and nasality are not told apart. Features follow the
chart of the International Phonetic Association (Handbook of the IPA, 1999, chapter 2), as numbers,
so that sounds can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from animdrive.errors import ContractError

SILENCE = "SIL"
"""The phone of silence."""

MANNERS: tuple[str, ...] = (
    "silence",
    "stop",
    "affricate",
    "fricative",
    "nasal",
    "lateral",
    "trill",
    "approximant",
    "vowel",
)
"""How the breath passes. A flap counts as a trill: one short beat of the tongue."""


@dataclass(frozen=True)
class Phone:
    """One phone; all numbers are 0 to 1."""

    symbol: str
    """Its name in phone tracks and tables."""
    ipa: str
    """How the IPA writes it."""
    manner: str
    """One of `MANNERS`."""
    closure: float = 0.0
    """How far the lips shut: 1 seals them."""
    labiodental: float = 0.0
    """How far the lower lip is at the upper teeth."""
    rounding: float = 0.0
    """How far the lips are rounded."""
    spread: float = 0.0
    """How far the corners of the lips are drawn apart."""
    openness: float = 0.0
    """How far jaw and lips are open."""
    front: float = 0.5
    """Where the tongue is: 0 at the throat, 1 at the teeth."""
    high: float = 0.5
    """How near the tongue's body is to the palate."""
    tip: float = 0.0
    """How much the tip of the tongue is lifted or shown; 1 stands between the teeth."""
    voiced: float = 1.0
    """Whether the voice sounds."""
    diphthong: float = 0.0
    """Whether it glides from one vowel to another; its other numbers are the mean of the two."""

    @property
    def syllabic(self) -> float:
        """Whether it carries a syllable."""
        return float(self.manner == "vowel")


def _vowel(symbol: str, ipa: str, *numbers: float, diphthong: float = 0.0) -> Phone:
    rounding, spread, openness, front, high = numbers
    return Phone(
        symbol=symbol,
        ipa=ipa,
        manner="vowel",
        rounding=rounding,
        spread=spread,
        openness=openness,
        front=front,
        high=high,
        diphthong=diphthong,
    )


_VOWELS: tuple[Phone, ...] = (
    # rounding, spread, openness, front, high
    _vowel("AA", "ɑ", 0.0, 0.0, 1.0, 0.15, 0.0),
    _vowel("AE", "æ", 0.0, 0.3, 0.9, 0.75, 0.1),
    _vowel("AH", "ʌ", 0.0, 0.0, 0.6, 0.4, 0.4),
    _vowel("AO", "ɔ", 0.6, 0.0, 0.7, 0.1, 0.3),
    _vowel("EH", "ɛ", 0.0, 0.3, 0.65, 0.75, 0.4),
    _vowel("ER", "ɝ", 0.4, 0.0, 0.4, 0.45, 0.5),
    _vowel("IH", "ɪ", 0.0, 0.4, 0.35, 0.8, 0.8),
    _vowel("IY", "i", 0.0, 0.6, 0.2, 0.9, 1.0),
    _vowel("UH", "ʊ", 0.7, 0.0, 0.3, 0.2, 0.8),
    _vowel("UW", "u", 1.0, 0.0, 0.15, 0.1, 1.0),
    _vowel("AW", "aʊ", 0.4, 0.0, 0.7, 0.3, 0.35, diphthong=1.0),
    _vowel("AY", "aɪ", 0.0, 0.2, 0.7, 0.5, 0.4, diphthong=1.0),
    _vowel("EY", "eɪ", 0.0, 0.45, 0.4, 0.8, 0.75, diphthong=1.0),
    _vowel("OW", "oʊ", 0.8, 0.0, 0.4, 0.15, 0.65, diphthong=1.0),
    _vowel("OY", "ɔɪ", 0.4, 0.2, 0.5, 0.45, 0.55, diphthong=1.0),
    _vowel("a", "a", 0.0, 0.1, 0.95, 0.5, 0.0),
    _vowel("e", "e", 0.0, 0.45, 0.4, 0.85, 0.7),
    _vowel("o", "o", 0.8, 0.0, 0.4, 0.1, 0.65),
    _vowel("y", "y", 1.0, 0.0, 0.15, 0.9, 1.0),
    _vowel("ø", "ø", 0.8, 0.0, 0.35, 0.8, 0.7),
    _vowel("œ", "œ", 0.6, 0.0, 0.6, 0.7, 0.4),
    _vowel("ɯ", "ɯ", 0.0, 0.3, 0.2, 0.15, 1.0),
    _vowel("ɤ", "ɤ", 0.0, 0.2, 0.45, 0.15, 0.65),
    _vowel("ɨ", "ɨ", 0.0, 0.35, 0.15, 0.6, 0.95),
)

_CONSONANTS: tuple[Phone, ...] = (
    Phone("P", "p", "stop", closure=1.0, voiced=0.0),
    Phone("B", "b", "stop", closure=1.0),
    Phone("M", "m", "nasal", closure=1.0),
    Phone("β", "β", "fricative", closure=0.6, openness=0.05),
    Phone("F", "f", "fricative", labiodental=1.0, voiced=0.0),
    Phone("V", "v", "fricative", labiodental=1.0),
    Phone("TH", "θ", "fricative", openness=0.15, front=1.0, high=0.4, tip=1.0, voiced=0.0),
    Phone("DH", "ð", "fricative", openness=0.15, front=1.0, high=0.4, tip=1.0),
    Phone("T", "t", "stop", openness=0.15, front=0.9, high=0.6, tip=0.8, voiced=0.0),
    Phone("D", "d", "stop", openness=0.15, front=0.9, high=0.6, tip=0.8),
    Phone("DX", "ɾ", "trill", openness=0.2, front=0.9, high=0.6, tip=0.8),
    Phone("N", "n", "nasal", openness=0.15, front=0.9, high=0.6, tip=0.8),
    Phone("L", "l", "lateral", openness=0.3, front=0.9, high=0.5, tip=0.8),
    Phone("r", "r", "trill", openness=0.2, front=0.85, high=0.5, tip=0.8),
    Phone("R", "ɹ", "approximant", rounding=0.4, openness=0.2, front=0.7, high=0.5, tip=0.5),
    Phone("S", "s", "fricative", spread=0.3, openness=0.05, front=0.9, high=0.6, tip=0.5, voiced=0),
    Phone("Z", "z", "fricative", spread=0.3, openness=0.05, front=0.9, high=0.6, tip=0.5),
    Phone("ts", "ts", "affricate", spread=0.3, openness=0.05, front=0.9, high=0.6, tip=0.6,
          voiced=0.0),
    Phone("dz", "dz", "affricate", spread=0.3, openness=0.05, front=0.9, high=0.6, tip=0.6),
    Phone("SH", "ʃ", "fricative", rounding=0.5, openness=0.05, front=0.75, high=0.75, tip=0.3,
          voiced=0.0),
    Phone("ZH", "ʒ", "fricative", rounding=0.5, openness=0.05, front=0.75, high=0.75, tip=0.3),
    Phone("CH", "tʃ", "affricate", rounding=0.5, openness=0.05, front=0.75, high=0.75, tip=0.4,
          voiced=0.0),
    Phone("JH", "dʒ", "affricate", rounding=0.5, openness=0.05, front=0.75, high=0.75, tip=0.4),
    Phone("ɕ", "ɕ", "fricative", spread=0.4, openness=0.05, front=0.75, high=0.9, voiced=0.0),
    Phone("ʑ", "ʑ", "fricative", spread=0.4, openness=0.05, front=0.75, high=0.9),
    Phone("tɕ", "tɕ", "affricate", spread=0.4, openness=0.05, front=0.75, high=0.9, voiced=0.0),
    Phone("dʑ", "dʑ", "affricate", spread=0.4, openness=0.05, front=0.75, high=0.9),
    Phone("ʂ", "ʂ", "fricative", rounding=0.4, openness=0.1, front=0.6, high=0.6, tip=0.6,
          voiced=0.0),
    Phone("ʐ", "ʐ", "fricative", rounding=0.4, openness=0.1, front=0.6, high=0.6, tip=0.6),
    Phone("ʈʂ", "ʈʂ", "affricate", rounding=0.4, openness=0.1, front=0.6, high=0.6, tip=0.7,
          voiced=0.0),
    Phone("ç", "ç", "fricative", spread=0.4, openness=0.15, front=0.75, high=0.95, voiced=0.0),
    Phone("Y", "j", "approximant", spread=0.4, openness=0.15, front=0.85, high=0.95),
    Phone("ɥ", "ɥ", "approximant", rounding=1.0, openness=0.1, front=0.85, high=0.95),
    Phone("W", "w", "approximant", rounding=1.0, openness=0.1, front=0.1, high=0.95),
    Phone("ɲ", "ɲ", "nasal", spread=0.2, openness=0.15, front=0.75, high=0.95),
    Phone("ʎ", "ʎ", "lateral", spread=0.2, openness=0.2, front=0.75, high=0.9),
    Phone("K", "k", "stop", openness=0.25, front=0.25, high=0.9, voiced=0.0),
    Phone("G", "ɡ", "stop", openness=0.25, front=0.25, high=0.9),
    Phone("NG", "ŋ", "nasal", openness=0.25, front=0.25, high=0.9),
    Phone("x", "x", "fricative", openness=0.25, front=0.25, high=0.8, voiced=0.0),
    Phone("ɣ", "ɣ", "fricative", openness=0.25, front=0.25, high=0.8),
    Phone("ʁ", "ʁ", "fricative", openness=0.3, front=0.1, high=0.5),
    Phone("ħ", "ħ", "fricative", openness=0.5, front=0.0, high=0.1, voiced=0.0),
    Phone("HH", "h", "fricative", openness=0.35, front=0.4, high=0.4, voiced=0.0),
    Phone("Q", "ʔ", "stop", openness=0.3, front=0.4, high=0.4, voiced=0.0),
)  # fmt: skip

INVENTORY: Mapping[str, Phone] = MappingProxyType(
    {
        phone.symbol: phone
        for phone in (
            *_VOWELS,
            *_CONSONANTS,
            Phone(SILENCE, "", "silence", high=0.3, voiced=0.0),
        )
    }
)
"""Every phone by its symbol: vowels, consonants from the lips backwards, silence."""

SYMBOLS: tuple[str, ...] = tuple(INVENTORY)
"""All symbols, in the order of `INVENTORY`."""

PHONES: tuple[str, ...] = tuple(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W"
    " Y Z ZH".split()
)
"""The 39 phones of ARPABET without stress marks. DX (the flap of "water") and Q (a glottal stop)
are ARPABET as well, though no dictionary spells with them."""

ARPABET: frozenset[str] = frozenset((*PHONES, "DX", "Q", SILENCE))
"""The symbols that English has: ARPABET with the flap, the glottal stop and silence."""

VOWELS: frozenset[str] = frozenset(s for s, phone in INVENTORY.items() if phone.syllabic)
"""Phones that carry a syllable."""

BILABIALS: frozenset[str] = frozenset(s for s, phone in INVENTORY.items() if phone.closure == 1)
"""Phones for which the lips close fully: P, B and M."""

LABIODENTALS: frozenset[str] = frozenset(
    s for s, phone in INVENTORY.items() if phone.labiodental == 1
)
"""Phones for which the lower lip meets the upper teeth: F and V."""

FEATURES: tuple[str, ...] = (
    "closure",
    "labiodental",
    "rounding",
    "spread",
    "openness",
    "front",
    "high",
    "tip",
    "voiced",
    "diphthong",
    "syllabic",
    *MANNERS[:-1],
)
"""Names of the numbers of `features`: those of `Phone`, then one for each manner but the vowels',
which `syllabic` is."""


def is_phone(symbol: str) -> bool:
    """Return whether `symbol`, as it is written, is in the inventory."""
    return symbol in INVENTORY


def features(symbol: str) -> tuple[float, ...]:
    """Return the numbers of a phone, 0 to 1 each, in the order of `FEATURES`.

    Raises:
        ContractError: it is not in the inventory.
    """
    phone = INVENTORY[plain_phone(symbol)]
    own = tuple(float(getattr(phone, name)) for name in FEATURES[: -len(MANNERS) + 1])
    return own + tuple(float(phone.manner == manner) for manner in MANNERS[:-1])


def plain_phone(label: str) -> str:
    """Return the symbol of a label: as it is, or ARPABET in any case with a stress mark.

    ``ah0`` → ``AH``, ``ɕ`` → ``ɕ``; ``y``, ``r`` and the like are the IPA's here.

    Raises:
        ContractError: it is neither.
    """
    plain = label.strip()
    if plain in INVENTORY:
        return plain
    phone = plain.upper().rstrip("012")
    if phone not in ARPABET:
        raise ContractError(
            f"'{label}' is not a phone. Known are ARPABET and the symbols of docs/phones.md."
        )
    return phone
