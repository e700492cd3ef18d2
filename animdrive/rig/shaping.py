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


class LipPoints:
    """Every vertex of the lips, from the vermilion's edge to the vestibule. N vertices."""

    def __init__(self, skin: Skin) -> None:
        grid, rows = skin.lattice.grid(-3, 2)
        columns = grid.shape[1]
        half = columns // 2
        # A row runs from the right corner over the upper lip to the left corner and back.
        s = np.concatenate([np.linspace(-1, 1, half + 1), np.linspace(1, -1, half + 1)[1:-1]])
        self.vertices: Index = grid.ravel().astype(np.int64)
        """[N] vertex of the skin."""
        self.s = np.tile(s, len(rows))
        """[N] -1 at the right corner, 0 in the middle, 1 at the left corner."""
        self.upper = np.tile((np.arange(columns) <= half).astype(float), len(rows))
        """[N] 1 on the upper lip, corners included; 0 on the lower."""
        self.depth = np.repeat(rows + 3, columns)
        """[N] 0 at the edge of the vermilion, 3 to 4 where lips touch, 5 in the vestibule."""
        mate = (columns - np.arange(columns)) % columns
        self.mate: Index = (np.arange(len(rows))[:, None] * columns + mate).ravel()
        """[N] the point of the other lip across the slit, a corner's own."""

    def at_seal(self, values: Points) -> Points:
        """Return for every point [N, 3] the value where its column of the lip meets the other."""
        columns = int((self.depth == self.depth[0]).sum())
        seal = values.reshape(-1, columns, 3)[np.unique(self.depth).searchsorted(3.0)]
        return np.tile(seal, (len(values) // columns, 1))

    def sealed(self, offsets: Points, *, lead: float = 0.5) -> Points:
        """Return `offsets` [N, 3] under which touching lips go on touching.

        Where the lips touch both move alike, by a mean in which the upper lip counts `lead`;
        towards the vermilion and the vestibule each lip's own motion comes back.
        """
        share = np.interp(self.depth, [1.0, 2.75, 4.25, 5.0], [0, 1, 1, 0])[:, None]
        own = np.where(self.upper > 0, lead, 1 - lead)[:, None]
        common = own * offsets + (1 - own) * offsets[self.mate]
        return np.asarray(offsets + share * (common - offsets))

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
