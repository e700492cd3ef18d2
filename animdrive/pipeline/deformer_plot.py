"""Small line plots: a panel per curve, over one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.files import written_aside

_WIDE, _HIGH, _LEFT, _TOP = 760, 220, 78, 34
_INK, _SOFT, _LINE, _MARK = (35, 38, 45), (200, 204, 210), (38, 98, 190), (200, 60, 40)


@dataclass(frozen=True, eq=False)
class Curve:
    """One panel."""

    name: str
    """What is drawn."""
    x: npt.ArrayLike
    """[N]"""
    y: npt.ArrayLike
    """[N]; what is not finite is left out."""


def write_plot(
    path: Path, curves: Sequence[Curve], *, title: str, x_label: str, mark: float | None = None
) -> None:
    """Write a PNG with one panel per curve, whole or not at all.

    Args:
        path: Where.
        curves: What.
        title: Above.
        x_label: Below.
        mark: An x that is marked in every panel.

    Raises:
        InputError: it cannot be written.
    """
    from PIL import Image, ImageDraw, ImageFont

    high = _TOP + len(curves) * (_HIGH + 44) + 26
    image = Image.new("RGB", (_WIDE, high), (250, 250, 252))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(15)
    draw.text((_LEFT, 10), title, fill=_INK, font=font)
    spread = np.concatenate([np.asarray(curve.x, dtype=float) for curve in curves])
    left, right = float(spread.min()), float(spread.max())
    right = right if right > left else left + 1.0
    for number, curve in enumerate(curves):
        top = _TOP + 26 + number * (_HIGH + 44)
        x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
        x, y = x[np.isfinite(y)], y[np.isfinite(y)]
        draw.text((_LEFT, top - 20), curve.name, fill=_INK, font=font)
        low, peak = (float(y.min()), float(y.max())) if len(y) else (0.0, 1.0)
        peak = peak if peak - low > 1e-9 else low + 1.0

        def at(
            px: float, py: float, low: float = low, peak: float = peak, top: int = top
        ) -> tuple[float, float]:
            across = (px - left) / (right - left)
            return _LEFT + across * (_WIDE - _LEFT - 24), top + (
                1 - (py - low) / (peak - low)
            ) * _HIGH

        for share in (0.0, 0.5, 1.0):
            value = low + share * (peak - low)
            start, end = at(left, value), at(right, value)
            draw.line([start, end], fill=_SOFT)
            draw.text((6, start[1] - 8), f"{value:.3g}", fill=_INK, font=font)
        if mark is not None and left <= mark <= right:
            draw.line([at(mark, low), at(mark, peak)], fill=_MARK, width=2)
        points = [at(a, b) for a, b in zip(x, y, strict=True)]
        if len(points) > 1:
            draw.line(points, fill=_LINE, width=2)
        for px, py in points:
            draw.ellipse([px - 2, py - 2, px + 2, py + 2], fill=_LINE)
    bottom = high - 24
    draw.text((_LEFT, bottom), f"{left:.4g}", fill=_INK, font=font)
    draw.text((_WIDE // 2, bottom), x_label, fill=_INK, font=font, anchor="ma")
    draw.text((_WIDE - 24, bottom), f"{right:.4g}", fill=_INK, font=font, anchor="ra")
    with written_aside(path) as aside:
        image.save(aside, format="PNG")
