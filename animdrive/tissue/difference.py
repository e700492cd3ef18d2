"""How far a captured face is from its linear rig: per frame, per region, per kind of take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, CurveTrack
from animdrive.contract.capture import CapturedTake
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError

_CHUNK = 16
_BIN_MM = 0.01
_BINS = 10_000
"""Differences are counted in steps of 0.01 mm up to 100 mm, so that quantiles need no memory."""

_GLABELLA = (8, 9, 107, 336, 55, 285, 168)
"""Landmarks between the brows: MediaPipe's face mesh."""
_FOLD_LEFT = (358, 371, 423, 426, 436, 410, 287)
"""Landmarks from the wing of the nose past the corner of the mouth, subject's left."""
_FOLD_RIGHT = (129, 142, 203, 206, 216, 186, 57)
_GLABELLA_WIDE_M = 0.010
_FOLD_WIDE_M = 0.006

REGIONS: Mapping[str, tuple[str, ...]] = {
    "forehead": ("forehead",),
    "brows": ("brow_left", "brow_right"),
    "glabella": (),
    "lids": ("lid_upper_left", "lid_upper_right", "lid_lower_left", "lid_lower_right"),
    "nasolabial": (),
    "cheeks": ("cheek_left", "cheek_right"),
    "nose": ("nose",),
    "lips": ("lips_upper", "lips_lower"),
    "chin_jaw": ("chin", "jaw"),
    "neck": ("neck",),
}
"""Region of the report → regions of the character that it joins; two are found by landmarks."""


def face_regions(character: Character) -> dict[str, IntArray]:
    """Return the vertices of each region of `REGIONS`.

    Glabella and nasolabial fold are the skin within 10 and 6 mm of a line of landmarks; other
    regions may share vertices with them.

    Raises:
        InputError: the character has no landmarks, or lacks a region.
    """
    if len(character.landmarks) < 468:
        raise InputError("The face has no MediaPipe landmarks; its regions cannot be told.")
    regions: dict[str, IntArray] = {}
    for name, parts in REGIONS.items():
        lacking = [part for part in parts if part not in character.regions]
        if lacking:
            raise InputError(f"The face has no region '{lacking[0]}'; rebuild it.")
        if parts:
            joined = np.concatenate([character.regions[part] for part in parts])
            regions[name] = np.unique(joined).astype(np.int32)
    regions["glabella"] = _along(character, [_GLABELLA], _GLABELLA_WIDE_M)
    regions["nasolabial"] = _along(character, [_FOLD_LEFT, _FOLD_RIGHT], _FOLD_WIDE_M)
    return {name: regions[name] for name in REGIONS}


def _along(character: Character, lines: Iterable[tuple[int, ...]], wide_m: float) -> IntArray:
    from scipy.spatial import cKDTree

    skin = character.part("skin").vertices
    places = character.rig.neutral.vertices[skin]
    points = []
    for line in lines:
        corners = character.rig.neutral.vertices[character.landmarks[list(line)]]
        share = np.linspace(0, 1, 8)[:, None]
        points += [a * (1 - share) + b * share for a, b in pairwise(corners)]
    distance, _ = cKDTree(np.concatenate(points)).query(places)
    near = np.flatnonzero(distance <= wide_m)
    # The inside of the mouth may be as near as the cheek over it.
    inside = character.regions.get("mouth_inside", np.zeros(0, np.int32))
    return np.setdiff1d(near + skin.start, inside).astype(np.int32)


