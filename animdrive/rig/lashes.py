"""Upper eyelashes: tapering blades on the lid margin that turn with their lid.

They are 8 to 12 mm long, curve up and are longest beyond the middle of the lid: Na et al. (2006),
"Ethnic characteristics of eyelashes". Ours stand for clumps of hairs: fewer, broader and shorter
seen from in front, so that they still draw as lashes a metre away. Lower lashes, which are
finer than a pixel there, are left to the texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.rig.cage import MM
from animdrive.rig.lids import is_upper
from animdrive.rig.parts import Piece
from animdrive.rig.skin import Skin
from animdrive.rig.surface import Points

_UPPER_COUNT = 42
_LENGTH = 5.2 * MM
_BREADTH = 0.27 * MM
_POINTS_EACH = 7


@dataclass(frozen=True, eq=False)
class Lashes:
    """The left eye's lashes. L blades, 7 vertices each."""

    piece: Piece
    """Their surface, metres."""
    margin: npt.NDArray[np.int64]
    """[K] vertices of the left lid margin, in order around the eye."""
    place: Points
    """[L] where on `margin` each blade stands, a number 0..K with fractions."""


def grown_lashes(skin: Skin, centre: Points) -> Lashes:
    """Return the lashes of the left eye, whose eyeball's middle is `centre` [3]."""
    margin = skin.lids.grid(0, 0)[0][0]
    front = skin.vertices[margin]
    turns = np.arange(len(margin)) / len(margin) * 16
    run = _run(np.flatnonzero(is_upper(turns)), len(margin))
    share = (np.arange(_UPPER_COUNT) + 0.5) / _UPPER_COUNT  # 0 inner corner, 1 outer
    # Neighbours differ a little, by the golden ratio instead of by chance.
    uneven = np.modf(np.arange(_UPPER_COUNT) * 0.618034)[0] - 0.5
    long = np.sin(np.pi * (0.10 + 0.82 * share)) ** 0.6 * (0.85 + 0.15 * share)
    long *= _LENGTH * (1 + 0.16 * uneven)
    places = run[0] + 2.0 + share * (len(run) - 5)
    vertices = [
        _blade(front, float(at), centre, float(size), float(odd))
        for at, size, odd in zip(places, long, uneven, strict=True)
    ]
    faces = [
        (first + a, first + b, first + c)
        for first in range(0, _POINTS_EACH * len(places), _POINTS_EACH)
        for a, b, c in _BLADE_FACES
    ]
    uv = np.full((_POINTS_EACH * len(places), 2), 0.5)
    piece = Piece(np.concatenate(vertices), np.array(faces, dtype=np.int32), uv)
    return Lashes(piece, margin, places)


_BLADE_FACES = tuple(
    face
    for k in range(3)
    for a, b in [(k, (k + 1) % 3)]
    for face in ((a, b, b + 3), (a, b + 3, a + 3), (a + 3, b + 3, 6))
)


def _run(index: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Return the vertices of one lid in order; the upper one runs over the margin's start."""
    gap = np.flatnonzero(np.diff(index) > 1)
    if len(gap):
        index = np.concatenate([index[gap[0] + 1 :], index[: gap[0] + 1] + count])
    return index


def _at(ring: Points, place: float) -> Points:
    """Return [3] the point of the closed run `ring` [K, 3] at `place`."""
    low = int(np.floor(place))
    t = place - low
    return np.asarray((1 - t) * ring[low % len(ring)] + t * ring[(low + 1) % len(ring)])


def _blade(front: Points, place: float, centre: Points, length: float, uneven: float) -> Points:
    """Return [7, 3]: a three-sided blade that leaves the lid's edge forwards and curves away."""
    base = _at(front, place)
    along = _at(front, place + 1) - _at(front, place - 1)
    along /= np.linalg.norm(along)
    out = (base - centre) / np.linalg.norm(base - centre)
    away = np.array([0.0, 1.0, 0.0])
    away -= out * (away @ out)
    away /= np.linalg.norm(away)
    fan = np.array([base[0] - centre[0], 0, 0]) / (14 * MM) * 0.45  # corners fan out sideways
    lean = uneven * 0.16 * along
    root = base - 0.15 * MM * out - 0.1 * MM * away
    middle = root + length * (0.50 * out + 0.10 * away + 0.45 * (fan + lean))
    tip = root + length * (0.72 * out + 0.40 * away + 0.95 * (fan + lean))
    ring = np.array([along, away - 0.5 * along, -away - 0.5 * along]) * _BREADTH
    ring[1:] *= 0.6
    return np.concatenate([root + ring, middle + 0.72 * ring, tip[None]])


def lash_offsets(lashes: Lashes, skin: Skin, offsets: Points, centre: Points) -> Points:
    """Return [7 L, 3] how lashes go with a lid that the curve's `offsets` [V, 3] move.

    Each turns about the eye's middle as its place on the margin does, and goes along with what
    that turn leaves over.
    """
    rest = skin.vertices[lashes.margin]
    moved = rest + offsets[lashes.margin]
    result = np.zeros_like(lashes.piece.vertices)
    if not np.abs(offsets[lashes.margin]).max() > 0:
        return result
    for number, place in enumerate(lashes.place):
        run = slice(_POINTS_EACH * number, _POINTS_EACH * (number + 1))
        start, end = _at(rest, place) - centre, _at(moved, place) - centre
        angle = np.arctan2(start[2], start[1]) - np.arctan2(end[2], end[1])
        # Up about +X for a rising lid: y towards z is negative there.
        turn = np.array(
            [
                [1, 0, 0],
                [0, np.cos(angle), np.sin(angle)],
                [0, -np.sin(angle), np.cos(angle)],
            ]
        )
        local = lashes.piece.vertices[run] - centre
        result[run] = (local - start) @ turn.T + end - local
    return result
