"""Everything of a head that is not soft tissue: teeth, gums, tongue, ears, eyes and lashes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.rig.surface import Points
from animdrive.rig.topology import SkinTopology
from animdrive.tissue.bones import Mandible

_ON_JAW = ("teeth_lower", "gums_lower")


class Bodies:
    """Places the parts of a character that the tissue carries along or leaves alone."""

    def __init__(self, character: Character, topology: SkinTopology, mandible: Mandible) -> None:
        """Remember how they hang on skin and bone at rest."""
        self._character, self._mandible = character, mandible
        self._names = character.rig.names
        self._skin_count = topology.counts[-1]
        self._deltas = character.rig.deltas[:, self._skin_count :]
        rest = character.rig.neutral.vertices.astype(np.float64)
        self._rest = rest
        self._lashes = []
        for part in character.parts:
            if not part.name.startswith("lashes"):
                continue
            side = 0 if part.name.endswith("left") else 1
            margin = topology.rings[f"eye_{('left', 'right')[side]}_0"]
            near = margin[cKDTree(rest[margin]).query(rest[part.vertices])[1]]
            centre = character.eye_pivots[side].astype(np.float64)
            self._lashes.append((part.vertices, near, centre))

    def placed(self, skin: Points, row: npt.NDArray[np.float64]) -> FloatArray:
        """Return the whole character [V, 3] metres.

        Tongue and whatever else a curve moves follow the linear shapes; lower teeth and gums turn
        with the mandible; lashes stand on their lid margin and turn with it about the eyeball.

        Args:
            skin: [S, 3] metres.
            row: [C] curve values.
        """
        whole = self._rest.astype(np.float32)
        whole[: self._skin_count] = skin
        whole[self._skin_count :] += np.tensordot(row.astype(np.float32), self._deltas, axes=1)
        rotation, shift = self._mandible.motion(row, self._names)
        for name in _ON_JAW:
            run = self._character.part(name).vertices
            whole[run] = self._rest[run] @ rotation.T + shift
        for run, near, centre in self._lashes:
            before, after = self._rest[near] - centre, skin[near] - centre
            stem = self._rest[run] - self._rest[near]
            whole[run] = skin[near] + turned(stem, before, after)
        return whole


def turned(points: Points, before: Points, after: Points) -> Points:
    """Return `points` [N, 3] turned as the shortest turn from `before` to `after` [N, 3] does.

    Rodrigues' formula without the angle: v + ω × v + ω × (ω × v) / (1 + c) for unit vectors with
    cosine c and cross product ω.
    """
    a = before / np.linalg.norm(before, axis=1, keepdims=True)
    b = after / np.linalg.norm(after, axis=1, keepdims=True)
    axis, cosine = np.cross(a, b), (a * b).sum(1, keepdims=True)
    once = np.cross(axis, points)
    return np.asarray(points + once + np.cross(axis, once) / (1 + cosine))
