"""Cepstra against a straightforward computation, frame by frame."""

import numpy as np
import pytest
from scipy.fft import dct
from scipy.signal.windows import hamming
from small_network import babble

from animdrive.sources.audio.acoustic import cepstra as room
from animdrive.sources.audio.acoustic.cepstra import cepstra_of, with_motion


def triangles():
    """[25, 257] of unit area between 130 and 6800 Hz, corners on bins, one after the other."""
    mel = np.linspace(2595 * np.log10(1 + 130 / 700), 2595 * np.log10(1 + 6800 / 700), 27)
    corners = np.round(700 * (10 ** (mel / 2595) - 1) / 31.25) * 31.25
    bins = np.arange(257) * 31.25
    return np.stack(
        [
            np.interp(bins, corners[i : i + 3], [0, 2 / (corners[i + 2] - corners[i]), 0])
            for i in range(25)
        ]
    )


def slowly(sound):
    """Davis and Mermelstein step by step, with SciPy's window and cosine transform."""
    loud = sound.astype(np.float64) * 32768
    loud += np.random.default_rng(0).normal(0.0, 1.0, len(loud))
    sharp = np.concatenate([loud[:1], loud[1:] - 0.97 * loud[:-1]])
    frames = -(-len(sound) // 160)
    sharp = np.concatenate([np.zeros(125), sharp, np.zeros(500)])
    rows = []
    for frame in range(frames):
        window = sharp[160 * frame : 160 * frame + 410] * hamming(410)
        power = np.abs(np.fft.rfft(window, 512)) ** 2
        bands = np.log(np.maximum(triangles() @ power, 1e-4))
        row = dct(bands, norm="ortho")[:13]
        rows.append(row * (1 + 11 * np.sin(np.pi * np.arange(13) / 22)))
    return np.array(rows) - np.mean(rows, axis=0)


def test_they_are_those_of_the_textbook(rng):
    sound = babble(rng, 0.5)
    np.testing.assert_allclose(cepstra_of(sound), slowly(sound), atol=5e-3)


def test_their_mean_is_zero(rng):
    np.testing.assert_allclose(cepstra_of(babble(rng, 1.0)).mean(0), 0, atol=1e-4)


def test_louder_is_the_same(rng):
    sound = rng.normal(0, 0.05, 16_000).astype(np.float32)
    np.testing.assert_allclose(cepstra_of(3 * sound), cepstra_of(sound), atol=0.1)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (161, 2)])
def test_every_length_has_its_frames(samples, frames):
    cepstra = cepstra_of(np.zeros(samples, np.float32))
    assert cepstra.shape == (frames, 13)
    assert np.isfinite(cepstra).all()
    assert [stream.shape for stream in with_motion(cepstra)] == [(frames, 13)] * 3


def test_blocks_do_not_show(rng, monkeypatch):
    sound = babble(rng, 0.5)
    whole = cepstra_of(sound)
    monkeypatch.setattr(room, "_BLOCK", 9)
    np.testing.assert_allclose(cepstra_of(sound), whole, atol=1e-4)


def test_motion_of_a_ramp_and_of_a_bow(rng):
    time = np.arange(20, dtype=np.float32)[:, None] * np.ones(13, np.float32)
    still, slope, bend = with_motion(time)
    np.testing.assert_array_equal(still, time)
    np.testing.assert_allclose(slope[3:-3], 4)
    np.testing.assert_allclose(bend[3:-3], 0)
    still, slope, bend = with_motion(time**2)
    np.testing.assert_allclose(slope[3:-3], 8 * time[3:-3])
    np.testing.assert_allclose(bend[3:-3], 16)
