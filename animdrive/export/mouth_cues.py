"""What is said when, as tables: phones, words and visemes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from animdrive.contract import PhoneTrack, Segment
from animdrive.errors import ContractError, InputError
from animdrive.files import existing_file, write_text

_PHONE_HEADER = ("start_s", "end_s", "phone")
_WORD_HEADER = ("start_s", "end_s", "word")
_VISEME_HEADER = ("start_s", "end_s", "class")


def write_phones_tsv(phones: PhoneTrack, path: Path) -> None:
    """Write the phones with the header ``start_s end_s phone``, times to a tenth of a ms."""
    _write(phones.phones, _PHONE_HEADER, path)


def write_words_tsv(phones: PhoneTrack, path: Path) -> None:
    """Write the words with the header ``start_s end_s word``; none where words are unknown."""
    _write(phones.words, _WORD_HEADER, path)


def write_visemes_tsv(segments: Iterable[Segment], path: Path) -> None:
    """Write viseme `segments` with the header ``start_s end_s class``."""
    _write(segments, _VISEME_HEADER, path)


def read_phones_tsv(path: Path) -> PhoneTrack:
    """Read phones; their words are not in the table.

    Raises:
        InputError: no such file, another header, a line that is not start, end and phone, or
            phones that overlap.
    """
    segments = tuple(segment for _, segment in read_phones_rows(path))
    try:
        return PhoneTrack(phones=segments)
    except ContractError as error:
        raise InputError(f"{path}: {error} Sort the lines, and let no phone overlap.") from error


def read_phones_rows(path: Path) -> list[tuple[int, Segment]]:
    """Read phones with the number of each one's line; they may overlap.

    Raises:
        InputError: no such file, another header, or a line that is not start, end and phone.
    """
    return _read(Path(path), _PHONE_HEADER)


def read_words_rows(path: Path) -> list[tuple[int, Segment]]:
    """Read words with the number of each one's line; raises as `read_phones_rows` does."""
    return _read(Path(path), _WORD_HEADER)


def read_words_tsv(path: Path) -> tuple[Segment, ...]:
    """Read words; raises as `read_phones_rows` does."""
    return tuple(segment for _, segment in read_words_rows(path))


def read_visemes_tsv(path: Path) -> tuple[Segment, ...]:
    """Read viseme segments; raises as `read_phones_rows` does, and they may overlap."""
    return tuple(segment for _, segment in _read(Path(path), _VISEME_HEADER))


def table_header(path: Path) -> tuple[str, ...]:
    """Return the names of a table's columns.

    Raises:
        InputError: no such file, or not a text file.
    """
    lines = _lines(Path(path))
    return tuple(lines[0].rstrip().split("\t")) if lines else ()


def _write(segments: Iterable[Segment], header: tuple[str, ...], path: Path) -> None:
    lines = ["\t".join(header)]
    for segment in segments:
        if set(segment.label) & set("\t\r\n"):
            raise ContractError(f"A label may hold no tab or line break: {segment.label!r}.")
        lines.append(f"{segment.start_s:.4f}\t{segment.end_s:.4f}\t{segment.label}")
    write_text(Path(path), "\n".join(lines) + "\n")


def _lines(path: Path) -> list[str]:
    path = existing_file(path, "table")
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeError as error:
        raise InputError(f"{path} is not a text file; nothing was read.") from error


def _read(path: Path, header: tuple[str, ...]) -> list[tuple[int, Segment]]:
    lines = _lines(path)
    columns = lines[0].rstrip().split("\t") if lines else []
    if tuple(columns[:3]) != header:  # tables of labels by hand have further columns
        raise InputError(f"{path}: the first line must be {' '.join(header)}, with tabs between.")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.split("\t")
        start, end = (_seconds(cell) for cell in [*cells[:2], "", ""][:2])
        if len(cells) != len(columns) or not cells[2].strip() or not start <= end:
            raise InputError(
                f"{path}, line {number}: '{line}' is not start, end and label. Write two times in "
                "seconds, the later one second, and a label, with tabs between."
            )
        rows.append((number, Segment(start, end, cells[2].strip())))
    return rows


def _seconds(cell: str) -> float:
    """Return a finite time, or NaN, which no comparison lets through."""
    try:
        value = float(cell)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
