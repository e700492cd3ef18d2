"""A capture of one face as a capture of another one: deformation transfer, take by take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from animdrive.contract import Character
from animdrive.contract.capture import Capture, CapturedTake
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.files import output_folder
from animdrive.pipeline.capture import DESCRIPTION
from animdrive.pipeline.capture_prepare import Book, read_description, timeless
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.capture_settings import (
    CACHE_FORMATS,
    CAPTURE_FORMAT,
    digest_of,
    digest_of_character,
    digest_of_take,
    plain,
)
from animdrive.pipeline.capture_write import (
    check_formats,
    head_transform,
    is_whole,
    write_base,
    write_caches,
    write_take_file,
)
from animdrive.pipeline.outputs import JobResult

_STILL_M = 2e-5
"""Vertices that move by less in all takes stay where they are; the files are as exact as this."""


def character_from(source: Path | str) -> tuple[Character, tuple[Path, ...]]:
    """Return the face that `source` names, and its files.

    Args:
        source: "head"; a head shape (.json) of ``animdrive identity``; or what
            `animdrive.capture.read_rig.read_rig` reads: a GLB, OBJs, a head's file, a capture.

    Raises:
        InputError: it cannot be used.
    """
    if Path(source).suffix.lower() == ".json":
        from animdrive.pipeline.capture_people import character_of, read_code

        return character_of(read_code(Path(source))), (Path(source),)
    from animdrive.capture.read_rig import read_rig

    read = read_rig(source)
    return read.character, read.files


def transfer_capture(
    folder: Path,
    onto: Character,
    out: Path,
    *,
    files: Sequence[Path] = (),
    formats: Sequence[str] = ("safetensors",),
    progress: Progress = no_progress,
) -> JobResult:
    """Write the capture in `folder` as a capture of the face `onto` into `out`.

    Curves, head motion and the split of the takes stay. Run again, it keeps takes that are whole.

    Args:
        folder: The capture.
        onto: Who is to move. Of our skin's topology at another level or of any other.
        out: Where to; empty, or begun with the same.
        files: What `onto` was read from, for the provenance.
        formats: How takes are written; safetensors always is.
        progress: Told of the stages.

    Raises:
        InputError: the capture or the folder cannot be used, an unknown format, or the faces do not
            lie on each other.
        BackendError: a format needs a package that is not installed.
    """
    from animdrive.capture.transfer import DeformationTransfer

    for name in formats:
        if name not in CACHE_FORMATS:
            raise InputError(f"Unknown format '{name}'. Known: {', '.join(CACHE_FORMATS)}.")
    check_formats(formats)
    capture = read_capture(folder)
    result, clock = JobResult(), perf_counter()
    with output_folder(out) as out:
        if out.resolve() == Path(folder).resolve():
            raise InputError(f"{out} is the capture itself. Choose another folder with -o.")
        before = read_description(out)
        provenance = timeless(
            (Path(folder) / DESCRIPTION, *(path for path in files if path.is_file())),
            {"step": "transfer"},
        )
        settings = _settings(capture, onto, provenance.inputs)
        if before is not None and before["digest"] != digest_of(settings):
            raise InputError(
                f"{out} holds another capture; nothing was changed. Choose another folder."
            )
        book = Book(out, settings, onto, provenance)
        still = _still(capture, progress)
        progress("match", 0.0)
        transfer = DeformationTransfer(capture.character, onto, still=still)
        progress("match", 1.0)
        held = json.loads((Path(folder) / DESCRIPTION).read_text(encoding="utf-8"))["held_out"]
        book.write(capture.takes, {}, whole=False)
        write_base(out, onto, provenance, progress)
        clock = result.timed("match", clock)
        for number, entry in enumerate(capture.takes):
            progress("transfer", number / len(capture.takes))
            captured = capture.take(entry.name)
            digest = digest_of_take(settings, captured.take)
            if is_whole(out, captured.take, digest):
                continue
            moved = _transferred(captured, transfer, onto)
            write_caches(out, moved, onto, formats, provenance)
            write_take_file(out, moved, onto.rig.neutral.vertices, digest, provenance)
        book.write(capture.takes, {}, whole=True, more={"held_out": held})
        progress("transfer", 1.0)
        result.timed("transfer", clock)
    frames = sum(entry.frames for entry in capture.takes)
    result.figures |= {
        "takes": len(capture.takes),
        "frames": frames,
        "fps": capture.fps,
        "duration_s": round(frames / capture.fps, 3),
        "vertices": len(onto.rig.neutral.vertices),
        "still_share": round(float(still.mean()), 4),
        "match_median_mm": round(1000 * transfer.pairs.distance_m, 4),
    }
    result.outputs |= {"capture": out / DESCRIPTION, "base": out / "base.glb"}
    return result


def _still(capture: Capture, progress: Progress) -> Any:
    """Return [V] which vertices no take moves."""
    rest = capture.character.rig.neutral.vertices
    farthest = np.zeros(len(rest), dtype=np.float32)
    for number, entry in enumerate(capture.takes):
        progress("read", number / len(capture.takes))
        for frame in capture.take(entry.name).vertices:
            np.maximum(farthest, np.abs(frame - rest).max(axis=1), out=farthest)
    progress("read", 1.0)
    return farthest < _STILL_M


def _transferred(captured: CapturedTake, transfer: Any, onto: Character) -> CapturedTake:
    missing = captured.missing
    if missing is not None:  # a place is missing where most of the triangle it follows is
        corners = missing[:, transfer.followed]
        missing = np.einsum("nuc,uc->nu", corners.astype(np.float64), transfer.pairs.weights) > 0.5
    return replace(
        captured,
        vertices=transfer.run(captured.vertices),
        head_transform=head_transform(captured.take.track, onto),
        missing=missing,
    )


def _settings(
    capture: Capture, onto: Character, inputs: Sequence[tuple[str, str]]
) -> Mapping[str, Any]:
    described: dict[str, Any] = plain(
        {
            "format": CAPTURE_FORMAT,
            "transferred": True,
            "from": digest_of_character(capture.character),
            "face": digest_of_character(onto),
            "inputs": [list(row) for row in inputs],
            "fps": capture.fps,
            "seed": 0,
        }
    )
    return described
