"""A spoken line to a moving face: the front of this room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, AudioClip, CurveTrack, PhoneTrack, Segment
from animdrive.contract.spoken import Spoken
from animdrive.contract.stages import Aligner, Progress, Report, no_progress
from animdrive.errors import InputError
from animdrive.sources.audio import ALIGNERS
from animdrive.sources.audio.expression.breath import breathed
from animdrive.sources.audio.expression.expression import ExpressionConfig, expression_of
from animdrive.sources.audio.expression.life import LifeConfig, life_beside_speech
from animdrive.sources.audio.language.languages import AUTO, joined, language_code
from animdrive.sources.audio.mouth.curves import MouthConfig, mouth_from_phones
from animdrive.sources.audio.mouth.visemes import viseme_segments
from animdrive.sources.audio.timings.timings import Timings, phones_given, within

if TYPE_CHECKING:
    from animdrive.sources.audio.mouth.mouth_model import MouthModel


@dataclass(frozen=True)
class SpeechConfig:
    """Settings of `speech_curves`."""

    fps: float = 60.0
    """Frames per second of the result, 1..240."""
    seed: int = 0
    """Seed of blinks, glances, head and brows, 0 or above; the mouth does not depend on it."""
    language: str = AUTO
    """Language that is spoken: "auto" (told from the script of the text; without a text English,
    unless it does not sound so), "en", "zh", or any code of espeak-ng, see
    `animdrive.sources.audio.language.languages.language_code`."""
    aligner: str = "acoustic"
    """What finds the phones: a name of `ALIGNERS`."""
    mouth: MouthConfig = field(default_factory=MouthConfig)
    """Dials of the mouth."""
    mouth_model: Path | None = None
    """Mouth learned from captures, a file of 'train-mouth', for `MouthConfig.captured`; None takes
    the one that ships."""
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    """Dials of what the voice tells beyond the phones."""
    life: LifeConfig = field(default_factory=LifeConfig)
    """Dials of everything else that moves."""

    def __post_init__(self) -> None:
        if not 1 <= self.fps <= 240:
            raise InputError(f"fps must be in 1..240, got {self.fps}.")
        if self.seed < 0:
            raise InputError(f"seed must be 0 or above, got {self.seed}.")
        language_code(self.language)
        if self.aligner not in ALIGNERS:
            raise InputError(
                f"Unknown aligner '{self.aligner}'. Known: {', '.join(ALIGNERS.names())}."
            )


@dataclass(frozen=True, eq=False)
class SpeechResult:
    """A line as motion, and what was heard on the way."""

    track: CurveTrack
    """Motion from 0 s on, as long as the sound to the frame; columns `ARKIT52`."""
    phones: PhoneTrack
    """Phones and words, from 0 s to the end of the sound."""
    visemes: tuple[Segment, ...]
    """Mouth classes over time, for `NAME.visemes.tsv`."""
    text: str | None
    """The words that the motion follows, given or recognised, without punctuation; None when there
    are none."""
    notes: tuple[str, ...]
    """What the user should know, one line each."""
    breaths: tuple[Segment, ...] = ()
    """Breaths that are heard in pauses."""
    mood: Mapping[str, npt.NDArray[np.float64]] | None = None
    """Emotion → [T] amount 0..1 that the voice asks for; the track is without it. None where it was
    not asked for."""


def speech_curves(
    audio: AudioClip,
    text: str | None = None,
    *,
    timings: Timings | None = None,
    config: SpeechConfig = SpeechConfig(),
    progress: Progress = no_progress,
) -> SpeechResult:
    """Turn a spoken line into motion of the face.

    Phones are found in the sound, forced to `text` when it is given; mouth, jaw and tongue
    follow them (`curves`); blinks, glances, head and brows come from the seed (`life`). Where
    nobody speaks the mouth is exactly at rest, and the eyes still blink.

    Args:
        audio: Mono sound, any rate, any length.
        text: What is said, or None to have it recognised.
        timings: What is said when, if that is known: its phones are taken as they are, and words
            or lines without phones keep their times. Then `text` is not used.
        config: Settings.
        progress: Told of the stages "align" and "curves".

    Returns:
        Motion that covers the sound, at least one frame, with phones and notes.

    Raises:
        BackendError: the aligner is not installed.
        WeightsError: `SpeechConfig.mouth_model` cannot be read.
        InputError: `timings` lie beyond the end of the sound, or name an unknown phone.
    """
    notes: list[str] = []
    learned = _learned_mouth(config)
    phones = _phones(audio, text, timings, config, notes.append, progress)
    progress("curves", 0.0)
    times = np.arange(max(1, math.ceil(audio.duration_s * config.fps - 1e-6))) / config.fps
    heard = expression_of(audio, phones, times, config=config.expression)
    mouth = mouth_from_phones(
        phones,
        times,
        stress=heard.prosody.stress,
        jaw_gain=heard.gain.jaw,
        lips_gain=heard.gain.lips,
        captured=None if learned is None else learned.run(audio, phones.phones, times),
        config=config.mouth,
    )
    mouth = breathed(mouth, heard.breaths, phones.phones, times)
    life = life_beside_speech(heard.prosody, times, seed=config.seed, config=config.life)
    track = CurveTrack(
        names=ARKIT52,
        fps=config.fps,
        values=(mouth + life.values).astype(np.float32),  # they share no column
        head_rotation=life.head_rotation.astype(np.float32),
        eye_rotation=life.eye_rotation.astype(np.float32),
    )
    progress("curves", 1.0)
    return SpeechResult(
        track=track,
        phones=phones,
        visemes=viseme_segments(phones),
        text=joined(word.label for word in phones.words) or None,
        notes=tuple(notes),
        breaths=tuple(breath.segment for breath in heard.breaths),
        mood=heard.mood,
    )


def _learned_mouth(config: SpeechConfig) -> MouthModel | None:
    """Return the learned mouth that is asked for, if one is."""
    if config.mouth.captured == 0:
        return None
    from animdrive.sources.audio.mouth.mouth_model import load_mouth_model, shipped_mouth_model

    path = config.mouth_model
    return shipped_mouth_model() if path is None else load_mouth_model(path)


def _phones(
    audio: AudioClip,
    text: str | None,
    timings: Timings | None,
    config: SpeechConfig,
    tell: Report,
    progress: Progress,
) -> PhoneTrack:
    """Return what is said when: given, or found in the sound."""
    if timings is not None:
        timings = within(timings, audio.duration_s)
        if timings.phones:
            return phones_given(timings, audio.duration_s)
    load = ALIGNERS.load(config.aligner)
    language = language_code(config.language)
    if timings is None:
        spoken = _spoken(text, language, tell)
        track: PhoneTrack = load(tell=tell, progress=progress).align(
            audio, spoken, language=language
        )
        return track
    from animdrive.sources.audio.timings.windows import phones_in_windows

    def make(told: Report) -> Aligner:
        aligner: Aligner = load(tell=told)
        return aligner

    return phones_in_windows(audio, timings, make, language=language, tell=tell, progress=progress)


def _spoken(text: str | None, language: str, tell: Report) -> Spoken | None:
    """Return `text` as words, telling what is left out; None where there is nothing to say."""
    if text is None or not text.strip():
        return None
    from animdrive.sources.audio.language.text import spoken_from_text
    from animdrive.sources.audio.sphinx.decoder import lookup

    spoken = spoken_from_text(text, language=language, lookup=lookup)
    for note in spoken.notes:
        tell(note)
    if not spoken.words:
        tell("The transcript holds no word that can be said; only the sound is used.")
        return None
    return spoken
