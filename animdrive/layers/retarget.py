"""Curves for another rig: a profile of gain, offset and range for each of them.

The same curve moves two rigs by different amounts, for their makers judged by eye. A profile says
how the values that were found on our head are to be changed for another one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.errors import InputError
from animdrive.files import existing_file, write_text
from animdrive.layers.gain import unknown_curve

FORMAT = "animdrive retarget profile"
VERSION = 1
_LARGEST_GAIN = 100.0
_KEYS = ("gain", "offset", "min", "max")


@dataclass(frozen=True)
class CurveRetarget:
    """What is done to one curve: ``clip(value · gain + offset, min, max)``."""

    gain: float = 1.0
    """Factor, 0..100. 0 switches the curve off."""
    offset: float = 0.0
    """What is added, -1..1."""
    min: float = 0.0
    """Lowest value, 0..1."""
    max: float = 1.0
    """Highest value, `min`..1."""


@dataclass(frozen=True)
class RetargetProfile:
    """How each curve is changed for a rig; those that are not named stay as they are."""

    curves: Mapping[str, CurveRetarget] = field(default_factory=dict)
    """By ARKit's name."""
    rig: str = ""
    """Name of the rig's file, for people to read."""

    def __post_init__(self) -> None:
        for name, one in self.curves.items():
            if name not in ARKIT52:
                raise InputError(unknown_curve("retarget profile", name))
            _check(name, one)
        object.__setattr__(self, "curves", MappingProxyType(dict(self.curves)))

    def apply(self, track: CurveTrack, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return new [T, C] values, as a `Layer` does; curves without an entry stay to the bit."""
        changed = np.array(values, dtype=np.float32)
        for column, name in enumerate(track.names):
            one = self.curves.get(name)
            if one is not None:
                moved = changed[:, column] * one.gain + one.offset
                changed[:, column] = np.clip(moved, one.min, one.max)
        return changed

    def on(self, track: CurveTrack) -> CurveTrack:
        """Return `track` as the rig is to perform it."""
        if not self.curves:
            return track
        return track.with_values(np.clip(self.apply(track, track.values), 0.0, 1.0))


def _check(name: str, one: CurveRetarget) -> None:
    if not 0 <= one.gain <= _LARGEST_GAIN:
        raise InputError(f"The gain of '{name}' must be in 0..{_LARGEST_GAIN:g}, got {one.gain}.")
    if not -1 <= one.offset <= 1:
        raise InputError(f"The offset of '{name}' must be in -1..1, got {one.offset}.")
    if not 0 <= one.min <= one.max <= 1:
        raise InputError(
            f"'{name}' must have 0 <= min <= max <= 1, got min {one.min} and max {one.max}."
        )


def write_profile(profile: RetargetProfile, path: Path) -> None:
    """Write `profile` as JSON, whole or not at all. Every curve shows all it has, to be edited."""
    table = {
        name: {key: float(getattr(one, key)) for key in _KEYS}
        for name, one in profile.curves.items()
    }
    described = {"format": FORMAT, "version": VERSION, "rig": profile.rig, "curves": table}
    write_text(Path(path), json.dumps(described, indent=1) + "\n")


def read_profile(path: Path) -> RetargetProfile:
    """Read a profile: what `write_profile` wrote, or ``{curve: {gain, offset, min, max}}`` alone.

    Raises:
        InputError: no such file, no JSON, an unknown curve or key, a number out of range.
    """
    path = existing_file(Path(path), "retarget profile")
    try:
        described = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not JSON ({error}). 'animdrive rig retarget' writes a profile."
        ) from None
    if not isinstance(described, dict):
        raise InputError(f"{path} is not a retarget profile. 'animdrive rig retarget' writes one.")
    table: Any = described
    rig = ""
    if "format" in described or "curves" in described:
        if described.get("format") != FORMAT or described.get("version") != VERSION:
            raise InputError(
                f"{path} is not a retarget profile that this animdrive reads: its format is "
                f"{described.get('format')!r}, version {described.get('version')!r}."
            )
        table, rig = described.get("curves"), str(described.get("rig", ""))
    try:
        if not isinstance(table, dict):
            raise InputError("'curves' is no table of curves.")
        return RetargetProfile({name: _one(name, entry) for name, entry in table.items()}, rig)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _one(name: str, entry: Any) -> CurveRetarget:
    if not isinstance(entry, dict):
        raise InputError(f"'{name}' must have gain, offset, min or max, got {entry!r}.")
    for key, value in entry.items():
        if key not in _KEYS:
            raise InputError(f"'{name}' has the unknown key '{key}'. Known: {', '.join(_KEYS)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise InputError(f"The {key} of '{name}' is no number: {value!r}.")
    return CurveRetarget(**{key: float(value) for key, value in entry.items()})
