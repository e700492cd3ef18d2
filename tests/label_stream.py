"""A recogniser that knows the phones beforehand: stands in for the acoustic one in tests."""

from __future__ import annotations

import numpy as np

from animdrive.contract import Segment
from animdrive.sources.audio.language.inventory import SYMBOLS

HOP = 160


class LabelStream:
    """Posteriors of known phones; they come `look_ahead` hops late, as a real recogniser's do."""

    symbols = SYMBOLS
    hop_s = 0.01

    def __init__(self, segments=(), *, look_ahead=4, certainty=0.9, keeps=0):
        self.look_ahead_s = look_ahead * self.hop_s
        self._segments = list(segments)
        self._certainty = certainty
        self._keeps = keeps  # frames that finish() does not give back
        self._heard = self._given = 0

    def push(self, samples):
        assert samples.dtype == np.float32
        self._heard += len(samples)
        return self._rows(self._heard // HOP - round(self.look_ahead_s / self.hop_s))

    def finish(self):
        return self._rows(self._heard // HOP - self._keeps)

    def _rows(self, until):
        rows = [self._row(at) for at in range(self._given, max(self._given, until))]
        self._given += len(rows)
        return np.array(rows, np.float32).reshape(-1, len(self.symbols))

    def _row(self, at):
        middle_s = (at + 0.5) * self.hop_s
        label = next((s.label for s in self._segments if s.start_s <= middle_s < s.end_s), "SIL")
        row = np.full(len(self.symbols), (1 - self._certainty) / (len(self.symbols) - 1))
        row[self.symbols.index(label)] = self._certainty
        return row


def segments(text, *, start_s=0.2, each_s=0.1):
    """Phones of equal length, separated by blanks."""
    return [
        Segment(start_s + i * each_s, start_s + (i + 1) * each_s, label)
        for i, label in enumerate(text.split())
    ]


def voiced(seconds, rate=16_000, *, spans=((0.0, 1e9),), seed=0):
    """Loud noise in `spans`, nearly silent elsewhere."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    loud = np.zeros(len(times), bool)
    for start, stop in spans:
        loud |= (times >= start) & (times < stop)
    noise = rng.normal(size=len(times))
    return np.where(loud, 0.1 * noise, 1e-4 * noise).astype(np.float32)
