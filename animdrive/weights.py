"""The files that we ship: found, checked against the manifest, opened without running code."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import WeightsError
from animdrive.files import sha256_of


@cache
def weights_folder() -> Path:
    """Return where the shipped files lie: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "_weights", package.parent / "weights"):
        if (folder / "manifest.toml").is_file():
            return folder
    raise WeightsError(
        f"No weights/manifest.toml beside {package}. Reinstall animdrive, or run from a checkout."
    )


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """Return the manifest: name → file, sha256, licence, data, made_by."""
    with (weights_folder() / "manifest.toml").open("rb") as stream:
        return tomllib.load(stream)


def checked_path(name: str) -> Path:
    """Return the path of the shipped file called `name`, after its checksum held.

    Raises:
        WeightsError: not in the manifest, missing, or altered.
    """
    entries = manifest()
    if name not in entries:
        raise WeightsError(f"No shipped file '{name}'. The manifest has: {', '.join(entries)}.")
    path = weights_folder() / str(entries[name]["file"])
    if not path.is_file():
        raise WeightsError(f"{path} is missing. Restore it from the release, or reinstall.")
    expected, actual = str(entries[name]["sha256"]), sha256_of(path)
    if actual != expected:
        raise WeightsError(
            f"{path} is not the file the manifest lists: expected sha256 {expected[:12]}…, got "
            f"{actual[:12]}…. Nothing was loaded. Restore it, or if you rebuilt it on purpose "
            f"write the new sha256 into {weights_folder() / 'manifest.toml'}."
        )
    return path


def load_arrays(name: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the shipped safetensors file called `name`."""
    from safetensors.numpy import load_file

    arrays: dict[str, npt.NDArray[np.generic]] = load_file(checked_path(name))
    return arrays
