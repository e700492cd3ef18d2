"""Whose face to follow where several are in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from animdrive.errors import InputError
from animdrive.sources.video.tracking.pictures import Region

_KNOWN = "largest, left, right, a number counted by size (1 is the largest), or x,y in pixels"


@dataclass(frozen=True)
class FaceChoice:
    """A rule that picks one face of a picture."""

    rule: Literal["largest", "left", "right", "rank", "place"] = "largest"
    """The largest; the one farthest to the left or right of the picture; the one of a certain
    rank by size; the one nearest to a place."""
    rank: int = 1
    """For "rank": 1 is the largest face. Where there are fewer, the smallest is taken."""
    place: tuple[float, float] = (0.0, 0.0)
    """For "place": pixels from the upper left corner of the upright video."""

    def pick(self, faces: Sequence[Region], scale: float = 1.0) -> int:
        """Return the index of the chosen one of `faces`, of which there is one at least.

        Args:
            faces: Where faces are, pixels of a picture.
            scale: Width of that picture over the video's.
        """
        across = np.array([face.x for face in faces])
        if self.rule == "left":
            return int(across.argmin())
        if self.rule == "right":
            return int(across.argmax())
        if self.rule == "place":
            x, y = np.array(self.place) * scale
            down = np.array([face.y for face in faces])
            return int(np.hypot(across - x, down - y).argmin())
        by_size = np.argsort([-face.side for face in faces], kind="stable")
        return int(by_size[min(self.rank, len(faces)) - 1])


def parse_choice(text: str) -> FaceChoice:
    """Return the choice that a text names: "largest", "left", "right", "2" or "640,200".

    Raises:
        InputError: it names none.
    """
    word = text.strip().lower()
    if word in ("largest", "left", "right"):
        return FaceChoice(rule=word)  # type: ignore[arg-type]  # the literals are those words
    parts = word.split(",")
    try:
        if len(parts) == 1 and (rank := int(word)) >= 1:
            return FaceChoice(rule="rank", rank=rank)
        x, y = (float(part) for part in parts)
    except ValueError:
        pass
    else:
        if np.isfinite([x, y]).all() and min(x, y) >= 0:
            return FaceChoice(rule="place", place=(x, y))
    raise InputError(f"'{text}' names no face. Give {_KNOWN}.")
