"""Two readings of one face, joined: the regressor's and the fit of the rig's own shapes.

Where landmarks show a curve, the two err in different ways and their mean is better than either:
the fit keeps sides apart, as in a wink, and follows brows and lips all the way. Where pixels tell,
as of pressed or rolled lips, the regressor alone is asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]

FIT_SHARE = 0.35
"""Of the fit, in the curves of `SHOWN`."""
SHOWN = (
    "browDown",
    "browOuterUp",
    "cheekPuff",
    "eyeBlink",
    "eyeSquint",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDown",
    "mouthRight",
)
"""Curves (by the start of their name) that both readings are asked for."""
_SHARE = np.array([FIT_SHARE if name.startswith(SHOWN) else 0.0 for name in ARKIT52])


def joined(learned: Floats, fitted: Floats) -> Array:
    """Return curves [T, 52] in 0..1 between what was `learned` and what was `fitted`."""
    return np.asarray(learned + _SHARE * (np.asarray(fitted) - learned), dtype=np.float64)
