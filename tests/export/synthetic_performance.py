"""A small character and a track to export, made on the spot."""

import numpy as np

from animdrive.contract import ARKIT52, Character, CurveTrack, Material, Mesh, Part, Rig
from animdrive.rig.pose import eye_rotation_from_looks

PIVOT = (0.0, -0.08, -0.03)
EYES = ((0.03, 0.03, 0.07), (-0.03, 0.03, 0.07))


def ball(radius, centre, rings, segments):
    """A sphere as vertices, faces (outside counter-clockwise) and uv, cut along one meridian."""
    v, u = np.meshgrid(np.linspace(0, 1, rings + 1), np.linspace(0, 1, segments + 1), indexing="ij")
    around = 2 * np.pi * np.where(u == 1, 0, u)  # equal to the bit on both sides of the cut
    up = np.pi * (v - 0.5)
    points = np.stack([np.cos(up) * np.sin(around), np.sin(up), np.cos(up) * np.cos(around)], -1)
    at = np.arange((rings + 1) * (segments + 1)).reshape(rings + 1, segments + 1)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    vertices = radius * points.reshape(-1, 3) + np.asarray(centre)
    return vertices, faces, np.stack([u, v], -1).reshape(-1, 2)


def make_character(detail=1, *, texture_px=16):
    """Skin, teeth and two eyes; every curve moves a spot of the skin, some the teeth."""
    pieces = [
        ("skin", "skin", "head", ball(0.1, (0, 0, 0), 10 * detail, 16 * detail)),
        ("teeth", "enamel", "head", ball(0.03, (0, -0.03, 0.05), 4 * detail, 6 * detail)),
        ("eye_left", "eye", "eye_left", ball(0.012, EYES[0], 4 * detail, 6 * detail)),
        ("cornea_left", "cornea", "eye_left", ball(0.013, EYES[0], 4 * detail, 6 * detail)),
        ("eye_right", "eye", "eye_right", ball(0.012, EYES[1], 4 * detail, 6 * detail)),
    ]
    vertices, faces, uv, parts = [], [], [], []
    vertex = face = 0
    for name, material, bone, (points, triangles, texture_uv) in pieces:
        vertices.append(points)
        faces.append(triangles + vertex)
        uv.append(texture_uv)
        run = slice(vertex, vertex + len(points)), slice(face, face + len(triangles))
        parts.append(Part(name, *run, material=material, bone=bone))
        vertex, face = vertex + len(points), face + len(triangles)
    points = np.concatenate(vertices)
    random = np.random.default_rng(7)
    deltas = np.zeros((len(ARKIT52), vertex, 3))
    skin, teeth = parts[0].vertices, parts[1].vertices
    for curve in range(len(ARKIT52)):
        middle = points[skin][random.integers(skin.stop)]
        near = np.exp(-((points[skin] - middle) ** 2).sum(1) / (2 * 0.02**2))
        near[near < 0.05] = 0
        deltas[curve, skin] = near[:, None] * random.normal(0, 0.01, 3)
    deltas[ARKIT52.index("jawOpen"), teeth] = (0, -0.01, 0)
    pixels = random.integers(0, 255, (texture_px, texture_px, 3)).astype(np.uint8)
    weight = np.clip((points[:, 1] + 0.1) / 0.05, 0, 1)
    weight[parts[2].vertices.start :] = 1
    return Character(
        rig=Rig(Mesh(points, np.concatenate(faces), np.concatenate(uv)), ARKIT52, deltas),
        parts=tuple(parts),
        materials=(
            Material("skin", texture=pixels, normal_texture=np.full_like(pixels, 128)),
            Material("enamel", roughness=0.2),
            Material("eye", roughness=0.1, emissive=(0.01, 0.01, 0.01)),
            Material("cornea", base_color=(1, 1, 1, 0.2), roughness=0.0),
        ),
        head_pivot=np.array(PIVOT),
        eye_pivots=np.array(EYES),
        head_weight=weight,
        landmarks=np.zeros(0, dtype=np.int32),
    )


def make_track(frames=20, *, fps=30.0, start_s=0.0, seed=3):
    random = np.random.default_rng(seed)
    track = CurveTrack(
        ARKIT52,
        fps,
        random.uniform(0, 1, (frames, 52)),
        head_rotation=random.uniform(-0.5, 0.5, (frames, 3)),
        head_position=random.uniform(-0.05, 0.05, (frames, 3)),
        start_s=start_s,
    )
    eyes = eye_rotation_from_looks(track) + random.uniform(-0.02, 0.02, (frames, 2, 3))
    return CurveTrack(
        ARKIT52, fps, track.values, track.head_rotation, track.head_position, eyes, start_s=start_s
    )
