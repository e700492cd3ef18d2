import numpy as np
import pytest

from animdrive.sources.video.timing.timeline import (
    Handover,
    constant_rate_times,
    monotone_cubic,
    resampled,
    runs,
    usual_rate,
)

HANDOVER = Handover(hold_s=0.2, release_s=0.4, return_s=0.2)
TIMES = np.arange(120) / 30


def channel(seen):
    """Return what one channel that is 1 whenever the face is seen becomes at the same times."""
    values = np.ones((len(TIMES), 1))
    values[~seen] = np.nan  # must never be looked at
    result, visible = resampled(values, TIMES, seen, TIMES, HANDOVER)
    return result[:, 0], visible


@pytest.mark.parametrize(
    ("times", "rate"),
    [
        (np.arange(90) / 25, 25),
        (np.round(np.arange(90) / 30, 3), 30),  # a container that counts milliseconds
        (np.arange(90) * 1001 / 30000, 30000 / 1001),
        (np.arange(300) / 60, 60),
        (np.array([0.0]), 30),
        (np.delete(np.arange(300) / 30, [50, 51, 120]), 30),  # dropped frames
        (np.arange(90) / 17.3, 17.3),
    ],
)
def test_the_usual_rate_of_a_clip(times, rate):
    assert usual_rate(times) == pytest.approx(rate, rel=0.012)


def test_known_rates_are_exact():
    assert usual_rate(np.round(np.arange(900) / 30, 3)) == 30
    assert usual_rate(np.arange(90) * 1001 / 24000) == 24000 / 1001


def test_runs_are_the_stretches_that_hold():
    mask = np.array([1, 1, 0, 0, 1, 0, 1], dtype=bool)
    assert runs(mask) == [slice(0, 2), slice(4, 5), slice(6, 7)]
    assert runs(np.zeros(3, dtype=bool)) == []


@pytest.mark.parametrize("dropped", [[7], [7, 8, 40], list(range(5, 100, 20))])
def test_dropped_frames_do_not_change_the_rate(dropped):
    assert usual_rate(np.delete(np.arange(100) / 25, dropped)) == 25


@pytest.mark.parametrize("fps", [1, 23.976, 60, 240])
def test_any_rate_lasts_as_long_as_the_clip(fps):
    at = constant_rate_times(np.arange(50) / 25, fps)
    assert len(at) / fps == pytest.approx(2.0, abs=0.5 / fps)


def test_constant_times_cover_the_clip():
    at = constant_rate_times(np.array([0.5, 0.7, 1.5]), 30)
    assert at[0] == 0.5
    assert at[-1] + 1 / 30 == pytest.approx(1.5 + 0.5)  # the last picture is shown as long, too
    np.testing.assert_allclose(np.diff(at), 1 / 30)


def test_frames_at_the_same_times_are_untouched(rng):
    values = rng.random((120, 3))
    result, visible = resampled(values, TIMES, np.ones(120, dtype=bool), TIMES, HANDOVER)
    np.testing.assert_allclose(result, values, atol=1e-12)
    assert visible.all()


def test_uneven_times_land_where_they_belong(rng):
    uneven = np.sort(rng.random(200)) * 4
    values = np.sin(uneven)[:, None]
    at = np.linspace(uneven[0], uneven[-1], 90)
    result, _ = resampled(values, uneven, np.ones(200, dtype=bool), at, HANDOVER)
    np.testing.assert_allclose(result[:, 0], np.sin(at), atol=5e-3)


def test_a_higher_rate_invents_no_overshoot(rng):
    values = (rng.random((120, 2)) > 0.5).astype(float)
    at = np.arange(476) / 119
    result, _ = resampled(values, TIMES, np.ones(120, dtype=bool), at, HANDOVER)
    assert result.min() >= 0
    assert result.max() <= 1


def test_a_lost_face_is_held_then_rests_then_returns():
    seen = np.ones(120, dtype=bool)
    seen[30:90] = False
    value, visible = channel(seen)
    np.testing.assert_array_equal(visible, seen)
    np.testing.assert_allclose(value[:36], 1)  # seen, then held for 0.2 s
    assert (np.diff(value[35:48]) <= 0).all()
    np.testing.assert_allclose(value[48:83], 0, atol=1e-6)  # rest
    assert (np.diff(value[83:91]) >= 0).all()
    np.testing.assert_allclose(value[90:], 1)


def test_nothing_leaps_on_the_way_out_and_in():
    seen = np.ones(120, dtype=bool)
    seen[30:90] = False
    value, _ = channel(seen)
    assert np.abs(np.diff(value)).max() < 0.3


def test_a_short_loss_is_crossed_without_rest():
    values = np.linspace(0, 1, 120)[:, None]
    seen = np.ones(120, dtype=bool)
    seen[50:54] = False
    result, _ = resampled(values, TIMES, seen, TIMES, HANDOVER)
    assert (np.diff(result[:, 0]) >= -1e-9).all()


def test_a_face_that_comes_late_or_leaves_early_comes_from_rest_and_goes_to_it():
    seen = np.zeros(120, dtype=bool)
    seen[40:70] = True
    value, _ = channel(seen)
    np.testing.assert_allclose(value[:33], 0, atol=1e-6)
    np.testing.assert_allclose(value[90:], 0, atol=1e-6)


def test_no_face_at_all_is_rest():
    value, visible = channel(np.zeros(120, dtype=bool))
    assert not value.any()
    assert not visible.any()


def test_a_single_picture_stays_one():
    result, visible = resampled(
        np.array([[0.4]]), np.array([2.0]), np.array([True]), np.array([2.0]), HANDOVER
    )
    assert result.tolist() == [[0.4]]
    assert visible.tolist() == [True]


@pytest.mark.parametrize("frames", [2, 3, 40])
def test_the_monotone_cubic_is_that_of_scipy(rng, frames):
    from scipy.interpolate import PchipInterpolator

    times = np.cumsum(rng.uniform(0.01, 0.05, frames))
    values = np.round(rng.normal(size=(frames, 4)), 1)  # rounded: some steps are level
    at = np.concatenate([times, rng.uniform(times[0], times[-1], 100)])
    wanted = PchipInterpolator(times, values, axis=0)(at)
    np.testing.assert_allclose(monotone_cubic(values, times, at), wanted, atol=1e-10)
