"""A recording as it comes: rig, curves and geometry cache read into one take, not yet prepared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.capture.clean import finite_skin
from animdrive.capture.finding import Finding
from animdrive.capture.read_cache import GeometryCache, read_cache, timed
from animdrive.capture.read_rig import RigRead
from animdrive.capture.read_track import TrackRead
from animdrive.capture.units import UNITS, check_up, unit_and_up_of_cache, upright
from animdrive.contract import Character
from animdrive.contract.capture import SPLITS, TAKE_KINDS, CapturedTake, Take
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress
from animdrive.errors import ContractError, InputError
from animdrive.pipeline.capture_prepare import Steps
from animdrive.pipeline.capture_settings import CACHE_FORMATS
from animdrive.pipeline.capture_topology import TopologyConfig, in_rig_topology
from animdrive.pipeline.capture_write import head_transform

Times = npt.NDArray[np.float64]
Holes = npt.NDArray[np.bool_]

LEAST_S = 1.0
"""Less than this is no take: neither the offset nor the noise of it can be told."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")


@dataclass(frozen=True)
class ImportConfig:
    """How a recording is imported."""

    take: str = ""
    """Name of the take; empty is the stem of the cache's file."""
    kind: str = "clips"
    """One of `animdrive.contract.capture.TAKE_KINDS`."""
    split: str = "train"
    """One of `animdrive.contract.capture.SPLITS`."""
    about: str = ""
    """What is performed, for people."""
    cache_fps: float | None = None
    """Frames per second of the cache; None takes what the file says."""
    unit: str = "auto"
    """Unit of rig and cache where their format has none: auto, m, cm or mm."""
    up: str = "auto"
    """Axis that is up in them: auto, y or z."""
    topology: TopologyConfig = field(default_factory=TopologyConfig)
    """How the cache comes into the rig's topology."""
    steps: Steps = field(default_factory=Steps)
    """Which steps of preparation are made."""
    meshes: tuple[str, ...] = ()
    """Names of the rig's meshes that the cache has; none means all."""
    replace: bool = False
    """Whether a take of the same name is replaced."""
    formats: tuple[str, ...] = ("safetensors", "pc2")
    """How the skin is written, see `animdrive.pipeline.capture_settings.CACHE_FORMATS`."""

    def __post_init__(self) -> None:
        for what, value, known in (
            ("kind", self.kind, TAKE_KINDS),
            ("split", self.split, SPLITS),
            *(("format", name, CACHE_FORMATS) for name in self.formats),
        ):
            if value not in known:
                raise InputError(f"Unknown {what} '{value}'. Known: {', '.join(known)}.")
        if self.take and not _NAME.fullmatch(self.take):
            raise InputError(
                f"--take {self.take}: a take's name has lower case letters, digits and '_' alone."
            )
        if self.cache_fps is not None and not (np.isfinite(self.cache_fps) and self.cache_fps > 0):
            raise InputError(f"--cache-fps {self.cache_fps:g}: the rate must be above 0.")
        check_up(self.up)

    def name_for(self, cache: Path) -> str:
        """Return the name of the take: as given, or after the cache's file."""
        if self.take:
            return self.take
        stem = cache.stem if cache.suffix else cache.name
        plain_stem = re.sub(r"[^a-z0-9]+", "_", re.sub(r"[#*?%].*", "", stem).lower()).strip("_")
        return plain_stem or "take"


def captured_of(
    path: Path,
    character: Character,
    rig: RigRead,
    read: TrackRead,
    config: ImportConfig,
    progress: Progress,
) -> tuple[CapturedTake, tuple[Path, ...], tuple[Finding, ...]]:
    """Return the take before preparation, the cache's files, and what was found on the way.

    Args:
        path: The geometry cache.
        character: The rig, V vertices.
        rig: What was read of it.
        read: The curves, T frames.
        config: How.
        progress: Told "read", and "wrap" where a scan is wrapped.

    Raises:
        InputError: the cache cannot be used, or skin or curves are too short.
        BackendError: its format needs a package that is not installed.
    """
    rest, track = character.rig.neutral.vertices, read.track
    cache = read_cache(path, rest, fps=config.cache_fps)
    progress("read", 0.9)
    times, told = timed(path, cache, config.cache_fps, frames=len(track), curve_fps=track.fps)
    times = _on_clock(times, read)
    _check_length(path, times, track.duration_s)
    cache, unit, up = _in_metres(cache, rest, rig.unit, config)
    repaired = config.steps.clean is not None
    cache, times, holes, nan = _finite(path, cache, times, rest, repaired=repaired)
    line = f"{len(times)} frames of {cache.counts[-1]} vertices, {told}; {unit}, +{up.upper()} up"
    figures = {
        "frames": len(times),
        "vertices": list(cache.counts),
        "unit": unit,
        "up": up,
        "start_s": round(float(times[0]), 6),
        "duration_s": round(float(times[-1] - times[0]), 6),
    }
    findings = [Finding("read", f"cache: {line}", figures)]
    findings += [Finding("read", f"cache: {note}", {}) for note in cache.notes]
    findings += nan
    progress("read", 1.0)
    vertices, gone, topology = in_rig_topology(
        path, cache, holes, character, track, times, config=config.topology, progress=progress
    )
    findings += topology
    try:
        take = Take(config.name_for(path), config.kind, config.split, track, config.about)
        captured = CapturedTake(
            take=take,
            vertices=vertices,
            times_s=times,
            head_transform=head_transform(track, character),
            missing=gone,
        )
    except ContractError as error:
        raise InputError(f"The take cannot be made: {error}") from error
    return captured, cache.files, tuple(findings)


