"""Skin over time, frame by frame: what point caches are written from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from animdrive.contract.checks import FloatArray


class Frames(Protocol):
    """N frames of V vertices: an array [N, V, 3], or something that makes a frame at a time.

    Minutes of skin are gigabytes; writers take a frame, write it and forget it.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, V, 3)."""
        ...

    def __iter__(self) -> Iterator[FloatArray]:
        """Yield [V, 3] metres, N times, from the first frame on."""
        ...
