"""Skin and cloth that swing: a quasi-static model, and masses on the mesh that follow it.

``skin[t] = base(curves[t]) + u[t]``, with u of `swing.Swing`: two frames of state for every
vertex, messages between neighbours, driven by how curves and head move. For jowls, collars and
hoods; vertices whose captured motion no swing explains are left to the base.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Rig
from animdrive.contract.checks import FloatArray
from animdrive.deformer.base_model import base_from_stored, stored_base
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.neural_morph import NeuralMorph
from animdrive.deformer.rig_check import check_ranges, check_rig, checked_values, rig_digest
from animdrive.deformer.swing import Swing, SwingRun, Values
from animdrive.errors import ContractError, InputError, WeightsError

Arrays = dict[str, npt.NDArray[Any]]

BASES = ("neural_morph", "linear")
"""Quasi-static models to build upon."""
_BATCH = 64
_RIGID = 1e-3


@dataclass(frozen=True)
class ClothConfig:
    """Settings of a `Cloth`."""

    base: str = "neural_morph"
    """What moves without swing: a local "neural_morph", or the rig itself, "linear"."""
    latent: int = 512
    """Morphs of the base."""
    patches: int = 14
    """Patches of the base."""
    hidden: int = 64
    """Width of the layers of the base's nets."""
    swing_iterations: int = 300
    """Steps in which the swing is learned, after the base."""
    swing_rate: float = 0.03
    """Learning rate of the swing."""
    batch: int = 4
    """Stretches of film of a step."""
    frames: int = 36
    """Frames of such a stretch; the model runs through it freely."""
    warm_up: int = 12
    """Frames of them at the beginning that are run but not judged."""
    stretch: float = 0.2
    """Weight of edges that are not as long as captured ones."""
    bending: float = 0.2
    """Weight of skin that is not bent as captured skin."""
    inertia: float = 0.2
    """Weight of accelerations that are not the captured ones."""
    smooth: float = 1e-3
    """Weight of differences between neighbours' properties."""
    least: float = 0.05
    """Share of what the base misses that swing must explain to be kept at a vertex."""

    def __post_init__(self) -> None:
        if self.base not in BASES:
            raise InputError(f"base is one of {', '.join(BASES)}, got '{self.base}'.")
        check_ranges(
            self,
            ("latent", 1, 4096),
            ("patches", 1, 256),
            ("hidden", 4, 2048),
            ("swing_iterations", 1, 1_000_000),
            ("swing_rate", 1e-6, 1.0),
            ("batch", 1, 1024),
            ("frames", 4, 1000),
            ("warm_up", 0, self.frames - 3),
            ("stretch", 0.0, 100.0),
            ("bending", 0.0, 100.0),
            ("inertia", 0.0, 100.0),
            ("smooth", 0.0, 100.0),
            ("least", 0.0, 1.0),
        )


