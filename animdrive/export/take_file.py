"""A captured take as one safetensors file: curves, head, and the skin as 16-bit offsets.

What stands in the file, T frames of curves, N of skin, V vertices:

- ``curves`` [T, C] float32, ``head_rotation`` [T, 3], ``head_position`` [T, 3],
  ``eye_rotation`` [T, 2, 3], ``confidence`` [T], ``head_transform`` [T, 4, 4];
- ``times_s`` [N] float64, the times of the frames of skin;
- ``deltas`` [N, V, 3] float16, ``middle`` [V, 3] float32 metres, ``scale`` [1] float32 metres:
  the skin is ``base + middle + scale · deltas``;
- ``fine`` [N, n, 3] float16 and ``fine_vertices`` [n]: where a vertex travels so far that float16
  is too coarse, ``scale · fine / 1024`` is to be added to those vertices;
- ``missing`` [N, ceil(V / 8)] uint8, one bit per vertex, first vertex in the highest bit: where the
  scanner saw nothing. Absent where nothing is missing.

`middle` is the middle of each vertex's travel, so that the numbers are small; with `scale` as the
largest of them, of at most 20 mm, rounding to 11 bits is off by at most 20 mm / 4096 < 0.005 mm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import CurveTrack
from animdrive.contract.capture import CapturedTake, Take
from animdrive.contract.checks import FloatArray
from animdrive.errors import AnimdriveError, InputError
from animdrive.files import existing_file, write_bytes, written_aside

Arrays = dict[str, npt.NDArray[Any]]

FORMAT = "animdrive-take-1"
"""Name and version of the layout above."""
_LARGEST_SCALE_M = 0.020
_FINE = 1024.0


def write_take(
    captured: CapturedTake,
    base: FloatArray,
    path: Path,
    *,
    digest: str,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Write `captured` to a safetensors file, whole or not at all.

    Args:
        captured: What.
        base: [V, 3] metres, the face at rest.
        path: Where.
        digest: Tells this take from one of other settings, see `take_digest_of`.
        labels: Written beside, such as the provenance.

    Raises:
        InputError: the file cannot be written.
    """
    from safetensors.numpy import save

    arrays = take_arrays(captured, base)
    header = {**_described(captured), **(labels or {}), "digest": digest}
    # One key: safetensors writes several in an order that changes from run to run.
    metadata = {"animdrive": json.dumps(header, ensure_ascii=False, sort_keys=True)}
    write_bytes(path, save({n: np.ascontiguousarray(a) for n, a in arrays.items()}, metadata))


def write_take_npz(captured: CapturedTake, base: FloatArray, path: Path) -> None:
    """Write the same arrays as numpy's npz, and the description as ``description`` (JSON, UTF-8).

    Raises:
        InputError: the file cannot be written.
    """
    arrays = take_arrays(captured, base)
    text = json.dumps(_described(captured), ensure_ascii=False, sort_keys=True)
    arrays["description"] = np.frombuffer(text.encode(), dtype=np.uint8)
    with written_aside(path) as aside, aside.open("wb") as stream:
        np.savez(stream, **arrays)


