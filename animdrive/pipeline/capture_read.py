"""Reading a capture's folder back."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from animdrive.contract.capture import Capture, CapturedTake, TakeEntry
from animdrive.contract.checks import FloatArray
from animdrive.errors import ContractError, InputError
from animdrive.pipeline.capture import DESCRIPTION
from animdrive.pipeline.capture_settings import CAPTURE_FORMAT, take_path


def read_capture(folder: Path) -> Capture:
    """Return the capture in `folder`; the skin of its takes is read when asked for.

    Raises:
        InputError: no such folder, no capture in it, one that is not finished, damaged or of
            another version.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"No such folder: {folder}. Make a capture with 'animdrive capture make'.")
    path = folder / DESCRIPTION
    if not path.is_file():
        raise InputError(
            f"{folder} has no {DESCRIPTION}: it is not a capture. Make one with "
            f"'animdrive capture make', or bring in your own with 'animdrive capture import'."
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version, whole, fps = found["format"], found["whole"], float(found["fps"])
        takes = tuple(
            TakeEntry(row["name"], row["kind"], row["split"], int(row["frames"]), row["about"])
            for row in found["takes"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error!r}). Make the capture anew.") from error
    if version != CAPTURE_FORMAT:
        raise InputError(f"{path} is '{version}', only '{CAPTURE_FORMAT}' is known. Make it anew.")
    there = [entry for entry in takes if take_path(folder, entry.name, "safetensors").is_file()]
    if not whole:
        raise InputError(
            f"{folder} is not finished: {len(there)} of {len(takes)} takes are there. Run the same "
            f"'animdrive capture make', 'import' or 'prepare' again; it goes on where it stopped."
        )
    for entry in takes:
        if entry not in there:
            raise InputError(
                f"{take_path(folder, entry.name, 'safetensors')} is missing. Run the same "
                f"'animdrive capture make' again to make it anew."
            )
    from animdrive.rig.head import read_head

    character = read_head(folder / "base.safetensors")
    try:
        return Capture(
            character, fps, takes, partial(_read, folder, character.rig.neutral.vertices)
        )
    except ContractError as error:
        raise InputError(f"{path} is damaged: {error} Make the capture anew.") from error


def _read(folder: Path, rest: FloatArray, name: str) -> CapturedTake:
    from animdrive.export.take_file import read_take

    return read_take(take_path(folder, name, "safetensors"), rest)
