"""Small nets side by side: curves to the weights of learned morph targets.

Every net has two layers and a direct way from curves to weights, reads only the curves of its own
patch, and is zero at rest by construction.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch

from animdrive.contract.checks import FloatArray

Tensor = torch.Tensor
Bools = npt.NDArray[np.bool_]

_FEW = 4
"""Frames up to which nets are run one by one."""


def bend(x: Tensor) -> Tensor:
    """Return x for large x and 0 for very negative, smooth between: SiLU with a rational sigmoid.

    Costs no exponential, which is what most of a small net's time goes to.
    """
    return 0.5 * x * (1 + x / (1 + x.abs()))


class MorphNets(torch.nn.Module):
    """G nets of C curves, H hidden numbers and K weights each."""

    def __init__(self, inputs: Bools, outputs: Bools, hidden: int, *, seed: int) -> None:
        """Start at random.

        Args:
            inputs: [G, C] curves that each net reads.
            outputs: [G, K] weights that each net has.
            hidden: H.
            seed: Of the start.
        """
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        count, curves = inputs.shape
        width = outputs.shape[1]

        def drawn(*shape: int, spread: float) -> torch.nn.Parameter:
            return torch.nn.Parameter(torch.randn(shape, generator=rng) * spread)

        fan = float(max(inputs.sum(axis=1).mean(), 1.0))
        self.first = drawn(count, curves, hidden, spread=fan**-0.5)
        self.first_bias = drawn(count, 1, hidden, spread=0.3)
        self.second = drawn(count, hidden, hidden, spread=hidden**-0.5)
        self.second_bias = drawn(count, 1, hidden, spread=0.1)
        self.last = drawn(count, hidden, width, spread=0.1 * hidden**-0.5)
        self.direct = torch.nn.Parameter(torch.zeros(count, curves, width))
        self.register_buffer("inputs", torch.from_numpy(inputs.astype(np.float32))[:, :, None])
        # The unit of each weight; training sets it, so that all nets learn numbers around one.
        self.register_buffer("outputs", torch.from_numpy(outputs.astype(np.float32))[:, None])

    def learn_in(self, spread: FloatArray) -> None:
        """Set the unit of each net's weights, [G, 1, 1]: what is around one for the net itself."""
        units: Tensor = self.outputs  # type: ignore[assignment]
        units.mul_(torch.from_numpy(spread).to(units.device))

    def forward(self, curves: Tensor) -> Tensor:
        """Return [G, N, K] weights of `curves` [N, C], or [G, N, C] where nets get their own."""
        given = curves if curves.ndim == 3 else curves[None].expand(len(self.first), -1, -1)
        rest = torch.zeros_like(given[:, :1])
        moved = self._raw(torch.cat([given, rest], dim=1))
        return moved[:, :-1] - moved[:, -1:]

    def _raw(self, given: Tensor) -> Tensor:
        mask: Tensor = self.inputs  # type: ignore[assignment]
        heard: Tensor = self.outputs  # type: ignore[assignment]
        x = bend(torch.bmm(given, self.first * mask) + self.first_bias)
        x = bend(torch.bmm(x, self.second) + self.second_bias)
        return (torch.bmm(x, self.last) + torch.bmm(given, self.direct * mask)) * heard

    def frozen(self) -> FrozenNets:
        """Return the nets as they are now, for use."""
        with torch.no_grad():
            mask: Tensor = self.inputs  # type: ignore[assignment]
            heard: Tensor = self.outputs  # type: ignore[assignment]
            rest = self._raw(torch.zeros_like(self.first[:, :1, 0:1]).expand(
                -1, 1, self.first.shape[1]))  # fmt: skip
            arrays = (
                self.first * mask,
                self.first_bias,
                self.second,
                self.second_bias,
                self.last * heard,
                self.direct * mask * heard,
                -rest,
            )
            return FrozenNets(*(array.detach().cpu().numpy().copy() for array in arrays))


@dataclass(frozen=True, eq=False)
class FrozenNets:
    """Trained nets, in numpy: G nets of C curves, H hidden numbers, K weights."""

    first: FloatArray
    """[G, C, H]"""
    first_bias: FloatArray
    """[G, 1, H]"""
    second: FloatArray
    """[G, H, H]"""
    second_bias: FloatArray
    """[G, 1, H]"""
    last: FloatArray
    """[G, H, K]"""
    direct: FloatArray
    """[G, C, K]"""
    last_bias: FloatArray
    """[G, 1, K], what makes rest zero."""

    def __call__(self, curves: FloatArray) -> FloatArray:
        """Return [G, T, K] weights of `curves` [T, C]."""
        if len(curves) <= _FEW:
            return _each(curves, *(getattr(self, field.name) for field in fields(self)))
        x = _bend(np.matmul(curves, self.first) + self.first_bias)
        x = _bend(np.matmul(x, self.second) + self.second_bias)
        weights: FloatArray = np.matmul(x, self.last)
        weights += np.matmul(curves, self.direct)
        weights += self.last_bias
        return weights

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return its arrays as they are stored: 16 bits each."""
        return {
            f"net_{field.name}": getattr(self, field.name).astype(np.float16)
            for field in fields(self)
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> FrozenNets:
        """Return nets out of `arrays`; rest is zero again to the last bit."""
        nets = cls(*(arrays[f"net_{field.name}"].astype(np.float32) for field in fields(cls)))
        rest = nets(np.zeros((1, nets.first.shape[1]), dtype=np.float32))
        nets.last_bias[...] -= rest
        return nets


@numba.njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _each(
    curves: FloatArray,
    first: FloatArray,
    first_bias: FloatArray,
    second: FloatArray,
    second_bias: FloatArray,
    last: FloatArray,
    direct: FloatArray,
    last_bias: FloatArray,
) -> FloatArray:
    """Return the same for few frames, without numpy's overhead; curves at rest are skipped."""
    nets, hidden, width = last.shape
    weights = np.empty((nets, len(curves), width), dtype=np.float32)
    x, y = np.empty(hidden, dtype=np.float32), np.empty(hidden, dtype=np.float32)
    one = np.float32(1)
    for net in range(nets):
        for frame in range(len(curves)):
            x[:] = first_bias[net, 0]
            total = weights[net, frame]
            total[:] = last_bias[net, 0]
            for c in range(curves.shape[1]):
                value = curves[frame, c]
                if value != 0:
                    row, way = first[net, c], direct[net, c]
                    for i in range(hidden):
                        x[i] += value * row[i]
                    for i in range(width):
                        total[i] += value * way[i]
            y[:] = second_bias[net, 0]
            for k in range(hidden):
                value = np.float32(0.5) * x[k] * (one + x[k] / (one + abs(x[k])))
                row = second[net, k]
                for i in range(hidden):
                    y[i] += value * row[i]
            for k in range(hidden):
                value = np.float32(0.5) * y[k] * (one + y[k] / (one + abs(y[k])))
                row = last[net, k]
                for i in range(width):
                    total[i] += value * row[i]
    return weights


def _bend(x: FloatArray) -> FloatArray:
    """Return `bend` of `x`, in place."""
    gate = np.abs(x)
    gate += 1
    np.divide(x, gate, out=gate)
    gate += 1
    gate *= 0.5
    gate *= x
    return gate
