"""The fine skin on the coarse interior: a stiff film on a soft bed, with folds and contacts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse

from animdrive.rig.normals import vertex_normals
from animdrive.rig.surface import Points, cotangent_laplacian, edges_of, loop_subdivision
from animdrive.rig.topology import SkinTopology
from animdrive.tissue.contact import BallContact, GridContact, LipContact
from animdrive.tissue.creases import Folds
from animdrive.tissue.elastic import Linear, differences, squared
from animdrive.tissue.minimise import Factored, dot, minimise

Tensor = torch.Tensor


@dataclass(frozen=True)
class SurfaceConfig:
    """Stiffness of the skin relative to its bed's, and how far a frame is solved; mm."""

    bed: float = 1.0
    """Pull of the interior on the skin, per mm² and mm."""
    bending: float = 2.0
    """Resistance to bending; with `bed` it sets how short a wave the skin can make,
    2π (bending / bed)^¼ mm."""
    stretching: float = 2.5
    """Resistance of the film to changes of length, per mm of edge."""
    contact: float = 60.0
    seal: float = 60.0
    """Of a pair of points across closed lips, per mm: the film alone would part what the interior
    holds together."""
    tolerance_mm: float = 0.003
    iterations: int = 36
    stages: int = 3


class Surface:
    """The prefactored problem of one head's skin. V vertices."""

    def __init__(
        self,
        skin: Points,
        topology: SkinTopology,
        *,
        held: npt.NDArray[np.bool_],
        folds: Folds,
        teeth: tuple[GridContact, GridContact],
        eyes: tuple[BallContact, BallContact],
        lips: LipContact,
        seal: npt.NDArray[np.int64],
        config: SurfaceConfig,
        device: torch.device,
    ) -> None:
        """Assemble and factor.

        Args:
            skin: [V, 3] mm at rest.
            topology: Its connections.
            held: [V] vertices that are not solved for.
            folds: Where it creases.
            teeth: Upper and lower, for vertices of this skin.
            eyes: Left and right, likewise.
            lips: Likewise.
            seal: [K, 2] vertices that face one another across closed lips.
            config: Stiffness.
            device: Where to compute.
        """
        self.config, self.device, self._folds = config, device, folds
        self._teeth, self._eyes, self._lips = teeth, eyes, lips
        self.faces = topology.faces[2]
        coarse = topology.faces[1]
        count = len(skin)
        self.rest = skin
        matrix, _ = loop_subdivision(topology.counts[1], coarse)
        self._up = matrix.tocsr()
        stiffness, area = cotangent_laplacian(skin, self.faces)
        self._laplacian = (sparse.diags(1 / area) @ stiffness).tocsr()
        signs = differences(edges_of(self.faces)[0], count)
        across = differences(seal[:, ::-1], count)
        lengths = np.linalg.norm(signs @ skin, axis=1)
        # A film's edges carry as much as the strip of skin beside them is wide.
        pull = config.stretching / np.maximum(lengths, 0.3)
        free = np.flatnonzero(~held)
        self._free = torch.from_numpy(free).to(device)
        self._movable = torch.from_numpy(~held).to(device)
        self._frames = _Frames(skin, self.faces)
        self._bend = Linear(self._laplacian, device)
        self._bend_weight = torch.from_numpy(config.bending * area).to(device)[:, None, None]
        self._bed = torch.from_numpy(config.bed * area).to(device)[:, None, None]
        self._way = Linear(signs, device)
        self._length = torch.from_numpy(lengths).to(device)[:, None]
        self._pull = torch.from_numpy(pull).to(device)[:, None]
        held_by = config.bed * area
        for contact in (*teeth, *eyes):
            held_by[contact.nodes.cpu().numpy()] += 0.02 * config.contact
        system = (
            sparse.diags(held_by)
            + self._laplacian.T @ sparse.diags(config.bending * area) @ self._laplacian
            + signs.T @ sparse.diags(0.6 * pull) @ signs
        )
        self._open = Factored(system.tocsr()[free][:, free], device)
        sealed = system + 0.5 * config.seal * across.T @ across
        self._sealed = Factored(sealed.tocsr()[free][:, free], device)
        self._seal = Linear(across, device)

    def base(self, coarse: Tensor, coarse_rest: Points) -> Points:
        """Return [V, 3] mm: the interior's skin `coarse` [S, 3] mm carried to the fine level."""
        moved = coarse.cpu().numpy() - coarse_rest[: len(coarse)]
        return np.asarray(self.rest + self._up @ moved)

    def offset(self, skin: Tensor, bases: list[Points]) -> Tensor:
        """Return how far `skin` [V, 3, B] stands off its `bases`, to start the next frame from."""
        return skin - torch.from_numpy(np.stack(bases, axis=-1)).to(self.device)

    def solve(
        self,
        bases: list[Points],
        *,
        given: npt.NDArray[np.int64],
        places: Tensor,
        jaw: tuple[Tensor, Tensor],
        wall: Tensor,
        seal: tuple[Tensor, Tensor],
        gaze: tuple[Tensor, Tensor],
        start: Tensor | None,
    ) -> tuple[Tensor, int]:
        """Return the skin [V, 3, B] mm and the steps taken.

        Args:
            bases: B times [V, 3] mm, from `base`.
            given: [K] vertices whose places are known (lids' rings).
            places: [K, 3, B] mm.
            jaw: Rotation [3, 3, B] and shift [3, B] mm of the mandible.
            wall: [B] how much the lower teeth are a wall to the lip, see `Demand`.
            seal: Firmness [B] 0..1, and the way [K, 3, B] mm from lower to upper lip of every pair.
            gaze: Unit vectors [3, B] of left and right eye.
            start: [V, 3, B] offsets from the bases to start from, such as the last frame's.
        """
        config = self.config
        folded, turned = [], []
        rest_bend = np.asarray(self._laplacian @ self.rest)
        for b, base in enumerate(bases):
            height = self._folds.heights(base)
            normal = vertex_normals(base, self.faces).astype(np.float64)
            target = base + height[:, None] * normal
            target[given] = places[:, :, b].cpu().numpy()
            folded.append(target)
            frames = self._frames.of(base)
            bend = np.einsum("vij,vj->vi", frames, rest_bend)
            bend += self._laplacian @ (height[:, None] * normal)
            turned.append(bend)
        bed = torch.from_numpy(np.stack(folded, axis=-1)).to(self.device)
        bend = torch.from_numpy(np.stack(turned, axis=-1)).to(self.device)
        still = torch.eye(3, dtype=bed.dtype, device=self.device)[:, :, None]
        still = still.expand(-1, -1, bed.shape[2])
        none = torch.zeros_like(jaw[1])
        first = bed
        if start is not None:
            first = torch.from_numpy(np.stack(bases, axis=-1)).to(self.device) + start
        planes = self._lips.update(first)

        def energy(free: Tensor) -> tuple[Tensor, Tensor]:
            x = bed.clone()
            x[self._free] = free
            away = x - bed
            force = self._bed * away
            total = 0.5 * dot(force, away)
            off = self._bend(x) - bend
            weighted = self._bend_weight * off
            total = total + 0.5 * dot(weighted, off)
            gradient = force + self._bend.back(weighted)
            way = self._way(x)
            length = torch.sqrt(squared(way) + 1e-12)
            over = length - self._length
            push = self._pull * over
            total = total + 0.5 * (push * over).sum(0)
            gradient = gradient + self._way.back(way * (push / length)[:, None])
            apart = self._seal(x) - seal[1]
            hold = config.seal * seal[0] * apart
            total = total + 0.5 * dot(hold, apart)
            gradient = gradient + self._seal.back(hold)
            total = total + self._teeth[0].energy(x, gradient, still, none)
            total = total + self._teeth[1].energy(x, gradient, *jaw, wall)
            for eye, look in zip(self._eyes, gaze, strict=True):
                total = total + eye.energy(x, gradient, look)
            total = total + self._lips.energy(x, gradient, planes)
            return total, gradient[self._free]

        free = first[self._free]
        taken = 0
        for stage in range(config.stages):
            free, steps, _ = minimise(
                energy,
                free,
                self._sealed if bool((seal[0] > 0).any()) else self._open,
                tolerance=config.tolerance_mm,
                iterations=config.iterations // config.stages,
            )
            taken += steps
            whole = bed.clone()
            whole[self._free] = free
            if stage + 1 < config.stages:
                planes = self._lips.update(whole)
        # What stiff contacts still give way to, a tenth of a millimetre or so, is taken back.
        for _ in range(2):
            self._teeth[0].push_out(whole, still, none)
            self._teeth[1].push_out(whole, *jaw, wall)
        for eye, look in zip(self._eyes, gaze, strict=True):
            eye.push_out(whole, look)
        whole[~self._movable] = bed[~self._movable]
        return whole, taken


