"""Breaths that are heard in pauses, and what the mouth does for them.

A breath is noise without pitch that rises out of the room's quiet, softer than speech, its energy
below 4 kHz, which tells it from an S, and 0.15 to 0.9 s long (Ruinskiy and Lavner 2007, "An
effective algorithm for automatic detection and exact demarcation of breath sounds in speech and
song signals", for length, level and the shape of the spectrum). What only falls is the room dying
away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, Segment
from animdrive.sources.audio.expression.pitch import Voice
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.mouth.closures import bite, seal, smoothstep
from animdrive.sources.audio.sound import HOP_S

Values = npt.NDArray[np.float64]

BREATH = "breath"
"""Label of a breath as a segment."""

SHORTEST_S, LONGEST_S = 0.15, 0.9
"""How long a breath may be heard."""
_OVER_FLOOR_DB = 9.0
_UNDER_SPEECH_DB = 5.0
_PERIODIC_FROM = 0.6
"""Chance gives noise a correlation of up to 0.5; breathy voice has more than this."""
_MIDS_OVER_TREBLE_DB = 2.0
_RUMBLE_OVER_MIDS_DB = 8.0
_RISE_DB = 5.0
_BESIDE_SPEECH_S = 0.03
"""A phone's own end: the puff of a stop, the tail of an H."""
_GAP_FRAMES = 4
_DIGITAL_SILENCE_DB = -100.0
_EARLY_S, _OPENING_S, _CLOSING_S, _LATE_S = 0.05, 0.16, 0.14, 0.06
_LOUD_UNDER_SPEECH_DB, _SOFT_UNDER_SPEECH_DB = 8.0, 32.0
"""A gasp lies so far under the vowels; what is softer than the other, nobody hears."""
_LEAST, _MOST = 0.10, 0.18
_LIPS = {
    "mouthLowerDownLeft": 0.07,
    "mouthLowerDownRight": 0.07,
    "mouthUpperUpLeft": 0.03,
    "mouthUpperUpRight": 0.03,
    "mouthFunnel": 0.05,
}
"""How the lips part for a breath, at its loudest."""


@dataclass(frozen=True)
class Breath:
    """A breath that is heard."""

    start_s: float
    end_s: float
    depth: float
    """How loud it is against the speech: 0 just heard, 1 gasped."""

    @property
    def segment(self) -> Segment:
        """The same as a segment labelled `BREATH`."""
        return Segment(self.start_s, self.end_s, BREATH)


def find_breaths(voice: Voice, phones: Sequence[Segment]) -> tuple[Breath, ...]:
    """Return the breaths in the pauses of a line, in order of time.

    Args:
        voice: The same sound.
        phones: Phones and silences in order of time; gaps count as silence. Where nobody speaks
            nothing is called a breath, for there is no voice to measure it by.
    """
    spoken = [phone for phone in phones if phone.label != SILENCE]
    heard = voice.level_db[voice.level_db > _DIGITAL_SILENCE_DB]
    loud = voice.level_db[voice.voiced]
    if not spoken or not len(loud):
        return ()
    floor_db = float(np.percentile(heard, 5))
    speech_db = float(np.median(loud))
    like = _like_breath(voice, floor_db, speech_db)
    found: list[Breath] = []
    for start, end in _pauses(spoken, len(voice)):
        inside = np.zeros(len(voice), dtype=bool)
        inside[start:end] = like[start:end]
        for first, last in _runs(inside):
            length_s = (last - first) * HOP_S
            if not SHORTEST_S <= length_s <= LONGEST_S or not _rises(voice, first, last, start):
                continue
            under = speech_db - float(np.mean(voice.level_db[first:last]))
            if under > _SOFT_UNDER_SPEECH_DB:
                continue
            depth = (_SOFT_UNDER_SPEECH_DB - under) / (
                _SOFT_UNDER_SPEECH_DB - _LOUD_UNDER_SPEECH_DB
            )
            found.append(Breath(first * HOP_S, last * HOP_S, float(np.clip(depth, 0.0, 1.0))))
    return tuple(found)


