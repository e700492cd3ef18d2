"""A person's profile: their face at rest and its measures, kept in a file for all their clips."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.errors import InputError
from animdrive.files import existing_file, write_text
from animdrive.sources.video.fitting.person import Person

FORMAT = "animdrive face profile"
VERSION = 1
POINTS = 478
PARTS = (
    "neutral",
    "closed eyes",
    "open mouth",
    "pursed lips",
    "smile",
    "raised brows",
    "head turned",
)
"""What a calibration take shows, in the order in which it is best done."""
RANGES = ("lips_apart", "mouth_width", "brows_m", "yaw_rad", "pitch_rad")
"""What is measured over the range of motion, each its least and greatest value: the gap of the
lips in mouth widths, the mouth's width in its own at rest, how far the brows go below and above
rest, how far the head turns."""
_KEYS = (
    *("format", "version", "neutral_m", "mouth_width_m", "closed_gap", "open_eyes"),
    *("closed_eyes", "ranges", "focal", "found", "missing"),
)
_LARGEST_BYTES = 1_000_000


@dataclass(frozen=True, eq=False)
class Profile:
    """Who is in front of the camera."""

    person: Person
    """The face at rest, in the frame and size of the built-in head."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """`RANGES` as far as they were seen: least and greatest value."""
    focal: float | None = None
    """The camera's focal length in longest sides of the picture, where it is known."""
    found: tuple[str, ...] = ()
    """Which of `PARTS` the take showed."""
    missing: tuple[str, ...] = ()
    """Which it did not."""


def write_profile(profile: Profile, path: Path) -> None:
    """Write `profile` as JSON, whole or not at all; the same profile gives the same bytes.

    Raises:
        InputError: the folder cannot be written.
    """
    person = profile.person
    document = {
        "format": FORMAT,
        "version": VERSION,
        "found": list(profile.found),
        "missing": list(profile.missing),
        "focal": profile.focal,
        "mouth_width_m": round(float(person.mouth_width), 6),
        "closed_gap": round(float(person.closed_gap), 6),
        "open_eyes": [round(float(value), 6) for value in person.open_eyes],
        "closed_eyes": [round(float(value), 6) for value in person.closed_eyes],
        "ranges": {
            name: [round(float(value), 6) for value in profile.ranges[name]]
            for name in RANGES
            if name in profile.ranges
        },
        "neutral_m": [[round(float(value), 7) for value in point] for point in person.neutral],
    }
    write_text(path, json.dumps(document, indent=1) + "\n")


def read_profile(path: Path) -> Profile:
    """Read a profile, believing nothing that is not as `write_profile` writes it.

    Raises:
        InputError: no such file, or it is no profile; in one line what is wrong.
    """
    path = existing_file(Path(path), "profile")
    if path.stat().st_size > _LARGEST_BYTES:
        raise _no_profile(path, "it is far too large")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise _no_profile(path, "it is not JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _no_profile(path, f'"format" is not "{FORMAT}"')
    if document.get("version") != VERSION:
        raise InputError(
            f"{path} is a profile of version {document.get('version')}; this animdrive reads "
            f"version {VERSION}. Calibrate again."
        )
    for name in document:
        if name not in _KEYS:
            raise _no_profile(path, f'"{name}" is unknown')
    for name in _KEYS:
        if name not in document:
            raise _no_profile(path, f'"{name}" is missing')
    neutral = _numbers(path, document, "neutral_m", (POINTS, 3), -0.5, 0.5)
    if not 0.05 < float(np.ptp(neutral[:, 0])) < 0.5:
        raise _no_profile(path, '"neutral_m" is not the size of a face')
    opened = _numbers(path, document, "open_eyes", (2,), 0.0, 2.0)
    closed = _numbers(path, document, "closed_eyes", (2,), 0.0, 2.0)
    if not (closed < opened).all():
        raise _no_profile(path, '"closed_eyes" are not below "open_eyes"')
    focal = document["focal"]
    if focal is not None:
        focal = float(_numbers(path, document, "focal", (), 0.2, 20.0))
    return Profile(
        person=Person(
            neutral=neutral.astype(np.float32),
            mouth_width=float(_numbers(path, document, "mouth_width_m", (), 0.01, 0.2)),
            closed_gap=float(_numbers(path, document, "closed_gap", (), 0.0, 0.2)),
            open_eyes=opened,
            closed_eyes=closed,
        ),
        ranges=_ranges(path, document),
        focal=focal,
        found=_parts(path, document, "found"),
        missing=_parts(path, document, "missing"),
    )


def _no_profile(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is no profile ({why}). Make one with: animdrive calibrate CLIP -o profile.json"
    )


def _numbers(
    path: Path,
    document: Mapping[str, Any],
    name: str,
    shape: tuple[int, ...],
    low: float,
    high: float,
) -> np.ndarray[Any, np.dtype[np.float64]]:
    def plain(value: Any) -> bool:
        if isinstance(value, list):
            return all(plain(part) for part in value)
        return isinstance(value, int | float) and not isinstance(value, bool)

    try:
        array = np.array(document[name], dtype=np.float64) if plain(document[name]) else None
    except (ValueError, OverflowError):  # rows of unequal length, numbers without end
        array = None
    if array is None or array.shape != shape or not np.isfinite(array).all():
        what = "a number" if not shape else " x ".join(str(length) for length in shape) + " numbers"
        raise _no_profile(path, f'"{name}" is not {what}')
    if (array < low).any() or (array > high).any():
        raise _no_profile(path, f'"{name}" is not within {low:g}..{high:g}')
    return array


def _ranges(path: Path, document: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    given = document["ranges"]
    if not isinstance(given, dict) or not set(given) <= set(RANGES):
        raise _no_profile(path, f'"ranges" may hold {", ".join(RANGES)} alone')
    found = {}
    for name in given:
        low, high = _numbers(path, given, name, (2,), -10.0, 10.0)
        if low > high:
            raise _no_profile(path, f'the range "{name}" ends before it begins')
        found[name] = (float(low), float(high))
    return found


def _parts(path: Path, document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    given = document[name]
    if not isinstance(given, list) or not all(part in PARTS for part in given):
        raise _no_profile(path, f'"{name}" may hold {", ".join(PARTS)} alone')
    return tuple(given)
