"""How good a take is: confidence of each frame, jitter, coverage and drift of each curve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, CurveTrack, LandmarkTrack
from animdrive.rig.pose import angles_from_matrix
from animdrive.sources.video.fitting.pose import camera_points, fit_poses, head_model
from animdrive.sources.video.indices import RIGID, SKIN
from animdrive.sources.video.timing.timeline import eased

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SMALL_PX, _LARGE_PX = 15.0, 80.0
"""A face that is narrower than the first tells nothing, one wider than the second all there is."""
_STRAIGHT_DEG, _EDGE_ON_DEG = 25.0, 70.0
"""Turned up to the first, a face is seen in full; at the second half of it is hidden."""
_FITS_M, _MISFITS_M = 1.5e-3, 8e-3
"""How far rigid landmarks are typically off the take's own face: noise, and no face at all."""
_LEAST_FACTOR = 0.02
"""What is seen at all is told from what is not: no factor makes the confidence 0."""

_MOVED = 0.05
"""A curve has moved if it changed by so much."""
_REST_SPAN = 0.08
"""A curve is at rest while it changes by less than this."""
_REST_S = 0.5
"""For so long."""
_DRIFT_S = 2.0
"""The level of rest is measured over stretches of at least this."""
_DRIFT_PARTS = 8
"""Of which a take is parted into no more than so many."""


@dataclass(frozen=True, eq=False)
class Confidence:
    """Why each of T frames is believed or not. Every array is [T], 0..1, 0 without a face."""

    presence: Array
    """How sure the tracker is that there is a face."""
    pixels: Array
    """How many pixels the face has across."""
    turn: Array
    """How far it is turned to the camera."""
    misfit: Array
    """How well what is rigid in a face keeps its shape."""
    visibility: Array
    """How much of the face is inside the picture."""

    @property
    def total(self) -> Array:
        """[T] the product of all of them: each alone can spoil a frame."""
        return np.asarray(self.presence * self.pixels * self.turn * self.misfit * self.visibility)


@dataclass(frozen=True, eq=False)
class TakeReport:
    """Figures of a take. C curves, T frames of the clip."""

    names: tuple[str, ...]
    """The C curves."""
    confidence: Confidence
    """Of each of the T frames."""
    jitter: Array
    """[C] standard deviation of what shivers while the curve rests; NaN where it never rests."""
    low: Array
    """[C] value that 1 % of the frames lie below."""
    high: Array
    """[C] value that 1 % of the frames lie above."""
    drift: Array
    """[C] how far the level of rest changes over the take, signed, last minus first where that is
    most; NaN where the take is too short to tell."""

    @property
    def moved(self) -> tuple[str, ...]:
        """The curves that moved, the farthest first."""
        span = self.high - self.low
        order = np.argsort(-span, kind="stable")
        return tuple(self.names[i] for i in order if span[i] >= _MOVED)

    def figures(self) -> dict[str, Any]:
        """Return the take in a few numbers, ready for JSON."""
        total = self.confidence.total
        seen = total > 0
        return {
            "confidence_mean": _rounded(total[seen].mean() if seen.any() else 0.0),
            "confidence_low": _rounded(np.quantile(total[seen], 0.05) if seen.any() else 0.0),
            "frames_below_half": int((total < 0.5).sum()),
            "weakest": self._weakest(),
            "jitter_mean": _rounded(np.nanmean(self.jitter) if self._rests else None),
            "jitter_worst": self._worst(self.jitter),
            "curves_moved": len(self.moved),
            "moved_most": list(self.moved[:5]),
            "drift_worst": self._worst(self.drift),
        }

    def document(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "figures": self.figures(),
            "curves": {
                name: {
                    "low": _rounded(self.low[i]),
                    "high": _rounded(self.high[i]),
                    "jitter": _rounded(self.jitter[i]),
                    "drift": _rounded(self.drift[i]),
                }
                for i, name in enumerate(self.names)
            },
            "confidence": [_rounded(value, 3) for value in self.confidence.total],
        }

    @property
    def _rests(self) -> bool:
        return bool(np.isfinite(self.jitter).any())

    def _weakest(self) -> str | None:
        """Return what lowers the confidence most: the name of a factor, or None."""
        seen = self.confidence.total > 0
        if not seen.any():
            return None
        means = {name: float(factor[seen].mean()) for name, factor in vars(self.confidence).items()}
        name = min(means, key=lambda one: means[one])
        return name if means[name] < 0.9 else None

    def _worst(self, values: Array) -> dict[str, Any] | None:
        if not np.isfinite(values).any():
            return None
        worst = int(np.nanargmax(np.abs(values)))
        return {"curve": self.names[worst], "value": _rounded(values[worst])}


