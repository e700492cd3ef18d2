"""Layers in order, and the one place where values are clipped."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from animdrive.contract import CurveTrack
from animdrive.contract.stages import Layer
from animdrive.errors import ContractError


class Stack:
    """Layers that are applied one after the other, the first one first.

    Values may leave 0..1 between layers, so that a gain of 2 followed by a gain of 0.5 changes
    nothing; they are clipped once, when they leave the stack.
    """

    def __init__(self, layers: Iterable[Layer] = ()) -> None:
        """Stack `layers`, bottom first."""
        self.layers: tuple[Layer, ...] = tuple(layers)

    def apply(self, track: CurveTrack) -> CurveTrack:
        """Return `track` with every layer applied; the same track when there is none.

        Raises:
            ContractError: a layer returns another shape, or a value that is not finite.
        """
        if not self.layers:
            return track
        values = np.array(track.values)
        for layer in self.layers:
            values = np.asarray(layer.apply(track, values), dtype=np.float32)
            if values.shape != track.values.shape or not np.isfinite(values).all():
                raise ContractError(
                    f"{type(layer).__name__} must return finite values of shape "
                    f"{list(track.values.shape)}, got {list(values.shape)}."
                )
        return track.with_values(np.clip(values, 0.0, 1.0))
