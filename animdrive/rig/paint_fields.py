"""Where on the skin's texture things are: lips, lids, cheeks, hair, as smooth fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from animdrive.rig.cage import MM
from animdrive.rig.normals import vertex_normals
from animdrive.rig.paint_texels import Layer, Texels, frames_of, step, texels_of
from animdrive.rig.relief import nostril_frame
from animdrive.rig.surface import Faces, Points, SmoothField, smoothstep

NOSE_TIP, NOSE_WING, CHEEK, CHEEK_LOW, CHIN = 4, 358, 280, 425, 199
UNDER_EYE, UPPER_LID, OUTER_CANTHUS, MOUTH_CORNER = 450, 258, 263, 291
FOREHEAD, FOREHEAD_TOP, GLABELLA = 151, 10, 9
"""MediaPipe landmarks; of pairs the left one."""

EAR_BOX = ((0.005, 0.135), (0.865, 0.995))
"""The corner of the skin's texture that the ears use: outside the disc of the unwrapped head."""
EAR_MM = (38.0, 64.0)
"""What the corner shows, across and up."""


class Surface(Protocol):
    """What painting needs of a skin: `animdrive.rig.skin.Skin` has it, and `shipped_surface`."""

    @property
    def vertices(self) -> Points:
        """[V, 3] metres, head space."""

    @property
    def faces(self) -> Faces:
        """[F, 3]."""

    @property
    def uv(self) -> Points:
        """[V, 2] in 0..1."""

    @property
    def masks(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """[V] each, see `animdrive.rig.skin.Skin.masks`."""

    @property
    def rings(self) -> Mapping[str, Sequence[int]]:
        """Runs of vertices, see `animdrive.rig.skin.Skin.rings`."""

    @property
    def behind(self) -> npt.NDArray[np.float64]:
        """[V] 0 on the face to 1 at the base of the neck."""


@dataclass(frozen=True, eq=False)
class _Surface:
    vertices: Points
    faces: Faces
    uv: Points
    masks: Mapping[str, npt.NDArray[np.float64]]
    rings: Mapping[str, Sequence[int]]
    behind: npt.NDArray[np.float64]


@cache
def shipped_surface() -> Surface:
    """Return the skin of the head that ships, to be painted; the same object every time.

    Raises:
        WeightsError: the head's file is missing, altered or from another version.
    """
    from animdrive.rig.head import load_head
    from animdrive.rig.topology import load_topology

    head, topology = load_head(), load_topology()
    part = head.part("skin").vertices
    return _Surface(
        vertices=head.rig.neutral.vertices[part].astype(np.float64),
        faces=topology.faces[-1],
        uv=head.rig.neutral.uv[part].astype(np.float64),
        masks={name: mask.astype(np.float64) for name, mask in topology.masks.items()},
        rings={name: ring.tolist() for name, ring in topology.rings.items()},
        behind=topology.behind.astype(np.float64),
    )


@dataclass(frozen=True, eq=False)
class SkinFields:
    """Places of the skin, by vertex and by texel. V vertices, S texels a side."""

    skin: Surface
    """The skin that is painted."""
    texels: Texels
    """What each texel shows."""

    @classmethod
    def of(cls, skin: Surface, size: int) -> SkinFields:
        """Return the fields of `skin` on a texture of `size` texels a side."""
        return cls(skin, texels_of(skin.uv, skin.faces, size))

    @property
    def size(self) -> int:
        """Texels along a side."""
        return self.texels.size

    @property
    def scale(self) -> float:
        """Texels, compared with a texture of 2048."""
        return self.size / 2048

    @cached_property
    def place(self) -> Layer:
        """[S, S, 3] millimetres, head space."""
        return self.texels(self.skin.vertices / MM)

    def mask(self, name: str) -> Layer:
        """Return [S, S], one of `Skin.masks`."""
        return self.texels(self.skin.masks[name])

    def landmark(self, index: int) -> Points:
        """Return [3] millimetres."""
        return np.asarray(self.skin.vertices[index] / MM)

    def spots(self, *spots: tuple[int, float, float]) -> Layer:
        """Return [S, S], a sum of round soft spots.

        Args:
            *spots: MediaPipe landmark, radius in mm and height; each has its mirrored twin.
        """
        points = self.skin.vertices / MM
        total = np.zeros(len(points))
        for index, radius, height in spots:
            centre = points[index]
            for twin in {1.0, -1.0} if abs(centre[0]) > 1 else {1.0}:
                away = ((points - centre * [twin, 1, 1]) ** 2).sum(1)
                total += height * np.exp(-away / (2 * radius**2))
        return self.texels(total)

    @cached_property
    def along_lips(self) -> npt.NDArray[np.float64]:
        """[V] -1 at the right corner of the mouth to 1 at the left one, true near the lips."""
        known: dict[int, float] = {}
        for name in ("lips_outer", "lips_middle", "lips_near", "lips_inner", "mouth_1"):
            ring = self.skin.rings[name]
            half = len(ring) // 2
            along = np.concatenate([np.linspace(-1, 1, half + 1), np.linspace(1, -1, half + 1)])
            # The last one is the first again.
            for vertex, value in zip(ring, np.delete(along, half + 1), strict=False):
                known.setdefault(int(vertex), float(value))
        index = np.array(list(known), dtype=np.int64)
        values = np.array(list(known.values()))[:, None]
        field = SmoothField(self.skin.vertices, self.skin.faces, order=1)
        return np.asarray(field.solve(index, values)[:, 0])

    @cached_property
    def face(self) -> Layer:
        """[S, S] 1 on the face, 0 on scalp and neck."""
        return 1 - step(0.0, 0.15, self.texels(self.skin.behind))

    @cached_property
    def nostrils(self) -> Layer:
        """[S, S] 1 deep inside the nostrils."""
        centre, axis, length = nostril_frame(self.skin.vertices)
        normals = vertex_normals(self.skin.vertices, self.skin.faces).astype(np.float64)
        total = np.zeros(len(normals))
        for side in (1, -1):
            x, y, z = ((self.skin.vertices - centre * [side, 1, 1]) * [side, 1, 1]).T
            deep = np.clip(y / (8.5 * MM), 0, 1)
            z = z + 2 * MM * deep  # the passage leads back
            along, across = x * axis[0] + z * axis[1], x * axis[1] - z * axis[0]
            radius = np.hypot(along / (0.5 * length), across / (0.29 * length))
            inside = 1 - smoothstep(0.8, 1.3, radius)
            # Walls look at the passage's middle and its end looks down; the wing outside does not.
            outward = (normals[:, 0] * side * x + normals[:, 2] * z) / (np.hypot(x, z) + MM / 100)
            within = 1 - smoothstep(0.1, 0.5, outward) * smoothstep(-0.5, -0.2, normals[:, 1])
            total += inside * within * smoothstep(0.5 * MM, 4.5 * MM, y) * (y < 11 * MM)
        return self.texels(total)

    @cached_property
    def frames(self) -> tuple[Points, Points]:
        """[F, 3] each, millimetres that a place moves per unit of u and of v."""
        along_u, along_v = frames_of(self.skin.vertices, self.skin.faces, self.skin.uv)
        return along_u / MM, along_v / MM

    @cached_property
    def lengths(self) -> tuple[Layer, Layer, Layer]:
        """[S, S] each: mm per unit of u; what v moves along u and across it."""
        along_u, along_v = self.frames
        u = np.maximum(np.linalg.norm(along_u, axis=1), 1e-3)
        skew = (along_u * along_v).sum(1) / u
        v = np.sqrt(np.maximum((along_v**2).sum(1) - skew**2, 1e-6))
        faces, count = self.skin.faces, len(self.skin.vertices)
        area = u * v  # weights of the mean over the faces around a vertex
        total = np.bincount(faces.ravel(), np.repeat(area, 3), count)
        means = [
            np.bincount(faces.ravel(), np.repeat(area * value, 3), count) / total
            for value in (u, skew, v)
        ]
        across, sheared, up = (self.texels(value) for value in means)
        return across, sheared, up

    def ear_box(self) -> tuple[slice, slice]:
        """Return rows and columns of the texture that show the ears."""
        (u0, u1), (v0, v1) = EAR_BOX
        size = self.size
        return (
            slice(int((1 - v1) * size), int(np.ceil((1 - v0) * size))),
            slice(int(u0 * size), int(np.ceil(u1 * size))),
        )

    def pixels(self, index: list[int]) -> npt.NDArray[np.float64]:
        """Return [N, 2] where vertices lie on the texture, texels, x right and y down."""
        uv = self.skin.uv[index]
        return np.column_stack([uv[:, 0] * self.size - 0.5, (1 - uv[:, 1]) * self.size - 0.5])


def softened(layer: Layer, sigma: float) -> Layer:
    """Return `layer` [S, S] blurred by `sigma` texels."""
    return np.asarray(ndimage.gaussian_filter(layer, sigma), dtype=np.float32)
