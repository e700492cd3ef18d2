"""The fine skin: the cage subdivided, refined where a rounded cage is not enough, unwrapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.rig.arch import dental_arches
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
from animdrive.rig.lattice import Lattice, ring_lattice
from animdrive.rig.lids import formed_lids, lid_lattice_rings
from animdrive.rig.mouth_bag import INNER, RINGS, lined_mouth
from animdrive.rig.normals import vertex_normals
from animdrive.rig.relief import ear_canal, ear_hollows, mouth_relief, neck_relief, nostrils
from animdrive.rig.surface import (
    Faces,
    Points,
    SmoothField,
    edges_of,
    loop_subdivision,
    smoothstep,
    subdivided_mirror,
)
from animdrive.rig.unwrap import texture_shares, unwrapped

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
    lattice: Lattice
    """Where the vertices of lips and mouth lie on them, see `animdrive.rig.mouth_bag`."""
    lids: Lattice
    """Where the vertices around the left eye lie, see `animdrive.rig.lids`."""
    canal: Points
    """[3] where the left ear stands."""

    @property
    def stomion(self) -> Points:
        """[3] the middle of the slit between the lips."""
        ring = self.rings["lips_inner"]
        return np.asarray(self.vertices[[ring[len(ring) // 4], ring[len(ring) * 3 // 4]]].mean(0))


def build_skin(cage: Cage) -> Skin:
    """Refine `cage` into the skin."""
    count, faces, mirror = len(cage.vertices), cage.faces, cage.mirror
    refine: Any = None
    rings = _coarse_rings(cage)
    levels, mirrors = [faces], [mirror]
    for _ in range(LEVELS):
        matrix, finer = loop_subdivision(count, faces)
        mirror = subdivided_mirror(mirror, faces)
        levels, mirrors = [*levels, finer], [*mirrors, mirror]
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
    vertices = _evened(vertices, faces, away, level)
    vertices = _eased_outline(vertices, faces, away)

    masks = {
        name: np.clip(spread(_indicator(own, index)[:, None])[:, 0], 0, 1)
        for name, index in _mask_sets(cage).items()
    }
    canal = ear_canal(vertices)
    vertices = neck_relief(vertices, behind)
    vertices = ear_hollows(mouth_relief(nostrils(vertices)), behind)
    vertices = _softened(vertices, faces, vertices[list(MOUTH_CORNERS)], radius=6 * MM, rounds=5)
    throat = max(cage.rings["mouth"][-1]) + 1  # the cage caps its last ring there
    coarse = _coarse_rings(cage)
    lips = [coarse[name] for name in RINGS]
    lattice = ring_lattice(lips, levels[:-1], first=-INNER, cap=throat)
    stomion = vertices[rings["lips_inner"]][[len(rings["lips_inner"]) // 4 * k for k in (1, 3)]]
    vertices = lined_mouth(vertices, lattice, dental_arches(stomion.mean(0)))
    lids = ring_lattice(lid_lattice_rings(cage.rings["eye_left"]), levels[:-1], first=-2)
    left = formed_lids(vertices, lids, cage.eye_centres[0])
    vertices[lids.vertices] = left[lids.vertices]
    vertices[mirror[lids.vertices]] = left[lids.vertices] * [-1, 1, 1]
    vertices = (vertices + vertices[mirror] * [-1, 1, 1]) / 2
    uv = unwrapped(levels, vertices, mirrors, *texture_shares(vertices, masks, behind))
    return Skin(vertices, faces, uv, mirror, masks, rings, behind, lattice, lids, canal)


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


def _evened(
    vertices: Points,
    faces: Faces,
    away: npt.NDArray[np.float64],
    level: npt.NDArray[np.float64],
) -> Points:
    """Even out the rows behind the face's outline, where the cage bunches and shears them.

    The rows are spread like a thin plate of the mesh's own grid (uniform weights: Taubin 1995, "A
    signal processing approach to fair surface design"), then laid back onto the head, `level` [V]
    off it. Below the ears nothing moves.
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    free = np.flatnonzero((away > 1e-9) & (away < 70 * MM))
    known = np.setdiff1d(np.arange(len(vertices)), free)
    edges, _ = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    links = sparse.csr_matrix(
        (np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(len(vertices),) * 2
    )
    count = np.asarray(links.sum(1)).ravel()
    bend = sparse.eye(len(vertices)) - sparse.diags(1 / count) @ links
    energy = (bend.T @ bend + 0.02 * (sparse.diags(count) - links) / 6).tocsr()[free]
    spread = vertices.copy()
    spread[free] = splu(energy[:, free].tocsc()).solve(-(energy[:, known] @ vertices[known]))
    spread[free] = onto_head(spread[free], level[free], steps=8)
    share = smoothstep(-15 * MM, 25 * MM, vertices[:, 1])[:, None]
    return np.asarray(vertices + share * (spread - vertices))


def _eased_outline(vertices: Points, faces: Faces, away: npt.NDArray[np.float64]) -> Points:
    """Bridge the measured face and the modelled skull smoothly.

    Below the ears the skin between is bent like a sheet; above, where the cage's triangles are
    sheared, the bridge is a thin-plate spline (Duchon 1977) of the distance from the head's
    middle over the directions from there, which knows nothing of triangles.

    Args:
        vertices: [V, 3] metres.
        faces: [F, 3].
        away: [V] distance from the face's outline, metres, negative on the face.
    """
    from scipy.interpolate import RBFInterpolator  # slow to load; a head is rarely made anew

    upper = smoothstep(-20 * MM, 20 * MM, vertices[:, 1])
    bridge = (away > -(8 + 14 * upper) * MM) & (away < (16 + 20 * upper) * MM)
    known = np.flatnonzero(~bridge)
    sheet = SmoothField(vertices, faces, order=2).solve(known, vertices[known])
    # Landmarks keep their place on the surface: only the way along the normal is taken.
    normal = vertex_normals(sheet, faces).astype(np.float64)
    eased = vertices + ((sheet - vertices) * normal).sum(1, keepdims=True) * normal

    middle = np.array([0, 30, -92]) * MM
    out = vertices - middle
    far = np.linalg.norm(out, axis=1)
    brow = smoothstep(55 * MM, 80 * MM, vertices[:, 1])
    gap = (away > -(20 + 4 * brow) * MM) & (away < 38 * MM)
    near = (away > -45 * MM) & (away < 85 * MM) & (vertices[:, 1] > -45 * MM)
    samples = np.flatnonzero(near & ~gap)
    samples = samples[:: max(1, len(samples) // 900)]
    spline = RBFInterpolator(
        out[samples] / far[samples, None], far[samples], kernel="thin_plate_spline", smoothing=1e-5
    )
    wanted = np.flatnonzero(gap & (upper > 0))
    towards = out[wanted] / far[wanted, None]
    bridged = middle + towards * spline(towards)[:, None]
    edge = (20 + 4 * brow[wanted]) * MM
    fade = smoothstep(0.0, 15 * MM, away[wanted] + edge)
    fade *= 1 - smoothstep(28 * MM, 38 * MM, away[wanted])
    eased[wanted] += (upper[wanted] * fade)[:, None] * (bridged - eased[wanted])
    return np.asarray(eased)


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
