"""Networks small enough to be checked, and sound that is easy to make."""

import json

import numpy as np

from animdrive.sources.audio.acoustic.features import BANDS
from animdrive.sources.audio.acoustic.network import network_from_tensors

SYMBOLS = ("SIL", "AA", "M", "S", "T", "D", "DX", "e", "EY")


def tensors_of(rng, *, blocks, channels=6, symbols=SYMBOLS):
    """Random tensors of a network, by the names in its file."""

    def draw(*shape):
        return rng.normal(0, 1 / np.sqrt(np.prod(shape[1:]) or 1), shape).astype(np.float32)

    tensors = {"input.weight": draw(channels, BANDS, 3), "input.bias": 0.1 * draw(channels)}
    for number in range(blocks):
        tensors |= {
            f"block{number}.conv.weight": draw(channels, channels, 3),
            f"block{number}.conv.bias": 0.1 * draw(channels),
            f"block{number}.mix.weight": draw(channels, channels),
            f"block{number}.mix.bias": 0.1 * draw(channels),
        }
    tensors |= {
        "output.scale": 1 + 0.1 * draw(channels),
        "output.shift": 0.1 * draw(channels),
        "output.weight": draw(len(symbols), channels),
        "output.bias": draw(len(symbols)),
    }
    prior = np.full(len(symbols), 1 / len(symbols), np.float32)
    return tensors | {f"prior.{group}": prior for group in ("en", "zh", "any")}


def header_of(dilations, look_ahead, *, symbols=SYMBOLS, normalisation="clip"):
    """The header of such a file."""
    layout = {
        "symbols": symbols,
        "dilations": dilations,
        "look_ahead": look_ahead,
        "normalisation": normalisation,
    }
    return {key: json.dumps(value) for key, value in layout.items()}


def small_network(rng, dilations=(1, 4), look_ahead=(1, 4), *, normalisation="clip"):
    """A network with random weights."""
    return network_from_tensors(
        tensors_of(rng, blocks=len(dilations)),
        header_of(dilations, look_ahead, normalisation=normalisation),
    )


def babble(rng, seconds):
    """Noise that swells, changes its colour and pauses, as speech does."""
    count = round(16_000 * seconds)
    noise = rng.normal(0, 0.1, count)
    swell = np.clip(np.sin(np.arange(count) / 1100) + np.sin(np.arange(count) / 4100), 0, 1)
    coloured = noise + 0.9 * np.sin(np.arange(count) / 3000) * np.concatenate([[0], noise[:-1]])
    return (coloured * swell + rng.normal(0, 1e-3, count)).astype(np.float32)
