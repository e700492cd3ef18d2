"""The fine skin: the cage subdivided, refined where a rounded cage is not enough, unwrapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.rig.cage import (
    LIPS_LOWER_INNER,
    LIPS_LOWER_MIDDLE,
    LIPS_LOWER_NEAR,
    LIPS_LOWER_OUTER,
    LIPS_UPPER_INNER,
    LIPS_UPPER_MIDDLE,
    LIPS_UPPER_NEAR,
    LIPS_UPPER_OUTER,
    MM,
    Cage,
    head_distance,
    onto_head,
)
from animdrive.rig.normals import vertex_normals
from animdrive.rig.surface import (
    Faces,
    Points,
    SmoothField,
    edges_of,
    loop_subdivision,
    smoothstep,
    subdivided_mirror,
)

LEVELS = 2
"""Subdivisions from cage to skin: about 12k vertices."""


@dataclass(frozen=True, eq=False)
class Skin:
    """The fine skin at rest. V vertices; the first ones are the cage's own."""

    vertices: Points
    """[V, 3] metres."""
    faces: Faces
    """[F, 3]."""
    uv: Points
    """[V, 2] in 0..1."""
    mirror: npt.NDArray[np.int32]
    """[V] mirror partner."""
    masks: dict[str, npt.NDArray[np.float64]]
    """Smooth fields [V] in 0..1: "lips", "lips_upper", "lips_lower", "mouth", "lid_left", ..."""
    rings: dict[str, list[int]]
    """Closed runs of fine vertices, in order: "lips_outer", "lips_middle", "lips_near",
    "lips_inner", "mouth_1", "mouth_2"..., "eye_left_0" (lid margin), "eye_left_1"..."""
    behind: npt.NDArray[np.float64]
    """[V] 0 on the face, rising to 1 at the base of the neck."""


def build_skin(cage: Cage) -> Skin:
    """Refine `cage` into the skin."""
    count, faces, mirror = len(cage.vertices), cage.faces, cage.mirror
    refine: Any = None
    rings = _coarse_rings(cage)
    for _ in range(LEVELS):
        matrix, finer = loop_subdivision(count, faces)
        mirror = subdivided_mirror(mirror, faces)
        rings = {name: _finer_ring(ring, count, faces) for name, ring in rings.items()}
        refine = matrix if refine is None else matrix @ refine
        count, faces = matrix.shape[0], finer

    def spread(values: Points) -> Points:
        return np.asarray(refine @ values)

    # Subdivision rounds every landmark inwards; pushing the cage out by what was lost brings the
    # measured face back (a few rounds of this converge to interpolation and stop short of ripples).
    own = len(cage.vertices)
    target, pushed = cage.vertices, cage.vertices.copy()
    for _ in range(3):
        pushed += 0.7 * (target - spread(pushed)[:own])
    vertices = spread(pushed)

    behind = _along_rings(own, cage.rings["skull"])
    behind = np.asarray(spread(behind[:, None])[:, 0])
    outline = vertices[rings["oval"]]
    distance, nearest = cKDTree(outline).query(vertices)
    away = distance * np.sign(behind - 1e-9)
    # The measured outline floats a little off the modelled skull; above the jaw that offset fades
    # out behind it. Below the jaw the skin turns in to the throat at once.
    upper = smoothstep(-30 * MM, 15 * MM, vertices[:, 1])
    level = upper * head_distance(outline)[nearest] * (1 - smoothstep(0.0, 80 * MM, away))
    on_skull = onto_head(vertices, level, steps=12)
    share = upper * smoothstep(0.0, 12 * MM, away) + (1 - upper) * smoothstep(0.0, 40 * MM, away)
    share = share[:, None]
    vertices = vertices + share * (on_skull - vertices)
    vertices = _eased_outline(vertices, faces, away)

    masks = {
        name: np.clip(spread(_indicator(own, index)[:, None])[:, 0], 0, 1)
        for name, index in _mask_sets(cage).items()
    }
    vertices = _carve(vertices)
    vertices = _softened(vertices, faces, vertices[list(MOUTH_CORNERS)], radius=6 * MM, rounds=5)
    vertices = (vertices + vertices[mirror] * [-1, 1, 1]) / 2
    uv = spread(_unwrapped(cage))
    return Skin(vertices, faces, _into_square(uv), mirror, masks, rings, behind)


