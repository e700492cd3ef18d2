"""Makes the head from the measured mean face: ``animdrive rig build`` writes it to `weights/`."""

from __future__ import annotations

from functools import cache

import numpy as np

from animdrive.contract import ARKIT52, Character, Material, Mesh, Part, Rig
from animdrive.rig.arch import dental_arches
from animdrive.rig.cage import MM, Cage, build_cage
from animdrive.rig.jaw import jaw_moved
from animdrive.rig.lashes import Lashes, grown_lashes, lash_offsets
from animdrive.rig.paint import EAR_BOX, paint_eye, paint_skin, paint_skin_normals
from animdrive.rig.parts import (
    IRIS_MARKS,
    IRIS_UV_RADIUS,
    TONGUE_LENGTH,
    Piece,
    ear,
    eyeball,
    gums,
    mirrored,
    teeth,
    tongue,
)
from animdrive.rig.shapes_eyes import EyeShapes
from animdrive.rig.shapes_mouth import MouthShapes
from animdrive.rig.shaping import Shaper
from animdrive.rig.skin import Skin, build_skin
from animdrive.rig.surface import Faces, Points, smoothstep
from animdrive.weights import load_arrays

HEAD_PIVOT = np.array([0.0, -28.0, -104.0]) * MM
"""Between the joints of skull, atlas and upper neck: about where a nod turns."""

_TONGUE_TIP = np.array([0.0, -2.4, -5.0]) * MM
"""From the edge of the lower front teeth to the tip of the tongue at rest."""

NOTICEABLE = 0.01 * MM
"""Offsets below this are left out of the rig."""


@cache
def grown() -> tuple[Cage, Skin]:
    """Return the coarse and the fine skin, grown from the measured mean face."""
    mean = load_arrays("face_mean")
    cage = build_cage(mean["landmarks"].astype(np.float64), mean["faces"], mean["mirror"])
    return cage, build_skin(cage)


def build_head() -> Character:
    """Return our head, built anew from the measured mean face. Takes some seconds."""
    cage, skin = grown()
    pieces = _pieces(skin, cage)
    offsets = _offsets(skin, cage, pieces)
    start = np.cumsum([0] + [len(piece.vertices) for _, piece, _, _ in pieces])
    start_face = np.cumsum([0] + [len(piece.faces) for _, piece, _, _ in pieces])
    parts = tuple(
        Part(
            name=name,
            vertices=slice(int(start[i]), int(start[i + 1])),
            faces=slice(int(start_face[i]), int(start_face[i + 1])),
            material=material,
            bone=bone,
        )
        for i, (name, _, material, bone) in enumerate(pieces)
    )
    neutral = Mesh(
        vertices=np.concatenate([piece.vertices for _, piece, _, _ in pieces]),
        faces=np.concatenate([p.faces + s for (_, p, _, _), s in zip(pieces, start, strict=False)]),
        uv=np.clip(np.concatenate([piece.uv for _, piece, _, _ in pieces]), 0, 1),
    )
    deltas = np.stack([offsets[name] for name in ARKIT52])
    deltas[np.abs(deltas).max(axis=2) < NOTICEABLE] = 0
    eyes = {name: int(start[i]) for i, (name, _, _, _) in enumerate(pieces)}
    landmarks = [*range(468)]
    landmarks += [eyes["eye_right"] + mark for mark in IRIS_MARKS]
    landmarks += [eyes["eye_left"] + mark for mark in IRIS_MARKS]
    return Character(
        rig=Rig(neutral=neutral, names=ARKIT52, deltas=deltas.astype(np.float32)),
        parts=parts,
        materials=_materials(skin),
        head_pivot=HEAD_PIVOT.astype(np.float32),
        eye_pivots=cage.eye_centres.astype(np.float32),
        head_weight=_head_weight(skin, len(neutral.vertices)).astype(np.float32),
        landmarks=np.array(landmarks),
        regions=_regions(skin),
    )


