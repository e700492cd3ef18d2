"""One face followed from picture to picture: found, chosen, kept, lost and found again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from animdrive.sources.video.tracking.choice import FaceChoice
from animdrive.sources.video.tracking.mesh import Detectors, Mesh
from animdrive.sources.video.tracking.pictures import (
    Light,
    Picture,
    Points,
    Region,
    cut_out,
    is_black,
    region_of,
)
from animdrive.sources.video.tracking.search import DEEP_SEARCHES

_LOOK_AROUND = 15
"""Every so many pictures it is looked for who else is there."""
_SEARCH_PAUSE = 3
"""After so many fruitless searches in a row, only one picture in so many is searched."""
_DEEP_PAUSE = 10
"""And only one in so many is searched for small, turned and dark faces."""
_BESIDE = 0.5
"""Squares that have this share in common show one face."""
_NEW = 0.5
"""How sure the mesh must be of a face that was not there before."""
_NEW_DEEPLY = 0.93
"""And of one that was found by searching deeply, where there is much that is none."""
_KEPT = 0.1
"""How sure it must be of one that is followed: in a blur it is not, and right all the same."""
_DOUBTED = 0.9
"""A new face that it is less sure of is looked at from other sides, too: it may be turned."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a picture."""

    points: Points
    """[478, 3] pixels of the picture."""
    region: Region
    """The square about it, 1.5 faces wide."""
    presence: float
    """How sure the mesh is, 0..1."""


_RECENT = 4096
"""So many faces are remembered for notes: a camera may run all day."""


def _recent() -> deque[float]:
    return deque(maxlen=_RECENT)


@dataclass
class Seen:
    """What was noticed on the way, for notes."""

    others: int = 0
    """The most other faces that were in the picture at once."""
    lightened: int = 0
    """Pictures in which the face had to be lightened."""
    black: int = 0
    """Pictures that were black."""
    angles: deque[float] = field(default_factory=_recent)
    """Of each face that was found, radians."""
    sides_px: deque[float] = field(default_factory=_recent)
    """Width of each face that was found, pixels of the tracked picture."""


