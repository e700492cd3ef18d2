"""Identity: heads of other people than the one that ships, all from 99 coefficients.

``shaped_character(HeadShape(...))`` is a whole `Character`: skin, ears, eyeballs, teeth, tongue and
all 52 curves follow. The curves are carried over rather than made anew: their offsets are turned
and stretched by the local change of frame, as in Sumner and Popović (2004), "Deformation transfer
for triangle meshes", but with the gradient of the bending of space in place of a triangle's. Points
that touch have the same gradient, so lips that meet on one head meet on all. What lids do at the
eyeball is carried over point by point, through the bending of the place where a lid arrives: closed
stays closed, and every lid keeps its clearance. It costs milliseconds, where making the shapes anew
costs seconds; and it does not depend on thresholds that were set on one head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, Mesh, Rig
from animdrive.contract.head_shape import HEAD_SHAPE_SIZE, HeadControl, HeadShape
from animdrive.errors import InputError
from animdrive.rig.cage import EYE_RADIUS, MM
from animdrive.rig.identity_basis import Fields, Float, ShapeBasis
from animdrive.rig.identity_contact import (
    eye_centres,
    lash_roots,
    mean_of,
    settled,
    teeth_behind_lips,
)
from animdrive.rig.identity_making import load_basis
from animdrive.rig.identity_table import CONTROL_NAMES, NAMED_CONTROLS
from animdrive.rig.surface import Points, smoothstep

Vertices = npt.NDArray[np.float32]

_LID_ZONE = 9 * MM
"""Skin that starts or arrives so near to an eyeball is carried over point by point..."""
_LID_ZONE_END = 16 * MM
"""...and from here on by the local frame; between, both are blended."""
_JAW = ("jawOpen", "jawForward", "jawLeft", "jawRight", "mouthClose")
"""Curves of the mandible are the same for all: teeth, gums and the mouth around them, which it
carries as one, must not part."""


@cache
def head_controls() -> tuple[HeadControl, ...]:
    """Return what each of the 99 coefficients is, in order; the modes with their measured spread.

    A mode's spread is the root mean square of its offset over the skin, mm.
    """
    skin = shape_basis()[len(NAMED_CONTROLS) :]
    rows = []
    for name, offset in zip(CONTROL_NAMES[len(NAMED_CONTROLS) :], skin, strict=True):
        spread = float(np.sqrt((offset.astype(np.float64) ** 2).sum(1).mean()) / MM)
        uneven = "different on both sides" if name.startswith("uneven") else "same on both sides"
        rows.append(
            HeadControl(name, f"smooth mode, {uneven}", "mm", None, round(spread, 3), "judgement")
        )
    return (*NAMED_CONTROLS, *rows)


def head_shape(values: Mapping[str, float]) -> HeadShape:
    """Return the shape with the named coefficients set, in standard deviations, the rest 0.

    Raises:
        InputError: an unknown name, or a value that is no number.
        ContractError: a value beyond ±6.
    """
    coefficients = np.zeros(HEAD_SHAPE_SIZE, dtype=np.float32)
    for name, value in values.items():
        if name not in CONTROL_NAMES:
            raise InputError(
                f"Unknown control '{name}'. 'animdrive rig identity --list' names them all."
            )
        if not np.isfinite(value):
            raise InputError(f"Control '{name}' must be a number, got {value}.")
        coefficients[CONTROL_NAMES.index(name)] = value
    return HeadShape(coefficients)


def shape_basis() -> Fields:
    """Return [99, V, 3] metres: what one standard deviation of each coefficient does to the skin.

    ``base + tensordot(c, shape_basis(), 1)`` is the skin of shape ``c`` but for lids, which
    `skin_of` settles on the eyeball: a second-order correction.
    """
    basis = load_basis()
    skin: Fields = basis.offsets[:, basis.head.part("skin").vertices]
    return skin


def skin_of(coefficients: npt.ArrayLike) -> Vertices:
    """Return [V, 3] metres, the neutral skin of coefficients [99], in about two milliseconds.

    Raises:
        ContractError: not 99 finite numbers within ±6.
    """
    basis = load_basis()
    shape = HeadShape(np.asarray(coefficients, dtype=np.float32))
    skin = basis.head.part("skin").vertices
    return _neutral(basis, shape.coefficients.astype(np.float64), skin).astype(np.float32)


def neutral_of(shape: HeadShape) -> tuple[Vertices, Vertices]:
    """Return vertices [V, 3] of all parts at rest and the eyeballs' centres [2, 3], metres."""
    basis = load_basis()
    c = shape.coefficients.astype(np.float64)
    whole = _whole(basis, c)
    return whole.astype(np.float32), eye_centres(basis, c).astype(np.float32)


