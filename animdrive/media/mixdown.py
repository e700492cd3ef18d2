"""Many channels to one, by what the channels carry over the whole recording."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_SILENT_DB = -30.0
"""A channel whose loudest moment is this much below the loudest channel's carries no sound of its
own: hum, or the other microphone through the desk."""


class Mixdown:
    """Finds the weights with which channels are added up. C channels.

    Heard once from beginning to end, for a gain that changed on the way would be heard.
    """

    def __init__(self) -> None:
        self._products: dict[int, npt.NDArray[np.float64]] = {}
        self._loudest: dict[int, npt.NDArray[np.float64]] = {}

    def listen(self, block: npt.NDArray[np.float32]) -> None:
        """Take in [C, N] samples: a fraction of a second, so that one loud word counts."""
        channels = len(block)
        products = block @ block.T
        power = np.diagonal(products) / block.shape[1]
        self._products[channels] = self._products.get(channels, 0.0) + products
        self._loudest[channels] = np.maximum(self._loudest.get(channels, 0.0), power)

    def weights(self, channels: int) -> npt.NDArray[np.float32]:
        """Return [C] weights for blocks of so many channels.

        The average of the channels that carry sound; a silent one does not count, so that a
        microphone on the left alone keeps its level. A channel that would cancel those that are
        louder (stereo with one side inverted) is turned over.
        """
        weights = np.zeros(channels, dtype=np.float32)
        loudest = self._loudest.get(channels, np.zeros(channels))
        carries = loudest >= loudest.max() * 10 ** (_SILENT_DB / 10)
        products = self._products.get(channels, np.zeros((channels, channels)))
        for channel in np.argsort(-np.diagonal(products), kind="stable"):
            if carries[channel]:
                weights[channel] = -1.0 if products[channel] @ weights < 0 else 1.0
        if weights[np.flatnonzero(weights)[0]] < 0:
            weights = -weights
        normal: npt.NDArray[np.float32] = weights / np.count_nonzero(weights)
        return normal
