"""Training of `NearestNeighbour`: the compact base first, then the poses that are worth keeping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.deformer.base_model import forget_base, missed, trained_base
from animdrive.deformer.data import TrainingData
from animdrive.deformer.nearest_neighbour import (
    Detail,
    NearestNeighbour,
    NearestNeighbourConfig,
    shepard,
    trusted,
)
from animdrive.deformer.neural_morph import NeuralMorph, NeuralMorphConfig
from animdrive.deformer.patches import Patch, cut_patches, influence
from animdrive.deformer.training import History, LoopConfig

Index = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

_ROUNDS = 12
_TRIED = 512
"""Frames on which trust is found."""
_TRUST = np.concatenate([np.geomspace(0.05, 20, 18), [1e6]])
"""mm that are tried; the last one trusts any distance."""
_NEAR_S = 1.0
"""In a capture of a single take, poses nearer in time are not asked about a frame."""


@dataclass(frozen=True, eq=False)
class TrainedNeighbours:
    """A base and the details on top of it, before they are put together."""

    base: NeuralMorph
    """The compact net."""
    details: list[Detail]
    """Kept poses of each patch."""
    history: History
    """How the base's training went."""

    def model(self, data: TrainingData, config: NearestNeighbourConfig) -> NearestNeighbour:
        """Return the model; `config` may differ in how poses are blended."""
        return NearestNeighbour(self.base, config, self.details, fps=data.fps)


def base_config(config: NearestNeighbourConfig) -> NeuralMorphConfig:
    """Return the settings of the compact base."""
    return NeuralMorphConfig(
        mode="global", latent=config.latent, hidden=config.hidden, batch=config.batch, mirror=False
    )


def train_nearest_neighbour(
    data: TrainingData,
    *,
    config: NearestNeighbourConfig,
    loop: LoopConfig,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> TrainedNeighbours:
    """Learn from the frames of `data` that are not held out.

    Args:
        data: What to learn from.
        config: Of the model.
        loop: Of the base's training.
        checkpoint: See `training.train`; the base is kept beside it while poses are gathered.
        device: "cpu" or "cuda".
        progress: Told of the stages "motions", "train" and "poses".
        report: Told how it goes.
    """
    base, history = trained_base(
        data,
        config=base_config(config),
        loop=loop,
        checkpoint=checkpoint,
        device=device,
        progress=progress,
        report=report,
    )
    progress("poses", 0.0)
    rng = np.random.default_rng([loop.seed, 1])
    patches = cut_patches(
        data,
        None,
        count=config.patches,
        radius_m=config.radius_m,
        influence_m=config.influence_m,
        rng=rng,
    )
    rows = data.rows(held_out=False)
    left = missed(data, rows, base)
    moved = influence(data)
    details = []
    for number, patch in enumerate(patches):
        details.append(_detail(data, rows, left, moved, patch, config, rng))
        progress("poses", (number + 1) / len(patches))
    trust = ", ".join(f"{detail.trust_mm:.2g}" for detail in details)
    report(f"{sum(len(d.poses) for d in details)} poses kept; detail counts half at {trust} mm")
    forget_base(checkpoint)
    return TrainedNeighbours(base, details, history)


def _detail(
    data: TrainingData,
    rows: Index,
    left: FloatArray,
    moved: FloatArray,
    patch: Patch,
    config: NearestNeighbourConfig,
    rng: np.random.Generator,
) -> Detail:
    """Return the poses of a patch that stand for all of training, and their detail."""
    share = np.square(patch.mask.astype(np.float64))
    pull = np.square(moved[:, patch.vertices].astype(np.float64) * 1e3)
    metric = np.sqrt((pull * share).sum(axis=1) / share.sum()) * patch.inputs
    curves = data.curves[rows]
    kept = representatives(curves * metric, config.examples, rng)
    found = left[np.ix_(kept, patch.vertices)] * patch.mask[:, None]
    if config.storage == "int8":
        scale = np.maximum(np.abs(found).max(axis=(0, 2)) / 127, 1e-12).astype(np.float32)
        stored: npt.NDArray[np.generic] = np.rint(found / scale[:, None]).astype(np.int8)
    else:
        scale = np.full(len(patch.vertices), 1e-3, dtype=np.float32)
        stored = (found / scale[:, None]).astype(np.float16)
    detail = Detail(
        vertices=data.moving[patch.vertices].astype(np.int32),
        metric=metric.astype(np.float32),
        poses=curves[kept],
        trust_mm=1.0,
        scale=scale,
        data=stored,
    )
    return replace(detail, trust_mm=_trust(data, rows, left, patch, detail, kept, config))


def representatives(points: Values, count: int, rng: np.random.Generator) -> Index:
    """Return the rows, at most `count`, of `points` [N, C] nearest to the centres of k-means.

    Centres start far apart, each at the point farthest from those before (Gonzalez 1985).
    """
    count = min(count, len(points))
    centres = [int(rng.integers(len(points)))]
    away = np.square(points - points[centres[0]]).sum(axis=1)
    for _ in range(count - 1):
        centres.append(int(away.argmax()))
        away = np.minimum(away, np.square(points - points[centres[-1]]).sum(axis=1))
    middle = points[centres]
    for _ in range(_ROUNDS):
        cell = np.unique(cdist(points, middle).argmin(axis=1), return_inverse=True)[1]
        mass = np.bincount(cell)
        middle = np.stack([np.bincount(cell, axis) for axis in points.T], axis=1) / mass[:, None]
    return np.asarray(np.unique(cdist(middle, points).argmin(axis=1)), dtype=np.int64)


def _trust(
    data: TrainingData,
    rows: Index,
    left: FloatArray,
    patch: Patch,
    detail: Detail,
    kept: Index,
    config: NearestNeighbourConfig,
) -> float:
    """Return how far a pose may be trusted, mm, judged on frames of other takes than its own."""
    tried = np.arange(0, len(rows), max(1, len(rows) // _TRIED))
    take = np.zeros(len(data.curves), dtype=np.int64)
    for number, entry in enumerate(data.takes):
        take[entry.start : entry.stop] = number
    own = take[rows[tried]][:, None] == take[rows[kept]]
    if len(np.unique(take[rows])) == 1:
        own = np.abs(rows[tried][:, None] - rows[kept]) < _NEAR_S * data.fps
    away = detail.distances(data.curves[rows[tried]])
    away[:, 1:][own] = np.inf
    # A frame may have no pose but rest: then nothing is added, whatever the trust.
    finite = np.where(np.isinf(away), 1e9, away)
    shares = shepard(finite, config.neighbours)[:, 1:].astype(np.float32)
    shares[own] = 0
    added = detail.offsets(shares)
    wanted = left[np.ix_(tried, patch.vertices)] * patch.mask[:, None]
    # |g a - w|² = g² |a|² - 2 g a·w + |w|², so each frame needs two numbers for all trusts.
    size, along = (added * added).sum(axis=(1, 2)), (added * wanted).sum(axis=(1, 2))
    errors = []
    for trust in _TRUST:
        g = trusted(finite, float(trust))
        errors.append(float((g * g * size - 2 * g * along).sum(dtype=np.float64)))
    return float(_TRUST[int(np.argmin(errors))])
