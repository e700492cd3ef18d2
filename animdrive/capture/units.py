"""Units and axes of files that do not tell them, found by the size and the pose of a head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError

UNITS: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001}
"""Unit of length → metres."""
AXES: tuple[str, ...] = ("auto", "y", "z")
"""Which axis is up."""
_HEAD_M = (0.1, 0.5)
"""A head, with or without neck and shoulders, is as high as this, metres."""
_BODY_M = 2.5
_MOST_POINTS = 2000
"""So many points tell which way is up."""


def check_up(up: str) -> None:
    """Raise InputError unless `up` is one of `AXES`."""
    if up not in AXES:
        raise InputError(f"Unknown axis '{up}'. Known: {', '.join(AXES)}.")


def upright(values: FloatArray, up: str) -> FloatArray:
    """Return places or offsets [..., 3] with +Y up; of +Z up the face looks along -Y.

    Args:
        values: Of a mesh whose axis `up` points up.
        up: "y" or "z".
    """
    if up == "y":
        return values
    turned: FloatArray = np.stack(
        [values[..., 0], values[..., 2], -values[..., 1]], axis=-1
    ).astype(np.float32)
    return turned


def unit_of_rig(
    path: Path, vertices: FloatArray, unit: str, *, metres: bool
) -> tuple[str, tuple[str, ...]]:
    """Return the unit of a rig's vertices [V, 3], +Y up, and a note where it was found by size.

    Args:
        path: The file, for messages.
        vertices: As they stand in the file.
        unit: One of `UNITS`, taken as it is, or "auto".
        metres: Whether the format is in metres: then sizes beyond a head are believed.

    Raises:
        InputError: the size fits no head in any unit.
    """
    if unit != "auto":
        return unit, ()
    height = float(vertices[:, 1].max() - vertices[:, 1].min())
    for name, scale in UNITS.items():
        if _HEAD_M[0] <= height * scale <= _HEAD_M[1]:
            if name == "m":
                return name, ()
            return name, (f"It is {height:.4g} high: read as {name} (--unit says otherwise).",)
    if metres and _HEAD_M[0] <= height <= _BODY_M:
        return "m", ()
    raise InputError(
        f"{path} is {height:.4g} high, which is no head in m, cm or mm. Say the unit with --unit."
    )


def unit_and_up_of_cache(
    frame: FloatArray, rest: FloatArray, *, unit: str, up: str, fallback: str
) -> tuple[str, str]:
    """Return unit and upward axis with which a cache's frame is most like the rig at rest.

    Args:
        frame: [W, 3] of the cache, as it stands in the file; W may differ from V.
        rest: [V, 3] metres, +Y up.
        unit: One of `UNITS`, or "auto".
        up: One of `AXES`.
        fallback: The rig's unit, taken where sizes do not tell.
    """
    places = frame[np.isfinite(frame).all(axis=1)].astype(np.float64)
    if not len(places):
        return (fallback if unit == "auto" else unit), ("y" if up == "auto" else up)
    if unit == "auto":
        size = np.linalg.norm(_spread(places))
        ratio = np.linalg.norm(_spread(rest)) / max(float(size), 1e-12)
        unit = min(UNITS, key=lambda name: abs(np.log(UNITS[name] / ratio)))
        if abs(np.log(UNITS[unit] / ratio)) > np.log(2.0):
            unit = fallback
    if up == "auto":
        scaled = (places * UNITS[unit]).astype(np.float32)
        up = min(("y", "z"), key=lambda axis: _unlike(upright(scaled, axis), rest))
    return unit, up


def _spread(places: FloatArray) -> FloatArray:
    low, high = np.percentile(places, (2, 98), axis=0)
    spread: FloatArray = high - low
    return spread


def _unlike(places: FloatArray, rest: FloatArray) -> float:
    """Return how far `places` are from the rig's in the middle, whatever their order, metres."""
    from scipy.spatial import cKDTree

    step = max(len(places) // _MOST_POINTS, 1)
    moved = places[::step] - np.median(places, axis=0) + np.median(rest, axis=0)
    away: npt.NDArray[np.float64] = cKDTree(rest).query(moved)[0]
    return float(away.mean())
