"""How much voice is given: from a whisper to a shout, as jaw and lips follow it.

Vocal effort shows in the voice in three ways that go together: louder, higher, and with more of
its energy above 1 kHz (Liénard and Di Benedetto 1999, "Effect of vocal effort on spectral
properties of vowels"; Traunmüller and Eriksson 2000, "Acoustic effects of variation in vocal
effort by men, women, and children"). A recording's gain hides the loudness, so each is taken
against the clip's own; only where the voice is plainly whispered (vowels without pitch) or
shouted (high for anyone, and bright) does the clip as a whole count. The jaw opens more in loud
speech, the lips hardly (Schulman 1989, "Articulatory dynamics of loud and normal speech").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from animdrive.contract import PhoneTrack, Segment
from animdrive.sources.audio.expression.pitch import Voice
from animdrive.sources.audio.language.inventory import VOWELS
from animdrive.sources.audio.sound import HOP_S

Values = npt.NDArray[np.float64]
Frames = npt.NDArray[np.intp]
"""Indices of frames."""

_ST_PER_DB = 0.45
"""Pitch that goes with a decibel of loudness (Gramming et al. 1988: 0.2 to 0.6)."""
_TILT_DB_PER_DB = 0.5
"""Brightness that goes with it (Nordenberg and Sundberg 2004, alpha ratio over level)."""
_WEIGHTS = (0.5, 0.25, 0.25)
"""Of loudness, pitch and brightness."""
_USUAL_DB = 3.0
"""Phrases differ by so much in any talk."""
_FULL_DB = 14.0
"""A shout, or a whisper, is about so far from conversation."""
_WHISPER_VOICED, _SPOKEN_VOICED = 0.15, 0.4
"""Share of vowel frames with a period: of a whisper at most, of speech at least."""
_PERIODIC = 0.5
_SURE_FRAMES = 30
_SOFTEST = -0.5
"""A soft voice is still no whisper."""
_SHOUT_HZ = (260.0, 340.0)
"""Median pitch that is high for any grown speaker, and that is only shouted,"""
_SHOUT_TILT_DB = (-9.0, -4.0)
"""if it is as bright as this."""
_SHOUTED_CLIP = 0.6
_LEAST_FRAMES = 8
_SMOOTH_S = 0.6
_JAW_LOUD, _JAW_SOFT = 0.45, -0.35
_LIPS_LOUD, _LIPS_SOFT = 0.1, 0.2
"""What a shout and a whisper add to the factors of jaw and lips."""


@dataclass(frozen=True, eq=False)
class EffortGain:
    """Effort and the factors for the curves of a mouth that follow, each [T]."""

    effort: Values
    """-1 whispered to 1 shouted, whatever the dial says."""
    jaw: Values
    """0.3 at the least and 1.9 at the most."""
    lips: Values
    """0.8 at the least and 1.4 at the most."""


def effort_of(voice: Voice, phones: PhoneTrack, phrases: Sequence[Segment]) -> Values:
    """Return [F] vocal effort: -1 whispered, 0 conversation, 1 shouted, slowly varying.

    Args:
        voice: The sound, F frames.
        phones: What is said; its vowels are what is measured.
        phrases: Stretches of speech between pauses, in order of time.
    """
    vowel = np.zeros(len(voice), dtype=bool)
    for phone in phones.phones:
        if phone.label in VOWELS and phone.start_s < len(voice) * HOP_S:
            vowel[voice.frames(phone.start_s, phone.end_s)] = True
    spoken = vowel & voice.voiced
    if not vowel.any() or not phrases:
        return np.zeros(len(voice))
    clip = _measures(voice, np.flatnonzero(vowel), np.flatnonzero(spoken))
    clip_effort = _shouted(voice, np.flatnonzero(spoken))
    values = []
    for phrase in phrases:
        part = voice.frames(phrase.start_s, phrase.end_s)
        values.append(
            _phrase_effort(
                voice,
                part.start + np.flatnonzero(vowel[part]),
                part.start + np.flatnonzero(spoken[part]),
                clip,
                clip_effort,
            )
        )
    # A phrase's value reaches to the middle of the pauses beside it.
    edges = [(a.end_s + b.start_s) / 2 for a, b in pairwise(phrases)]
    which = np.searchsorted(edges, (np.arange(len(voice)) + 0.5) * HOP_S, side="right")
    return _smooth(np.asarray(values, dtype=np.float64)[which])


def _measures(voice: Voice, vowel: Frames, spoken: Frames) -> tuple[float, float, float] | None:
    """Return level in dB, pitch in semitones, brightness in dB; None where too little is voiced."""
    if len(spoken) < _LEAST_FRAMES:
        return None
    return (
        float(np.median(voice.level_db[vowel])),
        float(np.median(voice.pitch_st[spoken])),
        float(np.median(voice.tilt_db[spoken])),
    )


def _phrase_effort(
    voice: Voice,
    vowel: Frames,
    spoken: Frames,
    clip: tuple[float, float, float] | None,
    clip_effort: float,
) -> float:
    """Return the effort of one phrase, -1..1."""
    if not len(vowel):
        return 0.0
    share = float((voice.voicing[vowel] > _PERIODIC).mean())
    # One vowel without voice is a breath that was taken for a word.
    sure = min(1.0, len(vowel) / _SURE_FRAMES)
    whispered = sure * float(
        np.clip((_SPOKEN_VOICED - share) / (_SPOKEN_VOICED - _WHISPER_VOICED), 0.0, 1.0)
    )
    own = _measures(voice, vowel, spoken)
    relative = 0.0
    if own is not None and clip is not None:
        units = (1.0, 1 / _ST_PER_DB, 1 / _TILT_DB_PER_DB)
        # No one measure decides: a laugh is high, a thud loud, a hiss bright.
        db = sum(
            weight * float(np.clip((mine - usual) * unit, -2 * _FULL_DB, 2 * _FULL_DB))
            for weight, mine, usual, unit in zip(_WEIGHTS, own, clip, units, strict=True)
        )
        over = np.sign(db) * max(0.0, abs(db) - _USUAL_DB)
        relative = sure * float(np.clip(over / (_FULL_DB - _USUAL_DB), _SOFTEST, 1.0))
    loud = np.clip(relative + clip_effort, -1.0, 1.0)
    return float((1 - whispered) * loud - whispered)


def _shouted(voice: Voice, spoken: Frames) -> float:
    """Return 0..`_SHOUTED_CLIP`, how surely a whole clip is shouted."""
    if len(spoken) < _LEAST_FRAMES:
        return 0.0
    pitch = np.interp(float(np.median(voice.f0_hz[spoken])), _SHOUT_HZ, (0.0, 1.0))
    bright = np.interp(float(np.median(voice.tilt_db[spoken])), _SHOUT_TILT_DB, (0.0, 1.0))
    return float(_SHOUTED_CLIP * pitch * bright)


def _smooth(signal: Values) -> Values:
    reach = round(_SMOOTH_S / HOP_S / 2)
    weights = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(signal, reach, mode="edge")
    smooth = np.convolve(padded, weights / weights.sum(), mode="valid")
    return np.clip(smooth, -1.0, 1.0)


def effort_gain(effort: Values, times_s: npt.ArrayLike, *, amount: float = 1.0) -> EffortGain:
    """Return how far jaw and lips follow `effort`: a shout drops the jaw, a whisper shapes more.

    Args:
        effort: [F] of `effort_of`; may be empty.
        times_s: [T] seconds.
        amount: 0 ignores it, 1 is natural, 2 exaggerates.
    """
    times = np.asarray(times_s, dtype=np.float64)
    if not len(effort):
        ones = np.ones(len(times))
        return EffortGain(effort=np.zeros(len(times)), jaw=ones, lips=ones)
    at = np.interp(times, (np.arange(len(effort)) + 0.5) * HOP_S, effort)
    soft, loud = np.maximum(-at, 0.0), np.maximum(at, 0.0)
    return EffortGain(
        effort=at,
        jaw=1 + amount * (_JAW_LOUD * loud + _JAW_SOFT * soft),
        lips=1 + amount * (_LIPS_LOUD * loud + _LIPS_SOFT * soft),
    )
