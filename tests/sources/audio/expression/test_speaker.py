from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from animdrive.contract import AudioClip
from animdrive.sources.audio.expression.pitch import voice_of_clip
from animdrive.sources.audio.expression.speaker import female_share, tract_length_cm, usual_pitch_st

RATE = 16000


def tube(length_cm: float, hz: float, seconds: float = 1.0) -> AudioClip:
    """A buzz through the resonances of a tube of that length, closed at one end."""
    count = round(seconds * RATE)
    phase = np.cumsum(np.full(count, hz * 1.0) * (1 + 0.02 * np.sin(np.arange(count) / 900))) / RATE
    x = np.diff(np.floor(phase), prepend=0.0)
    x = x + 1e-3 * np.random.default_rng(0).normal(size=count)
    for number, width in zip((1, 3, 5, 7, 9), (60, 90, 120, 160, 220), strict=True):
        centre = number * 35000 / (4 * length_cm)
        if centre > 0.48 * RATE:
            continue
        radius = np.exp(-np.pi * width / RATE)
        x = lfilter([1.0], [1, -2 * radius * np.cos(2 * np.pi * centre / RATE), radius**2], x)
    return AudioClip(samples=(0.3 * x / np.abs(x).max()).astype(np.float32), sample_rate=RATE)


@pytest.mark.parametrize("length_cm", [14.5, 16.0, 17.5])
@pytest.mark.parametrize("hz", [110.0, 200.0])
def test_the_length_of_a_tube_is_read_from_its_sound(length_cm: float, hz: float):
    clip = tube(length_cm, hz)
    assert tract_length_cm(clip, voice_of_clip(clip)) == pytest.approx(length_cm, abs=0.6)


def test_a_long_tract_speaks_for_a_man_even_where_he_shouts():
    calm, shouting, woman = (
        tube(*given) for given in ((17.5, 110.0), (17.5, 260.0), (14.5, 210.0))
    )
    shares = [female_share(clip, voice_of_clip(clip)) for clip in (calm, shouting, woman)]
    assert shares[0] < shares[1] < 0.5 < 0.9 < shares[2]


def test_noise_and_silence_tell_nothing():
    noise = np.random.default_rng(0).normal(size=RATE).astype(np.float32) * 0.1
    for samples in (noise, np.zeros(RATE, np.float32), np.zeros(0, np.float32)):
        clip = AudioClip(samples=samples, sample_rate=RATE)
        assert tract_length_cm(clip, voice_of_clip(clip)) is None
        assert female_share(clip, voice_of_clip(clip)) == 0.5


def test_the_usual_pitch_lies_between_that_of_men_and_women():
    hertz = [27.5 * 2 ** (usual_pitch_st(share) / 12) for share in (0, 0.5, 1)]
    assert hertz == pytest.approx([119, np.sqrt(119 * 207), 207])


def test_men_and_women_are_told_apart_in_most_recordings(recordings: Path):
    import soundfile

    right = []
    for wav in sorted(recordings.glob("timit_*_sx2*.wav")):
        samples, rate = soundfile.read(wav, dtype="float32")
        clip = AudioClip(samples=samples, sample_rate=rate)
        is_woman = wav.stem.split("-")[1].startswith("f")
        right.append((female_share(clip, voice_of_clip(clip)) > 0.5) == is_woman)
    assert len(right) >= 6
    assert np.mean(right) >= 0.8
