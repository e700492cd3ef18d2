import numpy as np
import pytest
from face_maker import FPS, blink, hill

from animdrive.sources.video.timing.smooth import local_parabola, smoothed, without_impulses

FRAMES = 240


def face_channels(rng, noise=0.01):
    """Return [T, 3]: blinks, a mouth that closes, a slow turn; with and without noise."""
    blinks = np.max([blink(FRAMES, at) for at in (40, 103, 170)], axis=0)
    mouth = 0.5 - 0.5 * np.max([hill(FRAMES, at, at + 4, 0.8) for at in (60, 130)], axis=0)
    turn = np.sin(np.arange(FRAMES) / 40)
    clean = np.column_stack([blinks, mouth, turn])
    return clean, clean + rng.normal(0, noise, clean.shape)


def test_blinks_keep_their_peak(rng):
    clean, noisy = face_channels(rng)
    calm = smoothed(noisy, fps=FPS)
    for at in (40, 103, 170):
        assert calm[at - 1 : at + 2, 0].max() >= 0.9 * clean[at, 0]


def test_a_mouth_that_closes_for_a_moment_stays_closed(rng):
    clean, noisy = face_channels(rng)
    calm = smoothed(noisy, fps=FPS)
    for at in (61, 131):
        assert calm[at : at + 2, 1].min() <= clean[at : at + 2, 1].min() + 0.05


def test_nothing_moves_in_time(rng):
    clean, noisy = face_channels(rng)
    calm = smoothed(noisy, fps=FPS)
    lags = range(-4, 5)
    for channel in range(3):
        apart = [
            np.abs(np.roll(calm[:, channel], -lag) - clean[:, channel])[10:-10].mean()
            for lag in lags
        ]
        assert lags[int(np.argmin(apart))] == 0


def test_backwards_is_the_same_backwards(rng):
    _, noisy = face_channels(rng)
    np.testing.assert_allclose(
        smoothed(noisy[::-1], fps=FPS), smoothed(noisy, fps=FPS)[::-1], atol=1e-9
    )


@pytest.mark.parametrize(("fps", "left"), [(30, 0.65), (60, 0.5)])
def test_a_still_face_comes_to_rest(rng, fps, left):
    noisy = rng.normal(0.3, 0.02, (FRAMES, 4))
    assert smoothed(noisy, fps=fps).std() < left * noisy.std()


def test_noise_is_less_after_than_before_everywhere(rng):
    clean, noisy = face_channels(rng)
    calm = smoothed(noisy, fps=FPS)
    assert (np.abs(calm - clean).mean(axis=0) < np.abs(noisy - clean).mean(axis=0)).all()


def test_a_clean_curve_passes_unchanged():
    parabola = ((np.arange(60) - 25) / 60.0)[:, None] ** 2
    np.testing.assert_allclose(smoothed(parabola, fps=FPS), parabola, atol=1e-9)


def test_a_single_wild_frame_is_mended_unless_it_may_be_a_blink(rng):
    given = 0.2 + rng.normal(0, 0.004, (90, 1))
    given[40] += 0.6
    assert abs(without_impulses(given, fps=30)[40, 0] - 0.2) < 0.05
    np.testing.assert_array_equal(without_impulses(given, fps=15), given)


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_what_is_too_short_to_smooth_is_returned_as_it_is(frames):
    given = np.linspace(0, 1, frames)[:, None]
    np.testing.assert_array_equal(smoothed(given, fps=FPS), given)


def test_no_window_smooths_nothing(rng):
    given = rng.normal(size=(50, 2))
    np.testing.assert_array_equal(smoothed(given, fps=FPS, window_s=0), given)


@pytest.mark.parametrize(("frames", "length"), [(40, 7), (7, 7), (200, 15), (9, 5)])
def test_the_local_parabola_is_that_of_scipy(rng, frames, length):
    from scipy.signal import savgol_filter

    values = rng.normal(size=(frames, 3))
    wanted = savgol_filter(values, length, 2, axis=0, mode="interp")
    np.testing.assert_allclose(local_parabola(values, length), wanted, atol=1e-12)


def test_a_parabola_is_left_as_it_is():
    time = np.linspace(-1, 2, 30)
    values = np.stack([time**2, 3 - time], axis=1)
    np.testing.assert_allclose(local_parabola(values, 9), values, atol=1e-12)
