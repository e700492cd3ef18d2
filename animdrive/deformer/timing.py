"""How long a deformer takes: milliseconds per character and frame on one core."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np

from animdrive.contract.checks import FloatArray

_SINGLE_RUNS = 200
_BATCH_RUNS = 12
_WARM_UP = 5
_MOST_S = 4.0
"""Slow models are not measured for longer, each way."""


class Runs(Protocol):
    """Something that makes skin."""

    def run(self, values: FloatArray) -> FloatArray:
        """Return skin of curves."""
        ...


@dataclass(frozen=True)
class Timing:
    """Medians on one core, after a warm-up."""

    single_ms: float
    """A frame of one character alone."""
    batch_ms: float
    """A frame of one character, of `batch` at once."""
    batch: int
    """How many were made at once."""
    runs: int
    """How many single frames the median is of."""


def measured_timing(model: Runs, values: FloatArray, *, batch: int = 64) -> Timing:
    """Return how long `model` takes for a frame, one at a time and in a batch.

    Threads of linear algebra and of torch are held to one meanwhile.

    Args:
        model: What runs.
        values: [T, C] curves of real motion, T above 0; they are gone through again and again.
        batch: Frames at once.
    """
    from threadpoolctl import threadpool_limits

    frames = np.ascontiguousarray(np.resize(values, (max(len(values), batch), values.shape[1])))
    starts = np.linspace(0, len(frames) - batch, _BATCH_RUNS).astype(int)
    batches = [np.ascontiguousarray(frames[start : start + batch]) for start in starts]
    with threadpool_limits(limits=1), _one_torch_thread():
        single = _seconds(model, [frames[i : i + 1] for i in range(len(frames))], _SINGLE_RUNS)
        many = _seconds(model, batches, _BATCH_RUNS)
    return Timing(
        single_ms=1000 * float(np.median(single)),
        batch_ms=1000 * float(np.median(many)) / batch,
        batch=batch,
        runs=len(single),
    )


def _seconds(model: Runs, inputs: list[FloatArray], runs: int) -> list[float]:
    for number in range(_WARM_UP):
        model.run(inputs[number % len(inputs)])
    taken: list[float] = []
    begun = perf_counter()
    for number in range(runs):
        start = perf_counter()
        model.run(inputs[number % len(inputs)])
        end = perf_counter()
        taken.append(end - start)
        if end - begun > _MOST_S:
            break
    return taken


class _one_torch_thread:
    """Holds torch to one thread, if it is loaded at all."""

    def __enter__(self) -> None:
        import sys

        self._torch = sys.modules.get("torch")
        self._before = self._torch.get_num_threads() if self._torch else 0
        if self._torch:
            self._torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        if self._torch:
            self._torch.set_num_threads(self._before)
