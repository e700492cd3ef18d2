from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import AudioClip, Segment
from animdrive.sources.audio.expression.emotion_voice import STEP_S, Mood, mood_of_voice
from animdrive.sources.audio.expression.pitch import Voice

SYLLABLES = tuple(Segment(0.23 * k, 0.23 * k + 0.15, "AA") for k in range(200))
QUIET = AudioClip(samples=np.zeros(16000, np.float32), sample_rate=16000)  # of no known sex
NEUTRAL_HZ = 157.0
"""What lies between a man's and a woman's voice."""


def voice(
    *,
    hz: float = NEUTRAL_HZ,
    swing_st: float = 2.7,
    tilt_db: float = -12.0,
    level_db: np.ndarray | float = -20.0,
    clear: float = 0.926,
    seconds: float = 4.0,
) -> Voice:
    """A voice of known pitch, range and brightness, three quarters of it voiced."""
    frames = round(seconds * 100)
    at = np.arange(frames) * 0.01
    f0 = hz * 2 ** (swing_st * np.sin(2 * np.pi * at / 1.3) / 12)
    f0[np.arange(frames) % 24 >= 18] = 0
    band = np.full((frames, 5), -90.0)
    band[:, 1] = level_db
    band[:, 2] = level_db + tilt_db
    return Voice(
        f0_hz=f0.astype(np.float32),
        voicing=np.full(frames, clear, np.float32),
        level_db=np.broadcast_to(level_db, frames).astype(np.float32),
        band_db=band.astype(np.float32),
    )


def heard(*, syllables: tuple[Segment, ...] = SYLLABLES, **given: object) -> tuple[float, float]:
    mood = mood_of_voice(QUIET, voice(**given), syllables)  # type: ignore[arg-type]
    return float(mood.arousal.mean()), float(mood.valence.mean())


def test_a_usual_voice_is_calm_and_neither_pleasant_nor_not():
    arousal, valence = heard()
    assert abs(arousal) < 0.1
    assert abs(valence) < 0.1


@pytest.mark.parametrize(
    "raised",
    [{"hz": 1.35 * NEUTRAL_HZ}, {"swing_st": 6.0}, {"tilt_db": -5.0}],
    ids=["higher", "wider", "brighter"],
)
def test_what_is_high_wide_or_bright_is_aroused(raised: dict[str, float]):
    assert heard(**raised)[0] > heard()[0] + 0.1


def test_fast_speech_is_more_aroused_than_slow():
    fast = tuple(Segment(0.15 * k, 0.15 * k + 0.1, "AA") for k in range(40))
    slow = tuple(Segment(0.4 * k, 0.4 * k + 0.3, "AA") for k in range(20))
    assert heard(syllables=fast)[0] > heard(syllables=slow)[0] + 0.05


def test_cues_add_up_to_anger_and_to_sadness():
    angry = heard(hz=1.7 * NEUTRAL_HZ, tilt_db=-2.0, swing_st=4.0, clear=0.8)
    sad = heard(hz=0.85 * NEUTRAL_HZ, tilt_db=-19.0, swing_st=1.0)
    assert angry[0] > 0.6
    assert sad[0] < -0.3
    assert angry[1] < -0.1
    assert sad[1] < -0.1


def test_joy_is_lively_and_clear_where_fear_is_flat():
    joy = heard(hz=1.4 * NEUTRAL_HZ, swing_st=6.0, clear=0.97)
    fear = heard(hz=2.0 * NEUTRAL_HZ, swing_st=1.0)
    assert joy[1] > 0.05 > -0.05 > fear[1]
    assert min(joy[0], fear[0]) > 0.2


def test_valence_never_counts_more_than_half():
    for swing in (0.0, 12.0):
        for tilt in (-25.0, 5.0):
            assert abs(heard(hz=300, swing_st=swing, tilt_db=tilt)[1]) <= 0.5


def test_the_gain_of_the_recording_changes_nothing():
    assert heard(level_db=-50.0) == pytest.approx(heard(level_db=-20.0), abs=2e-3)


def test_a_long_clip_is_measured_by_itself():
    bright = {"tilt_db": -4.0, "hz": 1.3 * NEUTRAL_HZ}
    assert abs(heard(seconds=90.0, **bright)[0]) < 0.6 * abs(heard(seconds=4.0, **bright)[0])


def test_mood_follows_the_voice_slowly():
    frames = 6000
    early = np.arange(frames) < frames // 2
    low, high = voice(seconds=60.0), voice(seconds=60.0, hz=1.6 * NEUTRAL_HZ, tilt_db=-5.0)
    both = Voice(
        f0_hz=np.where(early, low.f0_hz, high.f0_hz),
        voicing=low.voicing,
        level_db=np.where(early, low.level_db, low.level_db + 8).astype(np.float32),
        band_db=np.where(early[:, None], low.band_db, high.band_db + 8),
    )
    mood = mood_of_voice(QUIET, both, SYLLABLES)
    assert mood.arousal[50:250].max() + 0.3 < mood.arousal[350:550].min()
    assert np.abs(np.diff(mood.arousal)).max() < 0.1


@pytest.mark.parametrize("seconds", [0.0, 0.05, 2.0])
def test_without_a_voice_there_is_no_mood(seconds: float):
    silent = voice(seconds=seconds)
    silent = Voice(
        f0_hz=np.zeros_like(silent.f0_hz),
        voicing=silent.voicing,
        level_db=silent.level_db,
        band_db=silent.band_db,
    )
    mood = mood_of_voice(QUIET, silent, ())
    assert not mood.arousal.any()
    assert not mood.valence.any()
    amounts = mood.amounts(np.arange(5) / 60)
    assert all(amount.shape == (5,) for amount in amounts.values())
    assert not any(amount.any() for amount in amounts.values())


def constant(valence: float, arousal: float) -> Mood:
    return Mood(arousal=np.full(30, arousal), valence=np.full(30, valence), female=0.5)


@pytest.mark.parametrize(
    ("valence", "arousal", "most"),
    [
        (0.5, 0.6, "happy"),
        (-0.5, 0.8, "angry"),
        (-0.5, -0.6, "sad"),
        (0.0, 0.9, "surprised"),
    ],
)
def test_the_circumplex_is_read_backwards(valence: float, arousal: float, most: str):
    amounts = constant(valence, arousal).amounts(np.array([1.0]))
    assert max(amounts, key=lambda name: float(amounts[name][0])) == most
    assert 0.2 < amounts[most][0] <= 1


def test_in_the_middle_nothing_shows():
    assert not any(a.any() for a in constant(0.0, 0.0).amounts(np.arange(9) * STEP_S).values())


def test_amounts_scale_with_the_strength_and_stay_in_range():
    grid = np.linspace(-1, 1, 9)
    for valence in grid:
        for arousal in grid:
            mood = constant(valence, arousal)
            full, half = (mood.amounts(np.array([1.0]), strength=s) for s in (1.0, 0.5))
            for name, amount in full.items():
                assert 0 <= amount[0] <= 1
                assert half[name][0] == pytest.approx(0.5 * amount[0])
