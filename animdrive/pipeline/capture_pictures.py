"""A take in pictures: linear rig, simulation and their difference side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.contract import Character
from animdrive.contract.capture import CapturedTake
from animdrive.contract.stages import Progress
from animdrive.errors import InputError
from animdrive.pipeline.capture_compare import columns_of


@dataclass(frozen=True)
class ViewConfig:
    """Settings of `view_capture`."""

    take: str | None = None
    """Name of the take; None is the first one held out, or the first."""
    frames: tuple[int, ...] = ()
    """Frames of a contact sheet; none picks the most different ones along the take."""
    count: int = 6
    """How many to pick, 1..64."""
    size_px: int = 400
    """Height of a panel, even, 64..2160."""
    full_mm: float | None = None
    """End of the colour bar, mm; None fits it to the take."""
    yaw_rad: float = 0.35
    """How far the camera goes around to the subject's left, radians."""
    visible_label: bool = False
    """Whether to write "AI generated" into the picture."""

    def __post_init__(self) -> None:
        if not 64 <= self.size_px <= 2160 or self.size_px % 2:
            raise InputError(f"The size must be even and in 64..2160 pixels, got {self.size_px}.")
        if self.full_mm is not None and not self.full_mm > 0:
            raise InputError(f"The end of the colour bar must be above 0 mm, got {self.full_mm:g}.")
        if not 1 <= self.count <= 64:
            raise InputError(f"A sheet shows 1..64 frames, not {self.count}.")


def rate_of(captured: CapturedTake) -> float:
    """Return the frames per second of the skin: the usual step between its frames."""
    if len(captured.times_s) < 2:
        return captured.take.track.fps
    return float(1 / np.median(np.diff(captured.times_s)))


def _panels(
    character: Character,
    captured: CapturedTake,
    frames: Sequence[int],
    full: float,
    config: ViewConfig,
) -> Iterator[Any]:
    """Yield a picture [H, 3 H, 3] of each of `frames`: linear, simulated, difference."""
    from animdrive.deformer.linear import LinearDeformer
    from animdrive.render.camera import portrait_camera
    from animdrive.render.compose import labelled
    from animdrive.render.heat import HeatRenderer, titled, with_color_bar
    from animdrive.render.scene import Renderer
    from animdrive.rig.pose import posed_vertices
    from animdrive.tissue.difference import curves_at

    track = captured.take.track
    deformer = LinearDeformer(character.rig)
    columns = columns_of(deformer.names, track)
    skin = character.part("skin").vertices
    size = (config.size_px, config.size_px)
    camera = portrait_camera(character, size, yaw_rad=config.yaw_rad)
    with (
        Renderer(character, camera=camera) as renderer,
        HeatRenderer(character.rig.neutral, camera=camera) as heat,
    ):
        for frame in frames:
            time = captured.times_s[frame : frame + 1]
            linear = deformer.run(curves_at(track, time)[:, columns])[0]
            apart = np.linalg.norm(captured.vertices[frame] - linear, axis=1) * 1000
            if captured.missing is not None:
                apart[captured.missing[frame]] = 0.0
            at = int(np.clip(round(float(time[0]) * track.fps), 0, len(track) - 1))
            pose = {
                "head_rotation": track.head_rotation[at],
                "head_position": np.zeros(3),
                "eye_rotation": track.eye_rotation[at],
            }
            straight = posed_vertices(character, linear, **pose)
            real = posed_vertices(character, captured.vertices[frame], **pose)
            own = apart[skin]
            lines = (
                "difference",
                f"mean {own.mean():.2f}  p95 {np.quantile(own, 0.95):.2f}  max {own.max():.2f} mm",
            )
            hot = heat.draw(real, apart.astype(np.float32), full=full)
            picture = np.concatenate(
                [
                    titled(renderer.draw(straight), "linear rig"),
                    titled(renderer.draw(real), f"{captured.take.name}  {time[0]:.2f} s"),
                    with_color_bar(hot, full=full, unit="mm", lines=lines),
                ],
                axis=1,
            )
            yield labelled(picture) if config.visible_label else picture


def draw_sheet(
    character: Character,
    captured: CapturedTake,
    path: Path,
    frames: Sequence[int],
    full: float,
    config: ViewConfig,
    labels: dict[str, str],
    progress: Progress,
) -> None:
    """Draw some frames below each other into a PNG."""
    from animdrive.render.compose import contact_sheet
    from animdrive.render.still import write_png

    pictures = []
    for picture in _panels(character, captured, frames, full, config):
        pictures.append(picture)
        progress("draw", len(pictures) / len(frames))
    columns = 1 if len(pictures) < 4 else 2
    write_png(contact_sheet(pictures, columns), path, metadata=labels)


def draw_film(
    character: Character,
    captured: CapturedTake,
    path: Path,
    full: float,
    config: ViewConfig,
    labels: dict[str, str],
    progress: Progress,
) -> None:
    """Film the whole take."""
    from animdrive.media.writer import VideoWriter

    fps = rate_of(captured)
    # A lost frame stays on the screen for its time: the one before it is shown again.
    places = np.round((captured.times_s - captured.times_s[0]) * fps).astype(int)
    repeats = [*np.diff(places).tolist(), 1]
    size = (3 * config.size_px, config.size_px)
    count = len(captured.vertices)
    with VideoWriter(path, size_px=size, fps=fps, metadata=labels) as writer:
        pictures = _panels(character, captured, range(count), full, config)
        for number, (picture, repeat) in enumerate(zip(pictures, repeats, strict=True), start=1):
            for _ in range(repeat):
                writer.write(picture)
            progress("draw", number / count)
