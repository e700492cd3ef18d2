"""Whether lips shut where they should, on skin as it is seen, whatever made it.

What counts is what a viewer sees: the slit in upright planes half a millimetre apart, as
`animdrive.rig.slits` measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, Segment
from animdrive.deformer.closest import incident_faces, nearest_places
from animdrive.deformer.penetration import DEPTH_MM, PenetrationCheck
from animdrive.gltf.reader import GltfFile
from animdrive.rig.head import load_head
from animdrive.rig.slits import LIP_MIDDLE_MM, LIP_STEP_MM, lip_slit, middle_of_lips

Places = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
SkinAt = Callable[[npt.NDArray[np.int64]], Floats]
"""Frames [N] to vertices [N, V, 3] metres."""

SHUT_MM = 0.5
"""A P, B or M with a slit below this counts as shut."""
SEEN_MM = 0.2
"""Teeth shine through a slit above this in a close-up."""
_PRESSED_MM = 0.1
_OPEN_MM = 2.0
"""The linear rig's lips are shut below the one, the mouth is open above the other."""
AROUND_S = 0.04
"""How far from its phone a closure may be."""
_FEW = 4
_CHUNK = 32
_EVERY = 10
"""Of all frames, how many are looked at for lips that pass into each other."""


@dataclass(frozen=True)
class Closure:
    """How a P, B or M looks in the frame in which the lips are nearest."""

    phone: str
    """Its label."""
    start_s: float
    """When it begins."""
    frame: int
    """Which frame that is."""
    middle_mm: float
    """Tallest slit that is seen from the front within 6 mm of the middle."""
    whole_mm: float
    """The same over the whole width of the lips."""
    wide_mm: float
    """Width over which a slit taller than `SHUT_MM` is seen."""
    held_s: float
    """How long the middle stays shut, looked at up to `AROUND_S` beside the phone."""
    apart_mm: float
    """Nearest that the two surfaces come in the middle, in any direction."""
    through_mm: float
    """Deepest that one lip is in the other."""


@dataclass(frozen=True)
class Closures:
    """All of a performance."""

    rows: tuple[Closure, ...]
    """One per P, B and M."""
    through: tuple[float, ...]
    """mm, deepest that one lip is in the other, in every tenth frame."""
    slits_mm: tuple[float, ...]
    """Tallest slit in the middle, in every frame."""

    def figures(self) -> dict[str, float]:
        """Return plain values over all closures."""
        middle, whole, wide, apart, through = (
            np.array([getattr(row, f"{name}_mm") for row in self.rows] or [np.nan])
            for name in ("middle", "whole", "wide", "apart", "through")
        )
        return {
            "closures": len(self.rows),
            "shut_middle": float((middle < SHUT_MM).mean()),
            "shut_whole": float((whole < SHUT_MM).mean()),
            "middle_mm": float(middle.mean()),
            "middle_largest_mm": float(middle.max()),
            "whole_mm": float(whole.mean()),
            "whole_largest_mm": float(whole.max()),
            "wide_mm": float(wide.mean()),
            "held_s": float(np.mean([row.held_s for row in self.rows] or [np.nan])),
            "apart_largest_mm": float(apart.max()),
            "through_mm": float(through.mean()),
            "through_deepest_mm": float(max([*through, *self.through])),
            "through_share": float(np.mean([t > DEPTH_MM for t in self.through or (0.0,)])),
        }

    def against(self, linear: Closures) -> dict[str, float]:
        """Return how the mouth opens and shuts beside the linear rig's, which speech is made for.

        Args:
            linear: Of the same performance.
        """
        own, rig = np.array(self.slits_mm), np.array(linear.slits_mm)
        shut, open_ = own[rig < _PRESSED_MM], rig > _OPEN_MM
        return {
            "parted_share": float((shut >= SEEN_MM).mean()) if len(shut) else 0.0,
            "parted_largest_mm": float(shut.max(initial=0.0)),
            "opened": float(own[open_].sum() / rig[open_].sum()) if open_.any() else 1.0,
            "stuck_share": float((own[open_] < SHUT_MM).mean()) if open_.any() else 0.0,
        }

    def __add__(self, other: Closures) -> Closures:
        return Closures(
            self.rows + other.rows, self.through + other.through, self.slits_mm + other.slits_mm
        )


def closures(
    curves: npt.ArrayLike,
    phones: Iterable[Any],
    vertices_of: Callable[[Any], npt.ArrayLike],
    *,
    fps: float = 60.0,
    character: Character | None = None,
) -> Closures:
    """Return how the lips shut on the skin that a deformer makes.

    Args:
        curves: [T, C] in the order of the rig.
        phones: `Segment`, or (start_s, end_s, label); those called P, B and M are looked at.
        vertices_of: Curves [N, C] to vertices [N, V, 3] metres: a deformer's ``run``.
        fps: Of the curves.
        character: Whose skin; None: our head.
    """
    values = np.ascontiguousarray(curves, dtype=np.float32)
    return closures_at(
        lambda frames: np.asarray(vertices_of(values[frames]), dtype=np.float32),
        len(values),
        phones,
        fps=fps,
        character=character,
    )


def closures_of_glb(
    path: Path, phones: Iterable[Any], *, character: Character | None = None
) -> Closures:
    """Return how the lips shut in a GLB of `character`, read back from its file."""
    skin = GlbSkin(path, character or load_head())
    return closures_at(skin, len(skin.weights), phones, fps=skin.fps, character=character)


