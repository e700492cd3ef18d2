"""The trained network, run with numpy alone: log-mel frames to posteriors of phones.

A stack of residual blocks of dilated convolutions (van den Oord et al. 2016, "WaveNet", without
its gates): ``x + mix(relu(conv(x)))``. Training folds its batch norms into the weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import WeightsError
from animdrive.sources.audio.acoustic.features import BANDS
from animdrive.sources.audio.language.inventory import SILENCE, is_phone

Floats = npt.NDArray[np.float32]

OFFLINE, LIVE = "acoustic", "acoustic_live"
"""Names of the shipped weights."""
_KERNEL = 3
_BLOCK = 2048
"""Frames computed at once: bounds the memory."""


@dataclass(frozen=True)
class Layer:
    """One convolution over time."""

    taps: tuple[Floats, ...]
    """Each [C_in, C_out], for frames `offsets` from the present one."""
    offsets: tuple[int, ...]
    """Frames, rising; negative is the past."""
    bias: Floats
    """[C_out]."""

    def run(self, values: Floats, left: int) -> Floats:
        """Return [T - left - right, C_out]: one row for each row of `values` with all its taps."""
        right = max(self.offsets[-1], 0)
        count = max(len(values) - left - right, 0)
        total = np.tile(self.bias, (count, 1))
        for tap, offset in zip(self.taps, self.offsets, strict=True):
            total += values[left + offset : left + offset + count] @ tap
        return total

    @property
    def reach(self) -> tuple[int, int]:
        """Frames needed before and after each one."""
        return max(-self.offsets[0], 0), max(self.offsets[-1], 0)


@dataclass(frozen=True)
class Network:
    """A trained acoustic model."""

    symbols: tuple[str, ...]
    """P phones, the columns of what it returns; silence is one of them."""
    layers: tuple[Layer, ...]
    """The input convolution, then one of each block."""
    mixes: tuple[tuple[Floats, Floats], ...]
    """Weight [C, C] and bias [C] of each block's second half."""
    output: tuple[Floats, Floats, Floats, Floats]
    """Scale [C] and shift [C] before the last rectifier, weight [C, P] and bias [P] after it."""
    priors: Mapping[str, Floats]
    """Language ("en", "zh", "any") → [P] how often each phone was in training, sum 1."""
    running: bool
    """Whether its features are normalised by what was heard so far, as live, or by the clip."""

    @property
    def reach(self) -> tuple[int, int]:
        """Frames of context before and after each one."""
        sides = [layer.reach for layer in self.layers]
        return sum(side[0] for side in sides), sum(side[1] for side in sides)

    def log_posteriors(self, features: Floats) -> Floats:
        """Return [T, P] natural logarithms of posteriors, of which each row's sum to 1.

        Args:
            features: [T, 40] as of `animdrive.sources.audio.acoustic.features`; outside the clip
                counts as its mean.
        """
        before, after = self.reach
        count = len(features)
        padded = np.pad(features, ((before, after), (0, 0)))
        parts = []
        for first in range(0, count, _BLOCK):
            end = min(first + _BLOCK, count)
            parts.append(
                self.valid(
                    padded[first : end + before + after],
                    missing=(max(before - first, 0), max(end + after - count, 0)),
                )
            )
        return np.concatenate(parts) if parts else np.zeros((0, len(self.symbols)), np.float32)

    def valid(self, features: Floats, *, missing: tuple[int, int] = (0, 0)) -> Floats:
        """Return [T - context, P] log posteriors of the frames whose whole context is given.

        Args:
            features: [T, 40].
            missing: How many of the first and of the last rows lie outside the clip. Within the
                network they count as 0, as they did in training.
        """
        first, *blocks = self.layers
        at = first.reach[0]
        values = _cleared(first.run(features, at), missing, at, first.reach[1])
        done = list(first.reach)
        for layer, (weight, bias) in zip(blocks, self.mixes, strict=True):
            left, right = layer.reach
            hidden = np.maximum(layer.run(values, left), 0.0)
            values = values[left : len(values) - right] + (hidden @ weight + bias)
            done = [done[0] + left, done[1] + right]
            values = _cleared(values, missing, *done)
        return self.read_out(values)

    def read_out(self, values: Floats) -> Floats:
        """Return [T, P] log posteriors for what the last block returns, [T, C]."""
        scale, shift, weight, bias = self.output
        logits = np.maximum(values * scale + shift, 0.0) @ weight + bias
        logits -= logits.max(1, keepdims=True)
        result: Floats = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return result


