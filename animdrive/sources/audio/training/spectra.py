"""What the voices said, kept as fine spectra and the phone of every frame."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.errors import BackendError, InputError
from animdrive.files import write_text, written_aside
from animdrive.sources.audio.acoustic.features import FINE, power_spectra
from animdrive.sources.audio.language.inventory import SILENCE, SYMBOLS
from animdrive.sources.audio.sound import HOP_S
from animdrive.sources.audio.training import speak_espeak, speak_festival, speak_flite
from animdrive.sources.audio.training.made_up import made_up_sentences
from animdrive.sources.audio.training.texts import FORTUNES as FORTUNES_FOLDER
from animdrive.sources.audio.training.texts import SOURCES, sentences
from animdrive.sources.audio.training.utterances import Floats, Utterance
from animdrive.sources.audio.training.voice_labels import timed_phones
from animdrive.sources.audio.training.voices import MADE_UP, Voice

UNKNOWN = -1
"""Label of a frame that nothing is learned from."""
ENGINES: dict[str, Any] = {
    "flite": speak_flite,
    "festival": speak_festival,
    "espeak": speak_espeak,
}
"""Engine → the module that speaks with it."""
_VERSION = 1
_FAINTEST = 1e-10
"""Added to the power before its logarithm is kept at 16 bits."""

Labels = npt.NDArray[np.int16]


def missing_packages(voices: Sequence[Voice]) -> tuple[str, ...]:
    """Return Debian's packages that `voices` need and that are not installed, sorted."""
    lacking = {
        package
        for voice in voices
        for package in ENGINES[voice.engine].missing_package(voice).split()
    }
    for voice in voices:
        if voice.text != MADE_UP:
            source = SOURCES[voice.language]
            if not any(any(FORTUNES_FOLDER.glob(pattern)) for pattern in source.patterns):
                lacking.add(source.package)
    return tuple(sorted(lacking))


def check_installed(voices: Sequence[Voice]) -> None:
    """Raise a BackendError that names the packages where any is missing."""
    lacking = missing_packages(voices)
    if lacking:
        raise BackendError(
            f"These voices and texts are not installed: apt install {' '.join(lacking)}. "
            f"'--voices espeak' works without them."
        )


def frame_labels(voice: Voice, spoken: Utterance, frames: int) -> Labels:
    """Return [T] the number of the phone in `SYMBOLS` at the middle of each frame.

    What comes before the first label and after the last one is silence; a name that the tables do
    not know, and a gap, is `UNKNOWN`.
    """
    middles = (np.arange(frames) + 0.5) * HOP_S
    labels = np.full(frames, UNKNOWN, dtype=np.int16)
    timed = timed_phones(voice, spoken.labels)
    if timed:
        outside = (middles < timed[0][1]) | (middles >= timed[-1][2])
        labels[outside] = SYMBOLS.index(SILENCE)
    for phone, start, end in timed:
        number = UNKNOWN if phone is None else SYMBOLS.index(phone)
        labels[(middles >= start) & (middles < end)] = number
    return labels


