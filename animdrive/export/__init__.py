"""Results to the files that other programs read, and curves back from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from animdrive.errors import InputError
from animdrive.registry import Registry

if TYPE_CHECKING:
    from animdrive.contract import CurveTrack
    from animdrive.export.reading import CurveRead

CURVE_WRITERS = Registry(
    "curve format",
    {
        "csv": "animdrive.export.livelink_csv:write_livelink_csv",
        "json": "animdrive.export.a2f_json:write_a2f_json",
        "glb": "animdrive.export.gltf:write_glb_curves",
    },
)
"""Formats that curves are written in, by file suffix; each takes a track and a path."""

CURVE_READERS = Registry(
    "curve format",
    {
        "csv": "animdrive.export.livelink_csv:read_livelink_csv",
        "json": "animdrive.export.a2f_json:read_a2f_json",
        "glb": "animdrive.export.gltf_reader:read_glb_curves",
        "gltf": "animdrive.export.gltf_reader:read_glb_curves",
    },
)
"""Formats that curves are read from, by file suffix; each takes a path and returns `CurveRead`."""


def read_curves(path: Path) -> CurveRead:
    """Read the curves of a file in any known format, and what had to be changed in them.

    Raises:
        InputError: an unknown suffix, or a file that cannot be used.
    """
    read: CurveRead = CURVE_READERS.load(_format_of(path, CURVE_READERS))(Path(path))
    return read


def write_curves(track: CurveTrack, path: Path) -> None:
    """Write `track` in the format that the suffix of `path` names, whole or not at all.

    Raises:
        InputError: an unknown suffix, or a path that cannot be written.
    """
    CURVE_WRITERS.load(_format_of(path, CURVE_WRITERS))(track, Path(path))


def _format_of(path: Path, formats: Registry) -> str:
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in formats:
        known = ", ".join(f".{name}" for name in formats.names())
        what = f"the suffix '.{suffix}'" if suffix else "no suffix"
        raise InputError(f"{path} has {what}; curves are kept in {known}. Rename or convert it.")
    return suffix
