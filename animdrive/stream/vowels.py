"""The 52 curves as the five vowels that every VRM avatar has.

Each vowel clip stands for a mixture of curves; the weights are those whose sum comes closest to
the curves (least squares, none below 0). The mixtures are the poses of the vowels in a mouth that
speaks, at the clip's full weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT_INDEX

VOWEL_MIXTURES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "A": {"jawOpen": 0.60, "lowerDown": 0.10},
        "I": {"jawOpen": 0.15, "stretch": 0.35, "smile": 0.10, "lowerDown": 0.16},
        "U": {"jawOpen": 0.10, "mouthPucker": 0.80, "mouthFunnel": 0.25},
        "E": {"jawOpen": 0.38, "stretch": 0.22, "lowerDown": 0.15},
        "O": {"jawOpen": 0.40, "mouthPucker": 0.40, "mouthFunnel": 0.45},
    }
)
"""VRM 0 vowel → what it is made of. "stretch", "smile" and "lowerDown" are the means of left and
right; jawOpen is less what mouthClose takes back."""

_FEATURES = ("jawOpen", "mouthPucker", "mouthFunnel", "stretch", "smile", "lowerDown")
_MATRIX = np.array(
    [[mixture.get(name, 0.0) for mixture in VOWEL_MIXTURES.values()] for name in _FEATURES]
)


def _solvers() -> npt.NDArray[np.float64]:
    """Return [31, 5, 6]: for every choice of vowels, the best weights of these for the features."""
    count = len(VOWEL_MIXTURES)
    solvers = np.zeros((2**count - 1, count, len(_FEATURES)))
    for choice in range(1, 2**count):
        chosen = [at for at in range(count) if choice >> at & 1]
        solvers[choice - 1, chosen] = np.linalg.pinv(_MATRIX[:, chosen])
    return solvers


_SOLVERS = _solvers()


def vowel_weights(values: npt.ArrayLike) -> dict[str, float]:
    """Return the weight 0..1 of A, I, U, E and O for the curves `values` [52].

    A mouth at rest or closed gives 0 for all.
    """
    curves = np.asarray(values, dtype=np.float64)

    def one(name: str) -> float:
        return float(curves[ARKIT_INDEX[name]])

    def both(name: str) -> float:
        return (one(f"{name}Left") + one(f"{name}Right")) / 2

    wanted = np.array(
        [
            max(0.0, one("jawOpen") - one("mouthClose")),
            one("mouthPucker"),
            one("mouthFunnel"),
            both("mouthStretch"),
            both("mouthSmile"),
            both("mouthLowerDown"),
        ]
    )
    # Of five, every choice can be tried: the best one without a weight below 0 is the answer.
    tried = np.concatenate([np.zeros((1, len(VOWEL_MIXTURES))), _SOLVERS @ wanted])
    off = np.linalg.norm(tried @ _MATRIX.T - wanted, axis=1)
    off[(tried < -1e-9).any(axis=1)] = np.inf
    weights = np.clip(tried[np.argmin(off)], 0.0, 1.0)
    return dict(zip(VOWEL_MIXTURES, (float(weight) for weight in weights), strict=True))
