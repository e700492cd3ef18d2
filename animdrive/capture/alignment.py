"""Bringing a scan roughly to a head: its unit, its axes, its place."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from animdrive.capture.closest import Points
from animdrive.capture.rigid import rigid_motion

_UNITS: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inches": 0.0254, "dm": 0.1}
_SAMPLE = 1200
_TRIMMED = 0.8
"""Share of a scan's points that must have a counterpart: hair and shoulders have none."""
_IN_PLACE_M = 0.003
_QUICK, _ROUNDS = 12, 60


@dataclass(frozen=True, eq=False)
class Similarity:
    """``x → unit_m · rotation · x + shift``."""

    unit: str
    """Name of the scan's unit of length: "m", "cm", "mm", "dm" or "inches"."""
    rotation: Points
    """[3, 3]."""
    shift: Points
    """[3] metres."""
    scale: float
    """How much larger the scan is than the head when it is moved; told, never applied."""
    distance_m: float
    """Median distance of the scan from the head after this, metres."""

    @property
    def still(self) -> bool:
        """Whether nothing is moved."""
        return self.unit == "m" and bool(
            np.array_equal(self.rotation, np.eye(3)) and not self.shift.any()
        )

    def __call__(self, points: npt.ArrayLike) -> Points:
        """Return `points` [..., 3] of the scan as they lie on the head, metres."""
        given = np.asarray(points, dtype=np.float64) * _UNITS[self.unit]
        return np.asarray(given @ self.rotation.T + self.shift)


def aligned(scan: npt.ArrayLike, head: npt.ArrayLike) -> Similarity:
    """Return what brings the points of a `scan` [S, 3] to those of a `head` [V, 3] metres.

    The unit is the one that makes both about as large. A scan that lies in place stays there.
    Otherwise iterated closest points (Besl and McKay 1992), trimmed (Chetverikov et al. 2002), from
    the scan as it stands and from each of the 24 ways to turn its axes: a head is round enough to
    be caught upside down, so the best one is taken, not the first.
    """
    points, goal = np.asarray(scan, dtype=np.float64), np.asarray(head, dtype=np.float64)
    ratio = float(np.linalg.norm(np.ptp(points, axis=0)) / np.linalg.norm(np.ptp(goal, axis=0)))
    unit = min(_UNITS, key=lambda name: abs(np.log(max(ratio * _UNITS[name], 1e-12))))
    step = max(len(points) // _SAMPLE, 1)
    sample = points[::step] * _UNITS[unit]
    tree = cKDTree(goal)
    here = np.eye(3), np.zeros(3)
    if _left(tree, sample, *here) <= _IN_PLACE_M:
        return Similarity(unit, *here, _scale(tree, goal, sample), _left(tree, sample, *here))
    middle = _middle(goal)
    begins = [here]
    begins += [(turn, middle - turn @ _middle(sample)) for turn in _turns()]
    tries = [_moved(tree, goal, sample, *begin, rounds=_QUICK) for begin in begins]
    tries.sort(key=lambda found: _left(tree, sample, *found))
    best = _moved(tree, goal, sample, *tries[0], rounds=_ROUNDS)
    placed = sample @ best[0].T + best[1]
    return Similarity(unit, *best, _scale(tree, goal, placed), _left(tree, sample, *best))


def _middle(points: Points) -> Points:
    return np.asarray((points.min(axis=0) + points.max(axis=0)) / 2)


def _left(tree: cKDTree, sample: Points, rotation: Points, shift: Points) -> float:
    return float(np.median(tree.query(sample @ rotation.T + shift)[0]))


def _moved(
    tree: cKDTree, goal: Points, sample: Points, rotation: Points, shift: Points, *, rounds: int
) -> tuple[Points, Points]:
    for _ in range(rounds):
        placed = sample @ rotation.T + shift
        distance, nearest = tree.query(placed)
        near = distance <= np.quantile(distance, _TRIMMED)
        there = goal[nearest[near]]
        motion = rigid_motion(placed[near], there[None], np.ones(len(there)))[0]
        turn, way = motion[:3, :3], motion[:3, 3]
        rotation, shift = turn @ rotation, turn @ shift + way
    return rotation, shift


def _scale(tree: cKDTree, goal: Points, placed: Points) -> float:
    """Return how much larger than their counterparts on the head the placed points are.

    By rounds, for closest points alone make anything look as large as the head.
    """
    scale = 1.0
    for _ in range(_ROUNDS):
        distance, nearest = tree.query(placed)
        near = distance <= np.quantile(distance, _TRIMMED)
        mine, theirs = placed[near], goal[nearest[near]]
        spread = [float(np.sqrt(((p - p.mean(axis=0)) ** 2).sum())) for p in (mine, theirs)]
        step = spread[0] / max(spread[1], 1e-12)
        placed = (placed - mine.mean(axis=0)) / step + theirs.mean(axis=0)
        scale *= step
        if abs(step - 1) < 1e-4:
            break
    return scale


def _turns() -> list[Points]:
    """Return the 24 rotations that put axes on axes."""
    found = []
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            turn = np.zeros((3, 3))
            turn[np.arange(3), order] = signs
            if np.linalg.det(turn) > 0:
                found.append(turn)
    return found
