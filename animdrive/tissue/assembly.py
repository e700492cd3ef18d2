"""A character's tissue put together: mesh, muscles, bones and contacts of one head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse

from animdrive.contract import Character
from animdrive.rig.normals import vertex_normals
from animdrive.rig.topology import SkinTopology
from animdrive.tissue.bones import Mandible, mandible_of, soft_tissue_depth
from animdrive.tissue.contact import BallContact, GridContact, LipContact, walled
from animdrive.tissue.dental import DentalBody, dental_bodies
from animdrive.tissue.elastic import Fibres
from animdrive.tissue.embed import embedded
from animdrive.tissue.interior import Interior, InteriorConfig
from animdrive.tissue.lids import CORNEA_MM, CORNEA_RAD, Lids
from animdrive.tissue.mesh import MM, TissueMesh, build_mesh

if TYPE_CHECKING:
    from animdrive.tissue.muscles import Muscle

Index = npt.NDArray[np.int64]
Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """One head's tissue, ready to be driven."""

    mesh: TissueMesh
    interior: Interior
    mandible: Mandible
    lids: tuple[Lids, Lids]
    """Left, right."""
    margins: tuple[Index, Index]
    """Rows of each eye's first ring that are coarse vertices."""
    teeth: tuple[DentalBody, ...]
    """Upper and lower."""
    muscles: tuple[str, ...]
    """M names, the rows of `Demand.contraction`."""


def jaw_share(character: Character, skin: Points, mandible: Mandible) -> Points:
    """Return [V] how far each vertex lies over the mandible rather than the skull, 0..1."""
    rotation, shift = mandible.motion([1.0], ["jawOpen"])
    full = skin @ rotation.T + shift - skin
    moved = character.rig.delta("jawOpen")[: len(skin)].astype(np.float64)
    share = (full * moved).sum(1) / np.maximum((full**2).sum(1), 1e-12)
    return np.asarray(np.clip(share, 0, 1))


def assemble(
    character: Character,
    topology: SkinTopology,
    muscles: Sequence[Muscle],
    *,
    config: InteriorConfig | None = None,
    device: torch.device | None = None,
) -> Anatomy:
    """Return the tissue of `character`, whose skin has our `topology`."""
    config = config or InteriorConfig()
    device = device or torch.device("cpu")
    total = topology.counts[-1]
    skin = character.rig.neutral.vertices[:total].astype(np.float64)
    mandible = mandible_of(character)
    mesh = build_mesh(
        skin,
        topology,
        depth=soft_tissue_depth(skin, topology),
        jaw_share=jaw_share(character, skin, mandible),
    )
    count = mesh.skin_count
    rest = torch.from_numpy(mesh.nodes).to(device)[:, :, None]
    fibres, bone = _fibres(mesh, muscles, config, device)
    lids, margins, coarse = [], [], []
    for side, centre in zip(("left", "right"), character.eye_pivots, strict=True):
        eye = character.part(f"eye_{side}").vertices
        # The back half of an eyeball is a plain ball.
        around = character.rig.neutral.vertices[eye] - centre
        radius = float(np.median(np.linalg.norm(around, axis=1)))
        lids.append(Lids(skin, topology, side, centre.astype(np.float64), radius))
        ring = topology.rings[f"eye_{side}_0"]
        rows = np.flatnonzero(ring < count)
        margins.append(rows)
        coarse.append(ring[rows].astype(np.int64))
    eyes = tuple(
        BallContact(
            lid.centre,
            lid.radius,
            CORNEA_MM,
            CORNEA_RAD,
            _near_eye(mesh, lid),
            rest[_near_eye(mesh, lid)],
            stiffness=config.contact,
            clearance=0.3,
        )
        for lid in lids
    )
    bodies = dental_bodies(character)
    lining = np.flatnonzero(mesh.lining & ~mesh.fixed[:count])
    teeth = tuple(
        dental_contact(body, lining, rest[lining], stiffness=config.contact) for body in bodies
    )
    return Anatomy(
        mesh=mesh,
        interior=Interior(
            mesh,
            fibres=fibres,
            fibre_bone=bone,
            margins=np.concatenate(coarse),
            teeth=(teeth[0], teeth[1]),
            eyes=(eyes[0], eyes[1]),
            lips=_lips(mesh, topology, config),
            seal=seal_pairs(topology, count),
            bone_normals=vertex_normals(mesh.nodes[:count], topology.faces[1]).astype(np.float64),
            areas=vertex_areas(mesh.nodes[:count], topology.faces[1]),
            config=config,
            device=device,
        ),
        mandible=mandible,
        lids=(lids[0], lids[1]),
        margins=(margins[0], margins[1]),
        teeth=bodies,
        muscles=tuple(muscle.name for muscle in muscles),
    )


