"""Pictures made of pictures: panels side by side, contact sheets, the visible label."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from animdrive.errors import InputError

Image = npt.NDArray[np.uint8]
"""[H, W, 3] RGB."""

LABEL_TEXT = "AI generated"
LABEL_SHARE = 0.05
"""Height of the label's letters as a share of the shorter side: GB 45438-2025 asks for 5 %."""
_BAR = 16
_FONT = cv2.FONT_HERSHEY_DUPLEX


def letterboxed(image: Image, size_px: tuple[int, int]) -> Image:
    """Return `image` scaled to fit into `size_px` (width, height), its shape kept, bars around."""
    height, width = image.shape[:2]
    scale = min(size_px[0] / width, size_px[1] / height)
    fitted = (max(round(width * scale), 1), max(round(height * scale), 1))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(image, fitted, interpolation=method)
    canvas = np.full((size_px[1], size_px[0], 3), _BAR, dtype=np.uint8)
    top, left = (size_px[1] - fitted[1]) // 2, (size_px[0] - fitted[0]) // 2
    canvas[top : top + fitted[1], left : left + fitted[0]] = scaled
    return canvas


def panel_width(image: Image, height_px: int) -> int:
    """Return how wide a panel of `height_px` for pictures like `image` is, even, 9:16 to 16:9."""
    aspect = min(max(image.shape[1] / image.shape[0], 9 / 16), 16 / 9)
    return max(2 * round(height_px * aspect / 2), 2)


def contact_sheet(images: Sequence[Image], columns: int, *, gap_px: int = 4) -> Image:
    """Return pictures of one size in rows of `columns`, the last row filled up with dark.

    Raises:
        InputError: no picture, pictures of different sizes, or `columns` below 1.
    """
    if not images or columns < 1:
        raise InputError(
            f"A contact sheet needs at least one picture and one column, got {len(images)} "
            f"pictures in {columns} columns."
        )
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise InputError(f"A contact sheet needs pictures of one size, got {sorted(sizes)}.")
    height, width = images[0].shape[:2]
    rows = -(-len(images) // columns)
    sheet = np.full(
        (rows * (height + gap_px) - gap_px, columns * (width + gap_px) - gap_px, 3),
        _BAR,
        dtype=np.uint8,
    )
    for number, image in enumerate(images):
        top = number // columns * (height + gap_px)
        left = number % columns * (width + gap_px)
        sheet[top : top + height, left : left + width] = image
    return sheet


def labelled(image: Image, text: str = LABEL_TEXT) -> Image:
    """Return a copy of `image` with `text` on a dark plate in its lower right corner.

    The letters are at least `LABEL_SHARE` of the shorter side high.
    """
    height, width = image.shape[:2]
    letters = max(LABEL_SHARE * min(height, width), 7.0)
    unit = cv2.getTextSize(text, _FONT, 10.0, 1)[0][1] / 10  # letters at scale 1, pixels
    scale = letters / unit
    thickness = max(round(letters / 12), 1)
    (text_width, text_height), _ = cv2.getTextSize(text, _FONT, scale, thickness)
    pad = max(round(letters * 0.45), 2)
    left, top = max(width - text_width - 3 * pad, 0), max(height - text_height - 3 * pad, 0)
    marked = image.copy()
    plate = marked[top : height - pad, left : width - pad]
    plate[:] = (plate * 0.35).astype(np.uint8)
    cv2.putText(
        marked,
        text,
        (left + pad, height - 2 * pad),
        _FONT,
        scale,
        (235, 235, 235),
        thickness,
        cv2.LINE_AA,
    )
    return marked
