"""What each stage of the work looks like from outside. Implement one, add a table row, done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.contract.media import AudioClip, LandmarkTrack, VideoFrame
from animdrive.contract.spoken import Spoken
from animdrive.contract.tracks import CurveTrack, PhoneTrack

Progress = Callable[[str, float], None]
"""Called with a stage's name and how much of it is done, 0..1."""


Report = Callable[[str], None]
"""Called with one line that the user should know."""


def tell_nobody(note: str) -> None:
    """Drop the note."""


def no_progress(stage: str, done: float) -> None:
    """Tell nobody."""


@runtime_checkable
class Aligner(Protocol):
    """Sound to phones."""

    def align(self, audio: AudioClip, spoken: Spoken | None, *, language: str) -> PhoneTrack:
        """Find when each phone is said; with `spoken` None, what is said as well.

        `language` is a code such as "en" or "zh", or "auto" where it is not known.
        """
        ...


Watch = Callable[
    [npt.NDArray[np.uint8], npt.NDArray[np.float32] | None, int],
    None,
]
"""Called with each tracked picture [H, W, 3] RGB, its landmarks [P, 3] in pixels of that very
picture (x right, y down, z away from the camera in the scale of x; None where no face is), and
the frame's index in the `LandmarkTrack` to come. The picture may be smaller than the video's."""


def watch_nothing(
    picture: npt.NDArray[np.uint8], points: npt.NDArray[np.float32] | None, index: int
) -> None:
    """Look away."""


@runtime_checkable
class LandmarkTracker(Protocol):
    """Pictures to landmarks."""

    def track(
        self,
        frames: Iterable[VideoFrame],
        *,
        progress: Progress,
        watch: Watch = watch_nothing,
        report: Report = tell_nobody,
    ) -> LandmarkTrack:
        """Find the face's landmarks in every frame.

        Pixels are not held: who needs some, such as a cut-out of the mouth, takes them from
        `watch`, which is called for every frame in order, in the caller's thread. `report` is
        told what the user should know about the faces that were seen.
        """
        ...


@runtime_checkable
class Layer(Protocol):
    """One change to curves, stacked in order."""

    def apply(self, track: CurveTrack, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return new [T, C] values; `track` is the performance below, `values` the stack so far.

        Values may leave 0..1 between layers; the stack clips them once, at its top.
        """
        ...


@runtime_checkable
class Deformer(Protocol):
    """Curves to skin."""

    names: tuple[str, ...]
    """The C curves it takes, in column order."""

    def run(self, values: FloatArray) -> FloatArray:
        """Return [T, V, 3] metres, head and eyes unrotated, for curve `values` [T, C]."""
        ...


@runtime_checkable
class RememberingDeformer(Deformer, Protocol):
    """A deformer whose frames depend on those before: calls of `run` go on where the last ended."""

    def reset(self) -> None:
        """Forget what was performed; another performance begins."""
        ...


@runtime_checkable
class Simulator(Protocol):
    """Curves to skin, frame after frame, each frame starting from the one before."""

    names: tuple[str, ...]
    """The C curves it takes, in column order."""

    def frames(self, values: FloatArray, *, fps: float = 30.0) -> Iterator[FloatArray]:
        """Yield [V, 3] metres for each row of `values` [T, C], head and eyes unrotated.

        The first frame is solved from rest, every other one from the frame before it.
        """
        ...


@runtime_checkable
class SimulatorFactory(Protocol):
    """Builds a simulator, here or in another process: it can be pickled and is small."""

    @property
    def settings(self) -> Mapping[str, object]:
        """All that its results depend on, as plain values of JSON."""
        ...

    def __call__(self) -> Simulator:
        """Return a new simulator at rest."""
        ...
