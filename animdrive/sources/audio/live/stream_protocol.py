"""What turns sound into phones while it is spoken."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from animdrive.registry import Registry


@runtime_checkable
class PhoneStream(Protocol):
    """A causal recogniser: sound goes in piece by piece, posteriors of phones come out.

    F frames, P phones. Frame ``i`` is what is said from ``i * hop_s`` to ``(i + 1) * hop_s``.
    """

    symbols: tuple[str, ...]
    """The P phones in column order, of the internal phone set, SIL among them."""
    hop_s: float
    """Seconds from frame to frame: 0.01."""
    look_ahead_s: float
    """How much later than the sound a frame's posteriors come, seconds; at most 0.08."""

    def push(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Take the next samples [N] at 16 kHz; return [F, P], the frames that became final.

        F may be 0. Rows sum to 1.
        """
        ...

    def finish(self) -> npt.NDArray[np.float32]:
        """Return [F, P], the frames that were still waiting; nothing is pushed afterwards."""
        ...


STREAMS = Registry(
    "phone stream",
    {
        "acoustic": "animdrive.sources.audio.acoustic.stream:AcousticStream",
    },
)
"""What finds phones in running sound. A stream is built without arguments."""
