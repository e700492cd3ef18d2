"""The search for a deformer's regularization on a capture, and the model that comes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.errors import InputError
from animdrive.files import output_folder
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.deformer_train import (
    TrainConfig,
    checked_out,
    checkpoint_of,
    coverage_notes,
    device_of,
    held_out_figures,
    labels_of_training,
    loop_of,
)
from animdrive.pipeline.outputs import JobResult


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
    from animdrive.deformer.model_file import write_model
    from animdrive.deformer.neural_morph_training import train_neural_morph
    from animdrive.deformer.presets import model_config
    from animdrive.deformer.tuning import search
    from animdrive.pipeline.deformer_plot import Curve, write_plot

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
        trained = train_neural_morph(
            data,
            config=made,
            loop=loop_of(train),
            checkpoint=checkpoint_of(out),
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
        labels = labels_of_training(folder, train, data, held) | {"tuning": asdict(found)}
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
