"""What a performance is written to: one row per format, the quick ones first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from animdrive.contract import (
    Character,
    CurveTrack,
    PhoneTrack,
    Provenance,
    Rig,
    Segment,
    VideoFrame,
)
from animdrive.contract.stages import Deformer, Progress, no_progress
from animdrive.errors import DeviceError, InputError
from animdrive.pipeline.speech_outputs import SPEECH_SUFFIXES, SPEECH_WRITERS
from animdrive.provenance import aigc_label, provenance_dict, write_provenance
from animdrive.weights import manifest

if TYPE_CHECKING:
    from animdrive.pipeline.own_rig import OwnRig
    from animdrive.sources.audio.mouth.viseme_maps import VisemeMaps


@dataclass(frozen=True, eq=False)
class Performance:
    """A finished performance and all that its files may need."""

    name: str
    """Stem of the files."""
    character: Character
    """Who performs."""
    track: CurveTrack
    """What."""
    provenance: Provenance
    """From what."""
    skin: Callable[[], Deformer]
    """Gives the deformer that makes skin of curves, see `skin_once`."""
    phones: PhoneTrack | None = None
    """When what is said, for audio."""
    visemes: tuple[Segment, ...] = ()
    """Mouth classes, for audio."""
    sound: Path | None = None
    """The recording, for the preview's sound."""
    source_frames: Callable[[], Iterator[VideoFrame]] | None = None
    """Opens the recording again, to be shown beside the character."""
    own_rig: OwnRig | None = None
    """The user's rig, where that performs."""


@dataclass(frozen=True)
class OutputConfig:
    """How results are written."""

    formats: tuple[str, ...] | None = None
    """Some of `FORMATS`; None writes all of `DEFAULT_FORMATS` that the performance has and this
    machine can make."""
    preview_size_px: int = 512
    """Height of the preview, even, 64..2160."""
    visible_label: bool = False
    """Whether the preview says "AI generated" in the picture."""
    lod: str = "standard"
    """Level of detail of the GLB's face: "low", "standard" or "high"."""
    deformer: str = "auto"
    """What makes skin of curves: "hero", "npc", "linear" or a trained model's path; "auto" is hero
    for our head and linear for any other."""
    visemes: VisemeMaps | None = None
    """Which viseme each phone is; None takes the documented tables."""
    dat_fps: float = 24.0
    """Frames per second of a Moho file, 24..100."""
    rig: Path | None = None
    """The user's own rig that performs in place of our head; None is our head."""
    retarget: Path | None = None
    """Profile of how that rig's curves are changed, or "auto"; None leaves them as they are."""

    @property
    def head_deformer(self) -> str:
        """What makes skin of curves on our own head: not what `deformer` names for a user's rig."""
        return self.deformer if self.rig is None else "linear"

    def __post_init__(self) -> None:
        unknown = sorted(set(self.formats or ()) - set(FORMATS))
        if unknown:
            raise InputError(f"Unknown format '{unknown[0]}'. Known: {', '.join(FORMATS)}.")
        if self.formats is not None and not self.formats:
            raise InputError(f"No format was named. Known: {', '.join(FORMATS)}.")
        if not 64 <= self.preview_size_px <= 2160 or self.preview_size_px % 2:
            raise InputError(
                f"The preview's size must be even and in 64..2160, got {self.preview_size_px}."
            )
        if self.dat_fps != 24:
            from animdrive.export.rhubarb import check_dat_fps

            check_dat_fps(self.dat_fps)
        if self.lod != "standard":
            from animdrive.rig.lod import check_level

            check_level(self.lod)


@dataclass
class JobResult:
    """What a job made: files, figures, and what the user should know."""

    outputs: dict[str, Path] = field(default_factory=dict)
    """What it is → the file."""
    figures: dict[str, Any] = field(default_factory=dict)
    """Name → number or text."""
    notes: list[str] = field(default_factory=list)
    """One line each."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Stage → seconds it took."""

    def timed(self, stage: str, started: float) -> float:
        """Book the seconds since `started` on `stage`; return the clock's time now."""
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - started
        return now