def _pieces(skin: Skin, cage: Cage) -> list[tuple[str, Piece, str, str]]:
    """Return name, surface, material and bone of everything, the skin first."""
    (u0, u1), (v0, v1) = EAR_BOX
    ears, canal = [], skin.canal
    for side, name in ((1.0, "ear_left"), (-1.0, "ear_right")):
        piece = ear(canal * [side, 1, 1], side=side)
        uv = np.array([u0, v0]) + piece.uv * [u1 - u0, v1 - v0]
        ears.append((name, Piece(piece.vertices, piece.faces, uv), "skin", "head"))
    upper, lower = dental_arches(skin.stomion)
    lashes = grown_lashes(skin, cage.eye_centres[0]).piece
    return [
        ("skin", Piece(skin.vertices, skin.faces, skin.uv), "skin", "head"),
        *ears,
        ("teeth_upper", teeth(upper), "teeth", "head"),
        ("teeth_lower", teeth(lower), "teeth", "head"),
        ("gums_upper", gums(upper), "gums", "head"),
        ("gums_lower", gums(lower), "gums", "head"),
        ("tongue", tongue(lower.front + _TONGUE_TIP), "tongue", "head"),
        ("eye_left", eyeball(cage.eye_centres[0]), "eye", "eye_left"),
        ("eye_right", eyeball(cage.eye_centres[1]), "eye", "eye_right"),
        ("lashes_left", lashes, "lashes", "head"),
        ("lashes_right", mirrored(lashes), "lashes", "head"),
    ]


def _offsets(
    skin: Skin, cage: Cage, pieces: list[tuple[str, Piece, str, str]]
) -> dict[str, Points]:
    """Return [V, 3] of every ARKit curve over all parts."""
    shaper = Shaper(skin)
    mouth, eyes = MouthShapes(shaper), EyeShapes(shaper, cage.eye_centres[0])
    share = mouth.jaw_share()
    skins: dict[str, Points] = {}
    for name, offset in mouth.both(share).items():
        if name in ("jaw", "mouth"):
            skins[f"{name}Left"], skins[f"{name}Right"] = offset, shaper.mirrored(offset)
        else:
            skins[name] = (offset + shaper.mirrored(offset)) / 2
    for name, offset in {**mouth.left(), **eyes.left()}.items():
        skins[f"{name}Left"], skins[f"{name}Right"] = offset, shaper.mirrored(offset)
    half = eyes.inner_up()
    skins["browInnerUp"] = half + shaper.mirrored(half)

    count = sum(len(piece.vertices) for _, piece, _, _ in pieces)
    whole = {name: np.zeros((count, 3)) for name in ARKIT52}
    for name, offset in skins.items():
        whole[name][: len(offset)] = offset
    start = 0
    lashes = grown_lashes(skin, cage.eye_centres[0])
    for name, piece, _, _ in pieces:
        run = slice(start, start + len(piece.vertices))
        start = run.stop
        if name.startswith("lashes"):
            for curve, offset in skins.items():
                if curve.startswith("eye"):
                    whole[curve][run] = _lash_offsets(lashes, skin, offset, cage, name)
        if name in ("teeth_lower", "gums_lower", "tongue"):
            follow = np.ones(len(piece.vertices))
            if name == "tongue":  # its root hangs on the hyoid, not on the jaw
                back = (piece.vertices[:, 2].max() - piece.vertices[:, 2]) / TONGUE_LENGTH
                follow = 1 - 0.35 * smoothstep(0.3, 1.0, back)
                whole["tongueOut"][run] = _tongue_out(back)
            whole["jawOpen"][run] = jaw_moved(piece.vertices, follow) - piece.vertices
            for curve, axis, mm in (
                ("jawForward", 2, 7.5),
                ("jawLeft", 0, 8.5),
                ("jawRight", 0, -8.5),
            ):
                whole[curve][run, axis] = mm * MM * follow
    return whole


