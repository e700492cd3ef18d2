"""Looking at a capture: a take beside its linear rig, with the difference as heat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from animdrive.contract import Character
from animdrive.contract.capture import Capture, CapturedTake
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError
from animdrive.pipeline.capture import DESCRIPTION
from animdrive.pipeline.capture_compare import columns_of
from animdrive.pipeline.capture_pictures import ViewConfig, draw_film, draw_sheet, rate_of
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.outputs import JobResult
from animdrive.provenance import aigc_label, provenance_dict, provenance_of

_FULLS_MM = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
"""Ends that a colour bar may have."""


def view_capture(
    folder: Path,
    path: Path,
    *,
    config: ViewConfig | None = None,
    progress: Progress = no_progress,
) -> JobResult:
    """Draw a take of the capture in `folder`: linear rig, simulation, and their difference.

    Args:
        folder: A capture.
        path: A film (.mp4, .mov) of the whole take, or a sheet of frames (.png).
        config: Settings.
        progress: Told "compare" and "draw".

    Returns:
        Mean, p95 and largest difference in mm among the figures.

    Raises:
        InputError: the capture, the take, a frame or the path cannot be used.
        DeviceError: this machine has no renderer.
    """
    config = config or ViewConfig()
    path = Path(path)
    if path.suffix.lower() not in (".png", ".mp4", ".mov"):
        raise InputError(f"Cannot draw into {path}; end its name in .mp4, .mov or .png.")
    capture = read_capture(folder)
    captured = capture.take(config.take or _first_to_see(capture))
    provenance = provenance_of((Path(folder) / DESCRIPTION,), backend="capture/view", config={})
    labels = {
        "title": captured.take.name,
        "comment": f"Synthetic: made by {provenance_dict(provenance)['generator']}",
        "AIGC": aigc_label(provenance),
    }
    outside = [frame for frame in config.frames if not 0 <= frame < len(captured.vertices)]
    if outside:
        raise InputError(
            f"Take '{captured.take.name}' has frames 0..{len(captured.vertices) - 1}, not "
            f"{outside[0]}."
        )
    comparison = _compared(capture.character, captured, progress)
    full = config.full_mm or comparison.full_mm()
    result = JobResult(
        figures={
            "take": captured.take.name,
            "kind": captured.take.kind,
            "about": captured.take.about,
            "frames": len(captured.vertices),
            "fps": round(rate_of(captured), 4),
            "duration_s": round(captured.take.track.duration_s, 3),
            "bar_mm": full,
            **{f"{name}_mm": value for name, value in comparison.figures.items()},
        }
    )
    if path.suffix.lower() == ".png":
        frames = config.frames or comparison.telling(config.count)
        result.figures["sheet_frames"] = list(frames)
        draw_sheet(capture.character, captured, path, frames, full, config, labels, progress)
        result.outputs["sheet"] = path
    else:
        draw_film(capture.character, captured, path, full, config, labels, progress)
        result.outputs["film"] = path
    return result


@dataclass(frozen=True, eq=False)
class _Comparison:
    """How different the frames of a take are."""

    figures: dict[str, float]
    per_frame: FloatArray
    high_mm: float

    def full_mm(self) -> float:
        """Return an end for the colour bar that nearly all differences are below."""
        return next((full for full in _FULLS_MM if full >= self.high_mm), _FULLS_MM[-1])

    def telling(self, count: int) -> tuple[int, ...]:
        """Return the most different frame of each of `count` equal runs of the take."""
        runs = np.array_split(np.arange(len(self.per_frame)), min(count, len(self.per_frame)))
        return tuple(int(run[np.argmax(self.per_frame[run])]) for run in runs)


def _compared(character: Character, captured: CapturedTake, progress: Progress) -> _Comparison:
    from animdrive.deformer.linear import LinearDeformer
    from animdrive.tissue.difference import Tally, differences

    deformer = LinearDeformer(character.rig)
    columns = columns_of(deformer.names, captured.take.track)
    skin = character.part("skin").vertices
    tally, per_frame = Tally(), []
    for run, _, apart in differences(captured, deformer.run, columns):
        tally.add(apart[:, skin])
        per_frame.append(apart[:, skin].mean(axis=1))
        progress("compare", run.stop / len(captured.vertices))
    # In speech most frames are near rest: the bar ends where the strong frames do.
    figures = tally.figures()
    return _Comparison(figures, np.concatenate(per_frame), tally.quantile(0.998))


def _first_to_see(capture: Capture) -> str:
    held = [entry for entry in capture.takes if entry.split == "held_out"]
    return (held or list(capture.takes))[0].name