MOUTH_CORNERS = (61, 291)


def _softened(
    vertices: Points, faces: Faces, centres: Points, *, radius: float, rounds: int
) -> Points:
    """Iron out the creases around `centres` [N, 3], where many rings of the cage crowd together."""
    edges, _ = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    count = np.bincount(both[:, 0], minlength=len(vertices))[:, None]
    distance = cKDTree(centres).query(vertices)[0]
    share = (0.6 * (1 - smoothstep(0.4 * radius, radius, distance)))[:, None]
    for _ in range(rounds):
        total = np.zeros_like(vertices)
        np.add.at(total, both[:, 0], vertices[both[:, 1]])
        vertices = vertices + share * (total / count - vertices)
    return vertices


def _eased_outline(vertices: Points, faces: Faces, away: npt.NDArray[np.float64]) -> Points:
    """Bridge the measured face and the modelled skull with the smoothest sheet there is.

    `away` [V] is the distance from the face's outline, metres, negative on the face.
    """
    upper = smoothstep(-20 * MM, 20 * MM, vertices[:, 1])
    bridge = (away > -(8 + 14 * upper) * MM) & (away < (16 + 20 * upper) * MM)
    known = np.flatnonzero(~bridge)
    sheet = SmoothField(vertices, faces, order=2).solve(known, vertices[known])
    # Landmarks keep their place on the surface: only the way along the normal is taken.
    normal = vertex_normals(sheet, faces).astype(np.float64)
    return np.asarray(vertices + ((sheet - vertices) * normal).sum(1, keepdims=True) * normal)


def _coarse_rings(cage: Cage) -> dict[str, list[int]]:
    rings = {
        "lips_outer": [*LIPS_UPPER_OUTER, *LIPS_LOWER_OUTER[-2:0:-1]],
        "lips_middle": [*LIPS_UPPER_MIDDLE, *LIPS_LOWER_MIDDLE[-2:0:-1]],
        "lips_near": [*LIPS_UPPER_NEAR, *LIPS_LOWER_NEAR[-2:0:-1]],
        "lips_inner": [*LIPS_UPPER_INNER, *LIPS_LOWER_INNER[-2:0:-1]],
    }
    rings["oval"] = list(cage.rings["skull"][0])
    # The builder's rings follow the rim's own order; the lips' rings start at the right corner.
    rim = cage.rings["mouth"][0]
    order = [rim.index(vertex) for vertex in rings["lips_inner"]]
    for step, ring in enumerate(cage.rings["mouth"][1:], start=1):
        rings[f"mouth_{step}"] = [ring[i] for i in order]
    for side in ("left", "right"):
        for step, ring in enumerate(cage.rings[f"eye_{side}"]):
            rings[f"eye_{side}_{step}"] = list(ring)
    return rings


def _finer_ring(ring: list[int], count: int, faces: Faces) -> list[int]:
    """Return `ring` with the middles of its edges, as `loop_subdivision` numbers them."""
    edges, _ = edges_of(faces)
    index = {(int(a), int(b)): count + i for i, (a, b) in enumerate(edges)}
    finer = []
    for here, there in zip(ring, [*ring[1:], ring[0]], strict=True):
        finer += [here, index[(here, there) if here < there else (there, here)]]
    return finer


def _indicator(count: int, index: list[int]) -> npt.NDArray[np.float64]:
    values = np.zeros(count)
    values[index] = 1
    return values


def _along_rings(count: int, rings: list[list[int]]) -> npt.NDArray[np.float64]:
    values = np.zeros(count)
    for step, ring in enumerate(rings):
        values[ring] = step / (len(rings) - 1)
    return values


