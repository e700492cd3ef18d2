"""How a network does on real speech with labels: looked at while it trains, never trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from animdrive.errors import InputError
from animdrive.media.audio import read_audio
from animdrive.sources.audio.acoustic.features import (
    features_of,
    frames_in,
    power_spectra,
)
from animdrive.sources.audio.acoustic.network import Network
from animdrive.sources.audio.acoustic.running import running_log_mel, running_normalised
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.language.phones import CLASS_OF_PHONE, CLASSES
from animdrive.sources.audio.sound import HOP_S, SAMPLE_RATE
from animdrive.sources.audio.timings.timings import phones_given, read_timings
from animdrive.sources.audio.training.utterances import Floats

_LABELS = ".phones.tsv"
_SAME = {"AO": "AA", "ZH": "SH", "DX": "T", "Q": SILENCE}
"""Phones that labellers of English do not agree on (Lee and Hon 1989)."""
_TOLD = ("closed", "labiodental", "rounded", "open")
"""Mouth classes that count: what a viewer sees."""


@dataclass(frozen=True, eq=False)
class Take:
    """A recording with labels."""

    name: str
    """Of the file."""
    samples: Floats
    """[N] at 16 kHz."""
    phones: tuple[str, ...]
    """[T] what is said in each frame of 10 ms."""


@dataclass(frozen=True)
class Score:
    """Shares of 0 to 1 over all frames."""

    phones: float
    """Frames whose phone is right."""
    classes: float
    """F1 of the mouth classes that show, mean of closed, labiodental, rounded and open."""
    frames: int
    """Looked at."""


def read_takes(folder: Path) -> list[Take]:
    """Return the recordings (NAME.wav) of a folder that have labels (NAME.phones.tsv).

    Labels are read as by 'audio --timings'.

    Raises:
        InputError: there are none, or a table is broken.
    """
    takes = []
    for table in sorted(Path(folder).glob(f"*{_LABELS}")):
        sound = table.with_name(table.name.removesuffix(_LABELS) + ".wav")
        if not sound.is_file():
            continue
        samples = read_audio(sound, sample_rate=SAMPLE_RATE).samples
        middles = (np.arange(frames_in(len(samples))) + 0.5) * HOP_S
        said = [SILENCE] * len(middles)
        timings = read_timings(table)
        for phone in phones_given(timings, len(samples) / SAMPLE_RATE).phones:
            inside = (middles >= phone.start_s) & (middles < phone.end_s)
            for frame in np.flatnonzero(inside):
                said[frame] = phone.label
        takes.append(Take(sound.stem, samples, tuple(said)))
    if not takes:
        raise InputError(
            f"No recordings with labels in {folder}: NAME.wav beside NAME{_LABELS} are needed."
        )
    return takes


def score(network: Network, takes: Sequence[Take]) -> Score:
    """Return how well a network hears `takes`; a class has the posteriors of all its phones."""
    right = total = 0
    class_of = np.array([CLASSES.index(CLASS_OF_PHONE[symbol]) for symbol in network.symbols])
    seen = np.zeros((len(CLASSES), len(CLASSES)))
    members = np.eye(len(CLASSES), dtype=np.float32)[class_of]
    for take in takes:
        posteriors = np.exp(network.log_posteriors(_features(network, take.samples)))
        heard = [_folded(network.symbols[place]) for place in posteriors.argmax(1)]
        right += sum(one == _folded(other) for one, other in zip(heard, take.phones, strict=True))
        total += len(take.phones)
        truth = [CLASSES.index(CLASS_OF_PHONE[phone]) for phone in take.phones]
        np.add.at(seen, (truth, (posteriors @ members).argmax(1)), 1)
    told = [CLASSES.index(name) for name in _TOLD]
    hits = np.diag(seen)[told]
    f1 = 2 * hits / np.maximum(seen.sum(0)[told] + seen.sum(1)[told], 1)
    return Score(right / max(total, 1), float(f1.mean()), total)


def _features(network: Network, samples: Floats) -> Floats:
    if not network.running:
        return features_of(samples)
    return running_normalised(running_log_mel(power_spectra(samples)))


def _folded(phone: str) -> str:
    return _SAME.get(phone, phone)
