"""The skin's fine relief: pores, lip lines, wrinkles, hair; and its normal map."""

from __future__ import annotations

import cv2
import numpy as np

from animdrive.rig.cage import MM
from animdrive.rig.paint_fields import (
    CHEEK,
    CHEEK_LOW,
    CHIN,
    EAR_BOX,
    EAR_MM,
    FOREHEAD_TOP,
    GLABELLA,
    MOUTH_CORNER,
    NOSE_TIP,
    NOSE_WING,
    OUTER_CANTHUS,
    UNDER_EYE,
    SkinFields,
)
from animdrive.rig.paint_hair import scalp_hair
from animdrive.rig.paint_texels import Layer, Picture, solid_noise, speckle, step
from animdrive.rig.surface import Points, smoothstep


def pores(fields: SkinFields, seed: int) -> Layer:
    """Return [S, S] 0 to about 2, pits of the skin: dense on nose and cheeks, none on lips."""
    rng = np.random.default_rng(seed)
    pit = np.clip(speckle(rng, fields.size, 0.95 * fields.scale) - 1.05, 0, 2)
    where = 0.30 + fields.spots(
        (NOSE_TIP, 14, 0.8), (NOSE_WING, 9, 0.5), (CHEEK_LOW, 18, 0.5), (CHEEK, 15, 0.3),
        (CHIN, 12, 0.45), (GLABELLA, 18, 0.3),
    )  # fmt: skip
    return np.asarray(pit * np.clip(where, 0, 1.1) * fields.face * (1 - lip_cover(fields)))


def lip_cover(fields: SkinFields) -> Layer:
    """Return [S, S] 1 on the vermilion and inside the mouth, 0 on skin."""
    return step(0.36, 0.70, fields.mask("lips"))


def lip_lines(fields: SkinFields, seed: int) -> Layer:
    """Return [S, S] of unit spread, furrows that run across the lips, each lip with its own."""
    rng = np.random.default_rng(seed)
    along = fields.texels(fields.along_lips)
    upper, lower = fields.mask("lips_upper"), fields.mask("lips_lower")
    wander = 0.006 * solid_noise(rng, fields.place, 3.0)
    place = np.clip((along + wander) * 0.49 + 0.5, 0, 1)
    lines = np.zeros_like(along)
    for share in (upper >= lower, upper < lower):
        noise = rng.standard_normal(4096)
        near = np.arange(-90, 91)
        kernel = np.exp(-((near / 9) ** 2)) + 0.35 * np.exp(-((near / 26) ** 2))
        row = np.convolve(noise, kernel, "same")
        row = np.asarray((row - row.mean()) / row.std(), dtype=np.float32)
        lines += share * row[(place * 4095).astype(np.int32)]
    # Towards the corners the furrows fade: they would crowd together there.
    return np.asarray(lines * (1 - step(0.60, 0.92, np.abs(along))))


def relief(fields: SkinFields, *, age: float, seed: int) -> Layer:
    """Return [S, S] millimetres above the smooth skin."""
    rng = np.random.default_rng(seed)
    lips, face = lip_cover(fields), fields.face
    skin = 1 - lips
    # Fine polygons of the skin and what lies below, coarser with age.
    height = 0.008 * (1 + age) * skin * solid_noise(rng, fields.place, 1.0)
    height += 0.012 * skin * solid_noise(rng, fields.place, 4.5)
    height += 0.007 * face * speckle(rng, fields.size, 1.1 * fields.scale)
    height -= 0.034 * pores(fields, seed)
    deep = lips * (1 - step(0.05, 0.5, fields.mask("mouth")))
    height += 0.024 * deep * lip_lines(fields, seed + 1)
    height += fields.texels(_wrinkles(fields, age))
    hair = step(-2.0, 10.0, fields.texels(scalp_hair(fields.skin.vertices / MM)))
    return np.asarray(height * (1 - hair) + 0.030 * hair * solid_noise(rng, fields.place, 1.2))


