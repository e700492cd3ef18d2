"""Rulers for folds and bulges: profiles of the skin along lines fixed to it, in millimetres."""

import numpy as np
from exact import Surface, _shares

MM = 1e3

NASOLABIAL = ((280, 269), (425, 391), (425, 322), (427, 322))
"""Lines over the left fold, from cheek to upper lip: landmarks."""
FOREHEAD = ((336, 338), (296, 297), (9, 10), (334, 332))
"""Columns of the left half of the forehead, from the brow up."""
GLABELLA = ((107, 336), (55, 285))
"""Lines across the glabella, from right to left."""
CHEEK = (280, 425, 330, 347, 352, 411)
LIP_RINGS = ("lips_middle", "lips_near")


class Line:
    """A straight line over the skin at rest, as places on triangles, so that it moves with it."""

    def __init__(self, skin, faces, start, end, *, points=60, among=None):
        chosen = faces if among is None else faces[among[faces].all(1)]
        line = skin[start] + np.linspace(0, 1, points)[:, None] * (skin[end] - skin[start])
        self.faces, self.share = _embedded(line, skin, chosen)
        self.up = Surface(skin, chosen).vertex_normal[[start, end]].sum(0)
        self.up /= np.linalg.norm(self.up)
        self.rest = self.on(skin)

    def on(self, skin):
        """Return [P, 3] where the line's points are on deformed `skin` [V, 3]."""
        return (skin[self.faces] * self.share[:, :, None]).sum(1)

    def heights(self, skin):
        """Return (way along, height over the chord) [P], metres, in the chord's own plane.

        The plane holds the chord and the direction that faced outwards at rest; it follows where
        the ends go.
        """
        at = self.on(skin)
        chord = at[-1] - at[0]
        length = np.linalg.norm(chord)
        along = (at - at[0]) @ chord / length
        up = self.up - (self.up @ chord) * chord / length**2
        up /= np.linalg.norm(up)
        return along, (at - at[0]) @ up


def _embedded(points, skin, faces):
    best = np.full(len(points), np.inf)
    face = np.zeros((len(points), 3), dtype=np.int64)
    share = np.zeros((len(points), 3))
    middle = skin[faces].mean(1)
    for i, point in enumerate(points):
        near = np.argsort(np.linalg.norm(middle - point, axis=1))[:60]
        w = _shares(np.repeat(point[None], len(near), 0), skin[faces[near]])
        gap = np.linalg.norm((skin[faces[near]] * w[:, :, None]).sum(1) - point, axis=1)
        k = int(np.argmin(gap))
        if gap[k] < best[i]:
            best[i], face[i], share[i] = gap[k], faces[near[k]], w[k]
    return face, share


