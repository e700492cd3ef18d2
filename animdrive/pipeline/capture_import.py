"""Importing a recording of any origin as a take: a rig, curves and a geometry cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from animdrive.capture.finding import Finding
from animdrive.capture.read_rig import RigRead, read_rig
from animdrive.capture.read_track import read_track
from animdrive.capture.sync import SyncConfig
from animdrive.contract import Character, Provenance
from animdrive.contract.capture import CapturedTake, TakeEntry
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.files import output_folder, sha256_of
from animdrive.pipeline.capture import DESCRIPTION
from animdrive.pipeline.capture_prepare import (
    Book,
    Steps,
    entry_of,
    prepared,
    read_description,
    take_files,
    timeless,
)
from animdrive.pipeline.capture_settings import (
    CAPTURE_FORMAT,
    digest_of,
    digest_of_character,
    digest_of_take,
    plain,
)
from animdrive.pipeline.capture_source import ImportConfig, about_files, captured_of
from animdrive.pipeline.capture_write import (
    check_formats,
    write_base,
    write_caches,
    write_take_file,
)
from animdrive.pipeline.outputs import JobResult


def import_take(
    rig_path: Path | str,
    curves: Path,
    cache: Path,
    folder: Path,
    *,
    config: ImportConfig | None = None,
    progress: Progress = no_progress,
) -> JobResult:
    """Read a recording, prepare it, and add it as a take to the capture in `folder`.

    The first take makes the capture: its rig is that of all takes, and its rate that of all
    curves. Further takes must have the same rig and come out at the same rate.

    Args:
        rig_path: See `animdrive.capture.read_rig.read_rig`.
        curves: See `animdrive.capture.read_track.read_track`.
        cache: See `animdrive.capture.read_cache.read_cache`.
        folder: Of the capture; made where it is missing.
        config: How.
        progress: Told of the stages.

    Raises:
        InputError: a file, a setting or the folder cannot be used; nothing is written then.
        BackendError: a format needs a package that is not installed.
    """
    config = config or ImportConfig()
    check_formats(config.formats)
    name = config.name_for(Path(cache))
    result = JobResult()
    clock = perf_counter()
    with output_folder(folder) as folder:
        before = read_description(folder)
        _check_name(folder, before, name, config.replace)
        if before is not None and not before["takes"]:  # stopped before its first take was there
            before = None
        progress("read", 0.0)
        rig = read_rig(rig_path, unit=config.unit, up=config.up, meshes=config.meshes)
        progress("read", 0.2)
        character = _face_of(folder, before, rig, rig_path)
        track = read_track(Path(curves), character.rig.names)
        progress("read", 0.4)
        captured, inputs, found = captured_of(Path(cache), character, rig, track, config, progress)
        clock = result.timed("read", clock)
        captured, steps_found = prepared(
            captured, character.rig, _at_rate_of(before, config.steps), progress=progress
        )
        findings = (*about_files(rig, track), *found, *steps_found)
        clock = result.timed("prepare", clock)
        fps = captured.take.track.fps
        if before is not None and abs(float(before["fps"]) / fps - 1) > 1e-6:
            raise InputError(
                f"The curves of '{name}' run at {fps:g} frames per second, those of {folder} at "
                f"{float(before['fps']):g}. Leave the step sync on, which brings them together."
            )
        provenance = _provenance(rig.files, Path(curves), inputs)
        _write(folder, before, character, captured, findings, config, provenance, progress)
        result.timed("write", clock)
    result.figures |= {
        "take": name,
        "frames": len(captured.take.track),
        "fps": fps,
        "duration_s": round(captured.take.track.duration_s, 3),
        "vertices": captured.vertices.shape[1],
        "curves": len(character.rig.names),
        "findings": [finding.as_dict() for finding in findings],
    }
    result.outputs["capture"] = folder / DESCRIPTION
    return result


def _check_name(folder: Path, before: dict[str, Any] | None, name: str, again: bool) -> None:
    if before is None:
        return
    if "imported" not in before["settings"]:
        raise InputError(
            f"{folder} holds a capture that was not imported; takes are not added to it. Choose "
            f"another folder."
        )
    if any(row["name"] == name for row in before["takes"]) and not again:
        raise InputError(
            f"{folder} has a take '{name}' already; nothing was changed. Choose another name with "
            f"--take, or replace it with --replace."
        )


def _face_of(
    folder: Path, before: dict[str, Any] | None, rig: RigRead, path: Path | str
) -> Character:
    """Return the capture's face, which the rig must be."""
    if before is None:
        return rig.character
    from animdrive.rig.head import read_head

    there, given = read_head(folder / "base.safetensors").rig, rig.character.rig
    # The file keeps offsets as steps of 1/32767 of the largest one.
    step = np.abs(given.deltas).max() / 32767 + 1e-7
    same = (
        there.names == given.names
        and np.array_equal(there.neutral.faces, given.neutral.faces)
        and np.allclose(there.neutral.vertices, given.neutral.vertices, rtol=0, atol=1e-6)
        and np.allclose(there.deltas, given.deltas, rtol=0, atol=step)
    )
    if not same:
        raise InputError(
            f"{path} is another rig ({len(given.neutral.vertices)} vertices, {len(given.names)} "
            f"curves) than that of the takes in {folder} ({len(there.neutral.vertices)} vertices, "
            f"{len(there.names)} curves). Give the same rig, or choose another folder."
        )
    return read_head(folder / "base.safetensors")


