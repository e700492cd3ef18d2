"""Levels of detail: the same face with fewer or more vertices, and exact ways between.

The vertices of a level are the first ones of the next, at the same places to the bit and with the
same texture coordinates, so that curves, captures and pictures go from one level to another.

============  =============  ======================================================
"low"         3,107 skin     for games and crowds
"standard"    12,295 skin    what the head is made at
"high"        42,900 skin    face, ears and the front of the neck twice as fine
============  =============  ======================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Literal, get_args
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

from animdrive.contract import Character, Mesh, Part, Rig
from animdrive.errors import InputError
from animdrive.rig.butterfly import butterfly, halved_mirror, red_green, straight
from animdrive.rig.surface import Faces, edges_of
from animdrive.rig.topology import SkinTopology, load_topology

Level = Literal["low", "standard", "high"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the coarsest to the finest."""

Floats = npt.NDArray[np.float32]
Index = npt.NDArray[np.int32]

_FINE_PARTS = ("ear_left", "ear_right")
"""Parts beside the skin that "high" refines, too."""
_FRONT = -0.15
"""How far around the neck "high" is fine: 1 below the chin, -1 at the nape."""


@dataclass(frozen=True, eq=False)
class Lod:
    """One level of the skin. V vertices, S of the standard level, N that both have."""

    level: Level
    """Its name."""
    faces: Faces
    """[F, 3] counter-clockwise."""
    mirror: Index
    """[V] mirror partner."""
    up: Any
    """Sparse [V, S]: shapes of this level from those of the standard one; smooth."""
    blend: Any
    """Sparse [V, S]: the same for weights and texture coordinates; plain middles."""
    down: Index
    """[N] vertices of this level that are the standard's vertices 0..N-1."""

    @property
    def count(self) -> int:
        """V."""
        return int(self.up.shape[0])

    def refined(self, values: npt.ArrayLike) -> Floats:
        """Return [..., V, K] of shapes or offsets [..., S, K] of the standard level.

        Vertices that both levels have keep their values to the bit.
        """
        return _applied(self.up, values)

    def reduced(self, values: npt.ArrayLike) -> Floats:
        """Return [..., N, K], the standard's first vertices out of `values` [..., V, K]."""
        return np.ascontiguousarray(np.asarray(values, dtype=np.float32)[..., self.down, :])


def _applied(matrix: Any, values: npt.ArrayLike) -> Floats:
    stack = np.asarray(values, dtype=np.float32)
    if stack.ndim < 2 or stack.shape[-2] != matrix.shape[1]:
        raise InputError(
            f"Levels of detail start from [..., {matrix.shape[1]}, K] values of the standard "
            f"skin, got {list(stack.shape)}."
        )
    lead, (count, width) = stack.shape[:-2], stack.shape[-2:]
    flat = np.moveaxis(stack.reshape(-1, count, width), 0, 1).reshape(count, -1)
    made = (matrix @ flat).reshape(matrix.shape[0], -1, width)
    return np.ascontiguousarray(np.moveaxis(made, 1, 0).reshape(*lead, matrix.shape[0], width))


def check_level(level: str) -> Level:
    """Return `level` if there is such a one.

    Raises:
        InputError: there is not.
    """
    for known in LEVELS:
        if level == known:
            return known
    raise InputError(f"Unknown level of detail '{level}'. Known: {', '.join(LEVELS)}.")


@cache
def load_lod(level: str) -> Lod:
    """Return a level of our head's skin; the same object every time.

    Raises:
        InputError: an unknown level.
        WeightsError: the head's file is missing, altered or from another version.
    """
    known = check_level(level)
    topology = load_topology()
    count = len(topology.mirror)
    whole = sparse.identity(count, dtype=np.float32, format="csr")
    if known == "standard":
        return Lod(known, topology.faces[-1], topology.mirror, whole, whole, _first(count))
    if known == "low":
        faces = topology.faces[-2]
        kept = int(faces.max()) + 1
        first = whole[:kept]
        return Lod(known, faces, topology.mirror[:kept], first, first, _first(kept))
    standard = topology.faces[-1]
    faces, edges = red_green(standard, count, _wanted(topology))
    up = butterfly(standard, count, edges).astype(np.float32)
    blend = straight(count, edges).astype(np.float32)
    mirror = halved_mirror(topology.mirror, edges)
    return Lod(known, faces, mirror, up, blend, _first(count))


