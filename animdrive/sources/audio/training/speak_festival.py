"""festival says sentences and saves when each of its sounds ends."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from animdrive.errors import BackendError
from animdrive.sources.audio.training.utterances import Utterance, ends_to_spans, utterance_of
from animdrive.sources.audio.training.voices import Voice

VOICES = Path("/usr/share/festival/voices")
"""Where Debian's packages put them, in folders of languages."""
_BATCH = 40
"""Sentences of one run: starting festival and its voice takes a second."""
_LONGEST_S = 600
_BARREN = 20
"""Runs without a single sentence after which a voice is given up."""

# `Utterance` is a macro that takes its text unevaluated, hence the eval.
_SAY = (
    "(define (say text name) (let ((u (eval (list (quote Utterance) (quote Text) text))))"
    " (utt.synth u) (utt.save.wave u (string-append name \".wav\") (quote riff))"
    " (utt.save.segs u (string-append name \".seg\"))))"
)  # fmt: skip


def missing_package(voice: Voice) -> str:
    """Return the Debian packages to install, or nothing where festival has the voice."""
    if not shutil.which("festival"):
        return f"festival {voice.package}"
    return "" if any(VOICES.glob(f"*/{voice.name}")) else voice.package


def speak(voice: Voice, sentences: Iterable[str], *, seed: int) -> Iterator[Utterance]:
    """Yield the sentences as festival says them, each at another speed.

    Args:
        voice: One of festival's.
        sentences: What to say.
        seed: Of the speeds.

    Raises:
        BackendError: festival or the voice is not installed, or says nothing.
    """
    program = shutil.which("festival")
    lacking = missing_package(voice)
    if program is None or lacking:
        raise BackendError(
            f"festival with the voice {voice.name} is not installed: apt install {lacking}."
        )
    rng = np.random.default_rng(seed)
    waiting = iter(sentences)
    barren = 0
    while batch := list(islice(waiting, _BATCH)):
        stretches = rng.uniform(0.78, 1.25, len(batch)).tolist()
        with tempfile.TemporaryDirectory(prefix="festival-") as name:
            folder = Path(name)
            script = folder / "say.scm"
            script.write_bytes(script_of(voice, batch, stretches, folder))
            # It stops at the first sentence that it cannot say; the rest of the batch is let go.
            subprocess.run(  # noqa: S603 - no shell, and our own sentences
                [program, "-b", str(script)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_LONGEST_S,
                check=False,
            )
            said = [_said(folder / str(place)) for place in range(len(batch))]
        found = [spoken for spoken in said if spoken is not None]
        barren = 0 if found else barren + 1
        if barren >= _BARREN:
            raise BackendError(f"festival's voice {voice.name} says nothing. Reinstall it.")
        yield from found


def script_of(
    voice: Voice, sentences: Sequence[str], stretches: Sequence[float], folder: Path
) -> bytes:
    """Return the Scheme that says `sentences` into 0.wav, 0.seg, 1.wav, ... of `folder`."""
    lines = [f"(voice_{voice.name})", _SAY]
    for place, (sentence, stretch) in enumerate(zip(sentences, stretches, strict=True)):
        plain = sentence.replace('"', " ").replace("\\", " ")
        lines.append(f"(Parameter.set 'Duration_Stretch {stretch:.3f})")
        lines.append(f'(say "{plain}" "{folder / str(place)}")')
    return "\n".join(lines).encode(voice.encoding, errors="ignore")


def _said(name: Path) -> Utterance | None:
    import soundfile

    sound, labels = name.with_suffix(".wav"), name.with_suffix(".seg")
    if not (sound.is_file() and labels.is_file()):
        return None
    try:
        samples, rate = soundfile.read(sound, dtype="float32")
    except soundfile.LibsndfileError:
        return None
    return utterance_of(samples, rate, labels_of(labels.read_text("latin-1")))


def labels_of(table: str) -> list[tuple[str, float, float]]:
    """Return (name, start, end) of what ``utt.save.segs`` writes: end, colour and name a line."""
    rows = [line.split() for line in table.splitlines()]
    rows = [row for row in rows if len(row) == 3]
    return ends_to_spans([row[2] for row in rows], [float(row[0]) for row in rows])
