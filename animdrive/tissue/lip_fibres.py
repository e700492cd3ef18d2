"""Fibres that run through the lips from front to back, or from lip to lip, rather than round them.

The compressor labii (Klein's muscle, rectus labii) passes between the bundles of orbicularis oris
from the skin of the red lip to the mucosa (Standring, Gray's Anatomy, 41st ed., chapter 30); with
the marginal part it presses the lips to the teeth and turns the red inwards.
"""

from __future__ import annotations

import numpy as np

from animdrive.rig.cage import MM
from animdrive.rig.surface import Points
from animdrive.rig.topology import SkinTopology
from animdrive.tissue.bones import head_scale
from animdrive.tissue.muscles import Muscle

_RINGS = ("mouth_1", "lips_inner", "lips_near", "lips_middle")
_HELD_MM = {"upper": (-4.0, -8.0), "lower": (1.0, -9.0)}
"""From the lips' inside up and forward to where the fibres are held: past the edges of the teeth,
so that the red is drawn in over them when the jaw gives room."""
_DEPTH_MM = 0.7
_PLACES = {"right": (6, 10, 14, 18), "left": (22, 26, 30, 34)}
"""Places along a half ring of 40 steps, corners left out."""


def compressors(vertices: Points, topology: SkinTopology) -> tuple[Muscle, ...]:
    """Return the compressor labii of each quadrant; see `animdrive.tissue.muscles.muscles_of`."""
    scale = head_scale(vertices) * MM
    rings = [topology.rings[name] for name in _RINGS]
    found = []
    for lip in ("upper", "lower"):
        for side in ("left", "right"):
            fibres = []
            # A ring runs from the right corner over the upper lip to the left and back.
            for step in _PLACES[side]:
                at = step if lip == "upper" else len(rings[0]) - step
                line = np.array([vertices[ring[at % len(ring)]] for ring in rings])
                up = 1.0 if lip == "upper" else -1.0
                line[:, 1] += up * _DEPTH_MM * scale * np.array([0.8, 1.0, 0.6, 0.0])
                line[:, 2] -= _DEPTH_MM * scale * np.array([0.0, 0.3, 0.8, 1.0])
                held = line[0] + np.array([0.0, *_HELD_MM[lip]]) * scale
                fibres.append(np.concatenate([held[None], line]))
            found.append(
                Muscle(
                    name=f"compressor_labii_{lip}_{side}",
                    fibres=tuple(fibres),
                    origin="skull" if lip == "upper" else "mandible",
                    closed=False,
                    shortening=0.3,
                )
            )
    return tuple(found)
