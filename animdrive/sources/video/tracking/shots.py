"""Where a video cuts from one shot to another, and which shots show the same face."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.sources.video.indices import RIGID
from animdrive.sources.video.tracking.pictures import Picture

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.intp]

_THUMBNAIL_PX = 32
_CHANGE = 0.08
"""A cut changes thumbnails by at least this much of the whole range, on average."""
_CHANGE_AT_FIRST = 0.16
"""While little is known of how much the video changes from frame to frame."""
_OVER_USUAL = 5.0
"""And by this many times what is usual about then."""
_WINDOW = 24
"""So many frames tell what is usual."""
_OTHER_FACE = 0.0014
"""Metres by which the resting faces of two shots differ, on average, when they are taken for two
people or two lenses. By judgement on five clips, and no clean line: shots of one person were up to
0.0017 apart, and two people as little as 0.0007; the nearer ones are so much alike that one resting
face serves both."""


class CutFinder:
    """Finds cuts by what the picture shows as a whole, picture by picture.

    A cut changes the whole picture at once, far more than it usually changes from one frame to
    the next (after Boreczky and Rowe 1996, "Comparison of video shot boundary detection
    techniques": pixel differences with an adaptive threshold). A flash, after which the picture
    is what it was before, is none.
    """

    def __init__(self) -> None:
        self._thumbnails: deque[Array] = deque(maxlen=3)
        self._changes: list[float] = []
        self._cuts: list[bool] = []

    def step(self, picture: Picture) -> bool:
        """Look at the next picture [H, W, 3]; return whether it seems to begin a new shot."""
        import cv2

        # Sampled first: the mean of all pixels would cost more than it tells.
        step = max(1, min(picture.shape[:2]) // (4 * _THUMBNAIL_PX))
        size = (_THUMBNAIL_PX, _THUMBNAIL_PX)
        sample = np.ascontiguousarray(picture[step // 2 :: step, step // 2 :: step])
        # As the eye has it, dark scenes differ as much as bright ones.
        thumbnail = np.sqrt(cv2.resize(sample, size, interpolation=cv2.INTER_AREA) / 255.0)
        cut, change = False, 0.0
        if self._thumbnails:
            change = _difference(thumbnail, self._thumbnails[-1])
            before = self._changes[1:][-_WINDOW:]
            usual = float(np.median(before)) if len(before) > 3 else 0.0
            least = _CHANGE if len(before) > 3 else _CHANGE_AT_FIRST
            cut = change > max(least, _OVER_USUAL * usual)
        self._changes.append(change)
        self._thumbnails.append(thumbnail)
        self._cuts.append(cut)
        if cut and self._cuts[-2] and len(self._thumbnails) == 3:
            was_flash = _difference(thumbnail, self._thumbnails[0]) < _CHANGE
            if was_flash:
                self._cuts[-2:] = [False, False]
        return cut

    @property
    def cuts(self) -> Bools:
        """[T] whether a shot begins at each of the pictures seen; not at the first.

        What comes after a picture is known by now, too: where all change as much, none is a cut.
        """
        cuts = np.array(self._cuts, dtype=bool)
        changes = np.array(self._changes)
        for index in np.flatnonzero(cuts):
            around = slice(max(1, index - _WINDOW // 2), index + _WINDOW // 2 + 1)
            cuts[index] = changes[index] > _OVER_USUAL * np.median(changes[around])
        return cuts


def _difference(one: Array, other: Array) -> float:
    return float(np.abs(one - other).mean())


def shots_of(frames: int, cuts: Bools) -> list[slice]:
    """Return the shots of [frames] frames in order, a new one wherever `cuts` [frames] holds."""
    edges = [0, *(int(i) for i in np.flatnonzero(cuts) if i > 0), frames]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def people_of_shots(
    head: npt.NDArray[np.floating[Any]], shots: Sequence[slice], *, least_frames: int = 45
) -> Labels:
    """Return [T] which face is seen in each frame, 0 the one of the first shot and so on.

    Shots are of one face where what is rigid of it differs little: the same person through the
    same lens. A shot of fewer than `least_frames` tells too little to stand alone; it takes the
    face that it differs least from.

    Args:
        head: [T, P, 3] metres, landmarks in head space, of the frames in which a face is seen.
        shots: Which of those T frames belong together, in order.
        least_frames: Frames that a face needs to be measured.
    """
    labels = np.zeros(len(head), dtype=np.intp)
    rigid = np.array(RIGID)
    long = [shot for shot in shots if shot.stop - shot.start >= least_frames]
    faces: list[Array] = []
    for shot in long:
        shape = np.median(head[shot][:, rigid, :2], axis=0)
        apart = [float(np.linalg.norm(shape - face, axis=1).mean()) for face in faces]
        if apart and min(apart) < _OTHER_FACE:
            labels[shot] = int(np.argmin(apart))
        else:
            labels[shot] = len(faces)
            faces.append(np.asarray(shape, dtype=np.float64))
    if not faces:
        return labels
    for shot in shots:
        if shot.stop - shot.start < least_frames:
            shape = np.median(head[shot][:, rigid, :2], axis=0)
            apart = [float(np.linalg.norm(shape - face, axis=1).mean()) for face in faces]
            labels[shot] = int(np.argmin(apart))
    return labels
