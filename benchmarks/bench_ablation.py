"""What each way from curves to skin is worth: all of them on one capture, for one training time.

    python benchmarks/bench_ablation.py CAPTURE                 every model, a minute each
    python benchmarks/bench_ablation.py CAPTURE --seconds 300   more time
    python benchmarks/bench_ablation.py CAPTURE --only vertex_delta --only cloth

Nets get the same wall seconds of optimisation; what comes before the first step (principal motions)
and after the last one (poses, swing's worth) is in the column "s" but not in that budget. The steps
that fit are counted beforehand on a few takes. "PCA + ridge" is scikit-learn's, its components kept
at 8 bits and as many of them as give it the bytes of the local neural_morph. "k nearest poses"
keeps every frame of training at 32 bits. Bytes are those of a model's file beyond the rig's own
shapes. Errors are distances over all vertices that leave the linear rig, in held-out takes.
Wanted: neural_morph at least 1.5 times better than PCA + ridge.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from common import machine
from scipy.spatial.distance import cdist

from animdrive.deformer.cloth import ClothConfig
from animdrive.deformer.cloth_training import train_cloth
from animdrive.deformer.data import TrainingData, training_data
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.nearest_neighbour import NearestNeighbourConfig, shepard
from animdrive.deformer.nearest_neighbour_training import train_nearest_neighbour
from animdrive.deformer.neural_morph import NeuralMorphConfig
from animdrive.deformer.neural_morph_training import train_neural_morph
from animdrive.deformer.patches import influence
from animdrive.deformer.training import LoopConfig
from animdrive.deformer.vertex_delta import VertexDeltaConfig
from animdrive.deformer.vertex_delta_training import train_vertex_delta

Floats = npt.NDArray[np.float32]
Offsets = Callable[[Floats, Floats], Floats]
"""Curves and heads of one take to metres that are added to the linear rig at moving vertices."""

NETS = ("vertex_delta", "neural_morph global", "neural_morph local", "nearest_neighbour", "cloth")
MODELS = ("linear", "k nearest poses", *NETS, "PCA + ridge")
_TRIAL_TAKES, _TRIAL_STEPS = 4, 40
_NEIGHBOURS = 6
_WANTED = 1.5


@dataclass(frozen=True)
class Line:
    """A row of the table."""

    name: str
    """Which model."""
    mean_mm: float
    """Mean distance."""
    rms_mm: float
    """Root mean square distance."""
    p99_mm: float
    """Of 100 vertices 99 are nearer."""
    size: int
    """Bytes."""
    steps: int
    """Of optimisation."""
    seconds: float
    """All in all."""


def judged(
    name: str, data: TrainingData, offsets: Offsets, size: int, steps: int, s: float
) -> Line:
    """Return the row of a model on the held-out takes."""
    away = []
    for take in data.takes:
        if take.held_out:
            rows = slice(take.start, take.stop)
            off = offsets(data.curves[rows], heads(data)[rows]) - data.offsets[rows]
            away.append(1e3 * np.linalg.norm(off, axis=2).astype(np.float32).ravel())
    every = np.concatenate(away)
    rms = float(np.sqrt(np.square(every, dtype=np.float64).mean()))
    return Line(name, float(every.mean()), rms, float(np.percentile(every, 99)), size, steps, s)


def heads(data: TrainingData) -> Floats:
    """Return [N, 4, 4] of the head."""
    if data.head is not None:
        return data.head
    return np.tile(np.eye(4, dtype=np.float32), (len(data.curves), 1, 1))


def some_takes(data: TrainingData) -> TrainingData:
    """Return a few takes of `data`: a step costs as much, and all before it far less."""
    learn = [take for take in data.takes if not take.held_out]
    picked = learn[:: max(1, len(learn) // _TRIAL_TAKES)][:_TRIAL_TAKES]
    rows = np.concatenate([np.arange(take.start, take.stop) for take in picked])
    takes, first = [], 0
    for take in picked:
        takes.append(replace(take, start=first, stop=first + take.stop - take.start))
        first = takes[-1].stop
    return replace(
        data,
        curves=data.curves[rows],
        offsets=data.offsets[rows],
        takes=tuple(takes),
        head=heads(data)[rows],
    )


class Pace:
    """Learns from progress how many steps of a stage fit into a second."""

    def __init__(self) -> None:
        self._seen: dict[str, list[tuple[float, float]]] = {}

    def __call__(self, stage: str, done: float) -> None:
        """Take note."""
        if done > 0:
            self._seen.setdefault(stage, []).append((done, perf_counter()))

    def steps(self, stage: str, seconds: float) -> int:
        """Return how many steps of `stage` fit into `seconds`, the looks at the error included."""
        seen = self._seen.get(stage, [])
        if len(seen) < 2:
            return _TRIAL_STEPS  # nothing to learn at all
        (first, begun), (last, ended) = seen[0], seen[-1]
        return max(_TRIAL_STEPS, int((last - first) * _TRIAL_STEPS * seconds / (ended - begun)))


def net(name: str, data: TrainingData, trial: TrainingData, seconds: float) -> Line:
    """Train a model of the table for `seconds` and return its row."""
    train, config = {
        "vertex_delta": (train_vertex_delta, VertexDeltaConfig()),
        "neural_morph global": (train_neural_morph, NeuralMorphConfig(mode="global")),
        "neural_morph local": (train_neural_morph, NeuralMorphConfig()),
        "nearest_neighbour": (train_nearest_neighbour, NearestNeighbourConfig()),
        "cloth": (train_cloth, ClothConfig(swing_iterations=_TRIAL_STEPS)),
    }[name]
    pace = Pace()
    train(trial, config=config, loop=LoopConfig(iterations=_TRIAL_STEPS), progress=pace)
    swings = name == "cloth"
    steps = pace.steps("train", seconds / 2 if swings else seconds)
    if swings:
        config = replace(config, swing_iterations=pace.steps("swing", seconds / 2))
    loop = LoopConfig(iterations=steps)
    begun = perf_counter()
    model: Any = train(data, config=config, loop=loop).model(data, config)
    taken = perf_counter() - begun
    rig = LinearDeformer(data.rig)

    def offsets(curves: Floats, head: Floats) -> Floats:
        if hasattr(model, "reset"):
            model.reset()
        skin = model.run(curves, head) if swings else model.run(curves)
        return (skin - rig.run(curves))[:, data.moving]

    size = sum(array.nbytes for array in model.stored()[0].values())
    steps += config.swing_iterations if swings else 0
    return judged(name, data, offsets, size, steps, taken)


def nearest_poses(data: TrainingData) -> Line:
    """Return the row of blending the nearest frames of training, whole faces of them."""
    begun = perf_counter()
    rows = data.rows(held_out=False)
    metric = np.sqrt(np.square(influence(data).astype(np.float64)).mean(axis=1))
    known, skin = data.curves[rows] * metric, data.offsets[rows].reshape(len(rows), -1)

    def offsets(curves: Floats, head: Floats) -> Floats:
        shares = shepard(cdist(curves * metric, known), _NEIGHBOURS).astype(np.float32)
        used = np.flatnonzero(shares.any(axis=0))
        return (shares[:, used] @ skin[used]).reshape(len(curves), -1, 3)

    size = skin.nbytes + data.curves[rows].nbytes
    return judged("k nearest poses", data, offsets, size, 0, perf_counter() - begun)


def pca_ridge(data: TrainingData, size: int) -> Line:
    """Return the row of scikit-learn's PCA and ridge regression of at most `size` bytes."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import RidgeCV

    begun = perf_counter()
    rows = data.rows(held_out=False)
    skin, wide = data.offsets[rows].reshape(len(rows), -1), 3 * len(data.moving)
    # A component: 8 bits per number and a scale, and a line of the regression at 16 bits. The mean
    # is kept likewise.
    each = wide + 4 + 2 * (data.curves.shape[1] + 1)
    count = max(1, min(len(rows), size // each - 1))
    pca = PCA(count, svd_solver="randomized", random_state=0)
    scores = pca.fit_transform(skin)
    ridge = RidgeCV(alphas=np.geomspace(1e-3, 1e3, 13)).fit(data.curves[rows], scores)
    kept = np.concatenate([pca.mean_[None], pca.components_])
    scale = np.abs(kept).max(axis=1, keepdims=True) / 127
    kept = (np.rint(kept / scale) * scale).astype(np.float32)

    def offsets(curves: Floats, head: Floats) -> Floats:
        found = ridge.predict(curves).astype(np.float32)
        return (kept[0] + found @ kept[1:]).reshape(len(curves), -1, 3)

    taken = perf_counter() - begun
    return judged(f"PCA + ridge ({count})", data, offsets, each * (count + 1), 0, taken)


def lines(data: TrainingData, seconds: float, names: Iterable[str]) -> Iterable[Line]:
    """Yield the rows of the models called for, as they are done."""
    trial, hero = some_takes(data), 0
    for name in names:
        if name == "linear":
            yield judged(name, data, lambda c, _: np.zeros((len(c), 1, 1), np.float32), 0, 0, 0.0)
        elif name == "k nearest poses":
            yield nearest_poses(data)
        elif name in NETS:
            line = net(name, data, trial, seconds)
            hero = line.size if name == "neural_morph local" else hero
            yield line
        elif hero:
            yield pca_ridge(data, hero)


def main() -> None:
    """Run what is asked for."""
    from animdrive.pipeline.capture_read import read_capture

    kind = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=kind)
    parser.add_argument("capture", type=Path, help="folder of a capture")
    parser.add_argument("--seconds", type=float, default=60, help="of training, for each model")
    parser.add_argument("--only", action="append", choices=MODELS, help="this model; repeatable")
    asked = parser.parse_args()
    names = [name for name in MODELS if not asked.only or name in asked.only]
    if "PCA + ridge" in names and "neural_morph local" not in names:
        parser.error("'PCA + ridge' needs --only 'neural_morph local' beside it, for its bytes")
    show_table(training_data(read_capture(asked.capture)), asked.seconds, names)


def show_table(data: TrainingData, seconds: float, names: list[str]) -> None:
    """Print the table, the comparison that is wanted, and the machine."""
    learn, held = len(data.rows(held_out=False)), len(data.rows(held_out=True))
    print("\nways from curves to skin")
    print(
        f"sample: {learn} frames to learn from, {held} held out, {len(data.moving)} vertices, "
        f"{seconds:g} s of training each, {os.environ.get('OMP_NUM_THREADS', 'all')} threads"
    )
    heads = ("mean mm", "rms mm", "p99 mm", "to linear", "kB", "steps", "s")
    print(f"  {'':<24}" + "".join(f"{head:>11}" for head in heads))
    found: dict[str, Line] = {}
    nothing = judged("linear", data, lambda c, _: np.zeros((len(c), 1, 1), np.float32), 0, 0, 0.0)
    for line in lines(data, seconds, names):
        found[line.name.partition(" (")[0]] = line
        print(
            f"  {line.name:<24}{line.mean_mm:>11.3f}{line.rms_mm:>11.3f}{line.p99_mm:>11.3f}"
            f"{line.rms_mm / nothing.rms_mm:>11.3f}{line.size / 1e3:>11.0f}{line.steps:>11}"
            f"{line.seconds:>11.1f}",
            flush=True,
        )
    if "PCA + ridge" in found:
        times = found["PCA + ridge"].rms_mm / found["neural_morph local"].rms_mm
        mean = found["PCA + ridge"].mean_mm / found["neural_morph local"].mean_mm
        says = "yes" if times >= _WANTED else "no"
        print(f"  PCA + ridge has {times:.2f} times the rms error of the local neural_morph and")
        print(f"  {mean:.2f} times its mean error, at equal bytes; wanted {_WANTED}: {says}")
    print(f"machine: {json.dumps(machine())}")


if __name__ == "__main__":
    main()
