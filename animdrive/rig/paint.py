"""The head's colours, painted by code: skin with lips, brows and cropped hair, and an iris."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from animdrive.rig.cage import MM
from animdrive.rig.skin import Skin
from animdrive.rig.surface import Faces, Points, smoothstep

Picture = npt.NDArray[np.uint8]

SKIN_TONE = np.array([214, 163, 138.0])
_FLUSH = np.array([196, 112, 98.0])
_LIP = np.array([172, 92, 88.0])
_HAIR = np.array([58, 43, 35.0])
_MOUTH = np.array([92, 30, 32.0])
_WET = np.array([196, 126, 118.0])

EAR_BOX = ((0.005, 0.115), (0.885, 0.995))
"""The corner of the skin's texture that the ears use: outside the disc of the unwrapped head."""


def rasterised(
    uv: Points, faces: Faces, values: Points, size: int
) -> tuple[Points, npt.NDArray[np.bool_]]:
    """Spread vertex `values` [V, K] over a texture; row 0 is v = 1.

    Returns:
        [size, size, K] and where the mesh lies [size, size].
    """
    out = np.zeros((size, size, values.shape[1]))
    covered = np.zeros((size, size), dtype=bool)
    pixel = np.column_stack([uv[:, 0] * size - 0.5, (1 - uv[:, 1]) * size - 0.5])
    for triangle in faces:
        a, b, c = pixel[triangle]
        x0, y0 = np.maximum(np.floor(np.min([a, b, c], axis=0)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(np.max([a, b, c], axis=0)).astype(int) + 2, size)
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if abs(area) < 1e-9 or x1 <= x0 or y1 <= y0:
            continue
        x, y = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
        w_b = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area
        w_c = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area
        inside = (w_b >= -0.01) & (w_c >= -0.01) & (w_b + w_c <= 1.01)
        weights = np.stack([1 - w_b - w_c, w_b, w_c], axis=-1)[inside]
        out[y[inside], x[inside]] = weights @ values[triangle]
        covered[y[inside], x[inside]] = True
    return out, covered


def _noise(rng: np.random.Generator, size: int, sigma: float) -> Points:
    field = ndimage.gaussian_filter(rng.standard_normal((size, size)), sigma, mode="wrap")
    return np.asarray(field / field.std())


def _mix(image: Points, colour: Points, share: Points) -> Points:
    return np.asarray(image + share[..., None] * (colour - image))


def paint_skin(skin: Skin, *, size: int = 1536, seed: int = 7) -> Picture:
    """Return the skin's albedo [size, size, 3], sRGB."""
    rng = np.random.default_rng(seed)
    names = ("lips", "mouth", "lid_left", "lid_right")
    values = np.column_stack([skin.vertices / MM, *(skin.masks[name] for name in names)])
    field, covered = rasterised(skin.uv, skin.faces, values, size)
    # Texels around the mesh take the nearest value, so that no seam shows when the map shrinks.
    nearest = ndimage.distance_transform_edt(~covered, return_distances=False, return_indices=True)
    field = field[tuple(nearest)]
    x, y, z, lips, mouth = (field[..., k] for k in range(5))
    lids = np.maximum(field[..., 5], field[..., 6])
    side = np.abs(x)
    scale = size / 1536

    def spot(cx: float, cy: float, cz: float, radius: float) -> Points:
        return np.asarray(
            np.exp(-((side - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) / (2 * radius**2))
        )

    image = np.broadcast_to(SKIN_TONE, (size, size, 3)).copy()
    flush = 0.34 * spot(40, -6, -22, 14) + 0.34 * spot(0, 4, 18, 10) + 0.12 * spot(0, -62, -5, 14)
    flush += 0.22 * spot(15, 1, 4, 8) + 0.05 * np.clip(_noise(rng, size, 22 * scale), -2, 2)
    image = _mix(image, _FLUSH, np.clip(flush, 0, 0.6))
    image = _mix(image, np.array([176, 122, 112.0]), 0.30 * spot(30, 27, -20, 7))
    image = _mix(image, np.array([190, 136, 118.0]), 0.35 * spot(31, 47, -16, 8))
    image *= 1 + 0.020 * _noise(rng, size, 9 * scale)[..., None]
    image *= 1 + 0.016 * _noise(rng, size, 1.1 * scale)[..., None]

    lip = smoothstep(0.34, 0.72, lips + 0.02 * _noise(rng, size, 3 * scale))
    streaks = ndimage.gaussian_filter(rng.standard_normal((size, size)), (4 * scale, 1.0 * scale))
    image = _mix(image, _LIP * (1 + 0.03 * (streaks / streaks.std())[..., None]), 0.86 * lip)
    seam = smoothstep(0.02, 0.5, mouth)
    image = _mix(image, _MOUTH, seam)
    image = _mix(image, np.array([48, 22, 20.0]), 0.95 * _nostrils(side, y, z))
    image = _mix(image, _WET, smoothstep(0.35, 0.8, lids))
    image = _paint_lashes(image, skin, size)
    image = _paint_hair(image, rng, x, y, z, size)
    image = _paint_brows(image, rng, skin, size)
    (u0, u1), (v0, v1) = EAR_BOX
    box = (slice(int((1 - v1) * size), int((1 - v0) * size)), slice(int(u0 * size), int(u1 * size)))
    image[box] = SKIN_TONE * 0.62 + _FLUSH * 0.38
    return np.clip(image, 0, 255).astype(np.uint8)


def _nostrils(side: Points, y: Points, z: Points) -> Points:
    from animdrive.rig.skin import NOSTRIL_CENTRE

    cx, cy, cz = NOSTRIL_CENTRE / MM
    away = ((side - cx) / 4.0) ** 2 + ((y - cy - 3.0) / 3.4) ** 2 + ((z - cz + 0.8) / 5.2) ** 2
    return np.asarray(np.exp(-(away**1.5)))


def _pixels(skin: Skin, index: list[int], size: int) -> npt.NDArray[np.float64]:
    """Return [N, 2] where vertices lie on the texture, pixels."""
    uv = skin.uv[index]
    return np.column_stack([uv[:, 0] * size - 0.5, (1 - uv[:, 1]) * size - 0.5])


def _strokes(size: int, lines: list[npt.NDArray[np.float64]], widths: list[float]) -> Points:
    """Return [size, size] how much of each texel the polylines cover, 0..1."""
    import cv2

    fine = np.zeros((size, size), dtype=np.float64)
    for line, width in zip(lines, widths, strict=True):
        layer = np.zeros((size, size), dtype=np.uint8)
        low = np.maximum(line.min(0).astype(int) - 4, 0)
        high = np.minimum(line.max(0).astype(int) + 5, size)
        view = layer[low[1] : high[1], low[0] : high[0]]
        view = np.ascontiguousarray(view)
        points = np.round((line - low) * 16).astype(np.int32)
        cv2.polylines(view, [points], False, (255,), max(1, round(width)), cv2.LINE_AA, 4)
        patch = fine[low[1] : high[1], low[0] : high[0]]
        share = view / 255 * min(1.0, width)
        fine[low[1] : high[1], low[0] : high[0]] = 1 - (1 - patch) * (1 - share)
    return fine


def _paint_lashes(image: Points, skin: Skin, size: int) -> Points:
    """Darken the upper lid's margin strongly and the lower one's a little."""
    scale = size / 1536
    for side in ("left", "right"):
        ring = skin.rings[f"eye_{side}_0"]
        points = skin.vertices[ring]
        order = np.argsort(points[:, 0])
        first, last = order[0], order[-1]
        line = np.interp(points[:, 0], points[[first, last], 0], points[[first, last], 1])
        for upper, width, share in ((True, 5.0, 0.85), (False, 2.4, 0.40)):
            chosen = [
                ring[i] for i in order if (points[i, 1] > line[i]) == upper or i in (first, last)
            ]
            cover = _strokes(size, [_pixels(skin, chosen, size)], [width * scale])
            cover = ndimage.gaussian_filter(cover, 0.8 * scale)
            image = _mix(image, np.array([44, 28, 24.0]), share * np.clip(cover, 0, 1))
    return image


def _paint_hair(
    image: Points, rng: np.random.Generator, x: Points, y: Points, z: Points, size: int
) -> Points:
    """Paint cropped hair on the scalp, thinning out at a natural hairline."""
    scale = size / 1536
    # Height of the hairline all around: forehead, temple, sideburn, over the ear, nape.
    turn = np.degrees(np.arctan2(np.abs(x), z + 95))
    edge = np.interp(
        turn,
        [0, 22, 42, 56, 66, 76, 88, 100, 112, 130, 150, 180],
        [90, 90, 86, 74, 52, 22, 16, 14, -2, -30, -44, -46],
    )
    ragged = 1.5 * _noise(rng, size, 5 * scale) + 1.4 * _noise(rng, size, 1.6 * scale)
    amount = smoothstep(-4.0, 6.0, y - edge + ragged)
    # None within the ear.
    amount *= smoothstep(0.8, 1.2, np.hypot((y - 17) / 33, (z + 95) / 20) + (turn < 60) * 2)
    grain = 0.80 + 0.10 * np.clip(_noise(rng, size, 0.9 * scale), -1.6, 1.6)
    return _mix(image, _HAIR, np.clip(amount * grain, 0, 0.93))


def _paint_brows(image: Points, rng: np.random.Generator, skin: Skin, size: int) -> Points:
    """Draw the eyebrows hair by hair along MediaPipe's brow landmarks."""
    scale = size / 1536
    lines: list[npt.NDArray[np.float64]] = []
    widths: list[float] = []
    for low, high in (
        ((285, 295, 282, 283, 276), (336, 296, 334, 293, 300)),
        ((55, 65, 52, 53, 46), (107, 66, 105, 63, 70)),
    ):
        below, above = _pixels(skin, list(low), size), _pixels(skin, list(high), size)
        outward = np.sign(below[-1, 0] - below[0, 0])
        for _ in range(520):
            t, h = rng.uniform(0, 1) ** 0.9, rng.uniform(0, 1)
            at = t * 4
            i = min(int(at), 3)
            f = at - i
            bottom = below[i] * (1 - f) + below[i + 1] * f
            top = above[i] * (1 - f) + above[i + 1] * f
            # The brow narrows towards its tail and keeps clear of the bone's upper edge.
            band = (0.10 + 0.75 * h) * (1 - 0.55 * t**2) + 0.10
            root = bottom + band * (top - bottom)
            length = rng.uniform(11, 19) * scale * (1 - 0.35 * t)
            # Hairs stand up at the inner end and lie outwards along the rest.
            lean = np.radians(
                np.interp(t, [0, 0.2, 0.6, 1.0], [72, 42, 14, -18]) + rng.normal(0, 9)
            )
            lean -= np.radians(34) * (h - 0.5) * (t > 0.15)
            tip = root + length * np.array([outward * np.cos(lean), -np.sin(lean)])
            middle = (root + tip) / 2 + rng.normal(0, 0.6, 2) * scale
            lines.append(np.stack([root, middle, tip]))
            widths.append(rng.uniform(0.85, 1.4) * scale)
    cover = _strokes(size, lines, widths)
    under = ndimage.gaussian_filter(cover, 5 * scale)
    image = _mix(image, _HAIR, np.clip(0.42 * under, 0, 0.45))
    return _mix(image, _HAIR * 0.85, np.clip(0.80 * cover, 0, 0.86))


def paint_eye(*, size: int = 512, seed: int = 3, iris_uv: float) -> Picture:
    """Return an eye's albedo [size, size, 3], sRGB, its iris of radius `iris_uv` in the middle."""
    rng = np.random.default_rng(seed)
    axis = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(axis, -axis)
    radius, angle = np.hypot(x, y) / iris_uv, np.arctan2(y, x)
    image = np.broadcast_to(np.array([212, 206, 198.0]), (size, size, 3)).copy()
    image = _mix(image, np.array([206, 158, 146.0]), 0.75 * smoothstep(1.6, 2.9, radius))
    veins = np.abs(_noise(rng, size, 7) * 0.6 + _noise(rng, size, 3) * 0.4)
    image = _mix(
        image, np.array([190, 110, 104.0]), 0.30 * (veins < 0.05) * smoothstep(1.7, 3.0, radius)
    )
    fibres = np.zeros_like(radius)
    for count in (37, 61, 89, 131):
        wave = np.cos(
            angle * count + rng.uniform(0, 6.28) + 1.7 * np.sin(radius * rng.uniform(3, 7))
        )
        fibres += wave / 4
    iris = np.array([96, 74, 48.0]) * (1 + 0.34 * fibres[..., None])
    iris = _mix(iris, np.array([146, 104, 56.0]), 0.75 * np.exp(-(((radius - 0.48) / 0.13) ** 2)))
    iris = _mix(iris, np.array([34, 27, 22.0]), smoothstep(0.80, 0.99, radius))
    iris = _mix(iris, np.array([8, 7, 7.0]), 1 - smoothstep(0.33, 0.38, radius))
    image = _mix(image, iris, 1 - smoothstep(0.95, 1.06, radius))
    soft = ndimage.gaussian_filter(image, (0.5, 0.5, 0))
    return np.asarray(np.clip(soft, 0, 255), dtype=np.uint8)
