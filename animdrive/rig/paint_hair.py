"""Hair on the texture: a cropped scalp strand by strand, brows and lashes hair by hair."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from animdrive.rig.cage import MM
from animdrive.rig.paint_fields import SkinFields, softened
from animdrive.rig.paint_texels import Layer, mix, solid_noise, step, strokes
from animdrive.rig.surface import Points, smoothstep

Lines = npt.NDArray[np.float64]

_STRANDS = 52_000
_SHADES = (0.45, 0.70, 0.95, 1.30, 1.75, 0.55, 1.10, 1.55)
"""Layers of strands from below upwards, as factors on the colour of the hair."""
_WHORL = np.array([5.0, 138.0, -150.0])
"""Where the hair of the crown turns, mm."""

# The hairline all around: forehead, temple, sideburn, over the ear, behind it, nape. The angle is
# measured about the head's axis from the front, degrees; the height is in mm.
_TURN_DEG = (0, 10, 22, 36, 47, 57, 64, 70, 76, 88, 100, 112, 130, 150, 180)
_EDGE_MM = (89, 90, 92, 88, 76, 60, 42, 12, 4, 14, 8, -16, -36, -46, -48)


def scalp_hair(points: Points) -> npt.NDArray[np.float64]:
    """Return [N] how far inside the hairline `points` [N, 3] mm lie, mm; negative is bare skin."""
    x, y, z = points.T
    turn = np.degrees(np.arctan2(np.abs(x), z + 95))
    inside = y - np.interp(turn, _TURN_DEG, _EDGE_MM)
    # None around the ear, whose outline the hair follows.
    ear = (np.hypot((y - 14) / 30, (z + 92) / 17) - 1) * 50
    return np.asarray(np.where(turn < 62, inside, np.minimum(inside, ear)))


def paint_scalp(image: Layer, fields: SkinFields, rng: np.random.Generator, hair: Points) -> Layer:
    """Return `image` [S, S, 3] with cropped hair that thins out at the hairline."""
    inside = fields.texels(scalp_hair(fields.skin.vertices / MM))
    ragged = 2.2 * solid_noise(rng, fields.place, 7.0) + 1.5 * solid_noise(rng, fields.place, 1.6)
    shadow = step(-5.0, 13.0, inside + ragged)
    image = mix(image, hair * 0.82, 0.80 * shadow)
    lines = _strands(fields, rng)
    for number, shade in enumerate(_SHADES):
        cover, window = strokes(fields.size, lines[number :: len(_SHADES)], 1.4, finer=2)
        fade = 0.50 + 0.14 * rng.random()
        image[window] = mix(image[window], np.clip(hair * shade, 0, 255), fade * cover)
    return image


def _strands(fields: SkinFields, rng: np.random.Generator) -> Lines:
    """Return [N, 3, 2] texels: strands that grow away from the whorl."""
    skin = fields.skin
    corners = skin.vertices[skin.faces] / MM
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    middle = corners.mean(1)
    outer = skin.masks["mouth"][skin.faces].max(1) < 0.1
    grown = scalp_hair(middle) > -10
    chance = area * (grown & outer)
    face = rng.choice(len(area), _STRANDS, p=chance / chance.sum())
    weights = rng.dirichlet((1, 1, 1), _STRANDS)
    root = np.einsum("nk,nkd->nd", weights, corners[face])
    inside = scalp_hair(root)
    kept = rng.random(_STRANDS) < smoothstep(-6.0, 9.0, inside + rng.normal(0, 1.2, _STRANDS))
    face, weights, root, inside = face[kept], weights[kept], root[kept], inside[kept]

    flow = root - _WHORL
    flow /= np.linalg.norm(flow, axis=1, keepdims=True)
    flow[:, 1] -= 0.25
    flow += rng.normal(0, 0.20, flow.shape)
    along_u, along_v = (frame[face] for frame in fields.frames)
    # Which way on the map: least squares of flow = du · along_u + dv · along_v.
    uu, uv, vv = ((a * b).sum(1) for a, b in ((along_u, along_u), (along_u, along_v),
                                             (along_v, along_v)))  # fmt: skip
    fu, fv = (flow * along_u).sum(1), (flow * along_v).sum(1)
    det = np.maximum(uu * vv - uv**2, 1e-6)
    way = np.stack([(fu * vv - fv * uv) / det, (fv * uu - fu * uv) / det], axis=1)
    long = (along_u * way[:, :1] + along_v * way[:, 1:]).astype(np.float64)
    way /= np.maximum(np.linalg.norm(long, axis=1, keepdims=True), 0.25)
    reach = rng.uniform(4.0, 7.5, len(root)) * (0.35 + 0.65 * smoothstep(-4.0, 22.0, inside))
    uv_root = np.einsum("nk,nkd->nd", weights, skin.uv[skin.faces[face]])
    bend = rng.normal(0, 0.10, (len(root), 1)) * way[:, ::-1] * [1, -1]
    points = np.stack(
        [uv_root, uv_root + way * reach[:, None] / 2, uv_root + (way + bend) * reach[:, None]],
        axis=1,
    )
    return np.stack(
        [points[..., 0] * fields.size - 0.5, (1 - points[..., 1]) * fields.size - 0.5], axis=-1
    )


# Lower and upper row of MediaPipe's brow landmarks from the inner end outwards.
_BROWS = (
    ((285, 295, 282, 283, 276), (336, 296, 334, 293, 300)),
    ((55, 65, 52, 53, 46), (107, 66, 105, 63, 70)),
)
_BROW_HAIRS = 380


def paint_brows(image: Layer, fields: SkinFields, rng: np.random.Generator, hair: Points) -> Layer:
    """Return `image` [S, S, 3] with eyebrows."""
    seed = int(rng.integers(1 << 31))
    for low, high in _BROWS:
        below, above = fields.pixels(list(low)), fields.pixels(list(high))
        lines = _brow(np.random.default_rng(seed), below, above, fields.scale)
        cover, window = strokes(fields.size, lines, 0.48 * fields.scale, finer=6)
        soft = softened(np.pad(cover, 40), 7 * fields.scale)[40:-40, 40:-40]
        patch = mix(image[window], hair * 1.05, np.clip(0.60 * soft, 0, 0.42))
        image[window] = mix(patch, hair * 0.78, np.clip(0.90 * cover, 0, 0.74))
    return image


def _brow(rng: np.random.Generator, below: Points, above: Points, scale: float) -> Lines:
    """Return [N, 4, 2] texels, the hairs of one brow."""
    outward = np.sign(below[-1, 0] - below[0, 0])
    t = rng.uniform(0, 1, _BROW_HAIRS)
    t = t * (0.72 + 0.28 * t)
    h = rng.beta(1.5, 1.5, _BROW_HAIRS)
    at = np.clip(t * 4, 0, 3.999)
    i, f = at.astype(int), (at % 1)[:, None]
    bottom = below[i] * (1 - f) + below[i + 1] * f
    top = above[i] * (1 - f) + above[i + 1] * f
    # The brow narrows towards its tail and keeps clear of the bone's upper edge.
    band = (-0.12 + 1.02 * h) * (1 - 0.42 * t**2) + 0.16 * t
    root = bottom + band[:, None] * (top - bottom)
    length = rng.uniform(16, 27, _BROW_HAIRS) * scale * (1 - 0.30 * t)
    length *= np.clip(0.5 + 3 * t, 0, 1)
    # Hairs stand up at the inner end and lie outwards along the rest; the upper ones comb down.
    lean = np.radians(np.interp(t, [0, 0.15, 0.5, 0.8, 1.0], [70, 44, 18, -6, -24]))
    lean += rng.normal(0, np.radians(5), _BROW_HAIRS) - np.radians(26) * (h - 0.45) * (t > 0.1)
    curl = np.radians(rng.normal(-7, 4, _BROW_HAIRS))
    points = [root]
    for part in range(3):
        turn = lean + curl * part
        way = np.stack([outward * np.cos(turn), -np.sin(turn)], axis=1)
        points.append(points[-1] + way * length[:, None] / 3)
    return np.stack(points, axis=1)


def paint_lashes(image: Layer, fields: SkinFields) -> Layer:
    """Return `image` [S, S, 3] with the roots of the lashes along the lids' margins."""
    scale, skin = fields.scale, fields.skin
    for side in ("left", "right"):
        ring = skin.rings[f"eye_{side}_0"]
        points = skin.vertices[ring]
        order = np.argsort(points[:, 0])
        first, last = order[0], order[-1]
        line = np.interp(points[:, 0], points[[first, last], 0], points[[first, last], 1])
        for upper, width, share in ((True, 4.4, 0.72), (False, 2.2, 0.30)):
            chosen = [
                ring[i] for i in order if (points[i, 1] > line[i]) == upper or i in (first, last)
            ]
            cover, window = strokes(fields.size, fields.pixels(chosen)[None], width * scale)
            cover = softened(np.pad(cover, 8), 1.2 * scale)[8:-8, 8:-8]
            image[window] = mix(image[window], (40, 26, 22), share * np.clip(cover, 0, 1))
    return image
