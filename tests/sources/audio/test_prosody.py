from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import PhoneTrack, Segment
from animdrive.sources.audio.prosody import prosody_of

PHONES = PhoneTrack(
    phones=(
        Segment(0.0, 0.5, "SIL"),
        Segment(0.5, 0.6, "AA"),
        Segment(0.6, 0.7, "T"),
        Segment(0.7, 0.8, "IY"),
        Segment(0.8, 0.95, "SIL"),
        Segment(0.95, 1.2, "OW"),
        Segment(1.2, 1.3, "T"),
        Segment(1.3, 1.4, "AH"),
        Segment(1.4, 2.0, "SIL"),
    )
)


def levels(**loudness: float) -> np.ndarray:
    level = np.full(200, -80.0, dtype=np.float32)
    for phone in PHONES.phones:
        if phone.label != "SIL":
            level[round(phone.start_s * 100) : round(phone.end_s * 100)] = loudness.get(
                phone.label, -30.0
            )
    return level


def test_the_louder_and_longer_vowel_is_the_accent():
    prosody = prosody_of(PHONES, levels(OW=-24), duration_s=2.0)
    (accent,) = prosody.accents
    assert accent.time_s == pytest.approx(1.075)
    assert 0.5 < accent.strength <= 1


def test_accents_keep_their_distance():
    level = levels(AA=-20, IY=-21, OW=-20, AH=-40)
    times = [accent.time_s for accent in prosody_of(PHONES, level, duration_s=2.0).accents]
    assert (np.diff(times) >= 0.28).all()


def test_stress_tells_loud_vowels_from_soft_ones():
    prosody = prosody_of(PHONES, levels(AA=-20, AH=-40), duration_s=2.0)
    assert len(prosody.stress) == len(PHONES.phones)
    assert prosody.stress[1] == 1
    assert prosody.stress[7] == -1
    assert prosody.stress[2] == 0  # a consonant


def test_overall_loudness_changes_nothing():
    quiet, loud = levels(AA=-20), levels(AA=-20) + 30
    assert prosody_of(PHONES, quiet, duration_s=2) == prosody_of(PHONES, loud, duration_s=2)


def test_only_long_silences_are_pauses():
    pauses = prosody_of(PHONES, levels(), duration_s=2.0).pauses
    assert [(p.start_s, p.end_s) for p in pauses] == [(0.0, 0.5), (1.4, 2.0)]


def test_where_nobody_speaks_all_is_pause():
    prosody = prosody_of(PhoneTrack(phones=()), np.full(100, -80.0), duration_s=1.0)
    assert prosody.accents == ()
    assert [(p.start_s, p.end_s) for p in prosody.pauses] == [(0.0, 1.0)]
    assert prosody_of(PhoneTrack(phones=()), np.zeros(0), duration_s=0).pauses == ()
