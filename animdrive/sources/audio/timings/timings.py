"""Times that are given: what is said when, from files that other programs wrote.

Phones are taken as they are. Words without phones keep their times, and lines of text theirs;
`windows` finds the phones inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from animdrive.contract import PhoneTrack, Segment
from animdrive.errors import InputError
from animdrive.files import existing_file
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.timings.labels import (
    is_closure,
    is_silence,
    phones_of_labels,
)

_TOUCH_S = 0.011
"""Times written to a hundredth of a second overlap by as much where none was meant."""
_PAST_END_S = 0.05
"""Encoders and rounding move the end of a sound by as much."""


@dataclass(frozen=True)
class Timed:
    """One entry of a file of times."""

    start_s: float
    """Where it begins, seconds."""
    end_s: float
    """Where it ends, seconds, not before `start_s`."""
    label: str
    """As in the file, without blanks around it; empty is silence."""
    place: str
    """Where it stands, for messages: "line 4", "tier 'phones', interval 7"."""

    @property
    def shown(self) -> str:
        """The label's beginning, for messages."""
        return self.label if len(self.label) <= 40 else f"{self.label[:40]}…"


@dataclass(frozen=True)
class Timings:
    """What a file says about when what is said. At least one of the three is there."""

    path: Path
    """The file."""
    phones: tuple[Timed, ...] = ()
    """Phones, where it has them; then `lines` is empty."""
    words: tuple[Timed, ...] = ()
    """Words, without silences."""
    lines: tuple[Timed, ...] = ()
    """Lines of text, as of subtitles, where it has no words."""

    @property
    def kind(self) -> str:
        """What is taken from it: "phones", "words" or "lines"."""
        return "phones" if self.phones else "words" if self.words else "lines"


_READERS: dict[str, str] = {
    "textgrid": "textgrid",
    "tsv": "tsv",
    "json": "json",
    "srt": "captions",
    "vtt": "captions",
}
"""Suffix of a file of times → what reads it."""

KNOWN: str = ".TextGrid, .tsv, .json, .srt, .vtt"
"""For help and messages."""


def read_timings(path: Path) -> Timings:
    """Read times from a TextGrid, our phones TSV or words TSV, JSON, SRT or VTT, by its suffix.

    Raises:
        InputError: no such file, an unknown suffix, a file that cannot be read, nothing in it, or
            entries that are unsorted or overlap; each names the line, tier or entry.
    """
    path = existing_file(Path(path), "file of times")
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _READERS:
        raise InputError(f"{path}: times are read from {KNOWN}. Convert or rename it.")
    timings = _reader(_READERS[suffix])(path)
    if not (timings.phones or timings.words or timings.lines):
        raise InputError(f"{path} holds no phone, word or line. Check that it is the right file.")
    for entries in (timings.phones, timings.words, timings.lines):
        _check_order(path, entries)
    return timings


def _reader(name: str) -> Callable[[Path], Timings]:
    from animdrive.sources.audio.timings import timing_captions, timing_files, timing_json

    table: dict[str, Callable[[Path], Timings]] = {
        "textgrid": timing_files.timings_from_textgrid,
        "tsv": timing_files.timings_from_tsv,
        "json": timing_json.timings_from_json,
        "captions": timing_captions.timings_from_captions,
    }
    return table[name]


def _check_order(path: Path, entries: Sequence[Timed]) -> None:
    for entry in entries:
        if entry.start_s < 0:
            raise InputError(
                f"{path}, {entry.place}: '{entry.shown}' starts at {entry.start_s:.3f} s, before "
                "the sound does. Times count from its start, in seconds."
            )
    for before, after in pairwise(entries):
        if after.start_s < before.start_s:
            raise InputError(
                f"{path}, {after.place}: '{after.shown}' starts at {after.start_s:.3f} s, before "
                f"'{before.shown}' ({before.place}, {before.start_s:.3f} s). Sort the entries by "
                "time."
            )
        if after.start_s < before.end_s - _TOUCH_S:
            raise InputError(
                f"{path}, {after.place}: '{after.shown}' starts at {after.start_s:.3f} s, but "
                f"'{before.shown}' ({before.place}) ends at {before.end_s:.3f} s. Let no two "
                "overlap."
            )


