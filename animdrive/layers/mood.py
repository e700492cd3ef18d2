"""A mood that changes while it is spoken."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveTrack
from animdrive.errors import ContractError
from animdrive.layers.emotion import EMOTIONS, check_emotion, laid_over


class MoodLayer:
    """Adds emotions whose amounts change over time, as `EmotionLayer` adds constant ones.

    With amounts that do not change it gives what `EmotionLayer` gives; amounts of 0 change no bit.
    """

    def __init__(self, amounts: Mapping[str, npt.ArrayLike]) -> None:
        """Mix `amounts`, emotion name to [T] in 0..1, all of one length.

        Raises:
            ContractError: amounts of different lengths.
            InputError: an unknown emotion, or an amount outside 0..1.
        """
        self.amounts: Mapping[str, npt.NDArray[np.float32]] = MappingProxyType(
            {name: np.asarray(amount, dtype=np.float32) for name, amount in amounts.items()}
        )
        lengths = {amount.shape for amount in self.amounts.values()}
        if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
            raise ContractError(f"Amounts of a mood must be [T] all alike, got {sorted(lengths)}.")
        self._frames = lengths.pop()[0] if lengths else None
        for name, amount in self.amounts.items():
            wrong = amount[~((amount >= 0) & (amount <= 1))]
            check_emotion(name, float(wrong[0]) if len(wrong) else 0.0)

    def apply(self, track: CurveTrack, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return new [T, C] values; curves that the track does not have are left out.

        Raises:
            ContractError: the track has another number of frames than the amounts.
        """
        if self._frames is None:
            return np.array(values, dtype=np.float32)
        if self._frames != len(track):
            raise ContractError(
                f"A mood of {self._frames} frames cannot lie on a track of {len(track)}."
            )
        targets = np.zeros((len(track), len(ARKIT52)), dtype=np.float32)
        for name, amount in self.amounts.items():
            for curve, value in EMOTIONS[name].items():
                targets[:, ARKIT_INDEX[curve]] += amount * np.float32(value)
        return laid_over(track, values, np.minimum(targets, 1.0))
