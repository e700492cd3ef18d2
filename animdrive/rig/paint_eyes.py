"""The eye's texture: iris, limbal ring, sclera."""

from __future__ import annotations

import cv2
import numpy as np

from animdrive.rig.paint_texels import Layer, Picture, mix, speckle, step, strokes
from animdrive.rig.paint_tone import SkinTone

PUPIL = 0.34
"""Radius of the pupil, as a share of the iris."""


def paint_eye(
    *, iris_uv: float, tone: SkinTone | None = None, size: int = 1024, seed: int = 3
) -> Picture:
    """Return an eye's albedo [size, size, 3], sRGB.

    Args:
        iris_uv: Radius of the iris around the picture's middle, as a share of its width.
        tone: Whose eye.
        size: Texels along a side.
        seed: Of fibres and vessels.
    """
    tone = tone or SkinTone()
    rng = np.random.default_rng(seed)
    axis = ((np.arange(size) + 0.5) / size - 0.5).astype(np.float32)
    x, y = np.meshgrid(axis, -axis)
    radius, angle = np.hypot(x, y) / np.float32(iris_uv), np.arctan2(y, x)
    image = _sclera(rng, radius, size, iris_uv)
    iris = _iris(rng, radius, angle, np.asarray(tone.iris_rgb, dtype=np.float32))
    image = mix(image, iris, 1 - step(0.95, 1.05, radius))
    # The limbus shades off into the white.
    image = mix(image, (92, 84, 82), 0.38 * np.exp(-(((radius - 1.03) / 0.07) ** 2)))
    return np.asarray(np.clip(image, 0, 255), dtype=np.uint8)


def _polar(
    rng: np.random.Generator, radius: Layer, angle: Layer, across: float, along: float
) -> Layer:
    """Return [S, S] noise of unit spread in polar coordinates: `across` and `along` are grains.

    Args:
        rng: Source of chance.
        radius: [S, S] in radii of the iris.
        angle: [S, S] radians.
        across: Size of a grain around the pupil, of 2048 to the turn.
        along: Size of a grain outwards, of 256 to the radius.
    """
    field = rng.standard_normal((400, 2048), dtype=np.float32)
    wide = np.concatenate([field, field[:, :512]], axis=1)
    wide = np.concatenate([field[:, -512:], wide], axis=1)
    wide = cv2.GaussianBlur(wide, (0, 0), sigmaX=across, sigmaY=along)
    field = wide[:, 512 : 512 + 2048 + 1]  # one column more: the turn closes
    field = field / field.std()
    column = (angle / np.float32(2 * np.pi) + 0.5) * 2048
    row = np.clip(radius, 0, 1.5) * 256
    return np.asarray(cv2.remap(np.ascontiguousarray(field), column, row, cv2.INTER_LINEAR))


def _iris(rng: np.random.Generator, radius: Layer, angle: Layer, colour: Layer) -> Layer:
    # The collarette, a ragged ring that parts pupillary from ciliary zone, bends all fibres.
    ragged = 0.035 * _polar(rng, np.zeros_like(radius) + 0.5, angle, 22, 1)
    ring = radius - 0.52 - ragged
    fine = _polar(rng, radius, angle, 3.0, 26)
    broad = _polar(rng, radius, angle, 10.0, 40)
    crypts = np.clip(_polar(rng, radius, angle, 14.0, 12) - 1.1, 0, 1.5) * step(0.0, 0.10, ring)
    light = 1 + 0.20 * fine + 0.14 * broad - 0.28 * crypts
    # Inwards of the collarette more melanin, warmer; outwards the colour itself, lighter midway.
    inner = colour * np.array([1.06, 0.94, 0.80], np.float32)
    outer = colour * np.array([0.98, 1.02, 1.06], np.float32)
    iris = mix(np.broadcast_to(outer, (*radius.shape, 3)), inner, 1 - step(-0.06, 0.10, ring))
    light = (
        light + 0.26 * np.exp(-((ring / 0.07) ** 2)) + 0.10 * np.exp(-(((ring - 0.2) / 0.1) ** 2))
    )
    furrow = np.exp(-(((radius - 0.80 - ragged) / 0.02) ** 2))
    light = light * (1 - 0.10 * furrow)
    iris = iris * np.clip(light, 0.35, 1.9)[..., None]
    dark = colour * np.float32(0.22)
    iris = mix(iris, dark, 0.92 * step(0.78, 0.99, radius + 0.25 * ragged))
    edge = PUPIL + 0.12 * ragged
    iris = mix(iris, (34, 22, 16), 0.8 * np.exp(-(((radius - edge - 0.02) / 0.02) ** 2)))
    return mix(iris, (7, 6, 6), 1 - step(-0.015, 0.015, radius - edge))


def _sclera(rng: np.random.Generator, radius: Layer, size: int, iris_uv: float) -> Layer:
    image = np.broadcast_to(np.array([216, 210, 203], np.float32), (size, size, 3))
    image = mix(image, (208, 165, 153), 0.75 * step(1.5, 2.9, radius))
    image = image * (1 + 0.012 * speckle(rng, size, 6 * size / 1024))[..., None]
    # Episcleral vessels: they come from the sides, fork, and end before the limbus.
    for count, width, share in ((26, 1.1, 0.34), (60, 0.6, 0.26)):
        lines = []
        for _ in range(count):
            turn = rng.choice([0.0, np.pi]) + rng.normal(0, 0.55)
            place = np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(2.3, 3.2) * iris_uv
            heading = np.arctan2(-place[1], -place[0]) + rng.normal(0, 0.4)
            points = [place]
            for _ in range(28):
                heading += rng.normal(0, 0.34)
                points.append(
                    points[-1] + 0.05 * iris_uv * np.array([np.cos(heading), np.sin(heading)])
                )
            lines.append(np.array(points))
        places = (np.array(lines) * [1, -1] + 0.5) * size - 0.5
        cover, window = strokes(size, places, width * size / 1024)
        cover = cover * step(1.25, 1.9, radius[window])
        image[window] = mix(image[window], (188, 92, 84), share * cover)
    return np.asarray(image)
