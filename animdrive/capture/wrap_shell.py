"""A rig as a scanner sees it: the shell that can be registered, and what goes along unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.capture.alignment import Similarity
from animdrive.capture.closest import Faces, Points, face_normals, point_normals
from animdrive.capture.registration import Fit, Mask, Registration, Scan
from animdrive.contract import Character
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError

_MM = 1000.0
_RIDGE = 0.3
"""How strongly the curves of a start hold to the given ones, in square millimetres per vertex..."""
_HOLD, _HOLD_UNKNOWN = 0.5, 0.01
"""...and those that hidden parts follow; where none are given, to rest."""
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Points that are known on both sides. L landmarks."""

    vertices: IntArray
    """[L] vertices of the rig."""
    places: FloatArray
    """[L, 3] where they are on the scan at rest, in its own unit and axes."""


class RigShell:
    """A rig made ready. V vertices, C curves, S vertices of the shell that a scanner sees."""

    def __init__(self, character: Character) -> None:
        """Prepare `character`."""
        rig = character.rig
        self.count = len(rig.neutral.vertices)
        self.shell: npt.NDArray[np.intp] = seen_vertices(character)
        inner = np.full(self.count, -1, dtype=np.int32)
        inner[self.shell] = np.arange(len(self.shell))
        faces = inner[rig.neutral.faces]
        self.faces: Faces = faces[(faces >= 0).all(axis=1)]
        self._neutral: Points = rig.neutral.vertices.astype(np.float64)
        self._deltas: Points = rig.deltas.astype(np.float64)
        self.rest: Points = self._neutral[self.shell]
        self._shapes: Points = self._deltas[:, self.shell]
        self.curves = len(rig.names)
        self.registration = Registration(self.rest, self.faces)
        self._character = character

    def expected(self, weights: Points) -> Points:
        """Return [S, 3], what the linear rig makes of curves [C]."""
        return self.rest + np.tensordot(weights, self._shapes, axes=1)

    def pins(
        self, landmarks: Landmarks | None, place: Similarity
    ) -> tuple[npt.NDArray[np.intp], Points] | None:
        """Return the landmarks that are on the shell: vertices [L] and where they are [L, 3]."""
        if landmarks is None:
            return None
        at = np.searchsorted(self.shell, landmarks.vertices)
        there = (at < len(self.shell)) & (
            self.shell[np.minimum(at, len(self.shell) - 1)] == landmarks.vertices
        )
        return at[there].astype(np.intp), place(landmarks.places)[there]

    def check(self, fit: Fit, place: Similarity, frame: int = 0) -> None:
        """Raise InputError where `fit` found next to nothing."""
        if fit.seen.mean() < 0.1:
            raise InputError(
                f"The scan of frame {frame} cannot be wrapped: it covers "
                f"{100 * fit.seen.mean():.0f} % of the rig's skin ({_MM * place.distance_m:.0f} mm "
                f"away after alignment). Check its unit and axes, or turn it upright, facing +Z."
            )

    def curve_fitter(self, seen: Mask, *, known: bool) -> Callable[[Points, Points], Points]:
        """Return what finds the curves [C] in 0..1 that a skin [S, 3] shows, near given ones [C].

        Least squares over the `seen` vertices [S]; `known` tells whether curves are given.
        """
        shapes = (self._shapes[:, seen].reshape(self.curves, -1) * _MM).T
        hold = (_HOLD if known else _HOLD_UNKNOWN) * seen.sum()
        gram = shapes.T @ shapes + hold * np.eye(self.curves)

        def fitted(skin: Points, prior: Points) -> Points:
            way = (skin - self.rest)[seen].ravel() * _MM
            return _bounded(gram, shapes.T @ way + hold * prior, prior)

        return fitted

    def rig_fit(self, scan: Scan, prior: Points, apart: Points) -> Points:
        """Return curves [C] that bring the rig nearest to `scan`, by distances along normals."""
        weights = prior.copy()
        for _ in range(_ROUNDS):
            skin = self.expected(weights) + apart
            closest, seen = self.registration.matched(scan, skin)
            normals = scan.normals[closest.faces][seen]
            slopes = np.einsum("csx,sx->sc", self._shapes[:, seen], normals) * _MM
            off = ((closest.points - skin)[seen] * normals).sum(axis=1) * _MM
            hold = _RIDGE * seen.sum()
            gram = slopes.T @ slopes + hold * np.eye(self.curves)
            right = slopes.T @ (off + slopes @ weights) + hold * prior
            weights = _bounded(gram, right, weights)
        return weights

    def whole(self, skin: Points, weights: Points) -> FloatArray:
        """Return [V, 3]: the shell as given; hidden parts by curves, lashes with their lids."""
        result = self._neutral + np.tensordot(weights, self._deltas, axes=1)
        result[self.shell] = skin
        for part in self._character.parts:
            if part.name.startswith("lashes"):
                run = part.vertices
                near = cKDTree(self.rest).query(self._neutral[run])[1]
                result[run] += (skin - self.expected(weights))[near]
        return result.astype(np.float32)

    def folded(self, frames: FloatArray) -> int:
        """Return how many triangles of the shell face against their surroundings, at the worst."""
        worst = 0
        for frame in frames[:: max(len(frames) // 8, 1)]:
            skin = frame[self.shell].astype(np.float64)
            around = point_normals(skin, self.faces)[self.faces].mean(axis=1)
            turned = (face_normals(skin, self.faces) * around).sum(axis=1) < -0.1
            worst = max(worst, int(turned.sum()))
        return worst


def seen_vertices(character: Character) -> npt.NDArray[np.intp]:
    """Return the vertices of a rig that a scanner may see: skin and ears, or all of them."""
    names = [part.name for part in character.parts]
    if "skin" not in names:
        return np.arange(len(character.rig.neutral.vertices))
    runs = [
        np.arange(part.vertices.start, part.vertices.stop)
        for part in character.parts
        if part.name == "skin" or part.name.startswith("ear")
    ]
    return np.concatenate(runs)


def _bounded(gram: Points, right: Points, begin: Points) -> Points:
    """Return [C] in 0..1 that minimises ``½ xᵀ gram x - right · x``, by coordinate descent."""
    found = np.clip(begin, 0.0, 1.0)
    for _ in range(60):
        before = found.copy()
        for k in range(len(found)):
            rest = right[k] - gram[k] @ found + gram[k, k] * found[k]
            found[k] = min(max(rest / gram[k, k], 0.0), 1.0)
        if np.abs(found - before).max() < 1e-4:
            break
    return found
