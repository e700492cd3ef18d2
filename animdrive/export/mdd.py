r"""Skin over time as an MDD motion file, as LightWave made it and most programs exchange it.

Layout (LightWave's "Motion Designer" file, as read by Blender's Mesh Cache modifier), all of it
big-endian: int32 samples, int32 points, float32 time of every sample in seconds, then float32
x, y, z of every point, sample after sample.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.frames import Frames
from animdrive.files import existing_file, written_aside

_HEADER = struct.Struct(">ii")


class MddCache(NamedTuple):
    """What an MDD file holds. N samples, V vertices."""

    vertices: FloatArray
    """[N, V, 3] in the unit and with the axes of its maker."""
    times_s: npt.NDArray[np.float64]
    """[N] rising, seconds; good to some microseconds, for the file keeps 32 bits."""


def write_mdd(vertices: Frames, times_s: npt.ArrayLike, path: Path) -> None:
    """Write `vertices` [N, V, 3] metres at `times_s` [N] seconds frame by frame.

    Whole or not at all.

    Raises:
        InputError: the file cannot be written, or the times are not as many as the samples.
    """
    times = np.asarray(times_s, dtype=">f4")
    samples, points, _ = vertices.shape
    if times.shape != (samples,):
        raise InputError(f"Cannot write {path}: {samples} samples, but {times.size} times.")
    with written_aside(path) as aside, aside.open("wb") as stream:
        stream.write(_HEADER.pack(samples, points))
        stream.write(times.tobytes())
        for frame in vertices:
            stream.write(np.ascontiguousarray(frame, dtype=">f4").tobytes())


def read_mdd(path: Path) -> MddCache:
    """Return the samples of an MDD file and their times.

    Raises:
        InputError: no such file, not MDD, cut off, or its times do not rise.
    """
    path = existing_file(Path(path), "geometry cache")
    with path.open("rb") as stream:
        head = stream.read(_HEADER.size)
        samples, points = _HEADER.unpack(head) if len(head) == _HEADER.size else (0, 0)
        wanted = _HEADER.size + 4 * samples + 12 * samples * points
        size = path.stat().st_size
        if samples < 1 or points < 1 or size != wanted:
            raise InputError(
                f"{path} is not a whole MDD file: {samples} samples of {points} points would be "
                f"{wanted} bytes, there are {size}. Export it again."
            )
        times = np.frombuffer(stream.read(4 * samples), dtype=">f4").astype(np.float64)
        values = np.frombuffer(stream.read(), dtype=">f4")
    if not np.isfinite(times).all() or not (np.diff(times) > 0).all():
        raise InputError(f"{path}: the times of its samples do not rise. Export it again.")
    skin: FloatArray = values.reshape(samples, points, 3).astype(np.float32)
    return MddCache(skin, times)