class Cloth:
    """A trained deformer of one rig. C curves, V vertices, A of them masses.

    It remembers: the frames of one call after the other are one performance at the frame rate of
    the capture. `reset` starts a new one.
    """

    kind = "cloth"

    def __init__(
        self,
        rig: Rig,
        config: ClothConfig,
        base: NeuralMorph | None,
        swing: Swing,
        *,
        active: npt.NDArray[np.int32],
        share: FloatArray,
        bound: FloatArray,
        fps: float,
    ) -> None:
        """Put together what training found.

        Args:
            rig: Whose.
            config: Settings it was made with.
            base: The quasi-static model, or None for the rig itself.
            swing: The masses.
            active: [A] which vertices they are.
            share: [A] 0..1 how much of its swing a vertex shows; falls off at the borders.
            bound: [A] metres that it may be away at most.
            fps: Frames per second.
        """
        self.rig, self.config, self.base, self.fps = rig, config, base, fps
        self.names: tuple[str, ...] = rig.names
        self.swing, self.active = swing, active
        self._still = LinearDeformer(rig) if base is None else base
        self._share, self._bound = share, bound
        self._run = SwingRun(swing)

    @property
    def runtime_bytes(self) -> int:
        """Bytes that are held to run, the rig's own shapes included."""
        base = self.rig.deltas.nbytes if self.base is None else self.base.runtime_bytes
        own = (self.active, self._share, self._bound)
        return int(base + self.swing.nbytes + sum(array.nbytes for array in own))

    def reset(self) -> None:
        """Forget what was performed: before the next frame all was still, in its pose."""
        self._run = SwingRun(self.swing)

    def run(self, values: npt.ArrayLike, head: npt.ArrayLike | None = None) -> FloatArray:
        """Return the skin [T, V, 3] metres, head unrotated, going on from the frame before.

        Args:
            values: [T, C] curves.
            head: [T, 4, 4] of the head, see `CapturedTake.head_transform`; None: it is upright at
                the origin.

        Raises:
            ContractError: `values` is not [T, C], or `head` is not [T, 4, 4] of rigid motions.
        """
        given = checked_values(values, len(self.names))
        turned = _checked_head(head, len(given))
        skin = self._still.run(given)
        for start in range(0, len(given) if len(self.active) else 0, _BATCH):
            part = slice(start, start + _BATCH)
            places = skin[part, self.active].astype(np.float64)
            away = self._run.frames(places, turned[part])
            skin[part, self.active] += limited(away, self._bound) * self._share[:, None]
        return skin

    def stored(self) -> tuple[Arrays, dict[str, Any]]:
        """Return arrays and description as they go into a file."""
        arrays: Arrays = {}
        described: dict[str, Any] = {
            "config": asdict(self.config),
            "names": list(self.names),
            "rig": rig_digest(self.rig),
            "fps": self.fps,
        }
        if self.base is not None:
            arrays, described["base"] = stored_base(self.base)
        arrays |= {f"swing_{name}": array for name, array in vars(self.swing).items()}
        arrays |= {"active": self.active, "share": self._share, "bound": self._bound}
        return arrays, described

    @classmethod
    def from_stored(cls, rig: Rig, arrays: Arrays, described: dict[str, Any]) -> Cloth:
        """Return the model of `stored`.

        Raises:
            InputError: it was made for another rig.
            WeightsError: the arrays do not hold together, or the swing would not come to rest.
        """
        check_rig(rig, described, cls.kind)
        base = base_from_stored(rig, arrays, described["base"]) if "base" in described else None
        config = ClothConfig(**described["config"])
        own = {
            name: arrays[f"swing_{name}"].astype(np.float32)
            for name in ("stiffness", "damping", "springs", "dampers", "gains", "normals")
        }
        swing = Swing(edges=arrays["swing_edges"].astype(np.int32), **own)
        active = arrays["active"].astype(np.int32)
        share, bound = arrays["share"].astype(np.float32), arrays["bound"].astype(np.float32)
        count, edges = len(active), len(swing.edges)
        fits = (
            swing.edges.shape == (edges, 2)
            and swing.stiffness.shape == swing.damping.shape == (count,)
            and share.shape == bound.shape == (count,)
            and swing.springs.shape == swing.dampers.shape == (edges,)
            and swing.gains.shape == (3, 2, count)
            and swing.normals.shape == (count, 3)
            and (not count or 0 <= active.min() <= active.max() < len(rig.neutral.vertices))
            and len(np.unique(active)) == count
            and (not edges or 0 <= swing.edges.min() <= swing.edges.max() < count)
            and (base is None) == (config.base == "linear")
        )
        if not fits:
            raise WeightsError("The arrays of the model do not hold together. Train it anew.")
        if not swing.stable():
            raise WeightsError("The swing of the model would never come to rest. Train it anew.")
        fps = float(described["fps"])
        return cls(rig, config, base, swing, active=active, share=share, bound=bound, fps=fps)


def limited(away: Values, bound: FloatArray) -> FloatArray:
    """Return offsets [T, A, 3] no longer than `bound` [A]."""
    length = np.sqrt(np.square(away).sum(axis=2))
    return np.asarray(away * np.minimum(1, bound / (length + 1e-12))[:, :, None], dtype=np.float32)


def _checked_head(head: npt.ArrayLike | None, frames: int) -> Values:
    if head is None:
        return np.tile(np.eye(4), (frames, 1, 1))
    given = np.asarray(head, dtype=np.float64)
    if given.shape != (frames, 4, 4):
        raise ContractError(f"head must have shape [{frames}, 4, 4], got {list(given.shape)}.")
    turn = given[:, :3, :3]
    off = np.abs(turn @ turn.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2), initial=0)
    bad = ~np.isfinite(given).all(axis=(1, 2)) | ~(off < _RIGID)
    if bad.any():
        raise ContractError(f"head is no rigid motion at frame {int(np.flatnonzero(bad)[0])}.")
    return given
