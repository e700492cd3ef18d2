from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import AudioClip
from animdrive.sources.audio.expression.pitch import BANDS_HZ, Voice, voice_of_clip
from animdrive.sources.audio.voice import speak

RATE = 16000


def clip(samples: np.ndarray, rate: int = RATE) -> AudioClip:
    return AudioClip(samples=samples.astype(np.float32), sample_rate=rate)


def buzz(hz: np.ndarray | float, seconds: float, rate: int = RATE) -> np.ndarray:
    """Harmonics of a pitch that may move, falling by 6 dB an octave."""
    count = round(seconds * rate)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hz, count)) / rate
    top = int(0.45 * rate / np.max(hz))
    return 0.1 * sum(np.sin(k * phase) / k for k in range(1, top))


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    return level * np.random.default_rng(1).normal(size=round(seconds * RATE))


@pytest.fixture(scope="module")
def spoken(line: AudioClip) -> Voice:
    return voice_of_clip(line)


@pytest.mark.parametrize("hz", [70, 110, 220, 330, 550])
def test_a_tone_has_its_pitch_in_every_frame(hz: float):
    voice = voice_of_clip(clip(buzz(hz, 1.0)))
    inside = voice.f0_hz[4:-4]
    assert inside == pytest.approx(np.full(len(inside), hz), rel=0.005)
    assert voice.voicing[4:-4].min() > 0.9


@pytest.mark.parametrize("rate", [8000, 11025, 44100])
def test_the_rate_of_the_recording_does_not_matter(rate: int):
    voice = voice_of_clip(clip(buzz(150.0, 0.6, rate), rate))
    assert np.median(voice.f0_hz) == pytest.approx(150, rel=0.005)


def test_a_glide_is_followed():
    hz = np.geomspace(100, 250, RATE * 2)
    voice = voice_of_clip(clip(buzz(hz, 2.0)))
    at = ((np.arange(len(voice)) + 0.5) * 0.01 * RATE).astype(int)
    assert np.abs(voice.f0_hz[5:-5] / hz[at[5:-5]] - 1).max() < 0.02


def test_a_tone_lies_smoothly_over_the_seams_of_blocks():
    voice = voice_of_clip(clip(buzz(200.0, 12.0)))
    assert np.ptp(voice.f0_hz[900:1100]) < 1
    assert np.ptp(voice.level_db[900:1100]) < 0.1


def test_a_missing_fundamental_is_heard():
    seconds = np.arange(RATE) / RATE
    x = sum(np.sin(2 * np.pi * 120 * k * seconds) for k in range(3, 9))
    assert np.median(voice_of_clip(clip(0.05 * x)).f0_hz) == pytest.approx(120, rel=0.01)


def test_noise_has_no_pitch():
    voice = voice_of_clip(clip(noise(3.0)))
    assert voice.voiced.mean() < 0.02
    assert np.median(voice.voicing) < 0.5


def test_pitch_is_found_in_noise_at_10_db():
    x = buzz(140.0, 2.0)
    voice = voice_of_clip(clip(x + noise(2.0, float(x.std()) / 10**0.5)))
    near = np.abs(voice.f0_hz / 140 - 1) < 0.03
    assert near.mean() > 0.95


def test_level_is_that_of_the_samples():
    x = buzz(200.0, 1.0)
    voice = voice_of_clip(clip(x))
    assert np.median(voice.level_db) == pytest.approx(20 * np.log10(x.std()), abs=0.2)
    together = 10 * np.log10((10 ** (voice.band_db / 10)).sum(axis=1))
    assert np.median(together) == pytest.approx(np.median(voice.level_db), abs=0.2)


def test_twice_as_loud_is_6_db_and_nothing_else(line: AudioClip, spoken: Voice):
    louder = voice_of_clip(clip(line.samples * 2, line.sample_rate))
    heard = spoken.level_db > -80
    assert louder.level_db[heard] - spoken.level_db[heard] == pytest.approx(6.02, abs=0.01)
    same = np.abs(louder.f0_hz - spoken.f0_hz) < 0.5
    assert same.mean() > 0.995


def test_a_voice_played_faster_is_higher_by_as_much(line: AudioClip, spoken: Voice):
    faster = voice_of_clip(clip(line.samples, round(line.sample_rate * 1.25)))
    ratio = np.median(faster.f0_hz[faster.voiced]) / np.median(spoken.f0_hz[spoken.voiced])
    assert ratio == pytest.approx(1.25, rel=0.03)


def test_a_line_is_voiced_in_part_and_around_one_pitch(spoken: Voice):
    assert 0.3 < spoken.voiced.mean() < 0.8
    low, high = np.percentile(spoken.f0_hz[spoken.voiced], [5, 95])
    assert high / low < 2  # no octave errors


def test_a_woman_of_espeak_is_higher_than_its_man():
    man, woman = (
        voice_of_clip(speak("Where were you all year?", voice=name)) for name in ("en-us", "en+f3")
    )
    assert np.median(woman.f0_hz[woman.voiced]) > 1.3 * np.median(man.f0_hz[man.voiced])


def test_bands_and_tilt_tell_where_the_energy_is():
    seconds = np.arange(RATE) / RATE
    for band, (low, high) in enumerate(BANDS_HZ):
        tone = 0.1 * np.sin(2 * np.pi * (low + high) / 2 * seconds)
        assert voice_of_clip(clip(tone)).band_db[50].argmax() == band
    dull = voice_of_clip(clip(0.1 * np.sin(2 * np.pi * 300 * seconds)))
    bright = voice_of_clip(clip(0.1 * np.sin(2 * np.pi * 3000 * seconds)))
    assert bright.tilt_db[50] > 20 > -20 > dull.tilt_db[50]


def test_semitones_are_twelve_an_octave():
    low, high = (voice_of_clip(clip(buzz(hz, 0.4))).pitch_st for hz in (110.0, 220.0))
    assert np.nanmedian(high) - np.nanmedian(low) == pytest.approx(12, abs=0.05)
    assert np.nanmedian(low) == pytest.approx(24, abs=0.05)  # two octaves above 27.5 Hz
    assert np.isnan(voice_of_clip(clip(np.zeros(RATE))).pitch_st).all()


@pytest.mark.parametrize("count", [0, 1, 159, 161])
def test_hardly_a_sample_is_no_trouble(count: int):
    voice = voice_of_clip(clip(np.full(count, 0.1)))
    assert len(voice) == -(-count // 160)
    assert not voice.voiced.any()


def test_silence_is_silent():
    voice = voice_of_clip(clip(np.zeros(RATE)))
    assert not voice.voiced.any()
    assert voice.level_db == pytest.approx(np.full(100, -120))


def test_frames_of_a_time_are_at_least_one():
    voice = voice_of_clip(clip(np.zeros(RATE)))
    assert voice.frames(0.1, 0.2) == slice(10, 20)
    assert voice.frames(0.1, 0.1) == slice(10, 11)
    assert voice.frames(-1.0, 0.02) == slice(0, 2)
