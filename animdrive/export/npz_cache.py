"""Skin over time as numpy's npz, written frame by frame."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from animdrive.export.frames import Frames
from animdrive.files import written_aside

_THEN = (1980, 1, 1, 0, 0, 0)
"""Time of every entry: the same performance gives the same bytes."""


def write_npz(vertices: Frames, path: Path, *, beside: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write ``vertices`` [N, V, 3] float32 metres and the arrays `beside`, whole or not at all.

    Not compressed, so that `numpy.load` is quick and other programs can map it.

    Args:
        vertices: Frame by frame.
        path: Where, ending in .npz.
        beside: Further arrays by name, no objects.

    Raises:
        InputError: the file cannot be written.
    """
    with written_aside(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_STORED) as archive:
        for name, values in beside.items():
            with _entry(archive, name) as stream:
                np.save(stream, np.asarray(values), allow_pickle=False)
        with _entry(archive, "vertices") as stream:
            header = {"descr": "<f4", "fortran_order": False, "shape": tuple(vertices.shape)}
            np.lib.format.write_array_header_1_0(stream, header)  # type: ignore[no-untyped-call]
            for frame in vertices:
                stream.write(np.ascontiguousarray(frame, dtype="<f4").tobytes())


def _entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    return archive.open(zipfile.ZipInfo(f"{name}.npy", _THEN), "w", force_zip64=True)
