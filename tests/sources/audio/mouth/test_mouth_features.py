"""What the learned mouth hears."""

from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import AudioClip, Segment
from animdrive.sources.audio.language.inventory import FEATURES, SILENCE, features
from animdrive.sources.audio.mouth.mouth_features import BANDS, levelled, mel_frames, phone_frames


def tone(hz: float, *, rate: int = 16000, gain: float = 0.3) -> AudioClip:
    times = np.arange(rate) / rate
    return AudioClip((gain * np.sin(2 * np.pi * hz * times)).astype(np.float32), rate)


def test_a_tone_is_in_its_band_and_higher_tones_in_higher_ones():
    bands = [int(mel_frames(tone(hz))[50].argmax()) for hz in (200, 500, 1000, 2500, 6000)]
    assert bands == sorted(set(bands))


def test_a_frame_every_10_ms_at_any_rate():
    for rate in (8000, 16000, 44100):
        assert mel_frames(tone(500, rate=rate)).shape == (100, BANDS)
    assert mel_frames(AudioClip(np.zeros(0, np.float32), 16000)).shape == (0, BANDS)


def test_frames_are_where_the_sound_is():
    samples = np.zeros(16000, dtype=np.float32)
    samples[8000:8016] = 0.5  # a click at 0.5 s
    level = mel_frames(AudioClip(samples, 16000)).mean(axis=1)
    assert (level.argmax() + 0.5) * 0.01 == pytest.approx(0.5, abs=0.006)


def test_gain_does_not_matter():
    rng = np.random.default_rng(0)
    samples = (rng.normal(0, 0.1, 32000) * np.repeat(rng.uniform(0.2, 1, 20), 1600)).astype("f4")
    loud, soft = (levelled(mel_frames(AudioClip(samples * g, 16000))) for g in (1.0, 0.2))
    assert np.abs(loud - soft).mean() < 0.02
    assert np.abs(loud).max() <= 3


def test_long_sound_is_the_same_in_pieces():
    rng = np.random.default_rng(1)
    samples = rng.normal(0, 0.1, 16000 * 40).astype(np.float32)
    whole = mel_frames(AudioClip(samples, 16000))
    later = mel_frames(AudioClip(samples[16000 * 25 :], 16000))
    assert whole[2510:2600] == pytest.approx(later[10:100], abs=1e-4)


def test_phones_are_their_features_and_gaps_are_silence():
    rows = phone_frames([Segment(0.1, 0.2, "M"), Segment(0.3, 0.35, "uw1")], 50)
    assert rows.shape == (50, len(FEATURES))
    assert rows[15] == pytest.approx(features("M"))
    assert rows[32] == pytest.approx(features("UW"))
    assert rows[25] == pytest.approx(features(SILENCE))
