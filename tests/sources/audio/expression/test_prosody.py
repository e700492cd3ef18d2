from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import PhoneTrack, Segment
from animdrive.sources.audio.expression.pitch import Voice
from animdrive.sources.audio.expression.prosody import prosody_of

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


def voice(pitch_st: np.ndarray) -> Voice:
    """A voice of that pitch, semitones above 100 Hz; NaN is silence."""
    f0 = np.where(np.isfinite(pitch_st), 100 * 2 ** (np.nan_to_num(pitch_st) / 12), 0)
    frames = len(pitch_st)
    return Voice(
        f0_hz=f0.astype(np.float32),
        voicing=(f0 > 0).astype(np.float32),
        level_db=np.full(frames, -30, np.float32),
        band_db=np.full((frames, 5), -40, np.float32),
    )


VOWELS_ONLY = PhoneTrack(
    phones=tuple(Segment(0.5 + 0.25 * k, 0.7 + 0.25 * k, "AA") for k in range(6))
)
FALLING = np.linspace(3, -3, 200)


def accented(pitch_st: np.ndarray) -> list[float]:
    level = np.full(200, -30.0, dtype=np.float32)
    prosody = prosody_of(VOWELS_ONLY, level, duration_s=2.0, voice=voice(pitch_st))
    return [accent.time_s for accent in prosody.accents]


def test_a_raised_syllable_is_an_accent_though_it_is_no_louder():
    raised = FALLING.copy()
    raised[100:120] += 6 * np.sin(np.linspace(0, np.pi, 20))  # the third vowel
    assert accented(FALLING) == []
    assert accented(raised) == [pytest.approx(1.1)]


def test_the_fall_of_a_phrase_is_no_accent_of_its_beginning():
    assert accented(np.linspace(6, -6, 200)) == []


def test_a_whisper_has_the_accents_of_loudness_and_length():
    quiet = np.full(200, np.nan)
    level = levels(OW=-24)
    with_voice = prosody_of(PHONES, level, duration_s=2.0, voice=voice(quiet))
    assert with_voice.accents == prosody_of(PHONES, level, duration_s=2.0).accents


def test_phrases_lie_between_the_pauses():
    prosody = prosody_of(PHONES, levels(), duration_s=2.0)
    assert [(p.start_s, p.end_s) for p in prosody.phrases] == [(0.5, 1.4)]
    long_pause = PhoneTrack(
        phones=(
            Segment(0.0, 0.5, "AA"),
            Segment(0.5, 0.8, "SIL"),
            Segment(0.8, 1.2, "AA"),
            Segment(1.2, 2.2, "SIL"),
            Segment(2.2, 2.6, "AA"),
        )
    )
    phrases = prosody_of(long_pause, np.full(300, -30.0), duration_s=3.0).phrases
    assert [p.starts_utterance for p in phrases] == [True, False, True]
    assert [p.ends_utterance for p in phrases] == [False, True, True]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_phrase_tells_whether_its_end_rises(sign: int):
    pitch = np.zeros(200)
    pitch[175:195] += sign * np.linspace(0, 8, 20)
    prosody = prosody_of(VOWELS_ONLY, np.full(200, -30.0), duration_s=2.0, voice=voice(pitch))
    (phrase,) = prosody.phrases
    assert sign * phrase.rise_st > 2
    assert prosody_of(VOWELS_ONLY, np.full(200, -30.0), duration_s=2.0).phrases[0].rise_st == 0


def test_an_unfinished_pause_and_a_filler_are_hesitations_and_a_full_stop_is_not():
    track = PhoneTrack(
        phones=(
            Segment(0.0, 0.9, "AA"),
            Segment(0.9, 1.2, "SIL"),
            Segment(1.2, 1.9, "AH"),
        ),
        words=(Segment(0.0, 0.9, "well"), Segment(1.2, 1.9, "Uh")),
    )
    level = np.full(200, -30.0)
    held, fallen = np.zeros(200), np.zeros(200)
    fallen[70:90] = -6
    unfinished = prosody_of(track, level, duration_s=2.0, voice=voice(held)).hesitations
    finished = prosody_of(track, level, duration_s=2.0, voice=voice(fallen)).hesitations
    assert set(unfinished) >= {0.9, 1.2}
    assert finished == (1.2,)