def _cleared(values: Floats, missing: tuple[int, int], before: int, after: int) -> Floats:
    """Return `values` with 0 in the rows that lie outside the clip."""
    first, last = missing[0] - before, missing[1] - after
    if first > 0:
        values[:first] = 0.0
    if last > 0:
        values[len(values) - last :] = 0.0
    return values


def network_from_tensors(tensors: Mapping[str, Any], metadata: Mapping[str, str]) -> Network:
    """Build a network from the tensors and the metadata of its file.

    Raises:
        WeightsError: a tensor or an entry is missing, or has a wrong shape.
    """
    try:
        settings = {key: json.loads(value) for key, value in metadata.items()}
        symbols = tuple(settings["symbols"])
        dilations: Sequence[int] = settings["dilations"]
        looks: Sequence[int] = settings["look_ahead"]
        held = {name: np.asarray(tensor, dtype=np.float32) for name, tensor in tensors.items()}
        channels = held["input.weight"].shape[0]
        layers = [_layer(held, "input", (channels, BANDS, _KERNEL), 1, 1)]
        mixes = []
        for number, (dilation, look) in enumerate(zip(dilations, looks, strict=True)):
            name = f"block{number}"
            layers.append(
                _layer(held, f"{name}.conv", (channels, channels, _KERNEL), dilation, look)
            )
            mixes.append(
                (
                    _shaped(held, f"{name}.mix.weight", (channels, channels)).T.copy(),
                    _shaped(held, f"{name}.mix.bias", (channels,)),
                )
            )
        network = Network(
            symbols=symbols,
            layers=tuple(layers),
            mixes=tuple(mixes),
            output=(
                _shaped(held, "output.scale", (channels,)),
                _shaped(held, "output.shift", (channels,)),
                _shaped(held, "output.weight", (len(symbols), channels)).T.copy(),
                _shaped(held, "output.bias", (len(symbols),)),
            ),
            priors={
                language: _shaped(held, f"prior.{language}", (len(symbols),))
                for language in ("en", "zh", "any")
            },
            running={"clip": False, "running": True}[settings["normalisation"]],
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise WeightsError(
            f"The acoustic model does not hold what it must: {error}. Restore the file."
        ) from error
    unknown = [symbol for symbol in symbols if not is_phone(symbol)]
    if unknown or SILENCE not in symbols:
        raise WeightsError(
            f"The acoustic model has phones that are unknown: {unknown or 'no SIL'}."
        )
    return network


def _layer(
    held: Mapping[str, Floats], name: str, shape: tuple[int, ...], dilation: int, look: int
) -> Layer:
    weight = _shaped(held, f"{name}.weight", shape)
    last = look
    offsets = tuple(last - dilation * (_KERNEL - 1 - tap) for tap in range(_KERNEL))
    return Layer(
        taps=tuple(np.ascontiguousarray(weight[:, :, tap].T) for tap in range(_KERNEL)),
        offsets=offsets,
        bias=_shaped(held, f"{name}.bias", shape[:1]),
    )


def _shaped(held: Mapping[str, Floats], name: str, shape: tuple[int, ...]) -> Floats:
    tensor = held[name]
    if tensor.shape != shape or not np.isfinite(tensor).all():
        raise ValueError(f"'{name}' is {tensor.shape} or not finite, expected {shape}")
    return tensor


@cache
def load_network(name: str = OFFLINE) -> Network:
    """Return a shipped network: `OFFLINE`, for whole clips, or `LIVE`.

    Raises:
        WeightsError: the file is missing or is not the one that the manifest lists.
    """
    from animdrive.weights import checked_path

    return read_network(checked_path(name))


def read_network(path: Path) -> Network:
    """Return the network in a safetensors file.

    Raises:
        WeightsError: it cannot be read, or is no acoustic model.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} cannot be read: {error}. Restore the file.") from error
    try:
        return network_from_tensors(tensors, metadata)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
