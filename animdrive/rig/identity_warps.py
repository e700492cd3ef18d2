"""The named controls as bendings of space: where each one takes hold, and how far it reaches.

A bending is defined everywhere, not on the skin alone. So lips that touch keep touching, what lies
inside follows what lies outside, and a shape made for one head can be carried over to another.
Amounts are proportions: `animdrive.rig.identity_basis` scales every control to its own measure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animdrive.rig.identity_rulers import Places
from animdrive.rig.surface import Points, smoothstep

Triple = tuple[float, float, float]
Place = int | str


@dataclass(frozen=True)
class Local:
    """Moves and stretches a neighbourhood, and its mirror image on the other side.

    ``u(p) = h(p) (move + grow (p - centre))``, h a hill of height 1 that has fallen to 1/e at
    `radius`.
    """

    at: tuple[Place, ...]
    """Landmarks (the subject's left) and marks whose mean is the centre."""
    radius: Triple
    """mm along x, y, z."""
    move: Triple = (0.0, 0.0, 0.0)
    """x outwards, y up, z forward."""
    grow: tuple[Triple, Triple, Triple] | None = None
    """Rows of a linear map about the centre, on the left side."""
    flat: bool = False
    """Whether the hill is a plateau with a steeper edge."""
    shift: Triple = (0.0, 0.0, 0.0)
    """mm from the mean of the places to the centre, x outwards."""
    parts: str = ""
    """Only parts whose name starts so; all where empty."""

    def __call__(self, points: Points, places: Places) -> Points:
        """Return [N, 3] for `points` [N, 3] mm."""
        centre = places.at(*self.at) + np.array(self.shift)
        if abs(centre[0]) < 0.5:
            centre[0] = 0.0
            return self._one(points, centre)
        flip = np.array([-1.0, 1.0, 1.0])
        mirrored = self._one(points * flip, centre) * flip
        return np.asarray(self._one(points, centre) + mirrored)

    def _one(self, points: Points, centre: Points) -> Points:
        away = points - centre
        far = ((away / self.radius) ** 2).sum(1)
        hill = np.exp(-(far**2) if self.flat else -far)[:, None]
        moved = np.broadcast_to(np.array(self.move), points.shape)
        if self.grow is not None:
            moved = moved + away @ np.array(self.grow).T / 10
        return np.asarray(hill * moved)


@dataclass(frozen=True)
class Slide:
    """Moves all that lies beyond a band across the face along with the band's far end."""

    start: tuple[Place, float]
    """Place and mm added to its height: nothing moves on this side of it."""
    stop: tuple[Place, float]
    """From here on everything moves by `move`."""
    move: Triple
    front: bool = True
    """Whether the back of the head stays, and the neck fades out."""
    fan: float = 0.0
    """How much the band widens upwards and downwards for every mm away from the midline."""
    parts: str = ""

    def __call__(self, points: Points, places: Places) -> Points:
        """Return [N, 3] for `points` [N, 3] mm."""
        wider = self.fan * np.sqrt(points[:, 0] ** 2 + 9.0)
        start = places.at(self.start[0])[1] + self.start[1]
        stop = places.at(self.stop[0])[1] + self.stop[1]
        start, stop = (
            (start + wider, stop - wider) if start > stop else (start - wider, stop + wider)
        )
        way = (points[:, 1] - start) / (stop - start)
        share = smoothstep(0.0, 1.0, way)
        if self.front:
            ear, chin = places.at(454)[2], places.at(152)[1]
            share = share * smoothstep(ear - 15, ear + 55, points[:, 2])
            share = share * smoothstep(chin - 75, chin - 10, points[:, 1])
        return np.asarray(share[:, None] * np.array(self.move))


Warp = Local | Slide


def _zoom(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> tuple[Triple, Triple, Triple]:
    return ((x, 0, 0), (0, y, 0), (0, 0, z))


_TURN = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0))

