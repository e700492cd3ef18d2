"""The loop of live work: sound in, frames out, on time.

Frame ``k`` shows the sound at ``k / fps`` on the stream's clock, which runs with the sound. It is
sent that long after the sound was captured that no frame has to be late: the recogniser's
look-ahead, a hop and a half, and what this machine takes; this delay is learned and kept even, for
a face that moves in jerks looks worse than one that moves a little later.

When sound stalls, silence stands in for it, so that frames go on in time, the mouth goes to rest
and the eyes live on. Sound that comes too late, for which silence stood already, is left out. When
this machine is too slow, the oldest sound and the oldest frames are dropped, and numbers jump.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Protocol

import numpy as np

from animdrive.contract import CurveFrame
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.pipeline.live_feed import CHUNK_S, QUEUE_S, Chunk, Feed
from animdrive.stream.target import StreamTarget

STALL_S = 0.06
"""Sound that is overdue by this much has stalled."""
_LATE_S = 0.1
"""Frames that are overdue by this much are dropped where a newer one is there."""
_DELAY_MOST_S = 0.1
"""Most that the delay grows beyond what the look-ahead asks for."""
_DELAY_LEARNS = 0.1
"""The delay grows by this part of what a frame is late,"""
_DELAY_EASES_S = 5e-5
"""and shrinks by this with every frame that is not."""
_MARGIN_S = 0.002
_DRIFT = 2e-4
"""Clocks of sound cards are true to this; a stream follows them so fast and no faster."""
_AHEAD_S = 0.03
"""Sound may be ahead of the clock by this: devices hand it over in bursts."""
_NAP_S = 0.05
"""Longest wait: how soon a stop is noticed."""


class Face(Protocol):
    """What turns sound into frames."""

    @property
    def look_ahead_s(self) -> float:
        """Seconds of sound after a frame's own that it needs."""
        ...

    def push(self, samples: FloatArray) -> list[CurveFrame]:
        """Take sound; return frames that became final."""
        ...

    def finish(self) -> list[CurveFrame]:
        """Return the rest."""
        ...


@dataclass
class LiveFigures:
    """How it went."""

    sent: int = 0
    """Frames that were sent."""
    dropped: int = 0
    """Frames that were made, or should have been, and were not sent."""
    dropped_s: float = 0.0
    """Sound that was not heard, seconds."""
    stalls: int = 0
    """How often sound failed to come."""
    silence_s: float = 0.0
    """Silence that stood in for sound, seconds."""
    sound_s: float = 0.0
    """Sound that was worked on, silence included, seconds."""
    work_s: float = 0.0
    """Time that it took to make frames of it, seconds."""
    latency_s: list[float] = field(default_factory=list)
    """For each frame sent: when, less when the sound that it shows had been captured."""


