"""The coarse skin: the measured face, carried on into lids, mouth, skull and neck.

Numbers are metres in the frame of the mean face: +Y up, +Z forward, origin at the nose bridge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.rig.surface import Faces, Points, boundary_loops, smoothstep

MM = 1e-3

EYE_RADIUS = 12.0 * MM
"""Radius of the eyeball: 24 mm axial length, Bekerman et al. (2014)."""
LID_THICKNESS = 1.4 * MM
"""Lid margin in front of the eyeball."""

LIPS_UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LIPS_LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
OVAL_TOP = 10


@dataclass(frozen=True, eq=False)
class Cage:
    """The coarse skin. V vertices, the first 468 being MediaPipe's landmarks."""

    vertices: Points
    """[V, 3] metres."""
    faces: Faces
    """[F, 3]."""
    mirror: npt.NDArray[np.int32]
    """[V] mirror partner of every vertex."""
    eye_centres: Points
    """[2, 3] left, right."""
    rings: dict[str, list[list[int]]]
    """For "eye_left", "eye_right", "mouth", "skull": the rim on the face, then the rings added to
    it one after the other, all in the same order."""


class _Builder:
    """Grows rings on the rim of a mesh, left and right alike."""

    def __init__(self, vertices: Points, faces: Faces, mirror: npt.NDArray[np.int32]) -> None:
        self.vertices = [np.array(v, dtype=np.float64) for v in vertices]
        self.faces = [tuple(int(i) for i in f) for f in faces]
        self.mirror = {i: int(m) for i, m in enumerate(mirror)}

    def ring(self, rim: list[int], points: Points) -> list[int]:
        """Join a new ring at `points` to `rim`; both run along the rim's own faces."""
        first = len(self.vertices)
        new = [first + i for i in range(len(rim))]
        self.vertices += [np.array(p, dtype=np.float64) for p in points]
        for i, here in enumerate(rim):
            after = (i + 1) % len(rim)
            self.faces += self._quad(rim[after], here, new[i], new[after])
        return new

    def _quad(self, a: int, b: int, c: int, d: int) -> list[tuple[int, int, int]]:
        # Cut along the diagonal that leans the same way on both sides of the face.
        x = np.mean([self.vertices[v][0] for v in (a, b, c, d)])
        return [(a, b, d), (b, c, d)] if x > 0 else [(a, b, c), (a, c, d)]

    def cap(self, rim: list[int], point: Points) -> int:
        """Close `rim` with a fan around a new vertex."""
        centre = len(self.vertices)
        self.vertices.append(np.array(point, dtype=np.float64))
        for i, here in enumerate(rim):
            self.faces.append((rim[(i + 1) % len(rim)], here, centre))
        return centre


def build_cage(landmarks: Points, faces: Faces, mirror: npt.NDArray[np.int32]) -> Cage:
    """Return the skin of a whole head around the measured face `landmarks` [468, 3]."""
    face = landmarks.astype(np.float64).copy()
    loops = boundary_loops(faces)
    rim = {
        "oval": next(loop for loop in loops if OVAL_TOP in loop),
        "mouth": next(loop for loop in loops if 13 in loop),
        "eye_left": next(loop for loop in loops if 263 in loop),
        "eye_right": next(loop for loop in loops if 33 in loop),
    }
    _close_lips(face)
    _fill_lips(face)
    centres = np.array([_eye_centre(face[rim[f"eye_{side}"]]) for side in ("left", "right")])
    builder = _Builder(face, faces, mirror)
    rings: dict[str, list[list[int]]] = {}
    for side, centre in zip(("left", "right"), centres, strict=True):
        name = f"eye_{side}"
        _rest_on_eyeball(builder.vertices, rim[name], centre)
        rings[name] = [rim[name], *_lid_rings(builder, rim[name], centre)]
    rings["mouth"] = [rim["mouth"], *_mouth_rings(builder, rim["mouth"])]
    rings["skull"] = [rim["oval"], *_skull_rings(builder, rim["oval"])]
    vertices = np.array(builder.vertices)
    return Cage(
        vertices=vertices,
        faces=np.array(builder.faces, dtype=np.int32),
        mirror=_mirror_of(vertices),
        eye_centres=centres,
        rings=rings,
    )


