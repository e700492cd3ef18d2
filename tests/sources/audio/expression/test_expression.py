from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animdrive.contract import ARKIT_INDEX, AudioClip, PhoneTrack, Segment
from animdrive.errors import InputError
from animdrive.sources.audio.expression.breath import MOVED
from animdrive.sources.audio.expression.expression import ExpressionConfig, expression_of
from animdrive.sources.audio.mouth.curves import mouth_from_phones
from animdrive.sources.audio.speech import SpeechConfig, SpeechResult, speech_curves
from animdrive.sources.audio.timings.timings import Timed, Timings
from animdrive.sources.audio.voice import speak

JAW = ARKIT_INDEX["jawOpen"]
TIMES = np.arange(120) / 60
PHONES = PhoneTrack(
    phones=(
        Segment(0.2, 0.5, "AA"),
        Segment(0.5, 0.6, "P"),
        Segment(0.6, 0.9, "AA"),
        Segment(0.9, 1.0, "F"),
        Segment(1.0, 1.3, "AE"),
        Segment(1.3, 1.4, "M"),
        Segment(1.4, 1.6, "IY"),
    )
)


def test_whispers_open_the_jaw_less_and_shape_the_lips_more():
    clips = [speak("Mama may meet my father.", voice=v) for v in ("en-us", "en-us+whisper")]
    gains = []
    for clip in clips:
        vowels = tuple(
            Segment(t, t + 0.15, "AA") for t in np.arange(0.1, clip.duration_s - 0.3, 0.2)
        )
        gains.append(expression_of(clip, PhoneTrack(phones=vowels), TIMES).gain)
    assert gains[0].jaw == pytest.approx(np.ones(len(TIMES)), abs=0.05)
    assert gains[1].jaw.max() < 0.8
    assert gains[1].lips.min() > 1.05


@pytest.mark.parametrize("gain", [0.3, 1.9])
def test_no_effort_undoes_a_closure(gain: float):
    usual = mouth_from_phones(PHONES, TIMES)
    values = mouth_from_phones(PHONES, TIMES, jaw_gain=np.full(len(TIMES), gain), lips_gain=1.4)
    close, press = ARKIT_INDEX["mouthClose"], ARKIT_INDEX["mouthPressLeft"]
    shut = usual[:, press] > 0.31
    assert shut.sum() >= 4
    assert values[shut, close] == pytest.approx(values[shut, JAW], rel=0.01)
    assert values[shut, press] == pytest.approx(usual[shut, press], abs=1e-9)
    bitten = ARKIT_INDEX["mouthRollLower"]
    assert values[:, bitten] == pytest.approx(usual[:, bitten], abs=1e-9)
    at_vowel = np.searchsorted(TIMES, 0.75)
    assert (values[at_vowel, JAW] > usual[at_vowel, JAW]) == (gain > 1)


def test_the_gain_of_one_changes_no_bit():
    usual = mouth_from_phones(PHONES, TIMES)
    ones = np.ones(len(TIMES))
    assert np.array_equal(usual, mouth_from_phones(PHONES, TIMES, jaw_gain=ones, lips_gain=ones))


def breathing(line: AudioClip) -> tuple[AudioClip, Timings]:
    """A line, a pause of 1.5 s with a breath in it, and the line again; its phones are given."""
    rate = line.sample_rate
    pause = 2e-4 * np.random.default_rng(0).normal(size=round(1.5 * rate))
    at = np.arange(len(pause)) / rate
    lift = np.clip(np.minimum(at - 0.5, 1.0 - at) / 0.08, 0, 1)
    noise = np.convolve(np.random.default_rng(1).normal(size=len(pause)), np.ones(6) / 6, "same")
    pause = pause + 0.02 * lift * noise
    samples = np.concatenate([line.samples, pause, line.samples]).astype(np.float32)
    end = line.duration_s
    spoken = tuple(
        Timed(float(start), float(start) + 0.2, "AA", "a vowel")
        for first in (0.1, end + 1.6)
        for start in np.arange(first, first + end - 0.4, 0.2)
    )
    return AudioClip(samples=samples, sample_rate=rate), Timings(Path("given.tsv"), phones=spoken)


@pytest.fixture(scope="module")
def breathed_line(line: AudioClip) -> tuple[AudioClip, Timings, SpeechResult]:
    clip, timings = breathing(line)
    return clip, timings, speech_curves(clip, timings=timings)


def test_a_breath_between_lines_opens_the_mouth(breathed_line: tuple, line: AudioClip):
    _, _, result = breathed_line
    (breath,) = result.breaths
    assert breath.start_s == pytest.approx(line.duration_s + 0.5, abs=0.1)
    times = result.track.times_s
    jaw = result.track.curve("jawOpen")
    inside = (times > breath.start_s + 0.15) & (times < breath.end_s - 0.12)
    assert 0.08 < jaw[inside].min() <= jaw[inside].max() < 0.2
    still = (times > line.duration_s + 0.2) & (times < breath.start_s - 0.1)
    assert not jaw[still].any()


def test_breaths_can_be_switched_off_and_nothing_else_changes(breathed_line: tuple):
    clip, timings, result = breathed_line
    config = SpeechConfig(expression=ExpressionConfig(breaths=False))
    without = speech_curves(clip, timings=timings, config=config)
    assert without.breaths == ()
    changed = (without.track.values != result.track.values).any(axis=0)
    assert {result.track.names[c] for c in np.flatnonzero(changed)} == set(MOVED)


def test_mood_is_read_on_request_alone_and_leaves_the_track(breathed_line: tuple):
    clip, timings, result = breathed_line
    assert result.mood is None
    config = SpeechConfig(expression=ExpressionConfig(auto_emotion=0.5))
    moody = speech_curves(clip, timings=timings, config=config)
    assert np.array_equal(moody.track.values, result.track.values)
    assert moody.mood is not None
    assert {len(amount) for amount in moody.mood.values()} == {len(result.track)}
    assert max(amount.max() for amount in moody.mood.values()) <= 0.5


@pytest.mark.parametrize(
    ("dial", "message"),
    [
        ({"effort": -0.1}, r"effort must be in 0\.\.2, got -0\.1"),
        ({"effort": float("nan")}, r"effort must be in 0\.\.2, got nan"),
        ({"auto_emotion": 1.5}, r"auto_emotion must be in 0\.\.1, got 1\.5"),
    ],
)
def test_dials_out_of_range_are_refused(dial: dict, message: str):
    with pytest.raises(InputError, match=message):
        ExpressionConfig(**dial)
