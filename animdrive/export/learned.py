"""Learned morph targets with their weights over time: a deformer baked, to be played without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animdrive.contract.checks import FloatArray, as_float, check_names, put
from animdrive.errors import ContractError

BASE = "learned_base"
"""The target that all others are counted from, see `LearnedTargets.unsigned`."""
LEAST_M = 1e-7
"""A target that moves no vertex by more in a performance is not written: 1e-4 mm."""


@dataclass(frozen=True, eq=False)
class Unsigned:
    """What `LearnedTargets.unsigned` returns. K targets of both signs, T frames."""

    names: tuple[str, ...]
    """K + 1 names, `BASE` last; or none where there are no targets."""
    weights: FloatArray
    """[T, K + 1] in 0..1."""
    low: FloatArray
    """[K] times its offsets is a target's share of the base."""
    span: FloatArray
    """[K] times its offsets is a target's offset at 1."""


@dataclass(frozen=True, eq=False)
class LearnedTargets:
    """Morph targets that are added on top of a rig's own. K targets, V vertices, T frames."""

    names: tuple[str, ...]
    """K unique names."""
    offsets: FloatArray
    """[K, V, 3] metres at weight 1."""
    weights: FloatArray
    """[T, K] of any sign."""
    normals: bool = True
    """Whether they are written with what they do to normals: fitting light, twice the size."""

    def __post_init__(self) -> None:
        names = check_names("LearnedTargets.names", self.names)
        offsets = np.asarray(self.offsets, dtype=np.float32)
        # Owned, not copied: these are some hundred megabytes.
        if offsets.ndim != 3 or (len(offsets), offsets.shape[2]) != (len(names), 3):
            raise ContractError(
                f"LearnedTargets.offsets must have shape [{len(names)}, V, 3], got "
                f"{list(offsets.shape)}."
            )
        weights = as_float("LearnedTargets.weights", self.weights, ("T", len(names)))
        put(self, names=names, offsets=offsets, weights=weights)

    def checked(self, *, vertices: int, frames: int, names: tuple[str, ...]) -> LearnedTargets:
        """Return itself.

        Raises:
            ContractError: it is of another number of vertices or frames, or has a name of `names`.
        """
        if self.offsets.shape[1] != vertices or len(self.weights) != frames:
            raise ContractError(
                f"LearnedTargets are of {self.offsets.shape[1]} vertices and {len(self.weights)} "
                f"frames, the performance of {vertices} and {frames}."
            )
        both = [name for name in self.names if name in names]
        if both:
            raise ContractError(f"The learned target '{both[0]}' has the name of a curve.")
        return self

    def used(self, *, most: int | None = None) -> LearnedTargets:
        """Return those that move something in this performance, in their order.

        Args:
            most: Keep no more, those that move most: by the sum over frames and vertices of the
                squared way. None keeps all.
        """
        if not len(self.weights):
            return self._only(np.zeros(0, dtype=np.int64))
        reach = np.abs(self.weights).max(axis=0) * np.abs(self.offsets).max(axis=(1, 2), initial=0)
        keep = np.flatnonzero(reach > LEAST_M)
        if most is not None and len(keep) > most:
            way = np.square(self.weights[:, keep], dtype=np.float64).sum(axis=0)
            way *= [np.square(self.offsets[k]).sum(dtype=np.float64) for k in keep]
            keep = np.sort(keep[np.argsort(-way, kind="stable")[:most]])
        return self._only(keep)

    def _only(self, keep: np.ndarray[tuple[int], np.dtype[np.int64]]) -> LearnedTargets:
        return LearnedTargets(
            names=tuple(self.names[k] for k in keep),
            offsets=self.offsets if len(keep) == len(self.names) else self.offsets[keep],
            weights=self.weights[:, keep],
            normals=self.normals,
        )

    def unsigned(self) -> Unsigned:
        """Return how to write the same motion with weights in 0..1 alone.

        Blender and some engines cut weights off at 0. So every target is counted from its own least
        weight: ``w = low + span · u`` with ``u`` in 0..1, and what all the least weights make
        together becomes one more target, `BASE`, whose weight is 1 at every frame.
        """
        low = np.minimum(self.weights.min(axis=0, initial=0.0), 0.0)
        high = np.maximum(self.weights.max(axis=0, initial=0.0), 0.0)
        span = np.maximum(high - low, 1e-12)
        # Rounding may lead a hair beyond.
        counted = np.clip((self.weights - low) / span, 0.0, 1.0)
        ones = np.ones((len(self.weights), 1))
        weights = np.concatenate([counted, ones], axis=1).astype(np.float32)
        names = (*self.names, BASE) if self.names else ()
        return Unsigned(names, weights[:, : len(names)], low, span)

    def usual(self) -> FloatArray:
        """Return [K], how large each weight mostly is: its root mean square, above 0."""
        square = np.square(self.weights, dtype=np.float64).mean(axis=0)
        usual: FloatArray = np.maximum(np.sqrt(square), 1e-3).astype(np.float32)
        return usual

    def least_m(self) -> FloatArray:
        """Return [K], the offset below which a vertex never moves by `LEAST_M`, metres."""
        largest = np.maximum(np.abs(self.weights).max(axis=0, initial=0.0), 1e-6)
        least: FloatArray = (LEAST_M / largest).astype(np.float32)
        return least
