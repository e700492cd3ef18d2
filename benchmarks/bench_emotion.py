"""How well mood is read from a voice, on acted emotions beside the repository.

    python benchmarks/bench_emotion.py

Fourteen recordings of RAVDESS (two actors, a man and a woman, seven emotions each, all the same
sentence). Nothing was trained on them, but medians of their pitch and tilt had been seen before the
constants were set: no blind test. Mood is read as ``animdrive audio --auto-emotion`` reads it and
averaged over the speech. The truth is where the acted emotion
lies on the circumplex of affect (Russell 1980; surprise and disgust as in Scherer 2005, figure 1).
Fourteen files are few: one file is 7 points of every percentage.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
import soundfile
from common import SHARED, show
from scipy.stats import spearmanr

from animdrive.contract import AudioClip
from animdrive.sources.audio.expression.emotion_voice import STEP_S, Mood, mood_of_voice
from animdrive.sources.audio.expression.pitch import voice_of_clip
from animdrive.sources.audio.speech import speech_curves

SPEECH = SHARED / "data" / "speech"
CIRCUMPLEX: dict[str, tuple[float, float]] = {
    "neutral": (0.0, 0.0),
    "happy": (0.8, 0.5),
    "sad": (-0.8, -0.4),
    "angry": (-0.6, 0.8),
    "fearful": (-0.7, 0.7),
    "disgust": (-0.7, 0.3),
    "surprised": (0.2, 0.8),
}
"""Emotion → valence, arousal."""
SHOWN = {"disgust": "disgusted"}


def read_moods() -> list[tuple[str, str, Mood, slice]]:
    """Return actor, emotion, mood and the part of it that is speech, for every recording."""
    moods = []
    for path in sorted(SPEECH.glob("ravdess_*.wav")):
        _, actor, emotion, _ = path.stem.split("_")
        samples, rate = soundfile.read(path, dtype="float32")
        clip = AudioClip(samples=samples, sample_rate=rate)
        phones = speech_curves(clip, path.with_suffix(".txt").read_text()).phones.phones
        spoken = [phone for phone in phones if phone.label != "SIL"]
        part = slice(round(spoken[0].start_s / STEP_S), round(spoken[-1].end_s / STEP_S) + 1)
        moods.append((actor, emotion, mood_of_voice(clip, voice_of_clip(clip), phones), part))
    return moods


def strongest(mood: Mood, part: slice) -> str:
    """Return the emotion that the face shows most, neutral where none reaches 0.15."""
    times = np.arange(len(mood.arousal))[part] * STEP_S
    amounts = {name: float(a.mean()) for name, a in mood.amounts(times).items()}
    best = max(amounts, key=lambda name: amounts[name])
    return best if amounts[best] >= 0.15 else "neutral"


def main() -> int:
    """Print what was read beside what was acted."""
    moods = read_moods()
    if not moods:
        print(f"No recordings in {SPEECH}; nothing to score.")
        return 0
    acted = np.array([CIRCUMPLEX[emotion] for _, emotion, _, _ in moods])
    read = np.array(
        [(mood.valence[part].mean(), mood.arousal[part].mean()) for _, _, mood, part in moods]
    )
    print("actor  acted      valence  arousal   woman's  shown most")
    confusion: dict[str, dict[str, int]] = {}
    for (actor, emotion, mood, part), (valence, arousal) in zip(moods, read, strict=True):
        shown = strongest(mood, part)
        row = confusion.setdefault(SHOWN.get(emotion, emotion), {})
        row[shown] = row.get(shown, 0) + 1
        print(
            f"{actor:6} {emotion:10} {valence:+7.2f}  {arousal:+7.2f}  {mood.female:8.2f}  {shown}"
        )
    print("\nacted → shown most")
    for emotion, row in confusion.items():
        print(f"  {emotion:10}", ", ".join(f"{name} {n}" for name, n in sorted(row.items())))
    excited = np.array([e in {"happy", "angry", "fearful", "surprised"} for _, e, _, _ in moods])
    calm = np.array([e in {"neutral", "sad"} for _, e, _, _ in moods])
    judged = excited | calm
    middle = float(np.median(read[:, 1]))
    sided = acted[:, 0] != 0
    hits = sum(row.get(emotion, 0) for emotion, row in confusion.items())
    show(
        "mood from the voice",
        [
            ("arousal, Spearman with the circumplex", _rho(read[:, 1], acted[:, 1]), ""),
            ("valence, Spearman with the circumplex", _rho(read[:, 0], acted[:, 0]), ""),
            (
                "excited or calm, told at arousal 0",
                _right(read[judged, 1] > 0, excited[judged]),
                "%",
            ),
            (
                "excited or calm, told at the middle file",
                _right(read[judged, 1] > middle, excited[judged]),
                "%",
            ),
            (
                "pleasant or not, told at valence 0",
                _right(read[sided, 0] > 0, acted[sided, 0] > 0),
                "%",
            ),
            (
                "the same by always saying unpleasant",
                100 * float((acted[sided, 0] < 0).mean()),
                "%",
            ),
            ("the emotion acted is shown most", 100 * hits / len(moods), "%"),
            ("the same by chance", 100 / len(CIRCUMPLEX), "%"),
        ],
        sample=f"{len(moods)} acted recordings, 2 speakers",
    )
    return 0


def _rho(read: npt.NDArray[np.float64], acted: npt.NDArray[np.float64]) -> float:
    return float(spearmanr(read, acted).statistic)


def _right(read: npt.NDArray[np.bool_], acted: npt.NDArray[np.bool_]) -> float:
    return 100 * float((read == acted).mean())


if __name__ == "__main__":
    sys.exit(main())
