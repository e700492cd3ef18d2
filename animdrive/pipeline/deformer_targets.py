"""What a deformer does beyond the linear rig in a performance, as morph targets with weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, CurveTrack, Rig
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Deformer
from animdrive.export.learned import LearnedTargets
from animdrive.pipeline.deformer_points import chunks, values_of

_LOOKED_AT = 400
"""Frames that targets are found in, evenly over the performance."""
_CHECKED = 120
"""Frames that what is left is measured in."""


def targets_of(
    deformer: Deformer, rig: Rig, track: CurveTrack, *, most: int | None, normals: bool
) -> LearnedTargets | None:
    """Return what is to be added to the sum of the rig's shapes, or None for the linear rig.

    A neural morph model brings its targets and weights along, and the result is exact. They are
    scaled so that weights stay in -1..1 over all that the model was trained on. Of other deformers
    the main components of what they do beyond the linear rig are found in this very performance
    (Jolliffe 2002, "Principal Component Analysis", chapter 3, by way of the frames' products),
    which is as exact as `most` allows.

    Args:
        deformer: Of `rig`.
        rig: C curves, V vertices.
        track: The performance.
        most: Targets at most; None: all that move something.
        normals: See `LearnedTargets.normals`.
    """
    from animdrive.deformer.linear import LinearDeformer
    from animdrive.deformer.neural_morph import NeuralMorph

    if isinstance(deformer, LinearDeformer) or not len(track):
        return None
    if isinstance(deformer, NeuralMorph):
        scale = np.maximum(np.abs(deformer.bounds).max(axis=0), 1e-12).astype(np.float32)
        offsets = deformer.morphs()
        offsets *= scale[:, None, None]
        weights = deformer.coefficients(values_of(track, deformer.names)) / scale
        learned = LearnedTargets(deformer.morph_names, offsets, weights, normals)
    else:
        learned = _components(deformer, rig, track, most or len(track), normals)
    return learned.used(most=most)


def left_mm(
    deformer: Deformer, rig: Rig, track: CurveTrack, learned: LearnedTargets | None
) -> dict[str, float]:
    """Return how far rig plus targets are from the deformer: ``mean_mm`` and ``largest_mm``."""
    if learned is None or not len(track):
        return {"mean_mm": 0.0, "largest_mm": 0.0}
    linear = _Linear(rig)
    every = max(1, len(track) // _CHECKED)
    flat = learned.offsets.reshape(len(learned.names), -1)
    largest, summed, counted = 0.0, 0.0, 0
    for start, skin in chunks(deformer, track):
        rows = np.flatnonzero((np.arange(len(skin)) + start) % every == 0)
        if len(rows):
            played = linear(track, start + rows).reshape(len(rows), -1)
            if len(flat):
                played = played + learned.weights[start + rows] @ flat
            off = np.linalg.norm(played.reshape(len(rows), -1, 3) - skin[rows], axis=2)
            largest = max(largest, float(off.max()))
            summed, counted = summed + float(off.sum(dtype=np.float64)), counted + off.size
    return {"mean_mm": 1e3 * summed / max(counted, 1), "largest_mm": 1e3 * largest}


class _Linear:
    """The sum of the rig's shapes at some frames of a track."""

    def __init__(self, rig: Rig) -> None:
        from animdrive.deformer.linear import LinearDeformer

        self._deformer = LinearDeformer(rig)

    def __call__(self, track: CurveTrack, rows: npt.NDArray[Any]) -> FloatArray:
        """Return [N, V, 3] metres."""
        return self._deformer.run(values_of(track, self._deformer.names)[rows])


def _components(
    deformer: Deformer, rig: Rig, track: CurveTrack, most: int, normals: bool
) -> LearnedTargets:
    """Return the main components of what `deformer` does beyond the linear rig, at most `most`."""
    linear = _Linear(rig)
    every = -(-len(track) // _LOOKED_AT)
    seen = []
    for start, skin in chunks(deformer, track):
        rows = np.flatnonzero((np.arange(len(skin)) + start) % every == 0)
        if len(rows):
            seen.append((skin[rows] - linear(track, start + rows)).reshape(len(rows), -1))
    beyond = np.concatenate(seen)
    # No mean is taken away: rest has to stay rest when all weights are zero.
    values, vectors = np.linalg.eigh((beyond @ beyond.T).astype(np.float64))
    order = np.argsort(-values, kind="stable")[: min(most, len(beyond))]
    order = order[values[order] > 1e-12 * max(float(values.max(initial=0.0)), 1e-30)]
    modes = (vectors[:, order].T @ beyond) / np.sqrt(values[order])[:, None]
    weights = np.zeros((len(track), len(order)), dtype=np.float32)
    for start, skin in chunks(deformer, track):
        rows = np.arange(start, start + len(skin))
        part = (skin - linear(track, rows)).reshape(len(skin), -1)
        weights[rows] = part @ modes.T
    scale = np.maximum(np.abs(weights).max(axis=0, initial=0.0), 1e-12)
    return LearnedTargets(
        names=tuple(f"learned_{number:03d}" for number in range(len(order))),
        offsets=(modes * scale[:, None]).reshape(len(order), len(rig.neutral.vertices), 3),
        weights=weights / scale,
        normals=normals,
    )


def targets_at(
    character: Character, level: str, deformer: Deformer, track: CurveTrack
) -> LearnedTargets | None:
    """Return `targets_of` for a GLB of `character` at a level of detail: all that move something.

    Without normals, which would make the file half as large again: light falls as the rig's own
    shapes turn it, so learned folds are softer than they should be. `animdrive deformer bake`
    writes them.

    Args:
        character: At the standard level; the deformer is of its rig.
        level: "low", "standard" or "high".
        deformer: What makes skin.
        track: The performance.
    """
    from animdrive.rig.lod import vertices_at

    learned = targets_of(deformer, character.rig, track, most=None, normals=False)
    if learned is None or level == "standard":
        return learned
    rest = character.rig.neutral.vertices
    at_rest = vertices_at(character, level, rest[None])[0]
    moved = [vertices_at(character, level, (rest + own)[None])[0] for own in learned.offsets]
    return LearnedTargets(
        learned.names, np.stack(moved) - at_rest, learned.weights, learned.normals
    )
