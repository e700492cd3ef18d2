"""flite says sentences and prints when each of its sounds ends."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from animdrive.errors import BackendError
from animdrive.sources.audio.training.utterances import Utterance, ends_to_spans, utterance_of
from animdrive.sources.audio.training.voices import Voice

_LONGEST_S = 60
_APART_S = 0.3
"""Labels that end farther from the sound's end are of another sentence."""


def missing_package(voice: Voice) -> str:
    """Return the Debian package to install, or nothing where flite is there."""
    return "" if shutil.which("flite") else voice.package


def speak(voice: Voice, sentences: Iterable[str], *, seed: int) -> Iterator[Utterance]:
    """Yield the sentences as flite says them, each at another speed.

    Args:
        voice: One that is built into flite.
        sentences: What to say.
        seed: Of the speeds.

    Raises:
        BackendError: flite is not installed.
    """
    import soundfile

    program = shutil.which("flite")
    if program is None:
        raise BackendError(f"flite is not installed: apt install {voice.package}.")
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="flite-") as folder:
        sound = Path(folder) / "sound.wav"
        for sentence in sentences:
            stretch = f"duration_stretch={rng.uniform(0.8, 1.25):.3f}"
            options = ["-voice", voice.name, "--setf", stretch, "-psdur"]
            sound.unlink(missing_ok=True)
            try:
                said = subprocess.run(  # noqa: S603 - no shell, and our own sentences
                    [program, *options, "-t", sentence, "-o", str(sound)],
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=_LONGEST_S,
                    check=False,
                )
                samples, rate = soundfile.read(sound, dtype="float32")
            except (soundfile.LibsndfileError, subprocess.TimeoutExpired):
                continue  # a sentence that it chokes on
            labels = labels_of(said.stdout)
            if not labels or abs(labels[-1][2] - len(samples) / rate) > _APART_S:
                continue
            spoken = utterance_of(samples, rate, labels)
            if spoken is not None:
                yield spoken


def labels_of(printed: str) -> list[tuple[str, float, float]]:
    """Return (name, start, end) of what ``flite -psdur`` prints, or nothing if it is broken."""
    names, ends = [], []
    for token in printed.split():
        name, colon, end = token.rpartition(":")
        if not colon:
            continue
        try:
            ends.append(float(end))
        except ValueError:
            return []
        names.append(name)
    return ends_to_spans(names, ends)