def closures_at(
    skin_at: SkinAt,
    frames: int,
    phones: Iterable[Any],
    *,
    fps: float,
    character: Character | None = None,
) -> Closures:
    """Return how the lips shut in `frames` frames of skin; see `closures`."""
    lips = _lips_of(character or load_head())
    every, through = [], []
    for start in range(0, frames, _CHUNK):
        run = np.arange(start, min(start + _CHUNK, frames))
        for frame, vertices in zip(run, skin_at(run), strict=True):
            every.append(lips.slits_mm(vertices))
            if frame % _EVERY == 0:
                through.append(lips.through_mm(vertices))
    rows = []
    for phone in phones:
        start, end, label = (
            (phone.start_s, phone.end_s, phone.label) if isinstance(phone, Segment) else phone[:3]
        )
        if label not in ("P", "B", "M"):
            continue
        inside = _frames_of(float(start), float(end), fps, frames)
        slits = np.stack([every[frame] for frame in inside])
        middle = slits[:, lips.middle].max(axis=1)
        whole = slits.max(axis=1)
        best = int(np.lexsort((whole, middle))[0])
        skin = skin_at(inside[[best]])[0]
        rows.append(
            Closure(
                phone=str(label),
                start_s=float(start),
                frame=int(inside[best]),
                middle_mm=float(middle[best]),
                whole_mm=float(whole[best]),
                wide_mm=float(LIP_STEP_MM * (slits[best] > SHUT_MM).sum()),
                held_s=float((middle < SHUT_MM).sum() / fps),
                apart_mm=lips.apart_mm(skin),
                through_mm=lips.through_mm(skin),
            )
        )
    slits = tuple(float(one[lips.middle].max()) for one in every)
    return Closures(tuple(rows), tuple(through), slits)


def _frames_of(start_s: float, end_s: float, fps: float, frames: int) -> npt.NDArray[np.int64]:
    times = np.arange(frames) / fps
    inside = np.flatnonzero((times > start_s - AROUND_S) & (times < end_s + AROUND_S))
    return inside if len(inside) else np.array([np.abs(times - start_s).argmin()])


class GlbSkin:
    """The skin of a character in a GLB file: targets times weights, as a viewer adds them up."""

    def __init__(self, path: Path, character: Character) -> None:
        """Read `path`, whose mesh "head" has the parts of `character` but its eyes, in order."""
        file = GltfFile(path)
        node = file.node_named("head_mesh")
        if node is None:
            raise SystemExit(f"{path} has no node 'head_mesh'.")
        mesh = file.mesh(file.nodes[node].mesh)
        self._rest = character.rig.neutral.vertices.copy()
        parts = [part for part in character.parts if not part.bone.startswith("eye")]
        self._pieces = []
        for part, primitive in zip(parts, mesh.primitives, strict=True):
            self._rest[part.vertices] = primitive.positions
            offsets = primitive.offsets.reshape(len(primitive.offsets), -1)
            if offsets.any():
                self._pieces.append((part.vertices, offsets))
        channels = [
            channel
            for channel in file.animation(0).channels
            if channel.node == node and channel.path == "weights"
        ]
        self.weights = channels[0].values
        self.fps = 1 / float(np.diff(channels[0].times_s).mean())

    def __call__(self, frames: npt.NDArray[np.int64]) -> Floats:
        """Return [N, V, 3] metres, head and eyes unturned."""
        skin = np.tile(self._rest, (len(frames), 1, 1))
        for run, offsets in self._pieces:
            skin[:, run] += (self.weights[frames] @ offsets).reshape(len(frames), -1, 3)
        return skin


class _Lips:
    """The two lips of a character, and how to look at them."""

    def __init__(self, character: Character) -> None:
        rest = character.rig.neutral.vertices.astype(np.float64) * 1e3
        faces = character.rig.neutral.faces.astype(np.int64)
        self._slit = lip_slit(character)
        self.middle = middle_of_lips(self._slit)
        self._check = PenetrationCheck(character, only=("lips",))
        own = character.regions["lips_upper"].astype(np.int64)
        self._facing = own[np.abs(rest[own, 0]) <= LIP_MIDDLE_MM]
        there = character.regions["lips_lower"].astype(np.int64)
        self._there = there
        place = np.full(len(rest), -1)
        place[there] = np.arange(len(there))
        sheet = place[faces]
        self._sheet = sheet[(sheet >= 0).all(axis=1)]
        self._around = np.maximum(incident_faces(self._sheet.astype(np.int32), len(there)), 0)

    def slits_mm(self, vertices: Floats) -> Places:
        """Return [P] height of the slit that is seen in each upright plane, 0 where it is shut."""
        return self._slit.heights_mm(vertices)

    def apart_mm(self, vertices: Floats) -> float:
        """Return how near the upper lip's vertices come to the lower lip in the middle."""
        from scipy.spatial import cKDTree

        places = vertices.astype(np.float64) * 1e3
        near = cKDTree(places[self._there]).query(places[self._facing], k=_FEW)[1]
        around = self._around[near].reshape(len(near), -1)
        corners = places[self._there][self._sheet]
        return float(nearest_places(places[self._facing], corners[around])[1].min())

    def through_mm(self, vertices: Floats) -> float:
        """Return the deepest that one lip is in the other."""
        return float(self._check.depths(vertices)["lips"].max())


@cache
def _lips_of(character: Character) -> _Lips:
    return _Lips(character)