def _mask_sets(cage: Cage) -> dict[str, list[int]]:
    """Return which cage vertices each mask is 1 on."""
    upper = [v for ring in (LIPS_UPPER_NEAR, LIPS_UPPER_INNER) for v in ring]
    lower = [v for ring in (LIPS_LOWER_NEAR, LIPS_LOWER_INNER) for v in ring]
    upper += LIPS_UPPER_MIDDLE + LIPS_UPPER_OUTER
    lower += LIPS_LOWER_MIDDLE + LIPS_LOWER_OUTER
    inside = [v for ring in cage.rings["mouth"] for v in ring]
    bag = [v for ring in cage.rings["mouth"][2:] for v in ring] + [max(inside) + 1]
    first = cage.rings["mouth"][1]
    height = cage.vertices[first, 1]
    middle = np.median(height)
    return {
        "lips": sorted({*upper, *lower, *first}),
        "lips_upper": sorted(
            {*upper, *(v for v, y in zip(first, height, strict=True) if y > middle)}
        ),
        "lips_lower": sorted(
            {*lower, *(v for v, y in zip(first, height, strict=True) if y < middle)}
        ),
        "mouth": bag,
        "lid_left": [v for ring in cage.rings["eye_left"][1:] for v in ring],
        "lid_right": [v for ring in cage.rings["eye_right"][1:] for v in ring],
    }


NOSTRIL_CENTRE = np.array([7.2, -3.6, 8.0]) * MM
"""Middle of the left nostril's opening."""


def _carve(vertices: Points) -> Points:
    """Press in the nostrils, which tracked landmarks do not show."""
    carved = vertices.copy()
    for side in (1, -1):
        centre = NOSTRIL_CENTRE * [side, 1, 1]
        away = (vertices - centre) / (np.array([3.6, 5.0, 5.2]) * MM)
        depth = np.exp(-(away**2).sum(1) * 1.6)
        carved += depth[:, None] * np.array([-0.4 * side, 5.5, -1.0]) * MM
    return carved


def _unwrapped(cage: Cage) -> Points:
    """Return [V, 2] metres: the cage rolled out flat, seamless, holes and outline included.

    The face is unrolled from a cylinder about the head's axis; each ring behind it lies outside
    the one before; rings of lids and mouth shrink into their openings.
    """
    axis_z = -95 * MM
    points = cage.vertices.copy()
    open_by = 2.6 * MM
    for lips, share in ((LIPS_UPPER_INNER, 1.0), (LIPS_UPPER_NEAR, 0.55), (LIPS_UPPER_MIDDLE, 0.2)):
        points[list(lips[1:-1]), 1] += open_by * share
    for lips, share in ((LIPS_LOWER_INNER, 1.0), (LIPS_LOWER_NEAR, 0.55), (LIPS_LOWER_MIDDLE, 0.2)):
        points[list(lips[1:-1]), 1] -= open_by * share
    flat = np.stack(
        [np.arctan2(points[:, 0], points[:, 2] - axis_z) * 92 * MM, points[:, 1] * 1.06], axis=1
    )
    rings = cage.rings
    for name in ("eye_left", "eye_right", "mouth"):
        rim = rings[name][0]
        middle = flat[rim].mean(0)
        for step, ring in enumerate(rings[name]):
            flat[ring] = middle + (flat[rim] - middle) * (1 - step / (len(rings[name]) + 0.5))
    flat[max(rings["mouth"][-1]) + 1] = flat[rings["mouth"][-1]].mean(0)

    outline = rings["skull"][0]
    middle = flat[outline].mean(0)
    outward = flat[outline] - middle
    # The outermost ring is nearly a square's inscribed circle; rings between are eased to it.
    last = outward / np.linalg.norm(outward, axis=1, keepdims=True) * 165 * MM
    for step, ring in enumerate(rings["skull"]):
        t = step / (len(rings["skull"]) - 1)
        flat[ring] = middle + (1 - t) * outward + t * last
    return np.asarray(flat)


def _into_square(flat: Points) -> Points:
    """Return `flat` [V, 2] moved and scaled alike in both directions into 0.01..0.99."""
    low, high = flat.min(0), flat.max(0)
    return np.asarray(0.5 + (flat - (low + high) / 2) / (high - low).max() * 0.98)
