"""What a deformer learns from: curves, and what the linear rig misses of the skin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.contract import Rig
from animdrive.contract.capture import Capture, CapturedTake
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError

Index = npt.NDArray[np.int64]

_STILL_M = 2e-5
"""Skin that never leaves the linear rig by more is left to it."""
_SHORTEST_S = 1.0
_CLOCKS_FRAMES = 0.25
"""Share of a frame by which curves and skin may be apart."""


@dataclass(frozen=True)
class Rows:
    """One take's place in `TrainingData`."""

    name: str
    """The take's."""
    kind: str
    """See `animdrive.contract.capture.TAKE_KINDS`."""
    held_out: bool
    """Whether it is there to test on."""
    start: int
    """First row."""
    stop: int
    """Row behind the last one."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Frames of all takes, one under the other. N frames, C curves, M moving vertices."""

    rig: Rig
    """Whose face; C curves, V vertices."""
    fps: float
    """Frames per second."""
    curves: FloatArray
    """[N, C] 0..1, in the order of the rig."""
    moving: Index
    """[M] vertices that the linear rig alone does not place rightly."""
    offsets: FloatArray
    """[N, M, 3] metres from the linear rig to the skin that was captured."""
    takes: tuple[Rows, ...]
    """Where each take is."""
    head: FloatArray | None = None
    """[N, 4, 4] of the head, see `CapturedTake.head_transform`; None: it was still."""

    def rows(self, *, held_out: bool) -> Index:
        """Return the rows of one side of the split."""
        runs = [np.arange(t.start, t.stop) for t in self.takes if t.held_out == held_out]
        return np.concatenate(runs) if runs else np.zeros(0, dtype=np.int64)


def training_data(
    capture: Capture,
    *,
    without: Iterable[str] = (),
    progress: Progress = no_progress,
) -> TrainingData:
    """Gather `capture` to learn from.

    Args:
        capture: Takes whose curves and skin run on one clock, with no holes.
        without: Kinds or names of takes to leave out, such as "pairs".
        progress: Told of the stage "read".

    Raises:
        InputError: nothing to learn from, less than a second, or a take that is not prepared.
    """
    rig = capture.character.rig
    left_out = set(without)
    known = {entry.kind for entry in capture.takes} | {entry.name for entry in capture.takes}
    if left_out - known:
        raise InputError(
            f"The capture has no take or kind '{sorted(left_out - known)[0]}' to leave out. "
            f"It has: {', '.join(sorted(known))}."
        )
    entries = [e for e in capture.takes if e.name not in left_out and e.kind not in left_out]
    frames = sum(e.frames for e in entries if e.split == "train")
    if frames < _SHORTEST_S * capture.fps:
        raise InputError(
            f"There are {frames} frames to learn from, {frames / capture.fps:.2f} s; at least a "
            f"second is needed, and a good deformer wants some 3000 frames. Add takes that are "
            f"not held out."
        )
    total = sum(e.frames for e in entries)
    count = len(rig.neutral.vertices)
    curves = np.zeros((total, len(rig.names)), dtype=np.float32)
    # All vertices first: which of them move is known at the end alone.
    offsets = np.zeros((total, count, 3), dtype=np.float32)
    head = np.zeros((total, 4, 4), dtype=np.float32)
    takes: list[Rows] = []
    row = 0
    for number, entry in enumerate(entries):
        captured = capture.take(entry.name)
        check_prepared(captured)
        own = curves_of(captured, rig)
        stop = row + len(own)
        curves[row:stop] = own
        linear = rig.neutral.vertices.reshape(-1) + own @ rig.deltas.reshape(len(rig.names), -1)
        offsets[row:stop] = captured.vertices - linear.reshape(len(own), count, 3)
        head[row:stop] = captured.head_transform
        takes.append(Rows(entry.name, entry.kind, entry.split == "held_out", row, stop))
        row = stop
        progress("read", (number + 1) / len(entries))
    learn = np.concatenate([np.arange(t.start, t.stop) for t in takes if not t.held_out])
    most = np.zeros(count, dtype=np.float32)
    for start in range(0, len(learn), 256):
        np.maximum(most, np.abs(offsets[learn[start : start + 256]]).max((0, 2)), out=most)
    moving = np.flatnonzero(most > _STILL_M)
    if not len(moving):
        raise InputError(
            "The skin of the capture is the linear rig's to the bit; there is nothing to learn."
        )
    return TrainingData(
        rig,
        capture.fps,
        curves,
        moving,
        np.ascontiguousarray(offsets[:, moving]),
        tuple(takes),
        head,
    )


def curves_of(captured: CapturedTake, rig: Rig) -> FloatArray:
    """Return [T, C] curve values of a take in the order of `rig`; curves it lacks are 0."""
    track = captured.take.track
    values = np.zeros((len(track), len(rig.names)), dtype=np.float32)
    for column, name in enumerate(rig.names):
        if name in track.names:
            values[:, column] = track.curve(name)
    return values


def check_prepared(captured: CapturedTake) -> None:
    """Raise InputError unless skin and curves of a take agree frame by frame, without holes."""
    track, name = captured.take.track, captured.take.name
    cure = "Run 'animdrive capture prepare' on the capture first."
    if len(captured.vertices) != len(track):
        raise InputError(
            f"Take '{name}' has {len(track)} frames of curves and {len(captured.vertices)} of "
            f"skin. {cure}"
        )
    times = np.arange(len(track)) / track.fps
    late = np.abs(captured.times_s - captured.times_s[0] - times).max() * track.fps
    if late > _CLOCKS_FRAMES:
        raise InputError(
            f"Take '{name}': skin and curves are up to {late:.1f} frames apart by their clocks. "
            f"{cure}"
        )
    if captured.missing is not None and captured.missing.any():
        frame = int(np.flatnonzero(captured.missing.any(axis=1))[0])
        raise InputError(f"Take '{name}' has holes in its skin, the first at frame {frame}. {cure}")
