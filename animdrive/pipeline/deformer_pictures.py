"""Pictures of a validation: errors as heat, and the worst frames beside the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, no_progress
from animdrive.deformer.comparison import Comparison, WorstFrame
from animdrive.deformer.errors_table import distances_mm

if TYPE_CHECKING:
    from animdrive.render.compose import Image
    from animdrive.render.heat import HeatRenderer
    from animdrive.render.scene import Renderer

COLUMNS = 4
"""Panels side by side."""
_ENDS_MM = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
"""Ends that a colour bar may have."""
_BELOW = 0.995
"""Share of the moving skin that a bar's end lies above."""
_SIDE_RAD = math.radians(40)
_VIEW_RAD = math.radians(20)
_MARGIN = 0.08


@dataclass(frozen=True)
class Pictures:
    """What was drawn; nothing where this machine has no renderer."""

    heat: dict[str, Image]
    """Whose errors → [H, 4 H, 3]: mean from two sides, then the largest from two sides."""
    worst: list[tuple[str, Image]] = field(default_factory=list)
    """Caption and [H, 4 H, 3]: truth, model, linear rig, the model's error as heat."""


def draw_pictures(
    compared: Comparison,
    *,
    count: int,
    size_px: int,
    visible_label: bool = False,
    progress: Progress = no_progress,
) -> Pictures:
    """Draw the errors over all frames, and `count` of the worst frames.

    Args:
        compared: What was measured.
        count: How many frames.
        size_px: Height and width of a panel.
        visible_label: Whether to write "AI generated" into each picture.
        progress: Told "draw".

    Raises:
        DeviceError: this machine has no renderer.
    """
    from animdrive.render.camera import portrait_camera
    from animdrive.render.compose import labelled
    from animdrive.render.heat import HeatRenderer
    from animdrive.render.scene import Renderer

    character, size = compared.character, (size_px, size_px)
    worst = compared.worst_first(count)
    steps = len(worst) + 1
    progress("draw", 0.0)
    heat = _heat_pictures(compared, size)
    progress("draw", 1 / steps)
    camera = portrait_camera(character, size, yaw_rad=_VIEW_RAD, margin=_MARGIN)
    rows: list[tuple[str, Image]] = []
    with (
        Renderer(character, camera=camera) as renderer,
        HeatRenderer(character.rig.neutral, camera=camera) as hot,
    ):
        for frame in worst:
            caption = f"{frame.take}, frame {frame.frame}: {frame.rms_mm:.2f} mm RMS"
            rows.append((caption, _worst_picture(compared, frame, renderer, hot)))
            progress("draw", (len(rows) + 1) / steps)
    if visible_label:
        heat = {name: labelled(image) for name, image in heat.items()}
        rows = [(caption, labelled(image)) for caption, image in rows]
    progress("draw", 1.0)
    return Pictures(heat, rows)


def bar_end_mm(heat: FloatArray) -> float:
    """Return a round end for a colour bar that nearly all of `heat` [N] mm is below."""
    high = float(np.quantile(heat, _BELOW)) if len(heat) else 0.0
    return next((end for end in _ENDS_MM if end >= high), _ENDS_MM[-1])


def _heat_pictures(compared: Comparison, size: tuple[int, int]) -> dict[str, Image]:
    from animdrive.render.camera import portrait_camera
    from animdrive.render.heat import HeatRenderer, with_color_bar

    character, moving = compared.character, compared.moving
    rest = character.rig.neutral.vertices
    # Both on the bars of the model: what the linear rig misses shows at first sight.
    own = compared.heat["model"]
    ends = bar_end_mm(own.mean[moving]), bar_end_mm(own.most[moving])
    panels: dict[str, list[list[Image]]] = {name: [[], []] for name in compared.heat}
    for yaw in (0.0, _SIDE_RAD):
        camera = portrait_camera(character, size, yaw_rad=yaw, margin=_MARGIN)
        with HeatRenderer(character.rig.neutral, camera=camera) as renderer:
            for name, heat in compared.heat.items():
                for kind, (what, values) in enumerate((("mean", heat.mean), ("max", heat.most))):
                    image = renderer.draw(rest, values, full=ends[kind])
                    found = values[moving].mean() if what == "mean" else values[moving].max()
                    lines = (f"{_shown(name)}: {what} error", f"all skin: {found:.2f} mm")
                    panels[name][kind].append(
                        with_color_bar(image, full=ends[kind], unit="mm", lines=lines)
                    )
    return {name: np.concatenate([*means, *most], axis=1) for name, (means, most) in panels.items()}


def _worst_picture(
    compared: Comparison, frame: WorstFrame, renderer: Renderer, hot: HeatRenderer
) -> Image:
    from animdrive.render.heat import titled, with_color_bar
    from animdrive.rig.pose import posed_vertices

    character, moving = compared.character, compared.moving
    still = np.zeros(3, dtype=np.float32)
    posed = {
        name: posed_vertices(
            character,
            skin,
            head_rotation=still,
            head_position=still,
            eye_rotation=frame.eye_rotation,
        )
        for name, skin in frame.skins.items()
    }
    apart = {
        name: distances_mm(frame.skins[name][None], frame.skins["truth"][None])[0]
        for name in ("model", "linear")
    }
    end = bar_end_mm(apart["model"][moving])
    lines = (
        "model's error",
        f"mean {apart['model'][moving].mean():.2f}  max {apart['model'][moving].max():.2f} mm",
        f"linear {apart['linear'][moving].mean():.2f}  {apart['linear'][moving].max():.2f} mm",
    )
    heat = hot.draw(posed["truth"], apart["model"], full=end)
    return np.concatenate(
        [
            titled(renderer.draw(posed["truth"]), f"truth  {frame.take} {frame.frame}"),
            titled(renderer.draw(posed["model"]), "model"),
            titled(renderer.draw(posed["linear"]), "linear rig"),
            with_color_bar(heat, full=end, unit="mm", lines=lines),
        ],
        axis=1,
    )


def _shown(name: str) -> str:
    return "linear rig" if name == "linear" else name