def _rounded(value: Any, digits: int = 4) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def frame_confidence(landmarks: LandmarkTrack, character: Character) -> Confidence:
    """Return how far each frame of a tracked clip can be believed.

    Five factors, each 1 at its best: the tracker's own score; the width of the face, from 15 to
    80 pixels; how far it is turned away, from 25° to 70°; how far what is rigid in it is off
    the take's median face, from 1.5 to 8 mm at the character's size; and which share of its
    landmarks is inside the picture. Smooth between those limits.

    Args:
        landmarks: T frames.
        character: Its landmarks give the size of a head.
    """
    frames = len(landmarks)
    seen = landmarks.confidence > 0
    parts = {
        name: np.zeros(frames) for name in ("presence", "pixels", "turn", "misfit", "visibility")
    }
    if not seen.any():
        return Confidence(**parts)
    points = camera_points(landmarks)[seen]
    model, weights = head_model(character)
    poses = fit_poses(points, model, weights, steps=2)
    turned = np.degrees(np.abs(angles_from_matrix(poses.rotation)[:, :2]).max(axis=1))
    shape = poses.to_head(points[:, np.array(RIGID)])[..., :2]
    own = np.median(shape, axis=0)
    misfit = np.median(np.linalg.norm(shape - own, axis=2), axis=1)
    skin = landmarks.points[seen][:, :SKIN, :2]
    width, height = landmarks.size_px
    inside = ((skin >= 0) & (skin <= (width, height))).all(axis=2).mean(axis=1)
    across = np.linalg.norm(skin[:, 454] - skin[:, 234], axis=1)
    # Turned away, a face is narrower in the picture, and not because it is farther.
    across = across / np.maximum(np.cos(np.radians(np.minimum(turned, 60))), 0.5)

    parts["presence"][seen] = landmarks.confidence[seen]
    parts["pixels"][seen] = eased((across - _SMALL_PX) / (_LARGE_PX - _SMALL_PX))
    parts["turn"][seen] = 1 - eased((turned - _STRAIGHT_DEG) / (_EDGE_ON_DEG - _STRAIGHT_DEG))
    parts["misfit"][seen] = 1 - eased((misfit - _FITS_M) / (_MISFITS_M - _FITS_M))
    parts["visibility"][seen] = inside
    for part in parts.values():
        part[seen] = np.clip(part[seen], _LEAST_FACTOR, 1.0)
    return Confidence(**parts)


def with_confidence(
    track: CurveTrack, landmarks: LandmarkTrack, character: Character
) -> CurveTrack:
    """Return `track` with the confidence of the frame of the clip that is shown then.

    Frames whose confidence is 0 keep it: no face was followed there.
    """
    total = frame_confidence(landmarks, character).total
    told = np.interp(track.times_s, landmarks.times_s, total)
    graded = np.where(track.confidence > 0, np.clip(told, _LEAST_FACTOR, 1.0), 0.0)
    return replace(track, confidence=graded.astype(np.float32))


def take_report(track: CurveTrack, landmarks: LandmarkTrack, character: Character) -> TakeReport:
    """Return the figures of a take.

    Args:
        track: Its curves; frames of confidence 0 are not looked at.
        landmarks: What was tracked.
        character: Whose curves they are.
    """
    values = track.values.astype(np.float64)
    seen = track.confidence > 0
    some = values[seen] if seen.any() else np.zeros((1, values.shape[1]))
    return TakeReport(
        names=track.names,
        confidence=frame_confidence(landmarks, character),
        jitter=jitter_at_rest(values, seen, fps=track.fps),
        low=np.quantile(some, 0.01, axis=0),
        high=np.quantile(some, 0.99, axis=0),
        drift=drift_of_rest(values, seen, fps=track.fps),
    )


def jitter_at_rest(values: Array, seen: Bools, *, fps: float) -> Array:
    """Return [C] the noise of curves [T, C] while they rest.

    From second differences, which motion that is slow leaves alone, and which make ``6 σ²`` of
    white noise (as in Rice 1984, "Bandwidth choice for nonparametric regression"): the median
    over all half seconds in which a curve changes by less than 0.08. NaN where there is none.
    """
    length = max(4, round(_REST_S * fps))
    noise: list[Array] = []
    for start in range(0, len(values) - length + 1, max(1, length // 2)):
        window = values[start : start + length]
        if not seen[start : start + length].all():
            continue
        shiver = np.sqrt((np.diff(window, 2, axis=0) ** 2).mean(axis=0) / 6)
        noise.append(np.where(np.ptp(window, axis=0) < _REST_SPAN, shiver, np.nan))
    if not noise:
        return np.full(values.shape[1], np.nan)
    return _nanmedian(np.stack(noise))


def drift_of_rest(values: Array, seen: Bools, *, fps: float) -> Array:
    """Return [C] how far the level at which curves [T, C] rest changes over the take, signed.

    The take is parted into stretches of 2 s or more, 8 at most; the level of rest of each is
    the value that a fifth of its frames lies below. The change is that between the lowest and
    the highest level, positive where the highest comes later. NaN for takes below 4 s.
    """
    at = np.flatnonzero(seen)
    parts = min(_DRIFT_PARTS, int(len(at) / fps / _DRIFT_S))
    if parts < 2:
        return np.full(values.shape[1], np.nan)
    levels = np.stack(
        [np.quantile(values[part], 0.2, axis=0) for part in np.array_split(at, parts)]
    )
    highest, lowest = levels.argmax(axis=0), levels.argmin(axis=0)
    change = levels.max(axis=0) - levels.min(axis=0)
    return np.asarray(np.where(highest >= lowest, change, -change))


def _nanmedian(values: Array) -> Array:
    """Return the median of each column's numbers, NaN where it has none, without a warning."""
    result = np.full(values.shape[1], np.nan)
    for column, one in enumerate(values.T):
        known = one[np.isfinite(one)]
        if len(known):
            result[column] = np.median(known)
    return result
