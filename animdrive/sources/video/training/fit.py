"""The training loop of the regressor."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.files import write_bytes
from animdrive.sources.video.fitting.regressor_net import (
    LANDMARK_UNIT_M,
    RegressorConfig,
    RegressorNet,
)
from animdrive.sources.video.training.examples import (
    Batch,
    Indices,
    Prepared,
    drawn,
    photographed,
)

Tensor = torch.Tensor
_WARM_STEPS = 100
_LEAST_STD = 0.08
"""Added to a curve's spread before its error is weighed by it: rare curves count, within reason."""
_BEYOND = 0.1
"""How much of an error below 0 is counted where the curve is at rest; the result is clipped."""


@dataclass(frozen=True)
class RegressorFitConfig:
    """Settings of `fit_regressor`."""

    steps: int = 3000
    """How many."""
    learning_rate: float = 1.5e-3
    """At the start; it falls to nearly nothing along half a cosine."""
    weight_decay: float = 0.02
    """Of AdamW."""
    persons: int = 8
    """In a batch."""
    frames: int = 16
    """Of each person."""
    at_rest: int = 2
    """Faces at rest that each person's usual look is the mean of."""
    seed: int = 0
    """Of first weights and examples."""
    save_every: int = 100
    """Steps between checkpoints."""

    def __post_init__(self) -> None:
        for name in ("steps", "persons", "frames", "at_rest", "save_every"):
            if getattr(self, name) < 1:
                raise InputError(f"RegressorFitConfig.{name} must be 1 or more.")


@dataclass
class FittedRegressor:
    """What training gave."""

    net: RegressorNet
    """The mean of the weights of the last steps."""
    losses: list[tuple[int, float]] = field(default_factory=list)
    """(step, running mean of the loss) now and then."""


def fit_regressor(
    people: Sequence[Prepared],
    layout: RegressorConfig,
    index: Indices,
    config: RegressorFitConfig,
    *,
    checkpoint: Path | None = None,
    look: Callable[[RegressorNet, int, float], None] | None = None,
    progress: Progress = no_progress,
) -> FittedRegressor:
    """Train the regressor; with the same people and settings, the same machine gives the same.

    Args:
        people: Whom to learn from.
        layout: Of the network.
        index: Which landmarks go in.
        config: Settings.
        checkpoint: File to go on from, written now and then; remove it when the result is safe.
        look: Watches now and then.
        progress: Told of the stage "train".

    Raises:
        InputError: nobody to learn from, or `checkpoint` is of another run.
    """
    if not people:
        raise InputError("There is nobody to learn from; film more people.")
    torch.manual_seed(config.seed)
    net = RegressorNet(layout)
    net.looker.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(net)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    spread = np.concatenate([person.curves for person in people]).std(axis=0) + _LEAST_STD
    weight = torch.from_numpy((1 / spread) / np.mean(1 / spread)).float()
    fitted = FittedRegressor(mean)
    begun = _resume(checkpoint, net, mean, optimizer, config)
    running = math.nan
    for step in range(begun, config.steps):
        rate = min(1.0, (step + 1) / _WARM_STEPS)
        rate *= 0.5 + 0.5 * math.cos(math.pi * step / config.steps)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * rate + 1e-5
        rng = np.random.default_rng([config.seed, step])
        torch.manual_seed(config.seed * 1_000_003 + step)
        batch = drawn(
            people, rng, index,
            persons=config.persons, frames=config.frames, at_rest=config.at_rest,
        )  # fmt: skip
        loss = _loss(net, batch, config, rng, weight)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        _follow(mean, net, min(0.998, (step + 1) / (step + 20)))
        value = float(loss.detach())
        running = value if math.isnan(running) else 0.98 * running + 0.02 * value
        last = step + 1 == config.steps
        progress("train", (step + 1) / config.steps)
        if last or (step + 1) % config.save_every == 0:
            fitted.losses.append((step + 1, round(running, 5)))
            _save(checkpoint, net, mean, optimizer, step + 1, config)
            if look is not None:
                look(mean, step + 1, running)
    return fitted


def _loss(
    net: RegressorNet,
    batch: Batch,
    config: RegressorFitConfig,
    rng: np.random.Generator,
    weight: Tensor,
) -> Tensor:
    net.train()
    persons, each = config.persons, config.frames + config.at_rest
    taken = np.concatenate(
        [
            batch.cutouts.reshape(persons, config.frames, *batch.cutouts.shape[1:]),
            batch.rest_cutouts.reshape(persons, config.at_rest, *batch.cutouts.shape[1:]),
        ],
        axis=1,
    )
    # Together: the face at rest is of the same take, in the same light.
    pictures = torch.from_numpy(
        photographed(taken.reshape(-1, *batch.cutouts.shape[1:]), rng, of_each=each)
    ).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        told = net.looker(pictures)
    by_person = told.float().view(persons, each, -1)
    seen = by_person[:, : config.frames].flatten(0, 1)
    rest = by_person[:, config.frames :].mean(dim=1)

    def of_frames(values: Any) -> Tensor:
        tensor: Tensor = torch.as_tensor(values).float()
        return tensor.repeat_interleave(config.frames, dim=0)

    sighted = of_frames(~batch.blind)[:, None]
    known = of_frames(batch.known)[:, None]
    curves = net(
        torch.from_numpy(batch.moved) / LANDMARK_UNIT_M,
        torch.from_numpy(batch.shape) / LANDMARK_UNIT_M,
        torch.from_numpy(batch.turned),
        seen * sighted,
        rest.repeat_interleave(config.frames, dim=0) * sighted * known,
    )
    wanted = torch.from_numpy(batch.curves)
    error = curves - wanted
    error = torch.where((curves < 0) & (wanted <= 0), _BEYOND * error, error)
    loss: Tensor = (error**2 * weight).mean()
    return loss


@torch.no_grad()
def _follow(mean: RegressorNet, net: RegressorNet, kept: float) -> None:
    for own, other in zip(mean.parameters(), net.parameters(), strict=True):
        own.lerp_(other, 1.0 - kept)


def _save(
    checkpoint: Path | None,
    net: RegressorNet,
    mean: RegressorNet,
    optimizer: torch.optim.Optimizer,
    step: int,
    config: RegressorFitConfig,
) -> None:
    if checkpoint is None:
        return
    held = io.BytesIO()
    torch.save(
        {
            "config": repr(config),
            "net": net.state_dict(),
            "mean": mean.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": step,
        },
        held,
    )
    write_bytes(checkpoint, held.getvalue())


def _resume(
    checkpoint: Path | None,
    net: RegressorNet,
    mean: RegressorNet,
    optimizer: torch.optim.Optimizer,
    config: RegressorFitConfig,
) -> int:
    if checkpoint is None or not checkpoint.is_file():
        return 0
    try:
        held = torch.load(checkpoint, weights_only=True)
        if held["config"] == repr(config):
            net.load_state_dict(held["net"])
            mean.load_state_dict(held["mean"])
            optimizer.load_state_dict(held["optimizer"])
            return int(held["step"])
    except Exception as error:
        raise InputError(
            f"{checkpoint} is damaged ({type(error).__name__}). Remove it to start anew."
        ) from error
    raise InputError(
        f"{checkpoint} is the checkpoint of a run with other settings. Remove it to start anew."
    )