def within(timings: Timings, duration_s: float) -> Timings:
    """Return `timings` cut to a sound of `duration_s` seconds.

    Small overlaps and ends that come of rounding are mended. A line of text may stand longer
    than the sound lasts, as subtitles do; phones and words may not.

    Raises:
        InputError: an entry lies beyond the end of the sound.
    """
    return Timings(
        path=timings.path,
        phones=_within(timings, timings.phones, duration_s),
        words=_within(timings, timings.words, duration_s),
        lines=_within(timings, timings.lines, duration_s),
    )


def _within(timings: Timings, entries: Sequence[Timed], duration_s: float) -> tuple[Timed, ...]:
    kept: list[Timed] = []
    now = 0.0
    lines = entries is timings.lines
    for entry in entries:
        late = entry.start_s if lines else entry.end_s
        if not is_silence(entry.label) and late > duration_s + (0.0 if lines else _PAST_END_S):
            raise InputError(
                f"{timings.path}, {entry.place}: '{entry.shown}' lasts to {entry.end_s:.3f} s, but "
                f"the sound ends at {duration_s:.3f} s. Check that the two belong together."
            )
        start = min(max(entry.start_s, now), duration_s)
        end = min(max(entry.end_s, start), duration_s)
        kept.append(Timed(start, end, entry.label, entry.place))
        now = end
    return tuple(kept)


def phones_given(timings: Timings, duration_s: float) -> PhoneTrack:
    """Return the phones of `timings` as they are, by their symbols, with silence in the gaps.

    A label that is several phones is shared evenly between them; a stop's closure and its
    release, which TIMIT labels apart, are made one.

    Args:
        timings: With phones, and `within` the sound.
        duration_s: Length of the sound; phones cover it from 0 on without gaps.

    Raises:
        InputError: a label is no phone of ARPABET, IPA, pinyin or SAMPA.
    """
    known = phones_of_labels(phone.label for phone in timings.phones)
    said: list[Segment] = []
    closure = ""
    for given, labels in zip(timings.phones, known, strict=True):
        if not labels:
            raise InputError(
                f"{timings.path}, {given.place}: '{given.shown}' is not a phone of ARPABET, "
                "IPA, pinyin or SAMPA. Rename it, or leave the phones out so that the words' are "
                "found."
            )
        if given.end_s <= given.start_s:
            continue
        step = (given.end_s - given.start_s) / len(labels)
        for number, label in enumerate(labels):
            start = given.start_s + number * step
            end = given.end_s if number + 1 == len(labels) else start + step
            put_phone(said, Segment(start, end, label), join=label == closure)
        closure = labels[0] if is_closure(given.label) else ""
    put_phone(said, Segment(duration_s, duration_s, SILENCE))
    words = tuple(Segment(w.start_s, w.end_s, w.label) for w in timings.words)
    return PhoneTrack(phones=tuple(said), words=words)


def put_phone(said: list[Segment], phone: Segment, *, join: bool = False) -> None:
    """Put `phone` after `said`: silence fills the gap before it, silences merge.

    Args:
        said: Phones from 0 s on without gaps; changed.
        phone: The next one, not before the end of the last.
        join: Whether it goes on what is before, if that is the same phone.
    """
    now = said[-1].end_s if said else 0.0
    if phone.start_s > now + 1e-9 and phone.label != SILENCE:
        put_phone(said, Segment(now, phone.start_s, SILENCE))
        now = phone.start_s
    if phone.end_s <= now:
        return
    before = said[-1] if said else None
    if before and before.label == phone.label and (join or phone.label == SILENCE):
        said[-1] = Segment(before.start_s, phone.end_s, phone.label)
    else:
        said.append(Segment(now, phone.end_s, phone.label))
