"""Mood from the voice: how aroused it sounds and, far less surely, how pleasant.

Rules, not a trained model. What they follow is the review of 104 studies by Juslin and Laukka
(2003, "Communication of emotions in vocal expression and music performance", table 7) and Scherer
(2003, "Vocal communication of emotion"); features are those of eGeMAPS (Eyben et al. 2016), named
beside their constants. An aroused voice is high, wide in pitch, loud, bright and fast. Pleasant
and unpleasant hardly differ in these; what little there is (a pressed or rough voice for anger, a
lively and clear one for joy, a flat one for fear and sadness) is used, and counts half.

Every feature is taken against the usual voice of the estimated sex (`speaker`) and, the longer
the clip, against the clip's own: whose voice is always bright is not always angry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from animdrive.contract import AudioClip, Segment
from animdrive.sources.audio.expression.pitch import Voice
from animdrive.sources.audio.expression.speaker import female_share, usual_pitch_st
from animdrive.sources.audio.language.inventory import VOWELS
from animdrive.sources.audio.sound import HOP_S

Values = npt.NDArray[np.float64]

STEP_S = 0.1
"""Time between two values of a `Mood`."""
_SPREAD_S = 1.2
"""Moods are measured under a bell of this standard deviation: they change in seconds."""
_REACH_S = 5.0
_SMOOTH_S = 2.0
_LEAST_VOICED = 15

# What is usual in conversation, and how far from it an aroused voice goes.
_PITCH_FULL_ST = 6.0
"""F0semitoneFrom27.5Hz_amean: Juslin and Laukka find "high"; acted anger and fear lie 5 to 10
semitones above neutral (Banse and Scherer 1996)."""
_RANGE_ST, _RANGE_FULL_ST = 4.5, 4.5
"""F0semitoneFrom27.5Hz_pctlrange0-2 (20th to 80th percentile): usual, and as much more."""
_TILT_DB, _TILT_FULL_DB = -12.0, 7.0
"""alphaRatioV_sma3nz_amean."""
_LEVEL_FULL_DB = 8.0
"""loudness_sma3_amean, against the clip alone: a recording's gain is unknown."""
_RATE_HZ, _RATE_FULL_HZ = 4.3, 2.0
"""Syllables in a second, pauses left out (eGeMAPS has VoicedSegmentsPerSec)."""
_HNR_DB, _HNR_FULL_DB = 11.0, 6.0
"""HNRdBACF_sma3nz_amean: harmonics over noise; low is rough or breathy."""
_JITTER, _JITTER_FULL = 0.02, 0.02
"""Like jitterLocal, but from frame to frame: the mean bend of the pitch line, over its height."""

_AROUSAL = {"pitch": 0.40, "tilt": 0.25, "range": 0.15, "rate": 0.10, "level": 0.10}
"""Weights; the level's is shared out among the others where a clip is too short to have one."""
_OWN_FROM_S, _OWN_FULL_S, _OWN_MOST = 6.0, 40.0, 0.6
"""From so much voice on a clip is its own measure, fully at the other, for so large a part."""
_VALENCE_SURENESS = 0.5


@dataclass(frozen=True, eq=False)
class Mood:
    """How a voice sounds over time. N values `STEP_S` apart, the first at 0 s."""

    arousal: Values
    """[N] -1 sleepy to 1 excited."""
    valence: Values
    """[N] -1 unpleasant to 1 pleasant; a guess, see docs/emotion_from_voice.md."""
    female: float
    """How likely the voice is a woman's, 0..1: what it was compared with."""

    def amounts(self, times_s: npt.ArrayLike, *, strength: float = 1.0) -> dict[str, Values]:
        """Return emotion → [T] amounts 0..`strength` for a face that sounds like this.

        The circumplex of Russell (1980) read backwards: pleasant and excited is happy, unpleasant
        and excited is angry, and fearful where the voice is thin (which valence below arousal
        alone cannot tell, so it stays a shade), excited alone surprised, unpleasant and calm sad.

        Args:
            times_s: [T] seconds.
            strength: 0..1.
        """
        times = np.asarray(times_s, dtype=np.float64)
        at = np.arange(len(self.arousal)) * STEP_S
        none = np.zeros(len(times))
        if not len(at):
            return dict.fromkeys(("happy", "angry", "sad", "surprised"), none)
        arousal, valence = np.interp(times, at, self.arousal), np.interp(times, at, self.valence)
        up, down = np.maximum(arousal, 0.0), np.maximum(-arousal, 0.0)
        pleasant, unpleasant = np.maximum(valence, 0.0), np.maximum(-valence, 0.0)
        neither = np.maximum(1 - 2 * np.abs(valence), 0.0)
        found = {
            "happy": np.sqrt(pleasant * np.clip(0.3 + up, 0.0, 1.0)) * pleasant**0.25,
            "angry": np.sqrt(unpleasant * up),
            "sad": np.sqrt(np.clip(unpleasant + 0.3 * down, 0.0, 1.0) * down),
            "surprised": 0.35 * up * neither,
        }
        return {name: strength * np.clip(amount, 0.0, 1.0) for name, amount in found.items()}


