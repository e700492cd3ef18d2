import numpy as np
import pytest

from animdrive.contract import ARKIT52
from animdrive.stream.vowels import VOWEL_MIXTURES, vowel_weights

SIDES = {"stretch": "mouthStretch", "smile": "mouthSmile", "lowerDown": "mouthLowerDown"}


def curves(**named):
    values = np.zeros(52)
    for name, value in named.items():
        for column in [f"{SIDES[name]}Left", f"{SIDES[name]}Right"] if name in SIDES else [name]:
            values[ARKIT52.index(column)] = value
    return values


@pytest.mark.parametrize("vowel", VOWEL_MIXTURES)
@pytest.mark.parametrize("amount", [0.3, 1.0])
def test_a_vowel_s_own_mixture_is_that_vowel_alone(vowel, amount):
    mixture = {name: amount * weight for name, weight in VOWEL_MIXTURES[vowel].items()}
    weights = vowel_weights(curves(**mixture))
    assert weights.pop(vowel) == pytest.approx(amount, abs=0.02)
    assert max(weights.values()) < 0.05


def test_a_mouth_at_rest_or_closed_says_nothing():
    assert set(vowel_weights(np.zeros(52)).values()) == {0.0}
    closed = vowel_weights(curves(jawOpen=0.4, mouthClose=0.4))
    assert max(closed.values()) == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_weights_stay_in_range_whatever_the_curves(seed):
    weights = vowel_weights(np.random.default_rng(seed).uniform(size=52))
    assert list(weights) == ["A", "I", "U", "E", "O"]
    assert all(0 <= weight <= 1 for weight in weights.values())


def test_no_other_weights_come_closer(rng):
    names = ("jawOpen", "mouthPucker", "mouthFunnel", "stretch", "smile", "lowerDown")
    matrix = np.array([[m.get(n, 0.0) for m in VOWEL_MIXTURES.values()] for n in names])
    wanted = rng.uniform(0, 0.5, len(names))
    found = np.array(list(vowel_weights(curves(**dict(zip(names, wanted, strict=True)))).values()))
    error = np.linalg.norm(matrix @ found - wanted)
    for _ in range(300):
        other = np.clip(found + rng.normal(0, 0.1, 5), 0, 1)
        assert np.linalg.norm(matrix @ other - wanted) >= error - 1e-4