class Tally:
    """Counts of values in millimetres, for mean and quantiles without keeping them."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, dtype=np.int64)
        self._sum = 0.0
        self._max = 0.0

    def add(self, values_mm: npt.NDArray[Any]) -> None:
        """Count `values_mm`, any shape, 0 or above."""
        flat = values_mm.ravel()
        if not flat.size:
            return
        bins = np.minimum((flat / _BIN_MM).astype(np.int64), _BINS - 1)
        self._counts += np.bincount(bins, minlength=_BINS)
        self._sum += float(flat.sum(dtype=np.float64))
        self._max = max(self._max, float(flat.max()))

    def figures(self) -> dict[str, float]:
        """Return mean, p95 (to 0.01 mm) and max, mm; zeros where nothing was counted."""
        total = int(self._counts.sum())
        return {
            "mean": round(self._sum / max(total, 1), 3),
            "p95": round(self.quantile(0.95), 3),
            "max": round(self._max, 3),
        }

    def quantile(self, share: float) -> float:
        """Return the value in mm that `share` of the values are below, to 0.01 mm."""
        counts = np.cumsum(self._counts)
        place = int(np.searchsorted(counts, share * counts[-1]))
        return min((place + 1) * _BIN_MM, self._max)


@dataclass(frozen=True, eq=False)
class DifferenceRow:
    """A region in one kind of take."""

    kind: str
    """Kind of take, or "all"."""
    region: str
    """One of `REGIONS`, or "skin"."""
    mean_mm: float
    """Over all frames and vertices."""
    p95_mm: float
    """95 % of them are below."""
    max_mm: float
    """The largest anywhere."""


def curves_at(track: CurveTrack, times_s: npt.NDArray[np.float64]) -> FloatArray:
    """Return the curves [N, C] of `track` at `times_s`, linear between frames, held at the ends."""
    at = np.clip((times_s - track.start_s) * track.fps, 0, len(track) - 1)
    nearest = np.round(at)
    at = np.where(np.abs(at - nearest) < 1e-6, nearest, at)  # on a frame: that frame to the bit
    before = np.floor(at).astype(np.intp)
    after = np.minimum(before + 1, len(track) - 1)
    share = (at - before).astype(np.float32)[:, None]
    between: FloatArray = track.values[before] * (1 - share) + track.values[after] * share
    return between


def differences(
    captured: CapturedTake,
    linear: Callable[[FloatArray], FloatArray],
    columns: IntArray,
) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Yield a run of frames, the linear skin [n, V, 3] metres, and its distance [n, V] in mm.

    Where the scanner saw nothing the distance is 0.

    Args:
        captured: A take.
        linear: Curves [n, C] to skin [n, V, 3].
        columns: [C] columns of the take's track that `linear` wants.
    """
    values = curves_at(captured.take.track, captured.times_s)[:, columns]
    for start in range(0, len(captured.vertices), _CHUNK):
        run = slice(start, min(start + _CHUNK, len(captured.vertices)))
        skin = linear(values[run])
        apart = np.linalg.norm(captured.vertices[run] - skin, axis=2) * 1000
        if captured.missing is not None:
            apart[captured.missing[run]] = 0.0
        yield run, skin, apart


class DifferenceTable:
    """Collects differences per kind of take and region."""

    def __init__(self, character: Character) -> None:
        """Prepare the regions of `character`."""
        skin = character.part("skin").vertices
        inside = character.regions.get("mouth_inside", np.zeros(0, np.int32))
        outside = np.setdiff1d(np.arange(skin.start, skin.stop), inside)
        # A face that was imported has no landmarks to tell its regions by.
        regions = face_regions(character) if len(character.landmarks) else {}
        self._regions = {**regions, "skin": outside.astype(np.int32)}
        self._tallies: dict[tuple[str, str], Tally] = {}

    def add(self, kind: str, apart_mm: FloatArray) -> None:
        """Count distances [n, V] of a take of `kind`, mm."""
        for region, vertices in self._regions.items():
            for row in (kind, "all"):
                self._tallies.setdefault((row, region), Tally()).add(apart_mm[:, vertices])

    def rows(self) -> list[DifferenceRow]:
        """Return the table: kinds in the order in which they came, "all" last."""
        kinds = dict.fromkeys(kind for kind, _ in self._tallies if kind != "all")
        rows = []
        for kind in (*kinds, "all"):
            for region in self._regions:
                if (kind, region) in self._tallies:
                    figures = self._tallies[kind, region].figures()
                    rows.append(
                        DifferenceRow(kind, region, figures["mean"], figures["p95"], figures["max"])
                    )
        return rows
