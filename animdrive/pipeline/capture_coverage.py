"""Coverage of a capture's takes or of curve files: table, picture, and what to perform more."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.pipeline.capture_read import read_capture

_LISTED = 200
"""Pairs of curves that matter most, and are looked for."""
_FELT = 0.35
"""Values from which a curve counts as part of an emotion that is mixed with another one."""


def wanted_pairs() -> tuple[tuple[str, str], ...]:
    """Return the pairs of curves that faces show: in speech, gestures, emotions, mixed emotions."""
    from animdrive.layers.emotion import EMOTIONS
    from animdrive.tissue.take_pairs import covering_pairs, opposed, ordered

    found = dict.fromkeys(covering_pairs(_LISTED))
    for one, other in combinations(EMOTIONS.values(), 2):
        for a, b in product(one, other):
            mixed = min(one[a], other[b]) >= _FELT
            if a != b and mixed and not opposed(a, b):
                found[ordered(a, b)] = None
    return tuple(found)


def cover_capture(
    source: Path | Sequence[Path],
    *,
    picture: Path | None = None,
    add: Path | None = None,
    split: str = "train",
    share: float = 0.125,
    seed: int = 0,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Return what a capture exercises and lacks; draw it and write what to add where asked.

    Args:
        source: Folder of a capture, or curve files.
        picture: PNG to draw, or None.
        add: Live Link CSV to write with combinations that fill the gaps, or None.
        split: Of a capture: "train", "held_out" or "all" takes.
        share: Of the capture with it, that is to be added, 0.01..0.5.
        seed: Of what is drawn.
        progress: Told of the stages.

    Raises:
        InputError: the source cannot be used, or the capture has no such takes; a rig without ARKit
            curves where `add` is wanted.
    """
    from animdrive.capture.coverage import coverage_of, coverage_rows, gaps_of
    from animdrive.capture.coverage_fill import combinations_to_add
    from animdrive.tissue.take_pairs import opposed

    paths = [Path(source)] if isinstance(source, str | Path) else [Path(path) for path in source]
    names, tracks, fps = _tracks(paths, split, progress)

    def never(one: str, other: str) -> bool:
        return one in ARKIT52 and other in ARKIT52 and opposed(one, other)

    coverage = coverage_of(tracks, names)
    gaps = gaps_of(coverage, wanted_pairs())
    finding = gaps.finding()
    report: dict[str, Any] = {
        "takes": len(tracks),
        "frames": coverage.frames,
        "seconds": round(coverage.seconds, 3),
        "rows": coverage_rows(coverage),
        "finding": finding.as_dict(),
        "outputs": {},
        "notes": [],
    }
    if picture is not None:
        from animdrive.capture.coverage_picture import draw_coverage
        from animdrive.media.image import write_image

        progress("picture", 0.0)
        title = f"Coverage of {paths[0].name}" + (f" and {len(paths) - 1} more" * (len(paths) > 1))
        write_image(draw_coverage(coverage, gaps, opposed=never, title=title), picture)
        report["outputs"]["picture"] = picture
        progress("picture", 1.0)
    if add is not None:
        from animdrive.export.livelink_csv import write_livelink_csv

        if not set(names) <= set(ARKIT52):
            other = next(name for name in names if name not in ARKIT52)
            raise InputError(
                f"Combinations are written as Live Link curves, but '{other}' is none of the 52 "
                f"ARKit curves. Leave --add out."
            )
        track, notes = combinations_to_add(
            coverage, gaps, opposed=never, fps=fps, share=share, seed=seed
        )
        write_livelink_csv(track, add)
        report["outputs"]["add"] = add
        report["notes"] += notes
        report["added"] = {"frames": len(track), "seconds": round(track.duration_s, 3)}
    return report


def _tracks(
    paths: Sequence[Path], split: str, progress: Progress
) -> tuple[tuple[str, ...], list[CurveTrack], float]:
    """Return curve names, the tracks and their rate."""
    if len(paths) == 1 and (paths[0].is_dir() or not paths[0].exists()):
        capture = read_capture(paths[0])
        if split not in ("train", "held_out", "all"):
            raise InputError(f"Unknown split '{split}'. Known: train, held_out, all.")
        takes = [entry for entry in capture.takes if split in (entry.split, "all")]
        if not takes:
            raise InputError(f"{paths[0]} has no takes of '{split}'. Ask for another split.")
        tracks = []
        for number, entry in enumerate(takes):
            progress("read", number / len(takes))
            tracks.append(capture.take(entry.name).take.track)
        progress("read", 1.0)
        return capture.character.rig.names, tracks, capture.fps
    from animdrive.export import read_curves

    tracks = [read_curves(path)[0] for path in paths]
    return ARKIT52, tracks, tracks[0].fps