def _lash_offsets(lashes: Lashes, skin: Skin, offset: Points, cage: Cage, name: str) -> Points:
    """Return [N, 3] of the lashes called `name` under a curve that moves the skin by `offset`."""
    if name == "lashes_left":
        return lash_offsets(lashes, skin, offset, cage.eye_centres[0])
    flipped = offset[skin.mirror] * [-1, 1, 1]
    return lash_offsets(lashes, skin, flipped, cage.eye_centres[0]) * [-1, 1, 1]


def _tongue_out(back: Points) -> Points:
    """Return tongueOut for the tongue's vertices; `back` is 0 at the tip, 1 at the root."""
    share = (1 - np.clip(back, 0, 1)) ** 0.8
    # Up over the lower teeth and lip first, then the tip hangs down a little.
    forward, up = 33.0 * share, 8.5 * np.sin(0.60 * np.pi * share) - 4.5 * share**4
    return np.column_stack([np.zeros(len(back)), up, forward]) * MM


def _head_weight(skin: Skin, count: int) -> Points:
    """Return [count]: 1 for all that turns with the head, fading out down the neck."""
    weight = np.ones(count)
    below = smoothstep(-0.152, -0.070, skin.vertices[:, 1])
    neck = smoothstep(0.05, 0.25, skin.behind)
    weight[: len(skin.vertices)] = 1 - neck * (1 - below)
    return weight


def _materials(skin: Skin) -> tuple[Material, ...]:
    return (
        Material(
            "skin",
            roughness=0.48,
            texture=paint_skin(skin),
            normal_texture=paint_skin_normals(skin),
        ),
        Material("eye", roughness=0.06, texture=paint_eye(iris_uv=IRIS_UV_RADIUS)),
        Material("teeth", base_color=(0.80, 0.76, 0.66, 1.0), roughness=0.22),
        Material("gums", base_color=(0.46, 0.13, 0.13, 1.0), roughness=0.30),
        Material("tongue", base_color=(0.46, 0.15, 0.15, 1.0), roughness=0.38),
        Material("lashes", base_color=(0.06, 0.04, 0.032, 1.0), roughness=0.6),
    )


def _regions(skin: Skin) -> dict[str, Faces]:
    """Return named sets of the skin's vertices."""
    x, y, z = (skin.vertices / MM).T
    face = (skin.behind < 0.02) & (skin.masks["mouth"] < 0.1)
    lips = skin.masks["lips"] > 0.5
    eye_y = skin.vertices[skin.rings["eye_left_0"]][:, 1].mean() / MM
    under = np.maximum(skin.masks["lid_left"], skin.masks["lid_right"]) > 0.25
    around_eye = (np.abs(np.abs(x) - 31) < 20) & (np.abs(y - eye_y) < 13) & face & ~under
    chosen = {
        "lips_upper": skin.masks["lips_upper"] > 0.5,
        "lips_lower": skin.masks["lips_lower"] > 0.5,
        "mouth_inside": skin.masks["mouth"] > 0.5,
        "nose": face & (np.abs(x) < 17) & (y > -6) & (y < 40) & (z > -16) & ~around_eye,
        "chin": face & (np.abs(x) < 22) & (y < -46),
        "jaw": face & (np.abs(x) >= 22) & (y < -30) & ~lips,
        "forehead": face & (y > 62),
        "scalp": (skin.behind > 0.02) & (y > -38) & (z < -20),
        "neck": (skin.behind > 0.25) & (y < -60),
    }
    for name, side in (("left", 1.0), ("right", -1.0)):
        here = x * side > 0
        chosen[f"lid_upper_{name}"] = around_eye & here & (y >= eye_y)
        chosen[f"lid_lower_{name}"] = around_eye & here & (y < eye_y)
        chosen[f"brow_{name}"] = face & here & (y > eye_y + 13) & (y <= 62) & (np.abs(x) > 8)
        chosen[f"cheek_{name}"] = (
            face & (x * side > 20) & (y < eye_y - 13) & (y > -30) & ~lips & (np.abs(x) < 60)
        )
    return {name: np.flatnonzero(mask).astype(np.int32) for name, mask in chosen.items()}
