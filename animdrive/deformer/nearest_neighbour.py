"""A compact net, and on top of it the detail that was captured in the nearest poses.

``skin = base(curves) + Σ patches · Σ nearest poses: blend · what the base missed there``

The base is a global `NeuralMorph` of few morphs. For each patch of skin some captured poses are
kept, together with what the base missed of them. Poses are near by the curves that move the patch,
each counted by how much skin it moves; the k nearest are blended by Franke's and Nielson's modified
Shepard weights ("Smooth interpolation of large sets of scattered data", 1980), which let a pose
come in and go out at zero, and the blend follows the motion smoothly in time. Far from all poses
the detail fades, by a length that was found on takes which a pose was not taken from.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from animdrive.contract import Rig
from animdrive.contract.checks import FloatArray
from animdrive.deformer.base_model import base_from_stored, stored_base
from animdrive.deformer.neural_morph import NeuralMorph
from animdrive.deformer.rig_check import check_ranges, check_rig, checked_values, rig_digest
from animdrive.errors import InputError, WeightsError

Arrays = dict[str, npt.NDArray[Any]]
Values = npt.NDArray[np.float64]

STORAGE: dict[str, Any] = {"int8": np.int8, "fp16": np.float16}
"""How details may be kept."""
_BATCH = 64
_LEAST = 1 / 512
"""Shares below are none, so that a face that comes to rest gets there."""


@dataclass(frozen=True)
class NearestNeighbourConfig:
    """Settings of a `NearestNeighbour`."""

    latent: int = 48
    """Morphs of the base."""
    hidden: int = 64
    """Width of the two layers of the base's net."""
    patches: int = 12
    """Patches of skin that look for their poses on their own."""
    radius_m: float = 0.012
    """How far a patch reaches into its neighbours, metres."""
    influence_m: float = 3e-4
    """A patch hears a curve that moves its skin by more, metres."""
    examples: int = 96
    """Poses that are kept for each patch."""
    neighbours: int = 6
    """k, poses that are blended."""
    blend_s: float = 0.03
    """Time in which a blend follows to within 1/e, seconds; 0: at once."""
    batch: int = 256
    """Frames of a step."""
    storage: str = "int8"
    """How details are kept: int8 or fp16."""

    def __post_init__(self) -> None:
        check_ranges(
            self,
            ("latent", 1, 4096),
            ("hidden", 4, 2048),
            ("patches", 1, 256),
            ("radius_m", 0.0, 1.0),
            ("influence_m", 0.0, 0.1),
            ("examples", 1, 65536),
            ("neighbours", 1, 256),
            ("blend_s", 0.0, 10.0),
            ("batch", 1, 65536),
        )
        if self.storage not in STORAGE:
            raise InputError(f"storage is one of {', '.join(STORAGE)}, got '{self.storage}'.")


