"""Splitting the rigid motion of the head from the skin, into a track of its own, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.finding import Finding
from animdrive.capture.resample import resampled, resampling, smoothing
from animdrive.capture.rigid import (
    Floats,
    applied,
    curves_of,
    inverse,
    moved_back,
    rigid_motion,
    robust_rigid_motion,
    stiff_vertices,
    weights_where_seen,
)
from animdrive.capture.sync import check_vertices
from animdrive.contract import CurveTrack, Rig
from animdrive.contract.capture import CapturedTake
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.rig.pose import angles_from_matrix, rotation_matrix

STEP = "stabilise"
_RIDE = 0.1 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float64)
"""Points that tell a rigid motion, metres: as far apart as a head is large."""
_VERTEX_FLOOR_M = 1e-4
_FAR_M = 0.1
"""A scan whose middle stands farther than this from the rig is in coordinates of its own."""
_LEAST_STIFF = 3


@dataclass(frozen=True)
class StabiliseConfig:
    """How the head's motion is found and what counts as motion."""

    pivot_m: tuple[float, float, float] | None = None
    """Where the head turns on its neck, metres (`Character.head_pivot`); None: what the head's
    track says, or the origin. It parts `head_position` from `head_rotation`, nothing else."""
    stiff: tuple[int, ...] | None = None
    """Vertices that ride on the skull; None finds them, see `stiff_vertices`."""
    smooth_s: float = 0.25
    """Width of the window over which the head's motion is smoothed, seconds, 0..2; 0 does not."""
    still_mm: float = 0.15
    """Motion below this (root mean square over the upper head) is none: the skin is left alone."""
    drift_mm: float = 10.0
    """Motion of the skin that the head's track does not explain is a stabilisation that wanders up
    to this, and beyond it another motion of the head than the track's."""

    def __post_init__(self) -> None:
        for name, low, high in (("smooth_s", 0, 2), ("still_mm", 0, 10), ("drift_mm", 0, 100)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"Stabilise: {name} must be in {low}..{high}, got {value:g}.")
        if self.pivot_m is not None and not np.isfinite(self.pivot_m).all():
            raise InputError(f"Stabilise: pivot_m must be finite, got {self.pivot_m}.")
        if self.stiff is not None and len(self.stiff) < _LEAST_STIFF:
            raise InputError(
                f"Stabilise: stiff must name at least {_LEAST_STIFF} vertices, got "
                f"{len(self.stiff)}."
            )


@dataclass(frozen=True)
class _Verdict:
    """What the motion of the skin is, against what the track says of the head."""

    state: str
    words: str
    head: Floats
    """[N, 4, 4] of the head, at the frames of the skin."""
    undo: bool
    severe: bool = False


def stabilise(
    captured: CapturedTake, rig: Rig, *, config: StabiliseConfig | None = None
) -> tuple[CapturedTake, Finding]:
    """Return `captured` with skin that does not move with the head, and what was found.

    In every frame a rigid motion is fitted from where the rig, bent by the curves, has the stiff
    vertices to where the skin has them; twice, the second time with weights by how well each
    vertex went along. Smoothed in time it is taken out of the skin. What the head's transform then
    is depends on what the take says of the head already:

    ============================================  ===========================================
    the skin moves, the head's track is still     the motion becomes the head's
    the skin moves as the head's track says       the head has it once, as measured
    the skin moves twice as much, or against it   the head's track stays
    the skin moves a little in its own way        wandering stabilisation; the head's track stays
    the skin moves much in its own way            the skin is believed (severe)
    the skin is still                             nothing is done
    ============================================  ===========================================

    A scan in other coordinates, far from the rig, is put where the rig is.

    Args:
        captured: N frames of skin, T of curves, V vertices; best after `sync`.
        rig: Its linear rig, V vertices.
        config: How.

    Raises:
        InputError: the rig has other vertices, or `config.stiff` points beyond them.
    """
    config = config or StabiliseConfig()
    check_vertices(captured, rig, STEP)
    stiff, weights = _stiff(rig, config)
    pivot = _pivot(captured, config)
    to_skin, to_track = _clocks(captured)
    curves = _between(to_skin, curves_of(captured.take.track, rig))
    bent = rig.neutral.vertices[stiff] + np.einsum("nc,cvi->nvi", curves, rig.deltas[:, stiff])
    motion, left_m = _head_motion(captured, bent, stiff, weights)
    if config.smooth_s and len(motion) > 3:
        motion = _smoothed(motion, captured, config.smooth_s)
    given = _matrices(to_skin, _given_head(captured, pivot))
    verdict = _judged(motion, given, rig.neutral.vertices[stiff], config)
    figures: dict[str, Any] = {
        "state": verdict.state,
        "skin_motion_mm": round(1000 * _wandering(motion, _points(rig, stiff)), 3),
        "skin_offset_mm": round(1000 * _displacement(motion, _points(rig, stiff)), 3),
        "head_motion_mm": round(1000 * _wandering(given, _points(rig, stiff)), 3),
        "fit_residual_mm": round(1000 * left_m, 3),
        "stiff_vertices": len(stiff),
    }
    result = captured
    if verdict.undo:
        head = _matrices(to_track, verdict.head)
        track = _with_head(captured.take.track, head, pivot)
        result = replace(
            captured,
            take=replace(captured.take, track=track),
            vertices=moved_back(motion, captured.vertices),
            head_transform=head.astype(np.float32),
        )
    return result, Finding(STEP, f"{STEP}: {verdict.words}", figures, verdict.severe)