def _mirror_of(vertices: Points) -> npt.NDArray[np.int32]:
    from scipy.spatial import cKDTree

    distance, partner = cKDTree(vertices).query(vertices * [-1, 1, 1])
    if distance.max() > 1e-6 or len(set(partner)) != len(vertices):
        raise AssertionError(f"cage is not symmetric: {distance.max() * 1e3:.3f} mm")
    return np.asarray(partner, dtype=np.int32)


def _close_lips(face: Points) -> None:
    """Press the inner lips together: subdivision rounds them apart again by as much."""
    for upper, lower in zip(LIPS_UPPER_INNER[1:-1], LIPS_LOWER_INNER[1:-1], strict=True):
        middle = (face[upper] + face[lower]) / 2
        press = np.array([0, 0.05 * MM, 0])
        face[upper], face[lower] = middle - press, middle + press


LIPS_UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LIPS_UPPER_MIDDLE = (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306)
LIPS_UPPER_NEAR = (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292)
LIPS_LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
LIPS_LOWER_MIDDLE = (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306)
LIPS_LOWER_NEAR = (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292)


def _fill_lips(face: Points) -> None:
    """Give the vermilion its roundness back: tracked points lie flatter than lips are."""
    along = np.sin(np.linspace(0, np.pi, 11)) ** 0.7
    for ring, forward, down in (
        (LIPS_UPPER_MIDDLE, 0.4, 0.2),
        (LIPS_UPPER_NEAR, 0.9, 0.0),
        (LIPS_UPPER_INNER, 0.4, 0.0),
        (LIPS_UPPER_OUTER, 0.0, -0.3),
        (LIPS_LOWER_MIDDLE, 1.2, 0.4),
        (LIPS_LOWER_NEAR, 1.5, 0.0),
        (LIPS_LOWER_INNER, 0.4, 0.0),
        (LIPS_LOWER_OUTER, 0.1, 0.6),
    ):
        for vertex, share in zip(ring, along, strict=True):
            face[vertex] += np.array([0, -down * MM, forward * MM]) * share
    for vertex, up in ((0, -0.6), (37, 0.5), (267, 0.5), (39, 0.2), (269, 0.2)):  # Cupid's bow
        face[vertex, 1] += up * MM


def _eye_centre(loop: Points) -> Points:
    """Return the centre of the eyeball on which the lid margin `loop` [16, 3] rests."""
    x, y = (loop[:, 0].min() + loop[:, 0].max()) / 2, loop[:, 1].mean()
    reach = EYE_RADIUS + LID_THICKNESS
    beside = (loop[:, 0] - x) ** 2 + (loop[:, 1] - y) ** 2
    inside = beside < (0.75 * reach) ** 2
    depth = loop[inside, 2] - np.sqrt(reach**2 - beside[inside])
    return np.array([x, y + 0.4 * MM, float(np.median(depth)) + 0.3 * MM])


def _rest_on_eyeball(vertices: list[Points], loop: list[int], centre: Points) -> None:
    """Move the lid margin along its line of sight onto the lids' own sphere."""
    reach = EYE_RADIUS + LID_THICKNESS
    for vertex in loop:
        offset = vertices[vertex] - centre
        beside = offset[0] ** 2 + offset[1] ** 2
        if beside < (0.92 * reach) ** 2:
            offset[2] = np.sqrt(reach**2 - beside)
            vertices[vertex][:] = centre + offset


def _lid_rings(builder: _Builder, rim: list[int], centre: Points) -> list[list[int]]:
    """Turn the lid margin inwards to the eyeball, then back under the lid."""
    margin = np.array([builder.vertices[v] for v in rim])
    outward = margin - centre
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    edge = margin - outward * (LID_THICKNESS * 0.85)
    opening = margin.mean(0)
    away = margin - opening
    away -= outward * (away * outward).sum(1, keepdims=True)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    under = edge + away * (4.5 * MM) - outward * (1.8 * MM)
    first = builder.ring(rim, edge)
    return [first, builder.ring(first, under)]


