"""Features of running sound: causal, the same in any pieces, and alike for all voices in time."""

import numpy as np
import pytest
from small_network import babble

from animdrive.sources.audio.acoustic.features import BANDS, FINE, power_spectra
from animdrive.sources.audio.acoustic.running import (
    RunningMeasure,
    running_log_mel,
    running_normalised,
)


@pytest.fixture(scope="module")
def bands():
    return running_log_mel(power_spectra(babble(np.random.default_rng(2), 30.0)))


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_pieces_do_not_matter(bands, size):
    measure = RunningMeasure()
    parts = [measure.push(bands[at : at + size]) for at in range(0, 700, size)]
    np.testing.assert_allclose(
        np.concatenate(parts)[:700], running_normalised(bands)[:700], atol=1e-5
    )


def test_nothing_that_comes_later_changes_a_frame(bands):
    changed = bands.copy()
    changed[400:] += 3
    np.testing.assert_array_equal(
        running_normalised(changed)[:400], running_normalised(bands)[:400]
    )


def test_it_is_the_plain_recursion(bands):
    """The sums without the vectorisation, frame by frame."""
    from animdrive.sources.audio.acoustic import running

    measure = RunningMeasure()
    count, total, squares = measure._count, measure._sum.copy(), measure._squares
    loudest = measure._loudest
    expected = []
    for row in bands[:2500].astype(np.float64):
        loudest = max(loudest - running._FADING, row.mean(), running._FAINTEST)
        weight = float(row.mean() > loudest - running._QUIET)
        kept = running._KEPT**weight
        count = kept * count + weight
        total = kept * total + weight * row
        centred = row - total / count
        squares = kept * squares + weight * np.mean(centred**2)
        expected.append(centred / np.sqrt(squares / count))
    np.testing.assert_allclose(measure.push(bands[:2500]), expected, atol=1e-4)


def test_after_a_while_loudness_and_colour_do_not_matter(bands):
    colour = np.linspace(-1.5, 1.5, BANDS).astype(np.float32) + 1.0
    quiet, loud = running_normalised(bands), running_normalised(bands + colour)
    spoken = bands.mean(1) > bands.mean(1).max() - 3.5
    differs = np.abs(loud - quiet)[spoken].mean(1)
    assert differs[-100:].max() < 0.1 < differs[:5].mean()
    assert loud[1500:][spoken[1500:]].std() == pytest.approx(1, abs=0.5)
    np.testing.assert_allclose(loud[1500:][spoken[1500:]].mean(0), 0, atol=0.3)


@pytest.mark.parametrize("seconds", [2, 120])
@pytest.mark.parametrize("spoken", [0, 1500])
def test_a_pause_is_not_taken_for_the_voice(bands, spoken, seconds):
    silence = np.full((100 * seconds, BANDS), np.log(1e-9), np.float32)
    paused = running_normalised(np.concatenate([bands[:spoken], silence, bands[spoken:1600]]))
    straight = running_normalised(bands[:1600])
    # What is forgotten is how loud the loudest was, which only sorts the faintest frames.
    assert np.abs(paused[-100:] - straight[-100:]).mean() < 0.4


def test_the_floor_is_always_the_same():
    faint = np.full((1, FINE), 1e-14, np.float32)
    loud = np.full((1, FINE), 1e-2, np.float32)
    together = running_log_mel(np.concatenate([faint, loud]))
    np.testing.assert_array_equal(together[:1], running_log_mel(faint))
    np.testing.assert_array_equal(together[1:], running_log_mel(loud))
    np.testing.assert_allclose(together[0], np.log(1e-9), atol=1e-3)


def test_no_frames_are_no_frames():
    assert running_normalised(np.zeros((0, BANDS), np.float32)).shape == (0, BANDS)
