"""Where live sound comes from: a pipe, a file paced as if it were spoken now."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import IO, Protocol

import numpy as np
import numpy.typing as npt

from animdrive.errors import AnimdriveError, InputError

Samples = npt.NDArray[np.float32]

CHUNK_S = 0.01
"""How much sound comes at a time."""
QUEUE_S = 0.25
"""Sound that waits for longer than that is dropped, the oldest first."""
_PIPES_RUN = 1.0002
"""So much faster than its rate a pipe may come before it is held back."""
_LOWEST_HZ, _HIGHEST_HZ = 1_000, 384_000


@dataclass(frozen=True, eq=False)
class Chunk:
    """A piece of sound."""

    samples: Samples
    """[N] in -1..1."""
    captured_s: float
    """When its last sample was captured, by the clock of the feed."""


class Feed(Protocol):
    """Sound that comes when it comes."""

    @property
    def rate(self) -> int:
        """Samples per second."""
        ...

    @property
    def live(self) -> bool:
        """Whether it keeps time: otherwise it comes as fast as it is taken."""
        ...

    @property
    def stalls(self) -> bool:
        """Whether its sound may fail to come: a file's is only ever late."""
        ...

    @property
    def dropped(self) -> int:
        """Samples that were dropped so far because they waited too long."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        ...

    def clock(self) -> float:
        """Return the time, seconds from anywhere, never going back."""
        ...

    def poll(self, wait_s: float) -> Chunk | None:
        """Return the next chunk, or None where none comes within `wait_s` or at the end."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when the clock is `seconds` further."""
        ...

    def close(self) -> None:
        """Let go of device, file or thread."""
        ...


class SoundQueue:
    """A queue between who captures and who works: bounded, the oldest gives way."""

    def __init__(self, rate: int) -> None:
        self.dropped = 0
        self._longest = round(QUEUE_S * rate)
        self._chunks: deque[Chunk] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._finished = False
        self._error: BaseException | None = None

    @property
    def ended(self) -> bool:
        """Whether it is finished, empty, and has told why."""
        with self._changed:
            return self._finished and not self._chunks and self._error is None

    def put(self, chunk: Chunk) -> None:
        """Add a chunk; drop old ones where it is too much."""
        with self._changed:
            self._chunks.append(chunk)
            self._waiting += len(chunk.samples)
            while self._waiting > self._longest and len(self._chunks) > 1:
                lost = len(self._chunks.popleft().samples)
                self._waiting -= lost
                self.dropped += lost
            self._changed.notify()

    def finish(self, error: BaseException | None = None) -> None:
        """Say that nothing more comes, and why if it is a fault."""
        with self._changed:
            self._finished, self._error = True, error
            self._changed.notify()

    def get(self, wait_s: float) -> Chunk | None:
        """Return the oldest chunk; None after `wait_s` or at the end.

        Raises:
            AnimdriveError: what ended it.
        """
        with self._changed:
            if not self._chunks and not self._finished:
                self._changed.wait(max(wait_s, 0.0))
            if self._chunks:
                chunk = self._chunks.popleft()
                self._waiting -= len(chunk.samples)
                return chunk
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            return None


class QueuedFeed:
    """Sound that another thread puts into a queue, by the machine's own clock."""

    live = True

    def __init__(self, rate: int) -> None:
        """Begin with an empty queue of sound at `rate` samples per second."""
        self.rate = rate
        self._queue = SoundQueue(rate)

    @property
    def dropped(self) -> int:
        """Samples dropped so far."""
        return self._queue.dropped

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._queue.ended

    def clock(self) -> float:
        """Return the time."""
        return monotonic()

    def poll(self, wait_s: float) -> Chunk | None:
        """Return the next chunk, see `Feed`."""
        return self._queue.get(wait_s)

    def wait(self, seconds: float) -> None:
        """Sleep."""
        sleep(seconds)


class PacedFeed(QueuedFeed):
    """Sound from a file or pipe, released no faster than it is spoken."""

    def __init__(self, blocks: Iterator[Samples], rate: int, *, piped: bool = False) -> None:
        """Begin to read.

        Args:
            blocks: Mono sound in pieces of about `CHUNK_S`; may block, may raise AnimdriveError.
            rate: Samples per second.
            piped: Whether sound may come late, and is as old as its coming. A pipe may also run a
                little fast, as sound cards do.
        """
        super().__init__(rate)
        self.stalls = self._piped = piped
        self._stop = threading.Event()
        # A pipe may block for ever; then the thread dies with the process.
        self._thread = threading.Thread(target=self._run, args=(blocks,), daemon=True)
        self._thread.start()

    def _run(self, blocks: Iterator[Samples]) -> None:
        error: BaseException | None = None
        pace = self.rate * (_PIPES_RUN if self._piped else 1.0)
        try:
            begin_s: float | None = None
            read = 0
            for samples in blocks:
                came_s = monotonic()
                if begin_s is None:
                    begin_s = came_s
                read += len(samples)
                # The whole of a piece must have been spoken before it can be there.
                due_s = begin_s + read / pace
                if self._stop.wait(max(0.0, due_s - monotonic())):
                    break
                self._queue.put(Chunk(samples, max(due_s, came_s) if self._piped else due_s))
        except AnimdriveError as fault:
            error = fault
        finally:
            self._queue.finish(error)

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join(timeout=0.2)


class PlainFeed:
    """Sound from a file or pipe as fast as it is taken; nothing is ever dropped."""

    live = stalls = False
    dropped = 0

    def __init__(self, blocks: Iterator[Samples], rate: int) -> None:
        self.rate = rate
        self.ended = False
        self._blocks = blocks
        self._read = 0

    def clock(self) -> float:
        """Return the time of the sound itself."""
        return self._read / self.rate

    def poll(self, wait_s: float) -> Chunk | None:
        """Return the next chunk."""
        samples = next(self._blocks, None)
        if samples is None:
            self.ended = True
            return None
        self._read += len(samples)
        return Chunk(samples, self.clock())

    def wait(self, seconds: float) -> None:
        """Do nothing: no time passes but the sound's own."""

    def close(self) -> None:
        """Do nothing."""


def pcm_blocks(stream: IO[bytes], rate: int) -> Iterator[Samples]:
    """Yield raw mono PCM, 16-bit little-endian, in pieces of `CHUNK_S` as they come.

    Args:
        stream: Bytes, such as those of stdin.
        rate: Samples per second.

    Raises:
        InputError: the rate is out of 1,000..384,000.
    """
    if not _LOWEST_HZ <= rate <= _HIGHEST_HZ:
        raise InputError(f"--rate must be in {_LOWEST_HZ}..{_HIGHEST_HZ}, got {rate}.")
    return _pcm_blocks(stream.read, 2 * max(1, round(CHUNK_S * rate)))


def _pcm_blocks(read: Callable[[int], bytes], size: int) -> Iterator[Samples]:
    while data := read(size):
        whole = data[: len(data) // 2 * 2]  # an odd last byte is half a sample
        yield np.frombuffer(whole, dtype="<i2").astype(np.float32) / np.float32(32768)
