"""The ground-truth run of `bench_tracking.py`: films, a still photograph, everybody's clips."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import foreign_clip
import numpy as np
import numpy.typing as npt
from common import SHARED, machine
from tracking_scores import PEER, Score, closures_kept, peer_curves, score, show_curves
from tracking_truth import DRIVEN, FPS, QUICK, TAKES, Truth, filmed

from animdrive.contract import ARKIT52, Character, LandmarkTrack, VideoFrame
from animdrive.errors import AnimdriveError
from animdrive.files import written_aside
from animdrive.media.image import read_image
from animdrive.media.video import read_frames
from animdrive.media.writer import VideoWriter
from animdrive.pipeline.outputs import skin_maker
from animdrive.rig.slits import lip_slit, middle_of_lips
from animdrive.sources.video.face import FaceResult, curves_from_landmarks, face_curves

FOREIGN = SHARED / "data" / "rigs" / "facecap.glb"
FACES = SHARED / "data" / "faces"
_STILL_S = 5.0
_VIDEO_SUFFIXES = (".mp4", ".mov", ".webm", ".avi", ".mkv")

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Figures:
    """What one film gave."""

    truth: Truth
    ours: Score
    peer: Score
    values: Floats
    """[T, 52] ours"""
    peer_values: Floats
    """[T, 52]"""
    tracked: float
    closures: tuple[int, int]


def solved(clip: Path, head: Character, *, keep_landmarks: bool) -> FaceResult:
    """Return what the front end makes of `clip`; landmarks kept beside it where that is asked."""
    beside = clip.with_suffix(".landmarks.npz")
    if not keep_landmarks:
        return face_curves(read_frames(clip), head)
    if beside.is_file() and beside.stat().st_mtime >= clip.stat().st_mtime:
        with np.load(beside) as data:
            width, height = data["size_px"]
            landmarks = LandmarkTrack(
                data["points"],
                data["times_s"],
                data["confidence"],
                (int(width), int(height)),
                data["cuts"],
            )
        return curves_from_landmarks(landmarks, head)
    result = face_curves(read_frames(clip), head)
    seen = result.landmarks
    with written_aside(beside) as aside, aside.open("wb") as file:
        np.savez_compressed(
            file,
            points=seen.points,
            times_s=seen.times_s,
            confidence=seen.confidence,
            size_px=seen.size_px,
            cuts=seen.cuts,
        )
    return result


def kept_peer(clip: Path) -> Floats:
    """Return [T, 52] of MediaPipe's blendshapes, 0 where it has no face; kept beside the clip."""
    beside = clip.with_suffix(".mediapipe.npy")
    if beside.is_file() and beside.stat().st_mtime >= clip.stat().st_mtime:
        return np.load(beside)
    values, _ = peer_curves(clip)
    values = np.nan_to_num(values)
    with written_aside(beside) as aside, aside.open("wb") as file:
        np.save(file, values)
    return values


def at_frames(result: FaceResult, count: int) -> Floats:
    """Return [count, 52], our curves at the film's own frames."""
    places = (np.arange(count) / FPS - result.track.start_s) * result.track.fps
    nearest = np.clip(np.round(places), 0, len(result.track) - 1).astype(int)
    return result.track.values[nearest]


def measured(truth: Truth, head: Character, *, keep_landmarks: bool) -> Figures:
    """Return the figures of one film."""
    result = solved(truth.clip, head, keep_landmarks=keep_landmarks)
    values = at_frames(result, len(truth.values))
    peer = kept_peer(truth.clip)[: len(values)]
    closures = (0, 0)
    if np.isfinite(truth.slits_mm).all():
        closures = closures_kept(rendered_slits(head, values), truth.slits_mm)
    return Figures(
        truth=truth,
        ours=score(values, truth.values),
        peer=score(peer, truth.values),
        values=values,
        peer_values=peer,
        tracked=result.found_share,
        closures=closures,
    )


def rendered_slits(head: Character, values: Floats) -> Floats:
    """Return [T] mm between the lips of `head` as `values` [T, 52] move its learned skin."""
    slit, skin = lip_slit(head), skin_maker("auto", head.rig)
    middle = middle_of_lips(slit)
    columns = [ARKIT52.index(name) for name in skin.names]
    heights = []
    for start in range(0, len(values), 30):
        some = np.ascontiguousarray(values[start : start + 30, columns], dtype=np.float32)
        heights += [slit.heights_mm(vertices)[middle].max() for vertices in skin.run(some)]
    return np.array(heights)


def bench_truth(head: Character, asked: argparse.Namespace) -> None:
    """Print figures of every film, by group and in the mean; see `bench_tracking`."""
    if not PEER.is_file():
        raise SystemExit(f"{PEER} is missing; there is nothing to compare with.")
    takes = [t for t in TAKES if not asked.quick or t.name in QUICK]
    takes = [take for take in takes if asked.only in take.name]
    everything = not asked.only
    print(f"films in {asked.cache}; ours (MediaPipe)", flush=True)
    rows: list[Figures] = []
    for truth in _truths(takes, asked, foreign=everything or asked.only in FOREIGN.stem):
        row = measured(truth, head, keep_landmarks=asked.landmarks_cache)
        rows.append(row)
        print(_line(row), flush=True)
    figures = _summary(rows)
    if asked.curves:
        _tables(rows)
    if everything or asked.only in "still":
        figures["still"] = bench_still(head, asked.cache)
    if everything and not asked.quick:
        figures["followed"] = bench_followed(head)
    print(f"machine: {json.dumps(machine())}")
    if asked.json:
        found = {"figures": figures, "machine": machine()}
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _truths(takes: Iterable[Any], asked: argparse.Namespace, *, foreign: bool) -> Iterable[Truth]:
    for take in takes:
        yield filmed(take, asked.cache)
    if not FOREIGN.is_file():
        print(f"{FOREIGN} is missing; the films of it are left out.")
        return
    if foreign:
        yield foreign_clip.filmed(FOREIGN, asked.cache)
    for take in DRIVEN:
        if not asked.quick and asked.only in take.name:
            # The character is read only where the film is not there.
            yield filmed(take, asked.cache, lambda: foreign_clip.ForeignTake(FOREIGN).character)


