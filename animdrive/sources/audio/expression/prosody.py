"""How the line is spoken: which syllables stand out, where it pauses, how its phrases end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animdrive.contract import PhoneTrack, Segment
from animdrive.sources.audio.expression.pitch import Voice
from animdrive.sources.audio.language.inventory import SILENCE, VOWELS
from animdrive.sources.audio.sound import HOP_S, Levels, loudest_db

_ACCENT_GAP_S = 0.28
_ACCENT_LEAST = 0.35
_PAUSE_S = 0.2
_UTTERANCE_PAUSE_S = 0.6
_FULL_ST = 4.0
"""A syllable this far above its phrase's falling line is plainly raised."""
_TAIL_S = 0.2
"""The tail of a phrase, which rises or falls,"""
_BEFORE_TAIL_S = (0.3, 0.9)
"""against what lies so long before its last voice."""
_UNFINISHED_ST = -1.0
_FILLERS = frozenset({"uh", "um", "er", "erm", "eh", "hm", "hmm", "mm", "äh", "ähm", "呃", "嗯"})
_DRAWN_S = 0.4


@dataclass(frozen=True)
class Accent:
    """A syllable that stands out."""

    time_s: float
    """The middle of its vowel."""
    strength: float
    """How far it stands out, 0..1."""


@dataclass(frozen=True)
class Phrase:
    """A stretch of speech between pauses."""

    start_s: float
    end_s: float
    rise_st: float = 0.0
    """How far its tail lies above what comes before, semitones; below 0 it falls; 0 where there is
    too little pitch to say."""
    starts_utterance: bool = True
    """Whether it comes after a long pause, or first."""
    ends_utterance: bool = True
    """Whether a long pause follows, or nothing."""


@dataclass(frozen=True)
class Prosody:
    """What the sound tells beyond the phones."""

    stress: tuple[float, ...]
    """For each phone, how loud it is against the vowels of the clip: -1 softest, 1 loudest."""
    accents: tuple[Accent, ...]
    """In order of time, at least 0.28 s apart."""
    pauses: tuple[Segment, ...]
    """Silences of 0.2 s and more, labelled SIL; the whole clip when nothing is said."""
    phrases: tuple[Phrase, ...] = ()
    """What lies between the pauses, in order of time."""
    hesitations: tuple[float, ...] = ()
    """When the speaker falters, seconds, in order: fillers ("um"), short pauses inside an utterance
    before which the pitch has not fallen, vowels drawn out before one."""


def prosody_of(
    phones: PhoneTrack, level_db: Levels, *, duration_s: float, voice: Voice | None = None
) -> Prosody:
    """Find stress, accents, pauses, phrases and hesitations.

    A vowel is compared with the clip's own vowels: 8 dB above their median counts as loudest.
    An accent is a vowel that is loud and long (Fry 1955 on what makes stress), weighted 2 to 1,
    and, with `voice`, one whose pitch stands above the falling line of its phrase or moves (Fry
    1958), weighted 1.5: in read and free speech loudness tells more than pitch (Kochanski
    et al. 2005).

    Args:
        phones: Phones of the inventory, in order.
        level_db: [F] loudness, one value for each 0.01 s.
        duration_s: Length of the clip.
        voice: Pitch of the same clip; without it, accents are loud and long, and no phrase rises.
    """
    vowels = [phone for phone in phones.phones if phone.label in VOWELS]
    level = {id(vowel): loudest_db(level_db, vowel.start_s, vowel.end_s) for vowel in vowels}
    middle_db = float(np.median(list(level.values()))) if vowels else 0.0
    usual_s = float(np.median([vowel.duration_s for vowel in vowels])) if vowels else 0.0
    stress = tuple(
        float(np.clip((level[id(phone)] - middle_db) / 8.0, -1.0, 1.0))
        if id(phone) in level
        else 0.0
        for phone in phones.phones
    )
    pauses = [p for p in phones.phones if p.label == SILENCE and p.duration_s >= _PAUSE_S]
    if not vowels:
        pauses = [Segment(0.0, duration_s, SILENCE)] if duration_s > 0 else []
    phrases = _phrases(phones, voice)
    lines = [None if voice is None else _line(phrase, voice) for phrase in phrases]
    accents = [
        Accent(
            (vowel.start_s + vowel.end_s) / 2,
            _strength(
                level[id(vowel)] - middle_db,
                vowel.duration_s / usual_s,
                None if voice is None else _raised(vowel, phrases, lines, voice),
            ),
        )
        for vowel in vowels
        if usual_s > 0
    ]
    return Prosody(
        stress=stress,
        accents=_standing_out(accents),
        pauses=tuple(pauses),
        phrases=phrases,
        hesitations=_hesitations(phones, phrases, usual_s),
    )


def _strength(louder_db: float, longer: float, raised: float | None) -> float:
    loud = np.clip(louder_db / 8.0, -1.0, 1.0)
    long = np.clip(np.log2(max(longer, 0.25)), -1.0, 1.0)
    if raised is None:
        return float(np.clip((2 * loud + long) / 3, 0.0, 1.0))
    return float(np.clip((2 * loud + long + 1.5 * raised) / 3.5, 0.0, 1.0))


