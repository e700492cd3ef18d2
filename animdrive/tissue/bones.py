"""What the soft tissue lies on: how deep bone is under the skin, and how the mandible moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.contract import Character
from animdrive.errors import ContractError
from animdrive.rig.cage import MM
from animdrive.rig.head import load_head
from animdrive.rig.jaw import JAW_GLIDE, JAW_HINGE, JAW_OPEN_RAD
from animdrive.rig.normals import vertex_normals
from animdrive.rig.surface import Faces, Points, SmoothField, edges_of
from animdrive.rig.topology import SkinTopology

Field = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DepthMark:
    """One place where the thickness of the soft tissue over bone is known."""

    name: str
    """Landmark of craniofacial identification, or a plain name where there is none."""
    landmarks: tuple[int, ...]
    """MediaPipe landmarks of the left side or the middle; the right ones are their mirror."""
    depth_mm: float
    source: str
    """"tallied" for Stephan and Simpson (2008), else what the number stands on."""


TALLIED = "tallied"
_JUDGED = "judgement"
_LID = "lid thickness"

DEPTH_MARKS: tuple[DepthMark, ...] = (
    # Stephan and Simpson (2008), "Facial soft tissue depths in craniofacial identification (part
    # I): an analytical review of the published adult data", J Forensic Sci 53(6): 1257-1272.
    # Means over all adults, to half a millimetre.
    DepthMark("glabella", (9,), 5.5, TALLIED),
    DepthMark("nasion", (168,), 6.5, TALLIED),
    DepthMark("mid-nasal", (197,), 4.0, TALLIED),
    DepthMark("rhinion", (195,), 3.0, TALLIED),
    DepthMark("subnasale", (2,), 13.0, TALLIED),
    DepthMark("mid-philtrum", (164,), 11.5, TALLIED),
    DepthMark("labrale superius", (0,), 11.5, TALLIED),
    DepthMark("labrale inferius", (17,), 13.0, TALLIED),
    DepthMark("mentolabial sulcus", (18,), 11.0, TALLIED),
    DepthMark("pogonion", (199,), 11.0, TALLIED),
    DepthMark("gnathion", (175,), 8.5, TALLIED),
    DepthMark("menton", (152,), 7.0, TALLIED),
    DepthMark("mid-supraorbital", (334,), 6.0, TALLIED),
    DepthMark("mid-infraorbital", (348,), 7.0, TALLIED),
    DepthMark("alare curvature", (358,), 9.5, TALLIED),
    DepthMark("gonion", (397,), 10.0, TALLIED),
    DepthMark("zygion", (447,), 6.0, TALLIED),
    DepthMark("supra canine", (410,), 9.5, TALLIED),
    DepthMark("infra canine", (424,), 10.5, TALLIED),
    DepthMark("supra second molar", (411,), 26.0, TALLIED),
    DepthMark("infra second molar", (416,), 19.5, TALLIED),
    DepthMark("mid-ramus", (435,), 17.5, TALLIED),
    DepthMark("mid-mandibular border", (365,), 10.5, TALLIED),
    # Forehead and skull vault: the supraglabella's 5 mm carried upwards.
    DepthMark("supraglabella", (151,), 5.0, TALLIED),
    DepthMark("forehead", (10, 338, 297, 333, 299, 337, 284, 332), 5.0, _JUDGED),
    DepthMark("temple", (368, 389, 264), 8.0, _JUDGED),
    DepthMark("lateral orbit", (353,), 5.0, _JUDGED),
    DepthMark("malar eminence", (345, 352), 9.0, _JUDGED),
    DepthMark("anterior malar", (280, 330, 266), 12.0, _JUDGED),
    DepthMark("brow", (276, 295, 336), 6.0, _JUDGED),
    DepthMark("side of the nose", (343, 437, 420), 3.5, _JUDGED),
    DepthMark("nose tip", (1, 4), 7.0, "skin and lower lateral cartilage"),
    DepthMark("nasal wing", (278, 439, 294), 4.0, "skin and lower lateral cartilage"),
    DepthMark("jaw before the ear", (323, 454), 14.0, "skin, parotid and masseter"),
    # Lids: skin, orbicularis and tarsus, about the 1.4 mm that the head's lids are thick.
    DepthMark("upper lid", (386, 385, 387, 384), 1.5, _LID),
    DepthMark("lower lid", (374, 373, 380, 381), 1.5, _LID),
    DepthMark("lid fold", (257, 258, 259), 2.5, _LID),
    DepthMark("lid-cheek junction", (450, 449, 451), 4.5, _LID),
    DepthMark("canthi", (263, 362), 2.0, _LID),
)  # fmt: skip
"""Where the depth of the tissue is known; `soft_tissue_depth` fills the skin between."""

NECK_DEPTH = 12.0 * MM
"""Skin, platysma and fat over the deep muscles of the neck."""
SCALP_DEPTH = 5.5 * MM
DEEPEST, SHALLOWEST = 26.0 * MM, 1.2 * MM
_NEAREST = 6
_FACING_RAD = np.radians(75)
"""Two places of the skin bound the tissue between them where a ball touches both this far apart."""


def head_scale(vertices: Points) -> float:
    """Return how large a head is against our own, the average one: the width between the ears.

    Args:
        vertices: [V, 3] metres, the first 468 being MediaPipe's landmarks.
    """
    return _width(vertices) / _own_width()


def _width(vertices: npt.NDArray[np.floating[Any]]) -> float:
    return float(np.linalg.norm(vertices[454].astype(np.float64) - vertices[234]))


@cache
def _own_width() -> float:
    return _width(load_head().rig.neutral.vertices)


def soft_tissue_depth(
    vertices: Points, topology: SkinTopology, *, to_lining: bool = False
) -> Field:
    """Return [V] metres from skin to bone, or to the middle of what has skin on both sides.

    The table's depths, scaled with the head, are spread over the skin by the smoothest sheet (a
    biharmonic field of their logarithm, so that it stays above zero), then limited to 0.9 of the
    way to the middle of the tissue, found with shrinking balls (Ma, Bae and Choi 2012, "3D medial
    axis point approximation using nearest neighbors and the normal field"), so that in lips,
    cheeks, lids and nasal wings the two sides do not run through each other.

    Args:
        vertices: [V, 3] metres at rest, V the standard level; more (ears, teeth) may follow.
        topology: Connections of the skin.
        to_lining: Whether to go on past the middle, 0.9 of the whole way to the surface opposite.

    Raises:
        ContractError: there are fewer vertices than the skin has.
    """
    skin = skin_of(vertices, topology)
    faces = topology.faces[-1]
    scale = head_scale(skin)
    known: dict[int, float] = {}
    for mark in DEPTH_MARKS:
        for landmark in mark.landmarks:
            known[landmark] = mark.depth_mm * MM
            known[int(topology.mirror[landmark])] = mark.depth_mm * MM
    for index in np.flatnonzero((topology.behind > 0.45)[: topology.counts[0]]):
        low = skin[index, 1] < skin[152, 1] - 10 * MM * scale
        known[int(index)] = NECK_DEPTH if low else SCALP_DEPTH
    at = np.array(sorted(known))
    values = np.log(np.array([known[int(i)] for i in at]) * scale)[:, None]
    filled = np.exp(SmoothField(skin, faces).solve(at, values)[:, 0])
    filled = np.clip(filled, SHALLOWEST * scale, DEEPEST * scale)
    normals = vertex_normals(skin, faces).astype(np.float64)
    middle = medial_radius(skin, normals, largest=DEEPEST * scale)
    limited = np.minimum(filled, (1.8 if to_lining else 0.9) * middle)
    depth = np.minimum(_averaged(limited, faces, rounds=6), limited * 1.1)
    return np.asarray((depth + depth[topology.mirror]) / 2 if _even(skin, topology) else depth)


def skin_of(vertices: Points, topology: SkinTopology) -> Points:
    """Return the skin's rows of `vertices` [V+, 3] as float64.

    Raises:
        ContractError: there are fewer vertices than the skin has.
    """
    count = topology.counts[-1]
    if vertices.ndim != 2 or vertices.shape[1] != 3 or len(vertices) < count:
        raise ContractError(
            f"The tissue needs the skin's {count} vertices as [V, 3] metres, got "
            f"{list(vertices.shape)}. Give the standard level of our own head's topology."
        )
    return np.asarray(vertices[:count], dtype=np.float64)


def medial_radius(points: Points, normals: Points, *, largest: float = DEEPEST) -> Field:
    """Return [N] metres to the middle of the body under each point, at most `largest`.

    Args:
        points: [N, 3] metres on a closed surface.
        normals: [N, 3] unit, outwards.
        largest: Radius of the first ball, metres.
    """
    tree = cKDTree(points)
    radius = np.full(len(points), largest)
    active = np.arange(len(points))
    for _ in range(30):
        centre = points[active] - normals[active] * radius[active, None]
        distance, nearest = tree.query(centre, k=_NEAREST)
        way = points[active][:, None] - points[nearest]
        along = (way * normals[active][:, None]).sum(2)
        apart = np.linalg.norm(way, axis=2)
        fresh = apart**2 / np.maximum(2 * along, 1e-9)
        # Seen from the new middle, the two places of touch lie this far apart: little where the
        # skin is merely creased, much where another surface lies opposite.
        turn = 2 * np.arcsin(np.clip(apart / np.maximum(2 * fresh, 1e-12), 0, 1))
        inside = (distance < radius[active, None] * 0.999) & (along > 0) & (turn > _FACING_RAD)
        fresh = np.where(inside, fresh, np.inf).min(1)
        smaller = fresh < radius[active] * 0.9999
        active, fresh = active[smaller], fresh[smaller]
        if not len(active):
            break
        radius[active] = np.maximum(fresh, 0.01 * largest)
    return radius


def _even(skin: Points, topology: SkinTopology) -> bool:
    return bool(np.abs(skin[topology.mirror] * [-1, 1, 1] - skin).max() < 1e-6)


def _averaged(values: Field, faces: Faces, *, rounds: int) -> Field:
    edges, _ = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    number = np.bincount(both[:, 0], minlength=len(values))
    for _ in range(rounds):
        mean = np.bincount(both[:, 0], values[both[:, 1]], len(values)) / np.maximum(number, 1)
        values = 0.5 * values + 0.5 * mean
    return values


def skull_surface(
    vertices: Points, topology: SkinTopology, depth: Field | None = None
) -> tuple[Points, Faces]:
    """Return a surface of the bones for pictures: the skin less its soft tissue, smoothed.

    Eye sockets, the opening of the nose and the teeth are not part of it: it is what the tissue
    rests on, not a skull to study.

    Args:
        vertices: [V, 3] metres at rest.
        topology: Connections of the skin.
        depth: [V] metres; by default `soft_tissue_depth`.

    Returns:
        Points [V, 3] metres and the faces [F, 3] that have bone or cartilage under them.
    """
    skin = skin_of(vertices, topology)
    faces = topology.faces[-1]
    depth = soft_tissue_depth(vertices, topology) if depth is None else depth
    inner = skin - vertex_normals(skin, faces).astype(np.float64) * depth[:, None]
    for _ in range(6):
        inner = np.column_stack([_averaged(inner[:, k], faces, rounds=1) for k in range(3)])
    covered = topology.masks["mouth"] < 0.05
    for side in ("left", "right"):
        covered = covered & (topology.masks[f"lid_{side}"] < 0.05)
    return inner, faces[covered[faces].all(1)]


@dataclass(frozen=True, eq=False)
class Mandible:
    """How a lower jaw moves: a hinge through both condyles that glides, and three slides.

    The condyles turn about their axis and slide forward and down on the articular tubercle as the
    mouth opens (Standring, Gray's Anatomy, 41st ed., chapter 32).
    """

    hinge: Points
    """[3] metres: middle of the axis, which runs along X, at rest."""
    open_rad: float
    """Turn about +X at jawOpen 1."""
    glide: Points
    """[3] metres: what the hinge slides at jawOpen 1."""
    slides: Mapping[str, Points]
    """Curve to [3] metres at value 1: jawForward, jawLeft, jawRight."""

    def motion(self, values: npt.ArrayLike, names: Sequence[str]) -> tuple[Points, Points]:
        """Return rotation [3, 3] and translation [3] metres; a point goes to ``R p + t``.

        Args:
            values: [C] curve values, 0..1; curves that do not move the jaw are ignored.
            names: C curve names.

        Raises:
            ContractError: `values` is not as long as `names`.
        """
        row = np.asarray(values, dtype=np.float64)
        if row.shape != (len(names),):
            raise ContractError(
                f"Mandible.motion: values must have shape [{len(names)}], got {list(row.shape)}."
            )
        value = dict(zip(names, row.tolist(), strict=True))
        opened = value.get("jawOpen", 0.0)
        angle = self.open_rad * opened
        c, s = np.cos(angle), np.sin(angle)
        rotation = np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])
        translation = self.hinge - rotation @ self.hinge + opened * self.glide
        for curve, way in self.slides.items():
            translation = translation + value.get(curve, 0.0) * way
        return rotation, translation


MANDIBLE = Mandible(
    hinge=JAW_HINGE,
    open_rad=float(JAW_OPEN_RAD),
    glide=JAW_GLIDE,
    slides={
        "jawForward": np.array([0.0, 0.0, 7.5]) * MM,
        "jawLeft": np.array([8.5, 0.0, 0.0]) * MM,
        "jawRight": np.array([-8.5, 0.0, 0.0]) * MM,
    },
)
"""The jaw of the average head."""


def mandible_of(character: Character) -> Mandible:
    """Return the jaw of any character with our curves, as its lower teeth move.

    The turn about X and the slides are read from the teeth's offsets, so that at value 1 the jaw
    moves exactly as they do; the hinge is the average head's, scaled with the head.
    """
    run = character.part("teeth_lower").vertices
    rest = character.rig.neutral.vertices[run].astype(np.float64)
    opened = rest + character.rig.delta("jawOpen")[run]
    centre, moved = rest.mean(0), opened.mean(0)
    a, b = (rest - centre)[:, 1:], (opened - moved)[:, 1:]
    angle = float(
        np.arctan2((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(), (a * b).sum())
    )  # the best turn of a plane, in closed form
    hinge = JAW_HINGE * head_scale(character.rig.neutral.vertices.astype(np.float64))
    mandible = replace(
        MANDIBLE,
        hinge=hinge,
        open_rad=angle,
        glide=np.zeros(3),
        slides={
            curve: character.rig.delta(curve)[run].astype(np.float64).mean(0)
            for curve in MANDIBLE.slides
        },
    )
    rotation, translation = mandible.motion([1.0], ["jawOpen"])
    return replace(mandible, glide=moved - (rotation @ centre + translation))


def mandible_motion(values: npt.ArrayLike, names: Sequence[str]) -> tuple[Points, Points]:
    """Return rotation [3, 3] and translation [3] of the average head's jaw: `Mandible.motion`."""
    return MANDIBLE.motion(values, names)
