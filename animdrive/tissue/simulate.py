"""Curves to simulated skin: the interior, then the surface on it, frame after frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.errors import ContractError, WeightsError
from animdrive.files import write_bytes
from animdrive.rig.surface import Points
from animdrive.rig.topology import SkinTopology, load_topology
from animdrive.tissue.assembly import (
    SEAL_RINGS,
    Anatomy,
    assemble,
    dental_contact,
    lip_sides,
    seal_pairs,
)
from animdrive.tissue.bodies import Bodies
from animdrive.tissue.contact import BallContact, LipContact
from animdrive.tissue.creases import Folds
from animdrive.tissue.drive import OPENINGS, Driver
from animdrive.tissue.interior import Demand, InteriorConfig
from animdrive.tissue.lids import CORNEA_MM, CORNEA_RAD
from animdrive.tissue.lip_fibres import compressors
from animdrive.tissue.mesh import MM
from animdrive.tissue.muscles import Muscle, muscles_of
from animdrive.tissue.surface import Surface, SurfaceConfig
from animdrive.weights import load_arrays

Tensor = torch.Tensor


def simulator_for(
    character: Character,
    *,
    config: TissueConfig | None = None,
    device: torch.device | None = None,
) -> TissueSimulator:
    """Return a simulator of `character` with the muscles' strengths that animdrive ships.

    Raises:
        WeightsError: weights/tissue.safetensors is missing, altered or for other muscles.
    """
    muscles = tuple(muscle.name for muscle in muscles_with_lips(character, load_topology()))
    gains = load_gains(character.rig.names, muscles)
    return TissueSimulator(character, gains, config=config, device=device)


def muscles_with_lips(character: Character, topology: SkinTopology) -> tuple[Muscle, ...]:
    """Return every muscle of a head that the simulation drives."""
    whole = character.rig.neutral.vertices.astype(np.float64)
    return (*muscles_of(whole, topology), *compressors(whole, topology))


def gain_rows(character: Character) -> int:
    """Return M + 1, the rows of gains that `character` needs."""
    return len(muscles_with_lips(character, load_topology())) + 1


def load_gains(names: tuple[str, ...], muscles: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Return the shipped gains [M + 1, C] for curves and muscles of these names, see `Driver`."""
    arrays = load_arrays("tissue")
    for what, wanted in (("curves", names), ("muscles", muscles)):
        if what not in arrays or tuple(bytes(arrays[what]).decode().split("\n")) != wanted:
            raise WeightsError(
                f"weights/tissue.safetensors was fitted for other {what} than this character's. "
                f"Fit it anew with 'animdrive capture fit'."
            )
    return arrays["gains"].astype(np.float64)


def save_gains(
    path: Path,
    names: tuple[str, ...],
    muscles: tuple[str, ...],
    gains: npt.NDArray[np.float64],
) -> None:
    """Write what `load_gains` reads."""
    from safetensors.numpy import save

    def packed(words: tuple[str, ...]) -> npt.NDArray[np.uint8]:
        return np.frombuffer("\n".join(words).encode(), dtype=np.uint8).copy()

    arrays: dict[str, npt.NDArray[Any]] = {
        "gains": gains.astype(np.float32),
        "curves": packed(names),
        "muscles": packed(muscles),
    }
    write_bytes(path, save(arrays))


@dataclass(frozen=True)
class TissueConfig:
    """Settings of the simulation."""

    interior: InteriorConfig = field(default_factory=InteriorConfig)
    surface: SurfaceConfig = field(default_factory=SurfaceConfig)
    largest_step: float = 0.2
    """Curves that change by more than this between frames are followed in several steps."""


