"""A mood on top of a performance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, MOUTH_CURVES, CurveTrack
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError


def _both(**targets: float) -> dict[str, float]:
    """Spread names that end in ``_`` over left and right."""
    spread: dict[str, float] = {}
    for name, value in targets.items():
        if name.endswith("_"):
            spread[f"{name}Left".replace("_", "")] = value
            spread[f"{name}Right".replace("_", "")] = value
        else:
            spread[name] = value
    return spread


EMOTIONS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "neutral": {},
        # 6 + 12
        "happy": _both(cheekSquint_=0.65, mouthSmile_=0.70, eyeSquint_=0.25, mouthDimple_=0.15),
        # 1 + 4 + 15 + 17
        "sad": _both(
            browInnerUp=0.75,
            browDown_=0.20,
            mouthFrown_=0.60,
            mouthShrugLower=0.25,
            eyeSquint_=0.15,
        ),
        # 4 + 5 + 7 + 17 + 23/24, with a little 9
        "angry": _both(
            browDown_=0.85,
            eyeWide_=0.25,
            eyeSquint_=0.40,
            noseSneer_=0.15,
            mouthPress_=0.40,
            mouthShrugLower=0.20,
            mouthFrown_=0.25,
            jawForward=0.15,
        ),
        # 1 + 2 + 4 + 5 + 20 + 26
        "fearful": _both(
            browInnerUp=0.80,
            browOuterUp_=0.40,
            browDown_=0.25,
            eyeWide_=0.80,
            mouthStretch_=0.55,
            jawOpen=0.15,
        ),
        # 9 + 10 + 15 + 17, with 4 and 7 that come along with 9
        "disgusted": _both(
            noseSneer_=0.80,
            browDown_=0.40,
            eyeSquint_=0.35,
            cheekSquint_=0.30,
            mouthUpperUp_=0.40,
            mouthFrown_=0.35,
            mouthShrugLower=0.20,
        ),
        # 1 + 2 + 5 + 26
        "surprised": _both(browInnerUp=0.80, browOuterUp_=0.85, eyeWide_=0.70, jawOpen=0.25),
    }
)
"""Curve values of each emotion at amount 1.

The action units (beside each) are the prototypes of Ekman, Friesen and Hager (2002), "Facial Action
Coding System: Investigator's Guide", table 10-2; units become curves as in the ICT-FaceKit list,
save that AU 10 is mouthUpperUp, as most rigs have it. Strengths are ours: a mood that speech goes
through, not the apex of a photograph.
"""

_OPENING = frozenset(_both(jawOpen=1, mouthFunnel=1, mouthUpperUp_=1, mouthLowerDown_=1))
_CLOSING = frozenset(
    _both(
        mouthClose=1,
        mouthPress_=1,
        mouthRollLower=1,
        mouthRollUpper=1,
        mouthShrugLower=1,
        mouthShrugUpper=1,
    )
)

_LIFTING = frozenset(_both(noseSneer_=1))
"""A wrinkled nose takes the upper lip with it."""

_OPEN_FULL = 0.12
"""Opening of the lips, as a jawOpen value, at which the mouth counts as open."""
_CLOSED_FULL = 0.25
"""mouthClose, press or roll at which the lips count as pressed together on purpose."""
_REACH_S = 0.25
"""A mouth that is still for longer than this on both sides is not speaking."""
_SMOOTH_S = 0.20
_GAP_S = 0.30
"""A face that was lost for no longer than this did not change its mood."""


def parse_emotion(text: str) -> tuple[str, float]:
    """Return name and amount of an emotion written as ``happy:0.5``; ``happy`` alone is 1.

    Raises:
        InputError: an unknown emotion, or an amount that is not a number in 0..1.
    """
    name, colon, given = text.partition(":")
    name = name.strip().lower()
    try:
        amount = float(given) if colon else 1.0
    except ValueError:
        raise InputError(
            f"Emotion '{text}': '{given.strip()}' is not a number; write it as happy:0.5."
        ) from None
    check_emotion(name, amount)
    return name, amount


def check_emotion(name: str, amount: float) -> None:
    """Raise InputError unless `name` is an emotion and `amount` is in 0..1."""
    if name not in EMOTIONS:
        raise InputError(f"Unknown emotion '{name}'. Known: {', '.join(EMOTIONS)}.")
    if not (math.isfinite(amount) and 0.0 <= amount <= 1.0):
        raise InputError(f"The amount of emotion '{name}' must be in 0..1, got {amount}.")


class EmotionLayer:
    """Adds emotions to a performance and leaves its speech readable.

    Each target goes into the room that the performance leaves: ``v + e · (1 - v)``. Nothing is
    ever taken from the performance, and `e` gives way to it:

    - what would part the lips fades to nothing where a speaking mouth closes them, so that P, B
      and M stay closed, and to half where it is open anyway;
    - what would close them fades where the performance opens them;
    - a wrinkled nose, which lifts the upper lip, keeps a fifth of itself there;
    - the corners of the mouth keep 60 % while it speaks;
    - wide or narrow eyes give way to a blink;
    - all of it fades out where the source saw no face for longer than a moment.

    Amount 0 changes no bit.
    """

    def __init__(self, amounts: Mapping[str, float]) -> None:
        """Mix `amounts`, emotion name to 0..1; several add up, to at most 1 per curve.

        Raises:
            InputError: an unknown emotion, or an amount outside 0..1.
        """
        for name, amount in amounts.items():
            check_emotion(name, amount)
        self.amounts: Mapping[str, float] = MappingProxyType(dict(amounts))
        target = np.zeros(len(ARKIT52), dtype=np.float32)
        for name, amount in self.amounts.items():
            for curve, value in EMOTIONS[name].items():
                target[ARKIT_INDEX[curve]] += amount * value
        self._target = np.minimum(target, 1.0)

    def apply(self, track: CurveTrack, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return new [T, C] values; curves that the track does not have are left out."""
        return laid_over(track, values, self._target[None])


