"""One net from curves to every vertex: large, quick to train, nothing compressed.

``skin = rest + Σ curve · rig shape + net(curves)``

For prototypes: what a capture holds shows in minutes and without a choice of patches or morphs to
be made first. It hears every curve everywhere, so what never occurred together in training may
leak from one part of the face to another; `NeuralMorph` is what to ship.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Rig
from animdrive.contract.checks import FloatArray
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.rig_check import check_ranges, check_rig, checked_values, rig_digest
from animdrive.errors import WeightsError

Arrays = dict[str, npt.NDArray[Any]]
_BATCH = 64
"""Frames that are made at once."""


@dataclass(frozen=True)
class VertexDeltaConfig:
    """Settings of a `VertexDelta`."""

    hidden: int = 96
    """Width of the net's two layers."""
    batch: int = 128
    """Frames of a step."""

    def __post_init__(self) -> None:
        check_ranges(self, ("hidden", 4, 4096), ("batch", 1, 65536))


@dataclass(frozen=True, eq=False)
class DeltaNet:
    """A trained net, in numpy. C curves, H hidden numbers, M moving vertices.

    Each layer is measured from what it says at rest, so that rest is zero to the last bit.
    """

    first: FloatArray
    """[C, H]"""
    first_bias: FloatArray
    """[H]"""
    second: FloatArray
    """[H, H]"""
    second_bias: FloatArray
    """[H]"""
    last: FloatArray
    """[H, M * 3] metres"""
    direct: FloatArray
    """[C, M * 3] metres, straight from curves."""

    def __call__(self, curves: FloatArray) -> FloatArray:
        """Return [T, M, 3] metres for `curves` [T, C]."""
        x = _bend(curves @ self.first + self.first_bias) - _bend(self.first_bias)
        x = _bend(x @ self.second + self.second_bias) - _bend(self.second_bias)
        moved = x @ self.last + curves @ self.direct
        return np.asarray(moved.reshape(len(curves), -1, 3), dtype=np.float32)


def _bend(x: FloatArray) -> FloatArray:
    """Return `nets.bend` of `x`."""
    return np.asarray(0.5 * x * (1 + x / (1 + np.abs(x))), dtype=np.float32)


class VertexDelta:
    """A trained deformer of one rig. C curves, V vertices, M of them moved by the net."""

    kind = "vertex_delta"

    def __init__(
        self,
        rig: Rig,
        config: VertexDeltaConfig,
        net: DeltaNet,
        *,
        moving: npt.NDArray[np.int32],
        bounds: FloatArray,
    ) -> None:
        """Put together what training found.

        Args:
            rig: Whose.
            config: Settings it was made with.
            net: Curves to offsets.
            moving: [M] vertices that it moves.
            bounds: [2, C] least and largest value of each curve in training; the net never hears
                of others, where it would guess. The rig's own shapes go on in a straight line.
        """
        self.rig, self.config = rig, config
        self.names: tuple[str, ...] = rig.names
        self._net, self._moving, self._bounds = net, moving, bounds
        self._linear = LinearDeformer(rig)

    @property
    def runtime_bytes(self) -> int:
        """Bytes that are held to run, the rig's own shapes included."""
        own = sum(array.nbytes for array in vars(self._net).values())
        return int(own + self._moving.nbytes + self.rig.deltas.nbytes)

    def run(self, values: npt.ArrayLike) -> FloatArray:
        """Return the skin [T, V, 3] metres for curve `values` [T, C].

        A frame does not depend on the others.

        Raises:
            ContractError: `values` is not [T, C].
        """
        given = checked_values(values, len(self.names))
        heard = np.clip(given, self._bounds[0], self._bounds[1])
        skin = self._linear.run(given)
        for start in range(0, len(given), _BATCH):
            stop = start + _BATCH
            skin[start:stop, self._moving] += self._net(heard[start:stop])
        return skin

    def stored(self) -> tuple[Arrays, dict[str, Any]]:
        """Return arrays and description as they go into a file."""
        arrays: Arrays = {f"net_{name}": array for name, array in vars(self._net).items()}
        arrays |= {"moving": self._moving, "bounds": self._bounds}
        return arrays, {
            "config": asdict(self.config),
            "names": list(self.names),
            "rig": rig_digest(self.rig),
        }

    @classmethod
    def from_stored(cls, rig: Rig, arrays: Arrays, described: dict[str, Any]) -> VertexDelta:
        """Return the model of `stored`.

        Raises:
            InputError: it was made for another rig.
            WeightsError: the arrays do not hold together.
        """
        check_rig(rig, described, cls.kind)
        parts = ("first", "first_bias", "second", "second_bias", "last", "direct")
        net = DeltaNet(**{name: arrays[f"net_{name}"].astype(np.float32) for name in parts})
        moving = arrays["moving"].astype(np.int32)
        bounds = arrays["bounds"].astype(np.float32)
        curves, hidden, wide = len(rig.names), net.first.shape[-1], 3 * len(moving)
        fits = (
            net.first.shape == (curves, hidden)
            and net.first_bias.shape == net.second_bias.shape == (hidden,)
            and net.second.shape == (hidden, hidden)
            and net.last.shape == (hidden, wide)
            and net.direct.shape == (curves, wide)
            and bounds.shape == (2, curves)
            and (bounds[0] <= 0).all()
            and (bounds[1] >= 0).all()
            and len(moving) > 0
            and 0 <= moving.min() <= moving.max() < len(rig.neutral.vertices)
            and len(np.unique(moving)) == len(moving)
        )
        if not fits:
            raise WeightsError("The arrays of the model do not hold together. Train it anew.")
        config = VertexDeltaConfig(**described["config"])
        return cls(rig, config, net, moving=moving, bounds=bounds)
