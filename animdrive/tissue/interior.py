"""The coarse interior: fat, fascia, muscles and bone, brought to rest for what a frame asks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse

from animdrive.rig.surface import smoothstep
from animdrive.tissue.contact import BallContact, GridContact, LipContact
from animdrive.tissue.elastic import (
    Fibres,
    Limits,
    Linear,
    Pressure,
    SoftTissue,
    Springs,
    differences,
)
from animdrive.tissue.mesh import TissueMesh
from animdrive.tissue.minimise import Factored, dot, minimise

Tensor = torch.Tensor
Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InteriorConfig:
    """Stiffness of the interior, relative to the shear modulus of fat; lengths in mm.

    Fat is about 1 kPa, dermis some ten times that (Gerling et al. and Pailler-Mattei et al. give
    2-30 kPa by method); what counts here are the ratios.
    """

    bulk: float = 12.0
    """First Lamé constant of the tissue: how much it resists a change of volume."""
    small_mm3: float = 3.0
    """Elements below this are the stiffer, the smaller they are."""
    bone_normal: float = 2.0
    """Hold of the fascia on bone across it, per mm² of skin."""
    bone_along: float = 0.03
    """Hold along it: it slides."""
    tie: float = 4.0
    """Per mm² of skin, between the two halves of lips and cheeks."""
    fibre: float = 2500.0
    """Firmness of a muscle's fibre, per mm of length."""
    stretch: float = 0.35
    """Stretch beyond which the dermis stiffens."""
    stretch_stiffness: float = 8.0
    seal: float = 250.0
    """Of a pair of points across closed lips, per mm."""
    contact: float = 60.0
    """Of a node against teeth, eye or lip, per mm."""
    tolerance_mm: float = 0.004
    iterations: int = 45
    stages: int = 3
    """How often contact pairs are looked for anew in a frame."""


@dataclass(frozen=True, eq=False)
class Demand:
    """What B frames ask of the interior. M muscles."""

    contraction: Tensor
    """[M, B] shortening of every muscle, 0..0.6 of its rest length."""
    jaw_rotation: Tensor
    """[3, 3, B]."""
    jaw_shift: Tensor
    """[3, B] mm."""
    margins: Tensor
    """[K, 3, B] mm: where the lid margins' coarse vertices are."""
    gaze: tuple[Tensor, Tensor]
    """Unit vectors [3, B] of the left and right eye."""
    pressure: Tensor
    """[B] of the air in the mouth, against the shear modulus of fat."""
    seal: Tensor
    """[B] 0..1: how firmly the sphincter holds the lips together."""
    wall: Tensor
    """[B] 0..1: how much the lower teeth are a wall to the lip; 0 lets it be drawn in over them."""
    gape: Tensor
    """[R, B] 0..1: how much of each way of parting is left to lips that are held together."""

    @property
    def sealed(self) -> Tensor:
        """[B] 0..1: firmness of the seal, which like a muscle's comes on early."""
        return self.seal / (self.seal + Fibres.HALF)

    @property
    def batch(self) -> int:
        """B."""
        return int(self.pressure.shape[0])


