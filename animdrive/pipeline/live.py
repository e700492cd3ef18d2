"""Live work: sound that is being spoken to a face that moves now."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.files import existing_file, output_folder
from animdrive.pipeline.live_feed import (
    CHUNK_S,
    Feed,
    PacedFeed,
    PlainFeed,
    Samples,
    pcm_blocks,
)
from animdrive.pipeline.live_loop import LiveFigures, LiveLoop
from animdrive.pipeline.live_microphone import MicrophoneFeed
from animdrive.pipeline.outputs import JobResult, shipped_weights
from animdrive.provenance import provenance_of, write_provenance
from animdrive.sources.audio.live.stream_face import StreamConfig, StreamFace
from animdrive.sources.audio.live.stream_protocol import STREAMS
from animdrive.stream import opened_target
from animdrive.stream.recording import Recorder
from animdrive.stream.target import StreamTarget
from animdrive.weights import manifest

if TYPE_CHECKING:
    from animdrive.contract import CurveTrack, Provenance

_WARM_S = 0.3
PIPE = "-"
"""The source that is stdin."""


@dataclass(frozen=True)
class LiveConfig:
    """Settings of `animate_live`."""

    stream: StreamConfig = field(default_factory=StreamConfig)
    """Frame rate, seed and dials."""
    recogniser: str = "acoustic"
    """What finds phones: a name of `STREAMS`."""
    rate: int = 16_000
    """Samples per second of a pipe."""
    paced: bool = True
    """Whether a file or pipe is heard no faster than it is spoken."""
    device: str | None = None
    """Microphone: its number or part of its name; None is the system's own choice."""


def animate_live(
    source: str | None,
    to: Sequence[str],
    *,
    record: Path | None = None,
    config: LiveConfig | None = None,
    progress: Progress = no_progress,
    stopped: Callable[[], bool] = lambda: False,
) -> JobResult:
    """Turn sound into frames and send them, until it ends or somebody says stop.

    Args:
        source: A sound file, ``-`` for raw PCM on stdin (mono, 16-bit little-endian), or None for
            the microphone.
        to: Targets, see `animdrive.stream.opened_target`. May be empty where `record` is given.
        record: Folder for the curves as CSV, named after the file, or "live"; or None.
        config: Settings.
        progress: Told of the stage "live", for a file.
        stopped: Asked often; True ends the work properly: what was heard is shown, files are
            complete.

    Returns:
        Figures with latency and speed, notes on what was dropped, and the files.

    Raises:
        InputError: nobody receives frames, or a file, host, port or setting cannot be used.
        BackendError: an unknown target, or a microphone without its packages.
        DeviceError: no microphone.
    """
    config = config or LiveConfig()
    if not to and record is None:
        raise InputError(
            "Nobody receives the frames. Give --to livelink, vmc, vmc-vrm or jsonl, or --record."
        )
    path = None if source in (None, PIPE) else existing_file(Path(str(source)), "recording")
    result = JobResult()
    with ExitStack() as open_things:
        folder = None if record is None else open_things.enter_context(output_folder(record))
        targets: list[StreamTarget] = []
        for address in to:
            targets.append(opened_target(address))
            open_things.callback(targets[-1].close)
        recorder = Recorder()
        recogniser = STREAMS.load(config.recogniser)
        if config.paced:
            _warm_up(StreamFace(recogniser(), rate=16_000, config=config.stream))
        feed, duration_s = _feed(path, source, config, result)
        open_things.callback(feed.close)
        face = StreamFace(recogniser(), rate=feed.rate, config=config.stream)
        loop = LiveLoop(
            feed,
            face,
            [*targets, recorder] if folder else targets,
            fps=config.stream.fps,
            stopped=stopped,
            tick=_ticker(progress, duration_s),
        )
        figures = loop.run()
        if not figures.sound_s and feed.ended:
            raise InputError("No sound came through the pipe. Check what writes to it.")
        progress("live", 1.0)
        result.notes += _notes(figures, targets, to)
        result.figures = _figures(figures, config, face.look_ahead_s)
        if folder is not None and len(recorder):
            weights = [part for part in manifest() if part.startswith(config.recogniser)]
            provenance = provenance_of(
                () if path is None else (path,),
                backend=f"live/{config.recogniser}",
                config=asdict(config),
                weights=shipped_weights(*weights),
                seed=config.stream.seed,
            )
            name = path.stem if path is not None else "live"
            record_take(name, folder, recorder.track(), path, provenance, result)
    return result


