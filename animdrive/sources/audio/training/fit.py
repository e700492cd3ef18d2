"""The training loop: AdamW down a cosine, a running mean of the weights, resumption."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.errors import InputError
from animdrive.files import write_bytes
from animdrive.sources.audio.training.batches import BatchConfig, batches
from animdrive.sources.audio.training.model import AcousticNet, NetConfig
from animdrive.sources.audio.training.spectra import UNKNOWN

Tensor = torch.Tensor
_WARM_STEPS, _WARM_SHARE = 200, 0.05
"""The rate rises over that many steps, or that share of a short training."""
Look = Callable[[AcousticNet, int, float], None]
"""Called now and then with the mean network, the step and the loss."""


@dataclass(frozen=True)
class FitConfig:
    """Settings of `fit`."""

    steps: int | None = None
    """How many. With None `minutes` tells when to end."""
    minutes: float | None = None
    """How long to train, on this machine; the result then depends on its speed."""
    learning_rate: float = 2e-3
    """At the start; it falls to nearly nothing along half a cosine."""
    weight_decay: float = 0.01
    """Of AdamW."""
    smoothing: float = 0.05
    """Of labels: the share that goes to all phones alike."""
    seed: int = 0
    """Of first weights, dropout and examples."""
    half: bool = True
    """16-bit products (bfloat16), which are faster and do no harm."""
    workers: int = 1
    """Processes that make examples meanwhile; 0 makes them in this one."""
    threads: int = 1
    """Of PyTorch on a CPU. One is fastest for so small a network."""
    device: str = "cpu"
    """"cpu" or "cuda"."""
    look_s: float = 120.0
    """Seconds between two looks at how it is doing."""
    save_s: float = 30.0
    """Seconds between two checkpoints."""

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise InputError("Give either steps or minutes to train for.")
        if (self.steps is not None and self.steps < 1) or (
            self.minutes is not None and not self.minutes > 0
        ):
            raise InputError("Steps and minutes of training must be above 0.")


@dataclass
class Fitted:
    """What training gave."""

    net: AcousticNet
    """The mean of the weights of the last steps, ready to be used."""
    steps: int = 0
    """Done in all."""
    seconds: float = 0.0
    """Taken in all, over all runs."""
    losses: list[tuple[int, float]] = field(default_factory=list)
    """(step, running mean of the loss) now and then."""


def fit(
    layout: NetConfig,
    data: BatchConfig,
    config: FitConfig,
    *,
    checkpoint: Path | None = None,
    look: Look | None = None,
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> Fitted:
    """Train a network.

    Examples depend on the seed and the step alone; with `steps`, the same machine gives the same
    weights, killed and taken up again or not.

    Args:
        layout: Of the network.
        data: Of the examples.
        config: Settings.
        checkpoint: File to go on from, written now and then and at the end; remove it when the
            result is safe.
        look: Watches meanwhile.
        progress: Told of the stage "train".
        report: Told of the loss now and then.

    Raises:
        InputError: `checkpoint` is of another run or damaged, or the loss is no longer a number.
        DeviceError: a process was killed.
    """
    with _threads(config.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        run = _Run(layout, data, config, checkpoint)
        begun = run.resume()
        if begun:
            report(f"going on at step {begun}")
        clock = looked = saved = perf_counter()
        before_s = run.fitted.seconds
        with batches(data, first=begun, workers=config.workers) as drawn:
            while (done := run.share_done()) < 1.0:
                run.step(*next(drawn), done=done)
                now = perf_counter()
                run.fitted.seconds = before_s + now - clock
                progress("train", run.share_done())
                if now - looked >= config.look_s:
                    run.look(look, report)
                    looked = perf_counter()
                if now - saved >= config.save_s:
                    run.save()
                    saved = perf_counter()
        run.look(look, report)
        run.save()
    run.fitted.net = run.mean.eval()
    return run.fitted


class _Run:
    """Weights, their mean and the optimiser of one run."""

    def __init__(
        self, layout: NetConfig, data: BatchConfig, config: FitConfig, checkpoint: Path | None
    ) -> None:
        self.config, self.checkpoint = config, checkpoint
        self.net = AcousticNet(layout).to(config.device)
        self.mean = copy.deepcopy(self.net).eval()
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.fitted = Fitted(self.mean)
        self.loss = math.nan
        self.digest = _digest(layout, data, config)

    def share_done(self) -> float:
        """Return how much of the training is done, 0..1."""
        if self.config.steps is not None:
            return min(self.fitted.steps / self.config.steps, 1.0)
        return min(self.fitted.seconds / (60.0 * float(self.config.minutes or 0.0)), 1.0)

    def step(self, features: Any, labels: Any, *, done: float) -> None:
        """Learn from one batch."""
        config, step = self.config, self.fitted.steps
        warm = min(1.0, max((step + 1) / _WARM_STEPS, done / _WARM_SHARE))
        rate = config.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-5
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(config.seed * 1_000_003 + step)  # dropout, the same after a resumption
        heard = torch.from_numpy(features).to(config.device).transpose(1, 2)
        said = torch.from_numpy(labels).to(config.device)
        self.net.train()
        with torch.autocast(config.device, dtype=torch.bfloat16, enabled=config.half):
            logits = self.net(heard)
        loss = torch.nn.functional.cross_entropy(
            logits.float(), said, ignore_index=UNKNOWN, label_smoothing=config.smoothing
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimizer.step()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise InputError(
                f"Training fell apart at step {step + 1}: the loss is {value}. Use a smaller "
                f"learning rate, or another seed."
            )
        self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
        self.fitted.steps = step + 1
        self._follow(min(0.998, (step + 1) / (step + 21)))

    @torch.no_grad()
    def _follow(self, kept: float) -> None:
        """Move the mean of the weights a little towards the weights."""
        own = self.net.state_dict()
        for name, value in self.mean.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(own[name], 1.0 - kept)
            else:
                value.copy_(own[name])

    def look(self, look: Look | None, report: Report) -> None:
        """Tell how it is doing."""
        self.fitted.losses.append((self.fitted.steps, round(self.loss, 4)))
        report(f"step {self.fitted.steps}: loss {self.loss:.3f}")
        if look is not None:
            look(self.mean, self.fitted.steps, self.loss)

    def save(self) -> None:
        """Write a checkpoint, whole or not at all."""
        if self.checkpoint is None:
            return
        held = io.BytesIO()
        torch.save(
            {
                "digest": self.digest,
                "net": self.net.state_dict(),
                "mean": self.mean.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "steps": self.fitted.steps,
                "seconds": self.fitted.seconds,
                "loss": self.loss,
                "losses": [list(pair) for pair in self.fitted.losses],
            },
            held,
        )
        write_bytes(self.checkpoint, held.getvalue())

    def resume(self) -> int:
        """Take up the checkpoint, if there is one; return the steps that are done."""
        if self.checkpoint is None or not self.checkpoint.is_file():
            return 0
        try:
            held = torch.load(self.checkpoint, weights_only=True, map_location=self.config.device)
            if held["digest"] == self.digest:
                self.net.load_state_dict(held["net"])
                self.mean.load_state_dict(held["mean"])
                self.optimizer.load_state_dict(held["optimizer"])
                self.fitted.steps, self.fitted.seconds = held["steps"], held["seconds"]
                self.fitted.losses = [(int(step), float(loss)) for step, loss in held["losses"]]
                self.loss = held["loss"]
                return int(held["steps"])
        except Exception as error:
            raise InputError(
                f"{self.checkpoint} is damaged ({type(error).__name__}). Remove it to start anew."
            ) from error
        raise InputError(
            f"{self.checkpoint} is the checkpoint of a run with other settings or other data. "
            f"Remove it to start anew, or use the settings it was begun with."
        )


def _digest(layout: NetConfig, data: BatchConfig, config: FitConfig) -> str:
    """Return a name for all that a run's weights depend on."""
    told = [
        asdict(layout),
        {key: value for key, value in asdict(data).items() if key != "folder"},
        [config.steps, config.minutes, config.learning_rate, config.weight_decay],
        [config.smoothing, config.seed, config.half],
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
