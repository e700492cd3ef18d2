"""Where skin folds: the lines of the face, and how deep they become under compression.

Skin is a stiff film on soft fat. Pressed together it keeps its length and folds, first along the
creases that years of the same expressions have left (Langer's and Kraissl's lines run across the
muscles). The depth of a fold follows from the length that has to go somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from animdrive.rig.normals import vertex_normals
from animdrive.rig.surface import Faces, Points, edges_of, smoothstep
from animdrive.rig.topology import SkinTopology

Field = npt.NDArray[np.float64]
Place = int | tuple[int, int, float]


@dataclass(frozen=True)
class Crease:
    """One line of the left half, mirrored; one that starts on the middle line runs across it."""

    name: str
    places: tuple[Place, ...]
    """Landmarks, or points on the way from one landmark to another."""
    width_mm: float
    """Half width of the valley."""
    share: float = 1.0
    """How much of the skin's excess length goes into it."""


CREASES: tuple[Crease, ...] = (
    Crease("forehead_low", ((9, 151, 0.55), (336, 337, 0.42), (296, 299, 0.42), (334, 333, 0.42)),
           4.2),
    Crease("forehead_middle", ((151, 10, 0.02), (337, 338, 0.05), (299, 297, 0.05),
           (333, 332, 0.10)), 4.2),
    Crease("forehead_high", ((151, 10, 0.45), (337, 338, 0.45), (299, 297, 0.45),
           (333, 332, 0.45)), 4.2),
    Crease("glabella", ((417, 285, 0.35), (285, 336, 0.35), (336, 337, 0.20)), 3.4, 1.4),
    Crease("nasion", ((168, 6, 0.0), (417, 351, 0.15)), 3.4),
    Crease("bunny", ((351, 417, 0.4), (419, 351, 0.5), (399, 419, 0.3)), 2.4, 0.8),
    Crease("crow_high", ((263, 383, 0.25), (383, 300, 0.25), (300, 301, 0.10)), 2.2),
    Crease("crow_middle", ((263, 372, 0.30), (353, 383, 0.50), (368, 383, 0.40)), 2.2),
    Crease("crow_low", ((359, 340, 0.50), (340, 372, 0.55), (372, 345, 0.30)), 2.2),
    Crease("under_eye", ((453, 357, 0.2), (451, 349, 0.2), (449, 347, 0.25), (448, 346, 0.3),
           (446, 340, 0.5)), 2.4, 0.8),
    Crease("nasolabial", ((358, 371, 0.25), (423, 426, 0.25), (426, 436, 0.35), (436, 432, 0.15),
           (432, 422, 0.25)), 3.4, 2.0),
    Crease("marionette", ((287, 432, 0.35), (422, 424, 0.3), (430, 431, 0.1)), 2.8, 0.6),
    Crease("labiomental", ((18, 200, 0.15), (313, 421, 0.15), (406, 418, 0.15)), 3.2),
    Crease("lip_upper_1", ((267, 393, 0.10), (267, 393, 0.75)), 1.9, 0.7),
    Crease("lip_upper_2", ((269, 391, 0.10), (269, 391, 0.70)), 1.9, 0.7),
    Crease("lip_upper_3", ((270, 322, 0.10), (270, 322, 0.70)), 1.9, 0.7),
    Crease("lip_lower_1", ((314, 313, 0.10), (314, 313, 0.9)), 1.9, 0.6),
    Crease("lip_lower_2", ((405, 406, 0.10), (405, 406, 0.9)), 1.9, 0.6),
    Crease("lip_lower_3", ((321, 335, 0.10), (321, 335, 0.8)), 1.9, 0.6),
)  # fmt: skip


class Folds:
    """The creases of one head's skin, with the strain across each of them. V vertices."""

    EASE = 0.06
    """Compression at which folds begin to show as depth rather than as thicker skin."""
    DEPTH = 1.1
    """Depth of a fold of half width w at compression e: `DEPTH` w e / sqrt(e + `EASE`)."""

    def __init__(self, skin: Points, faces: Faces, topology: SkinTopology) -> None:
        """Lay the creases over `skin` [V, 3] mm."""
        normals = vertex_normals(skin, faces).astype(np.float64)
        outside = (topology.masks["mouth"] < 0.2) & (topology.masks["lid_left"] < 0.2)
        outside &= topology.masks["lid_right"] < 0.2
        ring = _rings(faces, len(skin))
        rows: list[int] = []
        ways: list[Points] = []
        profile: list[Field] = []
        scale = float(np.linalg.norm(skin[454] - skin[234])) / 139.8
        for crease in CREASES:
            other = tuple(_mirrored(place, topology.mirror) for place in crease.places)
            line = np.array([_at(place, skin) for place in crease.places])
            mirrored = np.array([_at(place, skin) for place in other])
            crossing = other[0] == crease.places[0]  # it starts on the middle line
            lines = [np.concatenate([mirrored[:0:-1], line])] if crossing else [line, mirrored]
            for path in lines:
                index, shape, across = _profile(
                    path, skin, normals, outside, crease.width_mm * scale
                )
                rows += index.tolist()
                ways.append(across)
                profile.append(crease.share * crease.width_mm * scale * shape)
        self.vertices = np.array(rows)
        """[K] vertices near a crease; one may lie near several."""
        self.profile = np.concatenate(profile)
        """[K] mm of rise, valleys below 0, for a fold of unit depth per half width."""
        self._strain = _directional(skin, self.vertices, np.concatenate(ways), normals, ring)
        # Compression is taken over the width of a fold, not at one vertex.
        self._smooth = _smoother(skin, faces, rounds=3)
        self._count = len(skin)
        self._rest = self._stretch(skin)

    def _stretch(self, base: Points) -> Field:
        return np.asarray(np.linalg.norm(self._strain @ (self._smooth @ base), axis=1))

    def heights(self, base: Points) -> Field:
        """Return [V] mm that the skin at `base` [V, 3] mm rises or sinks along its normal."""
        press = self.pressed(self._stretch(base) / self._rest)
        depth = self.DEPTH * press / np.sqrt(press + self.EASE)
        heights = np.bincount(self.vertices, self.profile * depth, self._count)
        return np.asarray(heights, dtype=np.float64)

    @staticmethod
    def pressed(stretch: Field) -> Field:
        """Return compression above 0 from `stretch` (1 at rest), with a soft start."""
        press = np.maximum(1 - stretch - 0.02, 0.0)
        return np.asarray(press * press / (press + 0.02))


