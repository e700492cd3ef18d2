"""A window beside live work: what the camera sees, and what was found in it."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import DeviceError

Picture = npt.NDArray[np.uint8]

_TITLE = "animdrive live (q ends it)"
_HEIGHT_PX = 480
_SHOWN = ("jawOpen", "mouthClose", "mouthSmileLeft", "mouthPucker", "eyeBlinkLeft", "browInnerUp")
_X11_PORT = 6000


class PreviewWindow:
    """Shows pictures with landmarks and a few curves, mirrored as in a mirror."""

    def __init__(self) -> None:
        """Check that there is a screen.

        Raises:
            DeviceError: there is none, or OpenCV was built without windows.
        """
        check_screen()
        import cv2

        try:
            cv2.namedWindow(_TITLE)
        except cv2.error as error:
            raise DeviceError(
                f"--preview cannot open a window ({' '.join(str(error).split())[:120]}). "
                "Leave --preview out."
            ) from error
        self._cv2: Any = cv2
        self.closed = False
        """Whether the user asked for the end."""

    def show(
        self, image: Picture, points: npt.NDArray[np.float32] | None, curves: dict[str, float]
    ) -> None:
        """Show `image` [H, W, 3] RGB with `points` [P, 3] pixels, and `curves` as bars."""
        self._cv2.imshow(_TITLE, drawn(image, points, curves)[:, :, ::-1])
        if self._cv2.waitKey(1) & 0xFF in (ord("q"), 27):
            self.closed = True

    def close(self) -> None:
        """Close the window."""
        self._cv2.destroyAllWindows()


def drawn(
    image: Picture, points: npt.NDArray[np.float32] | None, curves: dict[str, float]
) -> Picture:
    """Return the picture of the window, [480, W, 3] RGB: mirrored, points and bars on it."""
    import cv2

    scale = _HEIGHT_PX / image.shape[0]
    width = max(1, round(image.shape[1] * scale))
    canvas = cv2.flip(cv2.resize(image, (width, _HEIGHT_PX)), 1)
    if points is not None:
        for x, y in points[:, :2] * scale:
            cv2.circle(
                canvas, (round(width - 1 - float(x)), round(float(y))), 1, (90, 220, 160), -1
            )
    for row, name in enumerate(name for name in _SHOWN if name in curves):
        y = 18 + 18 * row
        cv2.rectangle(
            canvas, (120, y - 10), (120 + round(100 * curves[name]), y), (240, 178, 122), -1
        )
        cv2.putText(canvas, name, (6, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1)
    return np.asarray(canvas, dtype=np.uint8)


def check_screen() -> None:
    """Raise DeviceError where this machine has no screen to open a window on.

    Asked before OpenCV is: its window library ends the whole process where it finds none.
    """
    if sys.platform != "linux":
        return
    if os.environ.get("WAYLAND_DISPLAY"):
        return
    display = os.environ.get("DISPLAY", "")
    if not (display and _answers(display)):
        what = f"DISPLAY is '{display}', where nobody answers" if display else "no DISPLAY is set"
        raise DeviceError(f"--preview needs a screen ({what}). Leave --preview out.")


def _answers(display: str) -> bool:
    """Return whether an X server listens at `display`, such as ":0" or "host:10.0"."""
    host, _, rest = display.rpartition(":")
    number = rest.split(".")[0]
    if not number.isdecimal():
        return False
    try:
        if host in ("", "unix"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
                wire.settimeout(1.0)
                wire.connect(f"/tmp/.X11-unix/X{number}")  # noqa: S108  where X servers listen
        else:
            socket.create_connection((host, _X11_PORT + int(number)), timeout=1.0).close()
    except OSError:
        return False
    return True
