"""Pictures and a page of the face's anatomy: muscles drawn over the head, tables of what moves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from animdrive.errors import InputError

if TYPE_CHECKING:
    from animdrive.contract import Camera, Character
    from animdrive.tissue.muscles import Muscle

Image = npt.NDArray[np.uint8]
Rgb = tuple[int, int, int]

_HIDDEN_BY = 0.028
"""A fibre lies behind something else where the head is this much nearer to the camera, metres."""
_NAME_HEIGHT = 17


def muscle_picture(
    character: Character,
    *,
    yaws_deg: tuple[float, ...] = (0.0, 42.0),
    size_px: int = 720,
    names: bool = True,
) -> Image:
    """Return a picture [H, W, 3] RGB of the muscles' fibres over the head, from several sides.

    Fibres are drawn through the skin, thick at the origin and thin at the insertion; those on
    the far side of the head are left out.

    Args:
        character: A head of our topology.
        yaws_deg: How far each camera goes around to the subject's left, degrees.
        size_px: Height and width of each view, pixels, 128..4096.
        names: Whether the muscles' names stand below, in their colours.

    Raises:
        InputError: no view, an angle that is no number, or a size outside 128..4096.
        DeviceError: this machine has no renderer.
    """
    if not yaws_deg or not np.isfinite(yaws_deg).all():
        raise InputError(f"Views must be angles in degrees, at least one; got {yaws_deg}.")
    if not 128 <= size_px <= 4096:
        raise InputError(f"The size must be in 128..4096 pixels, got {size_px}.")
    from animdrive.render.camera import portrait_camera
    from animdrive.render.scene import Renderer
    from animdrive.rig.topology import load_topology
    from animdrive.tissue.muscles import muscles_of

    vertices = character.rig.neutral.vertices
    muscles = muscles_of(vertices.astype(np.float64), load_topology())
    colors = _colors(muscles)
    plain = replace(
        character,
        materials=tuple(
            replace(m, texture=None, normal_texture=None, base_color=(0.62, 0.58, 0.55, 1.0))
            if m.name == "skin"
            else m
            for m in character.materials
        ),
    )
    views = []
    for yaw in yaws_deg:
        camera = portrait_camera(
            character, (size_px, size_px), yaw_rad=float(np.radians(yaw)), margin=0.04
        )
        with Renderer(plain, camera=camera) as renderer:
            picture = renderer.draw(vertices)
        views.append(_with_fibres(picture, muscles, colors, camera, vertices))
    sheet = np.concatenate(views, axis=1)
    return np.concatenate([sheet, _legend(colors, sheet.shape[1])]) if names else sheet


def write_muscle_picture(
    path: Path, *, yaws_deg: tuple[float, ...] = (0.0, 42.0), size_px: int = 720
) -> None:
    """Draw the muscles of our own head into a PNG; see `muscle_picture`."""
    from animdrive.render.still import write_png
    from animdrive.rig.head import load_head

    write_png(muscle_picture(load_head(), yaws_deg=yaws_deg, size_px=size_px), path)


def _colors(muscles: tuple[Muscle, ...]) -> dict[str, Rgb]:
    """Return an RGB for each muscle's name without side; neighbours in the table differ."""
    import colorsys

    bare = list(dict.fromkeys(m.name.rpartition("_")[0] for m in muscles))
    colors = {}
    for number, name in enumerate(bare):
        hue = (number * 0.381966) % 1.0  # the golden section never comes back to a hue
        red, green, blue = colorsys.hsv_to_rgb(hue, 0.78 - 0.2 * (number % 2), 0.98)
        colors[name] = (round(255 * red), round(255 * green), round(255 * blue))
    return colors


def _with_fibres(
    picture: Image,
    muscles: tuple[Muscle, ...],
    colors: dict[str, Rgb],
    camera: Camera,
    vertices: npt.NDArray[np.float32],
) -> Image:
    import cv2

    from animdrive.render.camera import project

    size = picture.shape[0]
    canvas = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    canvas = (canvas * 0.62).astype(np.uint8)
    nearest = _nearest_depth(vertices, camera)
    order = sorted(
        muscles, key=lambda m: -float(np.mean([_depth(f, camera).mean() for f in m.fibres]))
    )
    for muscle in order:
        color = colors[muscle.name.rpartition("_")[0]]
        for fibre in muscle.fibres:
            at = project(camera, fibre)
            cell = np.clip((at / size * len(nearest)).astype(int), 0, len(nearest) - 1)
            seen = _depth(fibre, camera) < nearest[cell[:, 1], cell[:, 0]] + _HIDDEN_BY
            for k in range(len(fibre) - 1):
                if not (seen[k] and seen[k + 1]):
                    continue
                share = 1 - k / (len(fibre) - 1)
                width = max(1, round(size / 720 * (1.3 + 2.2 * share)))
                a, b = (tuple(round(float(16 * c)) for c in at[j]) for j in (k, k + 1))
                cv2.line(canvas, a, b, color, width, cv2.LINE_AA, shift=4)
    return np.asarray(canvas)


def _depth(points: npt.ArrayLike, camera: Camera) -> npt.NDArray[np.float64]:
    from animdrive.render.camera import view_matrix

    view = view_matrix(camera)
    return np.asarray(-(np.asarray(points, dtype=np.float64) @ view[2, :3] + view[2, 3]))


def _nearest_depth(
    vertices: npt.NDArray[np.float32], camera: Camera, cells: int = 56
) -> npt.NDArray[np.float64]:
    """Return [cells, cells] how near the head comes to the camera in each part of the picture."""
    from animdrive.render.camera import project

    at = project(camera, vertices) / camera.size_px[0] * cells
    inside = ((at >= 0) & (at < cells)).all(1)
    nearest = np.full((cells, cells), np.inf)
    column, row = at[inside].astype(int).T
    np.minimum.at(nearest, (row, column), _depth(vertices, camera)[inside])
    return nearest


def _legend(colors: dict[str, Rgb], width: int) -> Image:
    import cv2

    columns = max(1, width // 290)
    rows = -(-len(colors) // columns)
    plate = np.full((rows * _NAME_HEIGHT + 10, width, 3), 18, dtype=np.uint8)
    for number, (name, color) in enumerate(colors.items()):
        column, row = divmod(number, rows)
        at = (10 + column * (width // columns), 5 + (row + 1) * _NAME_HEIGHT - 4)
        cv2.putText(
            plate, name.replace("_", " "), at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, color, 1, cv2.LINE_AA
        )
    return plate
