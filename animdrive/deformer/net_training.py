"""The nets of a neural morph while they learn, in torch; `FrozenNets` are what they become."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from animdrive.contract.checks import FloatArray
from animdrive.deformer.nets import FrozenNets

Tensor = torch.Tensor
Bools = npt.NDArray[np.bool_]


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
