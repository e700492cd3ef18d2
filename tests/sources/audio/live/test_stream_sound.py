"""Running sound against the same sound at once, and against tones whose answer is known."""

import numpy as np
import pytest

from animdrive.contract import AudioClip
from animdrive.errors import InputError
from animdrive.sources.audio.live.stream_sound import StreamResampler, StreamSound
from animdrive.sources.audio.sound import levels_of_clip


def tone(hz, rate, seconds=1.0):
    return np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)


def pieces(samples, size):
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def resampled(samples, rate, size=10_000):
    stream = StreamResampler(rate)
    return np.concatenate([hop for part in pieces(samples, size) for hop in stream.push(part)])


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_tone_stays_itself_in_its_place(rate):
    out = resampled(tone(440, rate), rate)
    assert 15_600 <= len(out) <= 16_000
    middle = slice(800, 15_000)
    np.testing.assert_allclose(out[middle], tone(440, 16_000)[middle], atol=2e-3)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_what_16_khz_cannot_hold_is_taken_out(rate):
    assert np.abs(resampled(tone(10_500, rate), rate)[800:15_000]).max() < 0.01


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_a_constant_stays_constant(rate):
    out = resampled(np.full(rate, 0.25), rate)
    np.testing.assert_allclose(out[800:15_000], 0.25, atol=1e-6)


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
@pytest.mark.parametrize("size", [1, 7, 160, 1000])
def test_the_pieces_do_not_matter(rate, size, rng):
    samples = 0.3 * rng.normal(size=round(rate * 0.3))
    whole, parts = StreamSound(rate), StreamSound(rate)
    expected = whole.push(samples) + whole.finish(tail_s=0.05)
    found = [hop for part in pieces(samples, size) for hop in parts.push(part)]
    found += parts.finish(tail_s=0.05)
    assert len(found) == len(expected) == 35
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples)
        assert (a.level_db, a.gate_db, a.speech_db) == (b.level_db, b.gate_db, b.speech_db)


def test_nothing_that_comes_later_changes_what_is_out(rng):
    samples = 0.3 * rng.normal(size=8_000)
    other = samples.copy()
    other[4_000:] = 0
    a, b = StreamSound(16_000).push(samples), StreamSound(16_000).push(other)
    for one, two in zip(a[:25], b[:25], strict=True):
        np.testing.assert_array_equal(one.samples, two.samples)
    assert not np.array_equal(a[26].samples, b[26].samples)


def test_an_offset_is_gone_within_a_moment():
    hops = StreamSound(16_000).push(np.full(16_000, 0.3))
    assert abs(float(hops[-1].samples.mean())) < 1e-3


@pytest.mark.parametrize("gain", [0.02, 0.1, 1.0])
def test_loud_and_soft_speech_come_out_alike(gain, rng):
    bursts = np.repeat(np.tile([1.0, 0.01], 10), 3_200) * rng.normal(size=64_000) * 0.2 * gain
    hops = StreamSound(16_000).push(np.clip(bursts, -1, 1))
    loud = np.concatenate([hop.samples for hop in hops[-40:-20]])
    assert 0.02 < np.sqrt(np.mean(loud**2)) < 0.2
    heard = np.array([hop.heard for hop in hops])
    late = heard[200:].reshape(-1, 20)
    assert late[::2, 3:18].all()
    assert not late[1::2, 3:18].any()


def test_levels_are_those_of_the_whole_clip(rng):
    samples = np.float32(0.1 * rng.normal(size=16_000))
    found = [hop.level_db for hop in StreamSound(16_000).push(samples)]
    whole = levels_of_clip(AudioClip(samples, 16_000))
    # There the window lies around a hop, here it ends with it.
    assert np.mean(found[5:]) == pytest.approx(np.mean(whole[5:]), abs=0.3)


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_silence_is_never_heard(level, rng):
    hops = StreamSound(16_000).push(level * rng.normal(size=48_000))
    assert not any(hop.heard for hop in hops)


def test_what_is_no_number_is_silence():
    hops = StreamSound(16_000).push([np.nan, np.inf, -np.inf] * 160)
    assert all(np.isfinite(hop.samples).all() for hop in hops)


@pytest.mark.parametrize("rate", [0, 999, 400_000])
def test_a_rate_that_is_none_is_told(rate):
    with pytest.raises(InputError, match=rf"rate must be in 1000..384000 .*, got {rate}"):
        StreamSound(rate)
