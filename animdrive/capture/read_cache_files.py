"""Geometry caches in the formats of modelling programs: numbered OBJs, PC2, MDD."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import numpy as np

from animdrive.capture.read_cache import GeometryCache, last_number, natural_key
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.mdd import read_mdd
from animdrive.export.obj import read_obj
from animdrive.export.point_cache import read_pc2

_LARGEST_GAP = 100_000


def read_obj_sequence(path: Path, *, rest: FloatArray, fps: float | None) -> GeometryCache:
    """Read OBJs that are numbered frame by frame; a number that is not there is a lost frame.

    Files of the folder without a number are passed over, and told. Steps of more than one between
    all numbers (every second, every tenth) are no gaps.

    Args:
        path: Their folder, one of them, or a pattern with ``*``, ``?``, ``#`` or ``%04d``.
        rest: Not used.
        fps: Not used.

    Raises:
        InputError: no numbered OBJs there, a number twice, or a file that cannot be read.
    """
    files, notes = _sequence(path)
    numbers = np.array([last_number(file.stem) for file in files], dtype=np.int64)
    for index in np.flatnonzero(np.diff(numbers) == 0):
        raise InputError(
            f"{files[index]} and {files[index + 1].name} have the same number. Remove one of them."
        )
    steps = np.diff(numbers)
    step = int(np.gcd.reduce(steps)) if len(steps) else 1
    places = (numbers - numbers[0]) // step
    if places[-1] > _LARGEST_GAP + len(files):
        raise InputError(
            f"{path}: the numbers run from {numbers[0]} to {numbers[-1]} for {len(files)} files. "
            f"Number them frame by frame."
        )
    meshes = [read_obj(file) for file in files]
    lost = int(places[-1]) + 1 - len(files)
    if lost:
        first = int(np.flatnonzero(np.diff(places) > 1)[0])
        notes += (
            f"{lost} numbers are missing and count as lost frames, the first after "
            f"{files[first].name}.",
        )
    same = len({len(mesh.vertices) for mesh in meshes}) == 1 and all(
        np.array_equal(mesh.faces, meshes[0].faces) for mesh in meshes[1:]
    )
    faces = (meshes[0].faces,) if same else tuple(mesh.faces for mesh in meshes)
    frames = [mesh.vertices for mesh in meshes]
    return GeometryCache(
        frames=np.stack(frames) if same else frames,
        faces=() if same and not len(meshes[0].faces) else faces,
        numbers=places,
        notes=notes,
        files=tuple(files),
    )


def _sequence(path: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Return the numbered files in order, and notes."""
    if path.is_dir():
        folder, pattern = path, "*.obj"
    else:
        folder, pattern = path.parent, re.sub(r"#+|%0?\d*d", "*", path.name)
        if "*" not in pattern and "?" not in pattern:
            if last_number(path.stem) is None:
                raise InputError(
                    f"{path} is a single OBJ without a number. Give the folder of the frames, or "
                    f"a pattern such as face_####.obj."
                )
            if not path.is_file():
                raise InputError(f"geometry cache not found: {path}. Check the path.")
            pattern = _siblings(path.name)
    if not folder.is_dir():
        raise InputError(f"No such folder: {folder}. Check the path.")
    there = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() == ".obj" and fnmatch.fnmatchcase(file.name.lower(), pattern.lower())
    ]
    numbered = [file for file in there if last_number(file.stem) is not None]
    if not numbered:
        raise InputError(f"{path}: there are no numbered OBJs. Name them face_0001.obj and so on.")
    notes: tuple[str, ...] = ()
    if len(numbered) < len(there):
        name = min(file.name for file in there if file not in numbered)
        notes = (f"{len(there) - len(numbered)} OBJs without a number were passed over ({name}).",)
    if len({_siblings(file.name) for file in numbered}) > 1:
        kinds = sorted({_siblings(file.name) for file in numbered})
        raise InputError(
            f"{path} holds more than one sequence: {', '.join(kinds[:3])}. Give one as a pattern."
        )
    return sorted(numbered, key=lambda file: natural_key(file.name)), notes


def _siblings(name: str) -> str:
    """Return the pattern of the files that differ from `name` in the last number alone."""
    stem, dot, suffix = name.rpartition(".")
    run = list(re.finditer(r"\d+", stem))[-1]
    return f"{stem[: run.start()]}*{stem[run.end() :]}{dot}{suffix}"


def read_pc2_cache(path: Path, *, rest: FloatArray, fps: float | None) -> GeometryCache:
    """Read a PC2 point cache, which has neither a frame rate nor faces.

    Raises:
        InputError: see `animdrive.export.point_cache.read_pc2`.
    """
    return GeometryCache(frames=read_pc2(path))


def read_mdd_cache(path: Path, *, rest: FloatArray, fps: float | None) -> GeometryCache:
    """Read an MDD file, which has times but no faces.

    Raises:
        InputError: see `animdrive.export.mdd.read_mdd`.
    """
    cache = read_mdd(path)
    return GeometryCache(frames=cache.vertices, times_s=cache.times_s)
