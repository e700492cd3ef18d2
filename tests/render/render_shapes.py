"""Shapes whose picture is known beforehand."""

import numpy as np

from animdrive.contract import Character, Mesh, Part, Rig


def ball(centre, radius_m, rows=24, columns=48):
    """A closed sphere: vertices, faces (counter-clockwise from outside), uv."""
    down, around = np.meshgrid(
        np.linspace(0, np.pi, rows + 1), np.linspace(0, 2 * np.pi, columns + 1), indexing="ij"
    )
    vertices = np.stack(
        [np.sin(down) * np.sin(around), np.cos(down), -np.sin(down) * np.cos(around)], axis=-1
    ).reshape(-1, 3)
    uv = np.stack([around / (2 * np.pi), 1 - down / np.pi], axis=-1).reshape(-1, 2)
    corner = np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)[None]
    below = corner + columns + 1
    faces = np.concatenate(
        [
            np.stack([corner, corner + 1, below], axis=-1).reshape(-1, 3),
            np.stack([corner + 1, below + 1, below], axis=-1).reshape(-1, 3),
        ]
    )
    # The sphere above is a mirror image in x; turn it so that its outside is outside.
    return vertices * radius_m * (-1, 1, 1) + np.asarray(centre), faces[:, ::-1], uv


def character_of(pieces, materials, *, curves=()):
    """A character from (name, (vertices, faces, uv), material, bone) pieces."""
    parts, vertices, faces, uv = [], [], [], []
    first_vertex = first_face = 0
    for name, (points, triangles, places), material, bone in pieces:
        parts.append(
            Part(
                name,
                slice(first_vertex, first_vertex + len(points)),
                slice(first_face, first_face + len(triangles)),
                material,
                bone,
            )
        )
        vertices.append(points)
        faces.append(triangles + first_vertex)
        uv.append(places)
        first_vertex += len(points)
        first_face += len(triangles)
    mesh = Mesh(np.concatenate(vertices), np.concatenate(faces), np.concatenate(uv))
    deltas = np.zeros((len(curves), first_vertex, 3), np.float32)
    for number in range(len(curves)):
        deltas[number, :, 1] = 0.01 * (number + 1)
    return Character(
        rig=Rig(mesh, tuple(curves), deltas),
        parts=tuple(parts),
        materials=tuple(materials),
        head_pivot=np.array([0, -0.05, 0]),
        eye_pivots=np.array([[0.033, 0.03, 0.088], [-0.033, 0.03, 0.088]]),
        head_weight=np.ones(first_vertex),
        landmarks=np.zeros(0, np.int32),
    )