def _like_breath(voice: Voice, floor_db: float, speech_db: float) -> npt.NDArray[np.bool_]:
    """Return [F] whether a frame by itself may be breath."""
    mids = voice.band_db[:, 1:4].max(axis=1)
    like: npt.NDArray[np.bool_] = (
        ~voice.voiced
        & (voice.voicing < _PERIODIC_FROM)
        & (voice.level_db > floor_db + _OVER_FLOOR_DB)
        & (voice.level_db < speech_db - _UNDER_SPEECH_DB)
        & (mids > voice.band_db[:, 4] + _MIDS_OVER_TREBLE_DB)
        & (mids > voice.band_db[:, 0] - _RUMBLE_OVER_MIDS_DB)
    )
    return like


def _pauses(spoken: Sequence[Segment], frames: int) -> Iterable[tuple[int, int]]:
    """Yield first frame and one past the last of all that is not spoken."""
    edges = [-_BESIDE_SPEECH_S]
    for phone in spoken:
        edges += [phone.start_s, phone.end_s]
    edges.append(frames * HOP_S + _BESIDE_SPEECH_S)
    for end_s, start_s in zip(edges[::2], edges[1::2], strict=True):
        first = max(0, round((end_s + _BESIDE_SPEECH_S) / HOP_S))
        last = min(frames, round((start_s - _BESIDE_SPEECH_S) / HOP_S))
        if (last - first) * HOP_S >= SHORTEST_S:
            yield first, last


def _runs(like: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return runs of true frames, first and one past the last, over gaps of 40 ms."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], like.astype(np.int8), [0]])))
    runs: list[tuple[int, int]] = []
    for first, last in edges.reshape(-1, 2):
        if runs and first - runs[-1][1] <= _GAP_FRAMES:
            runs[-1] = (runs[-1][0], int(last))
        else:
            runs.append((int(first), int(last)))
    return runs


def _rises(voice: Voice, first: int, last: int, pause: int) -> bool:
    """Return whether the level comes up within a run, or out of a dip of the pause before it."""
    padded = np.pad(voice.level_db[pause:last], 1, mode="edge")
    level = np.convolve(padded, np.ones(3) / 3, mode="valid")
    peak = first - pause + int(level[first - pause :].argmax())
    return bool(level[peak] - level[: peak + 1].min() >= _RISE_DB)


def breath_opening(breaths: Sequence[Breath], times_s: npt.ArrayLike) -> Values:
    """Return [T] jawOpen that breaths ask for: 0, or up to 0.10 to 0.18 as they are loud.

    The mouth opens over 0.16 s, from 0.05 s before a breath is heard, and closes as it dies.

    Args:
        breaths: In order of time.
        times_s: [T] rising.
    """
    times = np.asarray(times_s, dtype=np.float64)
    opening = np.zeros(len(times))
    for breath in breaths:
        peak = _LEAST + (_MOST - _LEAST) * breath.depth
        come = smoothstep((times - breath.start_s + _EARLY_S) / _OPENING_S)
        go = smoothstep((breath.end_s + _LATE_S - times) / _CLOSING_S)
        opening = np.maximum(opening, peak * come * go)
    return opening


def breathed(
    mouth: npt.NDArray[np.float64],
    breaths: Sequence[Breath],
    phones: Sequence[Segment],
    times_s: npt.ArrayLike,
) -> Values:
    """Return `mouth` [T, 52] with breaths laid over it; lips that must touch stay as they are.

    Args:
        mouth: Curves of speech, 0..1, columns as `ARKIT52`.
        breaths: What was found.
        phones: Phones in order of time.
        times_s: [T] the times of `mouth`, evenly spaced.
    """
    values = np.array(mouth, dtype=np.float64)
    times = np.asarray(times_s, dtype=np.float64)
    if not breaths or not len(times):
        return values
    opening = breath_opening(breaths, times) * (1 - seal(phones, times)) * (1 - bite(phones, times))
    changed = opening > 0
    for name, share in (("jawOpen", 1.0), *((n, v / _MOST) for n, v in _LIPS.items())):
        column = ARKIT_INDEX[name]
        # A soft maximum: speech that is wider than the breath hides it, and there is no corner.
        values[changed, column] = np.cbrt(
            values[changed, column] ** 3 + (share * opening[changed]) ** 3
        )
    return np.minimum(values, 1.0)


MOVED: tuple[str, ...] = tuple(name for name in ARKIT52 if name == "jawOpen" or name in _LIPS)
"""Curves that a breath moves."""
