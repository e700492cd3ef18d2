"""A small, upright picture of the face, the same part of everybody: what pixels alone can tell.

Landmarks barely move when cheeks fill, a nose wrinkles or a tongue comes out. The cut-out shows
it: a square of the plane of the face, sampled so that eyes, nose and chin always lie in about the
same places, however the head is turned, near or tilted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.sources.video.indices import RIGID

Picture = npt.NDArray[np.uint8]

CUTOUT_PX = 112
"""Width and height of a cut-out."""
SIDE_M = 0.155
"""Width and height of what it shows, metres of the head."""
_MIDDLE_M = (0.0, 0.0275)
"""Its middle from the head's pivot: x and y, between nose and upper lip."""
_PLANE_M = 0.088
"""How far in front of the pivot its plane lies: in mouth and eyes."""
_LEAST_SHARE = 0.45
"""A face that is turned away is not stretched beyond one over this."""


class CutOuts:
    """Cuts faces out of pictures, given their landmarks."""

    def __init__(self, character: Character) -> None:
        """Take the places of the landmarks on the head from `character`."""
        chosen = np.array(RIGID)
        rest = character.rig.neutral.vertices[character.landmarks[chosen]] - character.head_pivot
        self._chosen = chosen
        self._middle = rest.mean(axis=0).astype(np.float64)
        self._rest = rest.astype(np.float64) - self._middle
        self._spread = float((self._rest**2).sum())

    def __call__(
        self, picture: Picture, points: npt.NDArray[np.floating[Any]]
    ) -> npt.NDArray[np.uint8]:
        """Return [CUTOUT_PX, CUTOUT_PX, 3] of the face at `points`.

        Args:
            picture: [H, W, 3].
            points: [478, 3] pixels of that picture: x to the right, y down, z away.
        """
        import cv2

        matrix = self.placement(points)
        size = (CUTOUT_PX, CUTOUT_PX)
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        if scale > 2.0:  # taken from a picture made smaller, so that no pixel is left out
            height, width = picture.shape[:2]
            low = np.clip(np.floor(_corners(matrix).min(axis=0)).astype(int), 0, [width, height])
            high = np.clip(np.ceil(_corners(matrix).max(axis=0)).astype(int), 0, [width, height])
            part = picture[low[1] : high[1], low[0] : high[0]]
            if part.size:
                shrunk = (
                    max(1, round(part.shape[1] / scale)),
                    max(1, round(part.shape[0] / scale)),
                )
                picture = np.asarray(cv2.resize(part, shrunk, interpolation=cv2.INTER_AREA))
                share = np.array(shrunk) / [part.shape[1], part.shape[0]]
                matrix = matrix - np.column_stack([np.zeros((2, 2)), low])
                matrix = matrix * share[:, None]
        cut = cv2.warpAffine(
            picture,
            matrix,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(cut, dtype=np.uint8)

    def placement(self, points: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return [2, 3]: pixels of the picture from pixels (x, y, 1) of the cut-out.

        The head is laid over its landmarks in closed form (Umeyama 1991), depth included; the
        plane of the face is then seen through that camera.
        """
        seen = points[self._chosen].astype(np.float64) * [1.0, -1.0, -1.0]
        middle = seen.mean(axis=0)
        cross = (seen - middle).T @ self._rest
        u, singular, vt = np.linalg.svd(cross)
        sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
        rotation = (u * sign) @ vt
        scale = float((singular * sign).sum()) / self._spread
        place = middle - scale * (rotation @ self._middle)
        across, up = scale * rotation[:2, 0], scale * rotation[:2, 1]
        # Turned away, the plane is seen from the side: show at most so little of it, or the
        # cut-out would be a smear of a few columns.
        across = _at_least(across, _LEAST_SHARE * scale)
        up = _at_least(up, _LEAST_SHARE * scale)
        origin = place[:2] + scale * rotation[:2, 2] * _PLANE_M
        step = SIDE_M / CUTOUT_PX
        corner = (
            origin
            + across * (_MIDDLE_M[0] - SIDE_M / 2 + step / 2)
            + up * (_MIDDLE_M[1] + SIDE_M / 2 - step / 2)
        )
        matrix = np.column_stack([across * step, -up * step, corner])
        matrix[1] *= -1.0  # pictures count downwards
        return matrix


def _at_least(vector: npt.NDArray[np.float64], length: float) -> npt.NDArray[np.float64]:
    own = float(np.linalg.norm(vector))
    return vector * (length / own) if 0 < own < length else vector


def _corners(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    edge = CUTOUT_PX - 1
    corners = np.array([[0, 0, 1], [edge, 0, 1], [0, edge, 1], [edge, edge, 1]], dtype=np.float64)
    return corners @ matrix.T
