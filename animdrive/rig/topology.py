"""How the head's skin is connected: the same for every identity, whatever its shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.errors import WeightsError
from animdrive.rig.skin import LEVELS, Skin
from animdrive.rig.surface import Faces, loop_subdivision
from animdrive.weights import load_arrays

Index = npt.NDArray[np.int32]
Field = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SkinTopology:
    """Connections, symmetry and named places of the skin. V vertices of the standard level."""

    faces: tuple[Faces, ...]
    """[F, 3] of every level, the cage first; the vertices of a level are the first of the next."""
    mirror: Index
    """[V] mirror partner."""
    rings: dict[str, Index]
    """Closed runs of vertices in order, see `animdrive.rig.skin.Skin.rings`."""
    masks: dict[str, Field]
    """Smooth fields [V] in 0..1, see `animdrive.rig.skin.Skin.masks`."""
    behind: Field
    """[V] 0 on the face, rising to 1 at the base of the neck."""

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of vertices of every level."""
        return tuple(int(faces.max()) + 1 for faces in self.faces)


def packed(skin: Skin, cage_faces: Faces) -> dict[str, npt.NDArray[np.generic]]:
    """Return what `load_topology` needs, as arrays to store with the head."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "topology.cage": cage_faces.astype(np.uint16),
        "topology.mirror": skin.mirror.astype(np.uint16),
        "topology.behind": np.round(np.clip(skin.behind, 0, 1) * 65535).astype(np.uint16),
    }
    for name, ring in skin.rings.items():
        arrays[f"topology.ring.{name}"] = np.array(ring, dtype=np.uint16)
    for name, mask in skin.masks.items():
        arrays[f"topology.mask.{name}"] = np.round(np.clip(mask, 0, 1) * 255).astype(np.uint8)
    return arrays


@cache
def load_topology() -> SkinTopology:
    """Return the connections of our head's skin; the same object every time.

    Raises:
        WeightsError: the head's file is missing, altered or from another version.
    """
    arrays = load_arrays("head")
    if "topology.cage" not in arrays:
        raise WeightsError(
            "weights/head.safetensors lacks its topology: it is from another version. "
            "Rebuild it with 'animdrive rig build'."
        )
    levels = [arrays["topology.cage"].astype(np.int32)]
    for _ in range(LEVELS):
        levels.append(loop_subdivision(int(levels[-1].max()) + 1, levels[-1])[1])

    def named(prefix: str) -> dict[str, npt.NDArray[np.generic]]:
        return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}

    return SkinTopology(
        faces=tuple(levels),
        mirror=arrays["topology.mirror"].astype(np.int32),
        rings={name: ring.astype(np.int32) for name, ring in named("topology.ring.").items()},
        masks={
            name: mask.astype(np.float32) / 255 for name, mask in named("topology.mask.").items()
        },
        behind=arrays["topology.behind"].astype(np.float32) / 65535,
    )
