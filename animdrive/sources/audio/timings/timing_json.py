"""Times from JSON: the Montreal Forced Aligner's, WhisperX's and Whisper's, and plain lists."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from animdrive.errors import InputError
from animdrive.sources.audio.timings.labels import is_silence
from animdrive.sources.audio.timings.timing_files import spoken_lines, timings_from_tiers
from animdrive.sources.audio.timings.timings import Timed, Timings

_SHORTEST_S = 0.05
_LONGEST_S = 1e6
_SHAPES = (
    "MFA's ('tiers'), WhisperX's ('segments' or 'word_segments'), or 'phones' and 'words', lists "
    'of {"start": s, "end": s, "phone" or "word": text}'
)


def timings_from_json(path: Path) -> Timings:
    """Read JSON of one of these shapes; times in seconds.

    - MFA, ``--output_format json``: ``{"tiers": {"phones": {"entries": [[start, end, label]]}}}``;
    - WhisperX and Whisper with word times: ``{"segments": [{"start", "end", "text", "words":
      [{"word", "start", "end"}]}]}`` or ``{"word_segments": [...]}``. A word without times, as
      WhisperX leaves numbers, shares the time between its neighbours. Segments without words are
      lines;
    - ``{"phones": [{"start", "end", "phone"}], "words": [{"start", "end", "word"}]}``, or one such
      list alone.

    Raises:
        InputError: not JSON, another shape, or an entry without a label or times.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # ValueError: Unicode errors too
        raise InputError(f"{path} is not JSON: {error}. Mend it.") from error
    if isinstance(data, list):
        key = "phones" if any(isinstance(r, dict) and "phone" in r for r in data) else "words"
        data = {key: data}
    if not isinstance(data, dict):
        raise InputError(f"{path}: its shape is not known. Known: {_SHAPES}.")
    if isinstance(data.get("tiers"), dict):
        named = {" ".join(name.split()): tier for name, tier in data["tiers"].items()}
        tiers = [(name, _mfa_tier(path, name, tier)) for name, tier in named.items()]
        return timings_from_tiers(path, tiers)
    segments = _list(path, "segments", data.get("segments"))
    if any(isinstance(row, dict) and row.get("words") for row in segments):
        return _words_of_segments(path, segments)
    if data.get("phones") or data.get("words"):
        return Timings(
            path=path,
            phones=_timed_rows(path, "phones", _list(path, "phones", data.get("phones") or [])),
            words=_spoken(_words(path, "words", _list(path, "words", data.get("words") or []))),
        )
    if data.get("word_segments"):
        rows = _list(path, "word_segments", data["word_segments"])
        return Timings(path=path, words=_spoken(_words(path, "word_segments", rows)))
    if segments:
        return Timings(path=path, lines=spoken_lines(_timed_rows(path, "segments", segments)))
    raise InputError(f"{path}: its shape is not known, or it is empty. Known: {_SHAPES}.")


def _mfa_tier(path: Path, name: str, tier: Any) -> tuple[Timed, ...]:
    entries = _list(path, name, tier.get("entries") if isinstance(tier, dict) else tier)
    timed = []
    for number, entry in enumerate(entries, 1):
        place = f"tier '{name}', entry {number}"
        if not isinstance(entry, list) or len(entry) < 3:
            raise InputError(f"{path}, {place}: it is not [start, end, label].")
        timed.append(_timed(path, place, entry[0], entry[1], entry[2]))
    return tuple(timed)


def _words_of_segments(path: Path, rows: Sequence[Any]) -> Timings:
    words = [
        (f"segments[{number}].words[{index}]", word)
        for number, row in enumerate(rows)
        if isinstance(row, dict)
        for index, word in enumerate(_list(path, f"segments[{number}].words", row.get("words")))
    ]
    return Timings(path=path, words=_spoken(_timed_words(path, words)))


def _words(path: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> tuple[Timed, ...]:
    return _timed_words(path, [(f"{name}[{number}]", row) for number, row in enumerate(rows)])


def _timed_words(path: Path, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Timed, ...]:
    """Return words; those without times share what lies between their neighbours."""
    words: list[Timed] = []
    waiting: list[str] = []
    for place, row in rows:
        label = " ".join(_label(path, place, row).split())
        if "start" not in row or "end" not in row:
            waiting.append(label)
            continue
        timed = _timed(path, place, row["start"], row["end"], label)
        if waiting:
            _give_place(words, waiting, timed)
            waiting = []
        words.append(timed)
    if waiting:
        if not words:
            raise InputError(f"{path}: no word has times ('start' and 'end', seconds).")
        last = words.pop()
        text = " ".join([last.label, *waiting])
        words.append(Timed(last.start_s, last.end_s, text, last.place))
    return tuple(words)


def _give_place(words: list[Timed], waiting: Sequence[str], after: Timed) -> None:
    """Put the words `waiting` between the last of `words` and `after`, or join them to the last."""
    text = " ".join(waiting)
    start = words[-1].end_s if words else 0.0
    if after.start_s - start >= _SHORTEST_S * len(waiting):
        words.append(Timed(start, after.start_s, text, f"before {after.place}"))
    elif words:
        last = words.pop()
        words.append(Timed(last.start_s, last.end_s, f"{last.label} {text}", last.place))


def _timed_rows(path: Path, name: str, rows: Sequence[Any]) -> tuple[Timed, ...]:
    timed = []
    for number, row in enumerate(rows):
        place = f"{name}[{number}]"
        label = _label(path, place, row)
        timed.append(_timed(path, place, row.get("start"), row.get("end"), label))
    return tuple(timed)


def _spoken(words: tuple[Timed, ...]) -> tuple[Timed, ...]:
    return tuple(word for word in words if not is_silence(word.label))


def _list(path: Path, name: str, rows: Any) -> Sequence[Any]:
    rows = [] if rows is None else rows
    if not isinstance(rows, list):
        raise InputError(f"{path}: '{name}' is not a list.")
    for number, row in enumerate(rows):
        if not isinstance(row, (dict, list)):
            raise InputError(f"{path}, {name}[{number}]: it is not an entry with times.")
    return rows


def _label(path: Path, place: str, row: Any) -> str:
    if isinstance(row, dict):
        for key in ("phone", "word", "label", "text"):
            if isinstance(row.get(key), str):
                return str(row[key])
    raise InputError(f"{path}, {place}: it has no 'phone', 'word', 'label' or 'text'.")


def _timed(path: Path, place: str, start: Any, end: Any, label: Any) -> Timed:
    times = [_seconds(value) for value in (start, end)]
    if not (all(map(math.isfinite, times)) and times[0] <= times[1]):
        raise InputError(
            f"{path}, {place}: from {start} to {end} is no stretch of time. Write 'start' and "
            "'end' in seconds, the later one second."
        )
    if not isinstance(label, str):
        raise InputError(f"{path}, {place}: its label {label!r} is no text.")
    return Timed(times[0], times[1], " ".join(label.split()), place)


def _seconds(value: Any) -> float:
    """Return a time, or NaN for what is none."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > _LONGEST_S:
        return math.nan
    return float(value)