def laid_over(
    track: CurveTrack, values: npt.NDArray[np.float32], targets: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return `values` with a mood in the room that the performance leaves, see `EmotionLayer`.

    Args:
        track: The performance, T frames, C curves.
        values: [T, C] the stack so far.
        targets: [T, 52] or [1, 52] what the mood asks for, 0..1, columns as `ARKIT52`.
    """
    changed = np.array(values, dtype=np.float32)
    if not len(track) or not targets.any():
        return changed
    seen = _smooth(_short_gaps_closed(track.confidence, track.fps), track.fps)
    room = mouth_room(track)
    for column, name in enumerate(track.names):
        if name not in ARKIT_INDEX or not targets[:, ARKIT_INDEX[name]].any():
            continue
        emotion = targets[:, ARKIT_INDEX[name]] * seen
        if name in _OPENING:
            emotion = emotion * room.opening
        elif name in _LIFTING:
            emotion = emotion * room.lifting
        elif name in _CLOSING:
            emotion = emotion * room.closing
        elif name in MOUTH_CURVES:
            emotion = emotion * room.shaping
        elif name.startswith(("eyeWide", "eyeSquint")):
            side = "Left" if name.endswith("Left") else "Right"
            emotion = emotion * (1.0 - _curve(track, f"eyeBlink{side}"))
        # Where a layer below left more than 1 there is no room, and nothing to take back.
        changed[:, column] += emotion * np.maximum(1.0 - changed[:, column], 0.0)
    return changed


class MouthRoom(NamedTuple):
    """How much room a performance leaves for others around the mouth; each [T] in 0..1."""

    opening: FloatArray
    """To part the lips."""
    lifting: FloatArray
    """To lift the upper lip by the nose."""
    closing: FloatArray
    """To press the lips together."""
    shaping: FloatArray
    """To draw the corners of the mouth."""


def mouth_room(track: CurveTrack) -> MouthRoom:
    """Return how much room `track` leaves for a mood around the mouth."""
    lips = _curve(track, "jawOpen") - _curve(track, "mouthClose")
    lips = np.maximum(lips, 0.0) + 0.5 * (
        _mean(track, "mouthUpperUp") + _mean(track, "mouthLowerDown")
    )
    is_open = np.clip(lips / _OPEN_FULL, 0.0, 1.0)
    holds = [_curve(track, name) for name in ("mouthClose", "mouthRollLower", "mouthRollUpper")]
    pressed = np.clip(np.max([*holds, _mean(track, "mouthPress")], axis=0) / _CLOSED_FULL, 0.0, 1.0)
    pressed = pressed * (1.0 - is_open)
    # A resting mouth is closed too; it is speech only if it moves nearby.
    speaks = _smooth(_widest(np.maximum(is_open, pressed), track.fps), track.fps)
    return MouthRoom(
        opening=(1.0 - pressed) * (1.0 - speaks * (1.0 - 0.5 * is_open)),
        lifting=0.2 + 0.8 * (1.0 - pressed) * (1.0 - speaks * (1.0 - is_open)),
        closing=(1.0 - is_open) * (1.0 - 0.5 * speaks),
        shaping=(1.0 - 0.4 * speaks) * (1.0 - 0.5 * pressed),
    )


def _curve(track: CurveTrack, name: str) -> FloatArray:
    return track.curve(name) if name in track.names else np.zeros(len(track), dtype=np.float32)


def _mean(track: CurveTrack, name: str) -> FloatArray:
    mean: FloatArray = 0.5 * (_curve(track, f"{name}Left") + _curve(track, f"{name}Right"))
    return mean


def _windows(signal: FloatArray, reach: int) -> npt.NDArray[np.float32]:
    padded = np.pad(signal, reach, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)


def _widest(signal: FloatArray, fps: float) -> FloatArray:
    """Return the largest value within `_REACH_S` on either side, and a smoothing's reach more."""
    reach = max(1, round((_REACH_S + _SMOOTH_S / 2) * fps))
    widest: FloatArray = _windows(signal, reach).max(axis=1)
    return widest


def _short_gaps_closed(confidence: FloatArray, fps: float) -> FloatArray:
    """Return confidence without gaps that are too short to lose a mood in (closing)."""
    reach = max(1, round(_GAP_S / 2 * fps))
    closed: FloatArray = _windows(_windows(confidence, reach).max(axis=1), reach).min(axis=1)
    return closed


def _smooth(signal: FloatArray, fps: float) -> FloatArray:
    """Return a running mean under a raised cosine that is `_SMOOTH_S` long; never beyond 1."""
    reach = max(1, round(_SMOOTH_S * fps / 2))
    weights = np.hanning(2 * reach + 3)[1:-1].astype(np.float32)
    smooth: FloatArray = np.clip(_windows(signal, reach) @ (weights / weights.sum()), 0.0, 1.0)
    return smooth
