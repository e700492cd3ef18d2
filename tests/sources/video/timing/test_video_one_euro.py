"""The One-Euro filter: laws of a low-pass that follows speed."""

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.sources.video.timing.one_euro import OneEuro

FPS = 30.0


def filtered(values, *, fps=FPS, **settings):
    euro = OneEuro(**settings)
    return np.array([euro.step(row, at / fps) for at, row in enumerate(np.atleast_2d(values.T).T)])


def test_what_rests_stays_and_the_first_value_is_taken_as_it_is():
    steady = np.full((20, 3), [0.2, 0.5, 1.0])
    np.testing.assert_array_equal(filtered(steady, cutoff_hz=1.0, beta=2.0), steady)


def test_noise_is_calmed_and_the_lower_the_cutoff_the_calmer():
    noise = np.random.default_rng(3).normal(0, 0.01, (400, 1))
    calm = [filtered(noise, cutoff_hz=cutoff)[50:].std() for cutoff in (0.5, 2.0, 8.0)]
    assert calm[0] < calm[1] < calm[2] < noise.std()
    assert calm[0] < 0.35 * noise.std()


def test_no_output_leaves_the_range_of_what_came_before():
    values = np.random.default_rng(1).uniform(0, 1, (200, 4))
    out = filtered(values, cutoff_hz=1.0, beta=5.0)
    assert (out <= np.maximum.accumulate(values) + 1e-12).all()
    assert (out >= np.minimum.accumulate(values) - 1e-12).all()
    step = np.r_[np.zeros(5), np.ones(30)][:, None]
    risen = filtered(step, cutoff_hz=1.0, beta=5.0)
    assert risen.max() <= 1.0
    assert (np.diff(risen[:, 0]) >= 0).all()


def test_the_faster_it_moves_the_less_it_lags():
    ramp = np.clip((np.arange(40) - 5) / 4.0, 0, 1)[:, None]
    slow, fast = filtered(ramp, cutoff_hz=1.0, beta=0.0), filtered(ramp, cutoff_hz=1.0, beta=4.0)
    assert (ramp - fast).sum() < 0.4 * (ramp - slow).sum()


def test_without_beta_it_is_the_first_order_low_pass_of_the_paper():
    cutoff, values = 2.0, np.random.default_rng(2).normal(size=50)
    share = 1 / (1 + 1 / (2 * np.pi * cutoff) * FPS)
    expected, state = [], values[0]
    for value in values:
        state = state + share * (value - state)
        expected.append(state)
    np.testing.assert_allclose(filtered(values[:, None], cutoff_hz=cutoff)[:, 0], expected)


def test_a_longer_step_takes_on_more():
    out = []
    for step_s in (0.01, 0.1):
        euro = OneEuro(cutoff_hz=1.0)
        euro.step(np.zeros(1), 0.0)
        out.append(float(euro.step(np.ones(1), step_s)[0]))
    assert out[0] < out[1]


def test_after_a_reset_there_is_no_past():
    euro = OneEuro(cutoff_hz=0.1)
    euro.step(np.zeros(1), 0.0)
    euro.reset()
    assert euro.step(np.ones(1), 0.01)[0] == 1.0


def test_channels_have_settings_of_their_own():
    step = np.repeat(np.r_[np.zeros(3), np.ones(10)][:, None], 2, axis=1)
    out = filtered(step, cutoff_hz=np.array([0.5, 5.0]), beta=np.array([0.0, 1.0]))
    assert (out[4:, 0] < out[4:, 1]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cutoff_hz": 0.0}, "cutoffs must be above 0 Hz"),
        ({"derivative_cutoff_hz": -1.0}, "cutoffs must be above 0 Hz"),
        ({"beta": -0.1}, "beta must be 0 or more"),
    ],
)
def test_a_wrong_setting_is_named(settings, message):
    with pytest.raises(InputError, match=message):
        OneEuro(**settings)


def test_time_that_stands_still_is_an_error():
    euro = OneEuro()
    euro.step(np.zeros(1), 1.0)
    with pytest.raises(InputError, match=r"time must rise, got 1.0 s after 1.0 s"):
        euro.step(np.zeros(1), 1.0)