def _at_rate_of(before: dict[str, Any] | None, steps: Steps) -> Steps:
    """Return `steps` with the rate of the capture that is there."""
    if before is None or steps.sync is None:
        return steps
    fps = float(before["fps"])
    asked: SyncConfig = steps.sync
    if asked.fps and abs(asked.fps / fps - 1) > 1e-6:
        raise InputError(
            f"--fps {asked.fps:g}: the takes that are there have {fps:g} frames per second. Leave "
            f"--fps out, or choose another folder."
        )
    return replace(steps, sync=replace(asked, fps=fps))


def _provenance(rig_files: Sequence[Path], curves: Path, cache_files: Sequence[Path]) -> Provenance:
    """Return where a take comes from; of many files that belong together the hash of all."""
    described = timeless((curves,), {})
    rows = list(described.inputs)
    for files in (rig_files, cache_files):
        if len(files) == 1:
            rows.append((files[0].name, sha256_of(files[0])))
        elif files:
            hashed = hashlib.sha256("".join(sha256_of(file) for file in files).encode())
            rows.append((f"{files[0].name} and {len(files) - 1} more", hashed.hexdigest()))
    return replace(described, inputs=tuple(rows))


def _write(
    folder: Path,
    before: dict[str, Any] | None,
    character: Character,
    captured: CapturedTake,
    findings: Sequence[Finding],
    config: ImportConfig,
    provenance: Provenance,
    progress: Progress,
) -> None:
    """Write the take and the table of contents, in this order."""
    name, rest = captured.take.name, character.rig.neutral.vertices
    if before is None:
        settings: dict[str, Any] = plain(
            {
                "format": CAPTURE_FORMAT,
                "imported": True,
                "face": digest_of_character(character),
                "fps": captured.take.track.fps,
                "seed": 0,
            }
        )
        Book(folder, settings, character, replace(provenance, inputs=())).write((), {}, whole=False)
        write_base(folder, character, provenance, progress)
    else:
        settings = before["settings"]
    progress("write", 0.0)
    digest = digest_of(
        {
            "take": digest_of_take(settings, captured.take),
            "inputs": [list(row) for row in provenance.inputs],
            "steps": config.steps.described(),
        }
    )
    old = take_files(folder, name)
    write_take_file(folder, captured, rest, digest, provenance)
    write_caches(folder, captured, character, config.formats, provenance)
    known: dict[str, Any] = dict(before or {})
    rows = [TakeEntry(**row) for row in known.get("takes", []) if row["name"] != name]
    told = dict(known.get("findings", {}))
    told[name] = [finding.as_dict() for finding in findings]
    sources = dict(known.get("sources", {}))
    sources[name] = [list(row) for row in provenance.inputs]
    Book(folder, settings, character, replace(provenance, inputs=())).write(
        [*rows, entry_of(captured.take)], told, whole=True, more={"sources": sources}
    )
    for path in old:  # of formats that are not asked for any more
        if path not in take_files_wanted(folder, name, config.formats):
            path.unlink()
    progress("write", 1.0)


def take_files_wanted(folder: Path, name: str, formats: Sequence[str]) -> set[Path]:
    """Return the files that a take called `name` has in `folder` when written in `formats`."""
    from animdrive.pipeline.capture_settings import take_path

    return {take_path(folder, name, kind) for kind in ("csv", "safetensors", *formats)}
