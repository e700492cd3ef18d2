"""Curves for a rig of any names: our curve formats, plain tables and arrays, FBX, takes of ours."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.contract.checks import FloatArray
from animdrive.errors import ContractError, InputError
from animdrive.export import CURVE_READERS, read_curves
from animdrive.export.gltf_reader import rate_of_keys
from animdrive.export.reading import arkit_name, check_length, with_eyes
from animdrive.export.timecode import read_clock
from animdrive.files import existing_file
from animdrive.gltf.reader import GltfFile

_PERCENT = 5.0
"""No curve of a face overshoots this far; such a number is a percentage."""
_TIME_COLUMNS = ("time", "timecode")


class TrackRead(NamedTuple):
    """Curves for a rig, and what had to be changed to use them."""

    track: CurveTrack
    """Its columns are the rig's names; `start_s` is 0."""
    start_s: float
    """Time of the first frame by the file's own clock, seconds."""
    notes: tuple[str, ...]
    """One sentence each, for the user."""


def read_track(path: Path, names: Sequence[str]) -> TrackRead:
    """Return the curves `names` of a file: .csv, .json, .glb, .gltf, .npz, .fbx or .safetensors.

    ARKit's names are understood in any spelling, others but for case. Curves of the rig that the
    file does not have rest, curves of the file that the rig does not have are left out. Values
    outside 0..1 are clipped and counted.

    Args:
        path: A curve file of animdrive; any CSV with a column "time" and a column for each curve;
            an npz with ``values`` [T, C], ``names`` [C] and ``fps``; an FBX with animated shape
            keys; or a take of a capture.
        names: C curve names of the rig.

    Raises:
        InputError: no such file, an unknown suffix, damaged, or without any curve of the rig.
        BackendError: FBX, and bpy is not installed.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    others = any(name not in ARKIT52 for name in names)
    if kind == "npz":
        track, notes = _npz(path, names)
    elif kind == "safetensors":
        track, notes = _take(path, names)
    elif kind == "fbx":
        from animdrive.capture.read_blender import read_fbx_weights

        labels, values, fps = read_fbx_weights(path)
        track, notes = _named(path, names, labels, values, fps, 0.0)
        track, more = with_eyes(track)
        notes += more
    elif kind in ("glb", "gltf") and others:
        track, notes = _gltf(path, names)
    elif kind == "csv" and others:
        track, notes = _table(path, names)
    elif kind in CURVE_READERS:
        read = read_curves(path)
        track, notes = read.track, read.notes
        notes = (*notes, *_left_out(track, names), *_resting(track, names))
        track = _onto(track, names)
    else:
        raise InputError(
            f"{path} has the suffix '.{kind}'; curves are read from .csv, .json, .glb, .gltf, "
            f".npz, .fbx and takes (.safetensors). Convert it."
        )
    return TrackRead(replace(track, start_s=0.0), track.start_s, notes)


def _left_out(track: CurveTrack, names: Sequence[str]) -> tuple[str, ...]:
    """Return a note on curves that move in the file and that the rig does not have."""
    lost = [n for n, moves in zip(track.names, track.values.any(axis=0), strict=True)
            if moves and n not in names]  # fmt: skip
    if not lost:
        return ()
    shown = ", ".join(lost[:4]) + (", ..." if len(lost) > 4 else "")
    return (f"{len(lost)} curves that move are not in the rig and were left out: {shown}.",)


def _resting(track: CurveTrack, names: Sequence[str]) -> tuple[str, ...]:
    """Return a note on curves of the rig that the format cannot hold."""
    lacking = [name for name in names if name not in track.names]
    if not lacking:
        return ()
    return (f"{len(lacking)} of the rig's curves are not ARKit's and rest: {lacking[0]}...",)


def _onto(track: CurveTrack, names: Sequence[str]) -> CurveTrack:
    """Return `track` with the columns `names`; missing ones at rest."""
    values = np.zeros((len(track), len(names)), dtype=np.float32)
    for column, name in enumerate(names):
        if name in track.names:
            values[:, column] = track.curve(name)
    return replace(track, names=tuple(names), values=values)


def _named(
    path: Path,
    names: Sequence[str],
    labels: Sequence[str],
    values: npt.NDArray[Any],
    fps: float,
    start_s: float,
) -> tuple[CurveTrack, tuple[str, ...]]:
    """Return a track of the rig's `names` from columns `labels` of `values` [T, L]."""
    by_lower = {name.lower(): name for name in names}
    found: dict[str, int] = {}
    others: list[str] = []
    for column, label in enumerate(labels):
        name = by_lower.get(label.strip().lower()) or by_lower.get(
            (arkit_name(label) or "").lower()
        )
        if name is None:
            others.append(label)
        elif name in found:
            raise InputError(f"{path}: the curve '{name}' is there twice. Remove one column.")
        else:
            found[name] = column
    if not found:
        shown = ", ".join(list(labels)[:4]) or "nothing"
        raise InputError(
            f"{path}: none of the rig's {len(names)} curves is in it (found {shown}...; the rig "
            f"has {', '.join(list(names)[:4])}...). Name its curves as the rig does."
        )
    check_length(path, len(values))
    chosen = np.zeros((len(values), len(names)), dtype=np.float64)
    for name, column in found.items():
        chosen[:, list(names).index(name)] = values[:, column]
    notes: tuple[str, ...] = ()
    if others:
        shown = ", ".join(others[:4]) + (", ..." if len(others) > 4 else "")
        notes += (f"{len(others)} columns are no curves of the rig and were left out: {shown}.",)
    if len(found) < len(names):
        notes += (f"{len(names) - len(found)} of {len(names)} curves are not in it and rest at 0.",)
    clipped, more = _clipped(path, names, chosen)
    try:
        track = CurveTrack(tuple(names), fps, clipped, start_s=start_s)
    except ContractError as error:
        raise InputError(f"{path} cannot be used: {error}") from error
    return track, notes + more


