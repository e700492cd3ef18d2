"""How characters differ in what their curves do: other sculptors, other faces.

A regressor that has only seen one rig's smile takes every other smile for something else. Each
person it learns from therefore gets a rig of their own: curves that go further or less far, move
one part of their region more than another, and carry a little of what usually comes with them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.contract.names import MIRROR52

Array = npt.NDArray[np.float32]

_GAIN = 0.22
"""Standard deviation of the logarithm of how far a curve goes."""
_FIELD = 0.25
"""Standard deviation of the same from place to place."""
_FIELD_REACH_M = 0.022
_FIELD_CENTRES = 40
_LIDS = 0.2
"""How much of that the lids do: an eye that is shut is shut in every rig."""
_WITH = (
    ("mouthSmile", "cheekSquint", 0.6),
    ("mouthSmile", "mouthDimple", 0.4),
    ("mouthSmile", "mouthStretch", -0.2),
    ("eyeBlink", "cheekSquint", 0.3),
    ("eyeBlink", "eyeSquint", 0.4),
    ("eyeSquint", "cheekSquint", 0.5),
    ("noseSneer", "mouthUpperUp", 0.5),
    ("noseSneer", "browDown", 0.3),
    ("browDown", "eyeSquint", 0.3),
    ("mouthUpperUp", "noseSneer", 0.4),
    ("mouthFrown", "mouthStretch", 0.3),
    ("mouthStretch", "mouthFrown", 0.3),
    ("mouthLowerDown", "mouthStretch", 0.25),
    ("mouthPress", "mouthDimple", 0.3),
    ("browOuterUp", "eyeWide", 0.2),
    ("eyeWide", "browOuterUp", 0.25),
)
"""(curve, what a sculptor may have put into it as well, the most of it)."""
_WITH_BOTH = (
    ("mouthPucker", "mouthFunnel", 0.4),
    ("mouthFunnel", "mouthPucker", 0.4),
    ("mouthFunnel", "jawOpen", 0.12),
    ("mouthPucker", "jawOpen", 0.06),
    ("cheekPuff", "mouthPucker", 0.4),
    ("mouthShrugLower", "mouthRollLower", -0.3),
    ("mouthShrugLower", "mouthShrugUpper", 0.4),
    ("mouthRollUpper", "mouthRollLower", 0.25),
    ("mouthRollLower", "mouthRollUpper", 0.25),
    ("mouthShrugUpper", "mouthShrugLower", 0.2),
    ("jawOpen", "mouthShrugLower", -0.15),
    ("browInnerUp", "browOuterUpLeft", 0.4),
    ("browInnerUp", "browOuterUpRight", 0.4),
)


def varied_deltas(
    rest: Array, deltas: Array, rng: np.random.Generator, *, strength: float = 1.0
) -> Array:
    """Return other offsets for the same face, as another sculptor may have made them.

    Left and right stay mirror images to within a few per cent: the same draw is used for both.

    Args:
        rest: [V, 3] metres, the face at rest.
        deltas: [52, V, 3] metres, its curves in the order of `ARKIT52`.
        rng: Of the draw.
        strength: 0 changes nothing.
    """
    loose = np.array([_LIDS if name.startswith("eye") else 1.0 for name in ARKIT52])
    gains = np.exp(strength * _GAIN * loose * rng.standard_normal(len(ARKIT52)))
    fields = strength * _FIELD * loose[:, None] * rng.standard_normal((52, _FIELD_CENTRES))
    mirror = np.array(MIRROR52)
    for column, other in enumerate(mirror):
        if other > column:
            gains[other] = gains[column] * np.exp(0.04 * strength * rng.standard_normal())
            fields[other] = fields[column]
    # Centres lie on one half of the face and count by |x|, so that both halves vary alike.
    front = np.flatnonzero(rest[:, 2] > np.quantile(rest[:, 2], 0.4))
    centres = rest[rng.choice(front, _FIELD_CENTRES, replace=False)] * [0, 1, 1]
    centres[:, 0] = np.abs(rest[rng.choice(front, _FIELD_CENTRES), 0])
    folded = np.abs(rest) * [1, 0, 0] + rest * [0, 1, 1]
    apart = ((folded[:, None] - centres[None]) ** 2).sum(axis=2)
    kernel = np.exp(-0.5 * apart / _FIELD_REACH_M**2).astype(np.float32)
    kernel /= np.maximum(np.linalg.norm(kernel, axis=1, keepdims=True), 0.5)
    factors = np.exp(np.clip(kernel @ fields.T.astype(np.float32), -0.7, 0.7))  # [V, 52]
    varied = deltas * (gains[:, None].astype(np.float32) * factors.T)[..., None]
    result = varied.copy()
    for stem, other, most in _WITH:
        share = strength * most * _now_and_then(rng)
        for side in ("Left", "Right"):
            result[ARKIT_INDEX[stem + side]] += share * varied[ARKIT_INDEX[other + side]]
    for name, other, most in _WITH_BOTH:
        share = strength * most * _now_and_then(rng)
        result[ARKIT_INDEX[name]] += share * varied[ARKIT_INDEX[other]]
    return np.asarray(result, dtype=np.float32)


def _now_and_then(rng: np.random.Generator) -> float:
    return float(rng.random()) if rng.random() < 0.5 else 0.0
