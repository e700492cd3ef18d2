"""Makes the 99 directions of a head's shape: named controls unmixed, smooth modes added."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.rig.cage import EYE_RADIUS, MM
from animdrive.rig.head import load_head
from animdrive.rig.identity_basis import Float, ShapeBasis
from animdrive.rig.identity_modes import Modes, smooth_modes
from animdrive.rig.identity_rulers import RULERS, Places, marks
from animdrive.rig.identity_table import COMPOSITE, EVEN_MODES, NAMED_CONTROLS, UNEVEN_MODES
from animdrive.rig.surface import Points, cotangent_laplacian, smoothstep
from animdrive.rig.topology import load_topology

EVEN_MODES_RMS_MM = 0.9
"""Root mean square over the face of all even modes together, at one standard deviation each: what
the named measures leave open, by judgement."""
UNEVEN_MODES_RMS_MM = 0.35
"""The same of the uneven ones: half of what faces differ from their mirror image by, after Ekrami
et al. (2018), "Measuring asymmetry from high-density 3D surface scans", PLoS ONE 13:e0207895."""
_FACE_SAMPLES, _BACK_SAMPLES = 220, 90


@cache
def load_basis() -> ShapeBasis:
    """Return the directions of our head's shape; the same object every time.

    They are computed in some seconds, not stored: they follow the head whenever it is rebuilt.
    """
    head = load_head()
    names = [control.name for control in NAMED_CONTROLS]
    spread = np.array([control.sd for control in NAMED_CONTROLS])
    eyeball = names.index("eyeball_size")
    growth = np.zeros(len(names))
    growth[eyeball] = spread[eyeball] / 2 * MM / EYE_RADIUS
    start = np.diag(crosstalk(ShapeBasis(head, np.eye(len(names)), (), growth))).copy()
    start[eyeball] = 1 / (10 * growth[eyeball])  # what surrounds the eyeball grows as it does
    mix = np.diag(1 / start)
    mix = _corrected(crosstalk(ShapeBasis(head, mix, (), growth)), names) @ mix
    modes = _modes(ShapeBasis(head, mix, (), growth))
    count = EVEN_MODES + UNEVEN_MODES
    return ShapeBasis(head, mix, modes, np.concatenate([growth, np.zeros(count)]))


def _corrected(off: Float, names: list[str]) -> Float:
    """Return [N, N] what rows to mix so that a plain control changes its own measure alone.

    Composite controls are left to change others' measures, and are only brought to size.
    """
    plain = np.array([name not in COMPOSITE for name in names])
    inverse = np.diag(1 / np.diag(off))
    block = off[np.ix_(plain, plain)]
    inverse[np.ix_(plain, plain)] = np.linalg.inv(block)
    return inverse


def crosstalk(basis: ShapeBasis, size: float = 0.25) -> Float:
    """Return [N, N], what each measure (columns) makes of each control (rows) at 1.

    In standard deviations of the measure: the identity matrix where controls are pure.
    """
    spread = np.array([control.sd for control in NAMED_CONTROLS])
    rows = []
    for row in range(len(NAMED_CONTROLS)):
        ends = []
        for sign in (size, -size):
            vertices = basis.head.rig.neutral.vertices + sign * basis.offsets[row]
            eyes = basis.head.eye_pivots + sign * basis.eye_moves[row]
            places = Places(vertices, eyes)
            ends.append([RULERS[control.name](places) for control in NAMED_CONTROLS])
        rows.append((np.array(ends[0]) - np.array(ends[1])) / (2 * size) / spread)
    return np.array(rows)


def _modes(named: ShapeBasis) -> tuple[Modes, ...]:
    head, topology = named.head, load_topology()
    skin = head.rig.neutral.vertices[: len(topology.mirror)].astype(np.float64) / MM
    outer = (topology.masks["mouth"] < 0.05) & (topology.masks["lid_left"] < 0.05)
    half = np.flatnonzero(outer & (skin[:, 0] > -0.01))
    face = topology.behind[half] < 0.02
    chosen = np.concatenate(
        [
            half[here][_spread_out(skin[half[here]], count)]
            for here, count in ((face, _FACE_SAMPLES), (~face, _BACK_SAMPLES))
        ]
    )
    _, area = cotangent_laplacian(skin, topology.faces[-1])
    from scipy.spatial import cKDTree

    nearest = cKDTree(skin[chosen]).query(skin[half])[1]
    weight = area[half] * _attention(topology.behind[half].astype(np.float64))
    share = np.bincount(nearest, weight, len(chosen)).astype(np.float64)
    measures = _ruler_derivative(head)
    offsets = named.offsets[:, chosen].astype(np.float64) / MM
    ones, zero = np.ones(len(chosen)), np.zeros(len(chosen))
    x, y, z = skin[chosen].T

    def whole(even: bool) -> Float:
        moves = (
            ((zero, ones, zero), (zero, zero, ones), (zero, -z, y))
            if even
            else ((ones, zero, zero), (z, zero, -x), (-y, x, zero))
        )
        return np.array([np.stack(move, axis=1) for move in moves])

    made = []
    for even, count, rms in (
        (True, EVEN_MODES, EVEN_MODES_RMS_MM),
        (False, UNEVEN_MODES, UNEVEN_MODES_RMS_MM),
    ):
        modes = smooth_modes(
            skin[chosen],
            share,
            count=count,
            sign=1.0 if even else -1.0,
            measures=measures,
            taken=np.concatenate([offsets, whole(True)]) if even else whole(False),
        )
        made.append(Modes(modes.samples, modes.weights * rms, modes.sign))
    return tuple(made)


def _attention(behind: Float) -> Float:
    """Return [N] how much a stretch of skin counts: people differ, and are told apart, in front."""
    return np.asarray(1 - 0.97 * smoothstep(0.0, 0.15, behind))


def _spread_out(points: Points, count: int) -> npt.NDArray[np.int64]:
    """Return `count` indices far from each other: farthest-point sampling, from the first on."""
    chosen = [0]
    distance = np.linalg.norm(points - points[0], axis=1)
    for _ in range(count - 1):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen)


def _ruler_derivative(head: Character) -> tuple[Points, Float]:
    """Return the points [R, 3] mm that rulers touch, and their derivative [Q, R, 3]."""
    vertices = head.rig.neutral.vertices.astype(np.float64)
    eyes = head.eye_pivots.astype(np.float64)
    touched = _Touched(vertices, eyes)
    for ruler in RULERS.values():
        ruler(touched)
    ids = sorted(touched.seen)
    step = 0.05 * MM
    places = [*vertices[ids], *eyes]
    derivative = np.zeros((len(RULERS), len(places), 3))
    for number in range(len(places)):
        for axis in range(3):
            ends = []
            for sign in (step, -step):
                moved, turned = vertices, eyes
                if number < len(ids):
                    moved = vertices.copy()
                    moved[ids[number], axis] += sign
                else:
                    turned = eyes.copy()
                    turned[number - len(ids), axis] += sign
                at = Places(moved, turned)
                ends.append([0.0 if n == "eyeball_size" else r(at) for n, r in RULERS.items()])
            derivative[:, number, axis] = (np.array(ends[0]) - np.array(ends[1])) / (2 * step / MM)
    return np.array(places) / MM, derivative


class _Touched(Places):
    """Remembers which vertices rulers ask for."""

    def __init__(self, vertices: Points, eye_pivots: Points) -> None:
        super().__init__(vertices, eye_pivots)
        self.seen: set[int] = set()

    def _one(self, place: int | str) -> Float:
        if place != "eye":
            mirror = load_topology().mirror
            pair = marks()[place] if isinstance(place, str) else (place, int(mirror[place]))
            self.seen |= set(pair)
        return super()._one(place)
