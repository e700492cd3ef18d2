"""The picture of a capture's coverage: bars per curve, and the table of what acts together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.coverage import LEVELS, TOGETHER, Coverage, Gaps

Image = npt.NDArray[np.uint8]

_CELL, _LABEL, _BARS, _EDGE = 19, 160, 330, 28
_HEAD, _FOOT = 74, 62
_INK, _SOFT, _PAPER = (34, 38, 46), (120, 126, 136), (255, 255, 255)
_EMPTY, _NEVER, _FULL = (238, 240, 243), (166, 171, 180), (17, 84, 144)
_MISSING = (214, 58, 36)
_BAR = ((170, 200, 228), (86, 146, 198), (17, 84, 144))


def draw_coverage(
    coverage: Coverage,
    gaps: Gaps,
    *,
    opposed: Callable[[str, str], bool],
    title: str,
) -> Image:
    """Return [H, W, 3] RGB of the table of all pairs and the use of each curve.

    A cell is the darker, the higher both of its curves get at once; framed in red: wanted and never
    seen; crossed out: what one face cannot do. On the right, for each curve, its peak and the
    frames above 0.1, 0.5 and 0.9, on a scale of roots.
    """
    from PIL import Image as Picture
    from PIL import ImageDraw

    names = coverage.names
    side = _CELL * len(names)
    left, top = _EDGE + _LABEL, _HEAD + _LABEL
    size = (left + side + 24 + _BARS + _EDGE, top + side + _FOOT)
    picture = Picture.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(picture)
    small, plain, large = (_font(points) for points in (12, 13, 20))
    pen.text((_EDGE, 18), title, fill=_INK, font=large)
    pen.text((_EDGE, 46), _summary(coverage, gaps), fill=_SOFT, font=plain)
    missing = {frozenset(pair) for pair in gaps.pairs}
    for row, one in enumerate(names):
        y = top + row * _CELL
        colour = _MISSING if one in gaps.unused else _INK
        _right_text(pen, (left - 6, y + 2), one, colour, small)
        strip = Picture.new("RGB", (_LABEL, _CELL), _PAPER)
        ImageDraw.Draw(strip).text((0, 2), one, fill=colour, font=small)
        picture.paste(strip.rotate(90, expand=True), (left + row * _CELL, top - _LABEL - 4))
        for column, other in enumerate(names):
            x = left + column * _CELL
            box = (x, y, x + _CELL - 2, y + _CELL - 2)
            pen.rectangle(box, fill=_shade(float(coverage.together[row, column])))
            if row != column and opposed(one, other):
                pen.line((x + 4, y + 4, x + _CELL - 6, y + _CELL - 6), fill=_NEVER)
                pen.line((x + 4, y + _CELL - 6, x + _CELL - 6, y + 4), fill=_NEVER)
            if frozenset((one, other)) in missing:
                pen.rectangle(box, outline=_MISSING, width=2)
    _bars(pen, coverage, left + side + 24, top, small)
    _legend(pen, left, top + side + 18, small)
    return np.asarray(picture)


def _bars(pen: Any, coverage: Coverage, x: int, top: int, font: Any) -> None:
    most = max(max(use.frames[0] for use in coverage.curves), 1)
    for text, at in (("peak", 0), ("frames above 0.1 / 0.5 / 0.9", 70), ("1/s", _BARS - 26)):
        pen.text((x + at, top - 20), text, fill=_SOFT, font=font)
    width = _BARS - 70 - 90
    for row, use in enumerate(coverage.curves):
        y = top + row * _CELL
        pen.rectangle((x, y, x + 56, y + _CELL - 3), fill=_EMPTY)
        if use.peak > 0:
            pen.rectangle((x, y, x + round(56 * use.peak), y + _CELL - 3), fill=_BAR[1])
        pen.text((x + 4, y + 1), f"{use.peak:.2f}", fill=_INK, font=font)
        for frames, colour in zip(use.frames, _BAR, strict=True):
            if frames:
                long = round(width * (frames / most) ** 0.5)
                pen.rectangle((x + 70, y, x + 70 + max(long, 1), y + _CELL - 3), fill=colour)
        _right_text(pen, (x + _BARS - 36, y + 2), str(use.frames[0]), _SOFT, font)
        _right_text(pen, (x + _BARS, y + 2), f"{use.speed_per_s:.1f}", _SOFT, font)


def _legend(pen: Any, x: int, y: int, font: Any) -> None:
    pen.text((x, y + 1), "both at once", fill=_SOFT, font=font)
    at = x + 84
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        pen.rectangle((at, y, at + _CELL - 2, y + _CELL - 2), fill=_shade(value))
        pen.text((at + _CELL + 2, y + 1), f"{value:g}", fill=_SOFT, font=font)
        at += 58
    pen.rectangle((at, y, at + _CELL - 2, y + _CELL - 2), fill=_EMPTY, outline=_MISSING, width=2)
    text = f"acts together in faces, but never above {TOGETHER:g} here"
    pen.text((at + _CELL + 4, y + 1), text, fill=_SOFT, font=font)
    at += 330
    pen.rectangle((at, y, at + _CELL - 2, y + _CELL - 2), fill=_EMPTY)
    pen.line((at + 4, y + 4, at + _CELL - 6, y + _CELL - 6), fill=_NEVER)
    pen.line((at + 4, y + _CELL - 6, at + _CELL - 6, y + 4), fill=_NEVER)
    pen.text((at + _CELL + 4, y + 1), "one face cannot do both", fill=_SOFT, font=font)


def _summary(coverage: Coverage, gaps: Gaps) -> str:
    text = (
        f"{coverage.frames} frames, {coverage.seconds:.0f} s   ·   "
        f"{len(coverage.names) - len(gaps.unused)} of {len(coverage.names)} curves used "
        f"(above {LEVELS[0]:g})   ·   {gaps.wanted - len(gaps.pairs)} of {gaps.wanted} wanted "
        f"pairs seen together"
    )
    return text + (f"   ·   missing: {', '.join(gaps.critical)}" if gaps.critical else "")


def _shade(value: float) -> tuple[int, int, int]:
    share = min(max(value, 0.0), 1.0) ** 0.8
    mixed = [round(a + (b - a) * share) for a, b in zip(_EMPTY, _FULL, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _right_text(pen: Any, at: tuple[int, int], text: str, colour: Any, font: Any) -> None:
    pen.text((at[0] - pen.textlength(text, font=font), at[1]), text, fill=colour, font=font)


def _font(points: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size=points)
