from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from animdrive.contract import ARKIT52, ARKIT_INDEX, AudioClip, Segment
from animdrive.sources.audio.expression.breath import (
    BREATH,
    MOVED,
    Breath,
    breath_opening,
    breathed,
    find_breaths,
)
from animdrive.sources.audio.expression.pitch import voice_of_clip

RATE = 16000
SPEECH = (Segment(0.5, 1.5, "AA"), Segment(3.0, 4.0, "AA"))
TIMES = np.arange(5 * 60) / 60
JAW = ARKIT_INDEX["jawOpen"]


def shaped(low_hz: float, high_hz: float, start_s: float, end_s: float, level: float) -> np.ndarray:
    """Noise of a band that comes and goes softly between two times of 5 s."""
    white = np.random.default_rng(3).normal(size=5 * RATE)
    band = sosfilt(butter(2, (low_hz, high_hz), "bandpass", fs=RATE, output="sos"), white)
    at = np.arange(5 * RATE) / RATE
    ramp = np.clip(np.minimum(at - start_s, end_s - at) / 0.06, 0, 1)
    return level * band / band.std() * np.sin(ramp * np.pi / 2) ** 2


def clip(*sounds: np.ndarray, room: float = 1e-4) -> AudioClip:
    """Two buzzed vowels in a room's noise, and `sounds`."""
    at = np.arange(5 * RATE) / RATE
    x = room * np.random.default_rng(2).normal(size=len(at))
    buzz = 0.06 * sum(np.sin(2 * np.pi * 130 * k * at) / k for k in range(1, 25))
    for vowel in SPEECH:
        x += buzz * np.clip(np.minimum(at - vowel.start_s, vowel.end_s - at) / 0.03, 0, 1)
    return AudioClip(samples=(x + sum(sounds)).astype(np.float32), sample_rate=RATE)


def found(*sounds: np.ndarray, room: float = 1e-4) -> tuple[Breath, ...]:
    return find_breaths(voice_of_clip(clip(*sounds, room=room)), SPEECH)


@pytest.mark.parametrize("level", [0.004, 0.012])
@pytest.mark.parametrize(("start_s", "end_s"), [(2.2, 2.8), (1.9, 2.15), (4.3, 4.9)])
def test_a_breath_in_a_pause_is_found_where_it_is(level: float, start_s: float, end_s: float):
    (breath,) = found(shaped(400, 2500, start_s, end_s, level))
    assert breath.start_s == pytest.approx(start_s, abs=0.06)
    assert breath.end_s == pytest.approx(end_s, abs=0.06)
    assert breath.segment == Segment(breath.start_s, breath.end_s, BREATH)


def test_a_louder_breath_is_deeper():
    soft, loud = (found(shaped(400, 2500, 2.0, 2.6, level))[0] for level in (0.004, 0.02))
    assert 0 <= soft.depth < loud.depth <= 1


def test_the_gain_of_the_recording_changes_nothing():
    sound = clip(shaped(400, 2500, 2.0, 2.6, 0.01))
    softer = AudioClip(samples=sound.samples * np.float32(0.1), sample_rate=RATE)
    first, second = (find_breaths(voice_of_clip(c), SPEECH) for c in (sound, softer))
    assert len(first) == 1
    assert [(b.start_s, b.end_s) for b in first] == [(b.start_s, b.end_s) for b in second]


@pytest.mark.parametrize(
    ("what", "sound"),
    [
        ("nothing", np.zeros(5 * RATE)),
        ("an S", shaped(4800, 7500, 2.0, 2.5, 0.01)),
        ("a click", shaped(400, 2500, 2.0, 2.1, 0.01)),
        ("a fan", shaped(400, 2500, -1.0, 6.0, 0.01)),
        ("traffic", shaped(60, 120, 2.0, 2.6, 0.01)),
        ("a noise as loud as speech", shaped(400, 2500, 2.0, 2.6, 0.1)),
        ("what nobody hears", shaped(400, 2500, 2.0, 2.6, 0.0005)),
        ("a long hiss", shaped(400, 2500, 1.6, 2.9, 0.01)),
        ("a hum", 0.01 * np.sin(2 * np.pi * 220 * np.arange(5 * RATE) / RATE)),
    ],
)
def test_what_is_no_breath_is_not_called_one(what: str, sound: np.ndarray):
    assert found(sound) == ()


def test_the_dying_of_a_room_is_no_breath():
    at = np.arange(5 * RATE) / RATE
    tail = np.where(at > 1.5, np.exp(-(at - 1.5) / 0.15), 0) * (at < 3)
    assert found(0.02 * tail * np.random.default_rng(4).normal(size=len(at))) == ()


def test_noise_in_the_midst_of_speech_is_no_breath():
    sound = voice_of_clip(clip(shaped(400, 2500, 2.0, 2.5, 0.01)))
    assert find_breaths(sound, (Segment(0.5, 4.0, "HH"),)) == ()


