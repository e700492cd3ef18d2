"""How near found curves are to true ones, and what MediaPipe's own blendshapes say of a clip."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from common import SHARED

from animdrive.contract import ARKIT52, ARKIT_INDEX, VideoFrame
from animdrive.media.video import read_frames

Floats = npt.NDArray[np.floating]

PEER = SHARED / "data" / "models" / "face_landmarker.task"
MOVES = 0.03
"""A curve moves in a clip if its standard deviation is above this."""
SHUT_MM = 0.5
"""Lips with a slit below this touch, as far as a picture can tell."""
OPEN_MM = 2.0
"""Between two closures the lips part by more than this somewhere."""


@dataclass(frozen=True, eq=False)
class Score:
    """How near one clip's curves are to the truth. 52 curves in the order of `ARKIT52`."""

    correlation: Floats
    """[52] of the curves that move; NaN for those at rest."""
    error: Floats
    """[52] mean absolute error."""
    gain: Floats
    """[52] slope of found over true, of the curves that move; NaN for those at rest."""

    @property
    def mean_correlation(self) -> float:
        """Over the curves that move."""
        return float(np.nanmean(self.correlation)) if np.isfinite(self.correlation).any() else 1.0

    @property
    def mean_error(self) -> float:
        """Over all 52."""
        return float(self.error.mean())

    @property
    def mean_gain(self) -> float:
        """Over the curves that move."""
        return float(np.nanmean(self.gain)) if np.isfinite(self.gain).any() else 1.0


def score(found: npt.ArrayLike, truth: npt.ArrayLike) -> Score:
    """Compare `found` with `truth`, both [T, 52]. A curve found at rest correlates by 0."""
    ours, known = np.asarray(found, np.float64), np.asarray(truth, np.float64)
    if ours.shape != known.shape or known.ndim != 2:
        raise ValueError(f"Curves {ours.shape} are compared with {known.shape}.")
    a, b = known - known.mean(axis=0), ours - ours.mean(axis=0)
    spread, reach = a.std(axis=0), b.std(axis=0)
    both = (a * b).mean(axis=0)
    moves = spread > MOVES
    match = np.where(reach > 1e-6, both / np.maximum(spread * reach, 1e-12), 0.0)
    gain = both / np.maximum(spread**2, 1e-12)
    return Score(
        correlation=np.where(moves, match, np.nan),
        error=np.abs(ours - known).mean(axis=0),
        gain=np.where(moves, gain, np.nan),
    )


def closures_kept(found_mm: Floats, true_mm: Floats) -> tuple[int, int]:
    """Return how many closures are kept, and how many there are.

    A closure is a run of frames in which the lips touch, with the mouth open before or after it. It
    is kept if they touch in what was found too, at some frame of it or right beside it.
    """
    shut = true_mm < SHUT_MM
    edges = np.flatnonzero(np.diff(np.r_[False, shut, False].astype(np.int8)))
    kept = total = last_open = 0
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        opened = (true_mm[last_open:start] > OPEN_MM).any() or (true_mm[stop:] > OPEN_MM).any()
        if not opened:
            continue
        last_open = stop
        total += 1
        kept += bool((found_mm[max(start - 1, 0) : stop + 1] < SHUT_MM).any())
    return kept, total


def peer_curves(clip: Path) -> tuple[Floats, Floats]:
    """Return [T, 52] of MediaPipe's Tasks landmarker, NaN where it has no face, and [T] seconds."""
    os.environ.setdefault("GLOG_minloglevel", "3")
    import mediapipe as mp

    vision = mp.tasks.vision
    options = vision.FaceLandmarkerOptions(
        base_options=mp.tasks.BaseOptions(model_asset_path=str(PEER)),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
    )
    rows, times = [], []
    with vision.FaceLandmarker.create_from_options(options) as peer:
        for frame in rising(read_frames(clip)):
            image = mp.Image(mp.ImageFormat.SRGB, np.ascontiguousarray(frame.image))
            found = peer.detect_for_video(image, round(frame.time_s * 1000)).face_blendshapes
            row = np.full(len(ARKIT52), np.nan)
            if found:
                row[:] = 0.0  # it has no tongueOut
            for entry in found[0] if found else ():
                if entry.category_name in ARKIT_INDEX:
                    row[ARKIT_INDEX[entry.category_name]] = entry.score
            rows.append(row)
            times.append(frame.time_s)
    return np.stack(rows), np.array(times)


def rising(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Yield the frames whose time rises by a millisecond or more."""
    last = -1
    for frame in frames:
        if round(frame.time_s * 1000) > last:
            last = round(frame.time_s * 1000)
            yield frame


def show_curves(scores: Sequence[tuple[Score, Score]]) -> None:
    """Print, for every curve that moves in some clip, the means over these clips, ours and peer."""
    rows = []
    for who in (0, 1):
        per = [pair[who] for pair in scores]
        stacked = [np.stack([getattr(s, key) for s in per]) for key in ("correlation", "gain")]
        count = np.isfinite(stacked[0]).sum(axis=0)
        means = [np.nansum(values, axis=0) / np.maximum(count, 1) for values in stacked]
        rows.append((*means, np.stack([s.error for s in per]).mean(axis=0), count))
    (ours, gain, error, count), (peer, peer_gain, peer_error, _) = rows
    print(
        f"  {'curve':<22}{'corr':>6}{'gain':>6}{'error':>7}   MediaPipe{'':>1}{'corr':>6}", end=""
    )
    print(f"{'gain':>6}{'error':>7}  clips")
    for column, name in enumerate(ARKIT52):
        theirs = f"{peer[column]:>17.2f}{peer_gain[column]:>6.2f}{peer_error[column]:>7.3f}"
        if count[column]:
            mine = f"{ours[column]:>6.2f}{gain[column]:>6.2f}{error[column]:>7.3f}"
        else:
            mine, theirs = f"{'':>12}{error[column]:>7.3f}", f"{'':>23}{peer_error[column]:>7.3f}"
        print(f"  {name:<22}{mine}{theirs}{count[column]:>7}")