def _clipped(
    path: Path, names: Sequence[str], values: npt.NDArray[np.float64]
) -> tuple[FloatArray, tuple[str, ...]]:
    if not np.isfinite(values).all():
        frame, column = (int(at) for at in np.argwhere(~np.isfinite(values))[0])
        raise InputError(
            f"{path}: '{names[column]}' is no number in frame {frame}. Repair it or cut it out."
        )
    outside = np.argwhere((values < 0) | (values > 1))
    if not len(outside):
        return values.astype(np.float32), ()
    frame, column = outside[np.argmax(np.abs(values[outside[:, 0], outside[:, 1]] - 0.5))]
    worst = float(values[frame, column])
    if abs(worst) > _PERCENT:
        raise InputError(
            f"{path}: '{names[column]}' is {worst:g} in frame {frame}, but curves run from 0 to "
            f"1. If these are percentages, divide them by 100."
        )
    return np.clip(values, 0.0, 1.0).astype(np.float32), (
        f"{len(outside)} of {values.size} values lay outside 0..1 and were clipped; the furthest "
        f"was '{names[column]}' = {worst:.3f} in frame {frame}.",
    )


def _with_poses(path: Path, track: CurveTrack, labels: Sequence[str]) -> CurveTrack:
    """Return `track` with head, eyes and confidence as our reader of ARKit's curves finds them."""
    if not any(arkit_name(label) for label in labels):
        return track
    posed = read_curves(path).track
    if len(posed) != len(track):
        return track
    return replace(
        track,
        head_rotation=posed.head_rotation,
        head_position=posed.head_position,
        eye_rotation=posed.eye_rotation,
        confidence=posed.confidence,
    )