def _wrinkles(fields: SkinFields, age: float) -> Points:
    """Return [V] millimetres: lines of forehead, eyes, mouth and neck, faint on the young."""
    points = fields.skin.vertices / MM
    x, y, z = points.T
    side = np.abs(x)
    front = (fields.skin.behind < 0.05) & (fields.skin.masks["mouth"] < 0.1)
    strength = 0.02 + 0.36 * age**1.5

    def valley(distance: Points, width: float) -> Points:
        return np.asarray(-np.exp(-((distance / width) ** 2)))

    low, top = fields.landmark(GLABELLA)[1] + 8, fields.landmark(FOREHEAD_TOP)[1]
    up = (y - low) / (top - low)
    waved = up + 0.030 * np.cos(side / 11) - 0.012 * np.sin(x / 5)
    brow = sum(valley((waved - at) * (top - low), 2.2) for at in (0.22, 0.48, 0.74))
    total = 0.9 * brow * smoothstep(0.0, 0.15, up) * (1 - smoothstep(0.8, 1.0, up))
    total = total * (1 - smoothstep(26, 46, side))

    canthus = fields.landmark(OUTER_CANTHUS)
    away = np.hypot(side - canthus[0], np.hypot(y - canthus[1], (z - canthus[2]) * 0.8))
    turn = np.degrees(np.arctan2(y - canthus[1], -(z - canthus[2])))
    feet = sum(valley((turn - at) / 57 * np.maximum(away, 4), 1.3) for at in (-38, -12, 14, 36))
    total = total + 0.8 * feet * smoothstep(6, 10, away) * (1 - smoothstep(17, 25, away))

    bag = fields.landmark(UNDER_EYE)
    below = np.hypot((side - bag[0]) / 1.9, y - bag[1] - 2)
    total = total + 0.5 * valley(below - 6, 1.4) * (y < bag[1] + 2) * (side > 6)

    wing, corner = fields.landmark(NOSE_WING), fields.landmark(MOUTH_CORNER)
    start, end = wing + np.array([3.5, 2, 0]), corner + np.array([9, -3, 0])
    way = end - start
    share = np.clip(((np.stack([side, y], 1) - start[:2]) @ way[:2]) / (way[:2] @ way[:2]), 0, 1)
    bowed = np.hypot(
        side - start[0] - share * way[0] - 2.5 * np.sin(np.pi * share),
        y - start[1] - share * way[1],
    )
    total = total + 1.4 * valley(bowed, 2.0) * smoothstep(0, 0.1, share)
    total = np.asarray(strength * total * front)

    neck = fields.skin.behind > 0.25
    rings = sum(valley(y - at - 0.02 * side**2 / 10, 1.8) for at in (-100, -122))
    return np.asarray(total + strength * neck * (z > -105) * rings)


def paint_normals(fields: SkinFields, *, age: float, seed: int, strength: float = 1.0) -> Picture:
    """Return the skin's normal map [S, S, 3]: +X along u, +Y along v, +Z out of the skin.

    The frame is glTF's (2.0, section 3.9.3): the tangent is the direction in which u grows, the
    bitangent is at a right angle to it. Lengths are those of the surface, so that a pit is as deep
    where the map is stretched.

    Args:
        fields: Of the skin.
        age: 0..1, the depth of wrinkles.
        seed: Of what chance places.
        strength: Factor on the relief; 0 is a flat map.
    """
    height = relief(fields, age=age, seed=seed) * np.float32(strength)
    size = fields.size
    across, skew, up = fields.lengths
    (u0, u1), (v0, v1) = EAR_BOX
    box = fields.ear_box()
    rng = np.random.default_rng(seed + 2)
    shape = height[box].shape
    height[box] = (0.012 * strength * speckle(rng, size, 1.6 * fields.scale))[
        : shape[0], : shape[1]
    ]
    across, skew, up = across.copy(), skew.copy(), up.copy()
    across[box], skew[box], up[box] = EAR_MM[0] / (u1 - u0), 0, EAR_MM[1] / (v1 - v0)

    by_u = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=size / 8)
    by_v = -cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=size / 8)
    slope_u = by_u / across
    slope_v = (by_v - skew * slope_u) / up
    # Where the map is coarse, or turns under a lid, no relief can be shown.
    beside = fields.texels.covered.astype(np.float32)
    beside[box] = 1
    under = np.maximum(fields.mask("lid_left"), fields.mask("lid_right"))
    calm = np.asarray(cv2.GaussianBlur(beside, (0, 0), 2.0), dtype=np.float32)
    calm = calm * (1 - step(0.2, 0.6, under)) * (1 - step(0.3, 0.7, fields.mask("mouth")))
    normal = np.stack([-slope_u * calm, -slope_v * calm, np.ones_like(height)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.asarray(np.rint((normal * 0.5 + 0.5) * 255), dtype=np.uint8)
