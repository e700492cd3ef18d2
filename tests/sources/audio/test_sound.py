from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import AudioClip
from animdrive.sources.audio.sound import (
    HOP_SAMPLES,
    SAMPLE_RATE,
    levels_of_clip,
    sound_from_clip,
    without_long_silences,
)


def clip(samples: np.ndarray, rate: int = SAMPLE_RATE) -> AudioClip:
    return AudioClip(samples=samples.astype(np.float32), sample_rate=rate)


def noise(seconds: float, loudness: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, loudness, int(seconds * SAMPLE_RATE))


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 44099])
def test_any_rate_becomes_16_khz_of_the_same_length(rate: int):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    sound = sound_from_clip(clip(tone, rate))
    assert abs(len(sound.pcm) - SAMPLE_RATE) <= 1
    spectrum = np.abs(np.fft.rfft(sound.pcm))
    assert abs(int(np.argmax(spectrum)) - 440) <= 1


def test_quiet_loud_and_offset_sound_become_the_same(line: AudioClip):
    usual = sound_from_clip(line).pcm.astype(float)
    for changed in (line.samples * 1e-3, line.samples * 0.5 + 0.4):
        other = sound_from_clip(clip(changed, line.sample_rate)).pcm
        assert np.corrcoef(usual, other)[0, 1] > 0.999


def test_levels_rise_by_20_db_for_ten_times_the_sound():
    quiet, loud = levels_of_clip(clip(noise(1, 0.01))), levels_of_clip(clip(noise(1, 0.1)))
    assert np.median(loud - quiet) == pytest.approx(20, abs=0.01)


def test_long_sound_has_the_levels_of_its_parts():
    part = noise(1, 0.05)
    whole = levels_of_clip(clip(np.tile(part, 130)))
    one = levels_of_clip(clip(np.tile(part, 3)))
    assert len(whole) == 13000
    # 60 s is where one block ends: nothing may happen there.
    assert np.allclose(whole[5900:6100], np.tile(one[100:200], 2), atol=0.01)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.zeros(16000),
        np.ones(16000),
        noise(3, 0.1),
        noise(3, 1e-5),
        0.3 * np.sin(np.arange(48000) * 0.17),
    ],
)
def test_silence_noise_and_tones_are_not_speech(samples: np.ndarray):
    assert not sound_from_clip(clip(samples)).has_speech


def test_speech_is_speech_even_in_noise(line: AudioClip):
    strength = float(line.samples.std()) * 10 ** (-5 / 20)
    rough = np.random.default_rng(0).normal(0, strength, len(line.samples))
    assert sound_from_clip(line).has_speech
    assert sound_from_clip(clip(line.samples + rough, line.sample_rate)).has_speech


def test_long_silences_are_cut_and_frames_keep_their_origin(line: AudioClip):
    pause = np.zeros(5 * line.sample_rate)
    sound = sound_from_clip(clip(np.concatenate([line.samples, pause, line.samples]), 22050))
    shorter, origin = without_long_silences(sound)
    assert 4.4 < sound.duration_s - shorter.duration_s < 5.2
    assert len(origin) == len(shorter.level_db) + 1
    assert np.array_equal(shorter.level_db, sound.level_db[origin[:-1]])
    assert (np.diff(origin) > 0).all()
    frame = len(shorter.level_db) - 20
    start = origin[frame] * HOP_SAMPLES
    own = shorter.pcm[frame * HOP_SAMPLES :][:HOP_SAMPLES]
    assert np.array_equal(own, sound.pcm[start : start + HOP_SAMPLES])


def test_sound_without_long_silences_is_left_alone(line: AudioClip):
    sound = sound_from_clip(line)
    shorter, origin = without_long_silences(sound)
    assert shorter is sound
    assert np.array_equal(origin, np.arange(len(sound.level_db) + 1))
