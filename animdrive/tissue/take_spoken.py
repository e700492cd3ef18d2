"""Takes that come from a front end: spoken lines and real clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from animdrive.contract import CurveTrack, as_arkit
from animdrive.contract.capture import Take
from animdrive.errors import ContractError
from animdrive.tissue.sentences import HELD_OUT, MOODS, TRAIN, VOICES
from animdrive.tissue.take_plan import TakePlan

_SHORTEST_S = 0.8
"""A line that is cut off keeps at least this much."""
_PACES = (150, 175, 135, 190)
"""Words per minute, in turn."""


@dataclass(frozen=True)
class SpokenLine:
    """A sentence and how it is to be said."""

    text: str
    """What is said."""
    language: str
    """ISO 639-1."""
    voice: str
    """A voice of espeak-ng."""
    words_per_minute: int
    """Speed."""
    emotion: tuple[str, float]
    """Emotion and amount 0..1."""
    seed: int
    """Seed of blinks and glances."""


Speak = Callable[[SpokenLine], CurveTrack]
"""Returns the curves of a line."""


def spoken_takes(plan: TakePlan, split: str, frames: int, speak: Speak) -> list[Take]:
    """Return lines of together at least `frames` frames, one take each; the last may be cut.

    Languages take turns, and so do voices, speeds and moods; when all sentences were said they
    are said again in another voice.
    """
    sentences = TRAIN if split == "train" else HELD_OUT
    prefix = "speech_held" if split == "held_out" else "speech"
    takes: list[Take] = []
    said = turn = 0
    while said < frames:
        language = plan.languages[turn % len(plan.languages)]
        number = turn // len(plan.languages)
        lines, voices = sentences[language], VOICES[language]
        again = number // len(lines)
        line = SpokenLine(
            text=lines[number % len(lines)],
            language=language,
            voice=voices[(number + again) % len(voices)],
            words_per_minute=_PACES[(number + again) % len(_PACES)],
            emotion=MOODS[(number + again) % len(MOODS)],
            seed=plan.seed * 1000 + 2 * turn + int(split == "held_out"),
        )
        track = _checked(speak(line), plan, line.text)
        room = max(frames - said, round(_SHORTEST_S * plan.fps))
        track = _first(track, room)
        mood = "" if not line.emotion[1] else f" [{line.emotion[0]} {line.emotion[1]:g}]"
        name = f"{prefix}_{language}_{len(takes) + 1:02d}"
        takes.append(Take(name, "speech", split, track, f"{line.text}{mood}"))
        said += len(track)
        turn += 1
    return takes


def clip_takes(plan: TakePlan, clips: Sequence[tuple[str, CurveTrack]]) -> list[Take]:
    """Return clips as takes; every third is held out, a single one too, where any frame is."""
    takes = []
    for number, (name, track) in enumerate(clips, start=1):
        held = plan.frames_held > 0 and (number % 3 == 0 or len(clips) == 1)
        split = "held_out" if held else "train"
        own = _checked(track, plan, name)
        label = f"clip_{'held_' if held else ''}{number:02d}"
        takes.append(Take(label, "clips", split, own, name))
    return takes


def cut_to(takes: Sequence[Take], frames: int) -> list[Take]:
    """Return the first of `takes` that hold `frames` frames together, the last one cut."""
    kept: list[Take] = []
    for take in takes:
        if frames <= 0:
            break
        kept.append(replace(take, track=_first(take.track, frames)))
        frames -= len(kept[-1].track)
    return kept


def _checked(track: CurveTrack, plan: TakePlan, what: str) -> CurveTrack:
    if not np.isclose(track.fps, plan.fps):
        raise ContractError(f"'{what}' has {track.fps:g} fps, the capture {plan.fps:g}.")
    return replace(as_arkit(track), start_s=0.0)


def _first(track: CurveTrack, frames: int) -> CurveTrack:
    if len(track) <= frames:
        return track
    return replace(
        track,
        values=track.values[:frames],
        head_rotation=track.head_rotation[:frames],
        head_position=track.head_position[:frames],
        eye_rotation=track.eye_rotation[:frames],
        confidence=track.confidence[:frames],
    )
