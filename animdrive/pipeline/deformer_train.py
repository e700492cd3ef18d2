"""Training a deformer on a capture, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from animdrive.contract.stages import (
    Progress,
    RememberingDeformer,
    Report,
    no_progress,
    tell_nobody,
)
from animdrive.errors import DeviceError, InputError
from animdrive.files import existing_file, output_folder
from animdrive.pipeline.capture import DESCRIPTION
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.outputs import JobResult
from animdrive.provenance import provenance_dict, provenance_of

if TYPE_CHECKING:
    from animdrive.deformer.data import TrainingData
    from animdrive.deformer.model_file import DeformerModel
    from animdrive.deformer.training import History


@dataclass(frozen=True)
class TrainConfig:
    """Settings of `train_deformer`."""

    kind: str = "neural_morph"
    """A name of `animdrive.deformer.TRAINERS`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the model, see its config; what is left out stays at its default."""
    iterations: int = 5000
    """Steps."""
    learning_rate: float = 3e-3
    """At the start."""
    weight_decay: float = 0.3
    """Of AdamW."""
    early_stopping: bool = False
    """Whether to stop where held-out takes no longer get better."""
    amp: bool = True
    """16-bit products on a GPU."""
    seed: int = 0
    """Of everything that is drawn."""
    without: tuple[str, ...] = ()
    """Kinds or names of takes to leave out."""
    device: str = "auto"
    """"cpu", "cuda", or "auto": a GPU where there is one."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("iterations", 1, 10_000_000),
            ("learning_rate", 1e-8, 1.0),
            ("weight_decay", 0.0, 10.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name} must be in {low:g}..{high:g}, got {value:g}.")


def device_of(name: str) -> str:
    """Return "cpu" or "cuda".

    Raises:
        DeviceError: a GPU is asked for and there is none.
        InputError: an unknown name.
    """
    import torch

    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device is 'auto', 'cpu' or 'cuda', got '{name}'.")
    if name == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if name == "cuda":
        raise DeviceError("No CUDA GPU was found. Use --device cpu, or see 'animdrive doctor'.")
    return "cpu"