@dataclass(frozen=True, eq=False)
class Detail:
    """The kept poses of one patch. E poses, C curves, S vertices."""

    vertices: npt.NDArray[np.int32]
    """[S] of the rig."""
    metric: FloatArray
    """[C] mm of skin for a full curve."""
    poses: FloatArray
    """[E, C] curve values."""
    trust_mm: float
    """Distance to the nearest pose at which detail counts half."""
    scale: FloatArray
    """[S] metres for a step of `data`."""
    data: npt.NDArray[Any]
    """[E, S, 3] what the base missed."""

    def distances(self, curves: FloatArray) -> Values:
        """Return [T, 1 + E] mm from `curves` [T, C] to rest and to every pose."""
        # Rest first: there is nothing to add, and exactly so.
        known = np.concatenate([np.zeros_like(self.poses[:1]), self.poses]) * self.metric
        return np.asarray(cdist(curves * self.metric, known))

    def offsets(self, shares: FloatArray) -> FloatArray:
        """Return [T, S, 3] metres of `shares` [T, E] of the poses."""
        used = np.flatnonzero((shares != 0).any(axis=0))
        rows = self.data[used].reshape(len(used), 3 * len(self.vertices)).astype(np.float32)
        flat = (shares[:, used] @ rows).reshape(len(shares), -1, 3)
        return np.asarray(flat * self.scale[:, None], dtype=np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        arrays = (self.vertices, self.metric, self.poses, self.scale, self.data)
        return sum(array.nbytes for array in arrays)


def shepard(distances: Values, k: int) -> Values:
    """Return shares [T, E] that add up to 1 for `distances` [T, E], of the k nearest each.

    A share is ``((R - d) / (R d))²``, R the distance of the nearest one that is left out.
    """
    count = distances.shape[1]
    if count == 1:
        return np.ones_like(distances)
    nearest = min(k, count - 1)
    radius = np.partition(distances, nearest, axis=1)[:, nearest, None]
    # Poses may coincide; they share then.
    radius = np.maximum(radius, 1e-9) * (1 + 1e-9)
    raw = np.square(np.maximum(radius - distances, 0) / (radius * (distances + 1e-12)))
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


def trusted(distances: Values, trust_mm: float) -> Values:
    """Return [T] 0..1, how much the detail of poses at `distances` [T, E] counts."""
    nearest = distances.min(axis=1)
    return np.asarray(trust_mm**2 / (trust_mm**2 + nearest**2 + 1e-30))


class NearestNeighbour:
    """A trained deformer of one rig. C curves, V vertices, G patches.

    It remembers: the frames of one call after the other are one performance at the frame rate of
    the capture. `reset` starts a new one.
    """

    kind = "nearest_neighbour"

    def __init__(
        self,
        base: NeuralMorph,
        config: NearestNeighbourConfig,
        details: list[Detail],
        *,
        fps: float,
    ) -> None:
        """Put together what training found.

        Args:
            base: The compact net.
            config: Settings it was made with.
            details: Kept poses of each patch.
            fps: Frames per second.
        """
        self.rig, self.config, self.base, self.fps = base.rig, config, base, fps
        self.names: tuple[str, ...] = base.names
        self._details = details
        self._keep = float(np.exp(-1 / (fps * config.blend_s))) if config.blend_s > 0 else 0.0
        self._before: list[FloatArray] | None = None

    @property
    def runtime_bytes(self) -> int:
        """Bytes that are held to run, the rig's own shapes included."""
        return self.base.runtime_bytes + sum(detail.nbytes for detail in self._details)

    def reset(self) -> None:
        """Forget what was performed: the next frame is a first one."""
        self._before = None

    def run(self, values: npt.ArrayLike) -> FloatArray:
        """Return the skin [T, V, 3] metres for curve `values` [T, C], which go on from before.

        Raises:
            ContractError: `values` is not [T, C].
        """
        given = checked_values(values, len(self.names))
        skin = self.base.run(given)
        for start in range(0, len(given), _BATCH):
            part = slice(start, start + _BATCH)
            for detail, shares in zip(self._details, self._follow(given[part]), strict=True):
                skin[part, detail.vertices] += detail.offsets(shares)
        return skin

    def _follow(self, curves: FloatArray) -> list[FloatArray]:
        """Return each patch's shares [T, E] of its poses, smooth in time."""
        followed = []
        for number, detail in enumerate(self._details):
            away = detail.distances(curves)
            shares = shepard(away, self.config.neighbours) * trusted(away, detail.trust_mm)[:, None]
            wanted = shares[:, 1:].astype(np.float32)
            last = wanted[0] if self._before is None else self._before[number]
            for row in wanted:
                row += self._keep * (last - row)
                row[row < _LEAST] = 0
                last = row
            followed.append(wanted)
        self._before = [rows[-1].copy() for rows in followed]
        return followed

    def stored(self) -> tuple[Arrays, dict[str, Any]]:
        """Return arrays and description as they go into a file."""
        arrays, about_base = stored_base(self.base)
        details = self._details
        arrays |= {
            "starts": np.cumsum([0] + [len(d.vertices) for d in details]).astype(np.int32),
            "pose_starts": np.cumsum([0] + [len(d.poses) for d in details]).astype(np.int32),
            "vertices": np.concatenate([d.vertices for d in details]),
            "scale": np.concatenate([d.scale for d in details]),
            "poses": np.concatenate([d.poses for d in details]),
            "metric": np.stack([d.metric for d in details]),
            "trust_mm": np.array([d.trust_mm for d in details]),
            "data": np.concatenate([d.data.reshape(-1) for d in details]),
        }
        return arrays, {
            "config": asdict(self.config),
            "names": list(self.names),
            "rig": rig_digest(self.rig),
            "fps": self.fps,
            "base": about_base,
        }

    @classmethod
    def from_stored(cls, rig: Rig, arrays: Arrays, described: dict[str, Any]) -> NearestNeighbour:
        """Return the model of `stored`.

        Raises:
            InputError: it was made for another rig.
            WeightsError: the arrays do not hold together.
        """
        check_rig(rig, described, cls.kind)
        base = base_from_stored(rig, arrays, described["base"])
        config = NearestNeighbourConfig(**described["config"])
        starts, poses = arrays["starts"].astype(int), arrays["pose_starts"].astype(int)
        vertices, data = arrays["vertices"].astype(np.int32), arrays["data"]
        fits = (
            len(starts) == len(poses) == len(arrays["metric"]) + 1 == len(arrays["trust_mm"]) + 1
            and starts[0] == poses[0] == 0
            and (np.diff(starts) > 0).all()
            and (np.diff(poses) > 0).all()
            and starts[-1] == len(vertices) == len(arrays["scale"])
            and poses[-1] == len(arrays["poses"])
            and arrays["poses"].shape[1:] == arrays["metric"].shape[1:] == (len(rig.names),)
            and 0 <= vertices.min() <= vertices.max() < len(rig.neutral.vertices)
            and len(data) == 3 * int(np.diff(starts) @ np.diff(poses))
            and data.dtype == STORAGE[config.storage]
        )
        if not fits:
            raise WeightsError("The arrays of the model do not hold together. Train it anew.")
        details, first = [], 0
        for g in range(len(starts) - 1):
            own, kept = slice(starts[g], starts[g + 1]), slice(poses[g], poses[g + 1])
            shape = (poses[g + 1] - poses[g], starts[g + 1] - starts[g], 3)
            last = first + int(np.prod(shape))
            detail = Detail(
                vertices=vertices[own],
                metric=arrays["metric"][g].astype(np.float32),
                poses=arrays["poses"][kept].astype(np.float32),
                trust_mm=float(arrays["trust_mm"][g]),
                scale=arrays["scale"][own].astype(np.float32),
                data=data[first:last].reshape(shape),
            )
            details.append(detail)
            first = last
        return cls(base, config, details, fps=float(described["fps"]))