def shaped_character(shape: HeadShape) -> Character:
    """Return the head of `shape`: all parts and all 52 curves. Zero is exactly the head that ships.

    Args:
        shape: Whose head.
    """
    basis = load_basis()
    head = basis.head
    c = shape.coefficients.astype(np.float64)
    if not c.any():
        return head
    vertices = _whole(basis, c)
    deltas = _carried_curves(basis, c, vertices)
    neutral = head.rig.neutral
    return replace(
        head,
        rig=Rig(
            neutral=Mesh(vertices.astype(np.float32), neutral.faces, neutral.uv),
            names=head.rig.names,
            deltas=deltas,
        ),
        head_pivot=(head.head_pivot + np.tensordot(c, basis.pivot_moves, 1)).astype(np.float32),
        eye_pivots=eye_centres(basis, c).astype(np.float32),
    )


def _neutral(basis: ShapeBasis, c: Float, run: slice) -> Points:
    """Return [N, 3] metres: a run of vertices at rest, lids settled on the eyeballs."""
    head = basis.head
    start = head.rig.neutral.vertices[run].astype(np.float64)
    offsets = basis.offsets[:, run]
    moved = start + np.tensordot(c.astype(np.float32), offsets, 1)
    for part in head.parts:
        free = part.bone.startswith("eye_") or part.name in basis.rigid_maps
        here = slice(part.vertices.start - run.start, part.vertices.stop - run.start)
        if not free and here.stop <= len(start):
            moved[here] = settled(basis, c, start[here], moved[here])
    return np.asarray(moved)


def _whole(basis: ShapeBasis, c: Float) -> Points:
    """Return [V, 3] metres, all parts at rest."""
    vertices = _neutral(basis, c, slice(0, len(basis.head.rig.neutral.vertices)))
    if not c.any():
        return vertices
    start = basis.head.rig.neutral.vertices
    for lash, root, weight in lash_roots():
        vertices[lash] = start[lash] + mean_of((vertices - start)[root], weight)
    return teeth_behind_lips(basis, vertices)


def _carried_curves(basis: ShapeBasis, c: Float, vertices: Points) -> Fields:
    """Return [52, V, 3] metres: every curve's offsets on the shaped head."""
    head = basis.head
    frame = np.tensordot(c.astype(np.float32), basis.gradients, 1)  # [V, 3, 3]
    deltas: Fields = head.rig.deltas + np.einsum("vij,cvj->cvi", frame, head.rig.deltas)
    for row, name in enumerate(head.rig.names):
        if name in _JAW:
            deltas[row] = head.rig.deltas[row]
    arrivals = _arrivals()
    landed = arrivals.start + np.tensordot(c, arrivals.offsets, 1)
    landed = settled(basis, c, arrivals.start, landed)
    exact = landed - vertices[arrivals.vertex]
    share = arrivals.share[:, None]
    own = deltas[arrivals.curve, arrivals.vertex]
    deltas[arrivals.curve, arrivals.vertex] = own + share * (exact - own)
    for lash, root, weight in lash_roots():
        change = (deltas - head.rig.deltas)[:, root]
        deltas[:, lash] = head.rig.deltas[:, lash] + mean_of(change, weight)
    return deltas


@dataclass(frozen=True, eq=False)
class _Arrivals:
    """Where curves of the eyes take skin beside the eyeballs. N pairs of curve and vertex."""

    curve: npt.NDArray[np.int64]
    """[N]."""
    vertex: npt.NDArray[np.int64]
    """[N]."""
    start: Points
    """[N, 3] metres: where the vertex arrives on the head at zero."""
    offsets: Fields
    """[99, N, 3] metres: how that place moves with the head's shape."""
    share: Float
    """[N] 1 where the place decides, 0 where the local frame does."""


@cache
def _arrivals() -> _Arrivals:
    basis = load_basis()
    head = basis.head
    rest = head.rig.neutral.vertices.astype(np.float64)
    curves, vertices, shares = [], [], []
    soft = np.zeros(len(rest), dtype=bool)
    for part in head.parts:
        soft[part.vertices] = part.name == "skin"
    for row, name in enumerate(head.rig.names):
        offset = head.rig.deltas[row]
        moving = np.flatnonzero(soft & (np.abs(offset).max(1) > 0))
        landing = rest[moving] + offset[moving]
        gap = np.minimum(
            *(
                np.minimum(
                    np.linalg.norm(landing - eye, axis=1),
                    np.linalg.norm(rest[moving] - eye, axis=1),
                )
                for eye in head.eye_pivots
            )
        )
        share = 1 - smoothstep(_LID_ZONE, _LID_ZONE_END, gap - EYE_RADIUS)
        chosen = share > 0
        if not name.startswith("eye"):
            continue
        curves.append(np.full(int(chosen.sum()), row))
        vertices.append(moving[chosen])
        shares.append(share[chosen])
    curve, vertex = np.concatenate(curves), np.concatenate(vertices)
    start = rest[vertex] + head.rig.deltas[curve, vertex]
    offsets = basis.field(start).astype(np.float32)
    return _Arrivals(curve, vertex, start, offsets, np.concatenate(shares))
