"""What a face does, in millimetres: how far lips, jaw and lids are open, how wide the mouth is.

Everything is measured on the skin, head and eyes unturned, in the head's own frame: +Y up, the face
looks along +Z, +X is the subject's left. The measures are those of speech science and of the
clinic: lip aperture and protrusion as sensors on the lips give them (Browman and Goldstein 1992,
"Articulatory phonology: an overview", Phonetica 49, tract variables LA and LP), the width from one
mouth corner to the other (cheilion to cheilion, Farkas 1994, "Anthropometry of the head and face"),
and the height of the palpebral fissure through the pupil.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.errors import ContractError, InputError
from animdrive.rig.slits import LIP_MIDDLE_MM, lid_slit, lip_slit, middle_of_lips

Values = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

COLUMNS: tuple[str, ...] = (
    "lip_aperture_mm",
    "lip_aperture_middle_mm",
    "mouth_width_mm",
    "upper_lip_protrusion_mm",
    "lower_lip_protrusion_mm",
    "jaw_drop_mm",
    "jaw_travel_mm",
    "chin_drop_mm",
    "lid_aperture_left_mm",
    "lid_aperture_right_mm",
)
"""What `SkinMeasures.measure` returns, in order."""

AGAINST_REST: tuple[str, ...] = tuple(
    name for name in COLUMNS if "protrusion" in name or "jaw" in name or "chin" in name
)
"""Those of `COLUMNS` that are 0 at rest: they tell how far something went from there."""

_CORNERS = (61, 291)
"""MediaPipe's landmarks at the corners of the mouth, right and left."""
_CHIN = 152
"""MediaPipe's landmark at the lowest point of the chin, menton."""
_INCISORS_MM = 3.0
"""How far to each side of the middle teeth count as the lower middle incisors."""
_EDGE_MM = 1.0
"""How far below their highest point their edge goes."""


class SkinMeasures:
    """Measures the skin of one character. V vertices."""

    def __init__(self, character: Character, *, rest: FloatArray | None = None) -> None:
        """Prepare `character`.

        Args:
            character: A head of our topology, of whatever shape and level of detail: with lips,
                lids, lower teeth and landmarks.
            rest: [V, 3] metres, what counts as rest; None takes the character's neutral face.

        Raises:
            InputError: the character lacks one of these.
        """
        neutral = character.rig.neutral.vertices
        self._lips = lip_slit(character)
        self._middle = middle_of_lips(self._lips)
        self._lids = tuple(lid_slit(character, side) for side in ("left", "right"))
        if len(character.landmarks) <= max(*_CORNERS, _CHIN):
            raise InputError(
                "This head has no landmarks, so its mouth corners are not known. "
                "Give a head of our own topology."
            )
        self._corners: Index = character.landmarks[list(_CORNERS)].astype(np.int64)
        lips = (character.regions[name].astype(np.int64) for name in ("lips_upper", "lips_lower"))
        self._points = (
            *(_within(character, lip, LIP_MIDDLE_MM) for lip in lips),
            _incisors(character),
            character.landmarks[[_CHIN]].astype(np.int64),
        )
        self._shape = neutral.shape
        self._rest = self._places(neutral if rest is None else rest)

    def measure(self, vertices: FloatArray) -> Values:
        """Return [N, len(COLUMNS)] mm for N frames of skin.

        - ``lip_aperture_mm``: height along Y of the tallest slit between the lips that is seen from
          the front, over planes x = -24..24 mm, half a millimetre apart; 0 where they are shut.
        - ``lip_aperture_middle_mm``: the same within 6 mm of the middle.
        - ``mouth_width_mm``: straight from one mouth corner to the other.
        - ``upper_lip_protrusion_mm``, ``lower_lip_protrusion_mm``: how far the foremost point of
          the lip's middle 12 mm lies in front (+Z) of where the foremost one lies at rest.
        - ``jaw_drop_mm``: how far the edge of the lower middle incisors lies below (-Y) its place
          at rest; ``jaw_travel_mm``: how far from it in any direction, never below 0.
        - ``chin_drop_mm``: how far the skin of the chin (menton) lies below its place at rest.
        - ``lid_aperture_left_mm``, ``lid_aperture_right_mm``: height along Y of the slit between
          the lids in the plane x = centre of the eye; 0 where they are shut.

        Args:
            vertices: [N, V, 3] metres, head and eyes unturned.

        Raises:
            ContractError: they are of another number of vertices.
        """
        shape = [len(vertices), *self._shape]
        if list(vertices.shape) != shape:
            raise ContractError(
                f"Skin to be measured must have shape {shape}, got {list(vertices.shape)}."
            )
        rows = np.zeros((len(vertices), len(COLUMNS)))
        for row, skin in zip(rows, vertices, strict=True):
            slit = self._lips.heights_mm(skin)
            upper, lower, incisors, chin = self._places(skin) - self._rest
            row[:] = (
                slit.max(),
                slit[self._middle].max(),
                np.linalg.norm(np.subtract(*skin[self._corners].astype(np.float64) * 1e3)),
                upper[2],
                lower[2],
                -incisors[1],
                np.linalg.norm(incisors),
                -chin[1],
                *(lid.heights_mm(skin)[0] for lid in self._lids),
            )
        rows += 0.0  # no -0
        return rows

    def _places(self, skin: FloatArray) -> Values:
        """Return [4, 3] mm: the foremost of each lip, upper first, then incisors and chin.

        Of the lips, z alone is a place; x and y are the largest of any vertex.
        """
        millimetres = (skin[points].astype(np.float64) * 1e3 for points in self._points)
        upper, lower, incisors, chin = millimetres
        return np.stack([upper.max(axis=0), lower.max(axis=0), incisors.mean(axis=0), chin[0]])


def _within(character: Character, points: Index, side_mm: float) -> Index:
    """Return those of `points` that at rest are no further from the middle plane."""
    x = np.abs(character.rig.neutral.vertices[points, 0].astype(np.float64))
    inside: Index = points[x <= side_mm * 1e-3]
    return inside


def _incisors(character: Character) -> Index:
    """Return the vertices of the edge of the lower middle incisors."""
    part = next((part for part in character.parts if part.name == "teeth_lower"), None)
    if part is None:
        raise InputError(
            "This head has no part 'teeth_lower', so its jaw cannot be followed. "
            "Give a head of our own topology."
        )
    own = _within(character, np.arange(part.vertices.start, part.vertices.stop), _INCISORS_MM)
    height = character.rig.neutral.vertices[own, 1].astype(np.float64)
    edge: Index = own[height >= height.max() - _EDGE_MM * 1e-3]
    return edge