def about_files(rig: RigRead, read: TrackRead) -> tuple[Finding, ...]:
    """Return what there is to tell about a rig and curves that were read."""
    made = rig.character.rig
    line = f"rig: {len(made.neutral.vertices)} vertices, {len(made.names)} curves"
    figures = {"vertices": len(made.neutral.vertices), "curves": len(made.names), "unit": rig.unit}
    track = read.track
    line_of_curves = f"curves: {len(track)} frames at {track.fps:g} per second"
    clipped = [note for note in read.notes if "clipped" in note]
    return (
        Finding("read", line, figures),
        *(Finding("read", f"rig: {note}", {}) for note in rig.notes),
        Finding("read", line_of_curves, {"frames": len(track), "fps": track.fps}),
        *(Finding("read", f"curves: {note}", {}, note in clipped) for note in read.notes),
    )


def _check_length(path: Path, times: Times, curves_s: float) -> None:
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    for what, name, seconds in (
        (str(path), "skin", float(times[-1] - times[0]) + step),
        ("The curves", "curves", curves_s),
    ):
        if seconds < LEAST_S - 1e-4:
            raise InputError(
                f"{what}: {seconds:.2f} s of {name}, and a take needs {LEAST_S:g} s at least. "
                f"Record more, or check the frame rate."
            )


def _on_clock(times: Times, read: TrackRead) -> Times:
    """Return the times of the skin by the curves' clock, whose first frame is 0.

    Where the two clocks have nothing to do with each other, both start at 0.
    """
    shifted = times - read.start_s
    overlap = min(shifted[-1], read.track.duration_s) - max(shifted[0], 0.0)
    return shifted if overlap > 0 else times - times[0]


def _in_metres(
    cache: GeometryCache, rest: FloatArray, rig_unit: str, config: ImportConfig
) -> tuple[GeometryCache, str, str]:
    """Return the cache in metres and +Y up, and unit and axis that it had."""
    if cache.unit == "m":
        return cache, "m", "y"
    seen = next(
        (f for f in cache.frames if np.isfinite(f).all(axis=1).mean() > 0.5), cache.frames[0]
    )
    unit, up = unit_and_up_of_cache(seen, rest, unit=config.unit, up=config.up, fallback=rig_unit)
    scale = np.float32(UNITS[unit])

    def placed(frame: FloatArray) -> FloatArray:
        metres: FloatArray = upright(frame, up) * scale
        return metres

    if isinstance(cache.frames, np.ndarray):
        return replace(cache, frames=placed(cache.frames)), unit, up
    return replace(cache, frames=[placed(frame) for frame in cache.frames]), unit, up


def _finite(
    path: Path, cache: GeometryCache, times: Times, rest: FloatArray, *, repaired: bool
) -> tuple[GeometryCache, Times, Holes | None, tuple[Finding, ...]]:
    """Return `cache` without numbers that are not finite, times, holes, and what was found.

    Args:
        path: The file, for messages.
        cache: N frames in metres.
        times: [N] seconds.
        rest: [V, 3] metres, the rig at rest.
        repaired: Whether holes will be mended; if not, they are an error.
    """
    for number, frame in enumerate(cache.frames):
        fine = np.isfinite(frame).all(axis=1)
        if fine.all():
            continue
        if not repaired or not isinstance(cache.frames, np.ndarray):
            cure = "Export it again" if repaired else "Leave the step clean on, which mends it"
            raise InputError(
                f"{path}: vertex {int(np.argmin(fine))} of frame {number} is not a finite number "
                f"({int((~fine).sum())} of its {len(fine)} vertices). {cure}."
            )
        base = rest if len(rest) == len(fine) else None
        found = finite_skin(cache.frames, times, missing=cache.missing, rest=base)
        return (
            replace(cache, frames=found.vertices),
            found.times_s,
            found.missing,
            (found.finding,),
        )
    return cache, times, cache.missing, ()