def _mouth_rings(builder: _Builder, rim: list[int]) -> list[list[int]]:
    """Carry the lips on into the vestibule, around the teeth and back to the throat."""
    margin = np.array([builder.vertices[v] for v in rim])
    upper = np.array([v in LIPS_UPPER_INNER[1:-1] for v in rim])
    lower = np.array([v in LIPS_LOWER_INNER[1:-1] for v in rim])
    side = upper.astype(float) - lower.astype(float)
    across = margin[:, 0] / np.abs(margin[:, 0]).max()
    arch = np.sqrt(np.clip(1 - across**2, 0, 1))
    rings = []
    current = rim
    # (back, up or down for the upper and the lower lip, share of the width kept), mm
    for back, up, down, width in (
        (3.2, 0.9, 0.9, 0.99),
        (6.0, 5.0, 4.5, 1.02),
        (9.0, 13.0, 13.0, 1.06),
        (34.0, 20.0, 22.0, 1.0),
    ):
        points = margin.copy()
        points[:, 0] *= width
        points[:, 2] -= back * MM
        points[:, 1] += np.where(side > 0, up, -down) * MM * np.abs(side) * np.maximum(arch, 0.35)
        current = builder.ring(current, points)
        rings.append(current)
    builder.cap(current, np.array([0, margin[:, 1].mean() - 2 * MM, margin[:, 2].mean() - 58 * MM]))
    return rings


# The head behind the face: (centre, half axes, power: 2 is round) of ellipsoids and
# (from, to, radii) of cones, mm. Length 195, breadth 152 and height 225 are the pooled means of
# Young (1993), "Head and face anthropometry of adult U.S. civilians".
_CRANIUM = ((0, 60, -99), (76, 87, 97), 2.2)
_OCCIPUT = ((0, 15, -122), (66, 62, 66), 2.0)
_NECK = ((0, -50, -116), (0, -230, -108), 51, 72)
_THROAT = ((0, -50, -52), (0, -62, -100), 30, 46)
_BLEND = 16.0
_TEMPLES = 0.08
"""How much narrower the cranium is in front than behind."""


def head_distance(points: Points) -> npt.NDArray[np.float64]:
    """Return [N] about how far `points` [N, 3] lie outside the head behind the face, metres."""
    p = points / MM

    def ellipsoid(
        p: Points, centre: tuple[int, ...], axes: tuple[int, ...], power: float
    ) -> npt.NDArray[np.float64]:
        scaled = (p - centre) / axes
        size = np.abs(scaled)
        near = np.maximum((size**power).sum(1) ** (1 / power), 1e-9)
        steep = np.linalg.norm((size / near[:, None]) ** (power - 1) / axes, axis=1)
        return np.asarray((near - 1) / np.maximum(steep, 1e-9))

    def cone(
        start: tuple[int, ...], end: tuple[int, ...], first: float, last: float
    ) -> npt.NDArray[np.float64]:
        axis = np.subtract(end, start)
        t = np.clip((p - start) @ axis / (axis @ axis), 0, 1)
        away = np.linalg.norm(p - (np.array(start) + t[:, None] * axis), axis=1)
        return np.asarray(away - (first + t * (last - first)))

    # Temples are narrower than the crown behind them.
    temple = 1 - _TEMPLES * smoothstep(-115.0, -45.0, p[:, 2])
    cranium = np.column_stack([p[:, 0] / temple, p[:, 1:]])
    parts = [ellipsoid(cranium, *_CRANIUM), ellipsoid(p, *_OCCIPUT), cone(*_NECK), cone(*_THROAT)]
    total = parts[0]
    for other in parts[1:]:  # smooth union: Quilez, "smooth minimum", polynomial form
        h = np.clip(0.5 + 0.5 * (other - total) / _BLEND, 0, 1)
        total = other + h * (total - other) - _BLEND * h * (1 - h)
    return np.asarray(total * MM)


def onto_head(points: Points, level: Points, *, steps: int = 6) -> Points:
    """Move `points` [N, 3] along the gradient to where `head_distance` equals `level` [N]."""
    h = 0.2 * MM
    for _ in range(steps):
        value = head_distance(points)
        gradient = np.stack(
            [
                (head_distance(points + h * axis) - head_distance(points - h * axis)) / (2 * h)
                for axis in np.eye(3)
            ],
            axis=1,
        )
        steep = np.maximum((gradient**2).sum(1, keepdims=True), 1e-3)
        points = points - gradient / steep * (value - level)[:, None]
    return points


_RINGS_BEHIND = 5
_NECK_BASE = np.array([0, -158, -106]) * MM
_NECK_RADII = np.array([70, 60]) * MM


