"""A trained neural morph on a torch device: crowds on a GPU, skin that never leaves it.

On a GPU one dense product is the fastest way: the morphs of rig and model as one matrix of 16 bits,
multiplied by tensor cores while the skin is written once. On a CPU use `NeuralMorph.run`, which
skips what does not move.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
import numpy.typing as npt
import torch

from animdrive.deformer.net_training import bend
from animdrive.deformer.neural_morph import NeuralMorph
from animdrive.errors import DeviceError, InputError

Tensor = torch.Tensor

PRECISIONS: dict[str, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}
"""Of the morphs and their weights; nets always run at 32 bits."""
_MM = 1e3


class TorchNeuralMorph:
    """Curves to skin on a device. C curves, K learned morphs, V vertices."""

    def __init__(
        self, model: NeuralMorph, *, device: str = "cuda", precision: str = "fp16"
    ) -> None:
        """Put `model` on a device.

        Args:
            model: What.
            device: "cuda", "cuda:1", "cpu"...
            precision: One of `PRECISIONS`. fp16 is off by less than 0.01 mm; bf16 by some 0.1 mm.

        Raises:
            DeviceError: there is no such device.
            InputError: an unknown precision.
        """
        if precision not in PRECISIONS:
            raise InputError(f"precision is one of {', '.join(PRECISIONS)}, got '{precision}'.")
        if torch.device(device).type == "cuda" and not torch.cuda.is_available():
            raise DeviceError("No CUDA GPU was found. Use device='cpu', or NeuralMorph.run.")
        self.names = model.names
        self._type = PRECISIONS[precision]
        nets = model.nets
        self._nets = [torch.from_numpy(array.copy()).to(device) for array in vars(nets).values()]
        patch, rank = model.weight_of
        self._pick = (torch.from_numpy(patch).long().to(device),
                      torch.from_numpy(rank).long().to(device))  # fmt: skip
        symmetry = model.symmetry
        self._twin = None if symmetry is None else torch.from_numpy(symmetry.curves).to(device)
        self._low, self._high = (torch.from_numpy(side.copy()).to(device) for side in model.bounds)
        # In millimetres by weights around one: half floats are exact enough there.
        self._unit = torch.maximum(self._low.abs(), self._high.abs()).clamp(min=1e-9)
        learned = torch.from_numpy(model.morphs()).reshape(model.latent, -1).to(device)
        rig = torch.from_numpy(model.rig.deltas.copy()).reshape(len(model.names), -1).to(device)
        both = torch.cat([rig, learned * self._unit[:, None]]) * _MM
        self._morphs = both.to(self._type).contiguous()
        self._rest = torch.from_numpy(model.rig.neutral.vertices.copy()).reshape(-1).to(device)

    def coefficients(self, curves: Tensor) -> Tensor:
        """Return weights [T, K] of `curves` [T, C], both on the device."""
        weights = self._own(curves)
        if self._twin is not None:
            weights = torch.cat([weights, self._own(curves[:, self._twin])], dim=1)
        return torch.minimum(torch.maximum(weights, self._low), self._high)

    def run(self, curves: Tensor, *, out: Tensor | None = None) -> Tensor:
        """Return the skin [T, V, 3] metres of `curves` [T, C]; all on the device.

        Args:
            curves: float32.
            out: [T, V, 3] float32 to write to.
        """
        with torch.inference_mode():
            weights = torch.cat([curves, self.coefficients(curves) / self._unit], dim=1)
            moved = weights.to(self._type) @ self._morphs
            flat = None if out is None else out.view(len(curves), -1)
            skin = torch.add(self._rest, moved, alpha=1 / _MM, out=flat)
        return skin.view(len(curves), -1, 3)

    def run_numpy(self, values: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the skin [T, V, 3] metres of curve `values` [T, C], through the device."""
        curves = torch.from_numpy(np.array(values, dtype=np.float32))
        result: npt.NDArray[np.float32] = self.run(curves.to(self._rest.device)).cpu().numpy()
        return result

    def _own(self, curves: Tensor) -> Tensor:
        first, first_bias, second, second_bias, last, direct, last_bias = self._nets
        given = curves[None].expand(len(first), -1, -1)
        x = bend(torch.baddbmm(first_bias, given, first))
        x = bend(torch.baddbmm(second_bias, x, second))
        weights = torch.baddbmm(last_bias, x, last) + torch.bmm(given, direct)
        patch, rank = self._pick
        return weights[patch, :, rank].T


def throughput(
    model: NeuralMorph, *, batch: int, precision: str = "fp16", seconds: float = 2.0
) -> dict[str, float]:
    """Return how many characters a GPU moves in a second, and how near that is to its limit.

    The limit is writing the skin once at the bandwidth that copying reaches (a copy reads and
    writes, so the skin's bytes at twice the copied bytes per second).
    """
    device = "cuda"
    runner = TorchNeuralMorph(model, device=device, precision=precision)
    curves = torch.rand((batch, len(model.names)), device=device)
    out = torch.empty((batch, len(model.rig.neutral.vertices), 3), device=device)
    each = _timed(lambda: runner.run(curves, out=out), seconds) / batch
    block = torch.empty(1 << 28, dtype=torch.float32, device=device)
    other = torch.empty_like(block)
    copying = _timed(lambda: other.copy_(block), seconds / 2)
    bandwidth = 2 * block.nbytes / copying
    limit = out.nbytes / batch / bandwidth
    return {
        "batch": batch,
        "per_second": 1 / each,
        "us_each": 1e6 * each,
        "bandwidth_gb_s": bandwidth / 1e9,
        "of_limit": limit / each,
    }


def _timed(work: Callable[[], Tensor], seconds: float) -> float:
    """Return the mean seconds of a piece of work on the GPU."""
    for _ in range(5):
        work()
    rounds = 10
    while True:
        torch.cuda.synchronize()
        start = perf_counter()
        for _ in range(rounds):
            work()
        torch.cuda.synchronize()
        taken = perf_counter() - start
        if taken > seconds / 4:
            return taken / rounds
        rounds *= 2
