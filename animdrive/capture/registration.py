"""Bending a mesh onto a scan: closest points, and stiffness that gives way step by step.

Non-rigid iterative closest points after Amberg, Romdhani and Vetter (2007), "Optimal step nonrigid
ICP algorithms for surface registration", with another measure of stiffness: the thin-plate energy
of the displacement (Botsch and Kobbelt 2004), ``min ∫ |d - e|² + (λ / 2π)⁴ |Δd|²``, where `e` leads
to the closest point. `λ` is then a length: bumps of the displacement that are narrower than it are
not followed. The matrix depends on the mesh alone, so its factors serve every frame of a take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

from animdrive.capture.closest import Closest, Faces, Points, Surface, point_normals
from animdrive.rig.surface import cotangent_laplacian, edges_of

Mask = npt.NDArray[np.bool_]

_MM = 1000.0
_LEAST_REACH_M = 0.002
_SETTLED_M, _SETTLED = 2e-5, 5e-7
"""A stage is over when a round moves nothing farther than this, or this times the wavelength."""
_REACH = 6.0
"""Closest points farther away than so many medians are not believed."""


@dataclass(frozen=True)
class Stage:
    """A step of a registration."""

    wavelength_mm: float
    """Narrower bumps of the displacement are not followed."""
    rounds: int
    """How often closest points are searched."""


COARSE: tuple[Stage, ...] = (Stage(400, 6), Stage(160, 6), Stage(80, 6))
"""From a rough alignment to a few millimetres."""
FINE: tuple[Stage, ...] = (Stage(40, 4), Stage(20, 4), Stage(10, 3), Stage(5, 2))
"""From a few millimetres to the surface."""
QUICK: tuple[Stage, ...] = (Stage(60, 2), Stage(20, 2), Stage(8, 2))
"""From a good guess, such as the frame before, to the surface."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A mesh bent onto a scan. V vertices."""

    vertices: Points
    """[V, 3] metres."""
    closest: Closest
    """Where they lie on the scan."""
    seen: Mask
    """[V] whether the scan has a counterpart."""


class Scan(Surface):
    """A scanned surface; knows its rim, beyond which there is nothing to be found."""

    def __init__(self, vertices: npt.ArrayLike, faces: npt.ArrayLike) -> None:
        """Prepare `vertices` [S, 3] metres and `faces` [F, 3]."""
        super().__init__(vertices, faces)
        edges, uses = edges_of(self.faces)
        self._rim = np.zeros(len(self.vertices), dtype=np.bool_)
        self._rim[edges[uses == 1].ravel()] = True

    def on_rim(self, closest: Closest) -> Mask:
        """Return [P] whether a closest point is on the rim: the surface does not go on there."""
        corners = self._rim[self.faces[closest.faces]]
        return np.asarray((corners | (closest.weights < 1e-9)).all(axis=1))


class Registration:
    """Bends one mesh onto scans. V vertices."""

    def __init__(self, rest: npt.ArrayLike, faces: Faces) -> None:
        """Prepare a mesh: `rest` [V, 3] metres, `faces` [F, 3]."""
        self.rest: Points = np.asarray(rest, dtype=np.float64)
        self.faces = faces
        stiffness, area = cotangent_laplacian(self.rest * _MM, faces)
        self._area = area
        # Slivers have next to no area; dividing by it would make them rigid.
        even = np.maximum(area, 0.2 * np.median(area))
        self._bending = (stiffness @ sparse.diags(1 / even) @ stiffness).tocsc()
        self._factors: dict[float, Any] = {}

    def bent(self, start: Points, targets: Points, wavelength_mm: float) -> Points:
        """Return [V, 3]: `start` [V, 3] drawn to `targets` [V, 3] as far as the stiffness lets."""
        if wavelength_mm not in self._factors:
            strength = (wavelength_mm / (2 * np.pi)) ** 4
            matrix = strength * self._bending + sparse.diags(self._area)
            self._factors[wavelength_mm] = factored(matrix)
        right = self._area[:, None] * (targets - start)
        return np.asarray(start + self._factors[wavelength_mm].solve(right))

    def filler(self, known: Mask) -> Callable[[Points, Points], Points]:
        """Return what makes [V, 3] of a start and of targets, both [V, 3].

        It returns the targets where `known`, and elsewhere the start, moved along with the known
        vertices around. Pieces of the mesh without any known vertex stay at the start.
        """
        weight = np.where(known, 1.0, 1e-9) * self._area
        factors = factored(1e-2 * self._bending + sparse.diags(weight))

        def filled(start: Points, targets: Points) -> Points:
            way = np.where(known[:, None], targets - start, 0.0)
            moved = start + factors.solve(weight[:, None] * way)
            return np.asarray(np.where(known[:, None], targets, moved))

        return filled

    def fit(
        self,
        scan: Scan,
        start: Points,
        stages: Sequence[Stage] = (*COARSE, *FINE),
        *,
        pins: tuple[npt.NDArray[np.intp], Points] | None = None,
    ) -> Fit:
        """Return the mesh bent onto `scan`, beginning at `start` [V, 3] metres.

        Args:
            scan: The surface.
            start: Where the mesh is expected.
            stages: From stiff to soft.
            pins: Vertices [L] and their places [L, 3] metres, such as landmarks.
        """
        found = start
        seen = np.ones(len(start), dtype=np.bool_)
        for stage in stages:
            for _ in range(stage.rounds):
                closest, seen = self.matched(scan, found)
                # What is not seen is drawn to where it already went: it follows its neighbours.
                targets = np.where(seen[:, None], closest.points, found)
                if pins is not None:
                    targets[pins[0]] = pins[1]
                before, found = found, self.bent(start, targets, stage.wavelength_mm)
                if np.abs(found - before).max() < max(_SETTLED_M, _SETTLED * stage.wavelength_mm):
                    break
        closest, seen = self.matched(scan, found)
        return Fit(found, closest, seen)

    def matched(self, scan: Scan, vertices: Points) -> tuple[Closest, Mask]:
        """Return the closest points of `vertices` [V, 3] on `scan` and which are believed [V]."""
        closest = scan.closest(vertices, normals=point_normals(vertices, self.faces))
        finite = closest.distance[np.isfinite(closest.distance)]
        usual = float(np.median(finite)) if len(finite) else 0.0
        seen = (closest.distance <= max(_REACH * usual, _LEAST_REACH_M)) & ~scan.on_rim(closest)
        return closest, seen


def factored(matrix: Any) -> Any:
    """Return the factors of a symmetric positive definite matrix."""
    return splu(
        matrix.tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
