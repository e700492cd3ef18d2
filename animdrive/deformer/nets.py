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

from animdrive.contract.checks import FloatArray
from animdrive.errors import WeightsError

_FEW = 8
"""Frames up to which nets are run one by one."""


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
        """Return nets out of `arrays`; rest is zero again to the last bit.

        Raises:
            WeightsError: their shapes do not belong together.
        """
        with np.errstate(over="ignore"):  # told below
            nets = cls(*(arrays[f"net_{field.name}"].astype(np.float32) for field in fields(cls)))
        if nets.first.ndim != 3 or nets.last.ndim != 3:
            raise WeightsError("The nets of the model do not hold together. Train it anew.")
        (count, curves, hidden), width = nets.first.shape, nets.last.shape[2]
        shapes = (
            (count, curves, hidden), (count, 1, hidden), (count, hidden, hidden),
            (count, 1, hidden), (count, hidden, width), (count, curves, width), (count, 1, width),
        )  # fmt: skip
        # Before they are run: compiled code trusts these shapes.
        if tuple(array.shape for array in vars(nets).values()) != shapes:
            raise WeightsError("The nets of the model do not hold together. Train it anew.")
        if not all(np.isfinite(array).all() for array in vars(nets).values()):
            raise WeightsError(
                "The nets of the model hold numbers too large to use. Train it anew."
            )
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
    """Return x for large x and 0 for very negative, see `net_training.bend`."""
    gate = np.abs(x)
    gate += 1
    np.divide(x, gate, out=gate)
    gate += 1
    gate *= 0.5
    gate *= x
    return gate
