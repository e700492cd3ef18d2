"""Folds that a curve lays into the skin."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from animdrive.rig.cage import MM
from animdrive.rig.normals import vertex_normals
from animdrive.rig.shaping import bump
from animdrive.rig.skin import Skin
from animdrive.rig.surface import Points

_FOLD = (358, 423, 426, 436)
"""Landmarks from the wing of the nose down past the corner of the mouth."""


def nasolabial_fold(skin: Skin) -> Points:
    """Return [V, 3] of a left fold from the nose's wing past the corner of the mouth.

    The cheek is pushed up and forward over the furrow; Barton and Gyimesi (1997).
    """
    v = skin.vertices
    line = v[list(_FOLD)] + np.array([[3, 0, 0], [1, 0, 0], [2, 0, 0], [4, 0, 0]]) * MM
    along = np.linspace(0, 1, len(line))
    fine = np.linspace(0, 1, 60)
    path = np.column_stack([np.interp(fine, along, line[:, k]) for k in range(3)])
    distance, nearest = cKDTree(path).query(v)
    tangent = np.gradient(path, axis=0)[nearest]
    side = np.cross([0.0, 0.0, 1.0], tangent)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    # Positive towards the cheek, whichever way the path runs.
    across = ((v - path[nearest]) * side).sum(1) * np.sign(side[:, 0]) / MM
    ends = bump(-0.05, 0.45, 1.05, fine[nearest])
    outer = (skin.masks["mouth"] < 0.05) & (distance < 20 * MM)
    furrow = -1.5 * np.exp(-0.5 * (across / 2.6) ** 2)
    cheek = 1.7 * np.exp(-0.5 * ((across - 8.0) / 5.0) ** 2)
    normal = vertex_normals(v, skin.faces).astype(np.float64)
    return np.asarray(((furrow + cheek) * ends * outer * MM)[:, None] * normal)
