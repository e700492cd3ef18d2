from itertools import pairwise

import numpy as np
import pytest

from animdrive.tissue.take_motion import eased, in_takes, performed, swell, wander


@pytest.mark.parametrize("frames", [4, 5, 9, 10, 24, 61])
def test_a_swell_starts_at_rest_reaches_full_and_leaves_room_for_the_next(frames):
    curve = swell(frames)
    assert curve[0] == 0
    assert curve.max() == 1
    assert curve.min() >= 0
    assert curve[-1] < 0.7  # the next frame is at rest
    top = int(curve.argmax())
    assert (np.diff(curve[: top + 1]) >= 0).all()


def test_easing_starts_and_stops_without_speed():
    x = np.linspace(-0.5, 1.5, 2001)
    y = eased(x)
    assert y[0] == 0
    assert y[-1] == 1
    speed = np.gradient(y, x)
    assert abs(speed[np.abs(x) < 1e-3]).max() < 1e-4
    np.testing.assert_allclose(eased(0.5 + x) + eased(0.5 - x), 1, atol=1e-12)


def test_wandering_is_smooth_and_takes_no_notice_of_its_rate(rng):
    slow = wander(90, 30.0, np.random.default_rng(3), period_s=0.5, width=2)
    fast = wander(180, 60.0, np.random.default_rng(3), period_s=0.5, width=2)
    np.testing.assert_allclose(slow, fast[::2], atol=1e-12)
    assert np.abs(np.diff(fast, n=2, axis=0)).max() < 0.2
    assert fast.std() > 0.3


def test_a_performance_keeps_its_head_in_place_at_both_ends(rng):
    values = np.zeros((60, 52))
    values[20:40, 4] = 1.0  # looks up
    track = performed(values, 30.0, rng)
    assert not track.head_rotation[[0, -1]].any()
    assert not track.head_position[[0, -1]].any()
    assert np.abs(track.head_rotation).max() > 0.01
    assert track.eye_rotation[30, 0, 0] < -0.4  # pitch up
    assert not track.eye_rotation[10].any()


def test_blocks_are_shared_out_evenly_and_none_is_lost():
    blocks = [np.zeros((12, 1))] * 50
    runs = in_takes(blocks, 180)
    assert runs[0][0] == 0
    assert runs[-1][1] == 50
    assert all(a[1] == b[0] for a, b in pairwise(runs))
    assert all(12 * (b - a) <= 180 for a, b in runs)
    assert max(b - a for a, b in runs) - min(b - a for a, b in runs) <= 1
