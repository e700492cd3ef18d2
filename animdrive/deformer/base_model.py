"""The quasi-static model that other models build upon: trained first, kept while they train."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Rig
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, Report
from animdrive.deformer.data import TrainingData
from animdrive.deformer.model_file import model_header, read_model, write_model
from animdrive.deformer.neural_morph import NeuralMorph, NeuralMorphConfig
from animdrive.deformer.neural_morph_training import train_neural_morph
from animdrive.deformer.training import History, LoopConfig
from animdrive.errors import InputError

Arrays = dict[str, npt.NDArray[Any]]
_PREFIX = "base_"
_BATCH = 64


def trained_base(
    data: TrainingData,
    *,
    config: NeuralMorphConfig,
    loop: LoopConfig,
    checkpoint: Path | None,
    device: str,
    progress: Progress,
    report: Report,
) -> tuple[NeuralMorph, History]:
    """Return the base of `config`, as it will be once it has been through a file.

    With a `checkpoint` it is kept beside it, so that a run that was killed later on need not learn
    it again; `forget_base` removes it.
    """
    kept = None if checkpoint is None else _kept(checkpoint)
    settings = [asdict(config), asdict(loop), len(data.curves), float(data.curves.sum(dtype=float))]
    digest = hashlib.sha256(json.dumps(settings).encode()).hexdigest()
    if kept is not None and kept.is_file():
        header = model_header(kept)
        if header.get("settings") != digest:
            raise InputError(
                f"{kept} is the base of a run with other settings or other data. Remove it to "
                f"start anew, or use the settings it was begun with."
            )
        found = read_model(kept, data.rig)
        if not isinstance(found, NeuralMorph):
            raise InputError(f"{kept} is no neural_morph. Remove it to start anew.")
        return found, History(**header["history"])
    trained = train_neural_morph(
        data,
        config=config,
        loop=loop,
        checkpoint=checkpoint,
        device=device,
        progress=progress,
        report=report,
    )
    base = trained.model(data, config)
    if kept is not None:
        labels = {"settings": digest, "history": asdict(trained.history)}
        write_model(base, kept, labels=labels)
    # What is stored is rounded; what builds upon it must see it as it will be.
    return NeuralMorph.from_stored(data.rig, *base.stored()), trained.history


def forget_base(checkpoint: Path | None) -> None:
    """Remove the base that `trained_base` kept beside `checkpoint`."""
    if checkpoint is not None:
        _kept(checkpoint).unlink(missing_ok=True)


def stored_base(base: NeuralMorph) -> tuple[Arrays, dict[str, Any]]:
    """Return the arrays and the description of `base`, for the file of a model upon it."""
    arrays, described = base.stored()
    return {_PREFIX + name: array for name, array in arrays.items()}, described


def base_from_stored(rig: Rig, arrays: Arrays, described: dict[str, Any]) -> NeuralMorph:
    """Return the base of `stored_base`.

    Raises:
        InputError: it was made for another rig.
        WeightsError: the arrays do not hold together.
    """
    own = {n.removeprefix(_PREFIX): a for n, a in arrays.items() if n.startswith(_PREFIX)}
    return NeuralMorph.from_stored(rig, own, described)


def missed(data: TrainingData, rows: npt.NDArray[np.int64], base: NeuralMorph | None) -> FloatArray:
    """Return [N, M, 3] metres, what `base` misses of the moving skin at `rows`; None: the rig."""
    left = np.ascontiguousarray(data.offsets[rows])
    if base is None:
        return left
    deltas = data.rig.deltas[:, data.moving].reshape(len(data.rig.names), -1)
    rest = data.rig.neutral.vertices[data.moving]
    for start in range(0, len(rows), _BATCH):
        curves = data.curves[rows[start : start + _BATCH]]
        linear = (curves @ deltas).reshape(len(curves), -1, 3) + rest
        left[start : start + _BATCH] -= base.run(curves)[:, data.moving] - linear
    return left


def _kept(checkpoint: Path) -> Path:
    return checkpoint.with_name(checkpoint.name + ".base")
