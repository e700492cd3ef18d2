"""How well each state of the English model explains each frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.sources.audio.acoustic.gaussians import STREAMS, load_gaussians

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_BLOCK = 1024
_LEAST = 1e-30
_LEAST_OF_3 = np.float32(1e-12)
"""The same where three are multiplied before the logarithm is taken."""


class Senones:
    """Scores frames by the Gaussians of `load_gaussians`, all of them, exactly."""

    def __init__(self) -> None:
        model = load_gaussians()
        self._model = model
        self._weights = model.weights
        self._of_phone = [
            np.flatnonzero(model.phone_of_senone == phone) for phone in range(len(model.phones))
        ]
        self._own_weights = [
            [np.ascontiguousarray(weights[:, own]) for own in self._of_phone]
            for weights in model.weights
        ]
        # A Gaussian's logarithm is a row of squares and values times a column, plus a constant.
        self._columns: list[list[Floats]] = []
        self._constants: list[list[Floats]] = []
        for stream in range(STREAMS):
            mean, variance = model.means[stream], model.variances[stream]
            columns = np.concatenate([-0.5 / variance, mean / variance], axis=-1)
            constants = -0.5 * (np.log(2 * np.pi * variance) + mean**2 / variance).sum(-1)
            self._columns.append([np.ascontiguousarray(c.T) for c in columns])
            self._constants.append(list(constants.astype(np.float32)))

    def scores(self, streams: Sequence[Floats], wanted: Ints | None = None) -> Floats:
        """Return [T, W] natural logarithms of likelihoods.

        Args:
            streams: [T, 13] each, as of `animdrive.sources.audio.acoustic.cepstra.with_motion`.
            wanted: [W] senones, each once; None is all, in order.
        """
        owner = self._model.phone_of_senone
        chosen = np.arange(len(owner)) if wanted is None else wanted
        # Mixing is most of the work, so only what is wanted is mixed.
        columns = [np.flatnonzero(owner[chosen] == phone) for phone in range(len(self._of_phone))]
        phones = [phone for phone, own in enumerate(columns) if len(own)]
        order = np.concatenate([columns[phone] for phone in phones])
        mixes = [
            [self._weights[stream][:, chosen[columns[phone]]] for phone in phones]
            for stream in range(STREAMS)
        ]
        edges = np.cumsum([0, *(len(columns[phone]) for phone in phones)])
        total = np.zeros((len(streams[0]), len(chosen)), dtype=np.float32)
        for first in range(0, len(total), _BLOCK):
            block = np.zeros((len(streams[0][first : first + _BLOCK]), len(chosen)), np.float32)
            for stream in range(STREAMS):
                values = streams[stream][first : first + _BLOCK]
                row = np.concatenate([values * values, values], axis=1)
                for number, phone in enumerate(phones):
                    density = row @ self._columns[stream][phone] + self._constants[stream][phone]
                    most = density.max(1, keepdims=True)
                    mixed = np.exp(density - most) @ mixes[stream][number]
                    block[:, edges[number] : edges[number + 1]] += np.log(mixed + _LEAST) + most
            total[first : first + _BLOCK, order] = block
        return total

    def scores_where(self, streams: Sequence[Floats], asked: npt.NDArray[np.bool_]) -> Floats:
        """Return [T, S] logarithms as `scores` does, of some phones' senones only; else 0.

        Args:
            streams: As for `scores`.
            asked: [T, C] which of the model's phones in which frame.
        """
        model = self._model
        total = np.zeros((len(asked), len(model.phone_of_senone)), dtype=np.float32)
        for phone, own in enumerate(self._of_phone):
            rows = np.flatnonzero(asked[:, phone])
            if not len(rows):
                continue
            product = np.ones((len(rows), len(own)), dtype=np.float32)
            shift = np.zeros((len(rows), 1), dtype=np.float32)
            for stream in range(STREAMS):
                values = streams[stream][rows]
                row = np.concatenate([values * values, values], axis=1)
                density = row @ self._columns[stream][phone] + self._constants[stream][phone]
                most = density.max(1, keepdims=True)
                product *= np.exp(density - most) @ self._own_weights[stream][phone] + _LEAST_OF_3
                shift += most
            total[rows[:, None], own] = np.log(product) + shift
        return total


@cache
def load_senones() -> Senones:
    """Return the scorer, made once.

    Raises:
        BackendError: pocketsphinx or its model is missing.
    """
    return Senones()
