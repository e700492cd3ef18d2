"""What a speaker's face does besides speaking: blinks, glances, nods, brows. All from a seed.

The same seed gives the same bytes. Each part draws from a stream of its own, so that switching
one off leaves the others as they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.errors import InputError
from animdrive.rig.pose import looks_from_eye_rotation
from animdrive.sources.audio.expression.gaze import gaze_beside_speech
from animdrive.sources.audio.expression.prosody import Prosody
from animdrive.sources.audio.mouth.closures import smoothstep

Values = npt.NDArray[np.float64]

_BLINK, _HEAD, _GAZE, _BROWS = range(4)
_CLOSING_S, _SHUT_S, _OPENING_S = 0.1, 0.025, 0.2
_BLINK_GAP_S = (0.9, 3.4, 8.0)
"""Shortest, usual and longest time between blinks: about 17 in a minute."""
_SWAY_RAD = np.radians([1.0, 1.8, 0.9])
"""Usual wander of the head, pitch, yaw and roll."""
_NOD_RAD = np.radians(2.6)
_SETTLE_RAD = np.radians(1.4)
"""How far the head goes down at the end of what is said, or up at the end of a question."""
_QUESTION_ST = 2.5
"""A phrase whose tail lies this far above the rest asks."""


@dataclass(frozen=True)
class LifeConfig:
    """What moves besides the mouth, and how much."""

    blinks: bool = True
    """Blink, about 17 times a minute and rather in pauses."""
    head: float = 1.0
    """Sway of the head, nods on accents, a move at the end of what is said: 0 still, 1 a few
    degrees, 2 lively. 0..2."""
    gaze: float = 1.0
    """Glances, away from the listener and back; the eyes also make up for the head. 0 eyes fixed in
    the head, 1 usual. 0..2."""
    brows: float = 1.0
    """Brows raised on strong accents and questions: 0 never, 1 a little, 2 a lot. 0..2."""

    def __post_init__(self) -> None:
        for name in ("head", "gaze", "brows"):
            value = getattr(self, name)
            if not 0 <= value <= 2:
                raise InputError(f"{name} must be in 0..2, got {value}.")


@dataclass(frozen=True, eq=False)
class Life:
    """Motion of T frames to lay beside the mouth."""

    values: Values
    """[T, 52] in 0..1, columns as `ARKIT52`: eyes and brows, all else 0."""
    head_rotation: Values
    """[T, 3] radians: pitch, yaw, roll."""
    eye_rotation: Values
    """[T, 2, 3] radians in head space, as in `CurveTrack`."""


def life_beside_speech(
    prosody: Prosody, times_s: npt.ArrayLike, *, seed: int = 0, config: LifeConfig = LifeConfig()
) -> Life:
    """Return blinks, glances, head and brows for a line.

    Args:
        prosody: Where the accents and pauses are.
        times_s: [T] evenly spaced, rising.
        seed: 0 or above; another seed is another take.
        config: What moves, and how much.

    Raises:
        InputError: `seed` is negative.
    """
    if seed < 0:
        raise InputError(f"seed must be 0 or above, got {seed}.")
    times = np.asarray(times_s, dtype=np.float64)
    values = np.zeros((len(times), len(ARKIT52)))
    head = _head(prosody, times, _stream(seed, _HEAD)) * config.head
    eyes = _eyes(prosody, times, head, _stream(seed, _GAZE), config.gaze)
    for name, look in looks_from_eye_rotation(eyes).items():
        values[:, ARKIT_INDEX[name]] = look
    if config.blinks:
        shut = _blinks(prosody, times, _stream(seed, _BLINK))
        values[:, ARKIT_INDEX["eyeBlinkLeft"]] = shut
        values[:, ARKIT_INDEX["eyeBlinkRight"]] = shut
    inner, outer = _brows(prosody, times, _stream(seed, _BROWS))
    values[:, ARKIT_INDEX["browInnerUp"]] = config.brows * inner
    values[:, ARKIT_INDEX["browOuterUpLeft"]] = config.brows * outer
    values[:, ARKIT_INDEX["browOuterUpRight"]] = config.brows * outer
    return Life(values=np.clip(values, 0.0, 1.0), head_rotation=head, eye_rotation=eyes)


def _stream(seed: int, part: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, part])))


def blink_times(prosody: Prosody, end_s: float, rng: np.random.Generator) -> list[float]:
    """Return when the eyes begin to close, seconds: in a pause where one is near."""
    shortest, usual, longest = _BLINK_GAP_S
    begins: list[float] = []
    now = float(rng.uniform(0.4, 1.6))
    while now < end_s - 0.1:
        wanted = now
        for pause in prosody.pauses:
            # Speakers blink as they pause (Nakano and Kitazawa 2010).
            if abs(pause.start_s - now) < 0.7 and pause.start_s > (begins or [-9.0])[-1] + shortest:
                wanted = pause.start_s + 0.03
                break
        begins.append(wanted)
        gap = float(np.exp(rng.normal(np.log(usual - 0.35), 0.45)))
        now = max(now, wanted) + float(np.clip(gap, shortest, longest))
    return begins


def _blinks(prosody: Prosody, times: Values, rng: np.random.Generator) -> Values:
    """Return [T] how far the lids are closed. Every blink shows a shut frame."""
    shut = np.zeros(len(times))
    if not len(times):
        return shut
    step_s = float(times[1] - times[0]) if len(times) > 1 else 0.02
    held_s = max(_SHUT_S, 1.02 * step_s)
    for begin in blink_times(prosody, float(times[-1]), rng):
        close = smoothstep((times - begin) / _CLOSING_S)
        lift = smoothstep((begin + _CLOSING_S + held_s + _OPENING_S - times) / _OPENING_S)
        shut = np.maximum(shut, close * lift)
    return shut


def _knots(end_s: float, gaps_s: tuple[float, float], rng: np.random.Generator) -> Values:
    count = int((end_s + 4.0) / gaps_s[0]) + 4
    knots: Values = np.cumsum(rng.uniform(*gaps_s, size=count)) - 2.0
    return knots


def _head(prosody: Prosody, times: Values, rng: np.random.Generator) -> Values:
    """Return [T, 3] a slow sway through random poses, nods on accents, a move as phrases end."""
    accents = prosody.accents
    end_s = float(times[-1]) if len(times) else 0.0
    knots = _knots(end_s, (0.8, 2.0), rng)
    poses = rng.normal(0.0, 1.0, (len(knots), 3)).clip(-1.8, 1.8) * _SWAY_RAD
    head: Values = np.asarray(CubicSpline(knots, poses)(times))
    for accent, chance in zip(accents, rng.uniform(size=len(accents)), strict=True):
        if chance < 0.35:
            continue
        # The head goes down into the syllable and comes up more slowly.
        down = smoothstep((times - accent.time_s + 0.2) / 0.2)
        up = smoothstep((accent.time_s + 0.4 - times) / 0.4)
        head[:, 0] += _NOD_RAD * accent.strength * (0.6 + 0.4 * chance) * down * up
    for phrase, chance in zip(prosody.phrases, rng.uniform(size=len(prosody.phrases)), strict=True):
        # Heads settle as a turn ends, and rise with a question (Hadar et al. 1984; Busso et al.
        # 2007 on heads and pitch).
        size = 0.6 + 0.4 * chance if phrase.ends_utterance else 0.5 * chance
        sign = -1.0 if phrase.rise_st > _QUESTION_ST else 1.0
        move = smoothstep((times - phrase.end_s + 0.35) / 0.5)
        back = smoothstep((phrase.end_s + 1.6 - times) / 1.1)
        head[:, 0] += sign * size * _SETTLE_RAD * move * back
    return head


def _eyes(
    prosody: Prosody, times: Values, head: Values, rng: np.random.Generator, amount: float
) -> Values:
    """Return [T, 2, 3] glances that jump and stay, less the head's own turn."""
    eyes = np.zeros((len(times), 2, 3))
    if amount == 0 or not len(times):
        return eyes
    gaze = gaze_beside_speech(prosody, times, rng)
    # The vestibulo-ocular reflex keeps the eyes on what they look at while the head moves.
    eyes[:, :, :2] = amount * (gaze - 0.9 * head[:, :2])[:, None, :]
    return eyes