class Folds:
    """Folds and bulges of one side (or the middle) against the face at rest."""

    def __init__(self, checker):
        self.checker = checker
        self.skin = checker.rest[: checker.skin_count]
        outer = ~(checker._regions["bag"] | checker._regions["vestibule"])
        outer &= ~checker._regions["under_lids"]
        self.outer = outer

        def lines(pairs):
            return [Line(self.skin, checker.skin_faces, a, b, among=outer) for a, b in pairs]

        self.nasolabial_lines = lines(NASOLABIAL)
        self.forehead_lines = lines(FOREHEAD)
        self.glabella_lines = lines(GLABELLA)
        self.normal = Surface(self.skin, checker.skin_faces).vertex_normal
        self.normal /= np.maximum(np.linalg.norm(self.normal, axis=1, keepdims=True), 1e-12)

    def nasolabial_depth(self, vertices):
        """Return mm by which the furrow between cheek and lip lies deeper than at rest, the mean
        over the lines; deep is how far the skin falls below the straight way over the furrow."""
        skin = vertices[: len(self.skin)]
        gained = [_furrow(line, skin) - _furrow(line, self.skin) for line in self.nasolabial_lines]
        return float(np.mean(gained)) * MM

    def cheek_bulge(self, vertices):
        """Return mm by which the fullest place of the left cheek moves out along its normal."""
        way = vertices[: len(self.skin)] - self.skin
        near = np.zeros(len(self.skin), dtype=bool)
        for landmark in CHEEK:
            near |= np.linalg.norm(self.skin - self.skin[landmark], axis=1) < 0.010
        return float((way * self.normal).sum(1)[near & self.outer].max()) * MM

    def forehead_lines_found(self, vertices, *, least_mm=0.15):
        """Return (number of furrows, mm from crest to furrow) of the forehead's strongest column.

        A furrow is a valley of the column's height over a cubic, at least `least_mm` below the
        crests on both sides.
        """
        skin = vertices[: len(self.skin)]
        counts, sizes = [], []
        for line in self.forehead_lines:
            number, size = _valleys(line, skin, self.skin, least_mm / MM)
            counts.append(number)
            sizes.append(size)
        return int(max(counts)), float(max(sizes)) * MM

    def glabella_fold(self, vertices):
        """Return mm by which the skin between the brows folds: crest to furrow across it."""
        skin = vertices[: len(self.skin)]
        sizes = [_valleys(line, skin, self.skin, 1e-4)[1] for line in self.glabella_lines]
        return float(max(sizes)) * MM

    def brows_together(self, vertices):
        """Return mm by which the inner ends of the brows come closer."""
        skin = vertices[: len(self.skin)]
        apart = (
            np.linalg.norm(skin[336] - skin[107]),
            np.linalg.norm(self.skin[336] - self.skin[107]),
        )
        return float(apart[1] - apart[0]) * MM

    def lip_protrusion(self, vertices):
        """Return mm by which the middle halves of both lips come forward, the mean."""
        topology = self.checker.topology
        ring = np.concatenate([topology.rings[name] for name in LIP_RINGS])
        middle = ring[np.abs(self.skin[ring, 0]) < 0.5 * np.abs(self.skin[ring, 0]).max()]
        return float((vertices[middle, 2] - self.skin[middle, 2]).mean()) * MM

    def mouth_narrowing(self, vertices):
        """Return mm by which the corners of the mouth come together."""
        apart = [s[291, 0] - s[61, 0] for s in (self.skin, vertices)]
        return float(apart[0] - apart[1]) * MM


def _furrow(line, skin):
    """Return metres by which the line dips deepest below the hull of its own profile."""
    along, height = line.heights(skin)
    return float((_hull(along, height) - height).max())


def _hull(along, height):
    """Return [P] the lowest concave curve over the points: a string pulled tight over them."""
    order = np.argsort(along)
    x, y = along[order], height[order]
    top = [0]
    for i in range(1, len(x)):
        while len(top) > 1:
            a, b = top[-2], top[-1]
            if (y[b] - y[a]) * (x[i] - x[a]) <= (y[i] - y[a]) * (x[b] - x[a]):
                top.pop()
            else:
                break
        top.append(i)
    result = np.zeros(len(x))
    result[order] = np.interp(x, x[top], y[top])
    return result


def _valleys(line, skin, rest, least):
    """Return how many furrows the line has gained, and how deep the deepest is, metres."""
    relief = line.heights(skin)[1] - line.heights(rest)[1]
    t = np.linspace(-1, 1, len(relief))
    relief = relief - np.polyval(np.polyfit(t, relief, 3), t)
    number, deepest = 0, 0.0
    lows = np.flatnonzero((relief[1:-1] < relief[:-2]) & (relief[1:-1] <= relief[2:])) + 1
    highs = np.concatenate(
        [
            [0],
            np.flatnonzero((relief[1:-1] > relief[:-2]) & (relief[1:-1] >= relief[2:])) + 1,
            [len(relief) - 1],
        ]
    )
    for low in lows:
        left = relief[highs[highs < low]]
        right = relief[highs[highs > low]]
        size = min(left[-1], right[0]) - relief[low]
        number += size >= least
        deepest = max(deepest, float(size))
    return number, deepest
