"""The 99 directions in which a head's shape varies, over all parts and over space around them.

Named controls are bendings of space (`animdrive.rig.identity_warps`), mixed so that each changes
its own measure by one standard deviation and the others' little; smooth modes follow
(`animdrive.rig.identity_modes`). Eyeballs stay round, teeth stay teeth, lids stay on the eyeball.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.rig.cage import EYE_RADIUS, MM
from animdrive.rig.head import load_head
from animdrive.rig.identity_modes import Modes
from animdrive.rig.identity_rulers import Places
from animdrive.rig.identity_table import NAMED_CONTROLS
from animdrive.rig.identity_warps import WARPS
from animdrive.rig.surface import Points, smoothstep
from animdrive.rig.topology import load_topology

Fields = npt.NDArray[np.float32]
Float = npt.NDArray[np.float64]

_LID_NEAR, _LID_FAR = 2.0 * MM, 5.0 * MM
"""Skin so near to the eyeball keeps its clearance, and skin further away than this is free."""
RIGID = ("teeth_upper", "gums_upper"), ("teeth_lower", "gums_lower", "tongue")
"""Parts that move together and only grow in breadth and depth."""
_STEP = 0.4  # mm, for derivatives


def lid_share(distance: Float) -> Float:
    """Return [N] how far skin at `distance` (m) from an eyeball's centre keeps its clearance."""
    beyond = distance - EYE_RADIUS
    return np.asarray(1 - smoothstep(_LID_NEAR, _LID_FAR, beyond))