def _line(row: Figures) -> str:
    truth = row.truth
    start = f"{truth.name:<18}"
    if truth.group == "neutral":
        parts = []
        for values in (row.values, row.peer_values):
            frame, column = np.unravel_index(int(values.argmax()), values.shape)
            above = int((values.max(axis=0) > 0.05).sum())
            most = f"max {values[frame, column]:.3f} {ARKIT52[column]}"
            parts.append(f"{most} at {truth.yaw_deg[frame]:+.0f}°, {above} curves above 0.05")
        return f"{start}{parts[0]}  ({parts[1]})"
    moving = int(np.isfinite(row.ours.correlation).sum())
    kept, total = row.closures
    shut = f"  closures {kept}/{total}" if total else ""
    return (
        f"{start}corr {row.ours.mean_correlation:.3f} ({row.peer.mean_correlation:.3f})  "
        f"error {row.ours.mean_error:.3f} ({row.peer.mean_error:.3f})  "
        f"gain {row.ours.mean_gain:.2f} ({row.peer.mean_gain:.2f})  "
        f"moving {moving}  tracked {100 * row.tracked:.0f} %{shut}"
    )


def _summary(rows: list[Figures]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    print()
    for group in ("front", "turned", "foreign", "driven"):
        some = [row for row in rows if row.truth.group == group]
        if not some:
            continue
        figures[group] = {}
        for who in ("ours", "peer"):
            scores = [getattr(row, who) for row in some]
            figures[group][who] = {
                key: round(float(np.mean([getattr(s, f"mean_{key}") for s in scores])), 4)
                for key in ("correlation", "error", "gain")
            }
        ours, peer = figures[group]["ours"], figures[group]["peer"]
        print(
            f"{group:<8} {len(some)} films: correlation {ours['correlation']:.3f} "
            f"({peer['correlation']:.3f}), error {ours['error']:.3f} ({peer['error']:.3f}), "
            f"gain {ours['gain']:.2f} ({peer['gain']:.2f})"
        )
    still = [row for row in rows if row.truth.group == "neutral"]
    if still:
        worst = max(float(row.values.max()) for row in still)
        peer = max(float(row.peer_values.max()) for row in still)
        figures["neutral"] = {"ours": round(worst, 4), "peer": round(peer, 4)}
        print(f"neutral  {len(still)} films: largest curve {worst:.3f} ({peer:.3f})")
    kept = np.sum([row.closures for row in rows], axis=0) if rows else (0, 0)
    if kept[1]:
        figures["closures"] = [int(kept[0]), int(kept[1])]
        print(f"closures {kept[0]} of {kept[1]} kept ({100 * kept[0] / kept[1]:.0f} %)")
    return figures


def _tables(rows: list[Figures]) -> None:
    for group in ("front", "turned", "foreign", "driven"):
        some = [(row.ours, row.peer) for row in rows if row.truth.group == group]
        if some:
            print(f"\n{group}")
            show_curves(some)
    for row in rows:
        if row.truth.group == "neutral":
            high = row.values.max(axis=0)
            named = [f"{ARKIT52[c]} {high[c]:.2f}" for c in np.argsort(-high) if high[c] > 0.05]
            print(f"\n{row.truth.name}: {', '.join(named) or 'none above 0.05'}")


def bench_still(head: Character, cache: Path) -> dict[str, float]:
    """Print how much curves move on a photograph that is played for five seconds, with noise."""
    from skimage.data import astronaut

    clip = cache / "still_astronaut.mp4"
    if not clip.is_file():
        image, rng = astronaut().astype(np.float32), np.random.default_rng(0)
        clip.parent.mkdir(parents=True, exist_ok=True)
        with VideoWriter(clip, size_px=(image.shape[1], image.shape[0]), fps=FPS) as writer:
            for _ in range(round(_STILL_S * FPS)):
                noisy = image + 3.0 * rng.standard_normal(image.shape, dtype=np.float32)
                writer.write(np.clip(noisy, 0, 255).astype(np.uint8))
    ours = face_curves(read_frames(clip), head).track.values.std(axis=0)
    peer = kept_peer(clip).std(axis=0)
    print(
        f"still    astronaut: largest standard deviation {ours.max():.4f} "
        f"{ARKIT52[int(ours.argmax())]} ({peer.max():.4f} {ARKIT52[int(peer.argmax())]})"
    )
    return {"ours": round(float(ours.max()), 5), "peer": round(float(peer.max()), 5)}


def bench_followed(head: Character) -> dict[str, float]:
    """Print in which share of frames the face is followed, of everybody's clips and pictures."""
    shares: dict[str, float] = {}
    for path in sorted([*(FACES / "videos").glob("*"), *(FACES / "images").glob("*")]):
        try:
            if path.suffix.lower() in _VIDEO_SUFFIXES:
                shares[path.name] = face_curves(read_frames(path), head).found_share
            else:
                frame = VideoFrame(read_image(path), 0.0)
                shares[path.name] = face_curves([frame], head).found_share
        except AnimdriveError as error:
            shares[path.name] = 0.0
            print(f"  {path.name}: {error}")
        print(f"followed {path.name:<28} {100 * shares[path.name]:5.1f} %", flush=True)
    return {name: round(share, 4) for name, share in shares.items()}