def _mirrored(place: Place, mirror: npt.NDArray[np.int32]) -> Place:
    if isinstance(place, int):
        return int(mirror[place])
    first, second, share = place
    return int(mirror[first]), int(mirror[second]), share


def _at(place: Place, skin: Points) -> Points:
    first, second, share = (place, place, 0.0) if isinstance(place, int) else place
    return np.asarray(skin[first] + share * (skin[second] - skin[first]))


def _profile(
    path: Points,
    skin: Points,
    normals: Points,
    outside: npt.NDArray[np.bool_],
    width: float,
) -> tuple[npt.NDArray[np.int64], Field, Points]:
    """Return vertices [K] near `path` [P, 3], their profile [K] and the way across [K, 3]."""
    reach = np.r_[0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    at = np.linspace(0, reach[-1], max(12, int(reach[-1] / 0.8)))
    fine = np.column_stack([np.interp(at, reach, path[:, k]) for k in range(3)])
    for _ in range(6):
        fine[1:-1] += 0.3 * (fine[2:] - 2 * fine[1:-1] + fine[:-2])
    # Onto the skin.
    near = cKDTree(skin).query(fine)[1]
    fine = fine - ((fine - skin[near]) * normals[near]).sum(1, keepdims=True) * normals[near]
    along = np.gradient(fine, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    distance, foot = cKDTree(fine).query(skin)
    index = np.flatnonzero((distance < 3.2 * width) & outside)
    foot = foot[index]
    across = np.cross(along[foot], normals[index])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    side = ((skin[index] - fine[foot]) * across).sum(1) / width
    # Places beyond an end of the line are nearer to it than their distance across says.
    beyond = np.sqrt(np.maximum(distance[index] ** 2 - (side * width) ** 2, 0))
    end = np.minimum(foot, len(fine) - 1 - foot) / max(1, len(fine) // 5)
    fade = smoothstep(0.0, 1.0, end) * (1 - smoothstep(0.5 * width, 1.6 * width, beyond))
    # A valley between two ridges, no net volume.
    shape = -(1 - side**2) * np.exp(-0.5 * side**2)
    return index, shape * fade, across


def _rings(faces: Faces, count: int) -> list[list[int]]:
    follow: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges_of(faces)[0].tolist():
        follow[a].append(b)
        follow[b].append(a)
    return follow


def _directional(
    skin: Points,
    vertices: npt.NDArray[np.int64],
    across: Points,
    normals: Points,
    ring: list[list[int]],
) -> Any:
    """Return sparse [K, V] to the derivative of position along `across` [K, 3] at rest.

    Least squares over the ring of neighbours; its length is the stretch.
    """
    rows, columns, weights = [], [], []
    for k, vertex in enumerate(vertices):
        near = ring[vertex]
        way = skin[near] - skin[vertex]
        n = normals[vertex]
        first = across[k] - (across[k] @ n) * n
        first /= np.linalg.norm(first)
        second = np.cross(n, first)
        flat = np.column_stack([way @ first, way @ second])
        # Coefficients that give ∂/∂first of any linear function of the two coordinates.
        fit = np.linalg.pinv(flat)[0]
        rows += [k] * (len(near) + 1)
        columns += [*near, int(vertex)]
        weights += [*fit.tolist(), -float(fit.sum())]
    return sparse.csr_matrix((weights, (rows, columns)), shape=(len(vertices), len(skin)))


def _smoother(skin: Points, faces: Faces, *, rounds: int) -> Any:
    edges, _ = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    count = len(skin)
    number = np.bincount(both[:, 0], minlength=count)
    mean = sparse.csr_matrix(
        (1.0 / number[both[:, 0]], (both[:, 0], both[:, 1])), shape=(count, count)
    )
    step = 0.5 * sparse.eye(count) + 0.5 * mean
    result = step
    for _ in range(rounds - 1):
        result = (step @ result).tocsr()
    return result
