"""Training the learned mouth on a folder of captures, and telling honestly how well it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.pipeline.mouth_captures import find_captures, learned_from, read_capture_file
from animdrive.pipeline.outputs import JobResult

if TYPE_CHECKING:
    from animdrive.sources.audio.mouth.mouth_model import MouthModel
    from animdrive.sources.audio.mouth.mouth_training import MouthCapture, MouthTrainConfig


Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MouthScore:
    """How well a file that was not trained on is predicted."""

    name: str
    """Of the file."""
    floor: float
    """Correlation of loudness alone with jawOpen."""
    curves: dict[str, float]
    """Curve of the test file that moves → correlation; 0 where the model never saw it move."""
    unseen: tuple[str, ...]
    """Those that move in no file that was trained on."""

    @property
    def mean(self) -> float:
        """Mean over the curves that move, both sides of a pair counted."""
        return self._mean(tuple(self.curves))

    @property
    def mean_seen(self) -> float:
        """The same without `unseen`."""
        return self._mean(tuple(name for name in self.curves if name not in self.unseen))

    def _mean(self, names: Sequence[str]) -> float:
        sides = [2 if name.endswith("Left") else 1 for name in names]
        return float(np.average([self.curves[name] for name in names], weights=sides))


def score_curves(predicted: Values, curves: Sequence[str], capture: MouthCapture) -> MouthScore:
    """Compare [F, len(curves)] of a model with a capture of F frames."""
    from animdrive.sources.audio.mouth.mouth_model import LEARNABLE
    from animdrive.sources.audio.mouth.mouth_training import ACTIVE_STD, loudness_of

    found: dict[str, float] = {}
    unseen = []
    for column, name in enumerate(LEARNABLE):
        real = capture.curves[:, column]
        if real.std() <= ACTIVE_STD:
            continue
        mine = predicted[:, curves.index(name)] if name in curves else np.zeros(len(real))
        if name not in curves:
            unseen.append(name)
        found[name] = correlation(mine, real)
    jaw = capture.curves[:, LEARNABLE.index("jawOpen")]
    floor = correlation(loudness_of(capture), jaw)
    return MouthScore(capture.name, floor, found, tuple(unseen))


def correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return Pearson's r of two signals [F]; 0 where one of them does not move."""
    one, two = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if min(one.std(), two.std()) < 1e-9:
        return 0.0
    return float(np.corrcoef(one, two)[0, 1])


def made_of(model: MouthModel, capture: MouthCapture, *, late_s: float) -> Values:
    """Return [F, C] what `model` makes of a capture, 0..1.

    Args:
        model: Of C curves, not trained on it.
        capture: With its phones, F frames.
        late_s: How much later than their sound curves are, of the files trained on.
    """
    from animdrive.sources.audio.mouth.mouth_features import levelled
    from animdrive.sources.audio.sound import HOP_S

    made = model.frames(np.concatenate([levelled(capture.mels), capture.said], axis=1))
    at = np.clip(np.arange(len(made)) - round(late_s / HOP_S), 0, len(made) - 1)
    values: Values = np.clip(made[at], 0.0, 1.0)
    return values


def left_out(
    captures: Sequence[MouthCapture],
    *,
    config: MouthTrainConfig,
    progress: Progress = no_progress,
) -> Iterator[tuple[MouthCapture, tuple[str, ...], Values]]:
    """Yield each capture with what a mouth of the others makes of it: its C curves, and [F, C]."""
    from animdrive.sources.audio.mouth.mouth_training import curves_late_s, train_mouth_model

    for index, capture in enumerate(captures):
        others = [other for at, other in enumerate(captures) if at != index]
        stage = f"without {capture.name}"
        model = train_mouth_model(others, config=config, progress=progress, stage=stage)
        yield capture, model.curves, made_of(model, capture, late_s=curves_late_s(others))


def train_mouth(
    folder: Path,
    out: Path,
    *,
    config: MouthTrainConfig | None = None,
    check: bool = True,
    progress: Progress = no_progress,
) -> JobResult:
    """Train a mouth on the captures in `folder` and write it to `out`.

    Where there are two performances or more, and `check` is set, each is first predicted by a model
    of the others: those figures tell what to expect of a new one.

    Args:
        folder: Recordings and curves, see `animdrive.pipeline.mouth_captures`.
        out: Model to write (.safetensors).
        config: Settings.
        check: Whether to train without each performance in turn.
        progress: Told of each stage.

    Raises:
        BackendError: PyTorch or the aligner is not installed.
        InputError: no captures, a file that cannot be used, too little to learn from.
    """
    from animdrive.sources.audio.mouth.mouth_model import save_mouth_model
    from animdrive.sources.audio.mouth.mouth_training import (
        MouthTrainConfig,
        curves_late_s,
        train_mouth_model,
    )

    config = config or MouthTrainConfig()
    out = Path(out)
    if out.suffix != ".safetensors":
        raise InputError(f"Models are .safetensors files; {out.name} is not. Name another file.")
    result = JobResult()
    clock = perf_counter()
    pairs = find_captures(folder)
    captures = []
    for number, (sound, table) in enumerate(pairs):
        progress("listen", number / len(pairs))
        captures.append(learned_from(read_capture_file(sound, table, tell=result.notes.append)))
    progress("listen", 1.0)
    clock = result.timed("listen", clock)
    if check and len(captures) > 1:
        for capture, curves, made in left_out(captures, config=config, progress=progress):
            score = score_curves(made, curves, capture)
            result.figures[score.name] = {
                "loudness_jawOpen": round(score.floor, 3),
                "mean": round(score.mean, 3),
                "mean_of_curves_trained": round(score.mean_seen, 3),
                **{name: round(value, 3) for name, value in score.curves.items()},
            }
        clock = result.timed("check", clock)
    model = train_mouth_model(captures, config=config, progress=progress)
    save_mouth_model(model, out)
    result.timed("train", clock)
    result.outputs["model"] = out
    result.figures["model"] = {
        "curves": list(model.curves),
        "captures": len(captures),
        "late_s": round(curves_late_s(captures), 3),
        "parameters": sum(value.size for net in model.nets for value in net.values()),
    }
    return result
