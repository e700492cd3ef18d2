"""Praat's TextGrid: labelled stretches of time in tiers, in either of its text forms."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from animdrive.contract import Segment
from animdrive.errors import ContractError, InputError
from animdrive.files import existing_file, write_text

_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(<[a-z]+>)|(?<!\S)([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)(?!\S)')
"""What Praat reads of a text file: free-standing strings, flags and numbers. All else, such as
``xmin =`` and ``intervals [3]:``, is for people, which is why one reader takes the long and the
short form (Praat manual, "TextGrid file formats")."""
_COMMENT = re.compile(r'("(?:[^"]|"")*")|(?<!\S)![^\n]*')
_MOST_ITEMS = 5_000_000


class Interval(NamedTuple):
    """One interval of a tier."""

    start_s: float
    """Where it begins, seconds."""
    end_s: float
    """Where it ends, seconds."""
    text: str
    """Its label, which may be empty."""


class Tier(NamedTuple):
    """One interval tier."""

    name: str
    """As the file calls it."""
    intervals: tuple[Interval, ...]
    """In the file's order."""


def write_textgrid(
    tiers: Mapping[str, Sequence[Segment]], path: Path, *, end_s: float | None = None
) -> None:
    """Write interval tiers in Praat's long text form, UTF-8.

    Praat wants a tier to be without gaps from its start to its end; what lies between the
    segments becomes intervals with an empty label. Times are written in full, so that they read
    back exactly.

    Args:
        tiers: Name → segments in time order, without overlap, from 0 s on.
        path: File to write, by custom ``NAME.TextGrid``.
        end_s: Where the recording ends; default: where the last segment does.

    Raises:
        ContractError: segments overlap or begin before 0 s, or nothing has any length.
    """
    ends = [segment.end_s for segments in tiers.values() for segment in segments]
    last = max([*ends, end_s or 0.0])
    if last <= 0:
        raise ContractError("A TextGrid has to last longer than 0 s.")
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0 ",
        f"xmax = {_number(last)} ",
        "tiers? <exists> ",
        f"size = {len(tiers)} ",
        "item []: ",
    ]
    for number, (name, segments) in enumerate(tiers.items(), 1):
        intervals = _without_gaps(segments, last)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier" ',
            f"        name = {_quoted(name)} ",
            "        xmin = 0 ",
            f"        xmax = {_number(last)} ",
            f"        intervals: size = {len(intervals)} ",
        ]
        for index, interval in enumerate(intervals, 1):
            lines += [
                f"        intervals [{index}]:",
                f"            xmin = {_number(interval.start_s)} ",
                f"            xmax = {_number(interval.end_s)} ",
                f"            text = {_quoted(interval.text)} ",
            ]
    write_text(Path(path), "\n".join(lines) + "\n")


def _without_gaps(segments: Sequence[Segment], last: float) -> list[Interval]:
    intervals: list[Interval] = []
    now = 0.0
    for segment in segments:
        if segment.start_s < now - 1e-6:
            raise ContractError(
                f"TextGrid: '{segment.label}' at {segment.start_s:.3f} s overlaps what is before."
            )
        if segment.start_s > now:
            intervals.append(Interval(now, segment.start_s, ""))
        start = max(now, segment.start_s)
        if segment.end_s > start:  # Praat refuses intervals without length
            intervals.append(Interval(start, segment.end_s, segment.label))
            now = segment.end_s
    if now < last:
        intervals.append(Interval(now, last, ""))
    return intervals


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def read_textgrid(path: Path) -> tuple[Tier, ...]:
    """Read the interval tiers of a TextGrid, long or short form, UTF-8 or UTF-16.

    Tiers of points are passed over.

    Raises:
        InputError: no such file, or it is not a TextGrid in text form, or ends too early.
    """
    path = existing_file(Path(path), "TextGrid")
    text = _COMMENT.sub(lambda found: found.group(1) or "", _decoded(path))
    if "TextGrid" not in text[:200]:
        what = "a binary one" if text.startswith("ooBinaryFile") else "no TextGrid"
        raise InputError(f"{path} is {what}; save it in Praat as text ('Save as text file').")
    if "chronological" in text[:200]:
        raise InputError(
            f"{path} is a chronological TextGrid; save it in Praat as text ('Save as text file')."
        )
    tokens = _Tokens(path, text)
    kind = tokens.string("its type")
    if kind != "TextGrid":  # "ooTextFile", and then the class
        tokens.string("its class")
    tokens.number("where it begins")
    tokens.number("where it ends")
    if tokens.flag() != "<exists>":
        return ()
    return tuple(
        tier for tier in (_tier(tokens) for _ in range(tokens.count("tiers"))) if tier is not None
    )


def _tier(tokens: _Tokens) -> Tier | None:
    kind = tokens.string("a tier's class")
    name = tokens.string("a tier's name")
    shown = _in_line(name)
    tokens.number(f"where tier '{shown}' begins")
    tokens.number(f"where tier '{shown}' ends")
    count = tokens.count(f"entries of tier '{shown}'")
    if kind != "IntervalTier":
        for number in range(count):
            tokens.number(f"point {number + 1} of tier '{shown}'")
            tokens.string(f"point {number + 1} of tier '{shown}'")
        return None
    intervals = []
    for number in range(1, count + 1):
        what = f"interval {number} of tier '{shown}'"
        start, end, label = tokens.number(what), tokens.number(what), tokens.string(what)
        if not start <= end:
            raise InputError(
                f"{tokens.path}: {what} runs from {start:g} s to {end:g} s. Mend it in Praat."
            )
        intervals.append(Interval(start, end, label))
    return Tier(name, tuple(intervals))


class _Tokens:
    """The strings, flags and numbers of a file, taken one after the other."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._found: Iterator[re.Match[str]] = _TOKEN.finditer(text)

    def _next(self, group: int, what: str) -> str:
        found = next(self._found, None)
        value = None if found is None else found.group(group)
        if found is None or value is None:
            got = "the file ends" if found is None else f"it is {_in_line(found.group())}"
            raise InputError(
                f"{self.path}: {what} is expected, but {got}. Save it again from Praat as text."
            )
        return value

    def string(self, what: str) -> str:
        return self._next(1, what).replace('""', '"')

    def flag(self) -> str:
        return self._next(2, "<exists>")

    def number(self, what: str) -> float:
        text = self._next(3, what)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{self.path}: {what} is {text}, which is no number. Mend it.")
        return value

    def count(self, what: str) -> int:
        value = self.number(f"the number of {what}")
        if value != int(value) or not 0 <= value <= _MOST_ITEMS:
            raise InputError(f"{self.path}: the number of {what} is {value:g}. Mend it.")
        return int(value)


def _in_line(text: str) -> str:
    """Return the beginning of `text` for a message, which is one line."""
    return " ".join(text.split())[:40]


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith(b"ooBinaryFile"):
        return "ooBinaryFile"
    # Praat writes UTF-16 as soon as a label is not plain ASCII, unless told otherwise.
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        raise InputError(
            f"{path} is neither UTF-8 nor UTF-16. Save it in Praat as UTF-8."
        ) from error
