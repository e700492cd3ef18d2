"""Training of `NeuralMorph`: motions of each patch first, then nets that tell their weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.deformer.data import TrainingData
from animdrive.deformer.morph_basis import PatchBasis, motions, patch_basis, shared_out, smoothed
from animdrive.deformer.nets import MorphNets
from animdrive.deformer.neural_morph import NeuralMorph, NeuralMorphConfig, assembled
from animdrive.deformer.patches import cut_patches, partners, whole_face
from animdrive.deformer.symmetry import Symmetry, symmetry_of
from animdrive.deformer.training import History, LoopConfig, train

_MODES = 384
"""Motions of the whole skin that are looked at."""
_MOST = 96
"""Morphs of one patch, at most."""


@dataclass(frozen=True, eq=False)
class Trained:
    """Nets and morphs, before they are put together."""

    nets: MorphNets
    """The nets."""
    bases: list[PatchBasis]
    """Morphs of each patch as they were found, not smoothed."""
    symmetry: Symmetry | None
    """Of the rig, where it was used."""
    history: History
    """How it went."""

    def model(self, data: TrainingData, config: NeuralMorphConfig) -> NeuralMorph:
        """Return the model with morphs smoothed by ``config.regularization``."""
        rig = data.rig
        count = len(rig.neutral.vertices)
        bases = [
            smoothed(basis, rig.neutral.faces, count, config.regularization) for basis in self.bases
        ]
        return assembled(rig, config, self.nets.frozen(), bases, self.symmetry)


def train_neural_morph(
    data: TrainingData,
    *,
    config: NeuralMorphConfig,
    loop: LoopConfig,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> Trained:
    """Learn nets and morphs from the frames of `data` that are not held out.

    Args:
        data: What to learn from.
        config: Of the model.
        loop: Of the training.
        checkpoint: See `training.train`.
        device: "cpu" or "cuda".
        progress: Told of the stages "motions" and "train".
        report: Told how it goes.
    """
    rng = np.random.default_rng(loop.seed)
    symmetry = symmetry_of(data.rig) if config.mirror else None
    patches = whole_face(data)
    if config.mode == "local":
        patches = cut_patches(
            data,
            symmetry,
            count=config.patches,
            radius_m=config.radius_m,
            influence_m=config.influence_m,
            rng=rng,
        )
    else:
        symmetry = None
    rows = data.rows(held_out=False)
    twin = None if symmetry is None else partners(data.moving, symmetry)
    stored = config.latent if symmetry is None else -(-config.latent // 2)
    progress("motions", 0.0)
    seen = motions(data, count=max(_MODES, stored if symmetry is None else 0), rng=rng)
    bases = []
    for number, patch in enumerate(patches):
        most = min(stored, _MOST if config.mode == "local" else stored)
        bases.append(patch_basis(data, seen, patch, twin, count=most))
        progress("motions", (number + 1) / len(patches))
    bases = shared_out(bases, stored)
    curves = data.curves[rows]
    if symmetry is not None:
        curves = np.concatenate([curves, curves[:, symmetry.curves]])
    inputs = np.stack([patch.inputs for patch in patches])
    width = max(len(basis.morphs) for basis in bases)
    outputs = np.stack([np.arange(width) < len(basis.morphs) for basis in bases])
    nets = MorphNets(inputs, outputs, config.hidden, seed=loop.seed).to(device)
    fit = _Fit(nets, bases, curves, config, width, device, loop.amp)
    held = _Held(nets, bases, patches, data, symmetry, twin, device) if any(
        take.held_out for take in data.takes
    ) else None  # fmt: skip
    settings: dict[str, Any] = {
        "model": asdict(config) | {"regularization": None, "storage": None},
        "frames": len(curves),
        "sum": float(np.abs(curves).sum(dtype=np.float64)),
    }
    history = train(
        nets,
        fit.loss,
        config=loop,
        check=None if held is None else held.error,
        checkpoint=checkpoint,
        settings=settings,
        progress=progress,
        report=report,
    )
    return Trained(nets.cpu(), bases, symmetry, history)


class _Fit:
    """Batches, and how wrong the nets' weights are on them."""

    def __init__(
        self,
        nets: MorphNets,
        bases: list[PatchBasis],
        curves: FloatArray,
        config: NeuralMorphConfig,
        width: int,
        device: str,
        amp: bool,
    ) -> None:
        targets = np.zeros((len(bases), len(curves), width), dtype=np.float32)
        for number, basis in enumerate(bases):
            targets[number, :, : basis.weights.shape[1]] = basis.weights
        # A patch's weights in its own units, so that all nets learn at one pace.
        spread = np.sqrt(np.square(targets).sum(axis=2).mean(axis=1))[:, None, None]
        nets.learn_in(spread)
        self._nets, self._batch = nets, min(config.batch, len(curves))
        self._curves = torch.from_numpy(curves).to(device)
        self._targets = torch.from_numpy(targets).to(device)
        self._unit = torch.from_numpy(1 / np.maximum(spread, 1e-12)).to(device)
        self._amp = amp and device != "cpu"
        self._device = device

    def loss(self, rng: np.random.Generator) -> torch.Tensor:
        """Return the squared error of a batch's weights, in units of their spread."""
        rows = torch.from_numpy(rng.integers(len(self._curves), size=self._batch))
        rows = rows.to(self._device)
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._amp):
            off = (self._nets(self._curves[rows]) - self._targets[:, rows]) * self._unit
        result: torch.Tensor = off.float().square().sum(dim=2).mean()
        return result


class _Held:
    """The error on held-out frames: of all moving vertices, by the patches' shares of them."""

    def __init__(
        self,
        nets: MorphNets,
        bases: list[PatchBasis],
        patches: list[Any],
        data: TrainingData,
        symmetry: Symmetry | None,
        twin: np.ndarray[Any, np.dtype[np.int64]] | None,
        device: str,
    ) -> None:
        rows = data.rows(held_out=True)
        rows = rows[:: max(1, len(rows) // 120)]
        self._nets, self._device = nets, device
        self._curves = torch.from_numpy(data.curves[rows]).to(device)
        self._twin = None
        if symmetry is not None:
            self._twin = torch.from_numpy(data.curves[rows][:, symmetry.curves]).to(device)
        self._truth = torch.from_numpy(data.offsets[rows]).to(device) * 1e3
        self._parts = []
        for number, (basis, patch) in enumerate(zip(bases, patches, strict=True)):
            morphs = torch.from_numpy(basis.morphs).to(device) * 1e3
            self._parts.append((number, torch.from_numpy(patch.vertices).to(device), morphs))
        self._twin_rows = None if twin is None else torch.from_numpy(twin).to(device)

    def error(self) -> float:
        """Return the RMS distance to the skin that was captured, mm."""
        with torch.no_grad():
            skin = torch.zeros_like(self._truth)
            weights = self._nets(self._curves)
            other = None if self._twin is None else self._nets(self._twin)
            flip = torch.tensor([-1.0, 1.0, 1.0], device=skin.device)
            for number, vertices, morphs in self._parts:
                n = len(morphs)
                flat = morphs.reshape(n, -1)
                part = (weights[number, :, :n] @ flat).reshape(len(skin), -1, 3)
                skin.index_add_(1, vertices, part)
                if other is not None and self._twin_rows is not None:
                    part = (other[number, :, :n] @ flat).reshape(len(skin), -1, 3) * flip
                    skin.index_add_(1, self._twin_rows[vertices], part)
            off = (skin - self._truth).square().sum(dim=2).mean()
        return float(off.sqrt())
