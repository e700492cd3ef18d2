from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import AudioClip, PhoneTrack, Segment
from animdrive.sources.audio.expression.effort import effort_gain, effort_of
from animdrive.sources.audio.expression.pitch import voice_of_clip

RATE = 16000
PHRASES = tuple(Segment(start, start + 1.0, "phrase") for start in (0.5, 2.5, 4.5, 6.5, 8.5))
PHONES = PhoneTrack(
    phones=tuple(
        Segment(p.start_s + k * 0.25, p.start_s + k * 0.25 + 0.2, "AA")
        for p in PHRASES
        for k in range(4)
    )
)


def vowel(hz: float, level_db: float, octave_db: float = -6.0, *, voiced: bool = True):
    """One second: a buzz whose harmonics fall by so much an octave, or noise of that shape."""
    at = np.arange(RATE) / RATE
    if voiced:
        harmonics = np.arange(1, int(5000 / hz))
        slope = 10 ** (octave_db * np.log2(harmonics) / 20)
        x = sum(a * np.sin(2 * np.pi * hz * k * at) for k, a in zip(harmonics, slope, strict=True))
    else:
        x = np.random.default_rng(0).normal(size=RATE)
    return x / x.std() * 10 ** (level_db / 20)


def line(*vowels: np.ndarray) -> AudioClip:
    x = 1e-5 * np.random.default_rng(1).normal(size=10 * RATE)
    for phrase, sound in zip(PHRASES, vowels, strict=True):
        start = round(phrase.start_s * RATE)
        x[start : start + RATE] += sound
    return AudioClip(samples=x.astype(np.float32), sample_rate=RATE)


def efforts(*vowels: np.ndarray, gain: float = 1.0) -> list[float]:
    clip = line(*vowels)
    clip = AudioClip(samples=clip.samples * np.float32(gain), sample_rate=RATE)
    effort = effort_of(voice_of_clip(clip), PHONES, PHRASES)
    assert np.abs(effort).max() <= 1
    return [float(effort[round((p.start_s + 0.5) * 100)]) for p in PHRASES]


TALK = vowel(120, -30)
SHOUT = vowel(230, -14, -1.0)
WHISPER = vowel(120, -45, voiced=False)


def test_even_talk_is_no_effort():
    assert efforts(TALK, TALK, TALK, TALK, TALK) == pytest.approx([0] * 5)


def test_phrases_may_differ_as_they_do_in_talk():
    found = efforts(TALK, vowel(126, -28), vowel(115, -32), TALK, vowel(124, -31))
    assert found == pytest.approx([0] * 5, abs=0.02)


def test_a_shout_among_talk_is_effort_and_talk_stays_talk():
    found = efforts(TALK, TALK, SHOUT, TALK, TALK)
    assert found[2] > 0.8
    assert found[:2] + found[3:] == pytest.approx([0] * 4, abs=0.05)


def test_a_whisper_is_told_by_the_missing_voice():
    found = efforts(TALK, WHISPER, TALK, TALK, TALK)
    assert found[1] < -0.9
    assert found[0] == pytest.approx(0, abs=0.05)
    assert efforts(*[WHISPER] * 5) == pytest.approx([-1] * 5, abs=0.05)


def test_a_soft_voice_is_no_whisper():
    found = efforts(TALK, TALK, vowel(95, -48, -12.0), TALK, TALK)
    assert -0.55 < found[2] < -0.2


def test_loudness_alone_counts_less_than_a_shout():
    nearer = efforts(TALK, TALK, vowel(120, -18), TALK, TALK)[2]
    assert 0 < nearer < 0.5 < efforts(TALK, TALK, SHOUT, TALK, TALK)[2]


def test_a_clip_that_is_shouted_throughout_is_known_by_height_and_brightness():
    assert min(efforts(*[vowel(350, -20, 0.0)] * 5)) > 0.4
    assert max(efforts(*[vowel(350, -20, -12.0)] * 5)) < 0.05  # high and soft: a child, a song
    assert max(efforts(*[vowel(140, -20, 0.0)] * 5)) < 0.05  # bright: a microphone


def test_the_gain_of_the_recording_changes_nothing():
    voices = (TALK, SHOUT, TALK, WHISPER, TALK)
    assert efforts(*voices) == pytest.approx(efforts(*voices, gain=0.2), abs=0.02)


def test_it_changes_slowly():
    effort = effort_of(voice_of_clip(line(TALK, SHOUT, TALK, SHOUT, TALK)), PHONES, PHRASES)
    assert np.abs(np.diff(effort)).max() < 0.04  # 100 frames a second


def test_without_speech_there_is_no_effort():
    voice = voice_of_clip(line(TALK, TALK, TALK, TALK, TALK))
    assert not effort_of(voice, PhoneTrack(phones=()), ()).any()
    assert not effort_of(voice, PHONES, ()).any()
    empty = voice_of_clip(AudioClip(samples=np.zeros(0, np.float32), sample_rate=RATE))
    assert len(effort_of(empty, PHONES, PHRASES)) == 0


def test_a_shout_drops_the_jaw_and_a_whisper_shapes_the_lips():
    times = np.array([0.0, 1.0, 2.0])
    effort = np.repeat([-1.0, 0.0, 1.0], 100)
    gain = effort_gain(effort, times + 0.5)
    assert gain.effort.tolist() == [-1, 0, 1]
    assert gain.jaw[0] < 0.8 < gain.jaw[1] == 1 < 1.3 < gain.jaw[2]
    assert gain.lips[0] > 1.1 > gain.lips[1] == 1 <= gain.lips[2]


@pytest.mark.parametrize("amount", [0.0, 0.5, 1.0, 2.0])
def test_the_dial_scales_it_within_bounds(amount: float):
    effort = np.linspace(-1, 1, 101)
    times = np.linspace(0.0, 1.0, 60)
    natural, gain = effort_gain(effort, times), effort_gain(effort, times, amount=amount)
    assert gain.jaw - 1 == pytest.approx(amount * (natural.jaw - 1))
    assert 0.25 < gain.jaw.min() <= gain.jaw.max() <= 1.9 + 1e-9
    assert 0.8 <= gain.lips.min() <= gain.lips.max() <= 1.4 + 1e-9


def test_no_effort_known_is_a_gain_of_one():
    gain = effort_gain(np.zeros(0), np.arange(4))
    assert gain.jaw.tolist() == gain.lips.tolist() == [1, 1, 1, 1]
