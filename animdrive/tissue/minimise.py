"""Finding the rest of forces: quasi-Newton steps on a system matrix that is factored once.

Projective dynamics seen as a quasi-Newton method: Liu, Bouaziz and Kavan (2017), "Quasi-Newton
Methods for Real-Time Simulation of Hyperelastic Materials". The constant part of the elastic
Hessian is factored in advance and starts an L-BFGS recursion; each frame of a batch has its own
history and its own step length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu

Tensor = torch.Tensor
Energy = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Positions [N, 3, B] to energies [B] and gradient [N, 3, B]."""


class Factored:
    """A symmetric positive definite [N, N] matrix, factored once, for right sides [N, 3, B].

    On the CPU a sparse LU; on a GPU the dense inverse, where one big product is faster than a
    triangular solve.
    """

    def __init__(self, matrix: Any, device: torch.device) -> None:
        self._device = device
        if device.type == "cpu":
            self._solve = splu(
                sparse.csc_matrix(matrix),
                permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=0.0,
                options={"SymmetricMode": True},
            ).solve
        else:
            dense = torch.from_numpy(matrix.toarray()).to(device)
            self._inverse = torch.cholesky_inverse(torch.linalg.cholesky(dense))

    def __call__(self, right: Tensor) -> Tensor:
        """Return the solution, shaped like `right` [N, 3, B]."""
        flat = right.reshape(right.shape[0], -1)
        if self._device.type != "cpu":
            return (self._inverse @ flat).reshape(right.shape)
        solved = self._solve(np.ascontiguousarray(flat.numpy()))
        return torch.from_numpy(np.ascontiguousarray(solved)).reshape(right.shape)


def minimise(
    energy: Energy,
    x: Tensor,
    factored: Factored,
    *,
    tolerance: float,
    iterations: int,
    memory: int = 10,
) -> tuple[Tensor, int, Tensor]:
    """Return where `energy` is least near `x`.

    Args:
        energy: What to make small.
        x: [N, 3, B] first guess.
        factored: Constant part of the Hessian.
        tolerance: Frames whose largest step falls below this many mm are done.
        iterations: At most so many steps.
        memory: Pairs that L-BFGS remembers.

    Returns:
        Positions [N, 3, B], steps taken, and the last largest step [B] mm.
    """
    value, gradient = energy(x)
    pairs: list[tuple[Tensor, Tensor, Tensor]] = []
    size = torch.full_like(value, torch.inf)
    steps = 0
    for _ in range(iterations):
        direction = -_two_loop(gradient, pairs, factored)
        slope = dot(direction, gradient)
        uphill = slope >= 0
        if uphill.any():  # a stale history: start those frames anew
            plain = -factored(gradient)
            direction = torch.where(uphill, plain, direction)
            slope = dot(direction, gradient)
        # No node moves more than 4 mm in one step: keeps contacts in sight.
        longest = direction.norm(dim=1).amax(0)
        step = torch.clamp(4.0 / (longest + 1e-12), max=1.0)
        moved, new_value, new_gradient = x, value, gradient
        for _ in range(8):
            moved = x + step * direction
            new_value, new_gradient = energy(moved)
            # Written so that an energy that is not a number counts as too high.
            short = ~(new_value <= value + 1e-4 * step * slope + 1e-9 * value.abs())
            if not short.any():
                break
            step = torch.where(short, step * 0.5, step)
        else:  # no step along this direction helps: stay, and begin the history anew
            moved = torch.where(short, x, moved)
            new_value = torch.where(short, value, new_value)
            new_gradient = torch.where(short, gradient, new_gradient)
            stuck = bool(short.all())
            if stuck and not pairs:
                break
            if stuck:
                pairs.clear()
                steps += 1
                continue
        change = moved - x
        turn = new_gradient - gradient
        curve = dot(change, turn)
        good = curve > 1e-12
        pairs.append(
            (
                torch.where(good, change, torch.zeros_like(change)),
                torch.where(good, turn, torch.zeros_like(turn)),
                torch.where(good, 1 / curve.clamp(min=1e-12), torch.zeros_like(curve)),
            )
        )
        del pairs[:-memory]
        x, value, gradient = moved, new_value, new_gradient
        size = change.norm(dim=1).amax(0)
        steps += 1
        if bool((size < tolerance).all()):
            break
    return x, steps, size


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Return [B], the product of two [N, K, B] tensors summed over all but the frames."""
    if a.shape[-1] == 1:  # one long vector: several times as fast as a strided sum
        return torch.dot(a.reshape(-1), b.reshape(-1))[None]
    return torch.einsum("nb,nb->b", a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1]))


def _two_loop(
    gradient: Tensor, pairs: list[tuple[Tensor, Tensor, Tensor]], factored: Factored
) -> Tensor:
    """Return the L-BFGS inverse Hessian times `gradient`: Nocedal and Wright, algorithm 7.4."""
    q = gradient.clone()
    shares = []
    for change, turn, inverse in reversed(pairs):
        share = inverse * dot(change, q)
        q = q - share * turn
        shares.append(share)
    r = factored(q)
    for (change, turn, inverse), share in zip(pairs, reversed(shares), strict=True):
        r = r + (share - inverse * dot(turn, r)) * change
    return r
