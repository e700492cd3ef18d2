"""Captured performances for the learned mouth: found in a folder, read, and their phones heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from animdrive.contract import CurveTrack, PhoneTrack
from animdrive.contract.media import AudioClip
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.errors import InputError

if TYPE_CHECKING:
    from animdrive.sources.audio.mouth.mouth_training import MouthCapture

SOUNDS: tuple[str, ...] = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".mov", ".mp4")
"""Suffixes of recordings; a video's sound track is taken."""
CURVES: tuple[str, ...] = (".csv", ".json", ".glb")
"""Suffixes of captured curves."""
FOLDED: dict[str, tuple[tuple[str, float], ...]] = {
    "_mouth_oh_c": (("mouthPucker", 1.0),),
    "_mouth_oo_c": (("mouthPucker", 1.0),),
}
"""Shapes of foreign rigs that have no ARKit name → the curves that they stand for, and how far.
These two of a FACEGOOD rig are rounded lips; where they are used, mouthPucker hardly is."""
_HZ = 16_000


@dataclass(frozen=True, eq=False)
class CaptureFile:
    """A recording and its captured curves."""

    name: str
    sound: Path
    audio: AudioClip
    track: CurveTrack


def find_captures(folder: Path) -> list[tuple[Path, Path]]:
    """Return (sound, curves) of the performances in `folder`, sorted by name.

    Curves belong to the sound whose name theirs begins with: ``take1.wav`` and
    ``take1_iPhone.csv``. Where several sounds would fit, the longest name does.

    Raises:
        InputError: no such folder, or no pair in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder. Give one with recordings and captured curves.")
    files = sorted(path for path in folder.iterdir() if path.is_file())
    sounds = {p.stem: p for p in reversed(files) if p.suffix.lower() in SOUNDS}
    pairs: dict[str, tuple[Path, Path]] = {}
    for path in files:
        if path.suffix.lower() not in CURVES:
            continue
        fits = [stem for stem in sounds if path.stem.startswith(stem)]
        if fits:
            stem = max(fits, key=len)
            pairs.setdefault(stem, (sounds[stem], path))
    if not pairs:
        raise InputError(
            f"{folder} holds no recording with curves beside it. Give pairs such as take1.wav "
            "and take1.csv (a CSV of Live Link Face, or columns Time, JawOpen and so on)."
        )
    return [pairs[stem] for stem in sorted(pairs)]


def read_capture_file(sound: Path, curves: Path, *, tell: Report = tell_nobody) -> CaptureFile:
    """Return one performance; shapes of `FOLDED` are added to the curves that they stand for.

    Raises:
        InputError: a file that cannot be read.
    """
    from animdrive.export import read_curves
    from animdrive.media.audio import read_audio

    audio = read_audio(sound, sample_rate=_HZ, report=tell)
    track = read_curves(curves).track
    if curves.suffix.lower() == ".csv":
        track = _folded(curves, track)
    return CaptureFile(sound.stem, sound, audio, track)


def _folded(path: Path, track: CurveTrack) -> CurveTrack:
    """Return `track` with the foreign shapes of its table added; rows may lack or repeat times."""
    with path.open(encoding="utf-8-sig") as stream:
        header = [name.strip() for name in stream.readline().split(",")]
    if not set(FOLDED) & set(header) or "Time" not in header:
        return track
    table = np.genfromtxt(path, delimiter=",", skip_header=1, ndmin=2)
    values = track.values.astype(np.float64)
    for shape, stands_for in FOLDED.items():
        if shape in header:
            column = np.interp(
                track.times_s, table[:, header.index("Time")], table[:, header.index(shape)]
            )
            for name, share in stands_for:
                values[:, track.names.index(name)] += share * column
    return track.with_values(np.clip(values, 0.0, 1.0))


def phones_heard(file: CaptureFile, *, progress: Progress = no_progress) -> PhoneTrack:
    """Return what is said in a performance, by the default aligner.

    ``NAME.txt`` beside the recording is its transcript; without it phones are recognised.
    """
    from animdrive.sources.audio.speech import SpeechConfig, speech_curves

    script = file.sound.with_suffix(".txt")
    text = script.read_text(encoding="utf-8-sig") if script.is_file() else None
    return speech_curves(file.audio, text, config=SpeechConfig(fps=30.0), progress=progress).phones


def learned_from(
    file: CaptureFile, *, phones: Callable[[CaptureFile], PhoneTrack] = phones_heard
) -> MouthCapture:
    """Return a performance as `train_mouth_model` takes it."""
    from animdrive.sources.audio.mouth.mouth_training import mouth_capture

    return mouth_capture(file.name, file.audio, file.track, phones(file).phones)