def _skull_rings(builder: _Builder, rim: list[int]) -> list[list[int]]:
    """Carry the face's outline over skull, nape and throat down to the base of the neck."""
    start = np.array([builder.vertices[v] for v in rim])
    count = len(rim)
    top = rim.index(OVAL_TOP)
    # Where on the neck each meridian ends: forehead behind, chin in front.
    turn = 2 * np.pi * (np.arange(count) - top) / count
    left = np.sign(start[(top + count // 4) % count, 0])
    end = _NECK_BASE + np.stack(
        [left * np.sin(turn) * _NECK_RADII[0], np.zeros(count), -np.cos(turn) * _NECK_RADII[1]], 1
    )
    rows = _meridians(start, end)
    level = head_distance(start)
    for _ in range(10):
        for k in range(1, len(rows) - 1):
            around = np.roll(rows[k], 1, axis=0) + np.roll(rows[k], -1, axis=0)
            rows[k] = 0.5 * rows[k] + 0.5 * (0.30 * (rows[k - 1] + rows[k + 1]) + 0.20 * around)
            fade = (1 - k / (len(rows) - 1)) ** 2
            rows[k] = onto_head(rows[k], level * fade, steps=5)
    rings = []
    current = rim
    for row in rows[1:]:
        # The rim's order is mirrored onto itself by going round the other way from the top.
        opposite = np.array([(2 * top - i) % count for i in range(count)])
        current = builder.ring(current, (row + row[opposite] * [-1, 1, 1]) / 2)
        rings.append(current)
    return rings


def _meridians(start: Points, end: Points) -> list[Points]:
    """Lay a grid without folds from the face's outline `start` to the neck's `end`, both [N, 3].

    Seen from the middle of the head both are nearly circles on a sphere. A stereographic
    projection and a Möbius map make them concentric; polar coordinates there are the grid.
    """
    middle = np.array([0, 5, -95]) * MM
    to_start = (start - middle) / np.linalg.norm(start - middle, axis=1, keepdims=True)
    to_end = (end - middle) / np.linalg.norm(end - middle, axis=1, keepdims=True)
    forward = to_start.mean(0) / np.linalg.norm(to_start.mean(0))
    left = np.array([1.0, 0, 0])
    up = np.cross(forward, left)

    def plane(direction: Points) -> npt.NDArray[np.complex128]:
        w = (direction @ left + 1j * (direction @ up)) / (1 + direction @ forward)
        return np.asarray(w)

    def sphere(w: npt.NDArray[np.complex128]) -> Points:
        square = np.abs(w) ** 2
        flat = 2 * (w.real[..., None] * left + w.imag[..., None] * up)
        return np.asarray((flat + (1 - square)[..., None] * forward) / (1 + square)[..., None])

    # Both circles are symmetric about x = 0: centre i·c and radius r each.
    def circle(w: npt.NDArray[np.complex128]) -> tuple[float, float]:
        low, high = w.imag.min(), w.imag.max()
        return float(low + high) / 2, float(high - low) / 2

    (c1, r1), (c2, r2) = circle(plane(to_start)), circle(plane(to_end))
    # Points inverse with respect to both circles: (p - c1)(q - c1) = r1², (p - c2)(q - c2) = r2².
    total = ((c1**2 - r1**2) - (c2**2 - r2**2)) / (c1 - c2)
    product = c1 * total - c1**2 + r1**2
    root = np.sqrt(total**2 / 4 - product)
    a, b = 1j * (total / 2 + root), 1j * (total / 2 - root)
    if abs(a - 1j * c1) > abs(b - 1j * c1):
        a, b = b, a

    def concentric(w: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
        return np.asarray((w - a) / (w - b))

    begin, finish = concentric(plane(to_start)), concentric(plane(to_end))
    rows = [start]
    angle_1, angle_2 = np.unwrap(np.angle(begin)), np.unwrap(np.angle(finish))
    angle_2 += 2 * np.pi * np.round((angle_1 - angle_2).mean() / (2 * np.pi))
    for k in range(1, _RINGS_BEHIND):
        t = k / _RINGS_BEHIND
        size = np.exp((1 - t) * np.log(np.abs(begin)) + t * np.log(np.abs(finish)))
        w = size * np.exp(1j * ((1 - t) * angle_1 + t * angle_2))
        direction = sphere((w * b - a) / (w - 1))
        rows.append(onto_head(middle + direction * 90 * MM, np.zeros(len(start)), steps=12))
    return [*rows, end]
