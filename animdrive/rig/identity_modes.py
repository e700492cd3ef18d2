"""What the named controls leave open: the smooth modes of a head's shape.

A head is taken as a draw of a Gaussian process over space whose covariance falls off with distance
(Lüthi, Gerig, Jud and Vetter 2018, "Gaussian process morphable models", IEEE TPAMI 40:1860-1873,
section 3), the same or opposite on both sides. Of that process, what has no part in any named
measure, in any named control and in moving the head as a whole is kept; its principal components
over the skin's area are the modes, the largest first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.rig.surface import Points

REACH_MM = 28.0
"""Distance at which the covariance has fallen to 1/e."""
_FLIP = np.array([-1.0, 1.0, 1.0])
_NEGLIGIBLE = 1e-7
"""Share of the largest eigenvalue below which a direction carries nothing."""


@dataclass(frozen=True, eq=False)
class Modes:
    """Smooth fields over space. K modes, N samples of half the skin."""

    samples: Points
    """[N, 3] mm."""
    weights: npt.NDArray[np.float64]
    """[K, N, 3]."""
    sign: float
    """1 where the modes are the same on both sides, -1 where they are opposite."""

    def __call__(self, points: Points) -> npt.NDArray[np.float64]:
        """Return [K, M, 3] mm at `points` [M, 3] mm."""
        count = len(self.weights)
        here = _kernel(points, self.samples)
        there = _kernel(points, self.samples * _FLIP) * self.sign
        table = self.weights.transpose(1, 0, 2).reshape(len(self.samples), -1)
        flipped = (self.weights * _FLIP).transpose(1, 0, 2).reshape(len(self.samples), -1)
        field = here @ table + there @ flipped
        return np.asarray(field.reshape(len(points), count, 3).transpose(1, 0, 2))


def _kernel(a: Points, b: Points) -> Points:
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.asarray(np.exp(-np.maximum(squared, 0) / REACH_MM**2))


def _covariance(a: Points, b: Points, sign: float) -> Points:
    """Return [3 A, 3 B], the covariance of the fields at points `a` and `b`."""
    direct, across = _kernel(a, b), sign * _kernel(a, b * _FLIP)
    blocks = np.zeros((len(a), 3, len(b), 3))
    for axis in range(3):
        blocks[:, axis, :, axis] = direct + across * _FLIP[axis]
    return blocks.reshape(3 * len(a), 3 * len(b))


def smooth_modes(
    samples: Points,
    area: npt.NDArray[np.float64],
    *,
    count: int,
    sign: float,
    measures: tuple[Points, npt.NDArray[np.float64]],
    taken: npt.NDArray[np.float64],
) -> Modes:
    """Return the `count` largest modes that leave measures and taken fields alone.

    Args:
        samples: [N, 3] mm on the left half of the skin, the midline included.
        area: [N] of the skin around each, any unit.
        count: Modes wanted.
        sign: 1 for modes that are the same on both sides, -1 for opposite ones.
        measures: Points [R, 3] mm, and the derivative [Q, R, 3] of Q measures by them.
        taken: [T, N, 3] fields at the samples to which every mode stands at right angles.

    Returns:
        Modes whose mean square over the samples' area sums to 1 mm², each as large as the process
        makes it: spreads fall from one mode to the next.
    """
    size = 3 * len(samples)
    weight = np.repeat(area / area.sum(), 3)
    values, vectors = np.linalg.eigh(_covariance(samples, samples, sign))
    keep = values > _NEGLIGIBLE * values.max()
    root = vectors[:, keep] * np.sqrt(values[keep])  # [3 N, D]: values at the samples
    back = vectors[:, keep] / np.sqrt(values[keep])  # [3 N, D]: weights of the kernel

    places, derivative = measures
    at_places = _covariance(places, samples, sign) @ back
    rows = np.concatenate(
        [
            derivative.reshape(len(derivative), -1) @ at_places,
            (taken.reshape(len(taken), size) * weight) @ root,
        ]
    )
    length = np.linalg.norm(rows, axis=1)
    rows = rows[length > 1e-9] / length[length > 1e-9, None]
    _, spread, right = np.linalg.svd(rows)
    free = right[int((spread > 1e-6 * spread.max()).sum()) :]
    _, _, along = np.linalg.svd(np.sqrt(weight)[:, None] * (root @ free.T))
    chosen = along[:count] @ free  # [K, D]
    fields = (root @ chosen.T).T  # [K, 3 N]
    # A mode and its negative are the same mode: the largest offset points forwards or upwards.
    largest = np.take_along_axis(fields, np.abs(fields).argmax(1)[:, None], axis=1)
    chosen = chosen * np.sign(largest)
    total = np.sqrt((fields**2 * weight).sum())
    weights = (back @ chosen.T).T.reshape(count, len(samples), 3) / total
    return Modes(samples, weights, sign)
