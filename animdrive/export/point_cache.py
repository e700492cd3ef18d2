r"""Skin over time as a PC2 point cache, which every modelling program plays on a mesh.

Layout (as read by Blender's Mesh Cache modifier and 3ds Max's Point Cache): 12 bytes
``POINTCACHE2\0``, then little-endian int32 version 1, int32 points, float32 start frame,
float32 sample rate (frames of the scene from one sample to the next), int32 samples; then
float32 x, y, z of every point, sample after sample.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.frames import Frames
from animdrive.files import existing_file, written_aside

_MAGIC = b"POINTCACHE2\0"
_HEADER = struct.Struct("<12siiffi")


def write_pc2(
    vertices: Frames, path: Path, *, start_frame: float = 0.0, frames_per_sample: float = 1.0
) -> None:
    """Write `vertices` [N, V, 3] metres frame by frame, whole or not at all.

    PC2 has neither gaps nor times: dropped frames are left out without a trace.

    Args:
        vertices: What.
        path: Where.
        start_frame: Frame of the scene that shows the first sample.
        frames_per_sample: Frames of the scene from one sample to the next.

    Raises:
        InputError: the file cannot be written.
    """
    samples, points, _ = vertices.shape
    header = _HEADER.pack(_MAGIC, 1, points, start_frame, frames_per_sample, samples)
    with written_aside(path) as aside, aside.open("wb") as stream:
        stream.write(header)
        for frame in vertices:
            stream.write(np.ascontiguousarray(frame, dtype="<f4").tobytes())


def read_pc2(path: Path) -> FloatArray:
    """Return the vertices [N, V, 3] of a point cache.

    Raises:
        InputError: no such file, not a point cache, or cut off.
    """
    path = existing_file(Path(path), "point cache")
    with path.open("rb") as stream:
        head = stream.read(_HEADER.size)
        if len(head) < _HEADER.size or not head.startswith(_MAGIC):
            raise InputError(f"{path} is not a PC2 point cache; nothing was read. Export it again.")
        _, version, points, _, _, samples = _HEADER.unpack(head)
        if version != 1:
            raise InputError(f"{path} is a PC2 cache of version {version}; only 1 is known.")
        data = stream.read()
    if points < 1 or samples < 0 or len(data) != 12 * points * samples:
        raise InputError(
            f"{path} is cut off: {samples} samples of {points} points need "
            f"{12 * points * samples} bytes, there are {len(data)}. Copy it again."
        )
    values: FloatArray = np.frombuffer(data, dtype="<f4").reshape(samples, points, 3)
    return values.astype(np.float32)
