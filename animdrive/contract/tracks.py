"""Things that happen over time: curves, visemes, phones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import (
    FloatArray,
    as_float,
    check_fps,
    check_names,
    check_unit_range,
    put,
)
from animdrive.contract.names import ARKIT52
from animdrive.errors import ContractError


def _none() -> FloatArray:
    return np.zeros((0,), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class CurveTrack:
    """Facial motion over time: what every front end returns and every exporter takes.

    T frames, C channels. Arrays are copied to read-only float32 and checked here, once;
    code that receives a CurveTrack never checks it again. Pose arrays that are left out are
    filled in: a still head, eyes straight ahead, full confidence.

    Axes: right-handed, +Y up, the face looks along +Z, +X is the subject's left.
    """

    names: tuple[str, ...]
    """C unique channel names in column order; front ends use `ARKIT52`."""
    fps: float
    """Frames per second, above 0. Frame ``i`` is shown at ``start_s + i / fps`` seconds."""
    values: FloatArray
    """[T, C] in 0 (rest) to 1 (full)."""
    head_rotation: FloatArray = field(default_factory=_none)
    """[T, 3] radians about +X, +Y, +Z: pitch (down +), yaw (subject's left +), roll (crown to the
    subject's right +). The rotation is ``Ry(yaw) · Rx(pitch) · Rz(roll)``."""
    head_position: FloatArray = field(default_factory=_none)
    """[T, 3] metres from the head's place at rest."""
    eye_rotation: FloatArray = field(default_factory=_none)
    """[T, 2, 3] radians in head space, left eye then right, each pitch, yaw, roll as the head's."""
    confidence: FloatArray = field(default_factory=_none)
    """[T] how much the source saw or heard: 0 (no face in this frame) to 1."""
    start_s: float = 0.0
    """Time of frame 0, seconds."""

    def __post_init__(self) -> None:
        names = check_names("CurveTrack.names", self.names)
        values = as_float("CurveTrack.values", self.values, ("T", len(names)))
        check_unit_range("CurveTrack.values", values, names)
        frames = len(values)
        confidence = self._filled("confidence", (frames,), 1.0)
        check_unit_range("CurveTrack.confidence", confidence[:, None], ("confidence",))
        if not np.isfinite(self.start_s):
            raise ContractError(f"CurveTrack.start_s must be finite, got {self.start_s}.")
        put(
            self,
            names=names,
            fps=check_fps("CurveTrack.fps", self.fps),
            values=values,
            head_rotation=self._filled("head_rotation", (frames, 3), 0.0),
            head_position=self._filled("head_position", (frames, 3), 0.0),
            eye_rotation=self._filled("eye_rotation", (frames, 2, 3), 0.0),
            confidence=confidence,
            start_s=float(self.start_s),
        )

    def _filled(self, name: str, shape: tuple[int, ...], default: float) -> FloatArray:
        given = np.asarray(getattr(self, name))
        if given.shape == (0,):  # left out
            given = np.full(shape, default, dtype=np.float32)
        return as_float(f"CurveTrack.{name}", given, shape)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def duration_s(self) -> float:
        """Seconds that the T frames last."""
        return len(self.values) / self.fps

    @property
    def times_s(self) -> npt.NDArray[np.float64]:
        """[T] time of every frame, seconds."""
        return self.start_s + np.arange(len(self.values)) / self.fps

    def curve(self, name: str) -> FloatArray:
        """Return [T], the values of one channel.

        Raises:
            ContractError: the track has no such channel.
        """
        if name not in self.names:
            raise ContractError(f"CurveTrack has no curve '{name}'.")
        column: FloatArray = self.values[:, self.names.index(name)]
        return column

    def with_values(self, values: npt.ArrayLike) -> CurveTrack:
        """Return the same track with other `values` [T, C]."""
        return replace(self, values=np.asarray(values, dtype=np.float32))


def as_arkit(track: CurveTrack) -> CurveTrack:
    """Return `track` with exactly the columns `ARKIT52`: missing ones at rest, others dropped."""
    if track.names == ARKIT52:
        return track
    values = np.zeros((len(track), len(ARKIT52)), dtype=np.float32)
    for column, name in enumerate(ARKIT52):
        if name in track.names:
            values[:, column] = track.curve(name)
    return replace(track, names=ARKIT52, values=values)


@dataclass(frozen=True, eq=False)
class VisemeTrack:
    """How strongly each viseme is spoken at every frame. T frames, V visemes."""

    names: tuple[str, ...]
    """V unique viseme names, in column order."""
    fps: float
    """Frames per second, above 0."""
    values: FloatArray
    """[T, V] in 0 to 1."""

    def __post_init__(self) -> None:
        names = check_names("VisemeTrack.names", self.names)
        values = as_float("VisemeTrack.values", self.values, ("T", len(names)))
        check_unit_range("VisemeTrack.values", values, names)
        put(self, names=names, fps=check_fps("VisemeTrack.fps", self.fps), values=values)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Segment:
    """A stretch of time with a label: a phone, a word, a mouth shape."""

    start_s: float
    """Where it begins, seconds."""
    end_s: float
    """Where it ends, seconds, not before `start_s`."""
    label: str
    """What is there. Not empty."""

    def __post_init__(self) -> None:
        if not (np.isfinite([self.start_s, self.end_s]).all() and self.start_s <= self.end_s):
            raise ContractError(
                f"Segment '{self.label}' runs from {self.start_s} s to {self.end_s} s."
            )
        if not self.label:
            raise ContractError(f"Segment at {self.start_s} s has no label.")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class PhoneTrack:
    """What is said when: phones in order of time, and the words they belong to."""

    phones: tuple[Segment, ...]
    """In time order, without overlap. Labels are the phones of docs/phones.md: ARPABET without
    stress, letters of the IPA for what English lacks, SIL for silence."""
    words: tuple[Segment, ...] = ()
    """In time order, where words are known."""
    alphabet: str = "animdrive"
    """Which phone set the labels are from."""

    def __post_init__(self) -> None:
        for kind, segments in (("phones", self.phones), ("words", self.words)):
            for before, after in pairwise(segments):
                if after.start_s < before.end_s - 1e-6:
                    raise ContractError(
                        f"PhoneTrack.{kind}: '{after.label}' starts at {after.start_s:.3f} s, "
                        f"before '{before.label}' ends at {before.end_s:.3f} s."
                    )

    @property
    def end_s(self) -> float:
        """Where the last phone ends, seconds; 0 when there is none."""
        return self.phones[-1].end_s if self.phones else 0.0
