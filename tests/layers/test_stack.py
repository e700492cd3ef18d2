import numpy as np
import pytest

from animdrive.contract import CurveTrack
from animdrive.errors import ContractError
from animdrive.layers.stack import Stack


class Times:
    def __init__(self, factor):
        self.factor = factor

    def apply(self, track, values):
        return values * np.float32(self.factor)


class Plus(Times):
    def apply(self, track, values):
        return values + np.float32(self.factor)


class Broken:
    def apply(self, track, values):
        return values[:, :1]


@pytest.fixture
def track():
    random = np.random.default_rng(1)
    values = random.uniform(0, 1, (6, 3))
    return CurveTrack(("a", "b", "c"), 30.0, values, head_rotation=np.ones((6, 3)), start_s=2.0)


def test_an_empty_stack_is_the_identity(track):
    assert Stack().apply(track) is track


def test_layers_apply_in_order_bottom_first(track):
    up_first = Stack([Plus(0.25), Times(0.5)]).apply(track).values
    np.testing.assert_allclose(up_first, (track.values + 0.25) * 0.5, atol=1e-6)


def test_values_are_clipped_only_at_the_top(track):
    there_and_back = Stack([Times(4.0), Times(0.25)]).apply(track)
    np.testing.assert_allclose(there_and_back.values, track.values, atol=1e-7)
    np.testing.assert_array_equal(
        Stack([Times(4.0)]).apply(track).values, np.minimum(track.values * 4, 1)
    )
    assert Stack([Plus(-0.5)]).apply(track).values.min() == 0


def test_everything_but_the_values_is_kept(track):
    done = Stack([Times(0.5)]).apply(track)
    np.testing.assert_array_equal(done.head_rotation, track.head_rotation)
    assert (done.fps, done.start_s, done.names) == (track.fps, track.start_s, track.names)


@pytest.mark.parametrize("layer", [Broken(), Times(np.nan)])
def test_a_broken_layer_is_named(track, layer):
    with pytest.raises(ContractError, match=f"{type(layer).__name__} must return finite values"):
        Stack([layer]).apply(track)
