"""Phones to the held mouth shapes of Rhubarb Lip Sync."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from animdrive.contract import PhoneTrack, Segment
from animdrive.sources.audio.language.phones import plain_phone
from animdrive.sources.audio.mouth.viseme_maps import VisemeMaps, merged_cues

_FIRST_HALF = 0.6
"""Share of a diphthong's time that its first shape takes."""
_SHORTEST_TWEEN_S = 0.04
_LONGEST_TWEEN_S = 0.08

_TWEENS: dict[tuple[str, str], tuple[str, str]] = {
    ("D", "A"): ("C", "early"),
    ("D", "B"): ("C", "centre"),
    ("D", "G"): ("C", "early"),
    ("D", "X"): ("C", "late"),
    ("C", "F"): ("E", "centre"),
    ("F", "C"): ("E", "centre"),
    ("D", "F"): ("E", "centre"),
    ("H", "F"): ("E", "late"),
    ("F", "H"): ("E", "early"),
}
"""Shapes that jump where they meet → the shape between them, and whose time it takes."""


def rhubarb_cues(phones: PhoneTrack, maps: VisemeMaps | None = None) -> tuple[Segment, ...]:
    """Return held shapes A-H and X over time, from 0 s to the end without gaps.

    After Rhubarb's ``animationRules.cpp`` and ``tweening.cpp``: a table of shapes for each
    phone, diphthongs in two halves, long and short sounds apart; where a phone leaves a choice,
    the shape to come is taken if it may be, else the one before, else the first. Between shapes
    far apart a tween of 0.04..0.08 s is put. Other than Rhubarb's: a P or B is closed for all of
    its time, and every silence is X.

    Args:
        phones: Phones in order, from 0 s on.
        maps: The tables; default: the documented ones.

    Raises:
        ContractError: a label is not a phone.
    """
    maps = maps or VisemeMaps()
    parts: list[tuple[float, float, list[str]]] = []
    now = 0.0
    for phone in phones.phones:
        if phone.start_s > now + 1e-9:
            parts.append((now, phone.start_s, ["X"]))
        if phone.end_s > max(now, phone.start_s):
            parts += _halves(max(now, phone.start_s), phone.end_s, phone, maps)
            now = phone.end_s
    return _with_tweens(
        merged_cues(
            Segment(start, end, shape)
            for (start, end, _), shape in zip(parts, _chosen(parts), strict=True)
        )
    )


def _halves(
    start: float, end: float, phone: Segment, maps: VisemeMaps
) -> list[tuple[float, float, list[str]]]:
    label = plain_phone(phone.label)
    row = maps.rhubarb[label]
    long = maps.rhubarb_by_length.get(label)
    if long and phone.duration_s >= long[0] - 1e-9:
        row = long[1]
    short = maps.rhubarb_short.get(label)
    if short and phone.duration_s < short[0] - 1e-9:
        row = short[1]
    first, arrow, second = row.partition(">")
    if not arrow:
        return [(start, end, first.split("|"))]
    middle = start + _FIRST_HALF * (end - start)
    return [(start, middle, first.split("|")), (middle, end, second.split("|"))]


def _chosen(parts: Sequence[tuple[float, float, list[str]]]) -> list[str]:
    """Return one of each part's shapes: the one to come, or the one before, or its first."""
    chosen: list[str] = []
    coming: list[str] = [""] * len(parts)
    fixed = ""
    for at in range(len(parts) - 1, -1, -1):
        coming[at] = fixed
        if len(parts[at][2]) == 1:
            fixed = parts[at][2][0]
    for (_, _, shapes), ahead in zip(parts, coming, strict=True):
        before = chosen[-1] if chosen else ""
        chosen.append(next((s for s in (ahead, before) if s in shapes), shapes[0]))
    return chosen


def _with_tweens(cues: Sequence[Segment]) -> tuple[Segment, ...]:
    starts = [cue.start_s for cue in cues]
    ends = [cue.end_s for cue in cues]
    tweens: dict[int, Segment] = {}
    for at, (first, second) in enumerate(pairwise(cues)):
        shape, when = _TWEENS.get((first.label, second.label), ("", ""))
        if when == "early":
            length = min(first.duration_s / 3, _LONGEST_TWEEN_S)
            start = first.end_s - length
        elif when == "centre":
            length = min(first.duration_s / 4, second.duration_s / 4, _LONGEST_TWEEN_S)
            start = first.end_s - length / 2
        else:
            length = min(second.duration_s / 3, _LONGEST_TWEEN_S)
            start = second.start_s
        if not shape or length < _SHORTEST_TWEEN_S - 1e-9:
            continue
        tweens[at] = Segment(start, start + length, shape)
        ends[at], starts[at + 1] = start, start + length
    result: list[Segment] = []
    for at, cue in enumerate(cues):
        result.append(Segment(starts[at], ends[at], cue.label))
        if at in tweens:
            result.append(tweens[at])
    return merged_cues(result)
