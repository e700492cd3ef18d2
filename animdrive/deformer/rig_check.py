"""Checks that every deformer needs: settings in range, the right curves, the right rig."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Rig
from animdrive.contract.checks import FloatArray
from animdrive.errors import ContractError, InputError


def check_ranges(config: object, *rows: tuple[str, float, float]) -> None:
    """Raise InputError unless each setting of `config` lies within its row: name, least, most."""
    for name, low, high in rows:
        value = getattr(config, name)
        if not low <= value <= high:
            raise InputError(f"{name} must be in {low:g}..{high:g}, got {value:g}.")


def checked_values(values: npt.ArrayLike, curves: int) -> FloatArray:
    """Return curve `values` as float32 [T, C].

    Raises:
        ContractError: another shape, or something that is not a finite number.
    """
    given = np.ascontiguousarray(values, dtype=np.float32)
    if given.ndim != 2 or given.shape[1] != curves:
        raise ContractError(f"Curve values must have shape [T, {curves}], got {list(given.shape)}.")
    if not np.isfinite(given).all():
        frame, column = (int(i) for i in np.argwhere(~np.isfinite(given))[0])
        raise ContractError(f"Curve {column} is {given[frame, column]} at frame {frame}.")
    return given


def rig_digest(rig: Rig) -> dict[str, Any]:
    """Return what tells a rig from others: numbers of vertices and curves, and a checksum."""
    # Rounded, for a rig that went through a GLB is the same rig.
    shape = np.rint(rig.neutral.vertices.astype(np.float64) * 1e5).astype(np.int32)
    faces = np.ascontiguousarray(rig.neutral.faces, dtype=np.int32)
    return {
        "vertices": len(shape),
        "curves": len(rig.names),
        "sha256": hashlib.sha256(shape.tobytes() + faces.tobytes()).hexdigest(),
    }


def check_rig(rig: Rig, described: Mapping[str, Any], kind: str) -> None:
    """Raise InputError unless a model that is `described` was made for `rig`."""
    made_for, have = described["rig"], rig_digest(rig)
    if made_for["vertices"] != have["vertices"]:
        raise InputError(
            f"The {kind} model was made for a rig of {made_for['vertices']} vertices, this one has "
            f"{have['vertices']}. Train one on a capture of this rig."
        )
    lacking = [name for name in described["names"] if name not in rig.names]
    if lacking or tuple(described["names"]) != rig.names:
        what = f"'{lacking[0]}' is not there" if lacking else "their order differs"
        raise InputError(
            f"The {kind} model was made for a rig with other curves: {what}. Train one on a "
            f"capture of this rig."
        )
    if made_for["sha256"] != have["sha256"]:
        raise InputError(
            f"The {kind} model was made for another face with as many vertices; its skin would "
            f"not fit. Train one on a capture of this rig."
        )
