"""Pictures on their way to the tracker: decoded ahead, made smaller, cut out, lightened."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import VideoFrame

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

_BLACK = 14
"""A picture whose brightest hundredth is below this (of 255) shows nothing."""
_DARK = 55.0
"""A face whose middle brightness is below this (of 255) is lightened."""
_LIGHT = 120.0
"""What its middle brightness becomes, at most."""
_LEAST_GAMMA = 0.3
"""Lightened no further: what is left then is noise."""


@dataclass(frozen=True)
class Region:
    """A turned square of a picture. Pixels, from the picture's upper left corner."""

    x: float
    """Its middle."""
    y: float
    side: float
    """Width of the square."""
    angle: float = 0.0
    """How far its upright is turned clockwise in the picture, radians."""

    def to_picture(self, shares: Points) -> Points:
        """Return points [P, 3] in shares of the square as pixels of the picture.

        Depth comes in shares of the square's width, and leaves in pixels.
        """
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        across = (shares[:, 0] - 0.5) * self.side
        down = (shares[:, 1] - 0.5) * self.side
        points = np.zeros_like(shares)
        points[:, 0] = self.x + cosine * across - sine * down
        points[:, 1] = self.y + sine * across + cosine * down
        points[:, 2] = shares[:, 2] * self.side
        return points

    def share_in(self, other: Region) -> float:
        """Return how much of the smaller square both have in common, 0..1, turns left aside."""
        reach = 0.5 * (self.side + other.side)
        smaller = min(self.side, other.side)
        wide = np.clip(reach - abs(self.x - other.x), 0, smaller)
        high = np.clip(reach - abs(self.y - other.y), 0, smaller)
        return float(wide * high / smaller**2)

    def near(self, other: Region) -> bool:
        """Return whether a head can have moved from the one to the other between two frames."""
        apart = float(np.hypot(self.x - other.x, self.y - other.y))
        grown = abs(float(np.log(self.side / other.side)))
        return apart < 0.5 * max(self.side, other.side) and grown < 0.5

    def grown(self, factor: float) -> Region:
        """Return a square about the same middle, `factor` times as wide."""
        return Region(self.x, self.y, self.side * factor, self.angle)


def region_of(points: Points, margin: float) -> Region:
    """Return the square about landmarks [478, 3], upright with the eyes, `margin` faces wide."""
    between = points[263, :2] - points[33, :2]
    angle = float(np.arctan2(between[1], between[0]))
    cosine, sine = np.cos(angle), np.sin(angle)
    # Turned upright, and not as it lies in the picture: a rolled face is no larger than others.
    across = cosine * points[:, 0] + sine * points[:, 1]
    down = cosine * points[:, 1] - sine * points[:, 0]
    low_x, high_x, low_y, high_y = across.min(), across.max(), down.min(), down.max()
    mid_x, mid_y = 0.5 * (low_x + high_x), 0.5 * (low_y + high_y)
    return Region(
        x=float(cosine * mid_x - sine * mid_y),
        y=float(sine * mid_x + cosine * mid_y),
        side=margin * float(max(high_x - low_x, high_y - low_y, 1e-3)),
        angle=angle,
    )


