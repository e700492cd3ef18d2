"""Left and right: a symmetric rig needs to learn each half of the face only once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.contract import Rig

Index = npt.NDArray[np.int64]

_NEAR_M = 2e-5
"""Largest distance of a vertex from its partner's mirror image."""
_ALIKE_M = 1e-4
"""Largest difference of a curve's offset from its partner's."""


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Who is whose mirror image across x = 0. V vertices, C curves."""

    vertices: Index
    """[V] partner of each vertex; its own where it lies in the middle."""
    curves: Index
    """[C] partner of each curve."""


def mirrored_name(name: str) -> str:
    """Return a curve's name with Left and Right exchanged."""
    return name.replace("Left", "\0").replace("Right", "Left").replace("\0", "Right")


def symmetry_of(rig: Rig) -> Symmetry | None:
    """Return the symmetry of `rig`, or None where it has none: its shape or a curve differs."""
    places = {name: column for column, name in enumerate(rig.names)}
    if any(mirrored_name(name) not in places for name in rig.names):
        return None
    curves = np.array([places[mirrored_name(name)] for name in rig.names], dtype=np.int64)
    rest = rig.neutral.vertices.astype(np.float64)
    flip = np.array([-1.0, 1.0, 1.0])
    # Parts may touch, so places alone do not tell vertices apart: what curves do to them does.
    pull = rig.deltas.transpose(1, 0, 2)
    sign = flip.astype(np.float32)
    near = cKDTree(rest).query_ball_point(rest * flip, _NEAR_M)
    partner = np.full(len(rest), -1, dtype=np.int64)
    taken = np.zeros(len(rest), dtype=np.bool_)
    for vertex, candidates in enumerate(near):
        if not candidates:
            return None
        wanted = pull[vertex][curves] * sign
        alike = [
            c
            for c in sorted(candidates)
            if not taken[c] and np.abs(pull[c] - wanted).max() < _ALIKE_M
        ]
        if not alike:
            return None
        partner[vertex] = alike[0]  # of vertices that coincide, each gets one
        taken[alike[0]] = True
    if not np.array_equal(partner[partner], np.arange(len(rest))):
        return None
    return Symmetry(partner, curves)