@dataclass(frozen=True, eq=False)
class ShapeBasis:
    """Offsets of one head by each of its 99 coefficients. V vertices of all parts."""

    head: Character
    """The head at zero."""
    mix: Float
    """[N, N] named bendings (columns) that make up each named control (rows), mm."""
    modes: tuple[Modes, ...]
    eyeball_growth: Float
    """[99] share by which the eyeballs grow."""

    def field(self, points: Points, *, part: str = "skin") -> Float:
        """Return [99, N, 3] metres, what each coefficient does to `points` [N, 3] m of a part."""
        raw = self._raw(points, part)
        for side, centre in enumerate(self.head.eye_pivots.astype(np.float64)):
            away = points - centre
            distance = np.linalg.norm(away, axis=1)
            share = lid_share(distance)
            near = np.flatnonzero(share > 0)
            if not len(near):
                continue
            outward = away[near] / np.maximum(distance[near, None], 1e-9)
            # Along the line of sight from the eyeball's centre, skin moves with the eyeball.
            own = raw[:, near] - self.eye_moves[:, side, None]
            radial = (own * outward).sum(2) - self.eyeball_growth[:, None] * EYE_RADIUS
            raw[:, near] -= (radial * share[near])[..., None] * outward
        return raw

    def _raw(self, points: Points, part: str) -> Float:
        mm = points / MM
        bent = _bent(mm, part)
        named = np.tensordot(self.mix, bent, axes=1)
        return np.asarray(np.concatenate([named, *(modes(mm) for modes in self.modes)]) * MM)

    @cached_property
    def eye_moves(self) -> Float:
        """[99, 2, 3] metres, how the eyeballs' centres move."""
        return self._raw(self.head.eye_pivots.astype(np.float64), "eye")

    @cached_property
    def pivot_moves(self) -> Float:
        """[99, 3] metres, how the joint of the head moves."""
        return self._raw(self.head.head_pivot[None].astype(np.float64), "skin")[:, 0]

    @cached_property
    def offsets(self) -> Fields:
        """[99, V, 3] metres."""
        vertices = self.head.rig.neutral.vertices.astype(np.float64)
        out = np.zeros((len(self.eyeball_growth), len(vertices), 3), dtype=np.float32)
        for part in self.head.parts:
            here = vertices[part.vertices]
            if part.name in self.rigid_maps:
                grow, move = self.rigid_maps[part.name]
                out[:, part.vertices] = here * grow[:, None] + move[:, None]
            elif part.bone.startswith("eye_"):
                side = ("eye_left", "eye_right").index(part.bone)
                own = (here - self.head.eye_pivots[side]) * self.eyeball_growth[:, None, None]
                out[:, part.vertices] = self.eye_moves[:, side, None] + own
            else:
                out[:, part.vertices] = self.field(here, part=part.name)
        for group, share in self.bag_shares.items():
            # The inside of the mouth goes with the teeth that it wraps around.
            inside = np.flatnonzero(share)
            grow, move = self.rigid_maps[group]
            rigid = vertices[inside] * grow[:, None] + move[:, None]
            out[:, inside] += share[inside, None] * (rigid - self.field(vertices[inside]))
        out.setflags(write=False)
        return out

    @cached_property
    def bag_shares(self) -> dict[str, Float]:
        """[skin vertices] how far the inside of the mouth follows the upper and the lower teeth."""
        topology = load_topology()
        skin = self.head.rig.neutral.vertices[: len(topology.mirror)].astype(np.float64)
        inside = smoothstep(0.1, 0.9, topology.masks["mouth"].astype(np.float64))
        seam = skin[topology.rings["lips_inner"], 1].mean()
        below = smoothstep(-2 * MM, 3 * MM, seam - skin[:, 1])
        return {"teeth_upper": inside * (1 - below), "teeth_lower": inside * below}

    @cached_property
    def gradients(self) -> Fields:
        """[99, V, 3, 3] derivative of the offsets by place: what a small arrow there becomes."""
        vertices = self.head.rig.neutral.vertices.astype(np.float64)
        out = np.zeros((len(self.eyeball_growth), len(vertices), 3, 3), dtype=np.float32)
        for part in self.head.parts:
            if part.name not in self.rigid_maps and not part.bone.startswith("eye_"):
                here = vertices[part.vertices]
                for axis in range(3):
                    step = np.zeros(3)
                    step[axis] = _STEP * MM
                    ahead = self.field(here + step, part=part.name)
                    behind = self.field(here - step, part=part.name)
                    out[:, part.vertices, :, axis] = (ahead - behind) / (2 * _STEP * MM)
        out.setflags(write=False)
        return out

    @cached_property
    def rigid_maps(self) -> dict[str, tuple[Float, Float]]:
        """For teeth, gums and tongue: growth [99, 3] along each axis and move [99, 3] metres.

        Fitted to the bending of space where the front teeth stand, for lips rest on them.
        """
        maps = {}
        vertices = self.head.rig.neutral.vertices.astype(np.float64)
        for group in RIGID:
            teeth = vertices[self.head.part(group[0]).vertices]
            moved = self._raw(teeth, group[0])
            weight = np.exp((teeth[:, 2] - teeth[:, 2].max()) / (18 * MM))
            weight /= weight.sum()
            middle = weight @ teeth
            away = teeth - middle
            mean = np.einsum("n,knc->kc", weight, moved)
            grow = np.zeros_like(mean)
            for axis in (0, 2):
                along = weight * away[:, axis]
                grow[:, axis] = (moved[..., axis] @ along) / (along @ away[:, axis])
            move = mean - grow * middle
            move[:, 0] *= 0  # a mean head is symmetric: rows of teeth stay in the middle
            for name in group:
                maps[name] = (grow, move)
        return maps


def _bent(mm: Points, part: str) -> Float:
    """Return [N controls, P, 3] mm, the bare bendings at `mm` [P, 3]."""
    places = base_places()
    out = np.zeros((len(NAMED_CONTROLS), len(mm), 3))
    for row, control in enumerate(NAMED_CONTROLS):
        for warp in WARPS[control.name]:
            if part.startswith(warp.parts):
                out[row] += warp(mm, places)
    return out


@cache
def base_places() -> Places:
    """Return the points of the head at zero."""
    head = load_head()
    return Places(head.rig.neutral.vertices.astype(np.float64), head.eye_pivots.astype(np.float64))