class Follower:
    """Follows one face through a video.

    The face is chosen by a rule when a shot begins. From then on it is the one that is where it
    was, and of the size that it was; another is never taken for it while it is in sight, nor
    when it is lost, as long as that other one was seen beside it.
    """

    def __init__(
        self,
        open_mesh: Callable[[], Mesh],
        *,
        choice: FaceChoice | None = None,
        detection_confidence: float = 0.5,
        deep: bool = True,
    ) -> None:
        """Begin with nobody in sight.

        Args:
            open_mesh: Makes the mesh that the face is followed with.
            choice: Whose face.
            detection_confidence: How sure the detectors must be of a new face, 0..1.
            deep: Whether to look for small, turned and dark faces, too.
        """
        self.seen = Seen()
        self._choice = choice or FaceChoice()
        self._deep = deep
        self._mesh = open_mesh()
        self._detectors = Detectors(confidence=detection_confidence)
        self._light = Light()
        self._last: Region | None = None
        self._square: Region | None = None
        self._chosen = False
        self._rivals: list[Region] = []
        self._misses = 0
        self._since_look = 0

    def close(self) -> None:
        """Let go of the networks."""
        self._mesh.close()
        self._detectors.close()

    def cut(self) -> None:
        """Forget everybody: the next picture is of another shot."""
        self._last = self._square = None
        self._chosen = False
        self._rivals = []
        self._misses = 0
        self._light = Light()
        self._mesh.restart()

    def find(self, picture: Picture, *, time_s: float, scale: float = 1.0) -> Face | None:
        """Return the face in the next picture, or None where it is not seen.

        Args:
            picture: [H, W, 3] RGB.
            time_s: When it is shown.
            scale: Width of the picture over the video's, for a place that was named in pixels.
        """
        face = None
        if self._square is not None and self._last is not None:
            face = self._look(picture, self._square, time_s)
            if face is not None and not face.region.near(self._last):
                face = None
        if face is None:
            face = self._searched(picture, time_s, scale)
        elif self._since_look >= _LOOK_AROUND:
            self._look_around(picture, face, time_s)
        if face is None:
            self._square = None
            return None
        self._since_look += 1
        self._misses = 0
        self._chosen = True
        self._keep(face)
        return face

    def _keep(self, face: Face) -> None:
        self._last = face.region
        self.seen.angles.append(face.region.angle)
        self.seen.sides_px.append(face.region.side / 1.5)
        self.seen.lightened += self._light.gamma != 1.0
        square = face.region.grown(self._mesh.margin / 1.5)
        if self._mesh.follows and self._square is not None:
            # This mesh holds on to a square that still fits: it must not see it move.
            old = self._square
            moved = float(np.hypot(square.x - old.x, square.y - old.y))
            fits = moved < 0.12 * old.side and abs(np.log(square.side / old.side)) < 0.25
            turned = np.angle(np.exp(1j * (square.angle - old.angle)))
            if fits and abs(turned) < 0.5:
                return
            self._mesh.restart()
        elif self._square is not None and square.near(self._square):
            square = _eased(self._square, square)
        self._square = square

    def _look(self, picture: Picture, square: Region, time_s: float) -> Face | None:
        """Return the face in a square of the picture."""
        if square.side < 12:
            return None
        part = cut_out(picture, square, self._mesh.side_px)
        self._light.measure(part)
        shares, presence = self._mesh.see(self._light.applied(part), time_s)
        if shares is None or presence < _KEPT:
            return None
        points = square.to_picture(shares)
        region = region_of(points, 1.5)
        height, width = picture.shape[:2]
        inside = 0 <= region.x < width and 0 <= region.y < height
        return Face(points, region, presence) if inside else None

    def _settled(self, picture: Picture, region: Region, time_s: float) -> Face | None:
        """Return the face about where a detector saw one, the square fitted to it."""
        self._mesh.restart()
        face = None
        for _ in range(1 if self._mesh.follows else 3):
            face = self._look(picture, region.grown(self._mesh.margin / 1.5), time_s)
            if face is None:
                return None
            region = face.region
        return face

    def _settled_upright(self, picture: Picture, region: Region, time_s: float) -> Face | None:
        """Return the face about a place, whichever way up it is."""
        best = self._settled(picture, region, time_s)
        if not self._deep or (best is not None and best.presence >= _DOUBTED):
            return best
        for turn in (np.pi, np.pi / 2, -np.pi / 2):
            turned = Region(region.x, region.y, region.side, region.angle + turn)
            face = self._settled(picture, turned, time_s)
            if face is not None and (best is None or face.presence > best.presence):
                best = face
        return best

    def _searched(self, picture: Picture, time_s: float, scale: float) -> Face | None:
        self._misses += 1
        if self._misses > _SEARCH_PAUSE and self._misses % _SEARCH_PAUSE:
            return None
        self._light = Light()
        if is_black(picture):
            self.seen.black += 1
            return None
        known = self._faces(picture, self._plainly(picture), time_s, _NEW)
        if not known and self._deep and self._misses % _DEEP_PAUSE == 1:
            for search in DEEP_SEARCHES:
                places = search(self._detectors, picture)
                known = self._faces(picture, places, time_s, _NEW_DEEPLY)
                if known:
                    break
        face = self._picked(known, scale)
        if face is not None:
            self._mesh.restart()
            self._rivals = [one.region for one in known if one is not face]
            self.seen.others = max(self.seen.others, len(self._rivals))
            self._since_look = 0
        return face

    def _picked(self, known: list[Face], scale: float) -> Face | None:
        """Return who is followed of those in the picture."""
        if not known:
            return None
        if not self._chosen or self._last is None:
            return known[self._choice.pick([one.region for one in known], scale)]
        last = self._last
        mine = [one for one in known if one.region.near(last)]
        if mine:
            return max(mine, key=lambda one: one.region.share_in(last))
        strangers = [
            one
            for one in known
            if all(one.region.share_in(rival) < _BESIDE for rival in self._rivals)
        ]
        if not strangers:
            return None  # only those who were there beside the one we follow
        return strangers[self._choice.pick([one.region for one in strangers], scale)]

    def _look_around(self, picture: Picture, mine: Face, time_s: float) -> None:
        """See who else is in the picture, so that none of them is taken for the one we follow."""
        self._since_look = 0
        others = [
            one.region
            for one in self._detectors.find(picture)
            if one.region.share_in(mine.region) < _BESIDE
        ]
        if others and not self._mesh.follows:
            light, self._light = self._light, Light()
            faces = [self._settled(picture, region, time_s) for region in others[:8]]
            self._light = light
            others = [
                one.region
                for one in faces
                if one is not None and one.region.share_in(mine.region) < _BESIDE
            ]
        # Who was there and is not seen now has turned away, or moved a little.
        self._rivals = others + [
            old
            for old in self._rivals
            if old.share_in(mine.region) < _BESIDE
            and all(old.share_in(new) < 0.2 for new in others)
        ]
        self._rivals = self._rivals[:8]
        self.seen.others = max(self.seen.others, len(others))

    def _plainly(self, picture: Picture) -> list[Region]:
        """Return where faces may be, as the detectors see it."""
        found = [one.region for one in self._detectors.find(picture)]
        if self._last is not None and not any(one.near(self._last) for one in found):
            found.append(self._last)  # a detector may miss what the mesh still sees
        return found

    def _faces(
        self, picture: Picture, places: list[Region], time_s: float, least: float
    ) -> list[Face]:
        """Return the faces that the mesh sees at some places, each once."""
        known: list[Face] = []
        for place in places[:8]:
            face = self._settled_upright(picture, place, time_s)
            if face is None or face.presence < least:
                continue
            if all(face.region.share_in(other.region) < _BESIDE for other in known):
                known.append(face)
        return known


def _eased(old: Region, new: Region) -> Region:
    """Return where to look next: a square that shivers makes the landmarks shiver."""
    apart = float(np.hypot(new.x - old.x, new.y - old.y)) / old.side
    turn = float(np.angle(np.exp(1j * (new.angle - old.angle))))
    if apart > 0.06 or abs(np.log(new.side / old.side)) > 0.06 or abs(turn) > 0.15:
        return new
    share = 0.3
    return Region(
        x=old.x + share * (new.x - old.x),
        y=old.y + share * (new.y - old.y),
        side=old.side * float((new.side / old.side) ** share),
        angle=old.angle + share * turn,
    )
