"""Bending the skin: handles that move, places that stay, and a smooth sheet between."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import splu

from animdrive.rig.cage import MM
from animdrive.rig.skin import Skin
from animdrive.rig.surface import Points, cotangent_laplacian, smoothstep

Index = npt.NDArray[np.int64]

LIP_RINGS = ("lips_outer", "lips_middle", "lips_near", "lips_inner", "mouth_1", "mouth_2")
"""From the edge of the vermilion inwards; their depth is 0, 1, 2, 3, 4, 5."""


class LipPoints:
    """Every vertex of the lips' rings with its place on the lips. N vertices."""

    def __init__(self, skin: Skin) -> None:
        vertices: list[int] = []
        along: list[Points] = []
        upper: list[Points] = []
        depth: list[Points] = []
        for number, name in enumerate(LIP_RINGS):
            ring = skin.rings[name]
            half = len(ring) // 2
            # A ring runs from the right corner over the upper lip to the left corner and back.
            s = np.concatenate([np.linspace(-1, 1, half + 1), np.linspace(1, -1, half + 1)[1:-1]])
            top = np.arange(len(ring)) <= half
            vertices += ring
            along.append(s)
            upper.append(top.astype(float))
            depth.append(np.full(len(ring), float(number)))
        self.vertices: Index = np.array(vertices)
        """[N] vertex of the skin."""
        self.s = np.concatenate(along)
        """[N] -1 at the right corner, 0 in the middle, 1 at the left corner."""
        self.upper = np.concatenate(upper)
        """[N] 1 on the upper lip, corners included; 0 on the lower."""
        self.depth = np.concatenate(depth)
        """[N] 0 at the edge of the vermilion, 3 where the lips meet, 4 and more inside."""

    def vector(self, x: object = 0.0, y: object = 0.0, z: object = 0.0) -> Points:
        """Return [N, 3] metres from millimetres that are numbers or arrays [N]."""
        out = np.zeros((len(self.vertices), 3))
        out[:, 0], out[:, 1], out[:, 2] = x, y, z
        return out * MM


class Shaper:
    """Solves for the skin between handles: a biharmonic sheet over the skin at rest."""

    def __init__(self, skin: Skin) -> None:
        self.skin = skin
        self.lips = LipPoints(skin)
        stiffness, area = cotangent_laplacian(skin.vertices, skin.faces)
        from scipy import sparse

        self._energy = (stiffness @ sparse.diags(1 / area) @ stiffness).tocsr()
        self._solvers: dict[bytes, tuple[Index, Callable[[Points], Points]]] = {}

    def near(self, centre: Iterable[float], radius_mm: float) -> Index:
        """Return the outer skin's vertices within `radius_mm` of `centre` (mm)."""
        distance = np.linalg.norm(self.skin.vertices / MM - np.array(list(centre)), axis=1)
        inside = (
            self.skin.masks["mouth"] + self.skin.masks["lid_left"] + self.skin.masks["lid_right"]
        )
        return np.flatnonzero((distance < radius_mm) & (inside < 0.1))

    def around(self, landmark: int, radius_mm: float) -> Index:
        """Return the outer skin's vertices within `radius_mm` of a MediaPipe landmark."""
        return self.near(self.skin.vertices[landmark] / MM, radius_mm)

    def where(self, condition: npt.NDArray[np.bool_]) -> Index:
        """Return the vertices where `condition` [V] holds."""
        return np.flatnonzero(condition)

    def bend(self, moved: list[tuple[Index, Points]], still: Iterable[Index]) -> Points:
        """Return offsets [V, 3]: given at `moved` (vertices, offsets), zero at `still`.

        Where a vertex is named twice the first naming counts.
        """
        parts = [*moved, *((index, np.zeros((len(index), 3))) for index in still)]
        known, first = np.unique(np.concatenate([index for index, _ in parts]), return_index=True)
        values = np.concatenate(
            [np.broadcast_to(np.asarray(v, dtype=np.float64), (len(i), 3)) for i, v in parts]
        )[first]
        free, solve = self._solver(known)
        result = np.zeros((len(self.skin.vertices), 3))
        result[known] = values
        result[free] = solve(values)
        return result

    def _solver(self, known: Index) -> tuple[Index, Callable[[Points], Points]]:
        key = known.tobytes()
        if key not in self._solvers:
            free = np.setdiff1d(np.arange(len(self.skin.vertices)), known)
            rows = self._energy[free]
            factors = splu(rows[:, free].tocsc())
            coupling = rows[:, known].tocsr()
            self._solvers[key] = (free, lambda values: factors.solve(-(coupling @ values)))
        return self._solvers[key]

    def mirrored(self, offsets: Points) -> Points:
        """Return what `offsets` [V, 3] of one side are on the other."""
        return np.asarray(offsets[self.skin.mirror] * [-1, 1, 1])


def bump(low: float, peak: float, high: float, x: Points) -> Points:
    """Return a smooth hill over `x`: 0 outside low..high, 1 at `peak`."""
    return np.where(x < peak, smoothstep(low, peak, x), 1 - smoothstep(peak, high, x))
