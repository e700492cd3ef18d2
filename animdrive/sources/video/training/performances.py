"""What faces do: expressions drawn at random, as often and as strong as faces show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.contract.names import MIRROR52
from animdrive.rig.pose import LOOK_CURVES, looks_from_eye_rotation

Array = npt.NDArray[np.float64]

REST, ALONE, MIXED, SPOKEN, MOOD = range(5)
"""Kinds of expression: at rest, one or two curves, many at once, speech, a mood."""
_SHARES = (0.07, 0.22, 0.34, 0.20, 0.17)
_SMALL, _LEAST = 0.5, 0.12
"""How often an expression is a small one, and of what size at least: most of what faces do is."""
_EYE_STD = (0.16, 0.24)
"""Of pitch and yaw of the gaze, radians."""
_EYE_LIMIT = (0.45, 0.55)

_PAIRED = tuple(
    dict.fromkeys(
        name.removesuffix("Left").removesuffix("Right")
        for name in ARKIT52
        if name not in LOOK_CURVES
    )
)
"""Curves without their side; jaw and mouth to the left and right are sides of one."""
_EXCLUSIVE = ("jaw", "mouth")
"""Pairs whose sides are never on together."""
_ASIDE = 0.12
"""How often a paired curve of a mixture is on one side alone."""

_MIXED: Mapping[str, tuple[float, float]] = {
    "browInnerUp": (0.30, 0.7),
    "browOuterUp": (0.22, 0.7),
    "browDown": (0.28, 0.7),
    "eyeBlink": (0.22, 1.0),
    "eyeSquint": (0.25, 0.7),
    "eyeWide": (0.16, 0.8),
    "cheekSquint": (0.22, 0.7),
    "cheekPuff": (0.08, 0.9),
    "noseSneer": (0.18, 0.8),
    "jawOpen": (0.45, 0.7),
    "jawForward": (0.07, 0.8),
    "jaw": (0.10, 0.8),
    "mouthClose": (0.06, 0.6),
    "mouthFunnel": (0.14, 0.8),
    "mouthPucker": (0.16, 0.9),
    "mouth": (0.12, 0.7),
    "mouthSmile": (0.28, 0.9),
    "mouthFrown": (0.15, 0.8),
    "mouthDimple": (0.12, 0.7),
    "mouthStretch": (0.15, 0.8),
    "mouthRollLower": (0.10, 0.8),
    "mouthRollUpper": (0.10, 0.8),
    "mouthShrugLower": (0.14, 0.8),
    "mouthShrugUpper": (0.14, 0.7),
    "mouthPress": (0.12, 0.8),
    "mouthLowerDown": (0.16, 0.8),
    "mouthUpperUp": (0.14, 0.8),
    "tongueOut": (0.05, 1.0),
}
"""Curve without its side → how often it is on in a mixture, and its greatest strength."""


def sampled_expressions(
    count: int, rng: np.random.Generator, *, spoken: Sequence[Array], moods: Sequence[Array]
) -> tuple[Array, Array, npt.NDArray[np.int8]]:
    """Draw expressions and where the eyes look.

    Args:
        count: How many.
        rng: Of the draw.
        spoken: Mouths [52] of single sounds, for expressions of speech.
        moods: Faces [52] of moods at their full strength.

    Returns:
        Curves [N, 52] in 0..1, the gaze of both eyes [N, 2] (pitch, yaw) radians, and the kind of
        each.
    """
    values = np.zeros((count, len(ARKIT52)))
    kinds = rng.choice(len(_SHARES), size=count, p=_SHARES).astype(np.int8)
    for row, kind in zip(values, kinds, strict=True):
        if kind == ALONE:
            for _ in range(1 if rng.random() < 0.7 else 2):
                _put(row, str(rng.choice(_PAIRED)), rng.uniform(0.1, 1.0), rng, aside=0.4)
        elif kind == MIXED:
            _mix(row, rng)
        elif kind == SPOKEN:
            _speak(row, spoken, rng)
            if rng.random() < 0.4:
                np.maximum(row, _mood(moods, rng) * rng.uniform(0.2, 0.8), out=row)
        elif kind == MOOD:
            row[:] = _mood(moods, rng)
            if rng.random() < 0.3:
                np.maximum(row, _mood(moods, rng), out=row)
        if kind in (MIXED, SPOKEN, MOOD) and rng.random() < _SMALL:
            row *= rng.uniform(_LEAST, 0.8)
        _made_possible(row)
    still = rng.random(count) < 0.35
    gaze = rng.normal(0.0, _EYE_STD, (count, 2)) * np.where(still, 0.15, 1.0)[:, None]
    gaze = np.clip(gaze, np.negative(_EYE_LIMIT), _EYE_LIMIT)
    eyes = np.zeros((count, 2, 3))
    eyes[:, :, :2] = gaze[:, None]
    for name, look in looks_from_eye_rotation(eyes).items():
        values[:, ARKIT_INDEX[name]] = look
    return values, gaze, kinds


def _put(
    row: Array, stem: str, strength: float, rng: np.random.Generator, *, aside: float = _ASIDE
) -> None:
    """Set a curve, or both sides of a pair, to about `strength`."""
    if stem in ARKIT_INDEX:
        row[ARKIT_INDEX[stem]] = strength
        return
    sides = [ARKIT_INDEX[stem + "Left"], ARKIT_INDEX[stem + "Right"]]
    if stem in _EXCLUSIVE or rng.random() < aside:
        row[sides] = 0.0
        row[sides[rng.integers(2)]] = strength
    else:
        row[sides] = np.clip(strength * (1 + rng.normal(0, 0.12, 2)), 0, 1)


def _mix(row: Array, rng: np.random.Generator) -> None:
    busy = rng.uniform(0.4, 1.5)
    for stem, (chance, most) in _MIXED.items():
        if rng.random() < busy * chance:
            _put(row, stem, most * rng.beta(1.4, 1.4), rng)
    if row[ARKIT_INDEX["mouthSmileLeft"]] > 0.4 and rng.random() < 0.6:
        _put(row, "cheekSquint", rng.uniform(0.2, 0.9), rng)


def _speak(row: Array, spoken: Sequence[Array], rng: np.random.Generator) -> None:
    one, other = (spoken[i] for i in rng.integers(len(spoken), size=2))
    share = rng.beta(0.5, 0.5)
    row[:] = np.clip((share * one + (1 - share) * other) * rng.uniform(0.6, 1.5), 0, 1)
    for stem in ("browInnerUp", "browOuterUp", "browDown", "eyeBlink", "mouthSmile", "eyeSquint"):
        if rng.random() < 0.18:
            _put(row, stem, rng.beta(1.4, 1.6), rng)


def _mood(moods: Sequence[Array], rng: np.random.Generator) -> Array:
    """Return a mood [52] as somebody has it: of some strength, each curve more or less."""
    whole = moods[rng.integers(len(moods))] * rng.uniform(0.2, 1.3)
    own = np.exp(rng.normal(0.0, 0.35, len(whole)))
    both = 0.5 * (own + own[list(MIRROR52)])  # the two sides of a face differ less
    sided = both * np.exp(rng.normal(0.0, 0.10, len(whole)))
    return np.asarray(np.clip(whole * sided, 0.0, 1.0))


def _made_possible(row: Array) -> None:
    """Take out what no face can do at once."""
    at = ARKIT_INDEX
    row[at["mouthClose"]] = min(row[at["mouthClose"]], row[at["jawOpen"]])
    if row[at["tongueOut"]] > 0:  # it needs a way out
        row[at["jawOpen"]] = max(row[at["jawOpen"]], 0.3 * row[at["tongueOut"]] + 0.1)
        row[at["mouthClose"]] = 0.0
        row[[at["mouthRollLower"], at["mouthRollUpper"], at["cheekPuff"]]] = 0.0
    if row[at["cheekPuff"]] > 0.2:  # air is held by lips that are shut
        row[at["mouthClose"]] = row[at["jawOpen"]] = min(row[at["jawOpen"]], 0.15)
        for name in ("mouthLowerDown", "mouthUpperUp"):
            row[[at[name + "Left"], at[name + "Right"]]] *= 0.2
    for side in ("Left", "Right"):
        wide, blink = at["eyeWide" + side], at["eyeBlink" + side]
        row[wide] *= 1.0 - min(1.0, 2 * row[blink])
        up, down = at["browOuterUp" + side], at["browDown" + side]
        row[up] *= 1.0 - 0.7 * row[down]
        smile, frown = at["mouthSmile" + side], at["mouthFrown" + side]
        row[frown] *= 1.0 - 0.7 * row[smile]