def _gltf(path: Path, names: Sequence[str]) -> tuple[CurveTrack, tuple[str, ...]]:
    """Return the curves of the first animation of morph targets, whatever they are called."""
    file = GltfFile(path)
    for index in range(file.count("animations")):
        for channel in file.animation(index).channels:
            if channel.path != "weights":
                continue
            labels = file.target_names(file.nodes[channel.node].mesh)
            if not {label.lower() for label in labels} & {name.lower() for name in names}:
                continue
            fps, _ = rate_of_keys(channel.times_s)
            start = float(channel.times_s[0])
            count = round((float(channel.times_s[-1]) - start) * fps) + 1
            check_length(path, count)
            values = channel.at(start + np.arange(count) / fps)
            track, notes = _named(path, names, labels, values, fps, start)
            return _with_poses(path, track, labels), notes
    raise InputError(f"{path} animates none of the rig's morph targets. Export it with them.")


def _npz(path: Path, names: Sequence[str]) -> tuple[CurveTrack, tuple[str, ...]]:
    from animdrive.capture.read_cache_numpy import arrays_of

    arrays = arrays_of(path, "curve file")
    values = arrays.get("values", arrays.get("curves"))
    labels, fps = arrays.get("names"), arrays.get("fps")
    if (
        values is None or labels is None or fps is None
        or values.ndim != 2 or values.dtype.kind not in "fiu"
        or labels.shape != (values.shape[1],) or labels.dtype.kind not in "US"
        or fps.size != 1 or fps.dtype.kind not in "fiu"
    ):  # fmt: skip
        raise InputError(
            f"{path} must hold 'values' [T, C], 'names' [C] (texts) and 'fps' (one number); it has "
            f"{', '.join(f'{n} {list(a.shape)}' for n, a in sorted(arrays.items())) or 'nothing'}."
        )
    texts = [t.decode(errors="replace") if isinstance(t, bytes) else str(t) for t in labels]
    track, notes = _named(path, names, texts, values, float(fps.reshape(-1)[0]), 0.0)
    track, more = with_eyes(track)
    return track, notes + more


def _take(path: Path, names: Sequence[str]) -> tuple[CurveTrack, tuple[str, ...]]:
    """Return the curves of a take of a capture, with its head and eyes."""
    from animdrive.export.take_file import read_take_track

    track = read_take_track(path)
    if not any(name in names for name in track.names):
        raise InputError(f"{path}: none of its curves is in the rig. Give the rig of its capture.")
    return _onto(track, names), _left_out(track, names)


def _table(path: Path, names: Sequence[str]) -> tuple[CurveTrack, tuple[str, ...]]:
    """Return the curves of a CSV whose columns may have the rig's own names."""
    path = existing_file(path, "curve file")
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if any(row)]
    except (UnicodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV text file; nothing was read.") from error
    header = [cell.strip() for cell in rows[0]] if rows else []
    at = next((i for i, name in enumerate(header) if name.lower() in _TIME_COLUMNS), None)
    if at is None or len(rows) < 2:
        raise InputError(f"{path}: it needs a column 'Time', in seconds, and rows below.")
    if any(len(row) != len(header) for row in rows):
        line = next(i for i, row in enumerate(rows) if len(row) != len(header)) + 1
        raise InputError(f"{path}, line {line}: it has not as many cells as the header.")
    clock = read_clock(path, [row[at] for row in rows[1:]], fps=None)
    check_length(path, int(clock.slots[-1]) + 1)
    lower = {name.lower() for name in names}
    used = [
        column
        for column, name in enumerate(header)
        if name.lower() in lower or (arkit_name(name) or "").lower() in lower
    ]
    try:
        values = np.array([[row[i] for i in used] for row in rows[1:]], dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{path}: a cell is not a number ({error}). Repair it.") from error
    first = np.r_[True, np.diff(clock.slots) > 0]
    frames = np.arange(clock.slots[-1] + 1)
    even = np.stack(
        [np.interp(frames, clock.slots[first], column[first]) for column in values.T], axis=1
    ) if used else np.zeros((len(frames), 0))  # fmt: skip
    labels = [header[column] for column in used]
    track, notes = _named(path, names, labels, even, clock.fps, clock.start_s)
    notes = clock.notes + notes
    return _with_poses(path, track, labels), notes
