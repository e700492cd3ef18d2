"""Training of `VertexDelta`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.deformer.data import TrainingData
from animdrive.deformer.net_training import bend
from animdrive.deformer.training import History, LoopConfig, train
from animdrive.deformer.vertex_delta import DeltaNet, VertexDelta, VertexDeltaConfig

Tensor = torch.Tensor
_CHECKED = 120
"""Frames on which the error is looked at."""
_RIDGE = 1.0


class _Net(torch.nn.Module):
    """The net of a `VertexDelta`, in millimetres."""

    def __init__(self, curves: int, wide: int, hidden: int, *, seed: int) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(seed)

        def drawn(*shape: int, spread: float) -> torch.nn.Parameter:
            return torch.nn.Parameter(torch.randn(shape, generator=rng) * spread)

        self.first = drawn(curves, hidden, spread=curves**-0.5)
        self.first_bias = drawn(hidden, spread=0.3)
        self.second = drawn(hidden, hidden, spread=hidden**-0.5)
        self.second_bias = drawn(hidden, spread=0.1)
        self.last = drawn(hidden, wide, spread=0.1 * hidden**-0.5)
        self.direct = torch.nn.Parameter(torch.zeros(curves, wide))

    def forward(self, curves: Tensor) -> Tensor:
        """Return [N, M * 3] mm for `curves` [N, C]."""
        x = bend(curves @ self.first + self.first_bias) - bend(self.first_bias)
        x = bend(x @ self.second + self.second_bias) - bend(self.second_bias)
        return x @ self.last + curves @ self.direct

    def frozen(self) -> DeltaNet:
        """Return the net as it is now, for use, in metres."""
        held = {name: value.detach().cpu().numpy() for name, value in self.named_parameters()}
        scale = {"last": 1e-3, "direct": 1e-3}
        return DeltaNet(
            **{n: np.asarray(a * scale.get(n, 1.0), dtype=np.float32) for n, a in held.items()}
        )


def _ridge(data: TrainingData, rows: npt.NDArray[np.int64]) -> FloatArray:
    """Return [C, M * 3] metres: what a sum of shapes can do already, so that nets start there."""
    curves = data.curves[rows].astype(np.float64)
    solve = np.linalg.solve(curves.T @ curves + _RIDGE * np.eye(curves.shape[1]), curves.T)
    flat = data.offsets[rows].reshape(len(rows), 3 * len(data.moving))
    return np.asarray(solve.astype(np.float32) @ flat, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class TrainedDeltas:
    """A net, before it is put to use."""

    net: DeltaNet
    """Curves to offsets."""
    history: History
    """How it went."""

    def model(self, data: TrainingData, config: VertexDeltaConfig) -> VertexDelta:
        """Return the model."""
        seen = data.curves[data.rows(held_out=False)]
        bounds = np.stack([np.minimum(seen.min(axis=0), 0), np.maximum(seen.max(axis=0), 0)])
        moving = data.moving.astype(np.int32)
        return VertexDelta(data.rig, config, self.net, moving=moving, bounds=bounds)


def train_vertex_delta(
    data: TrainingData,
    *,
    config: VertexDeltaConfig,
    loop: LoopConfig,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> TrainedDeltas:
    """Learn offsets from the frames of `data` that are not held out.

    Args:
        data: What to learn from.
        config: Of the model.
        loop: Of the training.
        checkpoint: See `training.train`.
        device: "cpu" or "cuda".
        progress: Told of the stage "train".
        report: Told how it goes.
    """
    rows = data.rows(held_out=False)
    net = _Net(data.curves.shape[1], 3 * len(data.moving), config.hidden, seed=loop.seed)
    with torch.no_grad():
        net.direct.copy_(torch.from_numpy(1e3 * _ridge(data, rows)))
    net = net.to(device)
    batch = min(config.batch, len(rows))

    def gathered(own: np.ndarray[Any, Any]) -> tuple[Tensor, Tensor]:
        truth = data.offsets[own].reshape(len(own), 3 * len(data.moving)) * np.float32(1e3)
        return torch.from_numpy(data.curves[own]).to(device), torch.from_numpy(truth).to(device)

    def loss(rng: np.random.Generator) -> Tensor:
        curves, truth = gathered(rows[rng.integers(len(rows), size=batch)])
        with torch.autocast(device, dtype=torch.bfloat16, enabled=loop.amp and device != "cpu"):
            off = net(curves) - truth
        missed: Tensor = 3 * off.float().square().mean()
        return missed

    held = data.rows(held_out=True)
    held = held[:: max(1, len(held) // _CHECKED)]
    looked_at = gathered(held)

    def error() -> float:
        with torch.no_grad():
            off = net(looked_at[0]) - looked_at[1]
        return float((3 * off.square().mean()).sqrt())

    settings = {
        "model": asdict(config),
        "frames": len(rows),
        "sum": float(np.abs(data.curves[rows]).sum(dtype=np.float64)),
    }
    history = train(
        net,
        loss,
        config=loop,
        check=error if len(held) else None,
        checkpoint=checkpoint,
        settings=settings,
        progress=progress,
        report=report,
    )
    return TrainedDeltas(net.frozen(), history)
