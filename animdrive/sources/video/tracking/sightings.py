"""Which frames to believe: what can be a face, for long enough, and in one piece."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from animdrive.rig.pose import angles_from_matrix
from animdrive.sources.video.fitting.pose import HeadPoses
from animdrive.sources.video.timing.timeline import runs

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def plausible(
    points: npt.NDArray[np.float32], poses: HeadPoses, model: Array, rigid: npt.NDArray[np.intp]
) -> Bools:
    """Return [T] whether what was tracked can be a face: rigid where faces are, not edge-on."""
    misfit = poses.to_head(points[:, rigid]) - model[rigid]
    typical = np.median(np.linalg.norm(misfit[:, :, :2], axis=2), axis=1)
    turned = np.abs(angles_from_matrix(poses.rotation)[:, :2])
    # Beyond 70° half of the landmarks are behind the nose, and made up.
    return np.asarray((typical < 0.012) & (turned.max(axis=1) < np.radians(70)))


def without_glimpses(seen: Bools, times_s: Array, min_run_s: float) -> Bools:
    """Return `seen` [T] less the stretches between two losses that are too short to be a face."""
    kept = np.array(seen)
    step = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    for run in runs(seen):
        between_losses = run.start > 0 and run.stop < len(seen)
        if between_losses and times_s[run.stop - 1] - times_s[run.start] + step < min_run_s:
            kept[run] = False
    return kept


def cuts_before(poses: HeadPoses, times_s: Array, fps: float) -> Bools:
    """Return [T] whether the picture cuts before a frame: the head leaps, which no head can."""
    cut = np.zeros(len(times_s), dtype=bool)
    if len(times_s) < 2:
        return cut
    size = 0.15 * 0.5 * (poses.scale[1:] + poses.scale[:-1])  # about a face's width, pixels
    moved = np.linalg.norm(np.diff(poses.place[:, :2], axis=0), axis=1) / size
    grown = np.abs(np.diff(np.log(poses.scale)))
    spread = poses.rotation[1:] @ np.swapaxes(poses.rotation[:-1], 1, 2)
    turned = np.arccos(np.clip((np.trace(spread, axis1=1, axis2=2) - 1) / 2, -1, 1))
    cut[1:] = (moved > 0.8) | (grown > 0.35) | (turned > np.radians(40))
    cut[1:] &= np.diff(times_s) < 3 / fps
    return cut


def cuts_among(cuts: Bools, seen: Bools) -> Bools:
    """Return the `cuts` [T] of all frames for the S of them that are `seen` [T], as [S].

    A cut between two of them counts at the later one, though no face may be in the very frame.
    """
    shot = np.cumsum(cuts)[seen]
    among = np.zeros(len(shot), dtype=bool)
    among[1:] = np.diff(shot) > 0
    return among


def stretches_of(seen: Bools, cuts: Bools) -> list[slice]:
    """Return the runs of seen frames, counted among themselves, that may be smoothed as one."""
    first = np.flatnonzero(seen)
    breaks = cuts.copy()
    breaks[1:] |= np.diff(first) > 1
    edges = [0, *(int(i) for i in np.flatnonzero(breaks[1:]) + 1), len(first)]
    return [slice(a, b) for a, b in pairwise(edges)]
