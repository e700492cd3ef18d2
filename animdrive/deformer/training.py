"""The training loop: AdamW down a cosine, checkpoints, early stopping, resumption to the bit."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.deformer.presets import LENGTHS
from animdrive.errors import InputError
from animdrive.files import write_bytes

Tensor = torch.Tensor
Loss = Callable[[np.random.Generator], Tensor]
"""Draws a batch with the generator and returns its loss."""
Check = Callable[[], float]
"""Returns the error on takes that are not learned from, in mm."""

_CHECKPOINT_S = 20.0
_CHECKS = 20
_PATIENCE = 5


@dataclass(frozen=True)
class LoopConfig:
    """Settings of `train`."""

    iterations: int = LENGTHS["normal"]
    """Steps."""
    learning_rate: float = 3e-3
    """At the start; it falls to nothing along half a cosine."""
    weight_decay: float = 0.3
    """Of AdamW."""
    early_stopping: bool = False
    """Stop where takes that are not learned from have not got better for a quarter of the way, and
    keep the best; then these takes have been looked at, so report figures on others."""
    amp: bool = True
    """16-bit products on a GPU."""
    seed: int = 0
    """Of the batches."""


@dataclass
class History:
    """How training went."""

    iteration: list[int] = field(default_factory=list)
    """Where it was looked at."""
    loss: list[float] = field(default_factory=list)
    """Mean loss since the last look."""
    held_out_mm: list[float] = field(default_factory=list)
    """RMS error on takes that are not learned from; NaN where there are none."""
    stopped: int = 0
    """Iterations done."""


def train(
    module: torch.nn.Module,
    loss: Loss,
    *,
    config: LoopConfig,
    check: Check | None = None,
    checkpoint: Path | None = None,
    settings: Any = None,
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> History:
    """Train `module` in place.

    Batches depend on the seed and the iteration alone, so that a run that was killed and taken up
    again ends at the same weights.

    Args:
        module: What.
        loss: Of a batch.
        config: Settings.
        check: The error that tells whether it is still getting better.
        checkpoint: File to go on from and to write now and then; removed at the end.
        settings: All that the result depends on, plain JSON values; a checkpoint of others is not
            taken up.
        progress: Told of the stage "train".
        report: Told of loss and error now and then.

    Raises:
        InputError: `checkpoint` is of another run, or the loss is no longer a number.
    """
    digest = hashlib.sha256(json.dumps([settings, vars(config)], sort_keys=True).encode())
    run = _Run(module, config, digest.hexdigest(), checkpoint)
    done = run.resumed()
    every = max(1, config.iterations // _CHECKS)
    if done:
        report(f"going on at iteration {done} of {config.iterations}")
    summed, counted, saved = 0.0, 0, perf_counter()
    for iteration in range(done, config.iterations):
        _set_rate(run.optimizer, config, iteration)
        value = loss(np.random.default_rng([config.seed, iteration]))
        run.optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        run.optimizer.step()
        summed, counted = summed + float(value.detach()), counted + 1
        last = iteration + 1 == config.iterations
        if last or (iteration + 1) % every == 0:
            mean = summed / counted
            if not math.isfinite(mean):
                raise InputError(
                    f"Training fell apart at iteration {iteration + 1}: the loss is {mean}. Use a "
                    f"smaller learning rate."
                )
            error = check() if check is not None else math.nan
            run.look(iteration + 1, mean, error)
            summed, counted = 0.0, 0
            told = f"iteration {iteration + 1}/{config.iterations}: loss {mean:.4g}"
            report(told if check is None else f"{told}, held out {error:.4f} mm rms")
            progress("train", (iteration + 1) / config.iterations)
            if config.early_stopping and run.stale():
                report(f"no better for {_PATIENCE} looks: stopped")
                break
        if perf_counter() - saved > _CHECKPOINT_S and not last:
            run.save(iteration + 1)
            saved = perf_counter()
    progress("train", 1.0)
    run.finish()
    return run.history


def _set_rate(optimizer: torch.optim.Optimizer, config: LoopConfig, iteration: int) -> None:
    warm = min(1.0, (iteration + 1) / max(1, min(100, config.iterations // 20)))
    rate = (
        config.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * iteration / config.iterations))
    )
    for group in optimizer.param_groups:
        group["lr"] = rate


class _Run:
    """Weights, optimiser and history of one run, and their checkpoint."""

    def __init__(
        self, module: torch.nn.Module, config: LoopConfig, digest: str, path: Path | None
    ) -> None:
        self.module, self.config, self.digest, self.path = module, config, digest, path
        self.history = History()
        self._named = dict(module.named_parameters())
        self.optimizer = torch.optim.AdamW(
            self._named.values(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self._best: tuple[float, dict[str, Tensor]] | None = None

    def look(self, iteration: int, loss: float, error: float) -> None:
        self.history.iteration.append(iteration)
        self.history.loss.append(loss)
        self.history.held_out_mm.append(error)
        self.history.stopped = iteration
        best = math.inf if self._best is None else self._best[0]
        if self.config.early_stopping and error < best:
            self._best = error, {n: p.detach().clone() for n, p in self._named.items()}

    def stale(self) -> bool:
        errors = self.history.held_out_mm
        return len(errors) > _PATIENCE and min(errors[-_PATIENCE:]) > min(errors[:-_PATIENCE])

    def finish(self) -> None:
        if self._best is not None:
            with torch.no_grad():
                for name, value in self._best[1].items():
                    self._named[name].copy_(value)
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def save(self, iteration: int) -> None:
        """Write a checkpoint, whole or not at all."""
        if self.path is None:
            return
        from safetensors.torch import save

        tensors = {f"p.{name}": value.detach() for name, value in self._named.items()}
        for name, value in self._named.items():
            state = self.optimizer.state[value]
            tensors |= {f"{key}.{name}": state[key] for key in ("exp_avg", "exp_avg_sq", "step")}
        if self._best is not None:
            tensors |= {f"b.{name}": value for name, value in self._best[1].items()}
        header = {
            "digest": self.digest,
            "iteration": iteration,
            "history": vars(self.history),
            "best": None if self._best is None else self._best[0],
        }
        data = save({n: t.contiguous() for n, t in tensors.items()}, {"run": json.dumps(header)})
        write_bytes(self.path, data)

    def resumed(self) -> int:
        """Take up the checkpoint, if there is one; return the iterations that are done."""
        if self.path is None or not self.path.is_file():
            return 0
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, "pt") as file:
                header = json.loads((file.metadata() or {})["run"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}
            if header["digest"] != self.digest:
                raise InputError(
                    f"{self.path} is the checkpoint of a run with other settings or other data. "
                    f"Remove it to start anew, or use the settings it was begun with."
                )
            with torch.no_grad():
                for name, value in self._named.items():
                    value.copy_(tensors[f"p.{name}"])
                    self.optimizer.state[value] = {
                        key: tensors[f"{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")
                    }
            if header["best"] is not None:
                kept = {name: tensors[f"b.{name}"] for name in self._named}
                self._best = float(header["best"]), kept
            self.history = History(**header["history"])
            return int(header["iteration"])
        except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError, OSError) as error:
            raise InputError(
                f"{self.path} is damaged ({error}). Remove it to start anew."
            ) from error
