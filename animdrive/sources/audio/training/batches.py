"""Batches of examples, the same for a seed and a step whoever makes them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.errors import ContractError, DeviceError
from animdrive.sources.audio.acoustic.features import BANDS
from animdrive.sources.audio.training.augment import CLIP, example
from animdrive.sources.audio.training.spectra import UNKNOWN, Corpus
from animdrive.sources.audio.training.utterances import Floats
from animdrive.sources.audio.training.voices import Voice

Batch = tuple[Floats, npt.NDArray[np.int64]]
_AHEAD = 6
"""Batches that wait for the network."""


@dataclass(frozen=True)
class BatchConfig:
    """What a batch is made of."""

    folder: Path
    """Of the corpus."""
    voices: Sequence[Voice]
    """Who speaks."""
    seed: int = 0
    """Of everything that is drawn."""
    size: int = 24
    """Examples."""
    frames: int = 400
    """Of each, 10 ms long."""
    normalisation: str = CLIP
    """See `animdrive.sources.audio.training.augment`."""


def make_batch(corpus: Corpus, config: BatchConfig, step: int) -> Batch:
    """Return features [B, T, 40] and labels [B, T] of one step; labels past the end are -1."""
    rng = np.random.default_rng([config.seed, step])
    features = np.zeros((config.size, config.frames, BANDS), dtype=np.float32)
    labels = np.full((config.size, config.frames), UNKNOWN, dtype=np.int64)
    for row in range(config.size):
        heard, said = example(corpus, rng, frames=config.frames, normalisation=config.normalisation)
        features[row, : len(heard)] = heard
        labels[row, : len(said)] = said
    return features, labels


@contextlib.contextmanager
def batches(config: BatchConfig, *, first: int = 0, workers: int = 0) -> Iterator[Iterator[Batch]]:
    """Yield an endless iterator of batches from step `first` on.

    Args:
        config: What they are made of.
        first: Number of the first step.
        workers: Processes that make them meanwhile; 0 makes them here. The batches are the same.

    Raises:
        DeviceError: a process was killed, most likely for want of memory.
    """
    corpus = Corpus(config.folder, config.voices)
    if not workers:
        yield (make_batch(corpus, config, step) for step in count(first))
        return
    # Fresh processes: a fork would take half of PyTorch's threads and their locks along.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_set_up, initargs=(config,))
    try:
        yield _from_pool(pool, first)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _from_pool(pool: ProcessPoolExecutor, first: int) -> Iterator[Batch]:
    waiting: deque[Future[Batch]] = deque()
    try:
        for step in count(first):
            waiting.append(pool.submit(_work, step))
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise DeviceError(
            "The process that makes the examples was killed, most likely for want of memory. Run "
            "the same command again with --workers 0; it goes on from its last checkpoint."
        ) from error


_made: tuple[Corpus, BatchConfig] | None = None


def _set_up(config: BatchConfig) -> None:
    """Run first in every process."""
    global _made
    _made = Corpus(config.folder, config.voices), config
    # Ctrl-C reaches all processes of a terminal; the one that started us ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(step: int) -> Batch:
    if _made is None:
        raise ContractError("A process that makes batches was not set up.")
    return make_batch(*_made, step)
