"""Rulers: the anthropometric measures of a head, taken at MediaPipe's landmarks and a few more.

Points on both sides are averaged, so that a slightly uneven head has one width and one height.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.rig.cage import MM
from animdrive.rig.head import load_head
from animdrive.rig.surface import Points
from animdrive.rig.topology import load_topology

Vector = npt.NDArray[np.float64]


@cache
def marks() -> dict[str, tuple[int, int]]:
    """Return vertices that no landmark names: (left, right) of each; the same on the midline."""
    head, topology = load_head(), load_topology()
    vertices = head.rig.neutral.vertices / MM
    skin = vertices[: len(topology.mirror)]
    x, y, z = skin.T
    chin = skin[152, 1]
    outer = (topology.masks["mouth"] < 0.05) & (topology.masks["lid_left"] < 0.05)

    def lowest(cost: Points, *, where: npt.NDArray[np.bool_]) -> tuple[int, int]:
        left = int(np.argmin(np.where(where & outer & (x >= -0.01), cost, np.inf)))
        return left, int(topology.mirror[left])

    middle = np.abs(x) < 0.5
    found = {
        "back": lowest(z, where=middle & (y > 0)),
        "top": lowest(-y, where=middle),
        "side": lowest(-x, where=(y > skin[263, 1] + 10) & (topology.behind > 0.02)),
        "neck": lowest(np.abs(y - chin + 42) + np.abs(z + 108) * 0.5, where=x > 30),
        "larynx": lowest(np.abs(y - chin + 32), where=middle & (z > -80)),
        "pit": lowest(np.abs(y - chin + 66), where=middle & (z > -80)),
        "under_chin": lowest(
            np.abs(z - (skin[152, 2] - 24)), where=middle & (y < chin) & (y > chin - 30)
        ),
    }
    ears: dict[str, list[int]] = {"ear_top": [], "ear_lobe": [], "ear_rim": []}
    behind: list[int] = []
    for side in ("left", "right"):
        run = head.part(f"ear_{side}").vertices
        ear = vertices[run]
        rim = int(np.argmax(np.abs(ear[:, 0])))
        ears["ear_top"].append(run.start + int(np.argmax(ear[:, 1])))
        ears["ear_lobe"].append(run.start + int(np.argmin(ear[:, 1])))
        ears["ear_rim"].append(run.start + rim)
        same_side = x * np.sign(ear[rim, 0]) > 30
        beside = np.hypot(y - ear[rim, 1], z - ear[rim, 2])
        behind.append(int(np.argmin(np.where(same_side, beside, np.inf))))
    found |= {name: (pair[0], pair[1]) for name, pair in ears.items()}
    found["ear_ground"] = (behind[0], behind[1])
    return found


class Places:
    """Looks up points of one head, mm, both sides averaged onto the left."""

    def __init__(self, vertices: Points, eye_pivots: Points) -> None:
        """Take [V, 3] metres of all parts and [2, 3] metres of the eyeballs' centres."""
        self._v = np.asarray(vertices, dtype=np.float64) / MM
        self._eyes = np.asarray(eye_pivots, dtype=np.float64) / MM
        self._mirror, self._marks = load_topology().mirror, marks()

    def at(self, *places: int | str) -> Vector:
        """Return [3], the mean of landmarks (their number on the subject's left) and marks."""
        return np.asarray(np.mean([self._one(place) for place in places], axis=0))

    def _one(self, place: int | str) -> Vector:
        flip = np.array([-1.0, 1.0, 1.0])
        if place == "eye":
            return np.asarray((self._eyes[0] + self._eyes[1] * flip) / 2)
        pair = self._marks[place] if isinstance(place, str) else (place, int(self._mirror[place]))
        return np.asarray((self._v[pair[0]] + self._v[pair[1]] * flip) / 2)

    def eyeball_diameter(self) -> float:
        """Return the mean diameter of both eyeballs beside the cornea, mm."""
        head = load_head()
        sizes = []
        for centre, side in zip(self._eyes, ("left", "right"), strict=True):
            part = head.part(f"eye_{side}").vertices
            sizes.append(np.median(np.linalg.norm(self._v[part] - centre, axis=1)))
        return 2 * float(np.mean(sizes))


def _degrees(rise: float, run: float) -> float:
    return float(np.degrees(np.arctan2(rise, run)))


def _jaw_angle(p: Places) -> float:
    ear, corner, chin = p.at(454)[1:], p.at(288)[1:], p.at(152)[1:]
    a, b = ear - corner, chin - corner
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


def _out_of_line(p: Places, place: tuple[int, ...], ends: tuple[int, int], way: Vector) -> float:
    return float((p.at(*place) - p.at(*ends)) @ (way / np.linalg.norm(way)))


def _hump(p: Places) -> float:
    root, ridge, tip = p.at(168), p.at(197, 195), p.at(4)
    share = (ridge[1] - tip[1]) / (root[1] - tip[1])
    return float(ridge[2] - (tip[2] + share * (root[2] - tip[2])))


def _under_chin(p: Places) -> float:
    """Return how far the pad under the chin hangs below the line from chin to throat."""
    chin, throat, pad = p.at(152)[1:], p.at("larynx")[1:], p.at("under_chin")[1:]
    along = (throat - chin) / np.linalg.norm(throat - chin)
    down = np.array([along[1], -along[0]])
    return float((pad - chin) @ (down if down[0] < 0 else -down))


_OUT = np.array([0.7, 0.0, 0.7])

