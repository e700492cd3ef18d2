"""How well each state of the English model explains each frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

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
        self._runs = [_runs(own) for own in self._of_phone]
        self._own_weights = [
            [np.ascontiguousarray(weights[:, own]) for own in self._of_phone]
            for weights in model.weights
        ]
        # A Gaussian's logarithm is a row of squares, values and 1 times a column.
        self._columns: list[list[Floats]] = []
        for stream in range(STREAMS):
            mean, variance = model.means[stream], model.variances[stream]
            columns = np.concatenate([-0.5 / variance, mean / variance], axis=-1)
            constants = -0.5 * (np.log(2 * np.pi * variance) + mean**2 / variance).sum(-1)
            whole = np.concatenate([columns, constants[:, :, None].astype(np.float32)], axis=-1)
            self._columns.append([np.ascontiguousarray(c.T) for c in whole])

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
            rows = [_row(stream[first : first + _BLOCK]) for stream in streams]
            block = np.zeros((len(rows[0]), len(chosen)), np.float32)
            mixed = np.empty_like(block)
            for stream, row in enumerate(rows):
                for number, phone in enumerate(phones):
                    own = slice(edges[number], edges[number + 1])
                    density, most = _over_most(row @ self._columns[stream][phone])
                    np.matmul(density, mixes[stream][number], out=mixed[:, own])
                    block[:, own] += most
                mixed += _LEAST
                block += np.log(mixed, out=mixed)
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
        values = [_row(stream) for stream in streams]
        for phone, own in enumerate(self._of_phone):
            rows = np.flatnonzero(asked[:, phone])
            if not len(rows):
                continue
            product = np.ones((len(rows), len(own)), dtype=np.float32)
            shift = np.zeros((len(rows), 1), dtype=np.float32)
            for stream, row in enumerate(values):
                density, most = _over_most(row[rows] @ self._columns[stream][phone])
                product *= density @ self._own_weights[stream][phone] + _LEAST_OF_3
                shift += most
            scores = np.log(product, out=product)
            scores += shift
            for first, end, place in self._runs[phone]:
                total[rows, place : place + end - first] = scores[:, first:end]
        return total


def _runs(numbers: npt.NDArray[np.intp]) -> list[tuple[int, int, int]]:
    """Return runs of consecutive rising `numbers`: first place, one past the last, first number.

    A phone's states are two runs, without context and with; a run is written faster than points.
    """
    edges = [0, *(np.flatnonzero(np.diff(numbers) != 1) + 1).tolist(), len(numbers)]
    return [(a, b, int(numbers[a])) for a, b in pairwise(edges) if b > a]


def _row(values: Floats) -> Floats:
    """Return [T, 27] what the columns of a stream are multiplied with."""
    ones = np.ones((len(values), 1), dtype=np.float32)
    return np.concatenate([values * values, values, ones], axis=1)


def _over_most(density: Floats) -> tuple[Floats, Floats]:
    """Return densities [T, K] over the largest of each frame, in place, and [T, 1] its logarithm.

    Args:
        density: [T, K] their logarithms.
    """
    most = density.max(1, keepdims=True)
    density -= most
    return np.exp(density, out=density), most


@cache
def load_senones() -> Senones:
    """Return the scorer, made once.

    Raises:
        BackendError: pocketsphinx or its model is missing.
    """
    return Senones()
