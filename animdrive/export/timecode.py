"""Timecodes of recorded takes: ``HH:MM:SS:FF.mmm``, a frame within the second and its fraction."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.errors import InputError

_CODE = re.compile(r"(\d{1,6}):(\d{1,2}):(\d{1,2})(?:[:;](\d{1,3}(?:\.\d+)?)|(\.\d+))?")
_BASES = (24, 25, 30, 48, 50, 60, 90, 100, 120, 240)
_RATES = (*_BASES, 24 / 1.001, 30 / 1.001, 48 / 1.001, 60 / 1.001, 12, 12.5, 15, 20)
_PLAUSIBLE_FPS = (0.01, 10_000.0)
_LONGEST_GAP_S = 5.0
_DAY_S = 86_400
_DEFAULT_BASE = 60
"""What a phone counts in, unless a take shows otherwise."""


def base_of_rate(fps: float) -> int:
    """Return how many frames to count in a second for material at `fps` frames per second."""
    for base in _BASES:
        per_frame = base / fps
        if round(per_frame) >= 1 and abs(per_frame - round(per_frame)) < 0.002:
            return base
    return next((base for base in _BASES if base >= fps), math.ceil(fps))


def timecode(seconds: float, base: int) -> str:
    """Return ``HH:MM:SS:FF.mmm`` for a time, counting `base` frames in a second.

    Hours go on after 24. The thousandths of a frame carry what falls between two frames, so rates
    such as 29.97 keep real time.
    """
    thousandths = round(seconds * base * 1000)
    frames, rest = divmod(thousandths, 1000)
    whole, frame = divmod(frames, base)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}:{frame:02d}.{rest:03d}"


@dataclass(frozen=True, eq=False)
class Clock:
    """When the rows of a take were recorded. N rows."""

    fps: float
    """Frames per second."""
    start_s: float
    """Time of the first row, seconds."""
    slots: npt.NDArray[np.int64]
    """[N] number of the frame that each row belongs to, from 0, never falling; a number that is
    left out is a dropped frame, one that comes twice a repeated row."""
    notes: tuple[str, ...]
    """What was found."""


def read_clock(path: Path, texts: Sequence[str], *, fps: float | None = None) -> Clock:
    """Find the rate of a take and the frame of every row from its time column.

    Args:
        path: The file, for messages.
        texts: N times, ``HH:MM:SS:FF.mmm``, ``HH:MM:SS.mmm`` or plain seconds. Row i stands in
            line i + 2 of the file.
        fps: The rate where it is known; found from the times otherwise.

    Raises:
        InputError: a time that cannot be read, or times that do not advance, or so fast or slow
            that they are no times.
    """
    base, known = 1, True
    if any(_frame_of(text) is not None for text in texts):
        base, known = _base_of(texts)
    seconds = np.array([_seconds(path, row, text, base) for row, text in enumerate(texts)])
    notes: list[str] = []
    # A take may run past midnight.
    seconds[1:] += _DAY_S * np.cumsum(np.diff(seconds) < -_DAY_S / 2)
    steps = np.diff(seconds)
    if len(seconds) > 1 and not (steps > 0).any():
        if fps is None:
            raise InputError(
                f"{path}: its times do not advance (all {texts[0]}), so the frame rate cannot be "
                "told. Give the frame rate."
            )
        notes.append("Its times do not advance; rows were taken one frame apart.")
        return Clock(fps, float(seconds[0]), np.arange(len(seconds)), tuple(notes))
    step = float(np.median(steps[steps > 0])) if len(steps) else 1.0 / (fps or _DEFAULT_BASE)
    slowest, fastest = _PLAUSIBLE_FPS
    if not slowest <= 1.0 / step <= fastest:
        raise InputError(
            f"{path}: its rows are {step:g} s apart, which is no frame rate. Write the time of "
            "each row in seconds."
        )
    cuts = (steps < -0.5 * step) | (steps > _LONGEST_GAP_S)
    if cuts.any():
        row = int(np.flatnonzero(cuts)[0])
        notes.append(
            f"Its times jump in {int(cuts.sum())} place(s), first from {texts[row]} to "
            f"{texts[row + 1]} in line {row + 3}; the pieces were joined."
        )
        seconds[1:] -= np.cumsum(np.where(cuts, steps - step, 0.0))
    if fps is None:
        resolution = 0.5e-3 / base if base > 1 else 0.5 * 10.0 ** -_decimals(texts)
        fps = _rate(seconds, step, resolution)
        if len(seconds) < 2 or not known:
            notes.append(
                f"It is too short to show its frame rate; {fps:g} frames per second were taken."
            )
        elif fps not in _RATES and fps != round(fps):
            notes.append(f"By its own times it has {fps:g} frames per second.")
    slots = _slots(seconds, 1.0 / fps)
    return Clock(fps, float(seconds[0]), slots, tuple(notes))


def _slots(seconds: npt.NDArray[np.float64], step: float) -> npt.NDArray[np.int64]:
    """Return the frame number of every row, step by step so that no drift adds up."""
    steps = np.rint(np.diff(seconds) / step).astype(np.int64)
    return np.concatenate([[0], np.cumsum(np.maximum(steps, 0))])


def _frame_of(text: str) -> float | None:
    match = _CODE.fullmatch(text.strip())
    return float(match[4]) if match and match[4] else None


def _decimals(texts: Sequence[str]) -> int:
    return min(len(text.strip().partition(".")[2]) for text in texts)


def _base_of(texts: Sequence[str]) -> tuple[int, bool]:
    """Return how many frames the second of these timecodes has, and whether they show it.

    The frame before the count starts again at 0 tells; a take within one second is taken for a
    phone's, which counts to 60.
    """
    frames = np.array([_frame_of(text) or 0.0 for text in texts])
    steps = np.diff(frames)
    fits = [base for base in _BASES if base > math.floor(frames.max())]
    if not fits:
        return math.floor(frames.max()) + 1, bool((steps < 0).any())
    wraps = steps[steps < 0]
    forward = steps[steps > 0]
    if not len(wraps) or not len(forward):
        return (_DEFAULT_BASE if _DEFAULT_BASE in fits else fits[0]), False
    usual = float(np.median(forward))
    # Right where the step over the second's end is as long as any other.
    return min(fits, key=lambda base: abs(float(np.median(wraps + base)) - usual)), True


def _seconds(path: Path, row: int, text: str, base: int) -> float:
    plain = text.strip()
    match = _CODE.fullmatch(plain)
    if match:
        hour, minute, second = int(match[1]), int(match[2]), int(match[3])
        within = float(match[4]) / base if match[4] else float(match[5] or 0.0)
        return hour * 3600 + minute * 60 + second + within
    try:
        value = float(plain)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"{path}, line {row + 2}: the time '{plain[:40]}' cannot be read. Write "
            "HH:MM:SS:FF.mmm or seconds."
        )
    return value


def _rate(seconds: npt.NDArray[np.float64], step: float, resolution: float) -> float:
    """Return the frame rate of rows at `seconds`, a usual one where that fits.

    A usual rate stands as long as it puts no row more than one frame off its own time: within a
    frame nobody can tell, and 60 is easier to work with than 59.97. A long take keeps the rate
    that it was recorded at, or its sound would run away.
    """
    if len(seconds) < 2:
        return 1.0 / step
    slots = _slots(seconds, step)
    if slots[-1] == 0:
        return 1.0 / step
    step = float(np.polyfit(slots, seconds, 1)[0])
    usual = [*_RATES, float(round(1.0 / step))]
    near = [rate for rate in usual if rate > 0 and abs(rate * step - 1.0) < 5e-3]
    near.sort(key=lambda rate: (rate != round(rate), abs(rate * step - 1.0)))
    for tolerance_s in (2.2 * resolution, step):
        for rate in near:
            if np.abs(slots / rate - (seconds - seconds[0])).max() <= tolerance_s:
                return float(rate)
    return round(1.0 / step, 3)
