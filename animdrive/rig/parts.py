"""What a face has besides skin: eyeballs, teeth and gums, tongue, ears. Metres, head space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animdrive.rig.arch import Arch, arch_curve
from animdrive.rig.cage import EYE_RADIUS, MM
from animdrive.rig.surface import Faces, Points, smoothstep


@dataclass(frozen=True, eq=False)
class Piece:
    """One separate surface."""

    vertices: Points
    """[V, 3] metres."""
    faces: Faces
    """[F, 3] counter-clockwise."""
    uv: Points
    """[V, 2] in 0..1."""


def grid_faces(rows: int, columns: int, *, closed: bool) -> Faces:
    """Return the triangles of a grid of vertices, row by row; `closed` joins last column to first.

    Seen from outside, rows run upwards and columns to the right.
    """
    faces = []
    for r in range(rows - 1):
        for c in range(columns if closed else columns - 1):
            a, b = r * columns + c, r * columns + (c + 1) % columns
            faces += [(a, b, b + columns), (a, b + columns, a + columns)]
    return np.array(faces, dtype=np.int32)


def joined(pieces: list[Piece]) -> Piece:
    """Return several surfaces as one."""
    start = np.cumsum([0] + [len(piece.vertices) for piece in pieces])
    return Piece(
        np.concatenate([piece.vertices for piece in pieces]),
        np.concatenate([p.faces + s for p, s in zip(pieces, start, strict=False)]).astype(np.int32),
        np.concatenate([piece.uv for piece in pieces]),
    )


def outward(piece: Piece) -> Piece:
    """Return `piece` with its faces turned so that it encloses a positive volume."""
    a, b, c = (piece.vertices[piece.faces[:, k]] for k in range(3))
    centre = piece.vertices.mean(0)
    volume = (np.cross(a - centre, b - centre) * (c - centre)).sum()
    return piece if volume > 0 else Piece(piece.vertices, piece.faces[:, ::-1], piece.uv)


def mirrored(piece: Piece) -> Piece:
    """Return `piece` on the other side of the face."""
    return Piece(piece.vertices * [-1, 1, 1], piece.faces[:, ::-1], piece.uv)


IRIS_RADIUS = 5.9 * MM
"""Half the visible iris diameter of 11.8 mm, Rüfer et al. (2005)."""
_LIMBUS = float(np.arcsin(IRIS_RADIUS / EYE_RADIUS))
_RIM_STEPS = 24
_UV_SCALE = 0.76
IRIS_UV_RADIUS = _LIMBUS / np.pi * _UV_SCALE
"""Radius of the iris on the eye's texture, as a share of its width."""


def eyeball(centre: Points) -> Piece:
    """Return an eye that looks along +Z: rings around the pole, a cornea that bulges 0.9 mm.

    The texture is the eye seen from in front, an azimuthal map: distance from the middle is the
    angle from the pole, π/2 at 0.38. The back half is left off; nobody sees it.
    """
    angles = np.concatenate(
        [
            np.linspace(0, _LIMBUS, 6)[1:],
            np.linspace(_LIMBUS, np.radians(118), 9)[1:],
        ]
    )
    turn = np.arange(_RIM_STEPS) * 2 * np.pi / _RIM_STEPS
    bulge = 0.9 * MM * np.clip(1 - (angles / (_LIMBUS * 1.12)) ** 2, 0, None)
    radius = EYE_RADIUS + bulge
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    rings = [
        np.column_stack([ring * np.sin(angle) * r, np.full(_RIM_STEPS, np.cos(angle) * r)])
        for angle, r in zip(angles, radius, strict=True)
    ]
    front = np.array([[0, 0, EYE_RADIUS + 0.9 * MM]])
    faces = [(0, 1 + c, 1 + (c + 1) % _RIM_STEPS) for c in range(_RIM_STEPS)]
    outer = grid_faces(len(rings), _RIM_STEPS, closed=True)[:, ::-1] + 1
    spread = np.repeat(angles / np.pi, _RIM_STEPS)[:, None] * np.tile(ring, (len(rings), 1))
    uv = 0.5 + np.concatenate([np.zeros((1, 2)), spread]) * _UV_SCALE
    return Piece(
        np.concatenate([front, *rings]) + centre,
        np.concatenate([np.array(faces, dtype=np.int32), outer]).astype(np.int32),
        np.clip(uv, 0, 1),
    )


