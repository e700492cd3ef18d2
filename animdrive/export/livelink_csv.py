"""Curves as the CSV that the Live Link Face app records.

Layout: 63 columns as in real takes of the app, with JawRight before JawLeft and MouthRight before
MouthLeft (the app's UDP packets have them the other way round).

Angles: radians. In three real takes the columns of an eye follow its eyeLook curves with yaw above
0 towards the subject's RIGHT and pitch above 0 down, and roll has the sign of yaw times pitch, as a
mirror image of our axes has it. So yaw and roll change their sign on the way, pitch does not. The
head columns of these takes are all 0; the head is written by the same rule.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, CurveTrack, as_arkit
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.reading import (
    CurveRead,
    arkit_columns,
    arkit_name,
    check_length,
    unit_values,
    with_eyes,
)
from animdrive.export.timecode import base_of_rate, read_clock, timecode
from animdrive.files import existing_file, write_text

_ANGLES = ("Yaw", "Pitch", "Roll")
_HEAD_COLUMNS = tuple(f"Head{angle}" for angle in _ANGLES)
_EYE_COLUMNS = tuple(f"{side}Eye{angle}" for side in ("Left", "Right") for angle in _ANGLES)
_FROM_FILE = ((1, 1.0), (0, -1.0), (2, -1.0))  # column and sign of pitch, yaw, roll in a triple


def _csv_order() -> tuple[str, ...]:
    order = list(ARKIT52)
    for left in ("jawLeft", "mouthLeft"):
        at = order.index(left)
        order[at], order[at + 1] = order[at + 1], order[at]
    return tuple(order)


_CURVES = _csv_order()
HEADER: tuple[str, ...] = (
    "Timecode",
    "BlendshapeCount",
    *(name[0].upper() + name[1:] for name in _CURVES),
    *_HEAD_COLUMNS,
    *_EYE_COLUMNS,
)
"""The 63 columns that are written, as the app writes them."""


def write_livelink_csv(track: CurveTrack, path: Path) -> None:
    """Write `track` with ten decimals and a timecode per frame, whole or not at all.

    `CurveTrack.head_position` and `CurveTrack.confidence` have no column. A time before 0 is
    counted from the end of the day before.

    Raises:
        InputError: the file cannot be written.
    """
    full = as_arkit(track)
    columns = [ARKIT52.index(name) for name in _CURVES]
    angles = np.concatenate([track.head_rotation[:, None], track.eye_rotation], axis=1)
    in_file = np.stack([-angles[..., 1], angles[..., 0], -angles[..., 2]], axis=-1) + 0.0
    numbers = np.concatenate([full.values[:, columns], in_file.reshape(len(track), 9)], axis=1)
    base = base_of_rate(track.fps)
    rows = [",".join(HEADER)]
    for time_s, row in zip(track.times_s, numbers.tolist(), strict=True):
        at = time_s if time_s >= 0 else time_s + 86_400
        rows.append(f"{timecode(at, base)},61," + ",".join(f"{value:.10f}" for value in row))
    write_text(Path(path), "\n".join(rows) + "\n")


def read_livelink_csv(path: Path, *, fps: float | None = None) -> CurveRead:
    """Read a take of the app, or any CSV with a time column and ARKit curves.

    Columns go by name in any order and spelling; the frame rate comes from the times. Dropped
    frames are filled with straight lines at confidence 0, rows that repeat a frame are left out.
    Without eye angles the eyes follow the eyeLook curves.

    Args:
        path: The file.
        fps: Frames per second where the times do not tell.

    Raises:
        InputError: no such file, no text, no curves, no rows; a cell that is missing or not a
            finite number, with its line and column.
    """
    path = existing_file(Path(path), "curve file")
    header, rows = _table(path)
    time_column = next(
        (at for at, name in enumerate(header) if name.lower() in ("timecode", "time")), None
    )
    if time_column is None:
        raise InputError(f"{path}: it has no column 'Timecode' or 'Time'. Add one, in seconds.")
    columns, notes = arkit_columns(path, header)
    notes += _note_on_others(header, time_column)
    clock = read_clock(path, [row[time_column] for row in rows], fps=fps)
    check_length(path, int(clock.slots[-1]) + 1)
    numbers = _numbers(path, header, rows, time_column)
    kept, filled, more = _on_frames(numbers, clock.slots)
    notes += clock.notes + more

    values = np.zeros((len(kept), len(ARKIT52)))
    for name, column in columns.items():
        values[:, ARKIT52.index(name)] = kept[:, column]
    clipped, clip_notes = unit_values(path, values)
    lower = [name.lower() for name in header]
    head = _angles(kept, lower, _HEAD_COLUMNS)
    left, right = _angles(kept, lower, _EYE_COLUMNS[:3]), _angles(kept, lower, _EYE_COLUMNS[3:])
    track = CurveTrack(
        names=ARKIT52,
        fps=clock.fps,
        values=clipped,
        head_rotation=head,
        eye_rotation=np.stack([left, right], axis=1),
        confidence=np.where(filled, 0.0, 1.0).astype(np.float32),
        start_s=clock.start_s,
    )
    track, eye_notes = with_eyes(track)
    return CurveRead(track, notes + clip_notes + eye_notes)


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if "\0" in text:
            raise UnicodeError
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (UnicodeError, csv.Error) as error:
        raise InputError(
            f"{path} is not a CSV text file; nothing was read. Export it again."
        ) from (error)
    if delimiter != ",":
        table = [[cell.replace(",", ".") for cell in row] for row in table]
    while table and not any(cell.strip() for cell in table[-1]):
        table.pop()
    header = [cell.strip() for cell in table[0]] if table else []
    rows = table[1:]
    if not rows:
        raise InputError(f"{path} has no rows below its header; nothing was read.")
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise InputError(
                f"{path}, line {number + 2}: it has {len(row)} cells, but the header has "
                f"{len(header)}. Repair or remove the line."
            )
    return header, rows


def _numbers(
    path: Path, header: Sequence[str], rows: list[list[str]], time_column: int
) -> npt.NDArray[np.float64]:
    """Return the table [N, columns] as numbers; the time column and unused ones are 0."""
    angles = {name.lower() for name in (*_HEAD_COLUMNS, *_EYE_COLUMNS)}
    used = [
        column
        for column, name in enumerate(header)
        if column != time_column and (arkit_name(name) or name.lower() in angles)
    ]
    numbers = np.zeros((len(rows), len(header)))
    for column in used:
        cells = [row[column] for row in rows]
        try:
            numbers[:, column] = np.array(cells, dtype=np.float64)
        except ValueError:
            numbers[:, column] = [_number(cell) for cell in cells]
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        row, column = (int(at) for at in wrong[0])
        cell = rows[row][column].strip()
        what = f"'{cell}'" if cell else "an empty cell"
        more = f" ({len(wrong)} such cells)" if len(wrong) > 1 else ""
        raise InputError(
            f"{path}, line {row + 2}, column '{header[column]}': {what} is not a number{more}. "
            "Repair it or leave the line out."
        )
    return numbers


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _note_on_others(header: Sequence[str], time_column: int) -> tuple[str, ...]:
    known = {name.lower() for name in (*_HEAD_COLUMNS, *_EYE_COLUMNS, "BlendshapeCount")}
    others = [
        name
        for column, name in enumerate(header)
        if column != time_column and name.lower() not in known and not arkit_name(name)
    ]
    if not others:
        return ()
    return (f"Columns that are not ARKit curves were left out: {', '.join(others[:6])}.",)


def _on_frames(
    numbers: npt.NDArray[np.float64], slots: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], tuple[str, ...]]:
    """Return one row per frame, which of them were filled in, and notes."""
    first = np.r_[True, np.diff(slots) > 0]
    notes: tuple[str, ...] = ()
    if not first.all():
        notes += (f"{int((~first).sum())} rows repeat the frame before and were left out.",)
        numbers, slots = numbers[first], slots[first]
    frames = np.arange(slots[-1] + 1)
    filled = ~np.isin(frames, slots)
    if filled.any():
        notes += (f"{int(filled.sum())} dropped frames were filled in, with confidence 0.",)
        numbers = np.stack([np.interp(frames, slots, column) for column in numbers.T], axis=1)
    return numbers, filled, notes


def _angles(
    numbers: npt.NDArray[np.float64], header: Sequence[str], columns: Sequence[str]
) -> FloatArray:
    """Return [T, 3] pitch, yaw, roll of three columns yaw, pitch, roll; missing ones are 0."""
    angles = np.zeros((len(numbers), 3), dtype=np.float32)
    for axis, (column, sign) in enumerate(_FROM_FILE):
        if columns[column].lower() in header:
            angles[:, axis] = sign * numbers[:, header.index(columns[column].lower())]
    return angles + np.float32(0.0)
