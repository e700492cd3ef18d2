"""Where faces may be that the detectors do not see at once: dark, turned or small ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animdrive.sources.video.tracking.mesh import Detectors
from animdrive.sources.video.tracking.pictures import Picture, Region, lightened

_TILES = 3
"""Small faces are looked for in so many overlapping parts, each way."""
_LEAST_PX = 240
"""Smaller pictures are not parted."""
_BESIDE = 0.5
"""Squares that have this share in common show one face."""


def lit(detectors: Detectors, picture: Picture) -> list[Region]:
    """Return where faces may be that are dark, or in poor contrast."""
    return [one.region for one in detectors.find(lightened(picture))]


def turned(detectors: Detectors, picture: Picture) -> list[Region]:
    """Return where faces may be that lie on their side or stand on their head."""
    height, width = picture.shape[:2]
    even = lightened(picture)
    best: list[Region] = []
    best_score = 0.0
    for turn in (1, 3, 2):
        for version in (picture, even):
            seen = detectors.find(np.ascontiguousarray(np.rot90(version, turn)))
            if seen and seen[0].score > best_score:
                best_score = seen[0].score
                best = [_turned_back(one.region, turn, width, height) for one in seen]
    return best


def in_parts(detectors: Detectors, picture: Picture) -> list[Region]:
    """Return where faces may be that are too small to be seen in the whole picture."""
    height, width = picture.shape[:2]
    if max(height, width) < _LEAST_PX:
        return []
    side_x, side_y = width // 2, height // 2
    found: list[Region] = []
    for row in range(_TILES):
        for column in range(_TILES):
            x = column * (width - side_x) // (_TILES - 1)
            y = row * (height - side_y) // (_TILES - 1)
            part = np.ascontiguousarray(picture[y : y + side_y, x : x + side_x])
            for one in detectors.find(part):
                place = Region(
                    one.region.x + x, one.region.y + y, one.region.side, one.region.angle
                )
                if all(place.share_in(other) < _BESIDE for other in found):
                    found.append(place)
    return found


def _turned_back(region: Region, turn: int, width: int, height: int) -> Region:
    """Return a region of a picture that was turned `turn` quarters counter-clockwise."""
    x, y, angle = region.x, region.y, region.angle + turn * np.pi / 2
    if turn == 1:
        x, y = width - region.y, region.x
    elif turn == 2:
        x, y = width - region.x, height - region.y
    elif turn == 3:
        x, y = region.y, height - region.x
    return Region(float(x), float(y), region.side, float(np.angle(np.exp(1j * angle))))


DEEP_SEARCHES: tuple[Callable[[Detectors, Picture], list[Region]], ...] = (lit, turned, in_parts)
"""The searches in the order in which they are tried; each costs more than the one before."""
