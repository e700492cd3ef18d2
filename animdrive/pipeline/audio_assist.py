"""The sound of a clip beside its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from animdrive.contract import Character, CurveTrack, Segment
from animdrive.contract.stages import Progress, no_progress
from animdrive.pipeline.outputs import JobResult

if TYPE_CHECKING:
    from animdrive.contract import AudioClip
    from animdrive.media.video import VideoInfo
    from animdrive.sources.video.audio_assist import HeardMouth

_SPEECH_HZ = 16_000


def with_audio(
    clip: Path,
    info: VideoInfo,
    track: CurveTrack,
    character: Character,
    result: JobResult,
    *,
    progress: Progress = no_progress,
) -> tuple[CurveTrack, dict[str, Any]]:
    """Return `track` with closures and tongue sharpened by the sound of `clip`, and figures.

    What was done, or why nothing was, is added to the notes of `result`.

    Args:
        clip: The video.
        info: What is known about it.
        track: Curves from its pictures, from time 0 on.
        character: Whose curves they are.
        result: Told what was done.
        progress: Told of the stages.
    """
    if not info.has_audio:
        result.notes.append("Audio assist had nothing to hear: the clip has no sound track.")
        return track, {"audio_assist": {"left_out": "no sound track"}}
    from animdrive.media.audio import read_audio
    from animdrive.sources.video.audio_assist import assisted

    audio = read_audio(clip, sample_rate=_SPEECH_HZ, report=result.notes.append)
    done = assisted(track, heard_mouth(audio, track, progress=progress), character)
    result.notes.append(done.note)
    return done.track, {"audio_assist": done.figures}


def heard_mouth(
    audio: AudioClip, track: CurveTrack, *, progress: Progress = no_progress
) -> HeardMouth:
    """Return what `audio` says of the mouth at the frames of `track`; both begin at time 0."""
    from animdrive.sources.audio.language.phones import SILENCE, plain_phone
    from animdrive.sources.audio.mouth.closures import bite, seal
    from animdrive.sources.audio.mouth.curves import mouth_from_phones
    from animdrive.sources.audio.sound import HOP_S, levels_of_clip
    from animdrive.sources.audio.speech import SpeechConfig, speech_curves
    from animdrive.sources.video.audio_assist import HeardMouth

    times = track.times_s
    speech = speech_curves(audio, config=SpeechConfig(fps=track.fps), progress=progress)
    phones = [
        Segment(phone.start_s, phone.end_s, plain_phone(phone.label))
        for phone in speech.phones.phones
    ]
    speaking = np.zeros(len(times), dtype=bool)
    for phone in phones:
        if phone.label != SILENCE:
            speaking |= (times >= phone.start_s) & (times < phone.end_s)
    level = levels_of_clip(audio).astype(np.float64)
    centres = (np.arange(len(level)) + 0.5) * HOP_S
    loud = np.interp(times, centres, level) if len(level) else np.full(len(times), -120.0)
    return HeardMouth(
        sealed=seal(phones, times),
        bitten=bite(phones, times),
        curves=mouth_from_phones(speech.phones, times),
        loud_db=loud,
        speaking=speaking,
    )
