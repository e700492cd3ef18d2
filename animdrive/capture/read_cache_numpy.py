"""Geometry caches as arrays: npy, npz and our own takes. Nothing that is pickled is ever opened."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.read_cache import GeometryCache
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.take_file import read_take, unpacked_skin
from animdrive.files import existing_file

VERTEX_NAMES: tuple[str, ...] = ("vertices", "verts", "points", "positions")
"""What the array [N, V, 3] of an npz may be called; an npz with one array needs no name."""
_TIME_NAMES = ("times_s", "times", "time")
_RATE_NAMES = ("fps", "framerate", "frame_rate", "rate")
_FACE_NAMES = ("faces", "triangles", "tris")


def read_npy_cache(path: Path, *, rest: FloatArray, fps: float | None) -> GeometryCache:
    """Read one array [N, V, 3].

    Raises:
        InputError: no such file, damaged, pickled, or of another shape.
    """
    path = existing_file(path, "geometry cache")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} is no single array. Call it .npz if it holds several.")
    return GeometryCache(frames=_skin(path, array))


def read_npz_cache(path: Path, *, rest: FloatArray, fps: float | None) -> GeometryCache:
    """Read ``vertices`` [N, V, 3]; also ``times_s`` [N], ``fps`` and ``faces`` where they are.

    A take that animdrive wrote as npz is understood too.

    Raises:
        InputError: no such file, damaged, pickled, without such an array, or of another shape.
    """
    arrays = arrays_of(path, "geometry cache")
    if {"deltas", "middle", "scale"} <= arrays.keys():
        return _own_take(path, arrays, rest)
    name = next((n for n in VERTEX_NAMES if n in arrays), None)
    if name is None:
        fitting = [n for n, a in arrays.items() if a.ndim == 3 and a.shape[2] == 3]
        if len(fitting) != 1:
            found = ", ".join(sorted(arrays)) or "nothing"
            raise InputError(
                f"{path} has no array 'vertices' [N, V, 3]; it has {found}. Name it so."
            )
        name = fitting[0]
    skin = _skin(path, arrays[name])
    times = next((arrays[n] for n in _TIME_NAMES if n in arrays), None)
    rate = next((arrays[n] for n in _RATE_NAMES if n in arrays), None)
    faces = next((arrays[n] for n in _FACE_NAMES if n in arrays), None)
    return GeometryCache(
        frames=skin,
        faces=() if faces is None else (_faces(path, faces, skin.shape[1]),),
        fps=None if rate is None else _rate(path, rate),
        times_s=None if times is None else _times(path, times, len(skin)),
    )


def read_take_cache(path: Path, *, rest: FloatArray, fps: float | None) -> GeometryCache:
    """Read the skin of a take of ours; its curves are read with ``--curves``.

    Raises:
        InputError: see `animdrive.export.take_file.read_take`.
    """
    captured = read_take(path, rest)
    return GeometryCache(
        frames=captured.vertices, times_s=captured.times_s, unit="m", missing=captured.missing
    )


def _own_take(path: Path, arrays: dict[str, npt.NDArray[Any]], rest: FloatArray) -> GeometryCache:
    try:
        json.loads(arrays["description"].tobytes())
        if arrays["middle"].shape != rest.shape:
            raise InputError(
                f"{path} has {len(arrays['middle'])} vertices, but the rig has {len(rest)}: it is "
                f"a take of another face. Give the rig of its capture."
            )
        skin = unpacked_skin(arrays, rest)
        gone = None
        if "missing" in arrays:
            gone = np.unpackbits(arrays["missing"], axis=1, count=len(rest)).astype(np.bool_)
        times = _times(path, arrays["times_s"], len(skin))
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(f"{path} is damaged ({error}). Export it again.") from error
    return GeometryCache(frames=skin, times_s=times, unit="m", missing=gone)


def arrays_of(path: Path, what: str) -> dict[str, npt.NDArray[Any]]:
    """Return all arrays of an npz, a `what`; nothing that is pickled is opened.

    Raises:
        InputError: no such file, damaged, pickled or no npz.
    """
    path = existing_file(path, what)
    try:
        with np.load(path, allow_pickle=False) as file:
            if isinstance(file, np.ndarray):
                raise InputError(f"{path} is a single array. Call it .npy.")
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    with path.open("rb") as stream:
        start = stream.read(6)
    if start[:2] not in (b"\x93N", b"PK"):
        return InputError(
            f"{path} is no file of numpy, and pickled ones are never opened. Save it with "
            f"numpy.save or numpy.savez."
        )
    if any(word in str(error) for word in ("allow_pickle", "pickled", "Python objects")):
        return InputError(
            f"{path} holds pickled objects, which could run any program when opened: refused. "
            f"Save plain arrays of numbers."
        )
    return InputError(f"{path} is damaged ({error}). Export it again.")


def _skin(path: Path, array: npt.NDArray[Any]) -> FloatArray:
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: the vertices must be numbers [frames, vertices, 3], got {array.dtype} "
            f"{list(array.shape)}."
        )
    skin: FloatArray = np.asarray(array, dtype=np.float32)
    return skin


def _times(path: Path, array: npt.NDArray[Any], frames: int) -> npt.NDArray[np.float64]:
    if array.dtype.kind not in "fiu" or array.shape != (frames,):
        raise InputError(f"{path}: there must be {frames} times, got {list(array.shape)}.")
    times: npt.NDArray[np.float64] = array.astype(np.float64)
    if not np.isfinite(times).all() or not (np.diff(times) > 0).all():
        raise InputError(f"{path}: its times do not rise. Export it again.")
    return times


def _rate(path: Path, array: npt.NDArray[Any]) -> float:
    if array.dtype.kind not in "fiu" or array.size != 1 or not float(array.reshape(-1)[0]) > 0:
        raise InputError(f"{path}: its frame rate must be one number above 0.")
    return float(array.reshape(-1)[0])


def _faces(path: Path, array: npt.NDArray[Any], vertices: int) -> npt.NDArray[np.int32]:
    if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[1] not in (3, 4):
        raise InputError(f"{path}: faces must be whole numbers [F, 3], got {list(array.shape)}.")
    if array.size and (array.min() < 0 or array.max() >= vertices):
        raise InputError(f"{path}: a face names vertex {array.max()} of {vertices}, from 0 on.")
    faces = array.astype(np.int32)
    if array.shape[1] == 4:  # as fans, as in every format
        faces = faces[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    return faces
