"""What every reader of curves does alike: names, clipping, and telling what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.rig.pose import LOOK_CURVES, eye_rotation_from_looks

_BY_LOWER = {name.lower(): name for name in ARKIT52}
_PERCENT = 5.0
"""No curve of a face overshoots this far; such a number is a percentage."""


_MOST_FRAMES = 2_000_000
"""Nine hours at 60 frames per second; more is damage, and would take all memory."""


class CurveRead(NamedTuple):
    """Curves from a file, and what had to be changed to use them."""

    track: CurveTrack
    """Its columns are `ARKIT52`."""
    notes: tuple[str, ...]
    """One sentence each, for the user; empty where the file was taken as it stands."""


def check_length(path: Path, frames: int) -> None:
    """Raise InputError where a file of curves stands for more frames than can be held."""
    if frames > _MOST_FRAMES:
        raise InputError(f"{path}: it stands for {frames} frames, too many. Cut it.")


def arkit_name(label: str) -> str | None:
    """Return the ARKit curve that a file calls `label`, or None.

    Case does not matter; ``blendShapes.JawOpen`` and ``browDown_L`` are understood too.
    """
    plain = label.strip().rsplit(".", 1)[-1].lower()
    for short, side in (("_l", "left"), ("_r", "right")):
        if plain.endswith(short):
            plain = plain.removesuffix(short) + side
    return _BY_LOWER.get(plain)


def arkit_columns(path: Path, labels: Sequence[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the column of every ARKit curve among `labels`, and notes on the missing ones.

    Raises:
        InputError: no label is an ARKit curve, or two are the same one.
    """
    columns: dict[str, int] = {}
    for column, label in enumerate(labels):
        name = arkit_name(label)
        if name is None:
            continue
        if name in columns:
            raise InputError(f"{path}: the curve '{name}' is there twice. Remove one column.")
        columns[name] = column
    if not columns:
        found = ", ".join(str(label) for label in list(labels)[:5]) or "nothing"
        raise InputError(
            f"{path}: none of the 52 ARKit curves is in it (found {found}...). "
            "Name its columns as ARKit does: jawOpen, mouthSmileLeft..."
        )
    missing = [name for name in ARKIT52 if name not in columns]
    if not missing:
        return columns, ()
    shown = ", ".join(missing[:4]) + (", ..." if len(missing) > 4 else "")
    return columns, (f"{len(missing)} of 52 curves are not in the file and rest at 0: {shown}.",)


def unit_values(path: Path, values: npt.ArrayLike) -> tuple[FloatArray, tuple[str, ...]]:
    """Return curve values clipped to 0..1, and a note that counts and names the clipped ones.

    Args:
        path: The file, for messages.
        values: [T, 52] finite, in the order of `ARKIT52`.

    Raises:
        InputError: values that can only be percentages.
    """
    given = np.asarray(values, dtype=np.float64)
    outside = np.argwhere((given < 0) | (given > 1))
    if not len(outside):
        return given.astype(np.float32), ()
    far = outside[np.argmax(np.abs(given[outside[:, 0], outside[:, 1]] - 0.5))]
    worst = float(given[far[0], far[1]])
    name = ARKIT52[far[1]]
    if abs(worst) > _PERCENT:
        raise InputError(
            f"{path}: '{name}' is {worst:g} in frame {far[0]}, but curves run from 0 to 1. If "
            "these are percentages, divide them by 100."
        )
    note = (
        f"{len(outside)} of {given.size} values lay outside 0..1 and were clipped; the furthest "
        f"was '{name}' = {worst:.3f} in frame {far[0]}."
    )
    clipped: FloatArray = np.clip(given, 0.0, 1.0).astype(np.float32)
    return clipped, (note,)


def with_eyes(track: CurveTrack) -> tuple[CurveTrack, tuple[str, ...]]:
    """Return `track` with eyes that follow its eyeLook curves where the file has no eye angles."""
    looks = [track.curve(name) for name in LOOK_CURVES if name in track.names]
    if track.eye_rotation.any() or not any(look.any() for look in looks):
        return track, ()
    turned = replace(track, eye_rotation=eye_rotation_from_looks(track))
    return turned, ("It has no eye angles; the eyes follow its eyeLook curves.",)
