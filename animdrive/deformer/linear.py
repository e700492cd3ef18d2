"""The rig as it is: the sum of its shapes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.contract import Rig
from animdrive.contract.checks import FloatArray
from animdrive.errors import ContractError

_GAP = 64
"""Vertices at rest between two moving ones that are not worth a run of their own."""


class LinearDeformer:
    """Adds up the offsets of all curves, each times its value.

    A matrix product for every run of vertices that some curve moves; the others are copied. A
    minute of film is a few gigabytes of skin, so give it frames in chunks: a chunk's result does
    not depend on the others.
    """

    kind = "linear"

    def __init__(self, rig: Rig) -> None:
        """Prepare `rig`, C curves over V vertices."""
        self.rig = rig
        self.names: tuple[str, ...] = rig.names
        self._neutral = rig.neutral.vertices
        self._runs: list[tuple[slice, FloatArray]] = [
            (run, np.ascontiguousarray(rig.deltas[:, run].reshape(len(rig.names), -1)))
            for run in _moving_runs(rig)
        ]

    def run(self, values: npt.ArrayLike) -> FloatArray:
        """Return the skin [T, V, 3] metres for curve `values` [T, C].

        Values beyond 0..1 go on in a straight line.

        Raises:
            ContractError: `values` is not [T, C].
        """
        given = np.asarray(values, dtype=np.float32)
        if given.ndim != 2 or given.shape[1] != len(self.names):
            raise ContractError(
                f"Curve values must have shape [T, {len(self.names)}], got {list(given.shape)}."
            )
        skin = np.empty((len(given), *self._neutral.shape), dtype=np.float32)
        skin[:] = self._neutral
        for run, offsets in self._runs:
            skin[:, run] += (given @ offsets).reshape(len(given), run.stop - run.start, 3)
        return skin


def _moving_runs(rig: Rig) -> list[slice]:
    """Return the runs of vertices that some curve moves, short gaps included.

    Slices, for picking single vertices costs more than multiplying a few zeros.
    """
    moving = np.flatnonzero((rig.deltas != 0).any(axis=(0, 2)))
    if not len(moving):
        return []
    first = np.flatnonzero(np.r_[True, np.diff(moving) > _GAP])
    last = np.r_[first[1:], len(moving)] - 1
    return [slice(int(moving[a]), int(moving[b]) + 1) for a, b in zip(first, last, strict=True)]
