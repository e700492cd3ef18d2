"""Where a speaker looks: at the listener, away as an utterance begins, back as it ends.

When: speakers look away as they begin an utterance and where they hesitate, and back at the
listener as they end it (Kendon 1967, "Some functions of gaze-direction in social interaction").
How long, how far, how fast and in which direction: the measured statistics of Lee, Badler and
Badler (2002, "Eyes alive", section 4 and table 1), for a face that talks or is silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.expression.prosody import Phrase, Prosody
from animdrive.sources.audio.mouth.closures import smoothstep

Values = npt.NDArray[np.float64]
Span = tuple[float, float]

_AT_S, _AWAY_S = (3.13, 7.92), (0.93, 0.43)
"""Mean time at the listener and away, talking and silent: 93.9 and 237.5, 27.8 and 13.0 frames of
1/30 s."""
_LEAST_S, _AT_MOST, _AWAY_MOST_S = 0.35, 3.0, 2.4
_MEAN_DEG = 6.9
"""Saccade sizes fall off as ``exp(-A / 6.9)``."""
_NEAR = 0.6
"""A talking head in a picture stands nearer than the partners of that study: smaller saccades."""
_MOST_DEG = 12.0
_TURNS = (0.1554, 0.0646, 0.1769, 0.0744, 0.1680, 0.0789, 0.2038, 0.0779)
"""How often a saccade goes right, up and right, up, and so on around, in steps of 45°."""
_BEGIN_S, _PER_DEG_S = 0.025, 0.0024
"""A saccade lasts 25 ms and 2.4 ms a degree."""
_BEGINNING_AWAY, _HESITATING_AWAY = 0.7, 0.55
"""How often an utterance begins, and a hesitation passes, with the eyes turned away."""
_SHORT_S = 1.2
"""Who says as little as this keeps looking."""
_BACK_S = (0.5, 1.2)
"""Before an utterance ends the eyes are back at the listener, and stay so long after."""
_FACE_DEG = 0.7
"""Between the eyes and the mouth of the listener."""
_FACE_STAYS_S = (0.4, 1.8)


def gaze_beside_speech(
    prosody: Prosody, times_s: npt.ArrayLike, rng: np.random.Generator
) -> Values:
    """Return [T, 2] where the eyes look, pitch and yaw in radians; 0 is the listener.

    Args:
        prosody: Where phrases and hesitations are; without phrases, a silent face.
        times_s: [T] evenly spaced, rising.
        rng: The take.
    """
    times = np.asarray(times_s, dtype=np.float64)
    if not len(times):
        return np.zeros((0, 2))
    fixations = list(_fixations(prosody, float(times[-1]), rng))
    aims = np.stack([np.zeros(2), *(aim for _, aim in fixations)])
    gaze: Values = aims[np.searchsorted([at for at, _ in fixations], times, side="right")]
    for index, (at_s, aim) in enumerate(fixations):
        before = aims[index]
        lasts_s = _BEGIN_S + _PER_DEG_S * float(np.degrees(np.hypot(*(aim - before))))
        low, high = np.searchsorted(times, [at_s, at_s + lasts_s])
        left = 1 - smoothstep((times[low:high] - at_s) / lasts_s)
        gaze[low:high] += left[:, None] * (before - aim)
    return gaze


def _fixations(
    prosody: Prosody, end_s: float, rng: np.random.Generator
) -> Iterable[tuple[float, Values]]:
    """Yield when the eyes jump and to where, in order of time."""
    away = away_spans(prosody, end_s, rng)
    now = -0.5
    for start_s, stop_s in [*away, (end_s + 1.0, end_s + 1.0)]:
        while now < start_s:
            yield now, np.radians(_FACE_DEG) * rng.normal(size=2).clip(-1.6, 1.6)
            now += float(rng.uniform(*_FACE_STAYS_S))
        yield start_s, _aim(rng)
        if stop_s - start_s > 1.0 and rng.uniform() < 0.6:
            yield float(rng.uniform(start_s + 0.35, stop_s - 0.3)), _aim(rng)
        now = stop_s


def _aim(rng: np.random.Generator) -> Values:
    size_deg = min(_NEAR * float(rng.exponential(_MEAN_DEG)) + 1.5, _MOST_DEG)
    turn = rng.choice(8, p=np.asarray(_TURNS) / sum(_TURNS)) * np.pi / 4
    # To the subject's right yaw is below 0, and up is a pitch below 0. Lids hide half of up and
    # down, so eyes go there less far.
    aim: Values = np.radians(size_deg) * np.array([-0.7 * np.sin(turn), -np.cos(turn)])
    return aim


def away_spans(prosody: Prosody, end_s: float, rng: np.random.Generator) -> list[Span]:
    """Return when the eyes are away from the listener, seconds, in order, apart."""
    utterances = _utterances(prosody.phrases)
    spans = _wandering(utterances, end_s, rng)
    for start_s, stop_s in utterances:
        begins, lasts, chance = rng.uniform(-0.25, 0.1), rng.uniform(0.5, 1.2), rng.uniform()
        if chance < _BEGINNING_AWAY and stop_s - start_s > _SHORT_S:
            spans.append((start_s + begins, start_s + begins + lasts))
    for at_s in prosody.hesitations:
        lasts, chance = rng.uniform(0.4, 1.0), rng.uniform()
        if chance < _HESITATING_AWAY:
            spans.append((at_s, at_s + lasts))
    kept = _joined(spans)
    for _, stop_s in utterances:
        kept = _without(kept, (stop_s - _BACK_S[0], stop_s + _BACK_S[1]))
    return [span for span in kept if span[1] - span[0] >= _LEAST_S]


def _utterances(phrases: Sequence[Phrase]) -> list[Span]:
    spans: list[Span] = []
    for phrase in phrases:
        if phrase.starts_utterance or not spans:
            spans.append((phrase.start_s, phrase.end_s))
        else:
            spans[-1] = (spans[-1][0], phrase.end_s)
    return spans


def _wandering(utterances: Sequence[Span], end_s: float, rng: np.random.Generator) -> list[Span]:
    """Return glances away that nothing in the speech asks for."""
    spans: list[Span] = []
    now = float(rng.exponential(_AT_S[0]))
    while now < end_s:
        silent = int(not any(start <= now <= stop for start, stop in utterances))
        away_s = float(np.clip(rng.exponential(_AWAY_S[silent]), _LEAST_S, _AWAY_MOST_S))
        spans.append((now, now + away_s))
        stays_s = float(rng.exponential(_AT_S[silent]))
        now += away_s + float(np.clip(stays_s, _LEAST_S, _AT_MOST * _AT_S[silent]))
    return spans


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start_s, stop_s in sorted(spans):
        if joined and start_s - joined[-1][1] < _LEAST_S:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop_s))
        else:
            joined.append((start_s, stop_s))
    return joined


def _without(spans: Iterable[Span], cut: Span) -> list[Span]:
    kept: list[Span] = []
    for start_s, stop_s in spans:
        if stop_s <= cut[0] or start_s >= cut[1]:
            kept.append((start_s, stop_s))
            continue
        if start_s < cut[0]:
            kept.append((start_s, cut[0]))
        if stop_s > cut[1]:
            kept.append((cut[1], stop_s))
    return kept