class _Frames:
    """How each vertex's surroundings have turned against rest."""

    def __init__(self, skin: Points, faces: npt.NDArray[np.int32]) -> None:
        self._faces = faces
        edges, _ = edges_of(faces)
        both = np.concatenate([edges, edges[:, ::-1]])
        # The neighbours' mean way along the height or, where the skin faces up or down, along the
        # depth: a direction that is the same on both sides of the face.
        normal = vertex_normals(skin, faces)
        axis = np.where(np.abs(normal[:, 1]) < 0.8, 1, 2)
        way = skin[both[:, 1]] - skin[both[:, 0]]
        weight = way[np.arange(len(both)), axis[both[:, 0]]]
        count = len(skin)
        spread = sparse.csr_matrix((weight, (both[:, 0], both[:, 1])), shape=(count, count))
        own = sparse.diags(np.asarray(spread.sum(1)).ravel())
        self._along = (spread - own).tocsr()
        self._rest = self._axes(skin)

    def _axes(self, points: Points) -> Points:
        normal = vertex_normals(points, self._faces).astype(np.float64)
        way = self._along @ points
        way -= (way * normal).sum(1, keepdims=True) * normal
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
        return np.stack([way, np.cross(normal, way), normal], axis=2)

    def of(self, points: Points) -> Points:
        """Return rotations [V, 3, 3] from rest to `points` [V, 3]."""
        return np.asarray(self._axes(points) @ self._rest.transpose(0, 2, 1))