RULERS: dict[str, Callable[[Places], float]] = {
    "head_length": lambda p: p.at(9)[2] - p.at("back")[2],
    "head_breadth": lambda p: 2 * p.at("side")[0],
    "vault_height": lambda p: p.at("top")[1] - p.at(10)[1],
    "forehead_height": lambda p: p.at(10)[1] - p.at(9)[1],
    "forehead_slope": lambda p: _degrees(p.at(151)[2] - p.at(10)[2], p.at(10)[1] - p.at(151)[1]),
    "forehead_width": lambda p: 2 * p.at(301)[0],
    "brow_ridge": lambda p: p.at(9, 336, 334)[2] - p.at(151)[2],
    "brow_height": lambda p: p.at(282, 334, 295, 296)[1] - p.at("eye")[1],
    "brow_tilt": lambda p: _degrees(p.at(300)[1] - p.at(336)[1], p.at(300)[0] - p.at(336)[0]),
    "face_width": lambda p: 2 * p.at(447)[0],
    "jaw_width": lambda p: 2 * p.at(288)[0],
    "jaw_angle": _jaw_angle,
    "ramus_height": lambda p: p.at(454)[1] - p.at(288)[1],
    "chin_height": lambda p: p.at(17)[1] - p.at(152)[1],
    "chin_protrusion": lambda p: p.at(199)[2] - p.at(18)[2],
    "chin_width": lambda p: 2 * p.at(378, 400)[0],
    "chin_cleft": lambda p: p.at(428)[2] - p.at(199)[2],
    "cheekbone_width": lambda p: 2 * p.at(345)[0],
    "cheekbone_prominence": lambda p: p.at(346)[2] - p.at(454)[2],
    "cheek_fullness": lambda p: _out_of_line(p, (411, 427), (352, 365), _OUT),
    "temple_fullness": lambda p: p.at(368)[0] - p.at(301, 447)[0],
    "eye_spacing": lambda p: 2 * p.at(362)[0],
    "eye_width": lambda p: p.at(263)[0] - p.at(362)[0],
    "eye_height": lambda p: p.at(386)[1] - p.at(374)[1],
    "eye_tilt": lambda p: _degrees(p.at(263)[1] - p.at(362)[1], p.at(263)[0] - p.at(362)[0]),
    "eye_depth": lambda p: p.at("eye")[2] - p.at(372)[2],
    "eyeball_size": lambda p: p.eyeball_diameter(),
    "lid_crease_height": lambda p: p.at(257)[1] - p.at(386)[1],
    "epicanthic_fold": lambda p: p.at(362)[1] - p.at(413)[1],
    "nose_height": lambda p: p.at(168)[1] - p.at(2)[1],
    "nose_width": lambda p: 2 * p.at(358)[0],
    "nose_protrusion": lambda p: p.at(4)[2] - p.at(2)[2],
    "nose_tip_rotation": lambda p: _degrees(p.at(4)[1] - p.at(2)[1], p.at(4)[2] - p.at(2)[2]),
    "nose_tip_width": lambda p: 2 * p.at(440)[0],
    "nose_bridge_height": lambda p: p.at(6, 197)[2] - p.at(362)[2],
    "nose_bridge_width": lambda p: 2 * p.at(412)[0],
    "nose_hump": _hump,
    "nasion_depth": lambda p: p.at(362)[2] - p.at(168)[2],
    "alar_base_height": lambda p: p.at(327)[1] - p.at(2)[1],
    "mouth_width": lambda p: 2 * p.at(291)[0],
    "upper_lip_height": lambda p: p.at(0)[1] - p.at(13)[1],
    "lower_lip_height": lambda p: p.at(14)[1] - p.at(17)[1],
    "philtrum_length": lambda p: p.at(2)[1] - p.at(0)[1],
    "upper_lip_protrusion": lambda p: p.at(0)[2] - p.at(2)[2],
    "lower_lip_protrusion": lambda p: p.at(17)[2] - p.at(18)[2],
    "mandible_protrusion": lambda p: p.at(18)[2] - p.at(2)[2],
    "mouth_corner_height": lambda p: p.at(291)[1] - p.at(13, 14)[1],
    "cupids_bow": lambda p: p.at(267)[1] - p.at(0)[1],
    "ear_length": lambda p: float(np.linalg.norm(p.at("ear_top") - p.at("ear_lobe"))),
    "ear_protrusion": lambda p: p.at("ear_rim")[0] - p.at("ear_ground")[0],
    "neck_width": lambda p: 2 * p.at("neck")[0],
    "larynx": lambda p: p.at("larynx")[2] - p.at("pit")[2],
    "fat_mass": _under_chin,
    "jowl_sag": lambda p: p.at(152)[1] - p.at(379)[1],
    "cheek_sag": lambda p: p.at(2)[1] - p.at(425)[1],
    "lid_sag": lambda p: p.at(282)[1] - p.at(442, 443)[1],
    "eye_bag": lambda p: p.at(450)[2] - p.at(348)[2],
    "nasolabial_depth": lambda p: _out_of_line(p, (425,), (391, 423), np.array([0.2, 0, 1.0])),
}
"""Name of a control → its measure of a head, mm or degrees."""


def measured(character: Character) -> dict[str, float]:
    """Return every measure of a head of our topology, in the unit of its `HeadControl`."""
    return measures_of(character.rig.neutral.vertices, character.eye_pivots)


def measures_of(vertices: npt.ArrayLike, eye_pivots: npt.ArrayLike) -> dict[str, float]:
    """Return every measure of [V, 3] metres of all parts and [2, 3] metres of the eyeballs."""
    places = Places(np.asarray(vertices), np.asarray(eye_pivots))
    return {name: float(ruler(places)) for name, ruler in RULERS.items()}
