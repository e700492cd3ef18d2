"""Times from TextGrids and from our own tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from animdrive.contract import Segment
from animdrive.errors import InputError
from animdrive.export.mouth_cues import read_phones_rows, read_words_rows, table_header
from animdrive.export.textgrid import Tier, read_textgrid
from animdrive.sources.audio.timings.labels import is_silence
from animdrive.sources.audio.timings.timings import Timed, Timings

_NAMES: dict[str, tuple[str, ...]] = {
    "phones": ("phones", "phone", "phonemes", "phoneme", "phon", "segments"),
    "words": ("words", "word", "ort-mau", "ort"),
    "lines": (
        "lines",
        "utterances",
        "utterance",
        "utt",
        "sentences",
        "sentence",
        "transcript",
        "transcription",
        "text",
    ),
}
"""What is in a tier → what it may be called, in small letters; "Ann - phones" is one too."""


def tier_kind(name: str) -> str | None:
    """Return what a tier called `name` holds, "phones", "words" or "lines", or None."""
    plain = name.strip().lower().rpartition(" - ")[2].strip()
    return next((kind for kind, names in _NAMES.items() if plain in names), None)


def timings_from_tiers(path: Path, tiers: list[tuple[str, tuple[Timed, ...]]]) -> Timings:
    """Return what `tiers`, name and entries of each, say; phones before words before lines.

    Raises:
        InputError: no tier, or two, with phones or words or lines.
    """
    found: dict[str, tuple[Timed, ...]] = {}
    named: dict[str, str] = {}
    for name, entries in tiers:
        kind = tier_kind(name)
        if kind is None or not entries:
            continue
        if kind in found:
            raise InputError(
                f"{path}: the tiers '{named[kind]}' and '{name}' both hold {kind}. One face speaks "
                "at a time: keep one of them."
            )
        found[kind], named[kind] = entries, name
    if not found:
        there = ", ".join(f"'{name}'" for name, _ in tiers) or "none"
        raise InputError(
            f"{path}: no tier is called phones, words or lines, or they are empty; its tiers: "
            f"{there}. Rename the tier that holds them."
        )
    has_phones = any(not is_silence(entry.label) for entry in found.get("phones", ()))
    words = found.get("words", ())
    return Timings(
        path=path,
        phones=found["phones"] if has_phones else (),
        words=tuple(entry for entry in words if not is_silence(entry.label)),
        lines=() if has_phones or words else spoken_lines(found.get("lines", ())),
    )


def spoken_lines(entries: tuple[Timed, ...]) -> tuple[Timed, ...]:
    """Return the `entries` with a text in them."""
    return tuple(entry for entry in entries if any(c.isalnum() for c in entry.label))


def timings_from_textgrid(path: Path) -> Timings:
    """Read a TextGrid, see `timings_from_tiers` and `animdrive.export.textgrid`."""
    return timings_from_tiers(
        path, [(_plain(tier.name), _timed(tier)) for tier in read_textgrid(path)]
    )


def _plain(text: str) -> str:
    """Return `text` in one line."""
    return " ".join(text.split())


def _timed(tier: Tier) -> tuple[Timed, ...]:
    return tuple(
        Timed(
            interval.start_s,
            interval.end_s,
            _plain(interval.text),
            f"tier '{_plain(tier.name)}', interval {number}",
        )
        for number, interval in enumerate(tier.intervals, 1)
    )


def timings_from_tsv(path: Path) -> Timings:
    """Read ``NAME.phones.tsv`` or ``NAME.words.tsv``, told apart by the header.

    Raises:
        InputError: another header, or a line that is not start, end and label.
    """
    rows: Callable[[Path], list[tuple[int, Segment]]]
    rows = read_words_rows if table_header(path)[2:3] == ("word",) else read_phones_rows
    entries = tuple(
        Timed(segment.start_s, segment.end_s, segment.label, f"line {number}")
        for number, segment in rows(path)
    )
    if rows is read_words_rows:
        return Timings(path=path, words=tuple(e for e in entries if not is_silence(e.label)))
    return Timings(path=path, phones=entries)
