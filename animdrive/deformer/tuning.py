"""The search for the regularization: as much smoothing as the noise needs, and no more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.deformer.data import TrainingData
from animdrive.deformer.neural_morph import NeuralMorph, NeuralMorphConfig
from animdrive.deformer.neural_morph_training import Trained
from animdrive.deformer.roughness import umbrella

Values = npt.NDArray[np.float64]

NOISE_GONE = 0.9
"""Share of a model's fine detail that held-out frames confirm once its noise is gone."""
_FLAT = 0.01
"""Doublings that gain less than this share have nothing left to smooth."""
_FRAMES = 160


@dataclass(frozen=True)
class TuneStep:
    """One regularization that was tried."""

    regularization: float
    """Of the model."""
    confirmed: float
    """Share of the model's fine detail that held-out frames show as well."""
    rms_mm: float
    """Error on held-out frames."""


@dataclass(frozen=True)
class Tuning:
    """What a search found."""

    chosen: float
    """The regularization."""
    steps: tuple[TuneStep, ...]
    """What was tried, in order."""
    noise_gone: bool
    """Whether the noise went away; otherwise the best of what was tried was taken."""


def search(
    trained: Trained,
    data: TrainingData,
    config: NeuralMorphConfig,
    *,
    start: float,
    doublings: int,
    step_back: float,
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> Tuning:
    """Double the regularization from `start` until the noise is gone, then step back.

    The nets stay; morphs are smoothed anew each time. Where the detail is confirmed from the start,
    or smoothing makes held-out frames worse before the noise is gone, the value with the least
    error is the last one that may be taken.

    Args:
        trained: Nets and unsmoothed morphs.
        data: With held-out takes.
        config: Of the model.
        start: Where to begin.
        doublings: How often to double at most.
        step_back: What the value is multiplied with at the end.
        progress: Told of the stage "tune".
        report: Told each step.
    """
    rows = data.rows(held_out=True)
    rows = rows[:: max(1, len(rows) // _FRAMES)]
    rig = data.rig
    rough = umbrella(rig.neutral.faces, data.moving, len(rig.neutral.vertices))
    truth = data.offsets[rows] * 1e3
    real = _applied(rough, truth)
    steps: list[TuneStep] = []
    value, gone = start, False
    for number in range(doublings + 1):
        model = trained.model(data, replace(config, regularization=value))
        step = _step(model, data, rows, rough, truth, real, value)
        steps.append(step)
        report(
            f"regularization {value:.3g}: {100 * step.confirmed:.0f} % of the detail confirmed, "
            f"held out {step.rms_mm:.4f} mm rms"
        )
        progress("tune", (number + 1) / (doublings + 1))
        gone = step.confirmed >= NOISE_GONE
        best = min(one.rms_mm for one in steps)
        if gone or step.rms_mm > best * (1 + 5 * _FLAT):
            break
        value = min(2 * value, 1.0)
    progress("tune", 1.0)
    least = min(steps, key=lambda one: one.rms_mm)
    chosen = steps[-1] if gone and steps[-1].rms_mm <= least.rms_mm * (1 + _FLAT) else least
    factor = step_back if len(steps) > 1 and chosen is not steps[0] else 1.0
    return Tuning(chosen.regularization * factor, tuple(steps), gone)


def _applied(matrix: sparse.csr_matrix, frames: npt.NDArray[np.float32]) -> Values:
    """Return `matrix` [M, M] times `frames` [T, M, 3]."""
    flat = frames.transpose(1, 0, 2).reshape(frames.shape[1], -1).astype(np.float64)
    return np.asarray(matrix @ flat)


def _step(
    model: NeuralMorph,
    data: TrainingData,
    rows: npt.NDArray[np.int64],
    rough: sparse.csr_matrix,
    truth: npt.NDArray[np.float32],
    real: Values,
    value: float,
) -> TuneStep:
    curves = data.curves[rows]
    linear = curves @ data.rig.deltas[:, data.moving].reshape(curves.shape[1], -1)
    skin = model.run(curves)[:, data.moving] - data.rig.neutral.vertices[data.moving]
    own = (skin - linear.reshape(skin.shape)) * 1e3
    detail = _applied(rough, own)
    confirmed = float((detail * real).sum() / max(float(np.square(detail).sum()), 1e-12))
    off = float(np.sqrt(np.square(own - truth).sum(axis=2).mean()))
    return TuneStep(value, round(confirmed, 4), round(off, 5))