class Interior:
    """The problem of one head, most of it assembled once."""

    def __init__(
        self,
        mesh: TissueMesh,
        *,
        fibres: Fibres,
        fibre_bone: tuple[Points, npt.NDArray[np.bool_]],
        margins: npt.NDArray[np.int64],
        teeth: tuple[GridContact, GridContact],
        eyes: tuple[BallContact, BallContact],
        lips: LipContact,
        seal: npt.NDArray[np.int64],
        bone_normals: Points,
        areas: npt.NDArray[np.float64],
        config: InteriorConfig,
        device: torch.device,
    ) -> None:
        """Assemble and factor; see `animdrive.tissue.assembly.assemble` for the pieces."""
        self.mesh, self.config, self.device = mesh, config, device
        self._fibres, self._teeth, self._eyes, self._lips = fibres, teeth, eyes, lips
        count = len(mesh.nodes)
        self.rest = torch.from_numpy(mesh.nodes).to(device)[:, :, None]
        share = torch.from_numpy(mesh.jaw_share).to(device)[:, None, None]
        self._share = share
        bone_points, on_jaw = fibre_bone
        self._bone_points = torch.from_numpy(bone_points).to(device)[:, :, None]
        self._on_jaw = torch.from_numpy(on_jaw.astype(np.float64)).to(device)[:, None, None]
        self._margins = torch.from_numpy(margins).to(device)
        # Small elements sit where lids, nostrils and lip corners fold: dense tissue, and a mesh
        # that must not turn over.
        size = np.clip((config.small_mm3 / mesh.volumes(mesh.nodes)) ** 0.75, 1, 15)
        self.tissue = SoftTissue(mesh, shear=size, bulk=config.bulk, device=device)
        rows = np.flatnonzero(mesh.bone > 0)
        area = areas[rows % mesh.skin_count]
        hold = torch.from_numpy(mesh.bone[rows] * area).to(device)[:, None, None]
        self._bone_rows = torch.from_numpy(rows).to(device)
        self._bone_normal = torch.from_numpy(bone_normals[rows % mesh.skin_count]).to(device)[
            :, :, None
        ]
        self._bone_hold = hold
        one, other = mesh.ties
        tied = one - other
        tie_area = areas[one.indices % mesh.skin_count]
        self._ties = Springs(
            tied, torch.from_numpy(config.tie * tie_area).to(device)[:, None, None]
        )
        self._tie_gap = torch.from_numpy(tied @ mesh.nodes).to(device)[:, :, None]
        edges = np.unique(
            np.sort(
                np.concatenate([mesh.skin_faces[:, p] for p in ([0, 1], [1, 2], [2, 0])]), axis=1
            ),
            axis=0,
        ).astype(np.int64)
        self._limits = Limits(
            edges,
            np.linalg.norm(mesh.nodes[edges[:, 0]] - mesh.nodes[edges[:, 1]], axis=1),
            count,
            stretch=config.stretch,
            stiffness=config.stretch_stiffness,
            device=device,
        )
        lined = mesh.skin_faces[mesh.lining[mesh.skin_faces].all(1)].astype(np.int64)
        # Lips are held to the teeth; it is the cheeks' pouches that fill.
        aside = np.abs(mesh.nodes[lined].mean(1)[:, 0]) / np.abs(mesh.nodes[seal, 0]).max()
        self._air = Pressure(lined, smoothstep(0.75, 1.15, aside), device)
        self._across = differences(seal[:, ::-1], count)
        self._seal = Linear(self._across, device)
        self._closed = torch.from_numpy(self._across @ mesh.nodes).to(device)[:, :, None]
        self._open = torch.zeros_like(self._closed)
        system = (
            self.tissue.matrix.T
            @ sparse.diags(np.tile(self.tissue.weights, 3))
            @ (self.tissue.matrix)
        )
        held = np.zeros(count)
        held[rows] = mesh.bone[rows] * area * (config.bone_along + config.bone_normal / 3)
        for contact in (*teeth, *eyes):
            held[contact.nodes.cpu().numpy()] += 0.05 * config.contact
        system = system + sparse.diags(held)
        system = system + tied.T @ sparse.diags(config.tie * tie_area) @ tied
        free = np.flatnonzero(~mesh.fixed)
        self._free = torch.from_numpy(free).to(device)
        self._system = system.tocsr()[free][:, free]
        self._pulls = fibres.matrix[:, :count].tocsc()[:, free].tocsr()
        self._joins = self._across.tocsc()[:, free].tocsr()

    def _factored(self, demand: Demand) -> Factored:
        """Factor the constant part of the Hessian with the muscles that now pull.

        A muscle is many times as firm as fat; with the few that act in a frame in the matrix a
        frame takes a third of the steps, and factoring costs as much as three of them.
        """
        firm = self._fibres.firmness(demand.contraction).mean(1).cpu().numpy()
        seal = float(self._seal_firmness(demand).mean())
        system = self._system + self._pulls.T @ sparse.diags(0.3 * firm) @ self._pulls
        if seal > 0:
            system = system + 0.5 * seal * self._joins.T @ self._joins
        return Factored(system, self.device)

    def _seal_firmness(self, demand: Demand) -> Tensor:
        return self.config.seal * demand.sealed

    def learn_gapes(self, opened: list[Tensor]) -> None:
        """Remember how far lips part in R ways, from the solutions [N, 3, 1]."""
        self._open = torch.cat([self._seal(x) - self._closed for x in opened], dim=-1)

    def bone(self, demand: Demand) -> Tensor:
        """Return [N, 3, B] mm: every node as if it were part of the bone beneath."""
        moved = (
            torch.einsum(
                "ijb,njb->nib", demand.jaw_rotation, self.rest.expand(-1, -1, demand.batch)
            )
            + demand.jaw_shift
        )
        return self.rest + self._share * (moved - self.rest)

    def guess(self, demand: Demand, before: tuple[Tensor, Demand] | None) -> Tensor:
        """Return a first guess [N, 3, B]: the frames `before`, carried on by bone and lids."""
        target = self.bone(demand)
        if before is None:
            return target
        x, last = before
        return x + target - self.bone(last)

    def solve(self, demand: Demand, start: Tensor) -> tuple[Tensor, int, Tensor]:
        """Return positions [N, 3, B] mm in which all forces balance, steps taken, last step [B].

        Args:
            demand: What the frames ask.
            start: [N, 3, B] first guess.
        """
        config = self.config
        target = self.bone(demand)
        held = target[self._bone_rows]
        points = self._bone_points.expand(-1, -1, demand.batch)
        carried = torch.einsum("ijb,njb->nib", demand.jaw_rotation, points) + demand.jaw_shift
        points = points + self._on_jaw * (carried - points)
        firm = self._seal_firmness(demand)
        factored = self._factored(demand)
        gap = self._closed + torch.einsum(
            "kir,rb->kib", self._open.expand(-1, -1, len(demand.gape)), demand.gape
        )
        still = torch.eye(3, dtype=start.dtype, device=self.device)[:, :, None]
        still = still.expand(-1, -1, demand.batch)
        none = torch.zeros_like(demand.jaw_shift)

        whole = target.clone()
        whole[self._margins] = demand.margins
        planes = self._lips.update(start)

        def energy(free: Tensor) -> tuple[Tensor, Tensor]:
            x = whole.clone()
            x[self._free] = free
            total, gradient = self.tissue.energy(x)
            away = x[self._bone_rows] - held
            across = (away * self._bone_normal).sum(1, keepdim=True)
            force = self._bone_hold * (
                config.bone_along * away + config.bone_normal * across * self._bone_normal
            )
            total = total + 0.5 * dot(force, away)
            gradient.index_add_(0, self._bone_rows, force)
            for more, push in (
                self._ties.energy(x, self._tie_gap),
                self._limits.energy(x),
                self._air.energy(x, demand.pressure),
            ):
                total, gradient = total + more, gradient + push
            more, push = self._fibres.energy(torch.cat([x, points]), demand.contraction)
            total, gradient = total + more, gradient + push[: len(x)]
            apart = self._seal(x) - gap
            force = firm * apart
            total = total + 0.5 * dot(force, apart)
            gradient = gradient + self._seal.back(force)
            total = total + self._teeth[0].energy(x, gradient, still, none)
            total = total + self._teeth[1].energy(
                x, gradient, demand.jaw_rotation, demand.jaw_shift, demand.wall
            )
            for eye, gaze in zip(self._eyes, demand.gaze, strict=True):
                total = total + eye.energy(x, gradient, gaze)
            total = total + self._lips.energy(x, gradient, planes)
            return total, gradient[self._free]

        free = start[self._free]
        taken = 0
        size = torch.full_like(demand.pressure, torch.inf)
        for stage in range(config.stages):
            free, steps, size = minimise(
                energy,
                free,
                factored,
                tolerance=config.tolerance_mm,
                iterations=config.iterations // config.stages,
            )
            taken += steps
            whole_now = whole.clone()
            whole_now[self._free] = free
            if stage + 1 < config.stages:
                planes = self._lips.update(whole_now)
        return whole_now, taken, size
