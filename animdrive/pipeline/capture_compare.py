"""Comparing a capture with its linear rig: the table of differences, and the residuals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.contract import CurveTrack
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.pipeline.capture_read import read_capture


def report_capture(folder: Path, *, progress: Progress = no_progress) -> dict[str, Any]:
    """Return how far the takes in `folder` are from the linear rig, per kind and region, mm.

    Raises:
        InputError: the capture cannot be used.
    """
    from animdrive.deformer.linear import LinearDeformer
    from animdrive.tissue.difference import DifferenceTable, differences

    capture = read_capture(folder)
    table = DifferenceTable(capture.character)
    deformer = LinearDeformer(capture.character.rig)
    for number, entry in enumerate(capture.takes):
        progress("compare", number / len(capture.takes))
        captured = capture.take(entry.name)
        own = columns_of(deformer.names, captured.take.track)
        for _, _, apart in differences(captured, deformer.run, own):
            table.add(entry.kind, apart)
    progress("compare", 1.0)
    return {
        "takes": len(capture.takes),
        "frames": sum(entry.frames for entry in capture.takes),
        "rows": [
            {
                "kind": row.kind,
                "region": row.region,
                "mean_mm": row.mean_mm,
                "p95_mm": row.p95_mm,
                "max_mm": row.max_mm,
            }
            for row in table.rows()
        ],
    }


def residuals_of(folder: Path, *, progress: Progress = no_progress) -> Iterator[FloatArray]:
    """Yield chunks [n, S, 3] metres of captured minus linear skin, of the takes to learn from.

    S are the vertices of the part "skin". Frames with holes are left out.
    """
    from animdrive.deformer.linear import LinearDeformer
    from animdrive.tissue.difference import differences

    capture = read_capture(folder)
    skin = capture.character.part("skin").vertices
    deformer = LinearDeformer(capture.character.rig)
    takes = [entry for entry in capture.takes if entry.split == "train"]
    for number, entry in enumerate(takes):
        progress("modes", number / len(takes))
        captured = capture.take(entry.name)
        own = columns_of(deformer.names, captured.take.track)
        for run, linear, _ in differences(captured, deformer.run, own):
            apart = captured.vertices[run, skin] - linear[:, skin]
            if captured.missing is not None:
                apart = apart[~captured.missing[run, skin].any(axis=1)]
            if len(apart):
                yield apart
    progress("modes", 1.0)


def columns_of(names: Sequence[str], track: CurveTrack) -> IntArray:
    """Return the columns of `track` that hold the curves `names`.

    Raises:
        InputError: the track lacks one.
    """
    lacking = [name for name in names if name not in track.names]
    if lacking:
        raise InputError(f"The capture has no curve '{lacking[0]}', which its rig has.")
    return np.array([track.names.index(name) for name in names], dtype=np.int32)
