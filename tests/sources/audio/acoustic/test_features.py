"""What the networks hear, against tones and laws."""

import numpy as np
import pytest
from small_network import babble

from animdrive.sources.audio.acoustic import features
from animdrive.sources.audio.acoustic.features import (
    BANDS,
    FINE,
    band_matrix,
    features_of,
    fine_centres_hz,
    frames_in,
    hz_from_mel,
    log_mel,
    mel_from_hz,
    normalised,
    power_spectra,
)


def tone(hz, seconds=0.5):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(16_000 * seconds)) / 16_000)).astype(
        np.float32
    )


def test_mel_goes_there_and_back():
    hz = np.array([0.0, 80.0, 440.0, 1000.0, 7600.0])
    np.testing.assert_allclose(hz_from_mel(mel_from_hz(hz)), hz, atol=1e-9)
    assert mel_from_hz(1000.0) == pytest.approx(1000.0, abs=0.1)  # so the scale is defined


@pytest.mark.parametrize("hz", [250, 700, 1900, 3300, 6500])
def test_a_tone_lands_in_its_band(hz):
    power = power_spectra(tone(hz))[10:-10].mean(0)
    centres = fine_centres_hz()
    # The spectrum's bins are 31 Hz apart, and the mean over them is what a band holds.
    assert abs(centres[power.argmax()] - hz) < max(32, 0.02 * hz)
    loud = log_mel(power_spectra(tone(hz)))[20]
    edges = hz_from_mel(np.linspace(mel_from_hz(80), mel_from_hz(7600), BANDS + 2))
    assert edges[loud.argmax()] - 32 < hz < edges[loud.argmax() + 2] + 32


def test_bands_are_means_so_that_flat_power_stays_flat():
    assert band_matrix().shape == (FINE, BANDS)
    for warp in (0.8, 1.0, 1.25):
        np.testing.assert_allclose(band_matrix(warp).sum(0), 1, atol=1e-6)
        assert band_matrix(warp).min() >= 0


def test_ten_milliseconds_later_is_one_frame_later(rng):
    sound = babble(rng, 1.0)
    late = np.concatenate([np.zeros(160, np.float32), sound])
    np.testing.assert_allclose(power_spectra(late)[1:], power_spectra(sound), rtol=1e-4, atol=1e-8)


def test_a_frame_looks_at_the_sound_around_its_middle():
    click = np.zeros(16_000, np.float32)
    click[50 * 160 + 80] = 1.0
    power = power_spectra(click).sum(1)
    assert power.argmax() == 50
    assert power[49] == pytest.approx(power[51], rel=0.1)
    assert not power[:48].any()
    assert not power[53:].any()


@pytest.mark.parametrize("gain", [0.01, 0.3, 3.0])
def test_loudness_does_not_matter(rng, gain):
    sound = babble(rng, 1.0)
    quiet = features_of(np.float32(gain) * sound)
    np.testing.assert_allclose(quiet, features_of(sound), atol=2e-3)


def test_neither_does_the_colour_of_a_room():
    rng = np.random.default_rng(1)
    power = np.exp(rng.normal(0, 2, (200, FINE))).astype(np.float32)
    bands = np.log(power @ band_matrix())
    coloured = bands + rng.normal(0, 1, BANDS).astype(np.float32)
    np.testing.assert_allclose(normalised(coloured), normalised(bands), atol=1e-4)
    assert normalised(bands).mean(0) == pytest.approx(0, abs=1e-5)
    assert normalised(bands).std() == pytest.approx(1, abs=1e-2)


def test_a_longer_throat_moves_peaks_down():
    power = power_spectra(tone(2000))
    places = [log_mel(power, band_matrix(warp))[20].argmax() for warp in (0.8, 1.0, 1.25)]
    assert places == sorted(places, reverse=True)
    assert len(set(places)) == 3
    # A band that reads at 1.25 times its frequency finds the tone at 2000 / 1.25.
    edges = hz_from_mel(np.linspace(mel_from_hz(80), mel_from_hz(7600), BANDS + 2))
    assert edges[places[2]] < 1600 < edges[places[2] + 2]


def test_a_warp_keeps_the_order_of_bands_and_all_of_them_below_8_khz():
    for warp in (0.8, 1.25):
        reads = fine_centres_hz() @ band_matrix(warp)
        assert (np.diff(reads) > 0).all()
        assert abs(reads[-1] / (fine_centres_hz() @ band_matrix())[-1] - 1) < 0.1


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (160, 1), (161, 2), (4000, 25)])
def test_every_length_has_its_frames(rng, samples, frames):
    sound = rng.normal(size=samples).astype(np.float32)
    assert frames_in(samples) == frames
    heard = features_of(sound)
    assert heard.shape == (frames, BANDS)
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()


def test_digital_silence_is_finite():
    assert np.isfinite(features_of(np.zeros(3000, np.float32))).all()


def test_blocks_do_not_show(rng, monkeypatch):
    sound = babble(rng, 0.7)
    whole = power_spectra(sound)
    monkeypatch.setattr(features, "_BLOCK", 7)
    np.testing.assert_allclose(power_spectra(sound), whole, rtol=1e-5, atol=1e-10)


def test_the_input_stays_as_it_was(rng):
    sound = babble(rng, 0.2)
    before = sound.copy()
    features_of(sound)
    np.testing.assert_array_equal(sound, before)