def train_deformer(
    folder: Path,
    out: Path,
    *,
    config: TrainConfig,
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> JobResult:
    """Train a deformer on the capture in `folder` and write it to `out`.

    Killed and run again with the same settings, it goes on from its last checkpoint, which lies
    beside `out`. A picture of the loss is written beside it, too.

    Args:
        folder: Of a capture, prepared.
        out: Model to write (.safetensors).
        config: Settings.
        progress: Told of the stages "read", "motions", "train" and "write".
        report: Told loss and error now and then.

    Raises:
        InputError: the capture cannot be learned from, a setting or the place cannot be used.
        DeviceError: there is no such device.
    """
    from animdrive.deformer import TRAINERS
    from animdrive.deformer.data import training_data
    from animdrive.deformer.presets import model_config
    from animdrive.deformer.training import LoopConfig

    out = checked_out(out)
    made = model_config(config.kind, config.settings)
    device = device_of(config.device)
    result = JobResult()
    clock = perf_counter()
    with output_folder(out.parent):
        capture = read_capture(folder)
        data = training_data(capture, without=config.without, progress=progress)
        clock = result.timed("read", clock)
        loop = LoopConfig(
            iterations=config.iterations,
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            early_stopping=config.early_stopping,
            amp=config.amp,
            seed=config.seed,
        )
        trained = TRAINERS.load(config.kind)(
            data,
            config=made,
            loop=loop,
            checkpoint=out.with_name(f".{out.stem}.checkpoint.safetensors"),
            device=device,
            progress=progress,
            report=report,
        )
        clock = result.timed("train", clock)
        progress("write", 0.0)
        model = trained.model(data, made)
        held = held_out_figures(model, data)
        result.figures = {
            "kind": config.kind,
            "frames": len(data.rows(held_out=False)),
            "frames_held_out": len(data.rows(held_out=True)),
            "fps": data.fps,
            "vertices": len(data.rig.neutral.vertices),
            "moving": len(data.moving),
            "iterations": trained.history.stopped,
            "device": device,
            **held,
        }
        result.notes += coverage_notes(data)
        labels = {
            "provenance": provenance_dict(_provenance(folder, config)),
            "training": {
                **{k: v for k, v in asdict(config).items() if k not in ("settings", "device")},
                "frames": result.figures["frames"],
                "takes": [take.name for take in data.takes if not take.held_out],
                "never_moved": never_moved(data),
            },
            "held_out": held,
        }
        write_history(trained.history, out.with_suffix(".loss.png"))
        from animdrive.deformer.model_file import write_model

        write_model(model, out, labels=labels)
        progress("write", 1.0)
        result.timed("write", clock)
    size = out.stat().st_size
    cache = result.figures["frames"] * result.figures["vertices"] * 12
    result.figures |= {
        "bytes": size,
        "cache_ratio": round(cache / size, 1),
        "runtime_bytes": int(model.runtime_bytes),
    }
    result.outputs |= {"model": out, "loss": out.with_suffix(".loss.png")}
    return result


def checked_out(out: Path) -> Path:
    """Return `out` if a model may be called so.

    Raises:
        InputError: another suffix.
    """
    out = Path(out)
    if out.suffix != ".safetensors":
        raise InputError(f"Models are .safetensors files; {out.name} is not. Name another file.")
    return out


def held_out_figures(model: DeformerModel, data: TrainingData) -> dict[str, Any]:
    """Return errors in mm over the moving vertices of held-out takes, the linear rig's beside."""
    if not len(data.rows(held_out=True)):
        return {}
    squares, linear, count, errors = 0.0, 0.0, 0, []
    deltas = data.rig.deltas.reshape(len(data.rig.names), -1)
    for take in data.takes:
        if not take.held_out:
            continue
        if isinstance(model, RememberingDeformer):
            model.reset()
        for start in range(take.start, take.stop, 64):
            run = slice(start, min(start + 64, take.stop))
            skin = model.run(data.curves[run])
            rig = data.rig.neutral.vertices.reshape(-1) + data.curves[run] @ deltas
            own = (skin - rig.reshape(skin.shape))[:, data.moving]
            off = np.linalg.norm(own - data.offsets[run], axis=2) * 1e3
            squares += float(np.square(off).sum(dtype=np.float64))
            linear += float(np.square(data.offsets[run] * 1e3).sum(dtype=np.float64))
            count += off.size
            errors.append(off.ravel()[::3])
    every = np.concatenate(errors)
    rms, linear_rms = float(np.sqrt(squares / count)), float(np.sqrt(linear / count))
    return {
        "mean_mm": round(float(every.mean()), 4),
        "p95_mm": round(float(np.percentile(every, 95)), 4),
        "p99_mm": round(float(np.percentile(every, 99)), 4),
        "max_mm": round(float(every.max()), 3),
        "rms_mm": round(rms, 4),
        "linear_rms_mm": round(linear_rms, 4),
        "of_linear": round(rms / max(linear_rms, 1e-12), 4),
    }


def never_moved(data: TrainingData) -> list[str]:
    """Return the curves that no take to learn from moves."""
    most = data.curves[data.rows(held_out=False)].max(axis=0)
    return [name for name, top in zip(data.rig.names, most, strict=True) if top < 0.1]


def coverage_notes(data: TrainingData) -> list[str]:
    """Return what the user should know of what is missing in the capture."""
    still = never_moved(data)
    if not still:
        return []
    named = ", ".join(still[:6]) + (f" and {len(still) - 6} more" if len(still) > 6 else "")
    return [
        f"no take moves {named}: the deformer knows nothing of them beyond the linear rig. "
        f"'animdrive capture coverage' tells what else is missing"
    ]


def _provenance(folder: Path, config: TrainConfig) -> Any:
    path = existing_file(Path(folder) / DESCRIPTION, "capture")
    return provenance_of(
        (path,),
        backend=f"deformer/{config.kind}",
        config={key: value for key, value in asdict(config).items() if key != "device"},
        weights=(),
        seed=config.seed,
    )


def write_history(history: History, path: Path) -> None:
    """Write a picture of loss and held-out error over the iterations."""
    from animdrive.pipeline.deformer_plot import Curve, write_plot

    curves = [Curve("loss (log)", history.iteration, np.log10(np.maximum(history.loss, 1e-12)))]
    if np.isfinite(history.held_out_mm).any():
        curves.append(Curve("held out, mm rms", history.iteration, history.held_out_mm))
    write_plot(path, curves, title="training", x_label="iteration")


@dataclass(frozen=True)
class TuneConfig:
    """Settings of `tune_deformer`."""

    train: TrainConfig = field(default_factory=TrainConfig)
    """Of every training; ``settings.regularization`` is what is searched for."""
    start: float = 1e-4
    """Where the search begins."""
    doublings: int = 14
    """How often it is doubled at most."""
    step_back: float = 0.85
    """What the value found is multiplied with at the end."""


def tune_deformer(
    folder: Path,
    out: Path,
    *,
    config: TuneConfig,
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> JobResult:
    """Find how hard to smooth the learned morphs, and write the model that comes of it.

    The regularization is doubled from ``config.start`` until the noise is gone, then taken back a
    little. Noise is what a model has in fine detail and held-out frames do not confirm: with h the
    rough part of the skin (what a smoothing takes away), <h_model, h_truth> / <h_model, h_model>
    is 1 for a model all of whose detail is real, and lower the more of it is noise, for noise
    differs from take to take.

    Args:
        folder: Of a capture with held-out takes.
        out: Model to write; the picture of the search is written beside it.
        config: Settings.
        progress: Told of the stages.
        report: Told each step.

    Raises:
        InputError: see `train_deformer`; or no take is held out, or the model has no such setting.
    """
    from animdrive.deformer.data import training_data
    from animdrive.deformer.presets import model_config
    from animdrive.deformer.training import LoopConfig
    from animdrive.deformer.tuning import search

    out = checked_out(out)
    train = config.train
    if train.kind != "neural_morph":
        raise InputError(f"Only a neural_morph has a regularization to tune, not {train.kind}.")
    made = model_config(train.kind, train.settings)
    result = JobResult()
    clock = perf_counter()
    with output_folder(out.parent):
        data = training_data(read_capture(folder), without=train.without, progress=progress)
        if not len(data.rows(held_out=True)):
            raise InputError(
                f"{folder} holds out no take, and noise can only be told from detail by frames "
                f"that were not learned from. Add a take with --held-out."
            )
        clock = result.timed("read", clock)
        from animdrive.deformer.neural_morph_training import train_neural_morph

        trained = train_neural_morph(
            data,
            config=made,
            loop=LoopConfig(
                iterations=train.iterations,
                learning_rate=train.learning_rate,
                weight_decay=train.weight_decay,
                amp=train.amp,
                seed=train.seed,
            ),
            checkpoint=out.with_name(f".{out.stem}.checkpoint.safetensors"),
            device=device_of(train.device),
            progress=progress,
            report=report,
        )
        clock = result.timed("train", clock)
        found = search(
            trained,
            data,
            made,
            start=config.start,
            doublings=config.doublings,
            step_back=config.step_back,
            progress=progress,
            report=report,
        )
        clock = result.timed("tune", clock)
        model = trained.model(data, replace(made, regularization=found.chosen))
        held = held_out_figures(model, data)
        from animdrive.deformer.model_file import write_model
        from animdrive.pipeline.deformer_plot import Curve, write_plot

        labels = {
            "provenance": provenance_dict(_provenance(folder, train)),
            "held_out": held,
            "tuning": json.loads(json.dumps(asdict(found))),
        }
        picture = out.with_suffix(".tuning.png")
        steps = np.log10(np.maximum([step.regularization for step in found.steps], 1e-12))
        write_plot(
            picture,
            [
                Curve(
                    "share of detail that is confirmed", steps, [s.confirmed for s in found.steps]
                ),
                Curve("held out, mm rms", steps, [s.rms_mm for s in found.steps]),
            ],
            title=f"regularization {found.chosen:.3g}",
            x_label="regularization, log10",
            mark=float(np.log10(max(found.chosen, 1e-12))),
        )
        write_model(model, out, labels=labels)
        result.timed("write", clock)
    result.notes += coverage_notes(data)
    result.figures = {
        "regularization": found.chosen,
        "steps": [asdict(step) for step in found.steps],
        "frames": len(data.rows(held_out=False)),
        "fps": data.fps,
        **held,
    }
    result.outputs |= {"model": out, "tuning": picture}
    return result
