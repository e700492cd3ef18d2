"""The colour of skin from its two pigments, and what else sets the look of a person's surface."""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt

from animdrive.errors import InputError
from animdrive.rig.paint_texels import Layer

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class SkinTone:
    """What a person's surface looks like. Colours are sRGB 0..255."""

    melanin: float = 0.49
    """0 palest to 1 darkest; even steps look even. 0.2 to 0.5 are common in Europe and East Asia,
    0.45 to 0.75 around the Mediterranean and in South Asia, 0.75 to 1 in Africa."""
    haemoglobin: float = 0.40
    """0 bloodless to 1 flushed."""
    hair_rgb: Triple = (58.0, 43.0, 35.0)
    """Hair and brows."""
    iris_rgb: Triple = (92.0, 70.0, 47.0)
    """Iris, as it is on average."""
    age: float = 0.25
    """0 child to 1 old: the depth of lines, spots, and how pale the lips are."""

    def __post_init__(self) -> None:
        for name in ("melanin", "haemoglobin", "age"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InputError(f"SkinTone.{name} must be in 0..1, got {value}.")
        for spec in fields(self):
            if spec.name.endswith("_rgb"):
                colour = getattr(self, spec.name)
                if len(colour) != 3 or not all(0 <= part <= 255 for part in colour):
                    raise InputError(
                        f"SkinTone.{spec.name} must be three numbers in 0..255, got {colour}."
                    )


# Wavelengths in nm and molar extinction of haemoglobin with and without oxygen in 1/(cm·M):
# Prahl (1998), "Tabulated molar extinction coefficient for hemoglobin in water".
_WAVE_NM = np.arange(450.0, 661.0, 10.0)
_OXYGENATED = np.array(
    [62816, 44480, 33209, 26629, 23684, 20932, 20035, 24202, 39956, 53236, 43016, 32613, 44496,
     50104, 14400, 3200, 1506, 942, 610, 442, 368, 319.0]
)  # fmt: skip
_DEOXYGENATED = np.array(
    [103292, 23388, 16156, 14550, 16684, 20862, 25773, 31589, 39036, 46592, 53412, 53788, 45072,
     37020, 28324, 14677, 9443, 6509, 5148, 4345, 3750, 3226.0]
)  # fmt: skip
_BANDS_NM = ((590, 650), (510, 580), (450, 490))
"""What the three channels of a picture see, roughly."""

# Jacques (1998), "Skin optics", Oregon Medical Laser Center: absorption of skin without pigment, of
# melanosomes, and reduced scattering, all 1/cm; blood holds 150 g/l of haemoglobin.
_BLOOD = 2.303 * (0.75 * _OXYGENATED + 0.25 * _DEOXYGENATED) * 150 / 64500
_BLOODLESS = 0.244 + 85.3 * np.exp(-(_WAVE_NM - 154) / 66.2)
_MELANOSOME = 6.6e11 * _WAVE_NM**-3.33
_SCATTERING = 46 * (_WAVE_NM / 500) ** -1.42
_EPIDERMIS_CM = 0.008
_MELANIN = (0.012, 0.36)
"""Volume of the epidermis that is melanosomes, from the palest to the darkest (Jacques 1998: 1.3 %
to 43 %); equal steps of the parameter are equal factors."""
_BLOOD_SHARE = (0.003, 0.12)
"""Volume of the dermis that is blood, likewise."""
_GAIN, _SURFACE = 1.2, 0.013
"""Light that the two-layer model loses at the skin's underside, and what the surface scatters."""

HAEMOGLOBIN_TOP = 1.5
"""Lips and wet rims hold more blood than the scale for skin reaches to."""
_STEPS = 96


def _srgb(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 0..255 of linear 0..1 (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    curved = 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    return np.asarray(255 * np.where(linear < 0.0031308, 12.92 * linear, curved))


def _colour_table() -> npt.NDArray[np.float32]:
    """Return [melanin, haemoglobin, 3] sRGB of skin.

    An absorbing epidermis that light crosses twice, over a dermis that scatters: Kubelka-Munk's
    half-space, with K/S = 8/3 absorption over reduced scattering. The two pigments as the axes of a
    table: Jimenez et al. (2010), "A practical appearance model for dynamic facial color".
    """
    melanin = np.linspace(0, 1, _STEPS)[:, None, None]
    blood = np.linspace(0, HAEMOGLOBIN_TOP, _STEPS)[None, :, None]
    pigment = _MELANIN[0] * (_MELANIN[1] / _MELANIN[0]) ** melanin
    share = _BLOOD_SHARE[0] * (_BLOOD_SHARE[1] / _BLOOD_SHARE[0]) ** blood
    ratio = 8 / 3 * (share * _BLOOD + _BLOODLESS) / _SCATTERING
    dermis = 1 + ratio - np.sqrt(ratio**2 + 2 * ratio)
    above = pigment * _MELANOSOME + (1 - pigment) * _BLOODLESS
    spectrum = dermis * np.exp(-2 * _EPIDERMIS_CM * above)
    seen = [
        spectrum[..., (low <= _WAVE_NM) & (high >= _WAVE_NM)].mean(-1) for low, high in _BANDS_NM
    ]
    return _srgb(_GAIN * np.stack(seen, axis=-1) + _SURFACE).astype(np.float32)


def skin_colour(melanin: npt.ArrayLike, haemoglobin: npt.ArrayLike) -> Layer:
    """Return [..., 3] sRGB 0..255 of skin.

    Args:
        melanin: [...] 0..1, see `SkinTone`.
        haemoglobin: [...] 0..1 for skin, up to `HAEMOGLOBIN_TOP` for lips.
    """
    row = np.atleast_2d(np.asarray(melanin, dtype=np.float32)) * (_STEPS - 1)
    column = np.atleast_2d(np.asarray(haemoglobin, dtype=np.float32))
    column = column * np.float32((_STEPS - 1) / HAEMOGLOBIN_TOP)
    row, column = np.broadcast_arrays(row, column)
    table = cv2.remap(
        _colour_table(),
        np.ascontiguousarray(np.clip(column, 0, _STEPS - 1)),
        np.ascontiguousarray(np.clip(row, 0, _STEPS - 1)),
        cv2.INTER_LINEAR,
    )
    shape = np.broadcast_shapes(np.shape(melanin), np.shape(haemoglobin))
    return np.asarray(table.reshape(*shape, 3))