@dataclass(frozen=True)
class _Seen:
    """What is measured in one stretch of a voice."""

    pitch: float
    range: float
    tilt: float
    level: float
    rate: float
    clear: float
    jitter: float


def mood_of_voice(audio: AudioClip, voice: Voice, phones: Sequence[Segment]) -> Mood:
    """Return how a voice sounds over time; all 0 where too little is voiced.

    Args:
        audio: Mono sound.
        voice: Pitch of the same.
        phones: Phones in order of time: they give the rate of speech.
    """
    count = int(len(voice) * HOP_S / STEP_S) + 1 if len(voice) else 0
    zeros = np.zeros(count)
    at = np.flatnonzero(voice.voiced)
    if len(at) < _LEAST_VOICED:
        return Mood(arousal=zeros, valence=zeros.copy(), female=0.5)
    female = female_share(audio, voice)
    line = _Line(voice, at, phones)
    whole = line.seen(slice(None), np.ones(len(at)))
    own = _OWN_MOST * float(
        np.clip((len(at) * HOP_S - _OWN_FROM_S) / (_OWN_FULL_S - _OWN_FROM_S), 0.0, 1.0)
    )
    usual_st = (1 - own) * usual_pitch_st(female) + own * whole.pitch
    usual = _Seen(
        pitch=usual_st,
        range=(1 - own) * _RANGE_ST + own * whole.range,
        tilt=(1 - own) * _TILT_DB + own * whole.tilt,
        level=whole.level,
        rate=(1 - own) * _RATE_HZ + own * whole.rate,
        clear=(1 - own) * _HNR_DB + own * whole.clear,
        jitter=(1 - own) * _JITTER + own * whole.jitter,
    )
    arousal, valence = zeros, zeros.copy()
    for index in range(count):
        now = index * STEP_S
        near = slice(*np.searchsorted(line.times_s, [now - _REACH_S, now + _REACH_S]))
        weight = np.exp(-0.5 * ((line.times_s[near] - now) / _SPREAD_S) ** 2)
        if weight.sum() < 1e-3:  # a long pause: nothing is heard, nothing is felt
            continue
        # Little voice in reach is little evidence: then the whole clip speaks.
        sure = float(np.clip(weight.sum() / (2 * _LEAST_VOICED), 0.0, 1.0))
        here = line.seen(near, weight)
        mine = _Seen(
            *(
                sure * getattr(here, name) + (1 - sure) * getattr(whole, name)
                for name in _Seen.__dataclass_fields__
            )
        )
        arousal[index], valence[index] = _judged(mine, usual, own > 0)
    return Mood(arousal=_smooth(arousal), valence=_smooth(valence), female=female)


def _smooth(signal: Values) -> Values:
    """Return a running mean under a raised cosine: a median jumps where a voice does."""
    reach = round(_SMOOTH_S / STEP_S / 2)
    weights = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(signal, reach, mode="edge")
    return np.clip(np.convolve(padded, weights / weights.sum(), mode="valid"), -1.0, 1.0)