IRIS_MARKS = (0, *(1 + 4 * _RIM_STEPS + quarter * _RIM_STEPS // 4 for quarter in range(4)))
"""Vertices of an eyeball: the pole, then the iris's rim at +X, +Y, -X, -Y."""

# Mesio-distal width, height of the crown and depth in mm from the middle outwards:
# Wheeler's Dental Anatomy (Nelson 2014), tables 1-1 to 1-8, rounded.
_UPPER_TEETH = (
    (8.5, 10.5, 4.2), (6.6, 9.2, 4.0), (7.5, 10.2, 5.2), (7.0, 8.4, 7.5), (6.8, 8.2, 7.5),
    (9.8, 7.4, 9.5), (9.2, 7.0, 9.0),
)  # fmt: skip
_LOWER_TEETH = (
    (5.2, 8.8, 3.8), (5.7, 9.2, 3.9), (6.8, 10.4, 4.8), (7.0, 8.6, 6.5), (7.2, 8.2, 7.0),
    (10.6, 7.4, 9.0), (10.2, 7.0, 9.0),
)  # fmt: skip


def _arch_walk(arch: Arch, widths: list[float]) -> list[tuple[Points, float]]:
    """Return (place [2] = x, z from the front, heading) of each tooth's middle, millimetres."""
    length, place, _ = arch_curve(arch)
    place = (place - [0, arch.front[2]]) / MM
    places = []
    reach = 0.0
    for width in widths:
        i = int(np.searchsorted(length, (reach + width / 2) * MM))
        reach += width
        along = place[i + 5] - place[max(i - 5, 0)]
        places.append((place[i], float(np.arctan2(along[1], along[0]))))
    return places


def _tooth(width: float, height: float, depth: float, *, kind: int) -> tuple[Points, Faces]:
    """Return one crown: root plane at y = 0, biting edge at y = -height, front towards +Z, mm.

    Rows are horizontal rounded rectangles; incisors thin out to an edge, canines to a point,
    molars keep their depth.
    """
    columns = 10
    turn = np.arange(columns) * 2 * np.pi / columns
    power = 0.55
    outline = np.stack(
        [
            np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power,
            np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power,
        ],
        axis=1,
    )
    edge_depth = (0.30, 0.42, 0.80)[kind]
    rows = []
    for t in (-0.3, 0.1, 0.5, 0.85, 1.0):
        wide = width / 2 * (0.86 + 0.12 * smoothstep(0, 0.6, np.array(t)))
        wide *= 1 - (0.10, 0.45, 0.12)[kind] * max(0.0, t - 0.7) / 0.3
        deep = depth / 2 * (1 + (edge_depth - 1) * max(0.0, t) ** 1.3)
        if t == 1.0:
            wide, deep = wide * 0.90, deep * 0.55
        lean = 0.5 * np.sin(np.pi * np.clip(t, 0, 1))  # the labial face is convex
        # Incisors thin out from behind: their labial face runs down to the edge.
        lean += (0.80, 0.60, 0.15)[kind] * (depth / 2 - deep)
        rows.append(
            np.column_stack(
                [outline[:, 0] * wide, np.full(columns, -t * height), outline[:, 1] * deep + lean]
            )
        )
    points = np.concatenate([*rows, rows[-1].mean(0, keepdims=True) - [0, 0.005 * height, 0]])
    faces = grid_faces(len(rows), columns, closed=True)
    last = (len(rows) - 1) * columns
    cap = [(last + c, last + (c + 1) % columns, len(points) - 1) for c in range(columns)]
    return points, np.concatenate([faces, np.array(cap, dtype=np.int32)]).astype(np.int32)


def teeth(arch: Arch) -> Piece:
    """Return the fourteen crowns of one jaw. v of the texture is 1 at the gum, 0 at the edge."""
    table = _UPPER_TEETH if arch.upper else _LOWER_TEETH
    places = _arch_walk(arch, [w for w, _, _ in table])
    sign = 1.0 if arch.upper else -1.0
    pieces = []
    for number, ((width, height, deep), (place, heading)) in enumerate(
        zip(table, places, strict=True)
    ):
        points, faces = _tooth(width, height, deep, kind=(0, 0, 1, 2, 2, 2, 2)[number])
        along = np.array([np.cos(heading), np.sin(heading)])
        across = np.array([-along[1], along[0]])
        # Edges do not stand at one height: laterals are shorter, molars follow a curve.
        lift = (0.0, 0.7, 0.1, 0.4, 0.4, 0.4, 0.3)[number]
        y = points[:, 1] + height + lift
        flat = points[:, :1] * along + (points[:, 2:] - deep / 2) * across + place
        for side in (1.0, -1.0):
            xyz = np.column_stack([side * flat[:, 0], sign * y, flat[:, 1]])
            xyz[:, 2] -= 0.12 * y * (number < 3)  # the roots of front teeth lie further back
            v = np.clip(1 + points[:, 1] / height, 0, 1)
            u = np.full(len(points), 0.5)
            turned = faces if side * sign > 0 else faces[:, ::-1]
            pieces.append(outward(Piece(xyz * MM + arch.front, turned, np.column_stack([u, v]))))
    return joined(pieces)


def gums(arch: Arch) -> Piece:
    """Return the gum of one jaw: a thick ribbon along the arch that buries the roots."""
    sign = 1.0 if arch.upper else -1.0
    half_width = arch.half_width / MM
    x = np.linspace(-1.10, 1.10, 29) * half_width
    z = arch.behind(x * MM) / MM
    centre = np.column_stack([x, z])
    along = np.gradient(centre, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.column_stack([-along[:, 1], along[:, 0]])
    far = np.abs(x / half_width)
    rows = []
    # (outwards from the arch's middle line, up from the biting edge), mm
    for out, up in (
        (-1.2, 9.4), (0.2, 8.7), (0.6, 10.5), (0.5, 13.8), (-3.0, 16.2), (-8.5, 14.0),
        (-9.5, 9.5), (-7.0, 7.2), (-4.5, 8.4),
    ):  # fmt: skip
        back = smoothstep(0.35, 1.0, far)
        height = up - back * 1.4
        deep = out * (1 + 0.15 * back) - 0.12 * up * (1 - back) * 0.6
        flat = centre + across * deep[:, None]
        rows.append(np.column_stack([flat[:, 0], sign * height, flat[:, 1]]))
    points = np.stack(rows, axis=1).reshape(-1, 3) * MM + arch.front
    count = len(rows)
    faces = grid_faces(len(x), count, closed=True)
    uv = np.column_stack(
        [np.repeat(np.linspace(0, 1, len(x)), count), np.tile(np.linspace(0, 1, count), len(x))]
    )
    return outward(Piece(points, faces, uv))


TONGUE_LENGTH = 50.0 * MM
"""From the tip to where the tongue turns down into the throat."""


def tongue(tip: Points) -> Piece:
    """Return a tongue at rest: `tip` [3] is its foremost point, its root lies 50 mm behind."""
    rows, columns = 18, 20
    pieces = []
    turn = np.arange(columns) * 2 * np.pi / columns
    cos, sin = np.cos(turn), np.sin(turn)
    for k in range(rows):
        t = (k / (rows - 1)) ** 1.25  # 0 tip, 1 root; rows lie closer at the tip
        grow = np.sqrt(np.clip(1 - (1 - min(t / 0.5, 1.0)) ** 2, 0, 1))
        wide = 19.0 * grow * (1 - 0.22 * smoothstep(0.6, 1.0, np.array(t)))
        thick = (2.8 + 5.4 * smoothstep(0.05, 0.8, np.array(t))) * grow
        up = 5.0 * np.sin(np.pi * min(t * 0.85, 1.0)) - 6.0 * smoothstep(0.72, 1.0, np.array(t))
        # Flat above with a furrow along the middle, full below.
        y = thick * np.where(sin > 0, 0.75 * np.abs(sin) ** 0.8, -(np.abs(sin) ** 0.8))
        furrow = grow * (1 - 0.5 * t) * np.exp(-((cos * 4.5) ** 2))
        y = y - np.where(sin > 0, 1.3 * furrow, -0.4 * furrow)
        x = np.sign(cos) * np.abs(cos) ** 0.85 * wide
        z = -TONGUE_LENGTH / MM * t - 3.0 * grow * cos**2 * (1 - t)
        pieces.append(np.column_stack([x, y + up, z * np.ones(columns)]))
    points = np.concatenate(pieces) * MM + tip
    faces = grid_faces(rows, columns, closed=True)
    uv = np.column_stack(
        [np.tile(turn / (2 * np.pi), rows), np.repeat(np.linspace(0, 1, rows), columns)]
    )
    return outward(Piece(points, faces, uv))


def ear(root: Points, *, side: float) -> Piece:
    """Return an ear, 62 by 36 mm, standing off the head; `root` [3] is the ear canal.

    A grid of rings from the canal outwards: concha, antihelix, scapha, the rolled helix, then the
    back of the ear down to the head. `side` is 1 for the left ear, -1 for the right.
    """
    columns = 48
    turn = np.arange(columns) * 2 * np.pi / columns  # 0 forward, π/2 up, π back
    cos, sin = np.cos(turn), np.sin(turn)
    # Outline about the canal, mm: forward is short, up long, the lobe narrow below.
    reach = np.interp(
        np.degrees(turn),
        [0, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 360],
        [7, 12.5, 25, 34, 33, 28, 23.5, 20.5, 20.5, 22.5, 17.5, 9.5, 7],
    )
    kernel = np.array([1, 4, 6, 4, 1]) / 16
    reach = np.convolve(np.concatenate([reach[-2:], reach, reach[:2]]), kernel, "valid")
    upper = smoothstep(-0.35, 0.5, sin)
    back = smoothstep(-0.1, 0.6, -cos)
    rim = np.maximum(upper, back * smoothstep(-0.95, -0.2, sin))  # where the helix rolls
    front = smoothstep(0.2, 0.9, cos)
    tragus = np.exp(-(((np.degrees(turn) - 352) / 22) ** 2)) + np.exp(
        -(((np.degrees(turn) + 8) / 22) ** 2)
    )
    # Height off the plane of the ear at each share of the reach; the plane leans out to the back.
    rows = []
    for r, h in (
        (0.04, -6.0), (0.20, -5.5), (0.36, -4.0), (0.48, 0.0), (0.58, 2.6), (0.70, 2.0),
        (0.80, 0.8), (0.88, 1.6), (0.95, 4.0), (1.0, 4.6), (1.035, 3.2), (1.0, 0.8),
        (0.90, -1.8), (0.72, -4.5), (0.5, -9.0),
    ):  # fmt: skip
        outer = smoothstep(0.82, 0.95, np.array(r))
        height = h * (1 - outer) + h * outer * (0.45 + 0.55 * rim)
        # In front, below the helix's root, the ear has no rim: it runs into the cheek.
        height = height - 8.0 * outer * front * (1 - rim)
        height = height - 4.5 * min(r, 1.0) * smoothstep(0.25, 1.0, -sin)  # the lobe hangs close
        antihelix = (
            np.exp(-(((r - 0.60) / 0.12) ** 2)) * 1.4 * smoothstep(-0.6, 0.4, sin) * (1 - front)
        )
        tragal = tragus * 4.2 * np.exp(-(((r - 0.85) / 0.30) ** 2)) * (r < 1.0)
        anti = (
            2.2
            * np.exp(-(((np.degrees(turn) - 245) / 24) ** 2))
            * np.exp(-(((r - 0.52) / 0.16) ** 2))
        )
        flare = 0.30 * np.clip(-cos, 0, None) * reach * min(r, 1.0)  # the back stands off the head
        rows.append(
            np.column_stack(
                [
                    height + antihelix + tragal + anti + flare + 2.0,
                    sin * reach * r,
                    cos * reach * r,
                ]
            )
        )
    points = np.concatenate(rows)
    tilt = np.radians(-3)  # the long axis leans backwards
    y = points[:, 1] * np.cos(tilt) - points[:, 2] * np.sin(tilt)
    z = points[:, 2] * np.cos(tilt) + points[:, 1] * np.sin(tilt)
    placed = np.column_stack([side * points[:, 0], y, z]) * MM + root
    middle = len(placed)
    placed = np.concatenate([placed, placed[:columns].mean(0, keepdims=True) - [side * MM, 0, 0]])
    faces = grid_faces(len(rows), columns, closed=True)
    cap = np.array([(c, middle, (c + 1) % columns) for c in range(columns)], dtype=np.int32)
    faces = np.concatenate([faces, cap]).astype(np.int32)
    uv = np.column_stack([placed[:, 2], placed[:, 1]])
    uv = (uv - uv.min(0)) / (uv.max(0) - uv.min(0))
    first = placed[faces]
    normal = np.cross(first[:, 1] - first[:, 0], first[:, 2] - first[:, 0])
    ring = slice(6 * columns * 2, 7 * columns * 2)  # the open front must look away from the head
    return Piece(placed, faces if normal[ring, 0].sum() * side > 0 else faces[:, ::-1], uv)