def _first(count: int) -> Index:
    return np.arange(count, dtype=np.int32)


def _wanted(topology: SkinTopology) -> npt.NDArray[np.bool_]:
    """Return [F] which standard triangles "high" splits: not scalp, nape, deep mouth, under lids.

    Chosen by connections alone, so that every identity has the same.
    """
    coarse = (topology.behind > 0.02) & (_frontness(topology) < _FRONT)
    coarse |= topology.masks["mouth"] > 0.85
    coarse |= np.maximum(topology.masks["lid_left"], topology.masks["lid_right"]) > 0.98
    coarse &= coarse[topology.mirror]
    return np.asarray(~coarse[topology.faces[-1]].all(1))


def _frontness(topology: SkinTopology) -> npt.NDArray[np.float64]:
    """Return [V] 1 on the meridian of the chin, -1 on that of the forehead, behind the face.

    A harmonic field over the graph: Tutte's weights, known along the face's outline.
    """
    ring = topology.rings["oval"]
    top = int(np.flatnonzero(ring == 10)[0])  # MediaPipe's landmark in the middle of the forehead
    values = -np.cos(2 * np.pi * (np.arange(len(ring)) - top) / len(ring))
    edges, _ = edges_of(topology.faces[-1])
    count = len(topology.mirror)
    ones = np.ones(len(edges))
    pairs = sparse.coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    adjacency = (pairs + pairs.T).tocsr()
    stiffness = sparse.diags(np.asarray(adjacency.sum(1)).ravel()) - adjacency
    free = np.setdiff1d(np.arange(count), ring)
    rows = stiffness.tocsr()[free]
    field = np.zeros(count)
    field[ring] = values
    field[free] = splu(rows[:, free].tocsc()).solve(-(rows[:, ring] @ values))
    return field


_made: WeakKeyDictionary[Character, dict[Level, Character]] = WeakKeyDictionary()


def character_at(character: Character, level: str) -> Character:
    """Return `character` at a level of detail, made once and kept as long as it lives.

    Parts beside the skin stay, but for the ears, which "high" refines. Landmarks that a level does
    not have would be left out; all 478 lie on every level.

    Args:
        character: Our head or one deformed from it, at the standard level.
        level: "low", "standard" or "high".

    Raises:
        InputError: an unknown level, or a character with another skin.
    """
    known = check_level(level)
    if known == "standard":
        return character
    kept = _made.setdefault(character, {})
    if known not in kept:
        kept[known] = _built(character, load_lod(known))
    return kept[known]


def vertices_at(character: Character, level: str, vertices: npt.ArrayLike) -> Floats:
    """Return vertices [..., V', 3] of a level for `vertices` [..., V, 3] of the standard one.

    Args:
        character: Whose vertices they are, at the standard level.
        level: "low", "standard" or "high".
        vertices: Of all parts, in the order of `character_at`.

    Raises:
        InputError: an unknown level, or vertices of another character.
    """
    given = np.asarray(vertices, dtype=np.float32)
    count = len(character.rig.neutral.vertices)
    if given.ndim < 2 or given.shape[-2:] != (count, 3):
        raise InputError(
            f"A level is made of vertices [..., {count}, 3] of the standard one, got "
            f"{list(given.shape)}."
        )
    if check_level(level) == "standard":
        return given
    lod = load_lod(level)
    faces = character.rig.neutral.faces
    pieces = []
    for part in character.parts:
        made = _part_level(part, faces[part.faces] - part.vertices.start, lod)
        pieces.append(_applied(made.up, given[..., part.vertices, :]))
    return np.concatenate(pieces, axis=-2)


