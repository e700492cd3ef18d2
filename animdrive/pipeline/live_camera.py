"""Where live pictures come from: a camera, or a file paced as if it were one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from animdrive.contract import VideoFrame
from animdrive.errors import AnimdriveError, DeviceError

Picture = npt.NDArray[np.uint8]

_SILENT_S = 5.0
"""A camera that gives no picture for so long is taken for gone."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture."""

    image: Picture
    """[H, W, 3] RGB."""
    time_s: float
    """When it was taken, seconds from the first one."""
    captured_s: float
    """When it was there to be worked on, by `monotonic`."""


class Shots(Protocol):
    """Pictures that come when they come."""

    fps: float
    """How many come in a second."""
    live: bool
    """Whether they keep time: otherwise they come as fast as they are taken."""

    @property
    def dropped(self) -> int:
        """Pictures that gave way to newer ones so far."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        ...

    def next(self, wait_s: float) -> Shot | None:
        """Return the newest picture not seen yet; None where none comes within `wait_s`.

        Raises:
            AnimdriveError: what ended it.
        """
        ...

    def close(self) -> None:
        """Let go of device, file or thread."""
        ...


class LatestShot:
    """Holds one picture: a newer one takes its place, and whoever is late misses the old ones."""

    def __init__(self) -> None:
        self.dropped = 0
        self._shot: Shot | None = None
        self._changed = threading.Condition()
        self._finished = False
        self._error: BaseException | None = None

    @property
    def ended(self) -> bool:
        """Whether it is finished, empty, and has told why."""
        with self._changed:
            return self._finished and self._shot is None and self._error is None

    def put(self, shot: Shot) -> None:
        """Take a picture in."""
        with self._changed:
            self.dropped += self._shot is not None
            self._shot = shot
            self._changed.notify()

    def finish(self, error: BaseException | None = None) -> None:
        """Say that nothing more comes, and why if it is a fault."""
        with self._changed:
            self._finished, self._error = True, error
            self._changed.notify()

    def next(self, wait_s: float) -> Shot | None:
        """Return the picture, see `Shots.next`."""
        with self._changed:
            if self._shot is None and not self._finished:
                self._changed.wait(max(wait_s, 0.0))
            shot, self._shot = self._shot, None
            if shot is None and self._error is not None:
                error, self._error = self._error, None
                raise error
            return shot


class _ThreadedShots:
    """Pictures that a thread of its own captures."""

    live = True

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._latest = LatestShot()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name="camera", daemon=True)

    @property
    def dropped(self) -> int:
        """Pictures that gave way to newer ones so far."""
        return self._latest.dropped

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._latest.ended

    def next(self, wait_s: float) -> Shot | None:
        """Return the newest picture, see `Shots.next`."""
        return self._latest.next(wait_s)

    def close(self) -> None:
        """Stop capturing."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def _guarded(self) -> None:
        error: BaseException | None = None
        try:
            self._capture()
        except AnimdriveError as fault:
            error = fault
        finally:
            self._latest.finish(error)

    def _capture(self) -> None:
        raise NotImplementedError


class PacedShots(_ThreadedShots):
    """A file's pictures, each given out when a camera would have."""

    def __init__(self, frames: Iterator[VideoFrame], fps: float) -> None:
        """Begin.

        Args:
            frames: The pictures, times rising; read ahead of their time as fast as they decode.
            fps: How many there are in a second.
        """
        super().__init__(fps)
        self._frames = frames
        self._thread.start()

    def _capture(self) -> None:
        begin_s: float | None = None
        first_s = 0.0
        for frame in self._frames:
            if begin_s is None:
                begin_s, first_s = monotonic(), frame.time_s
            due_s = begin_s + frame.time_s - first_s
            if self._stop.wait(max(0.0, due_s - monotonic())):
                return
            # Decoding that falls behind is the file's fault, not that of who works on it.
            captured_s = max(due_s, monotonic())
            self._latest.put(Shot(frame.image, frame.time_s - first_s, captured_s))


class PlainShots:
    """A file's pictures as fast as they are taken; none is ever dropped."""

    live = False
    dropped = 0

    def __init__(self, frames: Iterator[VideoFrame], fps: float) -> None:
        self.fps = fps
        self.ended = False
        self._frames = frames
        self._first_s: float | None = None

    def next(self, wait_s: float) -> Shot | None:
        """Return the next picture."""
        frame = next(self._frames, None)
        if frame is None:
            self.ended = True
            return None
        if self._first_s is None:
            self._first_s = frame.time_s
        return Shot(frame.image, frame.time_s - self._first_s, monotonic())

    def close(self) -> None:
        """Do nothing."""


class CameraShots(_ThreadedShots):
    """A camera, by OpenCV."""

    def __init__(
        self,
        device: int,
        *,
        size_px: tuple[int, int] = (1280, 720),
        fps: float | None = None,
        opened: Callable[[int], Any] | None = None,
    ) -> None:
        """Open the camera and begin.

        Args:
            device: Its number, from 0.
            size_px: Width and height to ask it for; it may give others.
            fps: Pictures per second to ask it for; None takes its own.
            opened: What opens device `device`; None is OpenCV.

        Raises:
            DeviceError: it cannot be opened, or gives no picture.
        """
        import cv2

        self._camera = (opened or _opened)(device)
        try:
            if not self._camera.isOpened():
                raise DeviceError(
                    f"Camera {device} cannot be opened. Plug it in, close other programs that "
                    "use it, or give another number."
                )
            self._camera.set(cv2.CAP_PROP_FRAME_WIDTH, size_px[0])
            self._camera.set(cv2.CAP_PROP_FRAME_HEIGHT, size_px[1])
            self._camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what waits is late
            if fps is not None:
                self._camera.set(cv2.CAP_PROP_FPS, fps)
            told = float(self._camera.get(cv2.CAP_PROP_FPS) or 0.0)
            works, _ = self._camera.read()
            if not works:
                raise DeviceError(
                    f"Camera {device} gives no picture. Close other programs that use it, or "
                    "give another number."
                )
        except BaseException:
            self._camera.release()
            raise
        super().__init__(told if 1 <= told <= 240 else fps or 30.0)
        self._device = device
        self._thread.start()

    def close(self) -> None:
        """Stop capturing and close the camera."""
        super().close()
        self._camera.release()

    def _capture(self) -> None:
        begin_s = last_s = monotonic()
        taken = 0
        while not self._stop.is_set():
            works, image = self._camera.read()
            now_s = monotonic()
            if works:
                if not taken:
                    begin_s = now_s
                taken, last_s = taken + 1, now_s
                picture = np.ascontiguousarray(image[:, :, ::-1])
                self._latest.put(Shot(picture, now_s - begin_s, now_s))
            elif now_s - last_s > _SILENT_S:
                raise DeviceError(f"Camera {self._device} stopped giving pictures. Plug it in.")
            else:
                self._stop.wait(0.01)


def _opened(device: int) -> Any:
    """Return OpenCV's camera; its own complaints are ours to make, in one line."""
    import cv2

    with _quiet():
        return cv2.VideoCapture(device)


def _quiet() -> Any:
    from animdrive.sources.video.tracking.quiet import quiet_stderr

    return quiet_stderr()