class TissueSimulator:
    """One head, simulated: a `Simulator`. V vertices of the character, C curves.

    Skin is solved for; teeth, gums, tongue and ears move as bodies do in the rig.
    """

    def __init__(
        self,
        character: Character,
        gains: npt.NDArray[np.float64],
        *,
        topology: SkinTopology | None = None,
        config: TissueConfig | None = None,
        device: torch.device | None = None,
    ) -> None:
        """Grow and factor the tissue; takes some seconds.

        Args:
            character: Whose skin has our head's topology.
            gains: [M + 1, C], see `Driver`.
            topology: Of the skin; by default our head's.
            config: Settings.
            device: Where to compute; the CPU by default.
        """
        topology = topology or load_topology()
        self.config = config or TissueConfig()
        self._device = device or torch.device("cpu")
        self._character, self._topology = character, topology
        neutral = character.rig.neutral.vertices
        self._total = topology.counts[-1]
        if len(neutral) < self._total:
            raise ContractError(
                f"The tissue needs our head's {self._total} skin vertices; this character has "
                f"{len(neutral)} in all. Give a head of our own topology, standard level."
            )
        self._skin = neutral[: self._total].astype(np.float64) / MM
        self.anatomy: Anatomy = assemble(
            character,
            topology,
            muscles_with_lips(character, topology),
            config=self.config.interior,
            device=self._device,
        )
        self.names: tuple[str, ...] = character.rig.names
        self.driver = Driver(self.anatomy, self.names, gains, device=self._device)
        self._bodies = Bodies(character, topology, self.anatomy.mandible)
        self.surface = self._surface()
        self._learn_gapes()

    def frames(self, values: FloatArray, *, fps: float = 30.0) -> Iterator[FloatArray]:
        """Yield [V, 3] metres for each row of `values` [T, C], head and eyes unrotated.

        The first frame is reached from rest in steps, every other one from the frame before it.

        Raises:
            ContractError: `values` is not [T, C] or not finite.
        """
        given = np.asarray(values, dtype=np.float64)
        if given.ndim != 2 or given.shape[1] != len(self.names) or not np.isfinite(given).all():
            raise ContractError(
                f"Curve values must be finite [T, {len(self.names)}], got {list(given.shape)}."
            )
        given = np.clip(given, 0.0, 1.0)
        before: tuple[Tensor, Demand] | None = None
        last = np.zeros(given.shape[1])
        offset: Tensor | None = None
        for row in given:
            x, demand = self.interior_frame(last, row, before)
            before, last = (x, demand), row
            skin, offset = self.skin_frame(x, demand, row, offset)
            yield self._bodies.placed(skin * MM, row)

    def interior_frame(
        self,
        last: npt.NDArray[np.float64],
        row: npt.NDArray[np.float64],
        before: tuple[Tensor, Demand] | None,
    ) -> tuple[Tensor, Demand]:
        """Return the interior [N, 3, 1] mm at curve values `row` [C], from those of `last`."""
        interior = self.anatomy.interior
        count = max(1, int(np.ceil(np.abs(row - last).max() / self.config.largest_step - 1e-9)))
        x, demand = (
            before if before is not None else (interior.rest, self.driver.demand(last[None]))
        )
        for step in range(1, count + 1):
            asked = self.driver.demand((last + (row - last) * step / count)[None])
            x, _, _ = interior.solve(asked, interior.guess(asked, (x, demand)))
            demand = asked
        return x, demand

    def skin_frame(
        self,
        x: Tensor,
        demand: Demand,
        row: npt.NDArray[np.float64],
        offset: Tensor | None,
    ) -> tuple[Points, Tensor]:
        """Return the fine skin [V, 3] mm over an interior, and where the next may start from."""
        base = self.surface.base(x[: self.anatomy.mesh.skin_count, :, 0], self.anatomy.mesh.nodes)
        curve = dict(zip(self.names, row.tolist(), strict=True))
        given, places = [], []
        for side, lid in zip(("left", "right"), self.anatomy.lids, strict=True):
            motion = self.driver.lids(curve, side)
            for ring, place in zip(lid.rings, lid.place(motion), strict=True):
                given.append(ring)
                places.append(place / MM)
        index = np.concatenate(given).astype(np.int64)
        placed = torch.from_numpy(np.concatenate(places))[:, :, None].to(self._device)
        skin, _ = self.surface.solve(
            [base],
            given=index,
            places=placed,
            jaw=(demand.jaw_rotation, demand.jaw_shift),
            wall=demand.wall,
            seal=(demand.sealed, self._gap(x)),
            gaze=demand.gaze,
            start=offset,
        )
        fine = skin[:, :, 0].cpu().numpy()
        return fine, self.surface.offset(skin, [base])

    def _gap(self, x: Tensor) -> Tensor:
        """Return the way [K, 3, B] from lower to upper lip that the interior `x` asks of the skin.

        Every second fine vertex of a ring is a coarse one; those between get the mean.
        """
        gaps = []
        for name in SEAL_RINGS:
            ring = self._topology.rings[name][::2].astype(np.int64)
            steps = np.arange(len(ring) // 2 + 1)
            coarse = x[torch.from_numpy(ring[steps])] - x[torch.from_numpy(ring[-steps])]
            fine = torch.empty((2 * len(steps) - 1, *x.shape[1:]), dtype=x.dtype, device=x.device)
            fine[::2], fine[1::2] = coarse, (coarse[1:] + coarse[:-1]) / 2
            gaps.append(fine[1:-1])
        return torch.cat(gaps)

    @property
    def lips(self) -> npt.NDArray[np.int64]:
        """[K, 2] coarse vertices of upper and lower lip that touch at rest."""
        return seal_pairs(self._topology, self.anatomy.mesh.skin_count)

    def _learn_gapes(self) -> None:
        """See how far each curve that parts the lips does so by itself."""
        if not {name for names in OPENINGS for name in names} <= set(self.names):
            return
        opened = []
        still = np.zeros(len(self.names))
        for names in OPENINGS:
            values = still.copy()
            values[[self.names.index(name) for name in names]] = 1.0
            opened.append(self.interior_frame(still, values, None)[0])
        self.anatomy.interior.learn_gapes(opened)

    def _surface(self) -> Surface:
        mesh, topology, config = self.anatomy.mesh, self._topology, self.config.surface
        count, faces = mesh.skin_count, topology.faces[-1]
        rest = torch.from_numpy(self._skin).to(self._device)[:, :, None]
        lids = np.zeros(self._total, dtype=bool)
        for lid in self.anatomy.lids:
            for ring in lid.rings:
                lids[ring] = True
        still = self.held(mesh.fixed[:count]) | lids
        mouth = np.flatnonzero((topology.masks["mouth"] > 0.02) & ~still)
        lips = np.concatenate([topology.rings[n] for n in ("lips_near", "lips_middle")])
        mouth = np.union1d(mouth, lips)
        upper, lower = lip_sides(topology, self._total)
        triangles = faces.astype(np.int64)
        eyes, teeth = [], []
        for lid in self.anatomy.lids:
            away = np.linalg.norm(self._skin - lid.centre, axis=1)
            near = np.flatnonzero((away < lid.radius + 6) & ~still)
            eyes.append(
                BallContact(
                    lid.centre, lid.radius, CORNEA_MM, CORNEA_RAD, near, rest[near],
                    stiffness=config.contact, clearance=0.8,
                )
            )  # fmt: skip
        for body in self.anatomy.teeth:
            teeth.append(dental_contact(body, mouth, rest[mouth], stiffness=config.contact))
        return Surface(
            self._skin,
            topology,
            held=still,
            folds=Folds(self._skin, faces, topology),
            teeth=(teeth[0], teeth[1]),
            eyes=(eyes[0], eyes[1]),
            lips=LipContact(
                upper,
                lower,
                triangles[np.isin(faces, upper).all(1)],
                triangles[np.isin(faces, lower).all(1)],
                faces,
                self._skin,
                stiffness=config.contact,
            ),
            seal=seal_pairs(topology, self._total),
            config=config,
            device=self._device,
        )

    def held(self, fixed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return [V] which fine vertices lie wholly among `fixed` [S] coarse ones."""
        count = len(fixed)
        share = np.zeros(self._total)
        share[:count] = fixed
        edges = self._topology.faces[1]
        middle = self._topology.faces[2].reshape(-1, 4, 3)
        # Every coarse triangle became four; its three edge middles follow its corners.
        for corner, triangle in zip(edges, middle, strict=True):
            ab, ca = triangle[0][1], triangle[0][2]
            bc = triangle[1][1]
            a, b, c = fixed[corner]
            share[ab], share[bc], share[ca] = a and b, b and c, c and a
        return share > 0.5
