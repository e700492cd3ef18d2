"""Phone labels from other hands: ARPABET, TIMIT's, IPA, pinyin, SAMPA, and silences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

from animdrive.sources.audio.language.inventory import ARPABET, INVENTORY, SILENCE, VOWELS
from animdrive.sources.audio.language.ipa import phone_from_ipa, phones_from_ipa
from animdrive.sources.audio.language.pinyin import has_tone, phones_of_part
from animdrive.sources.audio.language.sampa import ipa_of_sampa

Alphabet = Literal["arpabet", "ipa", "pinyin", "sampa"]

_SILENCES = frozenset(
    "sil silence sp spn pau pause h# # <p:> <p> <sil> <eps> <s> </s> _ epi nsn brth br breath"
    " noise laughter cough [noise] [breath] [laughter] ns".split()
) | {""}
"""What aligners call silence, and what is no speech: breath, noise, laughter."""

_TIMIT: dict[str, str] = {
    "BCL": "B",
    "DCL": "D",
    "GCL": "G",
    "PCL": "P",
    "TCL": "T",
    "KCL": "K",
    "AX": "AH",
    "AX-H": "AH",
    "IX": "IH",
    "AXR": "ER",
    "UX": "UW",
    "EM": "AH M",
    "EN": "AH N",
    "ENG": "AH NG",
    "EL": "AH L",
    "NX": "N",
    "HV": "HH",
    "WH": "W",
}
"""TIMIT's finer phones → ARPABET. A closure is the stop that it belongs to."""

_POSITION = re.compile(r"_[BIES]$")
"""Kaldi's mark of a phone's place in its word."""


def is_silence(label: str) -> bool:
    """Return whether `label` stands for silence or for what is no speech."""
    return _POSITION.sub("", label.strip()).lower() in _SILENCES


def is_closure(label: str) -> bool:
    """Return whether `label` is TIMIT's closure of a stop, before its release."""
    return label.strip().upper() in ("BCL", "DCL", "GCL", "PCL", "TCL", "KCL")


def alphabet_of(labels: Iterable[str]) -> Alphabet:
    """Return which alphabet the labels of a tier are in.

    "y" stands for other sounds in ARPABET and in the IPA, and "N" in SAMPA, so the alphabet is
    known only from all labels: ARPABET if all can be, in one case; pinyin if all can be and one
    has a tone; SAMPA if all can be and one is not IPA; else IPA, in which capitals are ARPABET,
    as in our own tables.
    """
    said = [label for label in labels if label == SILENCE or not is_silence(label)]
    if all(_arpabet(label) or label == SILENCE for label in said) and _of_one_case(said):
        return "arpabet"
    said = [label for label in said if not is_silence(label)]
    if any(map(has_tone, said)) and all(map(phones_of_part, said)):
        return "pinyin"
    if any(not _ipa(label) for label in said) and all(map(_sampa, said)):
        return "sampa"
    return "ipa"


def _of_one_case(labels: list[str]) -> bool:
    """Return whether no label is in capitals, or all are: our tables mix y (ü) with AA and SIL."""
    bare = [_POSITION.sub("", label) for label in labels]
    return all(label.islower() for label in bare) or all(label.isupper() for label in bare)


def phones_of_labels(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the phones of each label of a tier, see `alphabet_of` and `phones_of_label`."""
    labels = list(labels)
    alphabet = alphabet_of(labels)
    return [
        phones_of_label(label, alphabet=alphabet, before=before)
        for before, label in zip(["", *labels], labels, strict=False)
    ]


def phones_of_label(label: str, *, alphabet: Alphabet, before: str = "") -> tuple[str, ...]:
    """Return the phones of one label of a phone tier.

    Args:
        label: As in the file.
        alphabet: Of all of the tier.
        before: The label before it, which pinyin needs.

    Returns:
        One phone, or more for what is not one here (TIMIT's "en", a final of pinyin); none where
        the label is unknown.
    """
    if is_silence(label):
        return (SILENCE,)
    if alphabet == "arpabet":
        return _arpabet(label) or _ipa(label)
    if alphabet == "pinyin":
        return phones_of_part(label, before=before)
    return _sampa(label) if alphabet == "sampa" else _ipa(label)


def _ipa(label: str) -> tuple[str, ...]:
    """Return the phones of a label in IPA; one of ours, or ARPABET in capitals, is itself."""
    plain = unicodedata.normalize("NFC", _POSITION.sub("", label.strip()))
    if plain in INVENTORY:
        return (plain,)
    if plain.isupper():
        return _arpabet(plain) or phone_from_ipa(plain)
    return phone_from_ipa(plain) or _arpabet(plain)


def _sampa(label: str) -> tuple[str, ...]:
    ipa = ipa_of_sampa(label.strip())
    letters = sum(unicodedata.category(letter)[0] == "L" and letter != "ː" for letter in ipa)
    return phone_from_ipa(ipa) or (_pair(phones_from_ipa(ipa)) if letters == 2 else ())


def _pair(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Return `phones` if they are one, or a diphthong or one vowel with an R; else none."""
    if len(phones) == 2 and not (phones[0] in VOWELS and phones[1] in {*VOWELS, "R", "ʁ"}):
        return ()
    return phones if len(phones) <= 2 else ()


def _arpabet(label: str) -> tuple[str, ...]:
    phone = _POSITION.sub("", label.strip()).upper()
    if not phone.isascii():
        return ()
    phone = re.sub("[012]$", "", phone)
    if phone in ARPABET:
        return (phone,)
    return tuple(_TIMIT.get(phone, "").split())