def _stiff(rig: Rig, config: StabiliseConfig) -> tuple[npt.NDArray[np.intp], Floats]:
    if config.stiff is None:
        return stiff_vertices(rig)
    stiff = np.asarray(config.stiff, dtype=np.intp)
    count = len(rig.neutral.vertices)
    if stiff.min() < 0 or stiff.max() >= count:
        raise InputError(
            f"Stabilise: stiff names vertices {stiff.min()}..{stiff.max()}, but the rig has "
            f"{count}."
        )
    return stiff, np.ones(len(stiff))


def _pivot(captured: CapturedTake, config: StabiliseConfig) -> Floats:
    """Return [3]; where nothing is given, what makes rotation and position give the transform."""
    if config.pivot_m is not None:
        return np.asarray(config.pivot_m, dtype=np.float64)
    head = captured.head_transform.astype(np.float64)
    turn = np.eye(3) - head[:, :3, :3]
    shift = head[:, :3, 3] - captured.take.track.head_position
    if np.abs(turn).max() < 1e-3:
        return np.zeros(3)
    # Least squares with a little pull to the origin: a nod says nothing along its own axis.
    system = np.einsum("nij,nik->jk", turn, turn)
    system += 1e-6 * np.trace(system) * np.eye(3)
    return np.linalg.solve(system, np.einsum("nij,ni->j", turn, shift))


def _clocks(captured: CapturedTake) -> tuple[Any, Any]:
    """Return matrices from the track's times to the skin's and back; None: they are the same."""
    track, skin = captured.take.track.times_s, captured.times_s
    if len(track) == len(skin) and np.abs(track - skin).max() < 1e-6:
        return None, None
    return (
        resampling(track, np.clip(skin, track[0], track[-1])),
        resampling(skin, np.clip(track, skin[0], skin[-1])),
    )


def _between(weights: Any, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values if weights is None else resampled(weights, values)


def _matrices(weights: Any, head: Floats) -> Floats:
    if weights is None:
        return head
    return rigid_motion(_RIDE, resampled(weights, applied(head, _RIDE)), np.ones(len(_RIDE)))


def _head_motion(
    captured: CapturedTake, bent: npt.NDArray[Any], stiff: npt.NDArray[np.intp], weights: Floats
) -> tuple[Floats, float]:
    """Return [N, 4, 4] of the skin against the rig, and what the fit leaves, metres."""
    there = captured.vertices[:, stiff]
    seen = weights_where_seen(weights, captured.missing, stiff)
    motion, left = robust_rigid_motion(bent, there, seen)
    own = np.sqrt((left**2).mean(axis=0))
    floor = max(float(np.median(own)), _VERTEX_FLOOR_M)
    motion, left = robust_rigid_motion(bent, there, seen / (1 + (own / floor) ** 2))
    return motion, float(np.median(left))


def _smoothed(motion: Floats, captured: CapturedTake, window_s: float) -> Floats:
    riding = applied(motion, _RIDE).reshape(len(motion), -1)
    smooth = (smoothing(captured.times_s, window_s) @ riding).reshape(-1, len(_RIDE), 3)
    return rigid_motion(_RIDE, smooth, np.ones(len(_RIDE)))


def _given_head(captured: CapturedTake, pivot: Floats) -> Floats:
    """Return [T, 4, 4] from the take's transform, or from its track where that has none."""
    head = captured.head_transform.astype(np.float64)
    track = captured.take.track
    if np.abs(head - np.eye(4)).max() > 1e-6:
        return head
    turn = rotation_matrix(track.head_rotation).astype(np.float64)
    head = np.tile(np.eye(4), (len(track), 1, 1))
    head[:, :3, :3] = turn
    head[:, :3, 3] = track.head_position + pivot - turn @ pivot
    return head


def _with_head(track: CurveTrack, head: Floats, pivot: Floats) -> CurveTrack:
    turn = head[:, :3, :3]
    position = head[:, :3, 3] - pivot + turn @ pivot
    return replace(track, head_rotation=angles_from_matrix(turn), head_position=position)


def _points(rig: Rig, stiff: npt.NDArray[np.intp]) -> Floats:
    """Return eight corners around the stiff vertices."""
    return _corners(rig.neutral.vertices[stiff])


def _corners(points: FloatArray) -> Floats:
    low, high = points.min(axis=0), points.max(axis=0)
    return np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1])
                     for z in (low[2], high[2])], dtype=np.float64)  # fmt: skip


