"""The mimetic muscles as curved fibres that follow any head of our topology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from animdrive.rig.cage import EYE_RADIUS, MM
from animdrive.rig.head import load_head
from animdrive.rig.normals import vertex_normals
from animdrive.rig.surface import Faces, Points, edges_of
from animdrive.rig.topology import SkinTopology
from animdrive.tissue.bones import head_scale, skin_of, soft_tissue_depth
from animdrive.tissue.muscle_beds import muscle_beds
from animdrive.tissue.muscle_table import COURSES

Field = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_ON_BONE = 0.85
"""Share of the soft tissue's depth at which a fibre on the bone lies."""


@dataclass(frozen=True, eq=False)
class Muscle:
    """One muscle of one side, at rest."""

    name: str
    """With its side: "zygomaticus_major_left"."""
    fibres: tuple[Points, ...]
    """Each [N >= 4, 3] metres from origin to insertion, 2 to 5 mm between points."""
    origin: Literal["skull", "mandible", "soft"]
    """What the first point of every fibre is fixed to; all others ride in soft tissue. "skull" also
    stands for fasciae that hardly give: galea, fascia of the parotid and over the collarbone."""
    closed: bool
    """Whether the last point of a fibre joins the first. Ours are none: the sphincters of eyes and
    mouth are made of arcs, which contract separately."""
    shortening: float
    """Share of the length at rest by which it contracts at activation 1."""

    def lengths(self) -> Field:
        """Return [fibres] metres at rest."""
        return np.array([np.linalg.norm(np.diff(f, axis=0), axis=1).sum() for f in self.fibres])


def muscles_of(vertices: Points, topology: SkinTopology) -> tuple[Muscle, ...]:
    """Return every mimetic muscle of a head, left and right.

    The courses of `muscle_table` are laid over our own head once and kept as places on triangles
    of the skin with a depth below it, so that they follow every identity; the right side is the
    left one's mirror image, triangle by triangle.

    Args:
        vertices: [V, 3] metres at rest; the skin's standard level first, more may follow.
        topology: Connections of the skin.

    Returns:
        The muscles in the order of `COURSES`, left before right.

    Raises:
        ContractError: there are fewer vertices than the skin has.
    """
    skin = skin_of(vertices, topology)
    depth = soft_tissue_depth(vertices, topology, to_lining=True)
    normals = _eased_normals(skin, topology.faces[-1])
    scale = head_scale(skin)
    sides = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        corners = topology.faces[-1][muscle_beds().triangle].astype(np.int64)
        if side == "right":
            corners = topology.mirror[corners].astype(np.int64)
        sides[side] = _laid(skin, normals, depth, corners, scale)
        eye = _eye_centre(skin, topology, side)
        sides[side] = _out_of_orbit(sides[side], eye, sign, scale)
    return tuple(
        Muscle(
            name=f"{course.name}_{side}",
            fibres=tuple(sides[side][run] for run in runs),
            origin=course.origin,
            closed=False,
            shortening=course.shortening,
        )
        for course, runs in zip(COURSES, muscle_beds().runs, strict=True)
        for side in ("left", "right")
    )


def _eased_normals(skin: Points, faces: Faces) -> Points:
    """Return unit normals [V, 3] without the skin's small relief, so that depths do not cross."""
    normals = vertex_normals(skin, faces).astype(np.float64)
    edges, _ = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    number = np.bincount(both[:, 0], minlength=len(skin))[:, None]
    for _ in range(4):
        summed = np.column_stack(
            [np.bincount(both[:, 0], normals[both[:, 1], k], len(skin)) for k in range(3)]
        )
        normals = 0.5 * normals + 0.5 * summed / number
    return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True))


def _laid(skin: Points, normals: Points, depth: Field, corners: Index, scale: float) -> Points:
    """Return all fibre points [N, 3] of one side; `corners` [N, 3] are its triangles."""
    embedded = muscle_beds()
    share = embedded.weights[:, :, None]
    place = (skin[corners] * share).sum(1)
    normal = (normals[corners] * share).sum(1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    bone = _ON_BONE * (depth[corners] * embedded.weights).sum(1)
    own = np.where(np.isnan(embedded.depth), bone, embedded.depth * scale)
    own = np.minimum(own, bone)
    points = place - normal * own[:, None]
    for runs in embedded.runs:
        for run in runs:
            if run in embedded.orbit:
                continue
            fibre = points[run]
            fibre[1:-1] += 0.25 * (fibre[2:] - 2 * fibre[1:-1] + fibre[:-2])
            points[run] = fibre
    return np.asarray(points)


def _eye_centre(skin: Points, topology: SkinTopology, side: str) -> Points:
    """Return [3], the middle of an eyeball: where it lies behind the lids of our own head."""
    head = load_head()
    margin = topology.rings[f"eye_{side}_0"]
    own = head.rig.neutral.vertices[margin].astype(np.float64).mean(0)
    away = head.eye_pivots[0 if side == "left" else 1] - own
    return np.asarray(skin[margin].mean(0) + away * head_scale(skin))


def _out_of_orbit(points: Points, eye: Points, sign: float, scale: float) -> Points:
    """Bend the fibres of the lid's levator from the apex of the orbit over the eyeball.

    They come from the lesser wing of the sphenoid, 30 mm behind the eyeball's middle and 12 mm
    nearer to the middle plane, and pass over the globe at 3 mm to the tarsus.
    """
    globe = (EYE_RADIUS + 3.0 * MM) * scale
    apex = eye + np.array([-12.0 * sign, 4.0, -30.0]) * MM * scale
    points = points.copy()
    for run in muscle_beds().orbit:
        end = points[run.stop - 1]
        # A band over a ball: straight from the apex to where it touches the globe, round it in
        # the plane of both ends and the eye's middle, and down to the tarsus at last.
        first, last = float(np.linalg.norm(apex - eye)), float(np.linalg.norm(end - eye))
        u = (apex - eye) / first
        v = (end - eye) - ((end - eye) @ u) * u
        v /= np.linalg.norm(v)
        whole = np.arctan2((end - eye) @ v, (end - eye) @ u)
        touch = np.arccos(globe / first)
        turn = np.linspace(0, whole, 200)
        down = np.interp(turn, [touch + 0.5 * (whole - touch), whole], [globe, last])
        radius = np.where(turn < touch, globe / np.cos(touch - turn), down)[:, None]
        path = eye + radius * (np.cos(turn)[:, None] * u + np.sin(turn)[:, None] * v)
        reach = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
        at = np.linspace(0, reach[-1], run.stop - run.start)
        points[run] = np.column_stack([np.interp(at, reach, path[:, k]) for k in range(3)])
    return points
