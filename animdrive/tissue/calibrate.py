"""How strongly each muscle must pull so that a curve means what its users expect.

A curve's muscles are named by anatomy (`animdrive.tissue.facs`); how much each contracts is found
so that the tissue comes as near as it can to where the linear shape takes the landmarks: an
inverse problem as in Sifakis, Neverov and Fedkiw (2005), "Automatic determination of facial muscle
activations from sparse motion capture marker data". The skin itself is never taken from the
linear shapes. How far the lips part counts of its own: it is what is read from a mouth that speaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import lsq_linear

from animdrive.contract import Rig
from animdrive.contract.stages import Progress, no_progress
from animdrive.tissue.assembly import Anatomy
from animdrive.tissue.drive import AIR, Driver
from animdrive.tissue.facs import FACS_TABLE, CurveAnatomy
from animdrive.tissue.mesh import MM

Field = npt.NDArray[np.float64]

KINEMATIC = ("palpebra", "rectus", "obliquus", "pterygoid", "masseter", "digastric", "genioglossus")
"""Parts of the names of muscles that move lids, eyes, jaw and tongue as bodies."""
ROUNDS = 7
FLOOR = 0.85
"""The muscles of an action unit act together: none falls behind this share of its part."""
SLIT = 1.5
"""Weight of how high the lips part, of each pair of vertices that face one another."""
_POSES: Mapping[str, tuple[Mapping[str, float], ...]] = {
    "mouthClose": ({"mouthClose": 1.0, "jawOpen": 1.0},),
    # Rounded lips speak on an open jaw, and seldom at their most.
    "mouthPucker": (
        {"mouthPucker": 1.0},
        {"mouthPucker": 0.75, "mouthFunnel": 0.25, "jawOpen": 0.12},
        {"mouthPucker": 0.5, "jawOpen": 0.3},
    ),
    "mouthFunnel": ({"mouthFunnel": 0.8}, {"mouthFunnel": 0.4, "jawOpen": 0.25}),
}
"""Poses in which a curve is fitted, where that is not the curve alone at 1."""
CEILING = 1.3
"""Nor does one of the lips' ring get ahead by more: a ring that is pulled unevenly turns square."""
_RING = ("mouthPucker", "mouthFunnel")
_STEP = 0.08
"""Change of contraction by which derivatives are taken."""


@dataclass(frozen=True)
class CurveFit:
    """What fitting one curve came to."""

    curve: str
    wanted_mm: float
    """Root mean square motion of the landmarks in the linear shape."""
    left_mm: float
    """Root mean square of what the muscles do not reach."""
    slit_mm: tuple[float, float]
    """Mean way by which the lips part or close, wanted and reached."""


def fit_gains(
    anatomy: Anatomy,
    rig: Rig,
    lips: npt.NDArray[np.int64],
    *,
    landmarks: int = 468,
    progress: Progress = no_progress,
) -> tuple[Field, list[CurveFit]]:
    """Return gains [M + 1, C] for `Driver` and how near each curve came.

    Args:
        anatomy: The tissue of our own head.
        rig: The linear shapes.
        lips: [K, 2] coarse vertices of upper and lower lip that touch at rest.
        landmarks: The first so many vertices are compared.
        progress: Told how far the work is.
    """
    names = rig.names
    rows = {name: i for i, name in enumerate((*anatomy.muscles, AIR))}
    gains = np.zeros((len(rows), len(names)))
    fits = []
    todo = [row for row in FACS_TABLE if not row.curve.endswith("Right")]
    # mouthClose is read on top of an open jaw, so the jaw's own muscles come first.
    todo.sort(key=lambda row: row.curve == "mouthClose")
    for done, row in enumerate(todo):
        progress("fitting muscles", done / len(todo))
        found, fit = _fit_curve(anatomy, rig, lips, gains, row, rows, landmarks)
        column = names.index(row.curve)
        gains[:, column] = found
        fits.append(fit)
        if row.curve.endswith("Left"):
            gains[:, names.index(row.curve[:-4] + "Right")] = _mirrored(found, rows)
    progress("fitting muscles", 1.0)
    return gains, fits


def _mirrored(gain: Field, rows: dict[str, int]) -> Field:
    other = gain.copy()
    for name, row in rows.items():
        if name.endswith("_left"):
            mate = rows[name[:-5] + "_right"]
            other[row], other[mate] = gain[mate], gain[row]
    return other


def _groups(row: CurveAnatomy, rows: dict[str, int]) -> tuple[list[list[int]], Field]:
    """Return the rows that move together (both sides of a muscle), and their priors."""
    groups, prior = [], []
    for muscle, weight in row.muscles.items():
        if any(part in muscle for part in KINEMATIC):
            continue
        sides = ("left", "right") if row.side == "both" else (row.side,)
        groups.append([rows[f"{muscle}_{side}"] for side in sides])
        prior.append(weight)
    if row.curve == "cheekPuff":
        groups.append([rows[AIR]])
        prior.append(1.0)
    return groups, np.array(prior)