def _warm_up(face: StreamFace) -> None:
    """Make the first frames elsewhere: a first time takes long, and somebody may be speaking."""
    face.push(np.zeros(round(_WARM_S * 16_000), dtype=np.float32))
    face.finish()


def _ticker(progress: Progress, duration_s: float) -> Callable[[float], None]:
    def tick(seconds: float) -> None:
        if duration_s:
            progress("live", min(seconds / duration_s, 0.999))

    return tick


def _feed(
    path: Path | None, source: str | None, config: LiveConfig, result: JobResult
) -> tuple[Feed, float]:
    """Return where the sound comes from, and how long it is, 0 where nobody knows."""
    if source is None:
        return MicrophoneFeed(config.device), 0.0
    if path is None:
        blocks = pcm_blocks(sys.stdin.buffer, config.rate)
        rate, duration_s = config.rate, 0.0
    else:
        from animdrive.media.audio import iter_audio, probe_audio

        info = probe_audio(path)
        rate, duration_s = info.sample_rate, info.duration_s
        clips = iter_audio(path, chunk_s=CHUNK_S, report=result.notes.append)
        blocks = _samples(clips)
    if not config.paced:
        return PlainFeed(blocks, rate), duration_s
    return PacedFeed(blocks, rate, piped=path is None), duration_s


def _samples(clips: Iterator[Any]) -> Iterator[Samples]:
    for clip in clips:
        yield clip.samples


def _notes(figures: LiveFigures, targets: Sequence[StreamTarget], to: Sequence[str]) -> list[str]:
    notes: list[str] = []
    if figures.stalls:
        notes.append(
            f"Sound failed to come {figures.stalls} time(s); silence stood in for "
            f"{figures.silence_s:.2f} s."
        )
    if figures.dropped or figures.dropped_s >= 0.001:
        notes.append(
            f"{figures.dropped} frames were dropped and {figures.dropped_s:.2f} s of sound were "
            "not heard, to keep up."
        )
    for address, target in zip(to, targets, strict=True):
        if target.lost:
            notes.append(f"{address}: {target.lost} frames could not be handed to the network.")
    return notes


def _figures(figures: LiveFigures, config: LiveConfig, look_ahead_s: float) -> dict[str, Any]:
    return {
        "fps": config.stream.fps,
        "sound_s": round(figures.sound_s, 3),
        "frames_sent": figures.sent,
        "frames_dropped": figures.dropped,
        "sound_dropped_s": round(figures.dropped_s, 3),
        "stalls": figures.stalls,
        "look_ahead_s": round(look_ahead_s, 4),
        "latency_s": latency_figures(figures.latency_s),
        "times_real_time": round(figures.sound_s / figures.work_s, 1) if figures.work_s else None,
    }


def latency_figures(taken_s: Sequence[float]) -> dict[str, float] | None:
    """Return mean, p50, p99 and max of times in seconds; None where there are none."""
    if not taken_s:
        return None
    taken = np.array(taken_s)
    return {
        "mean": round(float(taken.mean()), 5),
        "p50": round(float(np.percentile(taken, 50)), 5),
        "p99": round(float(np.percentile(taken, 99)), 5),
        "max": round(float(taken.max()), 5),
    }


def record_take(
    name: str,
    folder: Path,
    track: CurveTrack,
    source: Path | None,
    provenance: Provenance,
    result: JobResult,
) -> None:
    """Write what was sent as ``NAME.csv`` with its provenance, and note both in `result`.

    Raises:
        InputError: the file is the source itself.
    """
    from animdrive.export.livelink_csv import write_livelink_csv

    target = folder / f"{name}.csv"
    if source is not None and target.exists() and target.samefile(source):
        raise InputError(f"{target} is an input and would be replaced. Choose another --record.")
    write_livelink_csv(track, target)
    beside = folder / f"{name}.provenance.json"
    write_provenance(provenance, beside)
    result.outputs = {"csv": target, "provenance": beside}


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether Ctrl-C was pressed; meanwhile it stops nothing by itself.

    Pressed again it interrupts as ever, for who does not want to wait.
    """
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not in the main thread: whoever runs us decides
        yield lambda: False
        return
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
