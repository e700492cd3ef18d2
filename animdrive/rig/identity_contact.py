"""What touches on a face, kept touching on another: lids and eyeballs, lips and teeth, lashes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.rig.cage import MM
from animdrive.rig.identity_basis import RIGID, Float, ShapeBasis, lid_share
from animdrive.rig.identity_making import load_basis
from animdrive.rig.normals import vertex_normals
from animdrive.rig.surface import Points
from animdrive.rig.topology import load_topology

_TEETH_CLEARANCE = 0.4 * MM
"""Lips keep so far from the teeth, or as far as on the head at zero where that is less."""


def settled(basis: ShapeBasis, c: Float, start: Points, moved: Points) -> Points:
    """Return `moved` [N, 3] at the distance from the eyeballs that its offset has to first order.

    The basis moves lids along the eyeball; a straight line leaves a sphere all the same.
    """
    moved = moved.copy()
    for before, now in zip(
        basis.head.eye_pivots.astype(np.float64), eye_centres(basis, c), strict=True
    ):
        distance = np.linalg.norm(start - before, axis=1)
        share = lid_share(distance)
        near = np.flatnonzero(share > 0)
        outward = (start[near] - before) / np.maximum(distance[near, None], 1e-9)
        away = moved[near] - now
        length = np.linalg.norm(away, axis=1)
        straight = (away * outward).sum(1)
        wanted = length + share[near] * (straight - length)
        moved[near] = now + away * (wanted / np.maximum(length, 1e-9))[:, None]
    return moved


@cache
def _front_teeth() -> dict[str, tuple[npt.NDArray[np.int64], Float]]:
    """Return the vertices of either row's front teeth, and their clearance from the lips, m."""
    head = load_basis().head
    vertices = head.rig.neutral.vertices.astype(np.float64)
    found = {}
    for name in ("teeth_upper", "teeth_lower"):
        run = head.part(name).vertices
        depth = vertices[run, 2]
        front = run.start + np.flatnonzero(depth > depth.max() - 16 * MM)
        found[name] = (front, np.minimum(_clearance(vertices, front), _TEETH_CLEARANCE))
    return found


def _clearance(vertices: Points, front: npt.NDArray[np.int64]) -> Float:
    """Return [N] how far vertices of teeth lie inside the mouth, off the nearest skin, m."""
    from scipy.spatial import cKDTree

    topology = load_topology()
    skin = vertices[: len(topology.mirror)]
    near = np.flatnonzero((topology.masks["lips"] > 0.02) | (topology.masks["mouth"] > 0.02))
    normals = vertex_normals(skin, topology.faces[-1])[near]
    _, nearest = cKDTree(skin[near]).query(vertices[front])
    return np.asarray(((vertices[front] - skin[near][nearest]) * normals[nearest]).sum(1))


def teeth_behind_lips(basis: ShapeBasis, vertices: Points) -> Points:
    """Return `vertices` [V, 3] with rows of teeth moved back as far as lips press on them."""
    vertices = vertices.copy()
    for group in RIGID:
        front, wanted = _front_teeth()[group[0]]
        for _ in range(2):
            back = float((wanted - _clearance(vertices, front)).max())
            if back <= 0:
                break
            for name in group:
                vertices[basis.head.part(name).vertices, 2] -= back
            share = basis.bag_shares[group[0]]
            vertices[: len(share), 2] -= back * share
    return vertices


@cache
def lash_roots() -> list[tuple[slice, npt.NDArray[np.int64], Float]]:
    """Return for every part of lashes its vertices [L], the margin's [L, 4] beside, and weights.

    Lashes stand out from the lid, where bendings of the skin above and below would fold them.
    """
    from scipy.spatial import cKDTree

    head, topology = load_basis().head, load_topology()
    found = []
    for side in ("left", "right"):
        for part in head.parts:
            if part.name != f"lashes_{side}":
                continue
            ring = topology.rings[f"eye_{side}_0"].astype(np.int64)
            vertices = head.rig.neutral.vertices
            distance, near = cKDTree(vertices[ring]).query(vertices[part.vertices], k=4)
            weight = 1 / (distance + 0.5 * MM) ** 2
            found.append((part.vertices, ring[near], weight / weight.sum(1, keepdims=True)))
    return found


def mean_of(offsets: npt.NDArray[np.floating[Any]], weight: Float) -> Float:
    """Return [..., L, 3], the means of `offsets` [..., L, 4, 3] under `weight` [L, 4]."""
    return np.asarray((offsets * weight[..., None]).sum(-2))


def eye_centres(basis: ShapeBasis, c: Float) -> Points:
    """Return [2, 3] metres, the eyeballs' centres."""
    return np.asarray(basis.head.eye_pivots + np.tensordot(c, basis.eye_moves, 1))