class LiveLoop:
    """Runs until the sound ends or somebody says stop."""

    def __init__(
        self,
        feed: Feed,
        face: Face,
        targets: Sequence[StreamTarget],
        *,
        fps: float,
        stopped: Callable[[], bool] = lambda: False,
        tick: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """Prepare.

        Args:
            feed: Where sound comes from.
            face: What makes frames of it.
            targets: Who receives them; all get the same.
            fps: Frames per second of `face`.
            stopped: Asked often; True ends the work properly.
            tick: Told how many seconds of sound are done.
        """
        self.figures = LiveFigures()
        self._feed, self._face, self._targets = feed, face, targets
        self._fps, self._stopped, self._tick = fps, stopped, tick
        self._waiting: deque[CurveFrame] = deque()
        self._begin_s: float | None = None  # when sample 0 was captured
        self._position = 0  # samples that the face has heard
        self._stand_in = 0  # of these, silence whose sound may still come
        self._lost = 0  # samples that were dropped on the way
        self._heard_s = feed.clock()
        self._stalled = False
        self._caught_up_s = 0.0
        self._least_s = face.look_ahead_s + CHUNK_S + _MARGIN_S
        self._delay_s = self._least_s

    def run(self) -> LiveFigures:
        """Work until the end; return how it went.

        Raises:
            InputError: a target cannot take more, such as a full disk or a closed pipe.
            AnimdriveError: the sound failed.
        """
        feed = self._feed
        while not self._stopped():
            chunk = feed.poll(self._nap())
            if chunk is not None:
                self._hear(chunk)
                if self._catches_up(chunk):
                    continue
            elif feed.ended:
                break
            elif feed.live and feed.stalls:
                self._stand_in_for_sound()
            self._send_due()
        self._finish()
        return self.figures

    def _catches_up(self, chunk: Chunk) -> bool:
        """Return whether newer sound waits that is worth more than frames long overdue.

        True for as much sound as a queue holds, and no longer: a machine that is always too slow
        shows what it can.
        """
        late = self._feed.live and self._feed.clock() - chunk.captured_s > _LATE_S
        self._caught_up_s = self._caught_up_s + CHUNK_S if late else 0.0
        if self._caught_up_s > QUEUE_S:
            self._caught_up_s = 0.0
        return self._caught_up_s > 0

    def _nap(self) -> float:
        """Return for how long there is nothing to do but wait for sound."""
        if not self._feed.live:
            return _NAP_S
        now_s = self._feed.clock()
        wakes = [now_s + _NAP_S]
        if self._waiting:
            wakes.append(self._due(self._waiting[0]))
        if self._feed.stalls:
            wakes.append(now_s + CHUNK_S if self._stalled else self._heard_s + STALL_S)
        return max(min(wakes) - now_s, 0.0)

    def _hear(self, chunk: Chunk) -> None:
        feed, rate, samples = self._feed, self._feed.rate, chunk.samples
        self._heard_s, self._stalled = feed.clock(), False
        begin_s = chunk.captured_s - (self._position + len(samples)) / rate
        if self._begin_s is None:
            self._begin_s = begin_s
        self._account_for_dropped()
        if feed.live:
            ahead = self._position + len(samples) - round((self._heard_s - self._begin_s) * rate)
            if self._stand_in and ahead > _AHEAD_S * rate:
                late = min(ahead, self._stand_in, len(samples))
                self._stand_in -= late
                self.figures.dropped_s += late / rate
                samples = samples[late:]
            else:
                most_s = _DRIFT * len(samples) / rate
                self._begin_s += min(max(begin_s - self._begin_s, -most_s), most_s)
        if len(samples):
            self._work(samples)

    def _account_for_dropped(self) -> None:
        """Move the clock on by sound that the feed dropped: what comes now is that much later."""
        lost = self._feed.dropped - self._lost
        if not lost or self._begin_s is None:
            return
        skipped = self._skipped
        self._lost += lost
        self._begin_s += lost / self._feed.rate
        self.figures.dropped_s += lost / self._feed.rate
        self.figures.dropped += self._skipped - skipped

    @property
    def _skipped(self) -> int:
        """Frames that dropped sound would have made."""
        return round(self._lost / self._feed.rate * self._fps)

    def _stand_in_for_sound(self) -> None:
        rate, now_s = self._feed.rate, self._feed.clock()
        if now_s - self._heard_s < STALL_S:
            return
        if self._begin_s is None:
            self._begin_s = self._heard_s
        missing = int((now_s - self._begin_s) * rate) - self._position
        if missing <= 0:
            return
        if not self._stalled:
            self._stalled = True
            self.figures.stalls += 1
        self._stand_in += missing
        self.figures.silence_s += missing / rate
        self._work(np.zeros(missing, dtype=np.float32))

    def _work(self, samples: FloatArray) -> None:
        begun_s = perf_counter()
        frames = self._face.push(samples)
        self.figures.work_s += perf_counter() - begun_s
        self._position += len(samples)
        self.figures.sound_s = self._position / self._feed.rate
        self._queue(frames)
        self._tick(self.figures.sound_s)

    def _queue(self, frames: Sequence[CurveFrame]) -> None:
        skipped = self._skipped
        self._waiting.extend(
            replace(frame, number=frame.number + skipped) if skipped else frame for frame in frames
        )

    def _captured(self, frame: CurveFrame) -> float:
        """Return when the sound that `frame` shows had been captured."""
        return (self._begin_s or 0.0) + frame.time_s - self._skipped / self._fps

    def _due(self, frame: CurveFrame) -> float:
        return self._captured(frame) + self._delay_s

    def _send_due(self) -> None:
        """Send what is due, each frame at its time; drop what is too old where newer is there."""
        if not self._feed.live:
            while self._waiting:
                self._send(self._waiting.popleft())
            return
        now_s = self._feed.clock()
        while len(self._waiting) > 1 and now_s - self._due(self._waiting[0]) > _LATE_S:
            self._waiting.popleft()
            self.figures.dropped += 1
        while self._waiting and self._due(self._waiting[0]) <= now_s:
            frame = self._waiting.popleft()
            late_s = now_s - self._due(frame)
            self._send(frame)
            # What a stall or a hiccup delays is no measure of what this machine takes.
            if 1.0 / self._fps < late_s < _LATE_S and not self._stalled:
                room_s = self._least_s + _DELAY_MOST_S - self._delay_s
                self._delay_s += min(_DELAY_LEARNS * late_s, max(room_s, 0.0))
            elif late_s <= 1.0 / self._fps:
                self._delay_s = max(self._least_s, self._delay_s - _DELAY_EASES_S)
            now_s = self._feed.clock()

    def _send(self, frame: CurveFrame) -> None:
        for target in self._targets:
            try:
                target.send(frame)
            except OSError as error:
                raise InputError(
                    f"Frame {frame.number} cannot be written ({error.strerror or error}). "
                    "Make room, or keep the reader running."
                ) from error
        self.figures.sent += 1
        if self._feed.live:
            self.figures.latency_s.append(self._feed.clock() - self._captured(frame))

    def _finish(self) -> None:
        """Send the rest, in time: sound that was heard is shown, and the mouth goes to rest."""
        begun_s = perf_counter()
        frames = self._face.finish()
        self.figures.work_s += perf_counter() - begun_s
        if self._begin_s is None:
            self._begin_s = self._feed.clock()
        self._queue(frames)
        while self._waiting:
            self._send_due()
            if self._waiting:
                self._feed.wait(max(self._due(self._waiting[0]) - self._feed.clock(), 0.0))
