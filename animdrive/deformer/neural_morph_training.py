"""Training of `NeuralMorph`: motions of each patch first, then nets that tell their weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.deformer.contacts import contacts_of
from animdrive.deformer.data import TrainingData
from animdrive.deformer.morph_basis import (
    Index,
    PatchBasis,
    motions,
    patch_basis,
    shared_out,
    smoothed,
)
from animdrive.deformer.net_training import MorphNets
from animdrive.deformer.neural_morph import NeuralMorph, NeuralMorphConfig, assembled
from animdrive.deformer.patches import Patch, cut_patches, partners, whole_face
from animdrive.deformer.symmetry import Symmetry, symmetry_of
from animdrive.deformer.training import History, LoopConfig, train

_MODES = 384
"""Motions of the whole skin that are looked at."""
_MOST = 96
"""Morphs of one patch, at most."""
_PAIRS = 300
"""Pairs of touching vertices that are looked at."""
_FRAMES = 64
"""Frames of a step in which they are."""


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
    if config.contact:
        fit.touching = _Touching.of(data, patches, bases, symmetry, twin, width, device, rng)
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
        self._share = config.contact
        self.touching: _Touching | None = None

    def loss(self, rng: np.random.Generator) -> torch.Tensor:
        """Return the squared error of a batch's weights, in units of their spread."""
        rows = torch.from_numpy(rng.integers(len(self._curves), size=self._batch))
        rows = rows.to(self._device)
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._amp):
            off = (self._nets(self._curves[rows]) - self._targets[:, rows]) * self._unit
        result: torch.Tensor = off.float().square().sum(dim=2).mean()
        if self.touching is not None:
            result = result + self._share * self.touching.loss(self._nets, rng)
        return result


@dataclass(frozen=True, eq=False)
class _Touching:
    """How wrong the slit between skin and skin is, of all patches and twins together. P pairs."""

    curves: torch.Tensor
    """[F, C]"""
    twins: torch.Tensor | None
    """[F, C] of the mirrored face."""
    morphs: torch.Tensor
    """[G K, 3 P] mm that a weight moves one side against the other."""
    mirrored: torch.Tensor
    """[G K, 3 P] the same of the twins."""
    truth: torch.Tensor
    """[F, 3 P] mm that one side moved against the other, beyond the linear rig."""
    weight: torch.Tensor
    """[F, 3 P] how much each counts; an untrained model has an error of 1."""

    @classmethod
    def of(
        cls,
        data: TrainingData,
        patches: list[Patch],
        bases: list[PatchBasis],
        symmetry: Symmetry | None,
        twin: Index | None,
        width: int,
        device: str,
        rng: np.random.Generator,
    ) -> _Touching | None:
        """Return what `data` has of it; None where no skin touches other skin."""
        contacts = contacts_of(data, most=_PAIRS, rng=rng)
        if contacts is None:
            return None
        sides = (contacts.first, contacts.second)
        moved = []
        for other in (False, True):
            flat = np.zeros((len(bases), width, len(contacts.first), 3), dtype=np.float32)
            for number, (basis, patch) in enumerate(zip(bases, patches, strict=True)):
                place = np.full(len(data.moving), -1)
                place[patch.vertices if not other or twin is None else twin[patch.vertices]] = (
                    np.arange(len(patch.vertices))
                )
                for side, sign in zip(sides, (1e3, -1e3), strict=True):
                    there = place[side] >= 0
                    flat[number, : len(basis.morphs), there] += sign * basis.morphs[
                        :, place[side[there]]
                    ].transpose(1, 0, 2)
            if other:
                flat[..., 0] *= -1
            moved.append(torch.from_numpy(flat.reshape(len(bases) * width, -1)).to(device))
        rows = data.rows(held_out=False)
        truth = np.empty((len(rows), len(contacts.first), 3), dtype=np.float32)
        for start in range(0, len(rows), 512):
            run = data.offsets[rows[start : start + 512]]
            truth[start : start + 512] = (run[:, sides[0]] - run[:, sides[1]]) * 1e3
        weight = np.repeat(contacts.near[:, :, None], 3, axis=2)
        weight /= max(float((weight * np.square(truth)).sum(dtype=np.float64)), 1e-12) / len(rows)
        curves = data.curves[rows]
        return cls(
            curves=torch.from_numpy(curves).to(device),
            twins=None
            if symmetry is None
            else torch.from_numpy(curves[:, symmetry.curves]).to(device),
            morphs=moved[0],
            mirrored=moved[1],
            truth=torch.from_numpy(truth.reshape(len(rows), -1)).to(device),
            weight=torch.from_numpy(weight.reshape(len(rows), -1)).to(device),
        )

    def loss(self, nets: MorphNets, rng: np.random.Generator) -> torch.Tensor:
        """Return the share of the slits' motion that is missed in some frames."""
        rows = torch.from_numpy(rng.integers(len(self.curves), size=_FRAMES))
        rows = rows.to(self.curves.device)
        given = self.curves[rows]
        if self.twins is not None:
            given = torch.cat([given, self.twins[rows]])
        weights = nets(given).transpose(0, 1).flatten(1)
        moved = weights[:_FRAMES] @ self.morphs
        if self.twins is not None:
            moved = moved + weights[_FRAMES:] @ self.mirrored
        missed = (moved - self.truth[rows]).square() * self.weight[rows]
        result: torch.Tensor = missed.sum() / _FRAMES
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
