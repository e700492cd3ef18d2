"""How the line is spoken: which syllables are loud and long, and where the pauses are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animdrive.contract import PhoneTrack, Segment
from animdrive.sources.audio.phones import SILENCE, VOWELS
from animdrive.sources.audio.sound import Levels, loudest_db

_ACCENT_GAP_S = 0.28
_ACCENT_LEAST = 0.35


@dataclass(frozen=True)
class Accent:
    """A syllable that stands out."""

    time_s: float
    """The middle of its vowel."""
    strength: float
    """How far it stands out, 0..1."""


@dataclass(frozen=True)
class Prosody:
    """What the sound tells beyond the phones."""

    stress: tuple[float, ...]
    """For each phone, how loud it is against the vowels of the clip: -1 softest, 1 loudest."""
    accents: tuple[Accent, ...]
    """In order of time, at least 0.28 s apart."""
    pauses: tuple[Segment, ...]
    """Silences of 0.2 s and more, labelled SIL; the whole clip when nothing is said."""


def prosody_of(phones: PhoneTrack, level_db: Levels, *, duration_s: float) -> Prosody:
    """Find stress, accents and pauses.

    A vowel is compared with the clip's own vowels: 8 dB above their median counts as loudest.
    An accent is a vowel that is loud and long (Fry 1955 on what makes stress), weighted 2 to 1.

    Args:
        phones: ARPABET phones in order.
        level_db: [F] loudness, one value for each 0.01 s.
        duration_s: Length of the clip.
    """
    vowels = [phone for phone in phones.phones if phone.label in VOWELS]
    level = {id(vowel): loudest_db(level_db, vowel.start_s, vowel.end_s) for vowel in vowels}
    middle_db = float(np.median(list(level.values()))) if vowels else 0.0
    usual_s = float(np.median([vowel.duration_s for vowel in vowels])) if vowels else 0.0
    stress = tuple(
        float(np.clip((level[id(phone)] - middle_db) / 8.0, -1.0, 1.0))
        if id(phone) in level
        else 0.0
        for phone in phones.phones
    )
    pauses = [p for p in phones.phones if p.label == SILENCE and p.duration_s >= 0.2]
    if not vowels:
        pauses = [Segment(0.0, duration_s, SILENCE)] if duration_s > 0 else []
    accents = [
        Accent(
            (vowel.start_s + vowel.end_s) / 2,
            _strength(level[id(vowel)] - middle_db, vowel.duration_s / usual_s),
        )
        for vowel in vowels
        if usual_s > 0
    ]
    return Prosody(stress=stress, accents=_standing_out(accents), pauses=tuple(pauses))


def _strength(louder_db: float, longer: float) -> float:
    loud = np.clip(louder_db / 8.0, -1.0, 1.0)
    long = np.clip(np.log2(max(longer, 0.25)), -1.0, 1.0)
    return float(np.clip((2 * loud + long) / 3, 0.0, 1.0))


def _standing_out(accents: Sequence[Accent]) -> tuple[Accent, ...]:
    """Keep the stronger of two that are close, and none that is weak."""
    kept: list[Accent] = []
    for accent in sorted(accents, key=lambda a: (-a.strength, a.time_s)):
        near = any(abs(accent.time_s - other.time_s) < _ACCENT_GAP_S for other in kept)
        if accent.strength >= _ACCENT_LEAST and not near:
            kept.append(accent)
    return tuple(sorted(kept, key=lambda a: a.time_s))
