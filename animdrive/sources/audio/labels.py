"""Phone labels from other hands: ARPABET with or without stress, TIMIT's, IPA, and silences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from animdrive.sources.audio.ipa import phone_from_ipa
from animdrive.sources.audio.phones import CLASS_OF_PHONE, SILENCE

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


def uses_arpabet(labels: Iterable[str]) -> bool:
    """Return whether all `labels` can be ARPABET.

    "y" and "j" stand for other sounds in IPA, so the alphabet is known only from all labels.
    """
    return all(is_silence(label) or _arpabet(label) for label in labels)


def phones_of_label(label: str, *, arpabet: bool) -> tuple[str, ...]:
    """Return the ARPABET phones, without stress, of one label of a phone tier.

    Args:
        label: As in the file.
        arpabet: Whether all of the file is ARPABET; otherwise IPA comes first, except for labels
            in capitals.

    Returns:
        One phone, or two for a sound that English does not have as one ("ɲ" → N Y); none where
        the label is unknown.
    """
    if is_silence(label):
        return (SILENCE,)
    plain = unicodedata.normalize("NFC", label.strip())
    if arpabet or plain.isupper():
        return _arpabet(plain) or phone_from_ipa(plain)
    return phone_from_ipa(plain) or _arpabet(plain)


def _arpabet(label: str) -> tuple[str, ...]:
    phone = _POSITION.sub("", label.strip()).upper()
    if not phone.isascii():
        return ()
    phone = re.sub("[012]$", "", phone)
    if phone in CLASS_OF_PHONE:
        return (phone,)
    return tuple(_TIMIT.get(phone, "").split())
