"""The slit between two edges of skin, as it is seen from the front: of lips and of lids.

Skin rolls inwards as it shuts, so the place at which two edges meet wanders over them, and no pair
of vertices tells whether there is a slit. Here both are cut by upright planes x = const: in each
plane the slit goes from the lowest point of the upper edge to the highest of the lower one,
wherever on the skin these are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError

Places = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

LIP_STEP_MM = 0.5
"""From one plane through the lips to the next."""
LIP_WIDTH_MM = 24.0
"""How far to each side of the middle there are planes."""
LIP_MIDDLE_MM = 6.0
"""What is called the middle of the lips, to each side."""


@dataclass(frozen=True, eq=False)
class Slit:
    """Two edges of a character's skin and where they are cut. P planes."""

    points: Index
    """[N] vertices of the character that make them."""
    upper: Index
    """[E, 2] mesh edges of what lies above, as indices into `points`."""
    lower: Index
    """[E, 2] the same of what lies below."""
    columns: Places
    """[P] mm, increasing: x of each plane in the head's own frame."""

    def heights_mm(self, vertices: FloatArray) -> Places:
        """Return [P] mm, how tall the slit is that is seen in each plane; 0 where there is none.

        A plane in which one of the two is not, at a rounded mouth's sides, has none.

        Args:
            vertices: [V, 3] metres, +Y up, the whole character, head unturned.
        """
        places = vertices[self.points].astype(np.float64) * 1e3
        low = -_highest(places * [1, -1, 1], self.upper, self.columns)
        heights = low - _highest(places, self.lower, self.columns)
        return np.where(np.isfinite(heights), np.maximum(heights, 0.0), 0.0)


def lip_slit(character: Character) -> Slit:
    """Return the slit between the lips, cut every half millimetre.

    Raises:
        InputError: the character's lips are not known.
    """
    columns = np.arange(-LIP_WIDTH_MM, LIP_WIDTH_MM + LIP_STEP_MM / 2, LIP_STEP_MM)
    return _slit(character, "lips_upper", "lips_lower", columns)


def middle_of_lips(slit: Slit) -> npt.NDArray[np.bool_]:
    """Return [P], which planes of `lip_slit` go through the middle of the lips."""
    return np.abs(slit.columns) <= LIP_MIDDLE_MM


def lid_slit(character: Character, side: str) -> Slit:
    """Return the slit between the lids of one eye, cut in the column of its pupil.

    That is the plane through the centre of the eye, where the pupil is when it looks straight
    ahead; it stays there when the eye glances aside.

    Args:
        character: Whose.
        side: "left" or "right", the subject's.

    Raises:
        InputError: the character's lids are not known.
    """
    column = 1e3 * float(character.eye_pivots[("left", "right").index(side), 0])
    return _slit(character, f"lid_upper_{side}", f"lid_lower_{side}", np.array([column]))


def _slit(character: Character, upper: str, lower: str, columns: Places) -> Slit:
    missing = [name for name in (upper, lower) if name not in character.regions]
    if missing:
        raise InputError(
            f"This head has no region '{missing[0]}', so nothing can be measured there. "
            "Give a head of our own topology."
        )
    faces = character.rig.neutral.faces.astype(np.int64)
    above, below = (_edges(faces, character.regions[name]) for name in (upper, lower))
    points = np.unique(np.concatenate([above, below]))
    return Slit(points, np.searchsorted(points, above), np.searchsorted(points, below), columns)


def _edges(faces: Index, vertices: npt.NDArray[Any]) -> Index:
    """Return [E, 2] edges of the faces that have all corners among `vertices`."""
    own = faces[np.isin(faces, vertices).all(axis=1)]
    both = np.concatenate([own[:, [i, (i + 1) % 3]] for i in range(3)])
    edges: Index = np.unique(np.sort(both, axis=1), axis=0)
    return edges


def _highest(places: Places, edges: Index, columns: Places) -> Places:
    """Return [P] the highest y at which a mesh meets each plane x = column; -inf where not."""
    left, right = places[edges[:, 0]], places[edges[:, 1]]
    swap = left[:, 0] > right[:, 0]
    left[swap], right[swap] = right[swap], left[swap].copy()
    first = np.searchsorted(columns, left[:, 0])
    count = np.searchsorted(columns, right[:, 0], side="right") - first
    edge = np.repeat(np.arange(len(edges)), count)
    column = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    span = np.maximum(right[edge, 0] - left[edge, 0], 1e-12)
    share = np.clip((columns[column] - left[edge, 0]) / span, 0, 1)
    height = left[edge, 1] + share * (right[edge, 1] - left[edge, 1])
    highest = np.full(len(columns), -np.inf)
    np.maximum.at(highest, column, height)
    return highest
