"""The head's textures, painted by code: skin and eye albedo, and the skin's normal map.

What is painted follows from the map alone, and all people whose heads are deformed from ours share
the map: give `paint_skin` `shipped_surface()` and their `SkinTone`.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from animdrive.rig.paint_eyes import paint_eye
from animdrive.rig.paint_fields import (
    CHEEK,
    CHIN,
    EAR_BOX,
    FOREHEAD,
    NOSE_TIP,
    NOSE_WING,
    UNDER_EYE,
    UPPER_LID,
    SkinFields,
    Surface,
    shipped_surface,
)
from animdrive.rig.paint_hair import paint_brows, paint_lashes, paint_scalp
from animdrive.rig.paint_relief import lip_cover, lip_lines, paint_normals, pores
from animdrive.rig.paint_texels import Layer, Picture, mix, solid_noise, speckle, step
from animdrive.rig.paint_tone import HAEMOGLOBIN_TOP, SkinTone, skin_colour

__all__ = [
    "EAR_BOX",
    "SkinTone",
    "Surface",
    "paint_eye",
    "paint_skin",
    "paint_skin_normals",
    "shipped_surface",
    "skin_colour",
]

_MOUTH = (92, 30, 32)
_NOSTRIL = (62, 28, 24)

_fields: WeakKeyDictionary[Surface, dict[int, SkinFields]] = WeakKeyDictionary()


def _fields_of(skin: Surface, size: int) -> SkinFields:
    """Return the fields of `skin`, made once and kept as long as it lives."""
    kept = _fields.setdefault(skin, {})
    if size not in kept:
        kept[size] = SkinFields.of(skin, size)
    return kept[size]


def paint_skin(
    skin: Surface, *, tone: SkinTone | None = None, size: int = 2048, seed: int = 7
) -> Picture:
    """Return the skin's albedo [size, size, 3], sRGB; row 0 is v = 1.

    Args:
        skin: Whose map and places are painted.
        tone: Pigments, hair and age.
        size: Texels along a side.
        seed: Of mottles, pores and hairs; of one seed all tones have them in the same places.
    """
    tone = tone or SkinTone()
    fields = _fields_of(skin, size)
    rng = np.random.default_rng(seed)
    melanin, blood = _pigments(fields, tone, rng)
    image = skin_colour(melanin, blood)
    image = image * (1 - 0.045 * pores(fields, seed))[..., None]
    image = image * (1 + 0.016 * fields.face * speckle(rng, size, 1.0 * fields.scale))[..., None]
    lips = lip_cover(fields)
    lines = lip_lines(fields, seed + 1)
    image = image * (1 + 0.030 * lips * np.clip(lines, -2, 2))[..., None]
    image = mix(image, _MOUTH, step(0.02, 0.5, fields.mask("mouth")))
    image = mix(image, _NOSTRIL, 0.92 * fields.nostrils)
    lids = np.maximum(fields.mask("lid_left"), fields.mask("lid_right"))
    wet = skin_colour(np.full((1, 1), 0.18), np.full((1, 1), 1.0))[0, 0]
    image = mix(image, wet, 0.9 * step(0.35, 0.8, lids))
    hair = np.asarray(tone.hair_rgb, dtype=np.float64)
    image = paint_scalp(image, fields, rng, hair)
    image = paint_lashes(image, fields)
    image = paint_brows(image, fields, rng, hair)
    image[fields.ear_box()] = _ears(fields, tone, rng)
    return np.asarray(np.rint(np.clip(image, 0, 255)), dtype=np.uint8)


def paint_skin_normals(
    skin: Surface,
    *,
    tone: SkinTone | None = None,
    size: int = 2048,
    seed: int = 7,
    strength: float = 1.0,
) -> Picture:
    """Return the skin's normal map [size, size, 3] for glTF; see `paint_relief.paint_normals`.

    Args:
        skin: Whose map and places are painted.
        tone: Its age deepens the lines.
        size: Texels along a side.
        seed: As for `paint_skin`, so that pores and lip lines fall together.
        strength: Factor on the relief; 0 is a flat map.
    """
    age = (tone or SkinTone()).age
    return paint_normals(_fields_of(skin, size), age=age, seed=seed, strength=strength)


def _pigments(fields: SkinFields, tone: SkinTone, rng: np.random.Generator) -> tuple[Layer, Layer]:
    """Return melanin and haemoglobin [S, S] of every texel.

    Cheeks, nose, ears and chin hold more blood, the forehead less; lids and the hollow below the
    eye are darker and bluer: Jimenez et al. (2010), figures 2 and 5.
    """
    fine, middle, coarse = (solid_noise(rng, fields.place, grain) for grain in (1.3, 5.0, 17.0))
    blotch = solid_noise(rng, fields.place, 10.0)
    even = 1 - 0.65 * tone.melanin  # dark skin is no more mottled to the eye than pale skin
    melanin = tone.melanin + even * (0.017 * fine + 0.020 * middle + 0.022 * coarse)
    melanin += fields.spots(
        (UNDER_EYE, 7, 0.055), (UPPER_LID, 7, 0.045), (FOREHEAD, 26, 0.020), (CHEEK, 20, -0.015)
    )
    blood = tone.haemoglobin + 0.030 * blotch + 0.028 * middle + 0.020 * fine
    blood += fields.spots(
        (NOSE_TIP, 9, 0.20), (NOSE_WING, 6.5, 0.22), (CHEEK, 15, 0.17), (CHIN, 12, 0.10),
        (UNDER_EYE, 7, 0.10), (UPPER_LID, 8, 0.12), (FOREHEAD, 30, -0.07),
    )  # fmt: skip
    spots = np.clip(solid_noise(rng, fields.place, 3.4) - 2.2 + 1.0 * tone.age, 0, 1)
    melanin += 0.10 * spots * fields.face * max(tone.age - 0.35, 0)
    lips = lip_cover(fields)
    melanin += lips * (tone.melanin * (0.60 + 0.28 * tone.melanin) + 0.09 - melanin)
    rich = 0.70 - 0.22 * tone.age - 0.12 * tone.melanin
    blood += lips * (tone.haemoglobin + rich + 0.05 * blotch - blood)
    return np.clip(melanin, 0, 1), np.clip(blood, 0, HAEMOGLOBIN_TOP)


def _ears(fields: SkinFields, tone: SkinTone, rng: np.random.Generator) -> Layer:
    """Return the ears' corner: redder at the rim, where skin is thin."""
    rows, columns = fields.ear_box()
    high, wide = rows.stop - rows.start, columns.stop - columns.start
    y, x = np.meshgrid(np.linspace(1, -1, high), np.linspace(-1, 1, wide), indexing="ij")
    rim = np.clip(np.hypot(x, y), 0, 1).astype(np.float32) ** 2
    grain = speckle(rng, fields.size, 9 * fields.scale)[:high, :wide]
    fine = speckle(rng, fields.size, 1.2 * fields.scale)[:high, :wide]
    blood = tone.haemoglobin + 0.12 + 0.14 * rim + 0.03 * grain
    return skin_colour(tone.melanin + 0.012 * grain, blood) * (1 + 0.012 * fine[..., None])
