"""Recordings of a face in motion as meshes over time: takes, and captures made of takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray, as_float, check_fps, put
from animdrive.contract.geometry import Character
from animdrive.contract.tracks import CurveTrack
from animdrive.errors import ContractError, InputError

BoolArray = npt.NDArray[np.bool_]

TAKE_KINDS: tuple[str, ...] = ("rom", "pairs", "emotions", "random", "speech", "clips")
"""Range of motion, pairs of curves, compound emotions, random mixtures, speech, real clips."""
SPLITS: tuple[str, ...] = ("train", "held_out")
"""What a take is for: to learn from, or to be tested on."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")


@dataclass(frozen=True, eq=False)
class Take:
    """One performance of a capture, before or after it was captured."""

    name: str
    """Unique in its capture and fit for a file name: lower case letters, digits and ``_``."""
    kind: str
    """One of `TAKE_KINDS`."""
    split: str
    """One of `SPLITS`; a take belongs to one of them as a whole."""
    track: CurveTrack
    """T frames of curves, and of head and eyes, which ride beside the skin."""
    about: str = ""
    """What is performed, for people: the sentence, the emotions, the pairs."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ContractError(
                f"Take.name '{self.name}' may have lower case letters, digits and '_' alone."
            )
        for what, value, known in (
            ("kind", self.kind, TAKE_KINDS),
            ("split", self.split, SPLITS),
        ):
            if value not in known:
                raise ContractError(
                    f"Take.{what} of '{self.name}' is '{value}'; known: {', '.join(known)}."
                )
        if not len(self.track):
            raise ContractError(f"Take '{self.name}' has no frames.")


@dataclass(frozen=True, eq=False)
class CapturedTake:
    """A take with the skin that was captured. T frames of curves, N of skin, V vertices.

    N is T and the times agree, unless the capture has the faults of a real one: another frame
    rate, dropped frames, an offset in time. Owned, not copied.
    """

    take: Take
    """What was performed."""
    vertices: FloatArray
    """[N, V, 3] metres, head and eyes unrotated."""
    times_s: npt.NDArray[np.float64]
    """[N] time of each frame of skin by the clock of the scanner, seconds, rising."""
    head_transform: FloatArray
    """[T, 4, 4] of the head at the track's frames; multiply column vectors from the left."""
    missing: BoolArray | None = None
    """[N, V] where the scanner saw nothing: such vertices hold the place last seen. None: never."""

    def __post_init__(self) -> None:
        name = self.take.name
        vertices = np.asarray(self.vertices, dtype=np.float32)
        if vertices.ndim != 3 or vertices.shape[2] != 3:
            raise ContractError(
                f"Take '{name}': vertices must have shape [N, V, 3], got {list(vertices.shape)}."
            )
        if not np.isfinite(vertices).all():
            frame, vertex, _ = (int(i) for i in np.argwhere(~np.isfinite(vertices))[0])
            raise ContractError(
                f"Take '{name}': vertex {vertex} is not a finite number at frame {frame}."
            )
        times = np.array(self.times_s, dtype=np.float64)
        if times.shape != (len(vertices),) or not (np.diff(times) > 0).all():
            raise ContractError(f"Take '{name}': times_s must hold {len(vertices)} rising times.")
        if self.missing is not None and self.missing.shape != vertices.shape[:2]:
            raise ContractError(
                f"Take '{name}': missing must have shape {list(vertices.shape[:2])}, got "
                f"{list(self.missing.shape)}."
            )
        vertices = vertices.view()
        vertices.setflags(write=False)
        times.setflags(write=False)
        shape = (len(self.take.track), 4, 4)
        head = as_float("CapturedTake.head_transform", self.head_transform, shape)
        put(self, vertices=vertices, times_s=times, head_transform=head)


@dataclass(frozen=True)
class TakeEntry:
    """A row of a capture's table of contents."""

    name: str
    """See `Take.name`."""
    kind: str
    """One of `TAKE_KINDS`."""
    split: str
    """One of `SPLITS`."""
    frames: int
    """Frames of the curves."""
    about: str = ""
    """What is performed."""


@dataclass(frozen=True, eq=False)
class Capture:
    """A face captured in many takes; the skin of a take is read when it is asked for."""

    character: Character
    """Who: the mesh at rest and its linear rig, V vertices."""
    fps: float
    """Frames per second of the curves."""
    takes: tuple[TakeEntry, ...]
    """In the order in which they were captured."""
    read: Callable[[str], CapturedTake]
    """Returns the take of a name in `takes`."""

    def __post_init__(self) -> None:
        put(self, fps=check_fps("Capture.fps", self.fps), takes=tuple(self.takes))
        names = [entry.name for entry in self.takes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ContractError(f"Capture.takes: '{twice[0]}' is there more than once.")

    def take(self, name: str) -> CapturedTake:
        """Return the take called `name`.

        Raises:
            InputError: there is none of that name, or its file cannot be used.
        """
        if name not in {entry.name for entry in self.takes}:
            known = ", ".join(entry.name for entry in self.takes)
            raise InputError(f"The capture has no take '{name}'. It has: {known}.")
        return self.read(name)
