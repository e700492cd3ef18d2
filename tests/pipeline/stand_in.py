"""A quick simulator with effects that no sum of shapes has, in place of the tissue."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from animdrive.contract import ARKIT_INDEX
from animdrive.deformer.linear import LinearDeformer
from animdrive.rig.head import load_head
from animdrive.rig.normals import vertex_normals

BULGE_MM = 4.0
"""How far a cheek bulges at a full smile."""


class Bulging:
    """The linear rig with cheeks that bulge by the square of a smile, and brows that fold."""

    def __init__(self, spoil=()):
        head = load_head()
        self._deformer = LinearDeformer(head.rig)
        self.names = self._deformer.names
        self._spoil = spoil
        normals = vertex_normals(head.rig.neutral.vertices, head.rig.neutral.faces)
        self._bulges = []
        for region, curve in (
            ("cheek_left", "mouthSmileLeft"),
            ("cheek_right", "mouthSmileRight"),
            ("brow_left", "browDownLeft"),
            ("brow_right", "browDownRight"),
            ("forehead", "browInnerUp"),
            ("lips_lower", "mouthPucker"),
        ):
            index = head.regions[region]
            self._bulges.append((index, normals[index], ARKIT_INDEX[curve]))

    def frames(self, values, *, fps=30.0):
        for number, row in enumerate(values):
            skin = self._deformer.run(row[None])[0]
            for index, normals, curve in self._bulges:
                skin[index] += normals * np.float32(BULGE_MM / 1000 * row[curve] ** 2)
            if "nan" in self._spoil and number == 3:
                skin[7] = np.nan
            if "short" in self._spoil and number == 3:
                return
            if "cut" in self._spoil:
                skin = skin[:-1]
            yield skin


@dataclass
class BulgingFactory:
    """Builds `Bulging`; `spoil` names what it does wrong."""

    spoil: tuple = ()
    strength: float = 1.0

    @cached_property
    def settings(self):
        return {"name": "bulging", "strength": self.strength, "spoil": list(self.spoil)}

    def __call__(self):
        return Bulging(self.spoil)
