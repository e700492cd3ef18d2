"""The learned morph targets themselves: the few ways in which a patch of skin leaves the rig."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from animdrive.contract.checks import FloatArray
from animdrive.deformer.data import TrainingData
from animdrive.deformer.patches import Patch
from animdrive.deformer.roughness import umbrella

Index = npt.NDArray[np.int64]

_OVERSAMPLE = 12
_POWER = 1
_CG_STEPS = 60
_ROOM = 0.1
"""Of the range of training, by which weights may leave it."""


@dataclass(frozen=True, eq=False)
class PatchBasis:
    """N learned morphs of one patch of S vertices, those that move most first."""

    vertices: npt.NDArray[np.int32]
    """[S] of the rig."""
    morphs: FloatArray
    """[N, S, 3] metres per unit of weight; a weight of 1 is 1 mm over all of the patch together."""
    weights: FloatArray
    """[F, N] of the frames to learn from."""
    energy: npt.NDArray[np.float64]
    """[N] mean square of each one's weight."""
    bounds: FloatArray
    """[2, N] least and largest weight, with a little room."""


@dataclass(frozen=True, eq=False)
class Motions:
    """All of the skin's motion in few numbers: offsets = scores · modes. N frames, R modes."""

    rows: Index
    """[N] frames of the data."""
    scores: torch.Tensor
    """[N, R]"""
    modes: torch.Tensor
    """[R, M, 3] mm; orthonormal."""


def motions(data: TrainingData, *, count: int, rng: np.random.Generator) -> Motions:
    """Return the principal motions of the frames to learn from.

    By a randomised singular value decomposition (Halko, Martinsson and Tropp 2011, algorithm 4.4);
    motions are counted from the linear rig, not from their mean, so that rest stays rest. What is
    left out is the scanner's noise, and far less than nets can tell from curves.

    Args:
        data: Frames.
        count: R, at most.
        rng: For the start.
    """
    rows = data.rows(held_out=False)
    flat = torch.from_numpy(data.offsets[rows]).reshape(len(rows), -1) * 1e3
    width = min(count + _OVERSAMPLE, *flat.shape)
    probe = torch.from_numpy(rng.standard_normal((flat.shape[1], width)).astype(np.float32))
    span = torch.linalg.qr(flat @ probe)[0]
    for _ in range(_POWER):
        span = torch.linalg.qr(flat @ torch.linalg.qr(flat.T @ span)[0])[0]
    modes = _right(span.T @ flat, count)
    return Motions(rows, flat @ modes.T, modes.reshape(len(modes), -1, 3))


def _right(matrix: torch.Tensor, count: int) -> torch.Tensor:
    """Return the first right singular vectors [<= count, n] of `matrix` [m, n], m small."""
    large = matrix.double()
    _, turned = torch.linalg.eigh(large @ large.T)
    found = (turned.T @ large).flip(0)[:count]
    length = found.norm(dim=1, keepdim=True)
    kept = length[:, 0] > 1e-6 * length[0]
    result: torch.Tensor = (found / length.clamp(min=1e-30))[kept].float()
    return result


def patch_basis(
    data: TrainingData, seen: Motions, patch: Patch, twin: Index | None, *, count: int
) -> PatchBasis:
    """Return the principal motions of a patch's share of the skin.

    Args:
        data: Frames.
        seen: Motions of the whole skin.
        patch: Which part of the skin.
        twin: [M] each moving vertex's partner where the mirrored frames are learned from too; F is
            then twice the N of `seen`, mirrored frames behind the others.
        count: How many, at most.
    """
    share = torch.from_numpy(patch.mask)[None, :, None]
    sides = [(seen.modes[:, patch.vertices] * share).reshape(len(seen.modes), -1)]
    if twin is not None:
        flip = torch.tensor([-1.0, 1.0, 1.0])
        other = seen.modes[:, twin[patch.vertices]] * share * flip
        sides.append(other.reshape(len(seen.modes), -1))
    # Frames count only by their scores' second moments, whose root stands for all of them.
    values, vectors = torch.linalg.eigh((seen.scores.T @ seen.scores).double())
    root = (values.clamp(min=0).sqrt()[:, None] * vectors.T).float()
    found = _right(torch.cat([root @ side for side in sides]), count)
    weights = torch.cat([seen.scores @ (side @ found.T) for side in sides]).numpy()
    low, high = weights.min(axis=0), weights.max(axis=0)
    room = _ROOM * (high - low)
    return PatchBasis(
        vertices=data.moving[patch.vertices].astype(np.int32),
        morphs=(found * 1e-3).reshape(len(found), -1, 3).numpy(),
        weights=weights,
        energy=np.square(weights, dtype=np.float64).mean(axis=0),
        bounds=np.stack([np.minimum(low - room, 0), np.maximum(high + room, 0)]).astype(np.float32),
    )


def shared_out(bases: list[PatchBasis], count: int) -> list[PatchBasis]:
    """Return `bases` cut down to `count` morphs together, those that move skin most."""
    energy = np.concatenate([basis.energy for basis in bases])
    if len(energy) <= count:
        return bases
    least = np.sort(energy)[::-1][count - 1]
    result = []
    for basis in bases:
        n = max(1, int((basis.energy >= least).sum()))
        result.append(
            replace(
                basis,
                morphs=basis.morphs[:n],
                weights=basis.weights[:, :n],
                energy=basis.energy[:n],
                bounds=basis.bounds[:, :n],
            )
        )
    return result


def smoothed(
    basis: PatchBasis, faces: npt.NDArray[np.int32], vertices: int, amount: float
) -> PatchBasis:
    """Return `basis` with its weak morphs made smooth, and the strong ones hardly.

    Minimises, over all frames, the square of what is missed plus `amount` times the square of the
    morphs' roughness (the umbrella Laplacian), in mm². As weights of different morphs are
    uncorrelated, that falls apart into ``(s + amount · LᵀL) b = s · a`` for each morph with mean
    square motion s per vertex: what is strong against noise stays, what is weak is smoothed.

    Args:
        basis: Morphs.
        faces: [F, 3] of the whole rig.
        vertices: V of the rig.
        amount: In mm² per vertex.
    """
    if amount <= 0 or not len(basis.morphs):
        return basis
    laplacian = umbrella(faces, basis.vertices, vertices)
    rough = (laplacian.T @ laplacian).tocsr()
    strong = basis.energy / len(basis.vertices)
    wanted = basis.morphs.transpose(1, 0, 2).astype(np.float64)
    pull = (amount / np.maximum(strong, 1e-12))[None, :, None]

    def push(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        flat = (rough @ x.reshape(len(x), -1)).reshape(x.shape)
        result: npt.NDArray[np.float64] = x + pull * flat
        return result

    # Conjugate gradients, for all morphs and axes at once; divided by the diagonal.
    diagonal = 1 + pull * rough.diagonal()[:, None, None]
    x = wanted.copy()
    left = wanted - push(x)
    way = left / diagonal
    kept = (left * way).sum(axis=0)
    for _ in range(_CG_STEPS):
        pushed = push(way)
        step = kept / np.maximum((way * pushed).sum(axis=0), 1e-300)
        x += step * way
        left -= step * pushed
        bent = left / diagonal
        now = (left * bent).sum(axis=0)
        if now.max() < 1e-18:
            break
        way = bent + now / np.maximum(kept, 1e-300) * way
        kept = now
    return replace(basis, morphs=np.ascontiguousarray(x.transpose(1, 0, 2), dtype=np.float32))
