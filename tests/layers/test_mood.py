from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.errors import ContractError, InputError
from animdrive.layers.emotion import EmotionLayer
from animdrive.layers.mood import MoodLayer

FRAMES = 90
RNG = np.random.default_rng(0)
TRACK = CurveTrack(ARKIT52, 30.0, RNG.uniform(size=(FRAMES, 52)).astype(np.float32))


def test_amounts_that_do_not_change_are_an_emotion():
    amounts = {"happy": 0.6, "sad": 0.25}
    still = MoodLayer({name: np.full(FRAMES, amount) for name, amount in amounts.items()})
    expected = EmotionLayer(amounts).apply(TRACK, TRACK.values)
    assert still.apply(TRACK, TRACK.values) == pytest.approx(expected, abs=1e-6)


def test_each_frame_has_its_own_amount():
    amount = np.linspace(0, 1, FRAMES)
    values = MoodLayer({"angry": amount}).apply(TRACK, TRACK.values)
    for frame in (0, 40, FRAMES - 1):
        alone = EmotionLayer({"angry": float(amount[frame])}).apply(TRACK, TRACK.values)
        assert values[frame] == pytest.approx(alone[frame], abs=1e-6)


@pytest.mark.parametrize("amounts", [{}, {"happy": np.zeros(FRAMES)}])
def test_nothing_changes_no_bit(amounts: dict):
    assert np.array_equal(MoodLayer(amounts).apply(TRACK, TRACK.values), TRACK.values)


def test_more_than_full_is_full():
    both = {"happy": np.ones(FRAMES), "surprised": np.ones(FRAMES), "fearful": np.ones(FRAMES)}
    rest = CurveTrack(ARKIT52, 30.0, np.zeros((FRAMES, 52), np.float32))
    assert MoodLayer(both).apply(rest, rest.values).max() <= 1


def test_a_mood_of_another_length_is_refused():
    with pytest.raises(ContractError, match="A mood of 4 frames cannot lie on a track of 90"):
        MoodLayer({"happy": np.zeros(4)}).apply(TRACK, TRACK.values)


def test_amounts_of_different_lengths_are_refused():
    with pytest.raises(ContractError, match=r"must be \[T\] all alike"):
        MoodLayer({"happy": np.zeros(4), "sad": np.zeros(5)})


@pytest.mark.parametrize("wrong", [1.5, -0.1, float("nan")])
def test_amounts_out_of_range_are_refused(wrong: float):
    with pytest.raises(InputError, match=r"amount of emotion 'sad' must be in 0\.\.1"):
        MoodLayer({"sad": np.array([0.2, wrong])})


def test_an_unknown_emotion_is_refused():
    with pytest.raises(InputError, match="Unknown emotion 'bored'"):
        MoodLayer({"bored": np.zeros(3)})