WARPS: dict[str, tuple[Warp, ...]] = {
    "head_length": (Local(("back",), (80, 85, 75), (0, 0, -1)),),
    "head_breadth": (Local(("side",), (55, 65, 75), (1, 0, 0)),),
    "vault_height": (Local(("top",), (90, 42, 100), (0, 1, 0)),),
    "forehead_height": (Local((10,), (85, 34, 75), (0, 1, -0.4), shift=(0, 18, -15)),),
    "forehead_slope": (Slide((9, 4), (10, 8), (0, 0, -1), front=False),),
    "forehead_width": (Local((301,), (28, 30, 36), (1, 0, 0)),),
    "brow_ridge": (
        Local((9,), (14, 9, 18), (0, 0, 0.4)),
        Local((336,), (15, 8, 18), (0, 0, 0.8)),
        Local((334,), (19, 8, 20), (0, 0, 1)),
    ),
    "brow_height": (
        Local((282, 334), (28, 12, 28), (0, 1, 0)),
        Local((336, 285), (14, 11, 20), (0, 0.6, 0)),
    ),
    "brow_tilt": (
        Local((300, 293), (17, 10, 22), (0, 1, 0)),
        Local((336, 285), (13, 9, 18), (0, -0.8, 0)),
    ),
    "face_width": (Local((447,), (34, 42, 46), (1, 0, 0)),),
    "jaw_width": (Local((288,), (34, 28, 40), (1, 0, 0)),),
    "jaw_angle": (Local((288,), (30, 24, 26), (0, 0.5, 0.9)),),
    "ramus_height": (Local((288,), (30, 24, 34), (0, -1, 0)),),
    "chin_height": (Slide((17, -1), (152, 8), (0, -1, 0), fan=0.15),),
    "chin_protrusion": (Local((199,), (26, 17, 26), (0, 0, 1)),),
    "chin_width": (Local((378, 400), (15, 15, 20), (1, 0, 0)),),
    "chin_cleft": (
        Local((199,), (4.5, 9, 14), (0, -0.1, -1)),
        Local((428, 396), (7, 9, 14), (0, 0, 0.3)),
    ),
    "cheekbone_width": (Local((345,), (22, 17, 24), (1, 0, 0)),),
    "cheekbone_prominence": (Local((346,), (20, 13, 22), (0.3, 0, 1)),),
    "cheek_fullness": (Local((411, 427), (20, 18, 22), (0.7, 0, 0.7)),),
    "temple_fullness": (Local((368,), (22, 15, 20), (1, 0, 0.2)),),
    "eye_spacing": (Local(("eye",), (28, 19, 30), (1, 0, 0), flat=True),),
    "eye_width": (
        Local(("eye",), (30, 13, 26), (0.15, 0, 0), _zoom(x=1), flat=True, shift=(0, -1, 6)),
    ),
    "eye_height": (Local((386, 374), (22, 11, 24), grow=_zoom(y=1), flat=True),),
    "eye_tilt": (Local((263, 362), (28, 13, 26), grow=_TURN, flat=True),),
    "eye_depth": (Local(("eye",), (27, 19, 28), (0, 0, 1)),),
    "eyeball_size": (Local(("eye",), (18, 15, 18), grow=_zoom(1, 1, 1), flat=True),),
    "lid_crease_height": (
        Local((257, 258), (17, 4.5, 14), (0, 1, 0)),
        Local((259,), (9, 4.5, 12), (0, 0.6, 0)),
    ),
    "epicanthic_fold": (
        Local((413,), (6.5, 6, 9), (0.35, -1, 0.35)),
        Local((464,), (4.5, 5, 8), (0.4, -0.5, 0.3)),
    ),
    "nose_height": (Slide((374, -3), (2, 8), (0, -1, 0), fan=0.05),),
    "nose_width": (Local((358, 278), (13, 11, 17), (1, 0, 0)),),
    "nose_protrusion": (Local((4, 1), (14, 14, 17), (0, 0, 1)),),
    "nose_tip_rotation": (Local((4, 1), (13, 11, 15), (0, 1, 0.1)),),
    "nose_tip_width": (Local((274, 440), (7, 9, 11), (1, 0, 0)),),
    "nose_bridge_height": (Local((6, 197), (10, 15, 16), (0, 0, 1)),),
    "nose_bridge_width": (Local((412,), (8, 16, 14), (1, 0, 0)),),
    "nose_hump": (Local((197, 195), (10, 11, 14), (0, 0, 1)),),
    "nasion_depth": (Local((168,), (13, 9, 16), (0, 0, -1)),),
    "alar_base_height": (Local((327,), (10, 6, 13), (0, 1, 0)),),
    "mouth_width": (
        Local((291,), (15, 13, 20), (1, 0, -0.3)),
        Local((0, 17), (26, 14, 20), grow=_zoom(x=0.4)),
    ),
    "upper_lip_height": (
        Local((0,), (13, 6.5, 16), (0, 1, 0.35)),
        Local((269,), (11, 6, 14), (0, 0.7, 0.25)),
    ),
    "lower_lip_height": (
        Local((17,), (14, 8, 16), (0, -1, 0.3)),
        Local((405,), (11, 7, 14), (0, -0.6, 0.2)),
    ),
    "philtrum_length": (Slide((2, -2), (0, 1), (0, -1, 0), fan=0.4),),
    "upper_lip_protrusion": (Local((0, 13), (24, 9, 20), (0, 0, 1)),),
    "lower_lip_protrusion": (Local((17, 14), (24, 9, 20), (0, 0, 1)),),
    "mandible_protrusion": (Local((18, 199), (46, 34, 55), (0, 0, 1)),),
    "mouth_corner_height": (Local((291,), (11, 8, 15), (0, 1, 0)),),
    "cupids_bow": (Local((0,), (4.5, 5, 9), (0, -1, 0)), Local((267,), (4.5, 5, 9), (0, 0.8, 0))),
    "ear_length": (
        Local(("ear_top", "ear_lobe"), (60, 60, 60), grow=_zoom(0.5, 1, 0.8), parts="ear"),
    ),
    "ear_protrusion": (Local(("ear_rim",), (14, 26, 18), (1, 0, 0.1), parts="ear"),),
    "neck_width": (
        Local(("neck",), (75, 62, 75), (1, 0, 0)),
        Local(("larynx",), (50, 34, 40), (0, 0, 0.35)),
        Local(("neck",), (90, 60, 60), (0, 0, -0.4), shift=(0, 0, -55)),
    ),
    "larynx": (Local(("larynx",), (9, 13, 20), (0, 0, 1)),),
    "fat_mass": (
        Local(("under_chin",), (34, 26, 34), (0, -1, 0.3)),
        Local((379, 365), (22, 20, 26), (0.55, -0.35, 0.25)),
        Local((427, 411), (22, 22, 26), (0.5, -0.1, 0.4)),
        Local((288,), (26, 26, 32), (0.6, -0.1, 0)),
        Local(("neck",), (60, 50, 70), (0.8, 0, 0)),
        Local(("larynx",), (40, 30, 40), (0, -0.2, 0.6)),
    ),
    "jowl_sag": (
        Local((379, 365), (14, 13, 20), (0.25, -1, 0.1)),
        Local((400,), (8, 9, 12), (-0.05, 0.35, -0.25)),
    ),
    "cheek_sag": (
        Local((425, 411), (20, 17, 22), (0.05, -1, 0.0)),
        Local((346, 347), (18, 10, 18), (0, -0.35, -0.5)),
    ),
    "lid_sag": (
        Local((257, 443), (15, 4.2, 12), (0, -0.9, 0.5)),
        Local((445,), (8, 5, 12), (0.1, -0.9, 0.4)),
    ),
    "eye_bag": (
        Local((450,), (13, 5, 14), (0, -0.3, 1)),
        Local((348,), (15, 5, 14), (0, 0, -0.45)),
    ),
    "nasolabial_depth": (
        Local((425, 426), (8, 12, 14), (0.25, -0.35, 0.7)),
        Local((391,), (4.5, 7, 10), (0, 0, -0.45)),
        Local((423,), (4.0, 6, 10), (0, 0, -0.45)),
        Local((322,), (4.5, 6, 10), (0, 0, -0.4)),
    ),
}
"""Name of a control → the bendings that make it."""
