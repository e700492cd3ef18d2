"""Corrective expression modes from a capture to the file that is shipped."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.contract.checks import IntArray
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.files import sha256_of, write_bytes
from animdrive.pipeline.capture_compare import residuals_of
from animdrive.tissue.modes import (
    MODE_COUNT,
    CorrectiveModes,
    corrective_modes,
    packed_modes,
    unpacked_modes,
)


def write_modes(
    folder: Path, path: Path, *, count: int = MODE_COUNT, progress: Progress = no_progress
) -> dict[str, Any]:
    """Find the corrective modes of the training takes in `folder` and write them.

    Residuals count as seen in a mirror, too, where the face is one of ours.

    Args:
        folder: A capture.
        path: The safetensors file to write.
        count: How many modes, 1..200.
        progress: Told "modes".

    Returns:
        sha256, share explained, and rms residuals in mm before and after.

    Raises:
        InputError: the capture or the path cannot be used, or it has too few frames.
    """
    from safetensors.numpy import save

    path = Path(path)
    if path.suffix != ".safetensors":
        raise InputError(f"Cannot write modes as {path}; end its name in .safetensors.")
    if not 1 <= count <= 200:
        raise InputError(f"The number of modes must be in 1..200, got {count}.")
    chunks = residuals_of(folder, progress=progress)
    first = next(chunks, None)
    if first is None:
        raise InputError(f"{folder} has no frames to learn from; its takes are all held out.")
    modes = corrective_modes(chain([first], chunks), count=count, mirror=_mirror(first.shape[1]))
    arrays = {name: np.ascontiguousarray(a) for name, a in packed_modes(modes).items()}
    write_bytes(path, save(arrays))
    return {
        "modes": count,
        "sha256": sha256_of(path),
        "explained": round(float(modes.share.sum()), 5),
        "residual_mm": round(modes.residual_mm, 4),
        "left_mm": round(modes.left_mm, 4),
        "bytes": path.stat().st_size,
    }


def _mirror(vertices: int) -> IntArray | None:
    """Return the mirror partners of our skin at the level that has so many vertices, if any."""
    from animdrive.rig.lod import LEVELS, load_lod

    mirrors = [load_lod(level).mirror for level in LEVELS if load_lod(level).count == vertices]
    return mirrors[0] if mirrors else None


def read_modes(path: Path) -> CorrectiveModes:
    """Return the modes in a file of `write_modes`.

    Raises:
        InputError: it is damaged or something else.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from animdrive.files import existing_file

    try:
        return unpacked_modes(load_file(existing_file(Path(path), "modes file")))
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"{path} does not hold expression modes ({error}).") from error
