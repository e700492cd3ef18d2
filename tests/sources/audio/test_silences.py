from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import AudioClip
from animdrive.sources.audio.silences import Said, merged, shut_in_silence
from animdrive.sources.audio.sound import Sound, sound_from_clip


@pytest.fixture
def sound() -> Sound:
    """One second of noise, one of near silence, one of softer noise."""
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.1, 48000)
    samples[16000:32000] *= 1e-3
    samples[32000:] *= 0.3
    return sound_from_clip(AudioClip(samples=samples.astype(np.float32), sample_rate=16000))


def contiguous(said: list[Said], end_s: float) -> bool:
    joints = [said[0].start_s, *(item.end_s for item in said)]
    starts = [item.start_s for item in said]
    return joints[:-1] == pytest.approx(starts) and joints[0] == 0 and joints[-1] == end_s


def test_a_phone_stretched_over_a_silence_stays_on_its_louder_side(sound: Sound):
    said = shut_in_silence([Said(0, 0.5, "AA", 0), Said(0.5, 3, "S", 0)], sound)
    assert [item.phone for item in said] == ["AA", "S", "SIL"]
    assert said[1].end_s == pytest.approx(1.05, abs=0.02)
    assert contiguous(said, 3.0)


def test_phones_within_a_silence_vanish(sound: Sound):
    phones = [Said(0, 1, "AA", 0), Said(1, 1.5, "T", 1), Said(1.5, 2, "IY", 1), Said(2, 3, "N", 2)]
    said = shut_in_silence(phones, sound)
    assert [item.phone for item in said] == ["AA", "T", "SIL", "IY", "N"]
    assert said[2].end_s - said[2].start_s == pytest.approx(0.9, abs=0.03)
    assert contiguous(said, 3.0)


def test_a_crumb_at_the_edge_becomes_silence_unless_lips_close(sound: Sound):
    def left(phone: str) -> list[str]:
        phones = [Said(0, 1.045, "AA", 0), Said(1.045, 1.9, phone, 0), Said(1.9, 3, "IY", 1)]
        return [item.phone for item in shut_in_silence(phones, sound)]

    assert left("T") == ["AA", "SIL", "IY"]
    assert left("B") == ["AA", "B", "SIL", "IY"]


def test_phones_in_sound_are_left_alone(sound: Sound):
    phones = [Said(0, 1, "AA", 0), Said(1, 2, "SIL", -1), Said(2, 3, "N", 1)]
    assert [item.phone for item in shut_in_silence(phones, sound)] == ["AA", "SIL", "N"]


def test_merged_joins_silences_and_drops_what_is_empty():
    said = [Said(0, 1, "SIL", -1), Said(1, 1, "T", 0), Said(1, 2, "SIL", -1), Said(2, 3, "N", 1)]
    assert merged(said) == [Said(0, 2, "SIL", -1), Said(2, 3, "N", 1)]
