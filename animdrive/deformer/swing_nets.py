"""`Swing` while it is learned: unrolled through stretches of film, in torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from animdrive.contract.checks import FloatArray
from animdrive.deformer.cloth import ClothConfig
from animdrive.deformer.data import Rows
from animdrive.deformer.swing import GRAVITY, Edges, Swing

Tensor = torch.Tensor

_LEAST_DAMPING, _LEAST_STIFFNESS = 0.02, 0.01
_NEIGHBOURS_DAMP, _NEIGHBOURS_PULL = 0.2, 0.5
"""Sums of dampers and springs between a mass and its neighbours, at most."""
_SAFE = 0.98
"""Of what the conditions of `swing` allow."""
_START = 0.25
_GAIN = torch.tensor([1.0, 0.2, 1.0])[:, None, None]
"""Units of the gains, by how large the drives are."""


@dataclass(frozen=True, eq=False)
class Films:
    """All frames, one take under the other. N frames, A masses."""

    places: FloatArray
    """[N, A, 3] metres of the quasi-static skin, head unrotated."""
    missed: FloatArray
    """[N, A, 3] metres from there to the skin that was captured."""
    head: FloatArray
    """[N, 4, 4]"""


class SwingNet(torch.nn.Module):
    """Properties of all masses and edges, as free numbers: whatever they are, it is stable."""

    def __init__(self, edges: Edges, normals: FloatArray, *, seed: int) -> None:
        """Start alike everywhere, a little apart at random, and driven by nothing."""
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        masses = len(normals)

        def about(count: int) -> torch.nn.Parameter:
            start = float(np.log(_START / (1 - _START)))
            return torch.nn.Parameter(start + 0.01 * torch.randn(count, generator=rng))

        self.damping, self.stiffness = about(masses), about(masses)
        self.dampers, self.springs = about(len(edges)), about(len(edges))
        self.gains = torch.nn.Parameter(torch.zeros(3, 2, masses))
        number = np.maximum(np.bincount(edges.reshape(-1), minlength=masses), 1)
        part = (1 / number[edges].max(axis=1)).astype(np.float32)
        self._edges, self._normals = edges, normals
        self.register_buffer("ends", torch.from_numpy(edges.T.astype(np.int64)))
        self.register_buffer("part", torch.from_numpy(part))
        self.register_buffer("facing", torch.from_numpy(normals))
        self.register_buffer("number", torch.from_numpy(number.astype(np.float32)))

    def properties(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return damping [A], stiffness [A], dampers [E] and springs [E]."""
        part: Tensor = self.part  # type: ignore[assignment]
        dampers = _NEIGHBOURS_DAMP * torch.sigmoid(self.dampers) * part
        springs = _NEIGHBOURS_PULL * torch.sigmoid(self.springs) * part
        damper, spring = self._degrees(dampers), self._degrees(springs)
        room = _SAFE - 2 * damper - _LEAST_DAMPING
        damping = _LEAST_DAMPING + room * torch.sigmoid(self.damping)
        room = _SAFE * (4 - 2 * (damping + 2 * damper)) - 2 * spring - _LEAST_STIFFNESS
        # Half of the room makes a mass follow at once; more would make it ring.
        stiffness = _LEAST_STIFFNESS + room * torch.sigmoid(self.stiffness)
        return damping, stiffness, dampers, springs

    def scaled_gains(self) -> Tensor:
        """Return [3, 2, A]."""
        return _GAIN.to(self.gains) * self.gains

    def swing(self) -> Swing:
        """Return the system as it is now."""
        with torch.no_grad():
            found = [value.cpu().numpy().copy() for value in self.properties()]
            gains = self.scaled_gains().cpu().numpy().copy()
        damping, stiffness, dampers, springs = found
        return Swing(
            edges=self._edges,
            stiffness=stiffness,
            damping=damping,
            springs=springs,
            dampers=dampers,
            gains=gains,
            normals=self._normals,
        )

    def loss(
        self,
        films: Films,
        takes: list[Rows],
        config: ClothConfig,
        rng: np.random.Generator,
        device: str,
    ) -> Tensor:
        """Return how wrong the swing is in stretches of film that are drawn, mm²."""
        frames = min(config.frames, min(take.stop - take.start for take in takes))
        length = np.array([take.stop - take.start for take in takes], dtype=np.float64)
        drawn = rng.choice(len(takes), config.batch, p=length / length.sum())
        first = np.array([takes[i].start + rng.integers(length[i] - frames + 1) for i in drawn])
        begin = np.array([takes[i].start for i in drawn])
        # Two frames before the first tell its velocity; before a take's first all was still.
        rows = np.maximum(first[:, None] + np.arange(-2, frames), begin[:, None])
        turn = films.head[rows][:, :, :3, :3]
        world = np.einsum("blij,blaj->blai", turn, films.places[rows])
        world += films.head[rows][:, :, None, :3, 3]
        truth = np.einsum("blij,blaj->blai", turn, films.missed[rows])

        def laid(x: FloatArray) -> Tensor:
            flat = np.ascontiguousarray(x.transpose(1, 2, 0, 3), dtype=np.float32)
            return torch.from_numpy(flat).to(device)

        centred = world - world.mean(axis=(1, 2), keepdims=True)  # metres are too coarse in 32 bits
        places, wanted = 1e3 * laid(centred), 1e3 * laid(truth)
        turns = torch.from_numpy(np.ascontiguousarray(turn.transpose(1, 0, 2, 3))).to(device)
        found = self._unrolled(places, turns)
        late = min(config.warm_up, frames - 3)
        off = (found - wanted[2:])[late:]
        total = off.square().sum(dim=3).mean()
        if config.inertia:
            jerk = off[2:] - 2 * off[1:-1] + off[:-2]
            total = total + config.inertia * jerk.square().sum(dim=3).mean()
        if config.bending:
            bent = torch.stack([self._umbrella(x) for x in off[::3]])
            total = total + config.bending * bent.square().sum(dim=3).mean()
        if config.stretch and len(self._edges):
            now, then = (
                places[2:][late:][::3] + found[late:][::3],
                (places + wanted)[2:][late:][::3],
            )
            total = (
                total + config.stretch * (self._lengths(now) - self._lengths(then)).square().mean()
            )
        return total + config.smooth * self._unevenness()

    def _unrolled(self, places: Tensor, turns: Tensor) -> Tensor:
        """Return [L, A, B, 3] mm for `places` [L + 2, A, B, 3] and `turns` [L + 2, B, 3, 3]."""
        damping, stiffness, dampers, springs = self.properties()
        damping, stiffness = damping[:, None, None], stiffness[:, None, None]
        drive = self._drive(places, turns)
        u = w = torch.zeros_like(places[0])
        found = []
        for push in drive:
            step = u - w
            pull = damping * step + stiffness * u + self._between(dampers, step, springs, u)
            u, w = u + step - pull + push, u
            found.append(u)
        return torch.stack(found)

    def _drive(self, places: Tensor, turns: Tensor) -> Tensor:
        """Return [L, A, B, 3] mm of drive in the world; see `swing.driven`."""
        now, one, two, turn = places[2:], places[1:-1], places[:-2], turns[2:]
        facing: Tensor = self.facing  # type: ignore[assignment]
        across = torch.einsum("lbij,aj->labi", turn, facing)
        down = torch.from_numpy(1e3 * GRAVITY).to(places)
        tilt = (down - turn @ down)[:, None].expand_as(now)
        drive = torch.zeros_like(now)
        gains = self.scaled_gains()[:, :, None, :, None, None]
        for gain, push in zip(gains, (now - 2 * one + two, now - one, tilt), strict=True):
            normal = across * (across * push).sum(dim=3, keepdim=True)
            drive = drive + gain[0] * (push - normal) + gain[1] * normal
        return drive

    def _between(self, dampers: Tensor, step: Tensor, springs: Tensor, u: Tensor) -> Tensor:
        """Return [A, B, 3] what neighbours pull."""
        i, j = self._ends()
        pull = dampers[:, None, None] * (step[i] - step[j]) + springs[:, None, None] * (u[i] - u[j])
        return torch.zeros_like(u).index_add(0, i, pull).index_add(0, j, -pull)

    def _umbrella(self, x: Tensor) -> Tensor:
        i, j = self._ends()
        apart = x[i] - x[j]
        total = torch.zeros_like(x).index_add(0, i, apart).index_add(0, j, -apart)
        return total / self.number[:, None, None]  # type: ignore[index]

    def _lengths(self, places: Tensor) -> Tensor:
        i, j = self._ends()
        return ((places[:, i] - places[:, j]).square().sum(dim=3) + 1e-6).sqrt()

    def _unevenness(self) -> Tensor:
        i, j = self._ends()
        if not len(i):
            return torch.zeros((), device=self.gains.device)
        rows = torch.cat([self.damping[None], self.stiffness[None], self.gains.flatten(0, 1)])
        return (rows[:, i] - rows[:, j]).square().sum(dim=0).mean()

    def _degrees(self, weights: Tensor) -> Tensor:
        i, j = self._ends()
        total = torch.zeros_like(self.damping)
        return total.index_add(0, i, weights).index_add(0, j, weights)

    def _ends(self) -> tuple[Tensor, Tensor]:
        ends: Tensor = self.ends  # type: ignore[assignment]
        return ends[0], ends[1]