def _displacement(motion: Floats, points: Floats) -> float:
    """Return how far `motion` carries `points`, root mean square, metres."""
    away = applied(motion, points) - points
    return float(np.sqrt((away**2).sum(axis=2).mean()))


def _wandering(motion: Floats, points: Floats) -> float:
    """Return how far `points` move about their middles, root mean square, metres."""
    path = applied(motion, points)
    return float(np.sqrt(((path - path.mean(axis=0)) ** 2).sum(axis=2).mean()))


def _unexplained(motion: Floats, head: Floats, points: Floats) -> tuple[float, Floats]:
    """Return what `head` leaves of `motion`, metres, and the placement [4, 4] between them."""
    target = applied(motion, points).reshape(1, -1, 3)
    source = applied(head, points).reshape(-1, 3)
    place = rigid_motion(source, target, np.ones(len(source)))
    away = target - applied(place, source)
    return float(np.sqrt((away**2).sum(axis=2).mean())), place[0]


def _judged(motion: Floats, given: Floats, stiff: FloatArray, config: StabiliseConfig) -> _Verdict:
    points = _corners(stiff)
    still_m = config.still_mm / 1000
    moves = _wandering(given, points) > still_m
    size = 1000 * _displacement(motion, points)
    if size / 1000 <= still_m:
        words = "skin is still" + (", the head's motion is beside it" if moves else "")
        return _Verdict("still", f"{words}; nothing to do", given, undo=False)
    eye = np.tile(np.eye(4), (len(motion), 1, 1))
    own, place = _unexplained(motion, eye, points)
    far = _displacement(place[None], points) > _FAR_M
    note = f"; the scan stands {size:.0f} mm off the rig, put in place" if far else ""

    def placed(head: Floats, at: Floats) -> Floats:
        return inverse(at[None]) @ head if far else head

    if not moves:
        return _Verdict(
            "moved into the head",
            f"skin moves with the head by {1000 * own:.1f} mm, now in the head's transform{note}",
            placed(motion, place),
            undo=True,
        )
    back = inverse(given)
    tried = {
        "once": _unexplained(motion, given, points),
        "twice": _unexplained(motion, given @ given, points),
        "against": _unexplained(motion, back, points),
    }
    best = min(tried, key=lambda state: tried[state][0])
    left, at = tried[best]
    if left < own:
        far = _displacement(at[None], points) > _FAR_M
        note = f"; the scan stands {size:.0f} mm off the rig, put in place" if far else ""
        words = {
            "once": "skin and head track carry the same motion of the head; taken out of the skin",
            "twice": "skin carries the head's motion twice; taken out",
            "against": "the head's motion was taken out of the skin twice; put right",
        }[best]
        head = placed(motion, at) if best == "once" else given
        return _Verdict(best, f"{words} ({1000 * left:.1f} mm apart){note}", head, undo=True)
    if own <= config.drift_mm / 1000:
        words = f"wandering stabilisation, {1000 * own:.1f} mm; taken out of the skin{note}"
        return _Verdict("drift", words, given, undo=True)
    return _Verdict(
        "contradiction",
        f"skin moves by {1000 * own:.1f} mm otherwise than the head track says; the skin is "
        f"believed, check the head's curves{note}",
        placed(motion, place),
        undo=True,
        severe=True,
    )