class _Line:
    """The voiced frames of a clip, ready to be averaged under weights."""

    def __init__(self, voice: Voice, at: npt.NDArray[np.intp], phones: Sequence[Segment]) -> None:
        self.times_s = (at + 0.5) * HOP_S
        self._pitch = voice.pitch_st[at].astype(np.float64)
        self._tilt = voice.tilt_db[at].astype(np.float64)
        self._level = voice.level_db[at].astype(np.float64)
        r = np.clip(voice.voicing[at].astype(np.float64), 0.01, 0.999)
        self._clear = 10 * np.log10(r / (1 - r))
        follows = np.diff(at) == 1
        bend = np.zeros(len(at))
        if len(at) >= 3:
            both = follows[1:] & follows[:-1]
            period = 1 / voice.f0_hz[at].astype(np.float64)
            second = np.abs(np.diff(period, 2)) / (2 * period[1:-1])
            bend[1:-1] = np.where(both, np.minimum(second, 0.1), 0.0)
        self._bend = bend
        vowels = [phone for phone in phones if phone.label in VOWELS]
        self._middles = np.array([(v.start_s + v.end_s) / 2 for v in vowels])
        self._rates = np.full(len(vowels), _RATE_HZ)
        gaps = np.array([b - a for a, b in pairwise(self._middles)])
        if len(gaps):
            rate = np.clip(1 / np.maximum(gaps, 0.05), 0.0, 9.0)
            self._rates = np.append(rate, rate[-1])
            self._rates = np.where(np.append(gaps, gaps[-1]) > 0.6, np.nan, self._rates)

    def seen(self, part: slice, weight: Values) -> _Seen:
        """Return the means of the frames in `part` under `weight`."""
        weight = weight / weight.sum()
        pitch = self._pitch[part]
        order = np.argsort(pitch)
        share = np.cumsum(weight[order])

        def percentile(p: float) -> float:
            return float(pitch[order[min(int(np.searchsorted(share, p)), len(order) - 1)]])

        return _Seen(
            pitch=percentile(0.5),
            range=percentile(0.8) - percentile(0.2),
            tilt=float(weight @ self._tilt[part]),
            level=float(10 * np.log10(weight @ 10 ** (self._level[part] / 10))),
            rate=self._rate(float(weight @ self.times_s[part])),
            clear=float(weight @ self._clear[part]),
            jitter=float(weight @ self._bend[part]),
        )

    def _rate(self, centre: float) -> float:
        known = np.isfinite(self._rates)
        if known.sum() < 3:
            return _RATE_HZ
        near = np.exp(-0.5 * ((self._middles[known] - centre) / (2 * _SPREAD_S)) ** 2) + 1e-6
        return float((near * self._rates[known]).sum() / near.sum())


def _judged(mine: _Seen, usual: _Seen, has_level: bool) -> tuple[float, float]:
    """Return arousal and valence, each -1..1, of what was measured against what is usual."""

    def over(name: str, full: float) -> float:
        return float(np.clip((getattr(mine, name) - getattr(usual, name)) / full, -1.5, 1.5))

    cue = {
        "pitch": over("pitch", _PITCH_FULL_ST),
        "range": over("range", _RANGE_FULL_ST),
        "tilt": over("tilt", _TILT_FULL_DB),
        "rate": over("rate", _RATE_FULL_HZ),
        "level": over("level", _LEVEL_FULL_DB),
    }
    weights = dict(_AROUSAL)
    if not has_level:
        del weights["level"]
    arousal = sum(w * cue[name] for name, w in weights.items()) / sum(weights.values())
    clear = over("clear", _HNR_FULL_DB) - 0.5 * over("jitter", _JITTER_FULL)
    # Pressed: brighter than so high a voice is anyway. Flat: high without moving, as in fear.
    pressed = max(0.0, cue["tilt"] - 0.5 * max(cue["pitch"], 0.0))
    flat = max(0.0, cue["pitch"] - max(cue["range"], 0.0))
    lively = cue["range"] if arousal > -0.2 else 0.0
    valence = 0.35 * lively + 0.25 * clear - 0.5 * pressed - 0.35 * flat
    valence -= 0.6 * max(0.0, -arousal)
    return (
        float(np.tanh(1.3 * arousal)),
        _VALENCE_SURENESS * float(np.tanh(1.3 * valence)),
    )
