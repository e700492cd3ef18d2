"""Training of `Cloth`: the quasi-static base first, then masses that swing through whole films."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, Report, no_progress, tell_nobody
from animdrive.deformer.base_model import forget_base, missed, trained_base
from animdrive.deformer.cloth import Cloth, ClothConfig
from animdrive.deformer.data import Rows, TrainingData
from animdrive.deformer.neural_morph import NeuralMorph, NeuralMorphConfig
from animdrive.deformer.swing import Edges, Swing, SwingRun, Values, edges_among
from animdrive.deformer.swing_candidates import averaged, candidates
from animdrive.deformer.swing_nets import Films, SwingNet
from animdrive.deformer.training import History, LoopConfig, train
from animdrive.rig.normals import vertex_normals

Index = npt.NDArray[np.int64]

_FEATHER = 4
"""Edges over which swing falls off at the border of what swings."""
_ROOM = 2.0
"""Of the largest swing in training, how far a vertex may go."""
_LOOKS, _LOOKED_AT = 3, 60
"""Held-out takes on which the error is looked at, and frames of each."""


@dataclass(frozen=True, eq=False)
class TrainedCloth:
    """A base and masses, before they are put together."""

    base: NeuralMorph | None
    """None: the rig itself."""
    swing: Swing
    """Of the A masses that are worth it."""
    active: npt.NDArray[np.int32]
    """[A] vertices."""
    share: FloatArray
    """[A] 0..1."""
    bound: FloatArray
    """[A] metres."""
    history: History
    """How the swing's training went."""

    def model(self, data: TrainingData, config: ClothConfig) -> Cloth:
        """Return the model."""
        return Cloth(
            data.rig,
            config,
            self.base,
            self.swing,
            active=self.active,
            share=self.share,
            bound=self.bound,
            fps=data.fps,
        )


def train_cloth(
    data: TrainingData,
    *,
    config: ClothConfig,
    loop: LoopConfig,
    checkpoint: Path | None = None,
    device: str = "cpu",
    progress: Progress = no_progress,
    report: Report = tell_nobody,
) -> TrainedCloth:
    """Learn from the takes of `data` that are not held out; each begins at rest in its first pose.

    Args:
        data: What to learn from; the takes must be whole, frame after frame.
        config: Of the model.
        loop: Of the base's training; the swing's takes over its seed alone.
        checkpoint: See `training.train`; the base is kept beside it while the swing is learned.
        device: "cpu" or "cuda".
        progress: Told of the stages "motions" and "train" (of the base) and "swing".
        report: Told how it goes.
    """
    base = None
    if config.base == "neural_morph":
        base = trained_base(
            data,
            config=NeuralMorphConfig(
                latent=config.latent, patches=config.patches, hidden=config.hidden
            ),
            loop=loop,
            checkpoint=checkpoint,
            device=device,
            progress=progress,
            report=report,
        )[0]
    films = _films(data, base)
    mesh = data.rig.neutral
    learn = [take for take in data.takes if not take.held_out]
    progress("swing", 0.0)
    tried = candidates(films, learn, edges_among(data.moving, mesh.faces), least=config.least)
    report(f"{len(tried)} of {len(data.moving)} moving vertices may swing")
    films = Films(films.places[:, tried], films.missed[:, tried], films.head)
    edges = edges_among(data.moving[tried], mesh.faces)
    normals = vertex_normals(mesh.vertices, mesh.faces)[data.moving[tried]]
    net = SwingNet(edges, normals, seed=loop.seed).to(device)
    held = [
        replace(take, stop=min(take.stop, take.start + _LOOKED_AT))
        for take in data.takes
        if take.held_out
    ][:_LOOKS]
    own = LoopConfig(
        iterations=config.swing_iterations,
        learning_rate=config.swing_rate,
        weight_decay=0.0,
        amp=False,
        seed=loop.seed,
    )
    history = History()
    if len(tried):
        history = train(
            net,
            lambda rng: net.loss(films, learn, config, rng, device),
            config=own,
            check=(lambda: _free_run_error(net.swing(), films, held)) if held else None,
            checkpoint=checkpoint,
            settings=[
                asdict(config),
                asdict(loop),
                len(data.curves),
                float(np.abs(films.missed).sum(dtype=np.float64)),
            ],
            progress=lambda _, done: progress("swing", done),
            report=report,
        )
    swing, active, share, bound = _worth_it(net.swing(), films, learn, edges, least=config.least)
    report(f"{len(active)} of {len(data.moving)} moving vertices swing")
    forget_base(checkpoint)
    vertices = data.moving[tried[active]].astype(np.int32)
    return TrainedCloth(base, swing, vertices, share, bound, history)


