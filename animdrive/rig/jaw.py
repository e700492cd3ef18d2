"""How the mandible moves: it turns about its hinge while the condyles glide. Metres, head space."""

from __future__ import annotations

import numpy as np

from animdrive.rig.cage import MM
from animdrive.rig.surface import Points

JAW_HINGE = np.array([0.0, 10.0, -80.0]) * MM
"""Middle of the axis through both condyles."""
JAW_OPEN_RAD = np.radians(19.5)
"""Turn of the mandible at jawOpen 1: about 30 mm between the front teeth."""
JAW_GLIDE = np.array([0.0, -1.5, 2.0]) * MM
"""The condyles slide forward and down while the jaw opens."""


def jaw_moved(points: Points, share: Points, amount: float = 1.0) -> Points:
    """Return where `points` [N, 3] go that follow the jaw by `share` [N] at jawOpen `amount`."""
    angle = JAW_OPEN_RAD * amount * share
    y, z = points[:, 1] - JAW_HINGE[1], points[:, 2] - JAW_HINGE[2]
    turned = np.column_stack(
        [
            points[:, 0],
            y * np.cos(angle) - z * np.sin(angle) + JAW_HINGE[1],
            y * np.sin(angle) + z * np.cos(angle) + JAW_HINGE[2],
        ]
    )
    return np.asarray(turned + share[:, None] * JAW_GLIDE * amount)


def jaw_matrix(amount: float = 1.0) -> Points:
    """Return [4, 4] the motion of the mandible at jawOpen `amount`."""
    corners = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    moved = jaw_moved(corners, np.ones(4), amount)
    matrix = np.eye(4)
    matrix[:3, 3] = moved[0]
    matrix[:3, :3] = (moved[1:] - moved[0]).T
    return matrix
