"""What a voice tells a face beyond the phones: effort, breaths, prosody, and mood on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.contract import AudioClip, PhoneTrack, Segment
from animdrive.errors import InputError
from animdrive.sources.audio.expression.breath import Breath, find_breaths
from animdrive.sources.audio.expression.effort import EffortGain, effort_gain, effort_of
from animdrive.sources.audio.expression.pitch import Voice, voice_of_clip
from animdrive.sources.audio.expression.prosody import Prosody, prosody_of
from animdrive.sources.audio.sound import levels_of_clip

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExpressionConfig:
    """Dials of what the voice does to the face besides the phones."""

    effort: float = 1.0
    """How far jaw and lips follow a whisper or a shout: 0 ignores it, 1 is natural, 2 exaggerates.
    0..2."""
    breaths: bool = True
    """Open the mouth a little for breaths that are heard."""
    auto_emotion: float = 0.0
    """How strongly a mood read from the voice shows: 0 not at all (nothing is read), 1 fully. 0..1.
    How well it is read: docs/emotion_from_voice.md."""

    def __post_init__(self) -> None:
        for name, most in (("effort", 2), ("auto_emotion", 1)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise InputError(f"{name} must be in 0..{most}, got {value}.")


@dataclass(frozen=True, eq=False)
class Expression:
    """What was heard in a line of T frames."""

    voice: Voice
    """Pitch, voicing and levels, every 10 ms."""
    prosody: Prosody
    """Stress, accents, pauses, phrases."""
    gain: EffortGain
    """Effort, and the factors for jaw and lips."""
    breaths: tuple[Breath, ...]
    """Breaths in pauses."""
    mood: Mapping[str, Values] | None
    """Emotion → [T] amount 0..1; None where none was asked for."""


def expression_of(
    audio: AudioClip,
    phones: PhoneTrack,
    times_s: npt.ArrayLike,
    *,
    config: ExpressionConfig = ExpressionConfig(),
) -> Expression:
    """Listen to how a line is spoken.

    Args:
        audio: The line.
        phones: What is said when.
        times_s: [T] frames of the face, seconds.
        config: Dials.
    """
    voice = voice_of_clip(audio)
    prosody = prosody_of(phones, levels_of_clip(audio), duration_s=audio.duration_s, voice=voice)
    spans = [Segment(phrase.start_s, phrase.end_s, "phrase") for phrase in prosody.phrases]
    effort = effort_of(voice, phones, spans)
    mood = None
    if config.auto_emotion > 0:
        from animdrive.sources.audio.expression.emotion_voice import mood_of_voice

        heard = mood_of_voice(audio, voice, phones.phones)
        mood = heard.amounts(times_s, strength=config.auto_emotion)
    return Expression(
        voice=voice,
        prosody=prosody,
        gain=effort_gain(effort, times_s, amount=config.effort),
        breaths=find_breaths(voice, phones.phones) if config.breaths else (),
        mood=mood,
    )