def _films(data: TrainingData, base: NeuralMorph | None) -> Films:
    """Return where the base's skin is in all frames, how the head, and what the base misses."""
    rows = np.arange(len(data.curves))
    left = missed(data, rows, base)
    deltas = data.rig.deltas[:, data.moving].reshape(len(data.rig.names), -1)
    places = (data.curves @ deltas).reshape(left.shape)
    places += data.rig.neutral.vertices[data.moving]
    places += data.offsets
    places -= left
    head = data.head
    if head is None:
        head = np.tile(np.eye(4, dtype=np.float32), (len(rows), 1, 1))
    return Films(places, left, head)


def _swung(swing: Swing, films: Films, take: Rows, index: Index | None = None) -> Values:
    """Return [T, A, 3] metres of swing in a take, from rest on."""
    rows = slice(take.start, take.stop)
    places = films.places[rows] if index is None else films.places[rows][:, index]
    return SwingRun(swing).frames(places.astype(np.float64), films.head[rows].astype(np.float64))


def _free_run_error(swing: Swing, films: Films, takes: list[Rows]) -> float:
    """Return the RMS error in `takes`, mm, where the swing runs from rest to their end."""
    total, count = 0.0, 0
    for take in takes:
        off = _swung(swing, films, take) - films.missed[take.start : take.stop]
        total += float(np.square(off).sum())
        count += off.shape[0] * off.shape[1]
    return 1e3 * float(np.sqrt(total / count))


def _worth_it(
    swing: Swing, films: Films, takes: list[Rows], edges: Edges, *, least: float
) -> tuple[Swing, Index, FloatArray, FloatArray]:
    """Return the part of `swing` that explains what the base missed, its rows, shares and bounds.

    Where it explains next to nothing it would add what is not there, so the base is left alone.
    """
    count = len(swing)
    before, after = np.zeros(count), np.zeros(count)
    for take in takes:
        left = films.missed[take.start : take.stop]
        before += np.square(left).sum(axis=(0, 2))
        after += np.square(_swung(swing, films, take) - left).sum(axis=(0, 2))
    # Judged with the neighbours, for a border should be a line and not a scatter.
    for _ in range(2):
        before, after = (averaged(x, edges) for x in (before, after))
    share = (after < (1 - least) * before).astype(np.float64)
    for _ in range(_FEATHER):
        share = averaged(share, edges)
    share = np.where(share > 0.02, share, 0.0)
    index = np.flatnonzero(share)
    part = swing.kept(share > 0)
    largest, gained = np.zeros(len(index)), 0.0
    for take in takes:
        moved = _swung(part, films, take, index)
        largest = np.maximum(largest, np.sqrt(np.square(moved).sum(axis=2)).max(axis=0))
        left = films.missed[take.start : take.stop][:, index]
        moved *= share[index][:, None]
        gained += float(np.square(left).sum() - np.square(left - moved).sum())
    if gained <= 0:
        index, largest = index[:0], largest[:0]
        part = swing.kept(np.zeros(count, dtype=np.bool_))
    bound = (_ROOM * largest + 1e-6).astype(np.float32)
    return part, index, share[index].astype(np.float32), bound
