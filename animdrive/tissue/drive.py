"""From curves to what the tissue is asked for: muscles, jaw, lids, gaze and breath."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from animdrive.errors import ContractError
from animdrive.rig.pose import DOWN_RAD, UP_RAD, YAW_RAD
from animdrive.rig.surface import Points
from animdrive.tissue.assembly import Anatomy
from animdrive.tissue.interior import Demand
from animdrive.tissue.lids import LidMotion, lid_motion
from animdrive.tissue.mesh import MM

MOST = 0.6
"""Contraction that no muscle exceeds, share of its length; sums of curves ease into it."""
OPENINGS: tuple[tuple[str, ...], ...] = (
    ("jawOpen",),
    ("mouthFunnel",),
    ("mouthUpperUpLeft", "mouthUpperUpRight"),
    ("mouthLowerDownLeft", "mouthLowerDownRight"),
)
"""Curves that part the lips, each with its other side; the jaw is first."""
AIR = "air"
"""Name of the last row of the gains: pressure in the mouth."""


class Driver:
    """Turns curve values into demands on one head's tissue. C curves, M muscles."""

    def __init__(
        self,
        anatomy: Anatomy,
        names: tuple[str, ...],
        gains: npt.NDArray[np.float64],
        *,
        device: torch.device | None = None,
    ) -> None:
        """Take the table of muscles.

        Args:
            anatomy: Whose.
            names: C curve names.
            gains: [M + 1, C] contraction of every muscle, and the mouth's pressure, at value 1.
            device: Where the tensors go.
        """
        if gains.shape != (len(anatomy.muscles) + 1, len(names)):
            raise ContractError(
                f"Driver.gains must be [{len(anatomy.muscles) + 1}, {len(names)}], got "
                f"{list(gains.shape)}: they were made for other muscles or curves. Fit them anew "
                f"with 'animdrive capture fit'."
            )
        self.anatomy, self.names, self.gains = anatomy, names, gains
        self._device = device or torch.device("cpu")
        self._silent: set[int] = set()

    def silence(self, muscle: str) -> None:
        """Switch one muscle off, as if its nerve were cut.

        Raises:
            ContractError: there is no such muscle.
        """
        self._silent.add(self._index(muscle))

    def wake(self, muscle: str) -> None:
        """Switch a muscle on again."""
        self._silent.discard(self._index(muscle))

    def _index(self, muscle: str) -> int:
        if muscle not in self.anatomy.muscles:
            raise ContractError(f"There is no muscle '{muscle}'.")
        return self.anatomy.muscles.index(muscle)

    def lids(self, curve: dict[str, float], side: str) -> LidMotion:
        """Return the motion of one eye's lids for curve values, less what silenced muscles do."""
        motion = lid_motion(curve, side)
        off = {self.anatomy.muscles[row] for row in self._silent}
        if f"orbicularis_oculi_palpebral_upper_{side}" in off:
            motion = replace(motion, closing=0.0)
        if f"orbicularis_oculi_palpebral_lower_{side}" in off:
            motion = replace(motion, lower_mm=min(motion.lower_mm, 0.0))
        if f"levator_palpebrae_{side}" in off:
            motion = replace(motion, upper_mm=min(motion.upper_mm, 0.0))
        return motion

    def demand(self, values: npt.NDArray[np.float64]) -> Demand:
        """Return what B frames ask for, from curve `values` [B, C] in 0..1."""
        pull = self.gains @ values.T
        contraction = MOST * np.tanh(np.maximum(pull[:-1], 0) / MOST)
        contraction[list(self._silent)] = 0.0
        rotations, shifts, margins, seals, gapes, walls = [], [], [], [], [], []
        gazes: tuple[list[Points], list[Points]] = ([], [])
        for row in values:
            rotation, shift = self.anatomy.mandible.motion(row, self.names)
            rotations.append(rotation)
            shifts.append(shift / MM)
            curve = dict(zip(self.names, row.tolist(), strict=True))
            seals.append(min(1.0, curve["mouthClose"] + curve["cheekPuff"]))
            gapes.append(_gapes(curve))
            walls.append(1 - curve["mouthRollLower"])
            placed = []
            for side, lid, rows in zip(
                ("left", "right"), self.anatomy.lids, self.anatomy.margins, strict=True
            ):
                placed.append(lid.place(self.lids(curve, side))[0][rows] / MM)
            margins.append(np.concatenate(placed))
            for k, side in enumerate(("left", "right")):
                gazes[k].append(gaze_of(curve, side))
        return Demand(
            contraction=self._tensor(contraction),
            jaw_rotation=self._tensor(np.stack(rotations, axis=-1)),
            jaw_shift=self._tensor(np.stack(shifts, axis=-1)),
            margins=self._tensor(np.stack(margins, axis=-1)),
            gaze=(
                self._tensor(np.stack(gazes[0], axis=-1)),
                self._tensor(np.stack(gazes[1], axis=-1)),
            ),
            pressure=self._tensor(np.maximum(pull[-1], 0)),
            seal=self._tensor(np.array(seals)),
            wall=self._tensor(np.array(walls)),
            gape=self._tensor(np.stack(gapes, axis=-1)),
        )

    def _tensor(self, array: npt.NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float64)).to(self._device)


def _gapes(curve: dict[str, float]) -> npt.NDArray[np.float64]:
    """Return [R] how much of each of `OPENINGS` is left to lips that something draws together."""
    own = np.array([np.mean([curve[name] for name in names]) for names in OPENINGS])
    own[0] = max(own[0] - curve["mouthClose"], 0.0)
    result: npt.NDArray[np.float64] = own * (1 - curve["cheekPuff"])
    return result


def gaze_of(curve: dict[str, float], side: str) -> npt.NDArray[np.float64]:
    """Return [3], the unit vector along which an eye looks."""
    s = side.capitalize()
    out = 1.0 if side == "left" else -1.0
    pitch = DOWN_RAD * curve[f"eyeLookDown{s}"] - UP_RAD * curve[f"eyeLookUp{s}"]
    yaw = YAW_RAD * (curve[f"eyeLookOut{s}"] - curve[f"eyeLookIn{s}"]) * out
    return np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