def _brows(prosody: Prosody, times: Values, rng: np.random.Generator) -> tuple[Values, Values]:
    """Return [T] inner and [T] outer brow raise on some of the strongest accents, and questions."""
    accents = prosody.accents
    inner, outer = np.zeros(len(times)), np.zeros(len(times))
    for accent, chance in zip(accents, rng.uniform(size=len(accents)), strict=True):
        if accent.strength < 0.5 or chance < 0.4:
            continue
        raised = smoothstep((times - accent.time_s + 0.18) / 0.16) * smoothstep(
            (accent.time_s + 0.5 - times) / 0.4
        )
        inner += (0.4 - inner) * 0.7 * accent.strength * raised
        outer += (0.3 - outer) * 0.7 * chance * accent.strength * raised
    for phrase, chance in zip(prosody.phrases, rng.uniform(size=len(prosody.phrases)), strict=True):
        # A question raises the brows and holds them (Ekman 1979, "About brows").
        if not phrase.ends_utterance or phrase.rise_st <= _QUESTION_ST or chance < 0.35:
            continue
        raised = smoothstep((times - phrase.end_s + 0.5) / 0.25) * smoothstep(
            (phrase.end_s + 0.7 - times) / 0.4
        )
        inner += np.maximum(0.35 - inner, 0.0) * (0.5 + 0.5 * chance) * raised
        outer += np.maximum(0.3 - outer, 0.0) * (0.5 + 0.5 * chance) * raised
    return inner, outer
