"""Which vertices may swing at all: those whose misses answer to what accelerated them before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from animdrive.deformer.data import Rows
from animdrive.deformer.swing import GRAVITY, Edges, Values
from animdrive.deformer.swing_nets import Films

Index = npt.NDArray[np.int64]

_LAGS = 12
"""Frames of acceleration that are asked."""
_EVERY = 2
_CHUNK = 256
_LEAST_M = 2e-5
"""What the base misses by less on average is left."""
_RIDGE = 1e-4


def candidates(films: Films, takes: list[Rows], edges: Edges, *, least: float) -> Index:
    """Return the masses, with a margin of neighbours, that a swing might explain.

    Each mass's misses, in the world, are fitted by least squares to its accelerations of the last
    frames, its velocity and gravity's turning; a finite impulse response is all that a swing's own
    may be at best, and is solved at once for every mass.

    Args:
        films: All frames.
        takes: To learn from.
        edges: [E, 2] between masses.
        least: Share of the misses' squares that must be explained.
    """
    count = films.places.shape[1]
    before, after = np.zeros(count), np.zeros(count)
    frames = sum(take.stop - take.start for take in takes)
    for start in range(0, count, _CHUNK):
        own = slice(start, min(start + _CHUNK, count))
        width = own.stop - own.start
        gram = np.zeros((width, _LAGS + 2, _LAGS + 2))
        along = np.zeros((width, _LAGS + 2))
        for asked, missed in _equations(films, takes, own):
            gram += asked.transpose(1, 2, 0) @ asked.transpose(1, 0, 2)
            along += np.einsum("nak,na->ak", asked, missed)
            before[own] += np.square(missed).sum(axis=0)
        size = np.trace(gram, axis1=1, axis2=2)[:, None, None] + 1e-30
        # Unknowns that nothing tells of, of a head that never moves, come out as none.
        found = np.linalg.solve(gram + _RIDGE * size * np.eye(_LAGS + 2) / _LAGS, along[..., None])
        told = 2 * (found[..., 0] * along).sum(axis=1)
        told -= (found.transpose(0, 2, 1) @ gram @ found)[:, 0, 0]
        after[own] = before[own] - told
    large = before > frames / _EVERY * _LEAST_M**2
    for _ in range(2):
        before, after = averaged(before, edges), averaged(after, edges)
    chosen = (large & (after < (1 - least) * before)).astype(np.float64)
    for _ in range(2):
        chosen = averaged(chosen, edges)
    return np.flatnonzero(chosen)


def averaged(x: Values, edges: Edges) -> Values:
    """Return [A] the mean of each mass and its neighbours."""
    i, j = edges[:, 0], edges[:, 1]
    total = x + np.bincount(i, x[j], minlength=len(x)) + np.bincount(j, x[i], minlength=len(x))
    number = 1 + np.bincount(i, minlength=len(x)) + np.bincount(j, minlength=len(x))
    return np.asarray(total / number, dtype=np.float64)


def _equations(films: Films, takes: list[Rows], own: slice) -> Iterator[tuple[Values, Values]]:
    """Yield for each take what is asked [N, A, K] and what is missed [N, A]; N: frames, axes."""
    for take in takes:
        rows = slice(take.start, take.stop)
        turn = films.head[rows, :3, :3].astype(np.float64)
        shift = films.head[rows, None, :3, 3]
        world = np.einsum("tij,taj->tai", turn, films.places[rows, own]) + shift
        missed = np.einsum("tij,taj->tai", turn, films.missed[rows, own])
        velocity = np.diff(world, axis=0, prepend=world[:1])
        push = np.diff(velocity, axis=0, prepend=velocity[:1])
        tilt = np.broadcast_to((GRAVITY - turn @ GRAVITY)[:, None], world.shape)
        lagged = [np.concatenate([np.zeros_like(push[:lag]), push[: len(push) - lag]])
                  for lag in range(_LAGS)]  # fmt: skip
        asked = np.stack([*lagged, velocity, tilt], axis=-1)[::_EVERY]
        flat = asked.transpose(0, 2, 1, 3).reshape(-1, asked.shape[1], asked.shape[3])
        yield flat, missed[::_EVERY].transpose(0, 2, 1).reshape(-1, missed.shape[1])