def read_take(path: Path, base: FloatArray) -> CapturedTake:
    """Read a take of a face whose vertices at rest are `base` [V, 3] metres.

    Raises:
        InputError: no such file, damaged, of another format, or of a face with another number of
            vertices; values that are not finite.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = existing_file(Path(path), "take")
    header = take_header(path)
    try:
        arrays: Arrays = load_file(path)
        count = arrays["deltas"].shape[1]
        if count != len(base):
            raise InputError(
                f"{path} has {count} vertices, but its capture's face has {len(base)}. It belongs "
                f"to another capture; put the right file there or make it anew."
            )
        return _from_arrays(arrays, header, base)
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}). Remove it and make it anew.") from error
    except AnimdriveError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be used: {error} Remove it and make it anew.") from error


def read_take_track(path: Path) -> CurveTrack:
    """Read the curves of a take with its head and eyes, without its skin.

    Raises:
        InputError: no such file, damaged or of another format.
    """
    from safetensors import SafetensorError, safe_open

    path = existing_file(Path(path), "take")
    header = take_header(path)
    try:
        with safe_open(path, "np") as file:
            return _track({name: file.get_tensor(name) for name in _TRACK_ARRAYS}, header)
    except (SafetensorError, KeyError, ValueError, AnimdriveError) as error:
        raise InputError(f"{path} is damaged ({error}). Remove it and make it anew.") from error


def take_header(path: Path) -> dict[str, Any]:
    """Return what a take's file says of itself, without reading its skin.

    Raises:
        InputError: it is no file of a take.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            header = json.loads((file.metadata() or {})["animdrive"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is not a whole take: {error}. Remove it.") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise InputError(f"{path} is of another version. Make it anew.")
    return header


def take_arrays(captured: CapturedTake, base: FloatArray) -> Arrays:
    """Return the arrays of a take's file; see the head of this module."""
    track = captured.take.track
    arrays: Arrays = {
        "curves": track.values,
        "head_rotation": track.head_rotation,
        "head_position": track.head_position,
        "eye_rotation": track.eye_rotation,
        "confidence": track.confidence,
        "head_transform": captured.head_transform,
        "times_s": captured.times_s,
        **packed_skin(captured.vertices, base),
    }
    if captured.missing is not None:
        arrays["missing"] = np.packbits(captured.missing, axis=1)
    return arrays


def packed_skin(vertices: FloatArray, base: FloatArray) -> Arrays:
    """Return `vertices` [N, V, 3] metres as 16-bit offsets from `base` [V, 3]."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle = ((low + high) / 2 - base).astype(np.float32)
    travel = (high - low).max(axis=1) / 2
    scale = np.float32(min(max(float(travel.max()) * 1.0001, 1e-9), _LARGEST_SCALE_M))
    offsets = vertices - (base + middle)
    deltas = (offsets / scale).astype(np.float16)
    arrays: Arrays = {
        "deltas": deltas,
        "middle": middle,
        "scale": np.array([scale], dtype=np.float32),
    }
    far = np.flatnonzero(travel > scale)
    if len(far):
        rest = offsets[:, far] / scale - deltas[:, far].astype(np.float32)
        arrays["fine"] = (rest * _FINE).astype(np.float16)
        arrays["fine_vertices"] = far.astype(np.int32)
    return arrays


def unpacked_skin(arrays: Mapping[str, npt.NDArray[Any]], base: FloatArray) -> FloatArray:
    """Return [N, V, 3] metres, the inverse of `packed_skin`."""
    scale = float(arrays["scale"][0])
    skin = arrays["deltas"].astype(np.float32)
    skin *= scale
    if "fine" in arrays:
        skin[:, arrays["fine_vertices"]] += arrays["fine"].astype(np.float32) * (scale / _FINE)
    skin += base + arrays["middle"]
    return skin


def _described(captured: CapturedTake) -> dict[str, Any]:
    take = captured.take
    return {
        "format": FORMAT,
        "name": take.name,
        "kind": take.kind,
        "split": take.split,
        "about": take.about,
        "names": list(take.track.names),
        "fps": take.track.fps,
        "units": "metres, seconds, radians",
        "axes": "right-handed, +Y up, face along +Z, +X the subject's left",
    }


_TRACK_ARRAYS = ("curves", "head_rotation", "head_position", "eye_rotation", "confidence")


def _track(arrays: Mapping[str, npt.NDArray[Any]], header: Mapping[str, Any]) -> CurveTrack:
    return CurveTrack(
        names=tuple(header["names"]),
        fps=header["fps"],
        values=arrays["curves"],
        head_rotation=arrays["head_rotation"],
        head_position=arrays["head_position"],
        eye_rotation=arrays["eye_rotation"],
        confidence=arrays["confidence"],
    )


def _from_arrays(arrays: Arrays, header: dict[str, Any], base: FloatArray) -> CapturedTake:
    track = _track(arrays, header)
    take = Take(header["name"], header["kind"], header["split"], track, header["about"])
    missing = None
    if "missing" in arrays:
        missing = np.unpackbits(arrays["missing"], axis=1, count=len(base)).astype(np.bool_)
    return CapturedTake(
        take=take,
        vertices=unpacked_skin(arrays, base),
        times_s=arrays["times_s"],
        head_transform=arrays["head_transform"],
        missing=missing,
    )
