"""What errors in millimetres do not tell: jitter, lost or added detail, seams between patches.

All of it is gathered while frames go by; no more than two of them are held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, identity
from scipy.sparse.csgraph import dijkstra

from animdrive.contract.checks import FloatArray, IntArray
from animdrive.deformer.neural_morph import NeuralMorph
from animdrive.rig.surface import edges_of

Index = npt.NDArray[np.int64]
_INSIDE_RINGS = (1, 3)
"""Edges so many rings away from a border stand for the inside: as near as can be, where the skin
moves alike, for a patch that ends too soon jumps within one edge."""
_ENOUGH_EDGES = 30


class Jitter:
    """Second differences over time, take by take: RMS over vertices and frames."""

    def __init__(self) -> None:
        self._squares, self._count = 0.0, 0
        self._last: FloatArray | None = None

    def begin(self) -> None:
        """Begin a take: what came before was another performance."""
        self._last = None

    def add(self, frames: FloatArray) -> None:
        """Go on with frames [n, M, 3] metres."""
        if self._last is not None:
            frames = np.concatenate([self._last, frames])
        self._last = frames[-2:].copy()
        if len(frames) < 3:
            return
        second = frames[2:] - 2 * frames[1:-1] + frames[:-2]
        self._squares += float(np.einsum("tvi,tvi->", second, second, dtype=np.float64))
        self._count += second.shape[0] * second.shape[1]

    @property
    def rms_mm(self) -> float:
        """Root mean square, mm per frame²; 0 where no take has three frames."""
        return float(np.sqrt(self._squares / max(self._count, 1)) * 1000)


class Detail:
    """How much fine detail a model keeps of what lies beyond the linear rig.

    Detail is what the umbrella Laplacian leaves, each vertex less the mean of its neighbours:
    Taubin (1995), "A signal processing approach to fair surface design", section 2. Its energy is
    taken between each frame and the next, in which noise that is new in every frame cancels, so
    that a noisy capture does not ask for noise.
    """

    def __init__(self, faces: IntArray, vertices: IntArray) -> None:
        """Prepare for `vertices` [M], of a mesh with `faces` [F, 3]."""
        count = int(faces.max()) + 1 if len(faces) else 0
        count = max(count, int(vertices.max()) + 1)
        near = neighbours(faces, count)
        degree = np.asarray(near.sum(axis=1)).ravel()
        mean = csr_matrix(near.multiply(1 / np.maximum(degree, 1)[:, None]))
        used = vertices[degree[vertices] > 0]
        self._umbrella = csr_matrix((identity(count, format="csr") - mean)[used])
        self._count = count
        self._model = self._truth = self._both = 0.0
        self._last: tuple[FloatArray, FloatArray] | None = None

    def begin(self) -> None:
        """Begin a take."""
        self._last = None

    def add(self, model: FloatArray, truth: FloatArray) -> None:
        """Go on with frames [n, V, 3] metres beyond the linear rig."""
        pair = self._of(model), self._of(truth)
        if self._last is not None:
            pair = (
                np.concatenate([self._last[0], pair[0]]),
                np.concatenate([self._last[1], pair[1]]),
            )
        self._last = pair[0][-1:].copy(), pair[1][-1:].copy()
        own, real = pair
        self._model += float(np.sum(own[1:] * own[:-1], dtype=np.float64))
        self._truth += float(np.sum(real[1:] * real[:-1], dtype=np.float64))

    def _of(self, frames: FloatArray) -> FloatArray:
        flat = frames[:, : self._count].transpose(1, 0, 2).reshape(self._count, -1)
        return np.asarray((self._umbrella @ flat).T.reshape(len(frames), 3, -1), np.float32)

    @property
    def kept(self) -> float | None:
        """Energy of the model's detail over the truth's; None where the truth has none."""
        return self._model / self._truth if self._truth > 0 else None


@dataclass(frozen=True, eq=False)
class Borders:
    """Edges where the skin passes from one patch of a model to the next, and others nearby."""

    across: Index
    """[A, 2] vertices of edges between patches."""
    inside: Index
    """[B, 2] vertices of edges within a patch."""


class Blocks:
    """Whether the borders of a model's patches show: jumps of its error from vertex to vertex.

    The jumps across borders are held against those inside patches, and this against the same of
    the truth, for borders may run where the face folds.
    """

    def __init__(self, borders: Borders) -> None:
        """Prepare."""
        self._borders = borders
        self._error, self._truth = np.zeros(2), np.zeros(2)

    def add(self, error: FloatArray, truth: FloatArray) -> None:
        """Add frames [n, V, 3] metres: the model's error, and the truth beyond the linear rig."""
        for number, edges in enumerate((self._borders.across, self._borders.inside)):
            for sums, frames in ((self._error, error), (self._truth, truth)):
                jump = frames[:, edges[:, 0]] - frames[:, edges[:, 1]]
                sums[number] += float(np.einsum("tei,tei->", jump, jump, dtype=np.float64))

    @property
    def ratio(self) -> float | None:
        """1 where borders do not show, above where they do; None where nothing moves."""
        if min(*self._error, *self._truth) <= 0:
            return None
        error, truth = np.sqrt(self._error), np.sqrt(self._truth)
        return float(error[0] / error[1] / (truth[0] / truth[1]))


