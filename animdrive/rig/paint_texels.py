"""From the surface to its texture: which place of the skin a texel shows, noise, fine strokes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from animdrive.rig.surface import Faces, Points

Picture = npt.NDArray[np.uint8]
Layer = npt.NDArray[np.float32]
"""[S, S] or [S, S, K]; row 0 is v = 1."""


@dataclass(frozen=True, eq=False)
class Texels:
    """What each texel of a square texture shows. S texels a side, row 0 is v = 1."""

    faces: Faces
    """[F, 3] of the surface."""
    face: npt.NDArray[np.int32]
    """[S, S] the triangle that a texel shows; beside the map the nearest one."""
    weights: Layer
    """[S, S, 3] barycentric coordinates in it."""
    covered: npt.NDArray[np.bool_]
    """[S, S] whether the texel lies on the map."""

    @property
    def size(self) -> int:
        """Texels along a side."""
        return len(self.face)

    def __call__(self, values: Points) -> Layer:
        """Return [S, S, K] of vertex `values` [V, K], or [S, S] of [V]."""
        corners = np.asarray(values, dtype=np.float32)[self.faces]
        out = np.zeros((*self.face.shape, *corners.shape[2:]), dtype=np.float32)
        for corner in range(3):
            weight = self.weights[..., corner]
            share = weight if corners.ndim == 2 else weight[..., None]
            out += share * corners[:, corner][self.face]
        return out


def texels_of(uv: Points, faces: Faces, size: int) -> Texels:
    """Return what the texels of a texture of `size` show of a surface with `uv` [V, 2].

    Texels beside the map repeat the nearest one on it, so that no seam shows when a texture shrinks
    in the distance.
    """
    face = np.full((size, size), -1, dtype=np.int32)
    weights = np.zeros((size, size, 3), dtype=np.float32)
    pixel = np.column_stack([uv[:, 0] * size - 0.5, (1 - uv[:, 1]) * size - 0.5])
    corners = pixel[faces]
    low = np.maximum(np.floor(corners.min(1)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(1)).astype(int) + 2, size)
    axis = np.arange(size, dtype=np.float64)
    for number, ((a, b, c), (x0, y0), (x1, y1)) in enumerate(zip(corners, low, high, strict=True)):
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if abs(area) < 1e-9 or x1 <= x0 or y1 <= y0:
            continue
        x, y = axis[None, x0:x1] - a[0], axis[y0:y1, None] - a[1]
        w_b = (x * (c[1] - a[1]) - (c[0] - a[0]) * y) / area
        w_c = ((b[0] - a[0]) * y - x * (b[1] - a[1])) / area
        w_a = 1 - w_b - w_c
        inside = (w_b >= -0.01) & (w_c >= -0.01) & (w_a >= -0.01)
        face[y0:y1, x0:x1][inside] = number
        weights[y0:y1, x0:x1][inside] = np.stack([w_a, w_b, w_c], axis=-1)[inside]
    covered = face >= 0
    nearest = ndimage.distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return Texels(faces, face[tuple(nearest)], weights[tuple(nearest)], covered)


def frames_of(vertices: Points, faces: Faces, uv: Points) -> tuple[Points, Points]:
    """Return [F, 3] each: how far a place moves per unit of u and per unit of v, metres."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    (u1, v1), (u2, v2) = ((uv[faces[:, corner]] - uv[faces[:, 0]]).T for corner in (1, 2))
    det = u1 * v2 - u2 * v1
    det = np.where(np.abs(det) < 1e-14, 1e-14, det)[:, None]
    along_u = ((b - a) * v2[:, None] - (c - a) * v1[:, None]) / det
    along_v = ((c - a) * u1[:, None] - (b - a) * u2[:, None]) / det
    return along_u, along_v


def speckle(rng: np.random.Generator, size: int, sigma: float) -> Layer:
    """Return [S, S] noise of unit spread whose grains are about `sigma` texels wide."""
    grains = rng.standard_normal((size, size), dtype=np.float32)
    field = cv2.GaussianBlur(grains, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(field / field.std(), dtype=np.float32)


_LATTICE = 64


def solid_noise(rng: np.random.Generator, points: Layer, grain: float) -> Layer:
    """Return noise of unit spread at `points` [..., 3], grains about `grain` of their unit wide.

    Noise of space, not of the texture: where the map is stretched, it is not. Perlin (1985), "An
    image synthesizer", with a smoothed random lattice for the gradients.
    """
    lattice = rng.standard_normal((_LATTICE,) * 3, dtype=np.float32)
    lattice = ndimage.gaussian_filter(lattice, 1.0, mode="wrap")
    lattice /= lattice.std()
    place = np.moveaxis(points, -1, 0).reshape(3, -1) * np.float32(2 / grain)
    values = ndimage.map_coordinates(lattice, place, order=1, mode="grid-wrap", output=np.float32)
    return np.asarray(values.reshape(points.shape[:-1]))


def strokes(
    size: int, lines: npt.NDArray[np.float64], width: float, *, finer: int = 4
) -> tuple[Layer, tuple[slice, slice]]:
    """Draw polylines and return how much of each texel they cover, 0..1.

    Args:
        size: Texels along a side of the texture.
        lines: [N, K, 2] places on the texture, texels, x to the right and y down.
        width: Of the strokes, texels; may be below 1.
        finer: How many times finer they are drawn than the texture is.

    Returns:
        The cover [H, W], and the rows and columns of the texture that it lies on.
    """
    low = np.clip(np.floor(lines.min((0, 1))).astype(int) - 2, 0, size)
    high = np.clip(np.ceil(lines.max((0, 1))).astype(int) + 3, 0, size)
    shape = (high - low)[::-1]
    fine = np.zeros(shape * finer, dtype=np.uint8)
    places = np.round(((lines - low + 0.5) * finer - 0.5) * 16).astype(np.int32)
    thick = max(1, round(width * finer - 1))  # smooth edges add about one
    cv2.polylines(fine, list(places), False, (255,), thick, cv2.LINE_AA, 4)
    cover = cv2.resize(fine, (int(shape[1]), int(shape[0])), interpolation=cv2.INTER_AREA)
    window = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
    return cover.astype(np.float32) / 255, window


def mix(image: Layer, colour: npt.ArrayLike, share: Layer) -> Layer:
    """Return `image` [S, S, 3] with `share` [S, S] of it replaced by `colour`."""
    return np.asarray(image + share[..., None] * (np.asarray(colour, np.float32) - image))


def step(low: float, high: float, x: Layer) -> Layer:
    """Return 0 below `low`, 1 above `high`, a cubic ease between, in single precision."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
