"""Simulating takes: cut into segments, spread over processes, put together again."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np

from animdrive.contract import CurveTrack
from animdrive.contract.capture import Take
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, Simulator, SimulatorFactory
from animdrive.errors import ContractError, DeviceError, InputError

_SEGMENT = 60
"""Frames of a segment, more or less: small enough to keep all cores busy to the end."""
_SLACK = 15
"""A segment ends at the calmest frame within this distance of its proper end."""
_WARM = 8
"""Frames that a segment starts earlier, to come into the state that its first frame needs."""
_BLEND = 5
"""Of those, the last ones are blended with the segment before: no seam, should any state differ."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Segment:
    """A run of a take's frames that is simulated in one go."""

    take: int
    """Number of the take."""
    warm: int
    """First frame that is simulated."""
    start: int
    """First frame that counts."""
    stop: int
    """First frame that does not."""


def segments_of(number: int, track: CurveTrack) -> list[Segment]:
    """Cut take `number` into segments, at calm frames, whatever the number of processes."""
    calm = track.values.sum(axis=1)
    starts = [0]
    while len(track) - starts[-1] > _SEGMENT + 2 * _SLACK:
        low = starts[-1] + _SEGMENT - _SLACK
        starts.append(low + int(np.argmin(calm[low : low + 2 * _SLACK])))
    stops = [*starts[1:], len(track)]
    return [
        Segment(number, max(start - _WARM, 0), start, stop)
        for start, stop in zip(starts, stops, strict=True)
    ]


def joined(segments: Sequence[Segment], skins: Sequence[FloatArray]) -> FloatArray:
    """Return [T, V, 3] of a take from the skin of its segments, warm-up frames included."""
    whole = np.empty((segments[-1].stop, *skins[0].shape[1:]), dtype=np.float32)
    for segment, skin in zip(segments, skins, strict=True):
        own = skin[segment.start - segment.warm :]
        whole[segment.start : segment.stop] = own
        overlap = min(_BLEND, segment.start - segment.warm)
        for step in range(overlap):  # towards the start, this segment counts more and more
            frame = segment.start - overlap + step
            share = np.float32((step + 1) / (overlap + 1))
            late = skin[frame - segment.warm]
            whole[frame] = whole[frame] * (1 - share) + late * share
    return whole


def simulated(
    takes: Sequence[Take],
    factory: SimulatorFactory,
    vertices: int,
    *,
    workers: int,
    progress: Progress,
) -> Iterator[tuple[Take, FloatArray]]:
    """Yield every take with its skin [T, V, 3] metres, in order.

    The result does not depend on the number of processes: segments are always the same, every one
    starts from rest, and each process has one thread. In this process (0) the libraries' threads
    may round the last bit otherwise.

    Args:
        takes: What to simulate.
        factory: Builds the simulator, once in each process.
        vertices: V, what the simulator must give.
        workers: Processes; 0 works in this one.
        progress: Told "simulate".

    Raises:
        InputError: fewer than 0 workers.
        ContractError: the simulator gives another shape, too few frames or no finite numbers.
        DeviceError: a process was killed, mostly for want of memory.
    """
    if workers < 0:
        raise InputError(f"The number of workers must be 0 or above, got {workers}.")
    plan = [segments_of(number, take.track) for number, take in enumerate(takes)]
    jobs = [segment for segments in plan for segment in segments]
    if not jobs:  # all that was asked for is there: no simulator, no processes
        return
    total = sum(job.stop - job.warm for job in jobs)
    done = 0
    progress("simulate", 0.0)
    skins: dict[int, list[FloatArray]] = {}
    with contextlib.closing(_results(jobs, takes, factory, vertices, workers)) as results:
        for job, skin in zip(jobs, results, strict=True):
            skins.setdefault(job.take, []).append(skin)
            done += job.stop - job.warm
            progress("simulate", done / total)
            if len(skins[job.take]) == len(plan[job.take]):
                yield takes[job.take], joined(plan[job.take], skins.pop(job.take))


def _results(
    jobs: Sequence[Segment],
    takes: Sequence[Take],
    factory: SimulatorFactory,
    vertices: int,
    workers: int,
) -> Generator[FloatArray, None, None]:
    def order(job: Segment) -> tuple[CurveTrack, str, int, int]:
        track = takes[job.take].track
        part = CurveTrack(track.names, track.fps, track.values[job.warm : job.stop])
        return part, takes[job.take].name, job.warm, vertices

    if not workers:
        simulator = factory()
        for job in jobs:
            yield _simulated_segment(simulator, *order(job))
        return
    workers = min(workers, len(jobs))
    waiting: deque[Future[FloatArray]] = deque()
    # Fresh processes: a fork would take half a renderer and other threads' locks along.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    with (
        _single_threaded(),
        ProcessPoolExecutor(workers, context, initializer=_set_up, initargs=(factory,)) as pool,
    ):
        try:
            for job in jobs:
                waiting.append(pool.submit(_work, *order(job)))
                if len(waiting) > 3 * workers:  # no more than memory can hold
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise DeviceError(
                "A process of the simulation was killed, most likely for want of memory. What is "
                "whole is kept: run the same command again with fewer --workers."
            ) from error
        except BaseException:
            # Stopped from outside, or nobody wants the rest: do not wait for it.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise


_factory: SimulatorFactory | None = None
_simulator: Simulator | None = None


def _set_up(factory: SimulatorFactory) -> None:
    """Run first in every process; the simulator is built with the first job, to tell errors."""
    global _factory
    _factory = factory
    # Ctrl-C reaches all processes of a terminal; the one that started us ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(track: CurveTrack, name: str, first: int, vertices: int) -> FloatArray:
    global _simulator
    if _simulator is None:
        if _factory is None:
            raise ContractError("A process of the simulation was not set up.")
        _simulator = _factory()
    return _simulated_segment(_simulator, track, name, first, vertices)


def _simulated_segment(
    simulator: Simulator, track: CurveTrack, name: str, first: int, vertices: int
) -> FloatArray:
    columns = [
        track.names.index(curve) if curve in track.names else -1 for curve in simulator.names
    ]
    known = np.array([column >= 0 for column in columns], dtype=np.float32)
    values = track.values[:, columns] * known
    frames = []
    for number, skin in enumerate(simulator.frames(values, fps=track.fps), start=first):
        frame = np.array(skin, dtype=np.float32)
        if frame.shape != (vertices, 3):
            raise ContractError(
                f"The simulator gives {list(frame.shape)} for frame {number} of take '{name}', "
                f"but the face has [{vertices}, 3]."
            )
        if not np.isfinite(frame).all():
            vertex = int(np.argwhere(~np.isfinite(frame))[0][0])
            raise ContractError(
                f"The simulator lost vertex {vertex} at frame {number} of take '{name}': it is not "
                f"a finite number. Nothing of this take was written."
            )
        frames.append(frame)
    if len(frames) != len(track):
        raise ContractError(
            f"The simulator gives {len(frames)} of {len(track)} frames of take '{name}'."
        )
    return np.stack(frames)


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Let processes that start now use one thread each; they share the cores among themselves."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