def test_where_nobody_speaks_there_is_no_breath():
    sound = voice_of_clip(clip(shaped(400, 2500, 2.0, 2.5, 0.01)))
    assert find_breaths(sound, ()) == ()
    assert find_breaths(sound, (Segment(0, 5, "SIL"),)) == ()


def test_breaths_come_in_order_and_apart():
    breaths = found(
        shaped(400, 2500, 0.05, 0.4, 0.01),
        shaped(400, 2500, 1.8, 2.1, 0.01),
        shaped(400, 2500, 2.4, 2.8, 0.01),
    )
    assert len(breaths) == 3
    assert all(a.end_s < b.start_s for a, b in pairwise(breaths))


def test_the_mouth_opens_a_little_and_smoothly():
    opening = breath_opening([Breath(2.0, 2.6, 0.5)], TIMES)
    assert 0.10 <= opening.max() <= 0.18
    assert opening[(TIMES < 1.94) | (TIMES > 2.67)].max() == 0
    assert np.abs(np.diff(opening)).max() < 0.03
    assert opening[(TIMES > 2.15) & (TIMES < 2.45)].min() == opening.max()


def test_a_breath_is_laid_over_rest_alone():
    mouth = np.zeros((len(TIMES), len(ARKIT52)))
    mouth[:, JAW] = np.where(TIMES < 1.0, 0.6, 0.0)
    values = breathed(mouth, [Breath(2.0, 2.6, 1.0)], (), TIMES)
    assert np.array_equal(values[TIMES < 1.9], mouth[TIMES < 1.9])
    assert values[:, JAW].max() == 0.6
    moved = [ARKIT52[c] for c in np.flatnonzero((values != mouth).any(axis=0))]
    assert tuple(moved) == MOVED


def test_speech_that_is_wider_hides_a_breath():
    mouth = np.full((len(TIMES), len(ARKIT52)), 0.5)
    values = breathed(mouth, [Breath(2.0, 2.6, 1.0)], (), TIMES)
    assert np.abs(values - mouth).max() < 0.01


def test_no_breath_changes_no_bit():
    mouth = np.random.default_rng(0).uniform(size=(len(TIMES), len(ARKIT52)))
    assert np.array_equal(breathed(mouth, (), SPEECH, TIMES), mouth)


def test_a_breath_that_runs_into_a_p_leaves_its_lips_shut():
    phones = (Segment(2.6, 2.75, "P"), Segment(2.75, 3.0, "AA"))
    mouth = np.zeros((len(TIMES), len(ARKIT52)))
    values = breathed(mouth, [Breath(2.0, 2.7, 1.0)], phones, TIMES)
    assert (values[(TIMES > 2.62) & (TIMES < 2.69)] == 0).all()
    assert values[(TIMES > 2.2) & (TIMES < 2.4), JAW].min() > 0.15


def test_a_breathless_speaker_is_heard_breathing(recordings: Path):
    import soundfile

    samples, rate = soundfile.read(
        recordings / "a2f_Claire_outofbreath_mandarin.wav", dtype="float32"
    )
    voice = voice_of_clip(AudioClip(samples=samples, sample_rate=rate))
    # Where she speaks, by ear; she pants before the line and between its phrases.
    spoken = ((1.27, 1.75), (1.98, 2.7), (2.86, 4.19), (4.69, 5.82), (6.5, 7.3), (7.83, 8.6))
    breaths = find_breaths(voice, [Segment(*span, "AA") for span in spoken])
    assert sum(breath.end_s < 1.27 for breath in breaths) == 3
    assert sum(4.19 < breath.start_s < 4.69 for breath in breaths) >= 1
    assert sum(7.3 < breath.start_s < 7.83 for breath in breaths) >= 1


def test_labelled_silences_stay_at_rest(recordings: Path):
    import soundfile

    silent = open_ = 0
    for wav in sorted(recordings.glob("timit_*_sa*.wav")):
        rows = wav.with_suffix(".phones.tsv").read_text().splitlines()[1:]
        phones = [
            Segment(float(start), float(end), label)
            for start, end, label, *_ in (row.split("\t") for row in rows)
        ]
        samples, rate = soundfile.read(wav, dtype="float32")
        clip = AudioClip(samples=samples, sample_rate=rate)
        times = np.arange(int(clip.duration_s * 60)) / 60
        opening = breath_opening(find_breaths(voice_of_clip(clip), phones), times)
        for phone in phones:
            if phone.label == "SIL":
                inside = (times >= phone.start_s) & (times < phone.end_s)
                silent += int(inside.sum())
                open_ += int((opening[inside] > 0.02).sum())
    assert silent > 100
    assert open_ <= 0.05 * silent