def patch_borders(model: Any, faces: IntArray, moving: IntArray) -> Borders | None:
    """Return where the patches of `model` meet, or None for a model that is of one piece.

    A vertex belongs to the patch that moves it most.

    Args:
        model: Any deformer; `NeuralMorph` has patches.
        faces: [F, 3] of its skin.
        moving: [M] vertices that count.
    """
    model = getattr(model, "base", model)  # models that put something on top of another
    if not isinstance(model, NeuralMorph) or model.config.mode == "global":
        return None
    patch = model.weight_of[0].astype(np.int64)
    if model.symmetry is not None:
        patch = np.concatenate([patch, patch + int(patch.max()) + 1])
    if len(np.unique(patch)) < 2:
        return None
    reach = np.square(np.abs(model.bounds).max(axis=0))
    morphs = model.morphs()
    strength = np.einsum("kvi,kvi->kv", morphs, morphs) * reach[:, None]
    energy = np.zeros((int(patch.max()) + 1, strength.shape[1]), dtype=np.float32)
    np.add.at(energy, patch, strength.astype(np.float32))
    count = energy.shape[1]
    owner = np.where(energy.max(axis=0) > 0, energy.argmax(axis=0), -1)
    counts = np.zeros(count, dtype=np.bool_)
    counts[moving] = True
    counts &= owner >= 0
    edges = edges_of(faces)[0]
    edges = edges[counts[edges].all(axis=1)]
    differs = owner[edges[:, 0]] != owner[edges[:, 1]]
    if not differs.any():
        return None
    near = neighbours(faces, count)
    seeds = np.unique(edges[differs])
    rings = dijkstra(near, indices=seeds, unweighted=True, min_only=True, limit=_INSIDE_RINGS[1])
    low, high = rings[edges].min(axis=1), rings[edges].max(axis=1)
    inside = ~differs & (low >= _INSIDE_RINGS[0]) & (high <= _INSIDE_RINGS[1])
    if differs.sum() < _ENOUGH_EDGES or inside.sum() < _ENOUGH_EDGES:
        return None
    return Borders(edges[differs], edges[inside])


def neighbours(faces: IntArray, count: int) -> csr_matrix:
    """Return [count, count], 1 where an edge of `faces` joins two vertices."""
    edges = edges_of(faces)[0]
    ends = np.concatenate([edges, edges[:, ::-1]])
    ones = np.ones(len(ends), dtype=np.float32)
    return csr_matrix((ones, (ends[:, 0], ends[:, 1])), shape=(count, count))