def prepare_voice(
    voice: Voice,
    folder: Path,
    *,
    seed: int,
    share: float = 1.0,
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> None:
    """Have a voice speak, and write what was heard to `folder`, unless it is there already.

    Args:
        voice: Who.
        folder: Of `Corpus`.
        seed: Of sentences, speakers and speeds.
        share: Of its minutes.
        progress: Told of the stage "speak NAME".
        report: Told when there is less of it than wanted.

    Raises:
        BackendError: the voice or its texts are not installed.
        InputError: it said nothing.
    """
    wanted = _settings(voice, seed, share)
    listing = folder / f"{voice.key}.json"
    stage = f"speak {voice.key}"
    if listing.is_file() and _read(listing).get("settings") == wanted:
        progress(stage, 1.0)
        return
    frames_wanted = round(voice.minutes * share * 60 / HOP_S)
    powers: list[npt.NDArray[np.float16]] = []
    labels: list[Labels] = []
    frames = 0
    for spoken in _spoken(voice, seed):
        power = power_spectra(spoken.samples)
        powers.append(np.log10(power + _FAINTEST).astype(np.float16))
        labels.append(frame_labels(voice, spoken, len(power)))
        frames += len(power)
        progress(stage, min(frames / frames_wanted, 1.0))
        if frames >= frames_wanted:
            break
    if not frames:
        raise InputError(f"Voice {voice.key} said nothing. Check it, or choose other voices.")
    if frames < frames_wanted:
        report(
            f"{voice.key}: {frames * HOP_S / 60:.1f} min of {voice.minutes * share:.1f}, all it has"
        )
    progress(stage, 1.0)
    listing.unlink(missing_ok=True)
    every = np.concatenate(labels)
    for name, array in (("power", np.concatenate(powers)), ("labels", every)):
        with written_aside(folder / f"{voice.key}.{name}.npy") as aside:
            np.save(aside, array, allow_pickle=False)
    known = np.bincount(every[every >= 0], minlength=len(SYMBOLS))
    document = {
        "settings": wanted,
        "minutes": round(frames * HOP_S / 60, 2),
        "sentences": len(labels),
        "unknown_frames": int((every < 0).sum()),
        "frames_of_phone": dict(zip(SYMBOLS, known.tolist(), strict=True)),
    }
    write_text(listing, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def _settings(voice: Voice, seed: int, share: float) -> dict[str, Any]:
    made = {key: value for key, value in asdict(voice).items() if key not in ("weight", "licence")}
    return {"version": _VERSION, "seed": seed, "share": share, "voice": made}


def _spoken(voice: Voice, seed: int) -> Iterator[Utterance]:
    # Voices of one language say other sentences, and the same ones every time.
    own = [seed, *hashlib.sha256(voice.key.encode()).digest()[:4]]
    number = int(np.random.default_rng(own).integers(2**31))
    said = (
        made_up_sentences(voice.language, seed=number)
        if voice.text == MADE_UP
        else iter(sentences(voice.language, seed=number))
    )
    spoken: Iterator[Utterance] = ENGINES[voice.engine].speak(voice, said, seed=number)
    return spoken


def _read(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}). Remove it; it is made anew.") from error
    return document


class Corpus:
    """What several voices said, opened without reading it all."""

    def __init__(self, folder: Path, voices: Sequence[Voice]) -> None:
        """Open the files that `prepare_voice` wrote.

        Raises:
            InputError: some are missing or damaged.
        """
        self.voices = tuple(voices)
        self._weights = np.array([voice.weight for voice in voices], dtype=np.float64)
        self._weights /= self._weights.sum()
        self._heard: list[tuple[npt.NDArray[np.float16], Labels]] = []
        self.listings: list[dict[str, Any]] = []
        for voice in voices:
            files = [folder / f"{voice.key}.{kind}.npy" for kind in ("power", "labels")]
            try:
                power, labels = (np.load(file, mmap_mode="r") for file in files)
            except (OSError, ValueError) as error:
                raise InputError(
                    f"{files[0]} cannot be read ({error}). Remove it; it is made anew."
                ) from error
            if power.ndim != 2 or power.shape != (len(labels), FINE):
                raise InputError(f"{files[0]} and its labels do not fit. Remove them.")
            self._heard.append((power, labels))
            self.listings.append(_read(folder / f"{voice.key}.json"))

    def draw(self, rng: np.random.Generator, frames: int) -> tuple[Floats, Labels]:
        """Return power [T, 128] and labels [T] of `frames` frames in a row, or all there are."""
        power, labels = self._heard[rng.choice(len(self._heard), p=self._weights)]
        first = int(rng.integers(0, max(1, len(labels) - frames)))
        part = np.asarray(power[first : first + frames], dtype=np.float32)
        return np.power(np.float32(10.0), part), np.asarray(labels[first : first + frames])

    def prior(self, group: str) -> Floats:
        """Return [P] how often each phone of `SYMBOLS` is drawn, of "en", "zh" or all ("any").

        A group that nobody speaks has the prior of all.
        """
        chosen = [group in ("any", voice.group) for voice in self.voices]
        if not any(chosen):
            return self.prior("any")
        total = np.zeros(len(SYMBOLS))
        for weight, listing, taken in zip(self._weights, self.listings, chosen, strict=True):
            if taken:
                counts = np.array([listing["frames_of_phone"][symbol] for symbol in SYMBOLS], float)
                total += weight * counts / max(counts.sum(), 1)
        total = np.maximum(total / total.sum(), 1e-5)
        prior: Floats = (total / total.sum()).astype(np.float32)
        return prior
