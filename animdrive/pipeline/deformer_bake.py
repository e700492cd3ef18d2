"""A deformer's skin for programs that do not have it: ONNX, baked GLB and USD, point caches."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from animdrive.contract import Character, CurveTrack, Provenance
from animdrive.contract.stages import Deformer, Progress, no_progress
from animdrive.errors import InputError
from animdrive.pipeline.capture_transfer import character_from
from animdrive.pipeline.deformer_points import SkinFrames, labels_of, write_points
from animdrive.pipeline.outputs import JobResult, face_weights, shipped_weights, skin_maker
from animdrive.provenance import provenance_dict, provenance_of, write_provenance

TARGETS: tuple[str, ...] = ("glb", "usdc", "usda")
"""Formats with morph targets."""
POINTS: tuple[str, ...] = ("pc2", "mdd", "npz", "abc")
"""Formats with all vertices of every frame; USD is one of them where points are asked for."""
_TOLD_MM = 0.05
"""Targets that are further from the deformer are told. Deformers themselves leave out what moves
skin by less than this."""
_FOUND = 64
"""Targets that are found for a deformer that has none of its own, unless told otherwise."""


@dataclass(frozen=True)
class BakeConfig:
    """How a performance is baked."""

    latent: int | None = None
    """Learned morphs of the deformer that are used, a coarser level of detail; None: all."""
    morphs: int | None = None
    """Targets that a GLB or USD gets at most; None: all that move something."""
    normals: bool = True
    """Whether targets carry what they do to normals."""
    posed: bool = True
    """Whether point caches have head and eyes turned and moved; else they are at rest."""
    points: bool = False
    """Whether USD gets points per frame in place of blend shapes."""

    def __post_init__(self) -> None:
        for name in ("latent", "morphs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"--{name} {value}: at least 1 is needed.")


def deformer_of(name: str | Path, character: Character, *, latent: int | None = None) -> Deformer:
    """Return the deformer called `name`, for the rig of `character`.

    Args:
        name: A file of ``animdrive deformer train``, "hero", "npc", "linear" or "auto", see
            `animdrive.pipeline.outputs.skin_maker`.
        character: Whose skin.
        latent: Learned morphs that are used; None: all.

    Raises:
        InputError: no such file, damaged, made for another rig, or it has no morphs to leave out.
    """
    deformer = skin_maker(str(name), character.rig)
    if latent is not None:
        from animdrive.deformer.neural_morph import NeuralMorph

        if not isinstance(deformer, NeuralMorph):
            raise InputError(f"--latent {latent}: '{name}' has no learned morphs to leave out.")
        deformer = deformer.truncated(latent)
    return deformer


def export_onnx(
    model: str | Path,
    out: Path,
    *,
    rig: str | Path = "head",
    latent: int | None = None,
    progress: Progress = no_progress,
) -> JobResult:
    """Write a deformer as ONNX and book how far ONNX Runtime is from it.

    Args:
        model: See `deformer_of`.
        out: File ending in .onnx.
        rig: Whose skin, see `animdrive.pipeline.capture_transfer.character_from`.
        latent: Learned morphs that are written; None: all.
        progress: Told of "read" and "write".

    Raises:
        BackendError: onnx or onnxruntime is not installed.
        InputError: a file cannot be used or written, or the deformer is of a kind without ONNX.
    """
    from animdrive.deformer.neural_morph import NeuralMorph
    from animdrive.deformer.onnx_model import check_onnx, write_onnx

    out = Path(out)
    if out.suffix.lower() != ".onnx":
        raise InputError(f"{out} must end in .onnx.")
    check_onnx()
    result, started = JobResult(), perf_counter()
    character, rig_files = character_from(rig)
    deformer = deformer_of(model, character, latent=latent)
    if not isinstance(deformer, NeuralMorph):
        kind = getattr(deformer, "kind", type(deformer).__name__)
        raise InputError(
            f"'{model}' is a '{kind}'; only 'neural_morph' is written as ONNX. Bake a performance "
            f"of it with 'animdrive deformer bake'."
        )
    progress("read", 1.0)
    started = result.timed("read", started)
    config = {"model": str(Path(model).name), "latent": deformer.latent}
    provenance = _provenance(model, character, rig_files, "deformer/onnx", config)
    written = write_onnx(
        deformer, out, labels={"provenance": provenance_dict(replace(provenance, created=""))}
    )
    progress("write", 1.0)
    result.timed("write", started)
    result.outputs["onnx"] = out
    result.figures.update(
        bytes=written.size_bytes,
        latent=deformer.latent,
        largest_difference_mm=written.largest_mm,
        run_difference_mm=written.run_mm,
        checked_frames=written.checked_frames,
        frames=written.checked_frames,
    )
    return result


def bake(
    model: str | Path,
    curves: Path,
    out: Path,
    *,
    rig: str | Path = "head",
    config: BakeConfig | None = None,
    progress: Progress = no_progress,
) -> JobResult:
    """Write a deformer performing `curves` in the format that the suffix of `out` names.

    Args:
        model: See `deformer_of`.
        curves: Any file that `animdrive.export.read_curves` reads.
        out: File ending in one of `TARGETS` or `POINTS`.
        rig: Whose skin, see `animdrive.pipeline.capture_transfer.character_from`.
        config: How.
        progress: Told of "read", "targets" or "frames", and "write".

    Raises:
        InputError: a file cannot be used or written, or a suffix is unknown.
        BackendError: the format's package is not installed.
    """
    from animdrive.export import read_curves

    config, out = config or BakeConfig(), Path(out)
    kind = _format_of(out)
    _check_package(kind)
    _check_not_overwriting(out, Path(curves), model)
    result, started = JobResult(), perf_counter()
    character, rig_files = character_from(rig)
    deformer = deformer_of(model, character, latent=config.latent)
    read = read_curves(Path(curves))
    result.notes += read.notes
    track = _known(read.track, character, result)
    progress("read", 1.0)
    started = result.timed("read", started)
    provenance = _provenance(
        model,
        character,
        (Path(curves), *rig_files),
        "deformer/bake",
        {"model": str(Path(model).name), **asdict(config)},
    )
    result.figures.update(frames=len(track), fps=track.fps, duration_s=track.duration_s)
    if kind in TARGETS and not (config.points and kind != "glb"):
        _write_targets(deformer, character, track, out, config, provenance, result, progress)
    else:
        write_points(
            SkinFrames(deformer, character, track, posed=config.posed, progress=progress),
            kind,
            out,
            labels=labels_of(replace(provenance, created="")),
        )
    result.figures["bytes"] = out.stat().st_size
    beside = out.with_suffix(".provenance.json")
    write_provenance(provenance, beside)
    result.timed("write", started)
    result.outputs.update({kind: out, "provenance": beside})
    return result


def _write_targets(
    deformer: Deformer,
    character: Character,
    track: CurveTrack,
    out: Path,
    config: BakeConfig,
    provenance: Provenance,
    result: JobResult,
    progress: Progress,
) -> None:
    from animdrive.export.gltf import write_glb
    from animdrive.export.usd_baked import write_usd_baked
    from animdrive.pipeline.deformer_targets import left_mm, targets_of

    most = config.morphs
    if most is None and not hasattr(deformer, "coefficients"):
        most = _FOUND
    learned = targets_of(deformer, character.rig, track, most=most, normals=config.normals)
    progress("targets", 0.5)
    figures = left_mm(deformer, character.rig, track, learned)
    progress("targets", 1.0)
    result.figures.update(targets=0 if learned is None else len(learned.names), **figures)
    if figures["largest_mm"] > _TOLD_MM:
        result.notes.append(
            f"{result.figures['targets']} targets play the deformer to {figures['mean_mm']:.3f} mm "
            f"in the mean and {figures['largest_mm']:.3f} mm at most. Give more --morphs, or write "
            f"points (.pc2, .mdd, .npz, .abc, or USD with --points)."
        )
    timeless = replace(provenance, created="")
    if out.suffix.lower() == ".glb":
        write_glb(character, track, out, provenance=timeless, learned=learned)
    else:
        write_usd_baked(character, track, out, learned=learned, labels=labels_of(timeless))
    progress("write", 1.0)


def _known(track: CurveTrack, character: Character, result: JobResult) -> CurveTrack:
    """Return `track`, noting curves that the rig does not have."""
    names = character.rig.names
    unknown = [name for name in track.names if name not in names and bool(track.curve(name).any())]
    if unknown and len(unknown) == len([n for n in track.names if track.curve(n).any()]):
        raise InputError(
            f"None of the curves is one of the rig's: '{unknown[0]}' and others are not known. "
            f"The rig has: {', '.join(names[:6])}..."
        )
    if unknown:
        result.notes.append(
            f"{len(unknown)} curves are not the rig's and were left out: {', '.join(unknown[:4])}."
        )
    return track


def _format_of(out: Path) -> str:
    suffix = out.suffix.lower().removeprefix(".")
    suffix = "usdc" if suffix == "usd" else suffix
    if suffix not in (*TARGETS, *POINTS):
        known = ", ".join(f".{name}" for name in (*TARGETS, *POINTS))
        what = f"the suffix '.{suffix}'" if suffix else "no suffix"
        raise InputError(f"{out} has {what}; a performance is baked to {known}. Rename it.")
    return suffix


def _check_package(kind: str) -> None:
    """Raise BackendError before long work where a format's package is missing."""
    if kind in ("usdc", "usda"):
        from animdrive.export.usd_stage import check_usd

        check_usd()
    if kind == "abc":
        from animdrive.export.alembic_cache import check_alembic

        check_alembic()


def _check_not_overwriting(out: Path, curves: Path, model: str | Path) -> None:
    for given in (curves, Path(model)):
        if out.exists() and given.exists() and out.samefile(given):
            raise InputError(f"{out} is an input and would be replaced. Choose another -o.")


def _provenance(
    model: str | Path,
    character: Character,
    files: tuple[Path, ...],
    backend: str,
    config: dict[str, Any],
) -> Provenance:
    known = [file for file in (*files, Path(model)) if file.is_file()]
    weights = shipped_weights(*face_weights(str(model), character.rig))
    return provenance_of(tuple(known), backend=backend, config=config, weights=weights)