def cut_out(picture: Picture, region: Region, side_px: int) -> Picture:
    """Return `region` of a picture as a square [side_px, side_px, 3]; outside it is the border's.

    A region that is much larger is averaged down, not sampled: sampling lets single pixels'
    noise through, and the landmarks shiver.
    """
    import cv2

    whole, x, y = picture, 0, 0
    over = max(1, round(region.side / side_px))
    if over > 1:
        # First to about the right size, no more of it than is needed.
        reach = 0.5 * region.side * (abs(np.cos(region.angle)) + abs(np.sin(region.angle))) + over
        height, width = picture.shape[:2]
        x, y = max(0, int(region.x - reach)), max(0, int(region.y - reach))
        right, below = min(width, int(region.x + reach)), min(height, int(region.y + reach))
        wide, high = (right - x) // over, (below - y) // over
        if wide < 1 or high < 1:
            x = y = 0
            wide, high = max(1, width // over), max(1, height // over)
        whole = picture[y : y + high * over, x : x + wide * over]
        whole = np.asarray(
            cv2.resize(whole, (wide, high), interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
    step = region.side / side_px / over
    cosine, sine = step * np.cos(region.angle), step * np.sin(region.angle)
    half = (side_px - 1) / 2
    # From places in the square to places in the picture, both counted at the middle of pixels.
    back = np.array(
        [
            [cosine, -sine, (region.x - x) / over - 0.5 - (cosine - sine) * half],
            [sine, cosine, (region.y - y) / over - 0.5 - (sine + cosine) * half],
        ]
    )
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_CUBIC if step < 0.6 else cv2.INTER_LINEAR)
    square = cv2.warpAffine(
        whole, back, (side_px, side_px), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(square, dtype=np.uint8)


def is_black(picture: Picture) -> bool:
    """Return whether there is nothing to see in a picture, at least no face."""
    return bool(np.quantile(picture[::8, ::8].max(axis=2), 0.99) < _BLACK)


class Light:
    """Lightens dark pictures, the same from frame to frame until the light changes."""

    def __init__(self) -> None:
        self.gamma = 1.0
        """The exponent applied to brightness; 1 leaves pictures as they are."""
        self._table: Picture | None = None

    def measure(self, square: Picture) -> None:
        """Set the light by what is seen in a cut-out [S, S, 3] of the unlightened face."""
        quarter = square.shape[0] // 4
        middle = float(np.median(square[quarter:-quarter:4, quarter:-quarter:4, 1]))
        gamma = 1.0
        if middle < _DARK:
            gamma = max(np.log(_LIGHT / 255) / np.log(max(middle, 1.0) / 255), _LEAST_GAMMA)
        # Set anew only where it differs by much: a light that follows each frame flickers.
        if (gamma == 1.0) != (self.gamma == 1.0) or abs(np.log(gamma / self.gamma)) > 0.25:
            edge = self.gamma != 1.0 and gamma == 1.0 and middle < 1.2 * _DARK
            if not edge:
                self._set(gamma)

    def _set(self, gamma: float) -> None:
        self.gamma = float(gamma)
        levels = 255.0 * (np.arange(256) / 255.0) ** self.gamma
        self._table = None if gamma == 1.0 else np.rint(levels).astype(np.uint8)

    def applied(self, picture: Picture) -> Picture:
        """Return the picture as it would be in better light."""
        if self._table is None:
            return picture
        import cv2

        return np.asarray(cv2.LUT(picture, self._table), dtype=np.uint8)


def lightened(picture: Picture) -> Picture:
    """Return a picture with its light evened out: gamma by its middle, contrast in each part.

    Contrast-limited adaptive histogram equalization (Zuiderveld 1994) of the brightness.
    """
    import cv2

    lab: Any = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    middle = max(float(np.median(lab[::4, ::4, 0])), 1.0)
    gamma = float(np.clip(np.log(_LIGHT / 255) / np.log(middle / 255), _LEAST_GAMMA, 1.0))
    table = np.rint(255.0 * (np.arange(256) / 255.0) ** gamma).astype(np.uint8)
    equalizer = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(4, 4))
    lab[..., 0] = equalizer.apply(cv2.LUT(np.ascontiguousarray(lab[..., 0]), table))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)


def shrunk(image: Picture, longest_px: int) -> Picture:
    """Return the picture with no side longer than `longest_px`; one that is small enough, as is."""
    height, width = image.shape[:2]
    if max(height, width) <= longest_px:
        return np.ascontiguousarray(image)
    import cv2

    scale = longest_px / max(height, width)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Ahead:
    """A picture that was decoded ahead."""

    picture: Picture
    """[H, W, 3], made smaller."""
    size_px: tuple[int, int]
    """Width and height before it was."""
    time_s: float
    """When it is shown."""


def read_ahead(frames: Iterable[VideoFrame], *, longest_px: int, count: int = 8) -> Iterator[Ahead]:
    """Yield pictures of at most `longest_px`, up to `count` of them decoded in another thread."""
    waiting: queue.Queue[Any] = queue.Queue(maxsize=count)
    stop = threading.Event()

    def put(item: object) -> None:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    def read() -> None:
        try:
            for frame in frames:
                height, width = frame.image.shape[:2]
                put(Ahead(shrunk(frame.image, longest_px), (width, height), frame.time_s))
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001  whatever it is, the reader raises it
            put(error)

    reader = threading.Thread(target=read, name="read-ahead", daemon=True)
    reader.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        reader.join()
