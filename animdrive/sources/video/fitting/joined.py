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
FACING = ("eyeWide",)
"""Curves that are asked for as well while the face is seen from the front: of a head that is turned
away, lids seen from the side are taken for wide ones."""
_FACING_SINE = (0.17, 0.38)
"""Sine of the yaw up to which a face is seen from the front, and from which it is turned away."""
_SHARE = np.array([FIT_SHARE if name.startswith(SHOWN) else 0.0 for name in ARKIT52])
_FACING_SHARE = np.array([FIT_SHARE if name.startswith(FACING) else 0.0 for name in ARKIT52])


def joined(learned: Floats, fitted: Floats, facing: Floats) -> Array:
    """Return curves [T, 52] in 0..1 between two readings.

    Args:
        learned: [T, 52] of the regressor.
        fitted: [T, 52] of the fit.
        facing: [T] sine of how far the head is turned away from the camera.
    """
    near, far = _FACING_SINE
    frontal = np.clip((far - np.abs(np.asarray(facing, dtype=np.float64))) / (far - near), 0, 1)
    share = _SHARE + frontal[:, None] * _FACING_SHARE
    return np.asarray(learned + share * (np.asarray(fitted) - learned), dtype=np.float64)
