"""Training a deformer on a capture, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
from animdrive.deformer.presets import LENGTHS
from animdrive.deformer.rig_check import check_ranges
from animdrive.errors import DeviceError, InputError
from animdrive.files import existing_file, output_folder
from animdrive.pipeline.capture import DESCRIPTION
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.outputs import JobResult
from animdrive.provenance import provenance_dict, provenance_of

if TYPE_CHECKING:
    from animdrive.deformer.data import TrainingData
    from animdrive.deformer.model_file import DeformerModel
    from animdrive.deformer.training import History, LoopConfig


@dataclass(frozen=True)
class TrainConfig:
    """Settings of `train_deformer`."""

    kind: str = "neural_morph"
    """A name of `animdrive.deformer.TRAINERS`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the model, see its config; what is left out stays at its default."""
    iterations: int = LENGTHS["normal"]
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
        check_ranges(
            self,
            ("iterations", 1, 10_000_000),
            ("learning_rate", 1e-8, 1.0),
            ("weight_decay", 0.0, 10.0),
        )


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
    from animdrive.deformer.model_file import write_model
    from animdrive.deformer.presets import model_config

    out = checked_out(out)
    made = model_config(config.kind, config.settings)
    device = device_of(config.device)
    result = JobResult()
    clock = perf_counter()
    with output_folder(out.parent):
        capture = read_capture(folder)
        data = training_data(capture, without=config.without, progress=progress)
        clock = result.timed("read", clock)
        trained = TRAINERS.load(config.kind)(
            data,
            config=made,
            loop=loop_of(config),
            checkpoint=checkpoint_of(out),
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
        labels = labels_of_training(folder, config, data, held)
        write_history(trained.history, out.with_suffix(".loss.png"))
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


def loop_of(config: TrainConfig) -> LoopConfig:
    """Return the settings of the training loop."""
    from animdrive.deformer.training import LoopConfig

    return LoopConfig(
        iterations=config.iterations,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        early_stopping=config.early_stopping,
        amp=config.amp,
        seed=config.seed,
    )


def checkpoint_of(out: Path) -> Path:
    """Return where a run that writes `out` keeps its checkpoint."""
    return out.with_name(f".{out.stem}.checkpoint.safetensors")


def labels_of_training(
    folder: Path, config: TrainConfig, data: TrainingData, held: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a model's file says of how it was made, and of how good it is."""
    path = existing_file(Path(folder) / DESCRIPTION, "capture")
    settings = {key: value for key, value in asdict(config).items() if key != "device"}
    provenance = provenance_of(
        (path,), backend=f"deformer/{config.kind}", config=settings, weights=(), seed=config.seed
    )
    return {
        "provenance": provenance_dict(provenance),
        "training": {
            **{key: value for key, value in settings.items() if key != "settings"},
            "frames": len(data.rows(held_out=False)),
            "takes": [take.name for take in data.takes if not take.held_out],
            "never_moved": never_moved(data),
        },
        "held_out": dict(held),
    }


def write_history(history: History, path: Path) -> None:
    """Write a picture of loss and held-out error over the iterations."""
    from animdrive.pipeline.deformer_plot import Curve, write_plot

    curves = [Curve("loss (log)", history.iteration, np.log10(np.maximum(history.loss, 1e-12)))]
    if np.isfinite(history.held_out_mm).any():
        curves.append(Curve("held out, mm rms", history.iteration, history.held_out_mm))
    write_plot(path, curves, title="training", x_label="iteration")
