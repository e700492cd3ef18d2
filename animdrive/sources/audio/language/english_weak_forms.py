"""How English function words are said without stress, where the dictionary has but the strong form.

After Cruttenden 2014, "Gimson's Pronunciation of English", 8th edition, section 11.3 (weak forms),
and the headwords' weak forms in Jones, "Cambridge English Pronouncing Dictionary". American: R is
said. A schwa before a consonant is often a short IH (the weak vowels merge: Wells 1982, "Accents
of English", section 3.1.10), so both stand here.
"""

from __future__ import annotations

WEAK_FORMS: dict[str, tuple[str, ...]] = {
    "a": ("IH",),
    "am": ("AH M",),
    "an": ("IH N",),
    "and": ("AH N", "IH N", "AE N", "IH N D"),
    "are": ("AH R",),
    "as": ("AH Z", "IH Z"),
    "at": ("AH T", "IH T"),
    "be": ("B IH",),
    "because": ("K AH Z", "B IH K IH Z"),
    "but": ("B IH T",),
    "can": ("K IH N",),
    "could": ("K AH D", "K IH D"),
    "do": ("D AH", "D UH"),
    "for": ("F AH",),
    "from": ("F R IH M",),
    "had": ("HH AH D", "HH IH D", "AH D", "IH D"),
    "has": ("HH IH Z", "AH Z", "IH Z"),
    "have": ("HH AH V", "HH IH V", "AH V", "IH V"),
    "he": ("IY", "HH IH"),
    "her": ("ER",),
    "his": ("IH Z", "HH AH Z"),
    "in": ("AH N",),
    "into": ("IH N T UH", "IH N T IH"),
    "is": ("AH Z",),
    "it": ("AH T",),
    "me": ("M IH",),
    "must": ("M AH S", "M IH S T"),
    "my": ("M AH",),
    "nor": ("N ER",),
    "of": ("AH", "IH V"),
    "our": ("ER",),
    "shall": ("SH AH L", "SH IH L"),
    "she": ("SH IH",),
    "should": ("SH AH D", "SH IH D"),
    "so": ("S AH",),
    "some": ("S IH M",),
    "than": ("DH IH N",),
    "that": ("DH IH T",),
    "the": ("DH IH",),
    "their": ("DH ER",),
    "them": ("DH IH M", "AH M", "IH M"),
    "there": ("DH ER",),
    "this": ("DH AH S",),
    "to": ("T UH",),
    "us": ("IH S",),
    "was": ("W IH Z",),
    "we": ("W IH",),
    "were": ("W AH",),
    "what": ("W IH T",),
    "who": ("UW", "HH UH"),
    "will": ("AH L",),
    "with": ("W AH TH", "W AH DH"),
    "would": ("W AH D", "W IH D", "AH D", "IH D"),
    "you": ("Y AH", "Y IH", "Y UH"),
    "your": ("Y ER",),
}
"""Word → ways in which it is said without stress, phones (ARPABET) parted by spaces."""


def weak_forms(word: str) -> tuple[tuple[str, ...], ...]:
    """Return how `word`, in small letters, may be said without stress; none for most words."""
    return tuple(tuple(said.split()) for said in WEAK_FORMS.get(word, ()))
