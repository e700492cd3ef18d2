"""Mandarin as espeak-ng writes it in IPA, spelt as the table of pinyin spells it."""

from __future__ import annotations

import re

_STEPS: tuple[tuple[str, str], ...] = (
    ("[0-9ɜ]", ""),  # tones
    ("i\u032a", "ɨ"),
    # What pinyin writes b d g z j is a plain stop, what it writes p t k c q has a breath.
    (r"ts\.h?", "ʈʂ"),
    (r"ts(?!h)", "dz"),
    ("tɕ(?!h)", "dʑ"),
    ("p(?!h)", "b"),
    ("t(?![hsɕ])", "d"),
    ("k(?!h)", "ɡ"),
    ("(?<=[ptksɕ])h", ""),
    # Glides: written before the vowel that they are, or as a vowel before another.
    ("j(?=[iy])|w(?=u)", ""),
    ("yə", "y"),
    ("onɡ", "ʊŋ"),
    ("iɛ(?=n)", "jɛ"),
    ("i(?=[ɑaɛeoʊæə])", "j"),
    ("u(?=[ɑaɛeoə])", "w"),
    ("y(?=[ɑaɛeæ])", "ɥ"),
    ("yi(?=n)", "y"),
    ("jon", "jʊn"),
    # The ends of diphthongs.
    ("(?<=[aɑe])i(?![.])", "ɪ"),
    ("(?<=[aɑo])u", "ʊ"),
    ("ɑ(?!ŋ)", "a"),
    ("a(?=ŋ)", "ɑ"),
    ("æ", "ɛ"),
    ("o-", "ɤ"),
    ("ər", "ɚ"),
)


def spelt_as_pinyin(ipa: str) -> str:
    """Return the IPA of one word, without stress, as the table of pinyin has its syllables."""
    for pattern, spelling in _STEPS:
        ipa = re.sub(pattern, spelling, ipa)
    return ipa