def vertex_areas(points: Points, faces: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Return [V] a third of the area of every triangle around each vertex."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.asarray(np.bincount(faces.ravel(), np.repeat(area, 3), len(points)), dtype=float)


WALL_MM = 5.0
"""How far the lower teeth's body is carried on upwards for lips to slide along."""


def contact_grid(body: DentalBody) -> tuple[Points, Points, Points]:
    """Return what lips and cheeks feel of one jaw: distances [X, Y, Z] mm, walled ones, origin.

    Moved by half a step along x: the middle plane then runs through the middle of cells, where a
    trilinear gradient points neither left nor right.
    """
    grid = (body.grid[1:] + body.grid[:-1]) / 2 / MM
    origin = body.origin / MM + np.array([body.spacing / MM / 2, 0.0, 0.0])
    if body.jaw == "upper":
        return grid, grid, origin
    return grid, walled(grid, round(WALL_MM * MM / body.spacing)), origin


def dental_contact(
    body: DentalBody, nodes: Index, rest: torch.Tensor, *, stiffness: float
) -> GridContact:
    """Return the contact of `nodes` [K], at `rest` [K, 3, 1] mm, with one jaw."""
    grid, wall, origin = contact_grid(body)
    return GridContact(
        grid,
        origin,
        body.spacing / MM,
        nodes,
        rest,
        stiffness=stiffness,
        clearance=0.1,
        wall=wall if body.jaw == "lower" else None,
    )


def _near_eye(mesh: TissueMesh, lid: Lids) -> Index:
    away = np.linalg.norm(mesh.nodes - lid.centre, axis=1)
    return np.flatnonzero((away < lid.radius + 7) & ~mesh.fixed)


def _lips(mesh: TissueMesh, topology: SkinTopology, config: InteriorConfig) -> LipContact:
    count = mesh.skin_count
    upper, lower = lip_sides(topology, count)
    faces = topology.faces[1].astype(np.int64)
    return LipContact(
        upper,
        lower,
        faces[np.isin(faces, upper).all(1)],
        faces[np.isin(faces, lower).all(1)],
        topology.faces[1],
        mesh.nodes[:count],
        stiffness=config.contact,
    )


SEAL_RINGS = ("lips_inner", "mouth_1")
"""Rings that touch across the closed lips."""


def seal_pairs(topology: SkinTopology, count: int) -> Index:
    """Return [K, 2] upper and lower vertices below `count` that touch; corners are left out."""
    pairs = []
    for name in SEAL_RINGS:
        ring = topology.rings[name]
        for step in range(1, len(ring) // 2):
            upper, lower = int(ring[step]), int(ring[-step])
            if upper < count and lower < count:
                pairs.append((upper, lower))
    return np.array(pairs)


LIP_RINGS = ("lips_outer", "lips_middle", "lips_near", "lips_inner", "mouth_1", "mouth_2")


def lip_sides(topology: SkinTopology, count: int) -> tuple[Index, Index]:
    """Return the vertices below `count` of the upper and the lower lip, corners left out."""
    upper, lower = set[int](), set[int]()
    for name in LIP_RINGS:
        ring = topology.rings[name]
        half = len(ring) // 2
        # A ring runs from the right corner over the upper lip to the left corner and back.
        upper |= {int(v) for v in ring[1:half] if v < count}
        lower |= {int(v) for v in ring[half + 1 :] if v < count}
    # Vertices between two rings belong to the side of their neighbours.
    faces = topology.faces[1] if count == topology.counts[1] else topology.faces[-1]
    ends = {int(topology.rings[n][k]) for n in LIP_RINGS for k in (0, len(topology.rings[n]) // 2)}
    for side in (upper, lower):
        touched = faces[np.isin(faces, list(side)).sum(1) >= 2]
        side |= set(touched.ravel().tolist()) - upper - lower - ends
    return np.array(sorted(upper)), np.array(sorted(lower))


def _fibres(
    mesh: TissueMesh, muscles: Sequence[Muscle], config: InteriorConfig, device: torch.device
) -> tuple[Fibres, tuple[Points, npt.NDArray[np.bool_]]]:
    """Return all muscles' segments, and the points of bone [P, 3] mm that they hang on."""
    places: list[Points] = []
    bone: list[Points] = []
    on_jaw: list[bool] = []
    start: list[int] = []
    end: list[int] = []
    owner: list[int] = []
    share: list[float] = []
    for number, muscle in enumerate(muscles):
        for fibre in muscle.fibres:
            line = fibre / MM
            first = len(places)
            hung = muscle.origin != "soft"
            ids = []
            for k, point in enumerate(line):
                if k == 0 and hung:
                    ids.append(-1 - len(bone))
                    bone.append(point)
                    on_jaw.append(muscle.origin == "mandible")
                else:
                    ids.append(first)
                    first += 1
                    places.append(point)
            pairs = list(pairwise(ids))
            if muscle.closed:
                pairs.append((ids[-1], ids[0]))
            for a, b in pairs:
                start.append(a)
                end.append(b)
                owner.append(number)
                share.append(1.0 / len(muscle.fibres))
    blend = embedded(mesh, np.array(places))
    anchored = np.array(bone).reshape(-1, 3)
    nodes = sparse.block_diag([blend, sparse.eye(len(anchored))], format="csr")

    def rows(ids: list[int]) -> Index:
        index = np.array(ids)
        return np.where(index >= 0, index, len(places) + (-1 - index))

    first, last = nodes[rows(start)], nodes[rows(end)]
    everything = np.concatenate([mesh.nodes, anchored])
    lengths = np.linalg.norm((last - first) @ everything, axis=1)
    keep = lengths > 0.3
    fibres = Fibres(
        first[keep],
        last[keep],
        np.array(owner)[keep],
        lengths[keep],
        stiffness=config.fibre * np.array(share)[keep] * 4.0,
        device=device,
    )
    return fibres, (anchored, np.array(on_jaw, dtype=bool))