def skin_maker(name: str, rig: Rig) -> Deformer:
    """Return the deformer that `OutputConfig.deformer` names, for `rig`.

    Raises:
        InputError: no such deformer, or it was made for another rig.
    """
    from animdrive.deformer.shipped import default_deformer, load_deformer

    return load_deformer(default_deformer(rig) if name == "auto" else name, rig)


def skin_once(name: str, rig: Rig) -> Callable[[], Deformer]:
    """Return what gives `skin_maker(name, rig)`: loaded when first asked for, and once.

    Raises:
        InputError: a deformer that was named is not there or of another rig; a job would rather
            know before long work.
    """
    skin = cache(lambda: skin_maker(name, rig))
    if name not in ("auto", "linear"):
        skin()
    return skin


def face_weights(deformer: str, rig: Rig) -> tuple[str, ...]:
    """Return the names of the shipped files that a face with this `deformer` comes from."""
    from animdrive.deformer.shipped import SHIPPED, default_deformer

    name = default_deformer(rig) if deformer == "auto" else deformer
    return ("head", SHIPPED[name]) if name in SHIPPED else ("head",)


Write = Callable[[Performance, Path, OutputConfig, Progress], dict[str, Path]]


def _csv(performance: Performance, folder: Path, _: OutputConfig, __: Progress) -> dict[str, Path]:
    from animdrive.export.livelink_csv import write_livelink_csv

    path = folder / f"{performance.name}.csv"
    write_livelink_csv(performance.track, path)
    return {"csv": path}


def _json(performance: Performance, folder: Path, _: OutputConfig, __: Progress) -> dict[str, Path]:
    from animdrive.export.a2f_json import write_a2f_json

    path = folder / f"{performance.name}.json"
    write_a2f_json(performance.track, path)
    return {"json": path}


def _tsv(performance: Performance, folder: Path, _: OutputConfig, __: Progress) -> dict[str, Path]:
    from animdrive.export.mouth_cues import write_phones_tsv, write_visemes_tsv, write_words_tsv

    if performance.phones is None:
        return {}
    phones = folder / f"{performance.name}.phones.tsv"
    words = folder / f"{performance.name}.words.tsv"
    visemes = folder / f"{performance.name}.visemes.tsv"
    write_phones_tsv(performance.phones, phones)
    write_words_tsv(performance.phones, words)
    write_visemes_tsv(performance.visemes, visemes)
    return {"phones": phones, "words": words, "visemes": visemes}


def _glb(
    performance: Performance, folder: Path, config: OutputConfig, _: Progress
) -> dict[str, Path]:
    from animdrive.export.gltf import write_glb
    from animdrive.pipeline.deformer_targets import targets_at
    from animdrive.rig.lod import character_at

    path = folder / f"{performance.name}.glb"
    rig = performance.own_rig
    if rig is not None:
        from animdrive.pipeline.own_rig import write_performed

        write_performed(rig, performance.track, path, performance.provenance)
        return {"glb": path}
    write_glb(
        character_at(performance.character, config.lod),
        performance.track,
        path,
        provenance=performance.provenance,
        learned=targets_at(
            performance.character, config.lod, performance.skin(), performance.track
        ),
    )
    return {"glb": path}


def _mp4(
    performance: Performance, folder: Path, config: OutputConfig, progress: Progress
) -> dict[str, Path]:
    from animdrive.render.preview import render_preview

    path = folder / f"{performance.name}.preview.mp4"  # never the recording's own name
    frames = performance.source_frames() if performance.source_frames else None
    described = provenance_dict(performance.provenance)
    render_preview(
        performance.character,
        performance.skin(),
        performance.track,
        path,
        size=config.preview_size_px,
        audio=performance.sound,
        source_frames=frames,
        visible_label=config.visible_label,
        metadata={
            "title": performance.name,
            "comment": f"Synthetic: made by {described['generator']}",
            "AIGC": aigc_label(performance.provenance),
        },
        progress=progress,
    )
    return {"preview": path}


_WRITERS: dict[str, Write] = {
    "csv": _csv,
    "json": _json,
    "tsv": _tsv,
    **SPEECH_WRITERS,
    "glb": _glb,
    "mp4": _mp4,
}

FORMATS: tuple[str, ...] = tuple(_WRITERS)
"""What can be written, in the order in which it is."""

DEFAULT_FORMATS: tuple[str, ...] = tuple(name for name in FORMATS if name not in SPEECH_WRITERS)
"""What is written where no format is named."""