@dataclass(frozen=True)
class _Line:
    """The falling line of pitch through a phrase."""

    middle: float
    """Frame, counted from the phrase's first, at which the pitch is"""
    usual_st: float
    """this, semitones;"""
    slope: float
    """semitones a frame, not above 0."""


def _line(phrase: Phrase, voice: Voice) -> _Line | None:
    """Return the line of a phrase; None where it has too little pitch.

    It goes through the medians of the phrase's two halves, robust against one wrong octave.
    """
    line = voice.pitch_st[voice.frames(phrase.start_s, phrase.end_s)]
    heard = np.flatnonzero(np.isfinite(line))
    if len(heard) < 10:
        return None
    half = len(heard) // 2
    left, right = heard[:half], heard[half:]
    ends = [float(np.median(line[left])), float(np.median(line[right]))]
    at = [float(left.mean()), float(right.mean())]
    slope = min(0.0, (ends[1] - ends[0]) / max(at[1] - at[0], 1.0))
    return _Line(middle=float(np.mean(at)), usual_st=float(np.mean(ends)), slope=slope)


def _raised(
    vowel: Segment, phrases: Sequence[Phrase], lines: Sequence[_Line | None], voice: Voice
) -> float | None:
    """Return how far pitch makes a vowel stand out, -1..1; None where it has none."""
    own = voice.pitch_st[voice.frames(vowel.start_s, vowel.end_s)]
    own = own[np.isfinite(own)]
    middle = (vowel.start_s + vowel.end_s) / 2
    number = next((n for n, p in enumerate(phrases) if p.start_s <= middle <= p.end_s), None)
    if len(own) < 3 or number is None:
        return None
    line = lines[number]
    if line is None:
        return None
    first = voice.frames(phrases[number].start_s, phrases[number].end_s).start
    here = voice.frames(middle, middle).start - first
    usual = line.usual_st + line.slope * (here - line.middle)
    low, high, higher = (float(value) for value in np.percentile(own, (10, 80, 90)))
    moves = higher - low
    return float(np.clip((high - usual + 0.5 * min(moves, 6.0)) / _FULL_ST - 0.25, -1.0, 1.0))


def _phrases(phones: PhoneTrack, voice: Voice | None) -> tuple[Phrase, ...]:
    """Return the stretches of speech that no silence of 0.2 s breaks."""
    spans: list[tuple[float, float]] = []
    for phone in phones.phones:
        if phone.label == SILENCE:
            continue
        if spans and phone.start_s - spans[-1][1] < _PAUSE_S:
            spans[-1] = (spans[-1][0], phone.end_s)
        else:
            spans.append((phone.start_s, phone.end_s))
    phrases: list[Phrase] = []
    for index, (start_s, end_s) in enumerate(spans):
        before_s = start_s - spans[index - 1][1] if index else np.inf
        after_s = spans[index + 1][0] - end_s if index + 1 < len(spans) else np.inf
        phrases.append(
            Phrase(
                start_s,
                end_s,
                rise_st=0.0 if voice is None else _rise(start_s, end_s, voice),
                starts_utterance=before_s >= _UTTERANCE_PAUSE_S,
                ends_utterance=after_s >= _UTTERANCE_PAUSE_S,
            )
        )
    return tuple(phrases)


def _rise(start_s: float, end_s: float, voice: Voice) -> float:
    """Return how far the voiced tail of a phrase lies above what comes before it, semitones."""
    part = voice.frames(start_s, end_s)
    line = voice.pitch_st[part]
    heard = np.flatnonzero(np.isfinite(line))
    if len(heard) < 25:
        return 0.0
    until_s = (heard[-1] - heard) * HOP_S
    tail = line[heard[until_s < _TAIL_S]]
    before = line[heard[(until_s >= _BEFORE_TAIL_S[0]) & (until_s < _BEFORE_TAIL_S[1])]]
    if len(tail) < 5 or len(before) < 8:
        return 0.0
    return float(np.clip(np.median(tail) - np.median(before), -12.0, 12.0))


def _hesitations(
    phones: PhoneTrack, phrases: Sequence[Phrase], usual_s: float
) -> tuple[float, ...]:
    found = [word.start_s for word in phones.words if word.label.casefold().strip(".") in _FILLERS]
    ends = {p.end_s for p in phrases if not p.ends_utterance and p.rise_st > _UNFINISHED_ST}
    found += ends
    found += [
        phone.start_s
        for phone in phones.phones
        if phone.label in VOWELS
        and phone.end_s in ends
        and phone.duration_s > max(_DRAWN_S, 3 * usual_s)
    ]
    return tuple(sorted(set(found)))


def _standing_out(accents: Sequence[Accent]) -> tuple[Accent, ...]:
    """Keep the stronger of two that are close, and none that is weak."""
    kept: list[Accent] = []
    for accent in sorted(accents, key=lambda a: (-a.strength, a.time_s)):
        at = bisect_left(kept, accent.time_s, key=lambda other: other.time_s)
        near = any(
            abs(accent.time_s - other.time_s) < _ACCENT_GAP_S
            for other in kept[max(0, at - 1) : at + 1]
        )
        if accent.strength >= _ACCENT_LEAST and not near:
            kept.insert(at, accent)
    return tuple(kept)
