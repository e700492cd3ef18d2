"""The files of a capture: the face at rest, and each take in the formats that are asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.contract import Character, CurveTrack, Provenance
from animdrive.contract.capture import CapturedTake, Take
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress
from animdrive.errors import InputError
from animdrive.files import write_bytes
from animdrive.pipeline.capture_settings import take_path
from animdrive.provenance import aigc_label, provenance_dict
from animdrive.tissue.faults import FaultTruth


def captured_take(take: Take, skin: FloatArray, character: Character) -> CapturedTake:
    """Return `take` with its clean `skin` [T, V, 3] metres, and the head's matrices."""
    return CapturedTake(
        take=take,
        vertices=skin,
        times_s=np.arange(len(skin)) / take.track.fps,
        head_transform=head_transform(take.track, character),
    )


def head_transform(track: CurveTrack, character: Character) -> FloatArray:
    """Return [T, 4, 4], how the head stands at every frame: a turn about its pivot and a shift."""
    from animdrive.rig.pose import rotation_matrix

    transform = np.tile(np.eye(4, dtype=np.float32), (len(track), 1, 1))
    turn = rotation_matrix(track.head_rotation)
    transform[:, :3, :3] = turn
    pivot = character.head_pivot
    transform[:, :3, 3] = track.head_position + pivot - turn @ pivot
    return transform


def write_caches(
    folder: Path,
    captured: CapturedTake,
    character: Character,
    formats: Sequence[str],
    provenance: Provenance,
) -> None:
    """Write curves as CSV and the skin in all of `formats` but safetensors."""
    from animdrive.export.livelink_csv import write_livelink_csv

    name, mesh = captured.take.name, character.rig.neutral
    write_livelink_csv(captured.take.track, take_path(folder, name, "csv"))
    for kind in formats:
        path = take_path(folder, name, kind)
        if kind == "pc2":
            from animdrive.export.point_cache import write_pc2

            write_pc2(captured.vertices, path)
        elif kind == "npz":
            from animdrive.export.take_file import write_take_npz

            write_take_npz(captured, mesh.vertices, path)
        elif kind == "usd":
            from animdrive.export.usd_cache import write_usd

            write_usd(captured, mesh, path, labels=_labels(provenance))
        elif kind == "abc":
            from animdrive.export.alembic_cache import write_alembic

            write_alembic(captured, mesh, path)


def write_base(
    folder: Path, character: Character, provenance: Provenance, progress: Progress
) -> None:
    """Write the face at rest as OBJ, the whole head, and the linear rig as GLB."""
    from animdrive.export.gltf import write_glb
    from animdrive.export.obj import write_obj
    from animdrive.rig.head import save_head

    progress("base", 0.0)
    rest = CurveTrack(
        character.rig.names, 30.0, np.zeros((0, len(character.rig.names)), np.float32)
    )
    write_obj(character.rig.neutral, folder / "base.obj")
    save_head(character, folder / "base.safetensors")
    write_glb(character, rest, folder / "base.glb", provenance=provenance)
    progress("base", 1.0)


def write_take_file(
    folder: Path, captured: CapturedTake, rest: FloatArray, digest: str, provenance: Provenance
) -> None:
    """Write the file that makes a take whole; `rest` [V, 3] metres is the face at rest."""
    from animdrive.export.take_file import write_take

    path = take_path(folder, captured.take.name, "safetensors")
    write_take(captured, rest, path, digest=digest, labels=_labels(provenance))


def _labels(provenance: Provenance) -> dict[str, str]:
    """Return what tells that a file is synthetic."""
    generator = str(provenance_dict(provenance)["generator"])
    return {"AIGC": aigc_label(provenance), "generator": generator}


def write_truth(path: Path, truth: FaultTruth) -> None:
    """Write what was done to a take's skin."""
    from safetensors.numpy import save

    described = {key: value for key, value in asdict(truth).items() if key != "drift"}
    metadata = {"truth": json.dumps(described, sort_keys=True)}
    write_bytes(path, save({"drift": truth.drift}, metadata))


def is_whole(folder: Path, take: Take, digest: str) -> bool:
    """Whether the take is there as these settings make it."""
    from animdrive.export.take_file import take_header

    path = take_path(folder, take.name, "safetensors")
    try:
        return path.is_file() and take_header(path)["digest"] == digest
    except InputError:
        return False


def read_truth(path: Path) -> Any:
    """Return what was done to a take's skin; the drift as the name of its file."""
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        return {**json.loads(file.metadata()["truth"]), "drift": path.name}


def check_formats(formats: Sequence[str]) -> None:
    """Raise BackendError before long work where a format's package is missing."""
    if "usd" in formats:
        from animdrive.export.usd_stage import check_usd

        check_usd()
    if "abc" in formats:
        from animdrive.export.alembic_cache import check_alembic

        check_alembic()
