"""A trained network as the file that inference reads: 16-bit weights, batch norms folded in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from animdrive.files import write_bytes
from animdrive.sources.audio.language.inventory import SYMBOLS
from animdrive.sources.audio.training.spectra import Corpus

if TYPE_CHECKING:
    from animdrive.sources.audio.training.model import AcousticNet

PRIORS = ("en", "zh", "any")
"""Groups of languages that have a prior."""


def tensors_of(net: AcousticNet, priors: Mapping[str, npt.NDArray[np.float32]]) -> dict[str, Any]:
    """Return the arrays of the file: weights as float16, `priors` [P] as float32."""
    arrays: dict[str, Any] = {
        "input.weight": _array(net.input.weight),
        "input.bias": _array(net.input.bias),
    }
    block: Any
    for number, block in enumerate(net.blocks):
        scale, shift = _scale_and_shift(block.norm)
        arrays[f"block{number}.conv.weight"] = _array(block.conv.weight) * scale[:, None, None]
        arrays[f"block{number}.conv.bias"] = _array(block.conv.bias) * scale + shift
        arrays[f"block{number}.mix.weight"] = _array(block.mix.weight)[:, :, 0]
        arrays[f"block{number}.mix.bias"] = _array(block.mix.bias)
    arrays["output.scale"], arrays["output.shift"] = _scale_and_shift(net.norm)
    arrays["output.weight"] = _array(net.output.weight)[:, :, 0]
    arrays["output.bias"] = _array(net.output.bias)
    short = {name: np.ascontiguousarray(array, np.float16) for name, array in arrays.items()}
    return short | {f"prior.{group}": np.float32(prior) for group, prior in priors.items()}


def metadata_of(net: AcousticNet, labels: Mapping[str, Any]) -> dict[str, str]:
    """Return the entries of the file's header, each as JSON: the layout, and `labels`."""
    layout = {
        "symbols": SYMBOLS,
        "dilations": net.config.dilations,
        "look_ahead": net.config.look_ahead,
        "normalisation": net.config.normalisation,
    }
    told = {**layout, **labels}
    return {key: json.dumps(value, ensure_ascii=False) for key, value in told.items()}


def write_network(
    net: AcousticNet, corpus: Corpus, out: Path, *, labels: Mapping[str, Any]
) -> None:
    """Write a trained network with the priors of what it was trained on.

    Args:
        net: Trained.
        corpus: What on.
        out: File (.safetensors).
        labels: What else the header tells: steps, seed, voices.
    """
    from safetensors.numpy import save

    priors = {group: corpus.prior(group) for group in PRIORS}
    write_bytes(out, in_order(save(tensors_of(net, priors), metadata_of(net, labels))))


def in_order(data: bytes) -> bytes:
    """Return a safetensors file with the entries of its header sorted.

    The library writes them in another order every time; the same weights shall be the same bytes.
    """
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    text = json.dumps(header, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def _array(tensor: Any) -> npt.NDArray[np.float32]:
    array: npt.NDArray[np.float32] = tensor.detach().cpu().float().numpy()
    return array


def _scale_and_shift(
    norm: Any,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return what a batch norm does once it has learned: ``scale * x + shift``."""
    scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + float(norm.eps))
    return scale, _array(norm.bias) - _array(norm.running_mean) * scale