def parse_formats(text: str) -> tuple[str, ...]:
    """Return formats from ``csv,glb``.

    Raises:
        InputError: an unknown one, or none.
    """
    named = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    OutputConfig(formats=named)
    return named


def check_formats(formats: Sequence[str] | None, *, has_phones: bool) -> None:
    """Raise InputError where a format is asked for that the job cannot have."""
    spoken = [name for name in formats or () if name == "tsv" or name in SPEECH_WRITERS]
    if spoken and not has_phones:
        raise InputError(
            f"{spoken[0]} lists phones, which a video does not have. Leave {spoken[0]} out."
        )


_SUFFIXES: dict[str, tuple[str, ...]] = {
    "csv": ("csv",),
    "json": ("json",),
    "tsv": ("phones.tsv", "words.tsv", "visemes.tsv"),
    **SPEECH_SUFFIXES,
    "glb": ("glb",),
    "mp4": ("preview.mp4",),
}


def _targets(name: str, folder: Path, config: OutputConfig) -> list[Path]:
    """Return the files that a job named `name` writes."""
    formats = DEFAULT_FORMATS if config.formats is None else config.formats
    suffixes = [suffix for kind in formats for suffix in _SUFFIXES[kind]]
    return [Path(folder) / f"{name}.{suffix}" for suffix in (*suffixes, "provenance.json")]


def check_not_overwriting(
    name: str, folder: Path, inputs: Sequence[Path], config: OutputConfig
) -> None:
    """Raise InputError if a result would replace one of the files that it is made from."""
    own = [path for path in (config.rig, config.retarget) if path is not None]
    for target in _targets(name, folder, config):
        for given in (*inputs, *own):
            if target.exists() and given.exists() and target.samefile(given):
                raise InputError(f"{target} is an input and would be replaced. Choose another -o.")


def _note_on_replaced(performance: Performance, folder: Path, config: OutputConfig) -> list[str]:
    """Return a note if files of another recording, or of nobody knows what, are replaced."""
    there = [t.name for t in _targets(performance.name, folder, config) if t.exists()]
    try:
        beside = folder / f"{performance.name}.provenance.json"
        before = json.loads(beside.read_text(encoding="utf-8"))["inputs"]
        same = [row["name"] for row in before] == [n for n, _ in performance.provenance.inputs]
    except (OSError, ValueError, KeyError, TypeError):
        same = False
    if not there or same:
        return []
    return [f"Replaced what was there under the same names: {', '.join(there)}."]


def write_outputs(
    performance: Performance,
    folder: Path,
    result: JobResult,
    *,
    config: OutputConfig,
    progress: Progress = no_progress,
) -> None:
    """Write `performance` to `folder` and book the files in `result`.

    The moment of making stands in the sidecar alone, so that every other file comes out the same
    from the same input. A machine without a renderer still gets everything else; that is an error
    only where a preview was asked for by name, and then after the rest was written.
    """
    if config.rig is not None:
        from animdrive.pipeline.own_rig import performed_by_own_rig

        performance = performed_by_own_rig(performance, config, result)
    result.notes += _note_on_replaced(performance, folder, config)
    path = folder / f"{performance.name}.provenance.json"
    write_provenance(performance.provenance, path)
    timeless = replace(performance, provenance=replace(performance.provenance, created=""))
    wanted = DEFAULT_FORMATS if config.formats is None else config.formats
    for name, write in _WRITERS.items():
        if name not in wanted:
            continue
        if name == "tsv" and performance.phones is None:  # a clip has none
            continue
        started = perf_counter()
        if name != "mp4":
            progress(f"write {name}", 0.0)
        try:
            result.outputs.update(write(timeless, folder, config, progress))
        except DeviceError as error:
            if config.formats is not None:
                raise
            result.notes.append(f"No preview was made. {error}")
        if name != "mp4":
            progress(f"write {name}", 1.0)
        result.timed("preview" if name == "mp4" else f"write {name}", started)
    result.outputs["provenance"] = path


def shipped_weights(*names: str) -> tuple[tuple[str, str], ...]:
    """Return (name, sha256) of shipped files, for a provenance."""
    return tuple((name, str(manifest()[name]["sha256"])) for name in names)
