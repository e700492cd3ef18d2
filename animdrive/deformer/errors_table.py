"""How far skins are from the truth: means, quantiles and the largest, by take, kind and region.

Distances are counted in bins as they come, so that a table of any length needs the same memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import ContractError

BIN_MM = 0.002
"""Quantiles are true to this."""
_BINS = 20_000
"""Up to 40 mm; what lies beyond counts as 40 mm in quantiles, and as it is elsewhere."""

MOVES_MM = 0.1
"""Skin that leaves its rest by more, in some frame, moves."""


@dataclass(frozen=True)
class Figures:
    """What is left of a set of distances, mm."""

    mean: float
    """Their mean."""
    rms: float
    """Root of the mean square."""
    p95: float
    """95 % of them are below."""
    p99: float
    """99 % of them are below."""
    max: float
    """The largest."""

    def rounded(self) -> dict[str, float]:
        """Return plain values to 0.0001 mm, names ending in ``_mm``."""
        return {f"{name}_mm": round(value, 4) for name, value in asdict(self).items()}


class Spread:
    """Distances in mm, counted and not kept."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, dtype=np.int64)
        self._sum = self._squares = self._max = 0.0

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self._counts.sum())

    def add(self, distances_mm: npt.NDArray[Any]) -> None:
        """Count distances of any shape, 0 or above, mm."""
        flat = distances_mm.ravel()
        if not flat.size:
            return
        bins = np.minimum(flat * np.float32(1 / BIN_MM), _BINS - 1).astype(np.int64)
        self._counts += np.bincount(bins, minlength=_BINS)
        self._sum += float(flat.sum(dtype=np.float64))
        self._squares += float(np.square(flat, dtype=np.float64).sum())
        self._max = max(self._max, float(flat.max()))

    def quantile(self, share: float) -> float:
        """Return the distance that `share` of all are below, mm, to `BIN_MM`."""
        counts = np.cumsum(self._counts)
        place = int(np.searchsorted(counts, share * counts[-1]))
        return min((place + 1) * BIN_MM, self._max)

    def figures(self) -> Figures:
        """Return what they come to; zeros where nothing was counted."""
        total = max(self.count, 1)
        return Figures(
            mean=self._sum / total,
            rms=float(np.sqrt(self._squares / total)),
            p95=self.quantile(0.95),
            p99=self.quantile(0.99),
            max=self._max,
        )


@dataclass(frozen=True)
class ErrorRow:
    """A row of the table."""

    group: str
    """"all", "kind", "take" or "region"."""
    name: str
    """Which one."""
    figures: Mapping[str, Figures]
    """Whose skin → how far it is from the truth."""

    def ratio(self, one: str = "model", other: str = "linear") -> float | None:
        """Return the RMS error of `one` over that of `other`; None where that is 0."""
        below = self.figures[other].rms
        return self.figures[one].rms / below if below > 0 else None


class ErrorTable:
    """Distances of several skins from the truth, side by side. V vertices."""

    def __init__(
        self, skins: tuple[str, ...], moving: IntArray, regions: Mapping[str, IntArray]
    ) -> None:
        """Prepare an empty table.

        Args:
            skins: Whose are compared: "model", "linear"...
            moving: Vertices that takes and kinds are measured over.
            regions: Name → vertices.
        """
        self.skins = skins
        self._moving, self._regions = moving, dict(regions)
        self._spreads: dict[tuple[str, str], dict[str, Spread]] = {}

    def add(self, take: str, kind: str, distances_mm: Mapping[str, FloatArray]) -> None:
        """Count distances [n, V] mm of each skin, of n frames of a take.

        Raises:
            ContractError: a skin is missing.
        """
        if set(distances_mm) != set(self.skins):
            raise ContractError(
                f"ErrorTable.add: distances of {', '.join(self.skins)} are needed, got "
                f"{', '.join(distances_mm)}."
            )
        for skin, distances in distances_mm.items():
            moving = distances[:, self._moving]
            for place in (("all", "moving skin"), ("kind", kind), ("take", take)):
                self._spread(place, skin).add(moving)
            for region, vertices in self._regions.items():
                self._spread(("region", region), skin).add(distances[:, vertices])

    def _spread(self, place: tuple[str, str], skin: str) -> Spread:
        return self._spreads.setdefault(place, {name: Spread() for name in self.skins})[skin]

    def rows(self) -> list[ErrorRow]:
        """Return the table: all, kinds, takes and regions, each in the order they came."""
        order = ("all", "kind", "take", "region")
        return [
            ErrorRow(group, name, {skin: spread.figures() for skin, spread in spreads.items()})
            for wanted in order
            for (group, name), spreads in self._spreads.items()
            if group == wanted
        ]

    def total(self) -> ErrorRow:
        """Return the row of everything."""
        rows = self.rows()
        if not rows:
            raise ContractError("ErrorTable.total: nothing was added.")
        return rows[0]


def skin_vertices(character: Character) -> IntArray:
    """Return the vertices of skin: the parts of the material of the part "skin", or everything.

    Faces that were imported may have one part alone, of any name.
    """
    named = [part.material for part in character.parts if part.name == "skin"]
    runs = [
        np.arange(part.vertices.start, part.vertices.stop)
        for part in character.parts
        if not named or part.material == named[0]
    ]
    return np.concatenate(runs).astype(np.int32)


def regions_of(character: Character) -> dict[str, IntArray]:
    """Return the character's regions, sides joined: "lid_upper_left" → "lid_upper"."""
    joined: dict[str, list[IntArray]] = {}
    for name, vertices in character.regions.items():
        stem = name.removesuffix("_left").removesuffix("_right")
        joined.setdefault(stem, []).append(vertices)
    return {
        name: np.unique(np.concatenate(parts)).astype(np.int32)
        for name, parts in sorted(joined.items())
        if sum(len(part) for part in parts)
    }


def distances_mm(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return [n, V] mm between skins [n, V, 3] metres."""
    apart = np.subtract(one, other)
    np.multiply(apart, apart, out=apart)
    return np.asarray(np.sqrt(apart[..., 0] + apart[..., 1] + apart[..., 2]) * 1000, np.float32)
