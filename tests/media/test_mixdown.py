from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from animdrive.media.mixdown import Mixdown


def _weights(block: np.ndarray) -> np.ndarray:
    mixdown = Mixdown()
    mixdown.listen(block.astype(np.float32))
    return mixdown.weights(len(block))


@pytest.fixture
def voice(rng) -> np.ndarray:
    return rng.normal(0, 0.1, 4000)


def test_weights_of_what_was_never_heard_are_the_average():
    assert Mixdown().weights(4).tolist() == [0.25] * 4
    assert Mixdown().weights(1).tolist() == [1.0]


def test_an_inverted_channel_is_turned_over(voice):
    assert _weights(np.stack([voice, -voice])).tolist() == [0.5, -0.5]


def test_hum_counts_as_silence_and_a_quiet_voice_does_not(voice):
    assert _weights(np.stack([voice, voice * 0.01])).tolist() == [1.0, 0.0]
    assert _weights(np.stack([voice, voice * 0.1])).tolist() == [0.5, 0.5]


def test_the_order_of_channels_does_not_matter(voice, rng):
    other = rng.normal(0, 0.05, 4000)
    channels = [voice, -0.8 * voice, other, np.zeros(4000)]
    mixes = []
    for order in permutations(range(4)):
        block = np.stack([channels[i] for i in order])
        mix = _weights(block) @ block
        mixes.append(mix * np.sign(mix @ voice))
    np.testing.assert_allclose(mixes, [mixes[0]] * len(mixes), atol=1e-6)


def test_no_gain_changes_the_choice(voice, rng):
    block = np.stack([voice, rng.normal(0, 0.02, 4000), -voice])
    np.testing.assert_array_equal(_weights(block), _weights(block * 0.01))
