"""The user's own rig in place of our head: read, brought to a head's size, performed by."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from animdrive.capture.read_rig import read_rig
from animdrive.contract import ARKIT52, Character, CurveTrack, Provenance
from animdrive.errors import InputError
from animdrive.export.gltf import write_glb
from animdrive.export.gltf_own_rig import still_parts, write_own_rig
from animdrive.files import existing_file, sha256_of
from animdrive.layers.retarget import RetargetProfile, read_profile
from animdrive.pipeline.own_rig_looks import EYE_DISTANCE_M, dressed, eye_distance_m, sized

if TYPE_CHECKING:
    from animdrive.pipeline.outputs import JobResult, OutputConfig, Performance

AUTO_PROFILE = "auto"
"""In place of a profile's path: the one that comparing the rigs proposes."""

_GLTF = (".glb", ".gltf")


@dataclass(frozen=True, eq=False)
class OwnRig:
    """A user's rig, ready to perform."""

    path: Path
    """The file."""
    character: Character
    """In metres of a human head, dressed to be filmed."""
    read: Character
    """As the file has it, in the file's size."""
    scale: float
    """How many metres of the file are one of a human head."""
    notes: tuple[str, ...]
    """What the user should know about the file."""

    @property
    def is_gltf(self) -> bool:
        """Whether the file is a glTF, into which a performance can be put as it is."""
        return self.path.suffix.lower() in _GLTF


def own_rig(path: Path) -> OwnRig:
    """Return the rig of a file or a folder of OBJs; see `animdrive.capture.read_rig.read_rig`.

    Raises:
        InputError: it cannot be read, or none of its shapes is called as ARKit calls it.
        BackendError: it is packed in a way that needs a package that is not installed.
    """
    path = Path(path)
    if not path.is_dir():
        path = existing_file(path, "rig")
    stamp = path.stat()
    return _read(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=2)
def _read(path: Path, *_: int) -> OwnRig:
    # A glTF says it is in metres, and many are not: its eyes tell its size.
    unit = "m" if path.suffix.lower() in _GLTF else "auto"
    read = read_rig(path, unit=unit, surfaces=True)
    names = read.character.rig.names
    known = [name for name in names if name in ARKIT52]
    if not known:
        shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        raise InputError(
            f"{path}: none of its {len(names)} shapes ({shown}) is called as one of ARKit's 52. "
            "Rename them: jawOpen, mouthSmileLeft, eyeBlinkRight..."
        )
    notes = [*read.notes]
    missing = [name for name in ARKIT52 if name not in names]
    if missing:
        shown = ", ".join(missing[:6]) + (", ..." if len(missing) > 6 else "")
        notes.append(f"The rig lacks {len(missing)} of 52 curves: {shown}.")
    scale = eye_distance_m(read.character) / EYE_DISTANCE_M
    character = dressed(sized(read.character, 1 / scale), read)
    rig = OwnRig(path, character, read.character, scale, tuple(notes))
    return replace(rig, notes=(*notes, *still_parts(path))) if rig.is_gltf else rig


def check_own_rig(config: OutputConfig) -> None:
    """Raise InputError where `config` names a rig, a profile or a deformer that cannot be used."""
    from animdrive.pipeline.outputs import skin_once

    if config.rig is None:
        if config.retarget is not None:
            raise InputError("--retarget changes curves for a rig of yours; give --rig, too.")
        return
    if config.lod != "standard":
        raise InputError("A level of detail is for our own head; leave --lod or --rig out.")
    rig = own_rig(config.rig)
    skin_once(config.deformer, rig.read.rig)
    if config.retarget is not None and config.retarget != Path(AUTO_PROFILE):
        read_profile(config.retarget)


def profile_of(config: OutputConfig, rig: OwnRig) -> RetargetProfile:
    """Return the profile that `config` asks for: none, a file's, or the proposed one."""
    if config.retarget is None:
        return RetargetProfile()
    if config.retarget == Path(AUTO_PROFILE):
        from animdrive.pipeline.rig_retarget import proposed_profile

        return proposed_profile(rig).profile
    return read_profile(config.retarget)


def performed_by_own_rig(
    performance: Performance, config: OutputConfig, result: JobResult
) -> Performance:
    """Return `performance` as the rig that `config` names performs it; notes go to `result`."""
    from animdrive.pipeline.outputs import skin_once

    if config.rig is None:
        return performance
    rig = own_rig(config.rig)
    profile = profile_of(config, rig)
    track = profile.on(performance.track)
    result.notes += [*rig.notes, *unseen_curves(track, rig)]
    result.figures["rig"] = rig.path.name
    given = [rig.path] if rig.path.is_file() else []
    if config.retarget is not None and config.retarget != Path(AUTO_PROFILE):
        given.append(config.retarget)
    settings = {name: asdict(one) for name, one in profile.curves.items()}
    provenance = replace(
        performance.provenance,
        inputs=(*performance.provenance.inputs, *((p.name, sha256_of(p)) for p in given)),
        config={**performance.provenance.config, "rig": rig.path.name, "retarget": settings},
    )
    return replace(
        performance,
        character=rig.character,
        track=track,
        provenance=provenance,
        skin=skin_once(config.deformer, rig.character.rig),
        own_rig=rig,
    )


def write_performed(rig: OwnRig, track: CurveTrack, path: Path, provenance: Provenance) -> None:
    """Write the rig performing `track` as a GLB: the user's own file where it is a glTF."""
    if rig.is_gltf:
        write_own_rig(
            rig.path,
            track,
            path,
            eye_pivots=rig.read.eye_pivots,
            scale=rig.scale,
            provenance=provenance,
        )
        return
    write_glb(sized(rig.character, rig.scale), track, path, provenance=provenance)


def unseen_curves(track: CurveTrack, rig: OwnRig) -> list[str]:
    """Return a note on the curves that move in `track` and that the rig lacks, or none."""
    still = {
        name
        for name, delta in zip(rig.read.rig.names, rig.read.rig.deltas, strict=True)
        if not np.abs(delta).max() > 1e-7
    }
    lost = [
        name
        for name, column in zip(track.names, track.values.T, strict=True)
        if (name not in rig.read.rig.names or name in still) and column.max() > 0.1
    ]
    if not lost:
        return []
    return [f"Moved, but not by the rig: {', '.join(lost)}."]