def _fit_curve(
    anatomy: Anatomy,
    rig: Rig,
    lips: npt.NDArray[np.int64],
    gains: Field,
    row: CurveAnatomy,
    rows: dict[str, int],
    landmarks: int,
) -> tuple[Field, CurveFit]:
    """Gauss-Newton on the few contractions of one curve."""
    names = rig.names
    column = names.index(row.curve)
    poses = _POSES.get(row.curve, ({row.curve: 1.0},))
    values = np.zeros((len(poses), len(names)))
    for number, pose in enumerate(poses):
        for name, value in pose.items():
            values[number, names.index(name)] = value
    # Of each pose: where the landmarks go, then how the lips part.
    shapes = rig.deltas.astype(np.float64) / MM
    shapes = np.concatenate(
        [shapes[:, :landmarks], shapes[:, lips[:, 0]] - shapes[:, lips[:, 1]]], axis=1
    )
    target = np.tensordot(values, shapes, 1)
    groups, prior = _groups(row, rows)
    rest = anatomy.mesh.nodes
    # What a curve moves counts; what moves with it in a real face may.
    size = np.linalg.norm(target[:, :landmarks], axis=2)
    share = size / np.maximum(size.max(axis=1, keepdims=True), 1e-9)
    weight = np.zeros_like(target)
    weight[:, :landmarks] = 0.05 + share[:, :, None] ** 1.5
    weight[:, landmarks:, 1] = SLIT
    starts: dict[int, tuple[Any, Any]] = {}

    def reached(amount: Field) -> Field:
        trial = gains.copy()
        trial[:, column] = 0.0
        for group, value in zip(groups, amount, strict=True):
            trial[group, column] = value
        driver = Driver(anatomy, names, trial)
        interior = anatomy.interior
        found = []
        for number, given in enumerate(values):
            demand = driver.demand(given[None])
            x, _, _ = interior.solve(demand, interior.guess(demand, starts.get(number)))
            starts.setdefault(number, (x, demand))
            moved = np.asarray(x[:, :, 0].cpu().numpy()) - rest
            found.append(np.concatenate([moved[:landmarks], moved[lips[:, 0]] - moved[lips[:, 1]]]))
        return np.stack(found)

    amount = 0.2 * prior
    most = np.full(len(groups), 1.0)
    for number, group in enumerate(groups):
        if group == [rows[AIR]]:
            amount[number], most[number] = 0.2, 2.0
    moved = reached(amount) if len(groups) else reached(np.zeros(0))
    residual = (target - moved) * weight
    for _ in range(ROUNDS if len(groups) else 0):
        columns = []
        for number in range(len(groups)):
            ahead = amount.copy()
            step = _STEP
            ahead[number] += step if ahead[number] + step < most[number] else -step
            columns.append(
                ((reached(ahead) - moved) * weight).ravel() / (ahead[number] - amount[number])
            )
        slope = np.stack(columns, axis=1)
        # The prior's proportions hold where the landmarks do not say otherwise.
        share = max(float((amount @ prior) / (prior @ prior)), 0.05)
        ease = 0.12 * np.linalg.norm(slope, axis=0).max()
        matrix = np.concatenate([slope, ease * np.eye(len(groups))])
        right = np.concatenate([residual.ravel(), ease * (share * prior - amount)])
        low = np.maximum(np.minimum(FLOOR * share * prior, most) - amount, -0.2)
        room = np.minimum(CEILING * share * prior, most) if row.curve in _RING else most
        high = np.maximum(np.minimum(room - amount, 0.2), low)
        step = lsq_linear(matrix, right, bounds=(low, np.maximum(high, low + 1e-9))).x
        trial = amount + step
        after = reached(trial)
        new = (target - after) * weight
        if (new**2).sum() > (residual**2).sum():
            step *= 0.4
            trial = amount + step
            after = reached(trial)
            new = (target - after) * weight
            if (new**2).sum() > (residual**2).sum():
                break
        gone = 1 - (new**2).sum() / max((residual**2).sum(), 1e-12)
        amount, moved, residual = trial, after, new
        if gone < 0.02:
            break
    gain = np.zeros(len(gains))
    for group, value in zip(groups, amount, strict=True):
        gain[group] = value
    missed = (target - moved)[:, :landmarks]
    return gain, CurveFit(
        curve=row.curve,
        wanted_mm=float(np.sqrt((target[:, :landmarks] ** 2).sum(2).mean())),
        left_mm=float(np.sqrt((missed**2).sum(2).mean())),
        slit_mm=(float(target[:, landmarks:, 1].mean()), float(moved[:, landmarks:, 1].mean())),
    )
