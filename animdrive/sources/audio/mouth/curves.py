"""Phones to mouth curves: coarticulation by dominance, closures by constraint.

Each phone pulls the articulators towards its pose with a strength that is full while it is said
and falls off smoothly before and after; at each moment the pose is the mean of all, weighted by
strength. This is the model of Cohen and Massaro (1993, "Modeling coarticulation in synthetic
visual speech"), with one change: the falloff is a Gaussian flank on a flat top instead of
``exp(-θ|τ|)``, so that curves have no corners. A short phone between two firm ones is never full
alone, so it undershoots, as fast speech does. What must not undershoot, the lips of P, B, M, F
and V, is laid over the mean afterwards (`closures`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, PhoneTrack, Segment
from animdrive.errors import InputError
from animdrive.sources.audio.language.phones import SILENCE, VOWELS, plain_phone
from animdrive.sources.audio.mouth.closures import bite, seal, smoothstep
from animdrive.sources.audio.mouth.poses import GROUPS, POSES

Values = npt.NDArray[np.float64]

REACH_S: Mapping[str, tuple[float, float]] = {
    "jaw": (0.046, 0.050),
    "round": (0.095, 0.070),
    "spread": (0.060, 0.050),
    "part": (0.046, 0.046),
    "tongue": (0.032, 0.032),
}
"""How far a phone's strength reaches before and after it: seconds to ``exp(-1)``. Rounding sets
in earliest, over the consonants before it."""
_REACHES = 4.2
"""Reaches after which a strength counts as none."""
_LEAD_S = 0.02
"""The mouth is in place this long before its sound, as measured lips are."""
_SILENCE_YIELDS_S = 0.03
"""A silence holds the mouth only this far from the speech before it,"""
_ONSET_YIELDS_S: Mapping[str, float] = {
    "jaw": 0.04,
    "round": 0.13,
    "spread": 0.10,
    "part": 0.06,
    "tongue": 0.03,
}
"""and this far from the speech after it, which lips take shape for while nothing is heard yet;"""
_SOUND_YIELDS_S = 0.025
"""a phone, unless it is short, this far from its neighbours: transitions have no shoulders."""
_UNDERSHOT, _UNDERSHOT_S = 0.4, 0.06
"""What a vowel of no length lacks of its jaw's opening, and the time constant with which length
makes up for it (Lindblom 1963, "Spectrographic study of vowel reduction", the exponential law)."""
REST_S = 0.1
"""This far after speech the mouth is exactly at rest,"""
ONSET_S = 0.2
"""and this far before it still."""


_SHUT_JAW = 0.045
"""How far the jaw may hang under closed lips, jawOpen; further, a learned skin parts them."""


@dataclass(frozen=True)
class MouthConfig:
    """Dials of the mouth."""

    jaw: float = 1.0
    """How far the jaw opens: 0 clenched teeth, 1 conversation, 2 shouting. 0..2."""
    lips: float = 1.0
    """How far lips round, spread and part: 0 numb, 1 conversation, 2 over-articulated. 0..2.
    Closures of P, B, M, F and V are always whole."""
    captured: float = 0.0
    """How far jaw and lips follow a mouth learned from captured performances in place of the rules:
    0 not at all, 1 wherever no closure is due. 0..1."""

    def __post_init__(self) -> None:
        for name, most in (("jaw", 2), ("lips", 2), ("captured", 1)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise InputError(f"{name} must be in 0..{most}, got {value}.")


def mouth_from_phones(
    phones: PhoneTrack,
    times_s: npt.ArrayLike,
    *,
    stress: Sequence[float] = (),
    jaw_gain: npt.ArrayLike = 1.0,
    lips_gain: npt.ArrayLike = 1.0,
    captured: Mapping[str, Values] | None = None,
    config: MouthConfig = MouthConfig(),
) -> Values:
    """Return the curves of mouth, jaw and tongue at `times_s`.

    Left and right are equal. From `REST_S` after speech to `ONSET_S` before it all is 0.

    Args:
        phones: Phones in order of time; gaps count as silence.
        times_s: [T] evenly spaced, rising.
        stress: How loud each phone is against its clip, -1 softest to 1 loudest, one number for
            each phone; or none. It opens the jaw of a vowel by up to a fifth more or less.
        jaw_gain: Factor of the jaw beside the dial's, [T] or one: a shout's, say.
        lips_gain: The same for the lips; neither changes a closure.
        captured: Curve of jaw or mouth → [T] of a learned mouth, taken by `config.captured`.
        config: Dials.

    Returns:
        [T, 52] in 0..1, columns as `ARKIT52`; eyes, brows and cheeks are 0.

    Raises:
        ContractError: a label is not a phone.
        InputError: `stress` has another length than the phones.
    """
    times = np.asarray(times_s, dtype=np.float64)
    if len(stress) and len(stress) != len(phones.phones):
        raise InputError(
            f"stress has {len(stress)} numbers for {len(phones.phones)} phones. Give one for each."
        )
    segments = [
        Segment(phone.start_s, phone.end_s, plain_phone(phone.label)) for phone in phones.phones
    ]
    values = _blended(segments, times, stress)
    for name, learned in (captured or {}).items():
        column = values[:, ARKIT_INDEX[name]]
        column += config.captured * (learned - column)
    jaw = ARKIT_INDEX["jawOpen"]
    for name in {name for names in GROUPS.values() for name in names} | set(captured or {}):
        is_jaw = name == "jawOpen"
        values[:, ARKIT_INDEX[name]] *= config.jaw if is_jaw else config.lips
        values[:, ARKIT_INDEX[name]] *= np.asarray(jaw_gain if is_jaw else lips_gain)
    values[:, jaw] = soft_limit(values[:, jaw])
    lay_closures(values, seal(segments, times), bite(segments, times))
    values *= _awake(segments, times)[:, None]
    return np.clip(values, 0.0, 1.0)


def soft_limit(jaw: Values) -> Values:
    """Return `jaw` below 1 without a corner: unchanged to 0.7, then ever slower."""
    over = np.maximum(jaw - 0.7, 0.0)
    limited: Values = np.minimum(jaw, 0.7) + 0.3 * np.tanh(over / 0.3)
    return limited


def _blended(segments: Sequence[Segment], times: Values, stress: Sequence[float]) -> Values:
    """Return [T, 52], the mean of all poses, weighted by strength."""
    pulled = np.zeros((len(times), len(ARKIT52)))
    tops: dict[str, list[tuple[float, float]]] = {group: [] for group in GROUPS}
    holds: dict[str, list[float]] = {group: [] for group in GROUPS}
    targets: dict[str, list[list[float]]] = {group: [] for group in GROUPS}
    for index, segment in enumerate(segments):
        louder = 1.0
        if segment.label in VOWELS:
            louder -= _UNDERSHOT * math.exp(-segment.duration_s / _UNDERSHOT_S)
            louder += 0.2 * stress[index] if len(stress) else 0.0
        start_s = segment.start_s - _LEAD_S
        for pose in POSES[segment.label]:
            end_s = start_s + pose.share * segment.duration_s
            yields_s = min(_SOUND_YIELDS_S, 0.2 * (end_s - start_s))
            for group, names in GROUPS.items():
                top = (start_s + yields_s, end_s - yields_s)
                if segment.label == SILENCE:
                    top = (start_s + _SILENCE_YIELDS_S, end_s - _ONSET_YIELDS_S[group])
                scale = louder if group == "jaw" else 1.0
                tops[group].append(top)
                holds[group].append(pose.hold[group])
                targets[group].append([scale * pose.values.get(name, 0.0) for name in names])
            start_s = end_s
    for group, names in GROUPS.items():
        if segments:
            own = [ARKIT_INDEX[name] for name in names]
            pulled[:, own] = _mean_pose(
                times,
                np.array(tops[group]),
                np.array(holds[group]),
                np.array(targets[group]),
                REACH_S[group],
            )
    return pulled


@numba.njit(cache=True)
def _mean_pose(times, tops, holds, targets, reach_s):  # type: ignore[no-untyped-def]
    """Return [T, C] the mean of N targets, weighted by how much each is felt.

    A gesture is felt fully on its top, with Gaussian flanks beside it.

    Args:
        times: [T] rising.
        tops: [N, 2] from when to when; what ends before it begins has its top between the two.
        holds: [N] how firmly each is held.
        targets: [N, C].
        reach_s: Seconds to ``exp(-1)`` before and after a top.
    """
    before_s, after_s = reach_s
    strength = np.full(len(times), 1e-9)
    pulled = np.zeros((len(times), targets.shape[1]))
    for at in range(len(tops)):
        start_s, end_s = tops[at]
        if end_s < start_s:  # a silence too short to hold the mouth at all
            start_s = end_s = (start_s + end_s) / 2
        low = np.searchsorted(times, start_s - _REACHES * before_s)
        high = np.searchsorted(times, end_s + _REACHES * after_s)
        for frame in range(low, high):
            now = times[frame]
            away = max((start_s - now) / before_s, 0.0) + max((now - end_s) / after_s, 0.0)
            pull = holds[at] * np.exp(-(away**2))
            strength[frame] += pull
            for column in range(targets.shape[1]):
                pulled[frame, column] += pull * targets[at, column]
    return pulled / strength.reshape(-1, 1)


def lay_closures(values: Values, shut: Values, bitten: Values) -> None:
    """Lay the closures over `values` [T, 52], in place.

    On an ARKit face mouthClose brings the lips together as far as jawOpen has parted them, so a
    closed mouth is mouthClose = jawOpen.

    Args:
        values: The mouth without closures, columns as `ARKIT52`.
        shut: [T] how far the lips are closed, 0..1.
        bitten: [T] how far the lower lip is at the upper teeth, 0..1.
    """

    def change(names: str, *, kept: Values, added: Values | float = 0.0) -> None:
        for name in names.split():
            column = ARKIT_INDEX[name]
            values[:, column] = values[:, column] * kept + added

    # The lips do most of a closure: the jaw comes up only as far as they need it.
    jaw = values[:, ARKIT_INDEX["jawOpen"]]
    high = _SHUT_JAW * np.tanh(jaw / _SHUT_JAW)
    values[:, ARKIT_INDEX["jawOpen"]] = jaw + shut * (high - jaw)
    change("jawOpen", kept=1 - 0.8 * bitten, added=0.05 * bitten)
    change("jawForward", kept=1 - shut)
    change("mouthFunnel", kept=(1 - shut) * (1 - bitten))
    change("mouthPucker", kept=(1 - 0.4 * shut) * (1 - 0.6 * bitten))
    change("mouthStretchLeft mouthStretchRight", kept=1 - 0.7 * shut)
    change("mouthLowerDownLeft mouthLowerDownRight", kept=(1 - shut) * (1 - bitten))
    change(
        "mouthUpperUpLeft mouthUpperUpRight", kept=(1 - shut) * (1 - bitten), added=0.14 * bitten
    )
    change("tongueOut", kept=(1 - shut) * (1 - bitten))
    tight = shut**2
    values[:, ARKIT_INDEX["mouthClose"]] = shut * values[:, ARKIT_INDEX["jawOpen"]]
    change("mouthPressLeft mouthPressRight", kept=1 - tight, added=0.32 * tight)
    change("mouthRollUpper", kept=1 - tight, added=0.16 * tight)
    change("mouthRollLower", kept=1 - tight, added=0.14 * tight + 0.55 * bitten * (1 - tight))


def _awake(segments: Sequence[Segment], times: Values) -> Values:
    """Return [T] 1 in speech, 0 from `REST_S` after it to `ONSET_S` before it."""
    spoken = [segment for segment in segments if segment.label != SILENCE]
    if not spoken:
        return np.zeros(len(times))
    starts = np.array([segment.start_s for segment in spoken])
    ends = np.array([segment.end_s for segment in spoken])
    following = np.searchsorted(starts, times, side="right")
    since = np.where(following > 0, times - ends[np.maximum(following - 1, 0)], np.inf)
    until = np.where(
        following < len(starts), starts[np.minimum(following, len(starts) - 1)] - times, np.inf
    )
    # Full for the first fifth, so that the fall begins beside the speech and not in it.
    away = np.maximum(np.minimum(since / REST_S, until / ONSET_S), 0.0)
    return smoothstep((1.0 - away) / 0.8)
