"""Times from subtitles: SubRip (.srt) and WebVTT (.vtt)."""

from __future__ import annotations

import html
import re
from pathlib import Path

from animdrive.errors import InputError
from animdrive.sources.audio.timings.timing_files import spoken_lines
from animdrive.sources.audio.timings.timings import Timed, Timings

_STAMP = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"^\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s.*)?$")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_BULLET = re.compile(r"^\s*[-–—]\s+")


def timings_from_captions(path: Path) -> Timings:
    """Read the lines of an SRT or VTT file; tags, positions and comments fall away.

    Raises:
        InputError: not UTF-8 text, or times that cannot be read; the line is named.
    """
    try:
        rows = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeError as error:
        raise InputError(f"{path} is not UTF-8 text. Save it as UTF-8.") from error
    lines: list[Timed] = []
    at = 0
    while at < len(rows):
        if "-->" not in rows[at] or _is_comment(rows, at):
            at += 1
            continue
        number = at + 1
        found = _TIMES.match(rows[at])
        if not found:
            raise InputError(
                f"{path}, line {number}: '{rows[at].strip()[:60]}' is not two times. Write "
                "00:00:01,000 --> 00:00:02,500."
            )
        start, end = _seconds(*found.groups()[:4]), _seconds(*found.groups()[4:])
        if start > end:
            raise InputError(f"{path}, line {number}: it ends before it starts. Swap the times.")
        at += 1
        text: list[str] = []
        while at < len(rows) and rows[at].strip():
            if "-->" in rows[at]:  # no empty line between two: the number before is no text
                if text and text[-1].strip().isdigit():
                    text.pop()
                break
            text.append(rows[at])
            at += 1
        lines.append(Timed(start, end, _plain(text), f"line {number}"))
    return Timings(path=path, lines=spoken_lines(tuple(lines)))


def _is_comment(rows: list[str], at: int) -> bool:
    """Return whether row `at` is part of a NOTE, STYLE or REGION block."""
    first = at
    while first > 0 and rows[first - 1].strip():
        first -= 1
    return bool(re.match(r"(NOTE|STYLE|REGION)(\s|$)", rows[first]))


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    whole = 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds)
    return whole + int(fraction.ljust(3, "0")) / 1000


def _plain(rows: list[str]) -> str:
    said = [html.unescape(_TAG.sub("", _BULLET.sub("", row))) for row in rows]
    return " ".join(" ".join(said).split())