@dataclass(frozen=True, eq=False)
class _PartLevel:
    """How one part goes over: faces counted within it, and the matrices for its vertices."""

    faces: Faces
    up: Any
    blend: Any


def _part_level(part: Part, faces: Faces, lod: Lod) -> _PartLevel:
    count = part.vertices.stop - part.vertices.start
    if part.name == "skin":
        return _PartLevel(lod.faces, lod.up, lod.blend)
    if part.name in _FINE_PARTS and lod.level == "high":
        return _all_finer(np.ascontiguousarray(faces, dtype=np.int32).tobytes(), count)
    whole = sparse.identity(count, dtype=np.float32, format="csr")
    return _PartLevel(faces, whole, whole)


@lru_cache(maxsize=8)
def _all_finer(faces: bytes, count: int) -> _PartLevel:
    own = np.frombuffer(faces, dtype=np.int32).reshape(-1, 3)
    finer, edges = red_green(own, count, np.ones(len(own), dtype=bool))
    up = butterfly(own, count, edges).astype(np.float32)
    return _PartLevel(finer, up, straight(count, edges).astype(np.float32))


def _built(character: Character, lod: Lod) -> Character:
    rig = character.rig
    skin = next((part for part in character.parts if part.name == "skin"), None)
    fits = skin is not None and skin.vertices.stop - skin.vertices.start == lod.up.shape[1]
    if not fits:
        raise InputError(
            f"Levels of detail are made of a skin of {lod.up.shape[1]} vertices, connected as our "
            f"own; this character has another one. Use level 'standard'."
        )
    parts: list[Part] = []
    faces: list[Faces] = []
    ups, blends = [], []
    count = face = 0
    for part in character.parts:
        own = rig.neutral.faces[part.faces] - part.vertices.start
        made = _part_level(part, own, lod)
        faces.append(made.faces + count)
        ups.append(made.up)
        blends.append(made.blend)
        vertices = slice(count, count + int(made.up.shape[0]))
        span = slice(face, face + len(made.faces))
        parts.append(replace(part, vertices=vertices, faces=span))
        count, face = vertices.stop, span.stop
    up = sparse.block_diag(ups, format="csr", dtype=np.float32)
    blend = sparse.block_diag(blends, format="csr", dtype=np.float32)
    home = _homes(character, parts)
    landmarks = home[character.landmarks]
    neutral = Mesh(
        vertices=_applied(up, rig.neutral.vertices),
        faces=np.concatenate(faces),
        uv=np.clip(_applied(blend, rig.neutral.uv), 0, 1),
    )
    weight = np.clip(_applied(blend, character.head_weight[:, None])[:, 0], 0, 1)
    return replace(
        character,
        rig=Rig(neutral=neutral, names=rig.names, deltas=_applied(up, rig.deltas)),
        parts=tuple(parts),
        head_weight=weight,
        landmarks=landmarks[landmarks >= 0],
        regions={name: _region(index, blend) for name, index in character.regions.items()},
    )


def _homes(character: Character, parts: list[Part]) -> Index:
    """Return [V] where each standard vertex is at the level, -1 where it is not."""
    home = np.full(len(character.rig.neutral.vertices), -1, dtype=np.int32)
    for before, after in zip(character.parts, parts, strict=True):
        shared = min(
            before.vertices.stop - before.vertices.start, after.vertices.stop - after.vertices.start
        )
        start = before.vertices.start
        home[start : start + shared] = after.vertices.start + np.arange(shared)
    return home


def _region(index: Index, blend: Any) -> Index:
    """Return the vertices of a region; a middle belongs to it if both its ends do."""
    inside = np.zeros(blend.shape[1], dtype=np.float32)
    inside[index] = 1
    return np.flatnonzero(blend @ inside > 0.75).astype(np.int32)
