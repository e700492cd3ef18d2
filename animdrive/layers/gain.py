"""Turning single curves up, down and aside."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.errors import InputError


class GainOffset:
    """Multiplies chosen curves, then adds to them: ``value · gain + offset``.

    Curves that are not named stay as they are, to the bit.
    """

    def __init__(
        self, gains: Mapping[str, float] | None = None, offsets: Mapping[str, float] | None = None
    ) -> None:
        """Set it up.

        Args:
            gains: Factor by curve name, 1 where left out. 0 switches a curve off.
            offsets: What is added, by curve name, in -1..1; 0 where left out.

        Raises:
            InputError: a name that is not an ARKit curve, or a number that is out of range.
        """
        self.gains: Mapping[str, float] = MappingProxyType(dict(gains or {}))
        self.offsets: Mapping[str, float] = MappingProxyType(dict(offsets or {}))
        for what, table in (("gain", self.gains), ("offset", self.offsets)):
            for name, number in table.items():
                if name not in ARKIT52:
                    raise InputError(unknown_curve(what, name))
                lowest, highest = (0.0, 100.0) if what == "gain" else (-1.0, 1.0)
                if not lowest <= number <= highest:
                    raise InputError(
                        f"The {what} of '{name}' must be in {lowest:g}..{highest:g}, got {number}."
                    )

    def apply(self, track: CurveTrack, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return new [T, C] values; a named curve that the track does not have is left out."""
        changed = np.array(values, dtype=np.float32)
        for column, name in enumerate(track.names):
            if name in self.gains:
                changed[:, column] *= self.gains[name]
            if name in self.offsets:
                changed[:, column] += self.offsets[name]
        return changed


def unknown_curve(what: str, name: str) -> str:
    """Return the message that `name`, in a table of `what`, is no curve of ARKit's."""
    by_lower = {known.lower(): known for known in ARKIT52}
    near = [by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(near)}?" if near else "The names are those of ARKit."
    return f"Unknown curve '{name}' in the {what}s. {hint}"
