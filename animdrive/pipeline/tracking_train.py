"""Training the tracking regressor: people are filmed, the network learns, its file is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.errors import InputError
from animdrive.files import write_bytes
from animdrive.pipeline.outputs import JobResult
from animdrive.pipeline.tracking_data import (
    FIRST_TEST_SEED,
    PICTURE_PX,
    film_person,
    read_person,
    write_person,
)

if TYPE_CHECKING:
    from animdrive.sources.video.fitting.regressor_net import RegressorNet
    from animdrive.sources.video.training.examples import Prepared

_WATCHED = 12
"""People that are filmed as well, but never learned from: the figures of the card."""


@dataclass(frozen=True)
class TrackerTrainConfig:
    """Settings of `train_tracker`."""

    people: int = 300
    """How many to learn from."""
    steps: int = 3000
    """Of training."""
    seed: int = 0
    """Of weights and examples; people have seeds of their own, from 0."""

    def __post_init__(self) -> None:
        if not 1 <= self.people < FIRST_TEST_SEED - _WATCHED:
            raise InputError(f"TrackerTrainConfig.people must be above 0, got {self.people}.")
        if self.steps < 1:
            raise InputError(f"TrackerTrainConfig.steps must be above 0, got {self.steps}.")


def train_tracker(
    out: Path,
    *,
    config: TrackerTrainConfig | None = None,
    work: Path | None = None,
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> JobResult:
    """Film people whose curves are known and train the regressor on them.

    Killed and called again, it goes on where it was.

    Args:
        out: Model to write (.safetensors); its card is written beside it (.md).
        config: Settings.
        work: Folder for the films, about 5 MB a person; by default NAME_work beside `out`.
        progress: Told of the stages "film", "prepare" and "train".
        report: Told how it is doing.

    Raises:
        InputError: a setting or a file in `work` that cannot be used.
        DeviceError: this machine has no renderer.
    """
    from animdrive.sources.video.fitting.regressor_net import RegressorConfig
    from animdrive.sources.video.training.examples import chosen_landmarks
    from animdrive.sources.video.training.fit import RegressorFitConfig, fit_regressor

    config = config or TrackerTrainConfig()
    work = work if work is not None else out.with_name(out.stem + "_work")
    work.mkdir(parents=True, exist_ok=True)
    result = JobResult()
    clock = perf_counter()
    index = chosen_landmarks(RegressorConfig().landmarks)
    layout = replace(RegressorConfig(), landmarks=len(index))
    people = _filmed(range(config.people), work, index, progress)
    watched = _filmed(range(FIRST_TEST_SEED - _WATCHED, FIRST_TEST_SEED), work, index, no_progress)
    clock = result.timed("film", clock)

    def look(net: RegressorNet, step: int, loss: float) -> None:
        figures = scores(net, watched)
        report(
            f"step {step}: loss {loss:.4f}; people not learned from: correlation "
            f"{figures['correlation']:.3f}, error {figures['error']:.4f}"
        )

    checkpoint = work / "checkpoint.pt"
    fitted = fit_regressor(
        people,
        layout,
        index,
        RegressorFitConfig(steps=config.steps, seed=config.seed),
        checkpoint=checkpoint,
        look=look,
        progress=progress,
    )
    result.timed("train", clock)
    command = (
        f"animdrive train-tracker -o weights/{out.name} --people {config.people} "
        f"--steps {config.steps} --seed {config.seed}"
    )
    result.figures = {
        "people": len(people),
        "pictures": sum(len(person.curves) for person in people),
        "steps": config.steps,
        "weights": sum(value.numel() for value in fitted.net.parameters()),
        "loss": fitted.losses[-1][1] if fitted.losses else None,
        "people_not_learned_from": scores(fitted.net, watched),
        "made_by": command,
    }
    write_model(fitted.net, index, out)
    write_bytes(out.with_suffix(".md"), card_of(out.name, result.figures).encode())
    checkpoint.unlink(missing_ok=True)
    result.outputs["model"] = out
    result.outputs["card"] = out.with_suffix(".md")
    return result


def _filmed(
    seeds: Sequence[int], work: Path, index: npt.NDArray[np.intp], progress: Progress
) -> list[Prepared]:
    from animdrive.sources.video.training.examples import prepared

    people = []
    for number, seed in enumerate(seeds):
        path = work / f"{seed:06d}.npz"
        if path.is_file():
            try:
                filmed = read_person(path)
            except (ValueError, OSError, KeyError, TypeError) as error:
                raise InputError(f"{path} is damaged. Remove it to have it made anew.") from error
        else:
            filmed = film_person(seed)
            write_person(filmed, path)
        one = prepared(filmed, (PICTURE_PX, PICTURE_PX), index)
        if one is not None:
            people.append(one)
        progress("film", (number + 1) / len(seeds))
    return people


def scores(net: RegressorNet, people: Sequence[Prepared]) -> dict[str, Any]:
    """Return how well people are solved: correlation and error, in the mean and curve by curve."""
    from animdrive.sources.video.training.examples import head_landmarks
    from animdrive.sources.video.training.scoring import solved

    if not people:
        return {"correlation": None, "error": None, "curves": {}}
    found = np.concatenate([solved(net, person, head_landmarks()) for person in people])
    known = np.concatenate([person.curves for person in people])
    curves = {}
    for column, name in enumerate(ARKIT52):
        one, other = found[:, column], known[:, column]
        moves = min(one.std(), other.std()) > 1e-6
        curves[name] = round(float(np.corrcoef(one, other)[0, 1]), 3) if moves else 0.0
    return {
        "correlation": round(float(np.mean(list(curves.values()))), 3),
        "error": round(float(np.abs(found - known).mean()), 4),
        "curves": curves,
    }


def write_model(net: RegressorNet, index: npt.NDArray[np.intp], out: Path) -> None:
    """Write the network as 16-bit safetensors with all that `Regressor` needs."""
    from safetensors.numpy import save

    from animdrive.sources.video.training.examples import head_landmarks

    arrays: dict[str, npt.NDArray[Any]] = {
        f"net.{name}": np.ascontiguousarray(value.detach().float().numpy(), np.float16)
        for name, value in net.state_dict().items()
    }
    arrays["index"] = index.astype(np.int32)
    arrays["model"] = head_landmarks().astype(np.float32)
    layout = json.dumps(asdict(net.config), sort_keys=True)
    arrays["layout"] = np.frombuffer(layout.encode(), dtype=np.uint8)
    write_bytes(out, save(arrays))


def card_of(name: str, figures: dict[str, Any]) -> str:
    """Return the model's card as Markdown."""
    seen = figures["people_not_learned_from"]
    curves = "\n".join(
        f"| {curve} | {value:.2f} |"
        for curve, value in sorted(seen["curves"].items(), key=lambda item: -item[1])
    )
    return f"""# {name}

Landmarks of Face Mesh and a cut-out of the face to the 52 ARKit curves, against the person's own
face at rest. How it is made and read: docs/tracking.md.

* **Made by** `{figures["made_by"]}`.
* **Network**: {figures["weights"]:,} weights at 16 bits: convolutions over a cut-out of 112 x 112
  pixels, joined with the landmarks.
* **Data**: {figures["pictures"]:,} pictures of {figures["people"]} people, all of them rendered by
  animdrive: drawn heads, skins, rigs, lights and lenses, tracked by MediaPipe's Face Mesh. No
  picture of a real person was used, and nobody's recorded curves.
* **Figures**, on {_WATCHED} such people that it never saw, in random expressions: correlation
  {seen["correlation"]:.3f} in the mean of the curves, error {seen["error"]:.4f}. On films as users
  have them: benchmarks/results/tracking.txt.
* **Known gaps**: beards, glasses, hands and hair before the face were never seen.
* **Licence** Apache-2.0.

| curve | correlation |
|---|---|
{curves}
"""
