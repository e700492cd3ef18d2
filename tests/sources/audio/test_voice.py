from __future__ import annotations

import re

import numpy as np
import pytest

from animdrive.errors import BackendError, InputError
from animdrive.sources.audio import espeak
from animdrive.sources.audio.voice import speak


def test_the_same_call_gives_the_same_samples():
    first = speak("Hello there.")
    speak("Something else, shh!")
    again = speak("Hello there.")
    assert np.array_equal(first.samples, again.samples)
    assert np.abs(first.samples).max() > 0.1


def test_a_faster_voice_takes_less_time():
    slow = speak("one two three four five six", words_per_minute=120)
    fast = speak("one two three four five six", words_per_minute=240)
    assert fast.duration_s < 0.75 * slow.duration_s


def test_voices_and_pitches_differ():
    plain = speak("hello")
    assert not np.array_equal(plain.samples, speak("hello", voice="en-us+f3").samples)
    assert not np.array_equal(plain.samples, speak("hello", pitch=90).samples)


def test_no_text_is_refused():
    with pytest.raises(InputError, match="no text to speak"):
        speak("  ")


def test_an_unknown_voice_is_refused_and_the_next_call_works():
    with pytest.raises(InputError, match="no voice 'zz-zz'"):
        speak("hello", voice="zz-zz")
    assert speak("hello").duration_s > 0.2


def test_the_voices_named_to_whoever_asked_for_another_are_there():
    with pytest.raises(InputError, match="no voice 'en-gb'") as caught:
        speak("hello", voice="en-gb")
    named = re.findall(r"'([^']+)'", str(caught.value))[1:]
    assert len(named) == 2
    first, second = (espeak.ipa("hello there", voice=voice) for voice in named)
    assert first != second


@pytest.mark.parametrize("speed", [79, 451])
def test_a_speed_out_of_range_is_refused(speed: int):
    with pytest.raises(InputError, match=f"words_per_minute must be in 80..450, got {speed}"):
        speak("hello", words_per_minute=speed)


def test_a_pitch_out_of_range_is_refused():
    with pytest.raises(InputError, match=r"pitch must be in 0\.\.100, got 101"):
        speak("hello", pitch=101)


def test_a_library_that_cannot_be_loaded_is_told(monkeypatch: pytest.MonkeyPatch):
    def gone() -> None:
        raise OSError("no such file")

    monkeypatch.setattr(espeak, "_library_file", gone)
    with pytest.raises(BackendError, match=r"espeak-ng cannot be used here .*pip install"):
        speak("hello")


def test_voices_under_a_long_path_are_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(espeak, "_LONGEST_PATH", 5)
    assert speak("hello").duration_s > 0.2


def test_ipa_reads_every_clause():
    assert espeak.ipa("Yes. No!").split() == ["jˈɛs", "nˈoʊ"]
