"""Preparing takes: the steps in their order, each of which can be left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from animdrive.capture.clean import CleanConfig, clean
from animdrive.capture.finding import Finding
from animdrive.capture.stabilise import StabiliseConfig, stabilise
from animdrive.capture.sync import SyncConfig, sync
from animdrive.contract import Character, Provenance, Rig
from animdrive.contract.capture import CapturedTake, Take, TakeEntry
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.export.take_file import read_take_track
from animdrive.files import output_folder, sha256_of, write_text
from animdrive.pipeline.capture import DESCRIPTION
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.capture_settings import (
    CAPTURE_FORMAT,
    described_capture,
    digest_of,
    digest_of_character,
    digest_of_take,
    plain,
    take_path,
)
from animdrive.pipeline.capture_write import check_formats, is_whole, write_base, write_caches
from animdrive.pipeline.capture_write import write_take_file as write_take
from animdrive.pipeline.outputs import JobResult
from animdrive.provenance import provenance_of


@dataclass(frozen=True)
class Steps:
    """Which steps of preparation are made, and how."""

    clean: CleanConfig | None = field(default_factory=CleanConfig)
    """Spikes, lost frames, holes, and the estimate of noise; None leaves it out."""
    sync: SyncConfig | None = field(default_factory=SyncConfig)
    """One clock and one rate; None leaves it out."""
    stabilise: StabiliseConfig | None = field(default_factory=StabiliseConfig)
    """The head's motion out of the skin; None leaves it out."""

    def described(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        described: dict[str, Any] = plain(asdict(self))
        return described


def prepared(
    captured: CapturedTake,
    rig: Rig,
    steps: Steps,
    *,
    progress: Progress = no_progress,
) -> tuple[CapturedTake, tuple[Finding, ...]]:
    """Return `captured` after all of `steps`, and what each of them found.

    Args:
        captured: Skin in the topology of `rig`.
        rig: The linear rig of the face.
        steps: Which.
        progress: Told "clean", "sync" and "stabilise".

    Raises:
        InputError: skin and curves share too little.
    """
    findings: list[Finding] = []
    if steps.clean is not None:
        progress("clean", 0.0)
        captured, finding = clean(captured, config=steps.clean)
        findings.append(finding)
        progress("clean", 1.0)
    if steps.sync is not None:
        progress("sync", 0.0)
        captured, finding = sync(captured, rig, config=steps.sync)
        findings.append(finding)
        progress("sync", 1.0)
    if steps.stabilise is not None:
        progress("stabilise", 0.0)
        captured, finding = stabilise(captured, rig, config=steps.stabilise)
        findings.append(finding)
        progress("stabilise", 1.0)
    return captured, tuple(findings)


def prepare_capture(
    source: Path,
    folder: Path,
    *,
    steps: Steps | None = None,
    formats: Sequence[str] = ("safetensors", "pc2"),
    progress: Progress = no_progress,
) -> JobResult:
    """Prepare all takes of the capture in `source` and write them as a capture into `folder`.

    Run again with the same settings, it keeps the takes that are whole and makes the others.

    Args:
        source: Folder of a capture, such as one made with faults.
        folder: Where to; empty, or what this made of the same capture before.
        steps: Which steps are made; None makes all.
        formats: How the skin is written, see `animdrive.pipeline.capture_settings.CACHE_FORMATS`.
        progress: Told of the stages.

    Raises:
        InputError: a folder or a take cannot be used.
        BackendError: a format needs a package that is not installed.
    """
    steps = steps or Steps()
    capture = read_capture(source)
    character = capture.character
    check_formats(formats)
    fps = steps.sync.fps if steps.sync is not None and steps.sync.fps else capture.fps
    described = Path(source) / DESCRIPTION
    settings: dict[str, Any] = plain(
        {
            "format": CAPTURE_FORMAT,
            "prepared_from": sha256_of(described),
            "face": digest_of_character(character),
            "fps": fps,
            "seed": 0,
            "steps": steps.described(),
        }
    )
    result = JobResult()
    clock = perf_counter()
    with output_folder(folder) as folder:
        before = read_description(folder)
        if before is not None and before["digest"] != digest_of(settings):
            raise InputError(
                f"{folder} holds another capture, or one prepared with other settings; nothing "
                f"was changed. Choose another folder."
            )
        provenance = timeless((described,), steps.described())
        told: dict[str, list[dict[str, Any]]] = dict((before or {}).get("findings", {}))
        book = Book(folder, settings, character, provenance)
        book.write((), told, whole=False)
        write_base(folder, character, provenance, progress)
        entries: list[TakeEntry] = []
        kept = 0
        for number, entry in enumerate(capture.takes):
            progress("prepare", number / len(capture.takes))
            captured = capture.take(entry.name)
            digest = digest_of_take(settings, captured.take)
            if entry.name in told and is_whole(folder, captured.take, digest):
                there = read_take_track(take_path(folder, entry.name, "safetensors"))
                entries.append(replace(entry, frames=len(there)))
                kept += 1
                continue
            done, findings = prepared(captured, character.rig, steps)
            write_caches(folder, done, character, formats, provenance)
            write_take(folder, done, character.rig.neutral.vertices, digest, provenance)
            told[entry.name] = [finding.as_dict() for finding in findings]
            entries.append(entry_of(done.take))
            book.write(entries, told, whole=False)
        progress("prepare", 1.0)
        book.write(entries, told, whole=True)
    frames = sum(entry.frames for entry in entries)
    result.figures |= {
        "takes": len(entries),
        "kept": kept,
        "frames": frames,
        "fps": fps,
        "duration_s": round(frames / fps, 3),
        "vertices": len(character.rig.neutral.vertices),
        "findings": told,
    }
    result.outputs["capture"] = folder / DESCRIPTION
    result.timed("prepare", clock)
    return result


@dataclass(frozen=True, eq=False)
class Book:
    """A capture's table of contents, written again and again as takes come in."""

    folder: Path
    """Of the capture."""
    settings: Mapping[str, Any]
    """See `animdrive.pipeline.capture_settings.described_capture`."""
    character: Character
    """Whose face."""
    provenance: Provenance
    """Where it comes from."""

    def write(
        self,
        takes: Sequence[TakeEntry],
        findings: Mapping[str, Any],
        *,
        whole: bool,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Write ``capture.json`` with rows for `takes`, whole or not at all."""
        rig = self.character.rig
        described = described_capture(
            self.settings,
            (),
            self.provenance,
            whole=whole,
            names=rig.names,
            vertices=len(rig.neutral.vertices),
            held={},
            truths={},
            notes=(),
        )
        described["takes"] = [asdict(entry) for entry in takes]
        described["findings"] = dict(findings)
        described |= more or {}
        text = json.dumps(described, indent=1, ensure_ascii=False)
        write_text(self.folder / DESCRIPTION, text + "\n")


def entry_of(take: Take) -> TakeEntry:
    """Return the row of `take` in a table of contents."""
    return TakeEntry(take.name, take.kind, take.split, len(take.track), take.about)


def read_description(folder: Path) -> dict[str, Any] | None:
    """Return what ``capture.json`` in `folder` says; None where the folder is empty.

    Raises:
        InputError: it is damaged, or the folder has other things in it.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        if any(not entry.name.startswith(".part-") for entry in folder.iterdir()):
            raise InputError(
                f"{folder} has files in it, but no {DESCRIPTION}. Choose an empty folder."
            )
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found["settings"], dict) or not isinstance(found["takes"], list):
            raise TypeError("settings or takes")
        if found["digest"] != digest_of(found["settings"]):
            raise ValueError("digest")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged. Remove the folder, or choose another one.") from error
    described: dict[str, Any] = found
    return described


def timeless(inputs: Sequence[Path], config: Mapping[str, Any]) -> Provenance:
    """Return the provenance of a capture, without the moment, so that it comes out the same."""
    described = provenance_of(tuple(inputs), backend="capture", config=config)
    return Provenance(
        inputs=described.inputs,
        backend=described.backend,
        config=described.config,
        weights=described.weights,
        version=described.version,
        seed=described.seed,
    )


def take_files(folder: Path, name: str) -> list[Path]:
    """Return the files that a take called `name` has in `folder`."""
    kinds = ("csv", "truth", "safetensors", "pc2", "npz", "usd", "abc")
    return [path for path in (take_path(folder, name, kind) for kind in kinds) if path.is_file()]
