"""A surface with foreign triangles: other vertices, other edges, another order, the same shape."""

import numpy as np


class Foreign:
    """Slides vertices over the surface, flips edges where that changes no shape, and shuffles."""

    def __init__(self, vertices, faces, rng, *, slide=0.35, flips=0.3):
        used = np.unique(faces)
        corner = faces.ravel()
        order = rng.permutation(len(corner))
        face, at = np.zeros(len(vertices), int), np.zeros(len(vertices), int)
        face[corner[order]], at[corner[order]] = order // 3, order % 3
        away = rng.dirichlet((1, 1), len(vertices)) * (slide * rng.random(len(vertices)))[:, None]
        row = np.arange(len(vertices))
        weights = np.zeros((len(vertices), 3))
        weights[row, at] = 1 - away.sum(axis=1)
        weights[row, (at + 1) % 3], weights[row, (at + 2) % 3] = away.T
        edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        pairs, owner, uses = np.unique(edges, axis=0, return_inverse=True, return_counts=True)
        rim = np.unique(pairs[uses == 1])
        weights[rim] = 0.0
        weights[rim, at[rim]] = 1.0
        places = np.einsum("vc,vcx->vx", weights, vertices[faces[face]])
        sides = np.argsort(owner.ravel(), kind="stable") // 3
        first = np.searchsorted(np.sort(owner.ravel()), np.arange(len(pairs)))
        turned = faces.copy()
        touched = np.zeros(len(faces), dtype=bool)
        for edge in rng.permutation(np.flatnonzero(uses == 2))[: int(flips * len(pairs))]:
            one, other = sides[first[edge]], sides[first[edge] + 1]
            if not (touched[one] or touched[other]):
                flipped = _flipped(places, faces[one], faces[other], pairs[edge])
                if flipped is not None:
                    turned[one], turned[other] = flipped
                    touched[[one, other]] = True
        shuffled = rng.permutation(used)
        number = np.full(len(vertices), -1)
        number[shuffled] = np.arange(len(shuffled))
        self.faces = number[turned].astype(np.int32)
        self._corners, self._weights = faces[face[shuffled]], weights[shuffled]

    def posed(self, vertices):
        """Return [..., S, 3] for the surface's `vertices` [..., V, 3]."""
        return np.einsum("sc,...scx->...sx", self._weights, vertices[..., self._corners, :])


def _flipped(places, one, other, edge):
    """Return two triangles over the other diagonal, or None where that would bend the surface."""
    a, b = edge
    start = list(one).index(a)
    if one[(start + 1) % 3] != b:
        a, b = b, a
    c = next(v for v in one if v not in (a, b))
    d = next(v for v in other if v not in (a, b))

    def normal(i, j, k):
        return np.cross(places[j] - places[i], places[k] - places[i])

    before = normal(a, b, c), normal(b, a, d)
    after = normal(a, d, c), normal(d, b, c)
    flat = before[0] @ before[1] > 0.9 * np.prod([np.linalg.norm(n) for n in before])
    if flat and all(n @ (before[0] + before[1]) > 0 for n in after):
        return (a, d, c), (d, b, c)
    return None
