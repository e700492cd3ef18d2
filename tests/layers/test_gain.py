import numpy as np
import pytest

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.errors import InputError
from animdrive.layers.gain import GainOffset


@pytest.fixture
def track():
    return CurveTrack(ARKIT52, 30.0, np.random.default_rng(2).uniform(0, 1, (5, 52)))


def test_gain_and_offset_reach_their_curve_alone(track):
    layer = GainOffset({"jawOpen": 2.0}, {"jawOpen": -0.1, "mouthClose": 0.3})
    done = layer.apply(track, track.values)
    expected = np.array(track.values)
    expected[:, ARKIT52.index("jawOpen")] = 2 * track.curve("jawOpen") - 0.1
    expected[:, ARKIT52.index("mouthClose")] = track.curve("mouthClose") + 0.3
    np.testing.assert_allclose(done, expected, atol=1e-6)
    others = [i for i, name in enumerate(ARKIT52) if name not in ("jawOpen", "mouthClose")]
    np.testing.assert_array_equal(done[:, others], track.values[:, others])


def test_nothing_asked_changes_no_bit(track):
    np.testing.assert_array_equal(GainOffset().apply(track, track.values), track.values)


def test_a_curve_that_the_track_lacks_is_left_out():
    track = CurveTrack(("jawOpen",), 30.0, np.full((2, 1), 0.5))
    done = GainOffset({"tongueOut": 0.0, "jawOpen": 0.5}).apply(track, track.values)
    np.testing.assert_array_equal(done, np.full((2, 1), 0.25))


def test_unknown_curve_has_near_matches():
    with pytest.raises(InputError, match=r"'mouthsmile_left' in the gains\. Did you mean mouthSm"):
        GainOffset({"mouthsmile_left": 1.0})
    with pytest.raises(InputError, match=r"'zzz' in the offsets\. The names are those of ARKit"):
        GainOffset(offsets={"zzz": 0.1})


@pytest.mark.parametrize("number", [-0.1, 1000.0, float("nan"), float("inf")])
def test_gain_out_of_range_is_refused(number):
    with pytest.raises(InputError, match=r"gain of 'jawOpen' must be in 0\.\.100"):
        GainOffset({"jawOpen": number})


def test_offset_out_of_range_is_refused():
    with pytest.raises(InputError, match=r"offset of 'jawOpen' must be in -1\.\.1, got 1\.5"):
        GainOffset(offsets={"jawOpen": 1.5})
