"""How good a deformer is: held-out takes against the truth, and a verdict line by line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.contract.capture import Capture, CapturedTake, TakeEntry
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, no_progress
from animdrive.deformer.comparison import (
    Comparison,
    Skin,
    chosen_skin,
    fit_error,
    moving_skin,
)
from animdrive.deformer.data import check_prepared
from animdrive.deformer.errors_table import Spread
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import model_header, read_model
from animdrive.deformer.shipped import SHIPPED
from animdrive.deformer.verdict import remarks, verdict
from animdrive.errors import DeviceError, InputError
from animdrive.files import output_folder, write_text
from animdrive.pipeline.capture import DESCRIPTION
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.deformer_figures import (
    about_model,
    measured_figures,
    size_of,
    speed_of,
)
from animdrive.pipeline.outputs import JobResult
from animdrive.provenance import provenance_dict, provenance_of
from animdrive.weights import checked_path

LINEAR = "linear"
"""Stands for the rig itself in place of a model's file."""


@dataclass(frozen=True)
class ValidateConfig:
    """Settings of `validate_deformer`."""

    truth: Path | None = None
    """Capture of the same takes without noise; None takes the capture itself for the truth."""
    worst: int = 6
    """How many of the worst frames to draw, 0..64."""
    size_px: int = 320
    """Height of a panel, even, 64..2160."""
    penetration_frames: int = 120
    """About how many held-out frames are looked at for penetrations."""
    fit_frames: int = 600
    """About how many frames of training takes are compared."""
    pictures: bool = True
    """Whether to draw."""
    visible_label: bool = False
    """Whether to write "AI generated" into the pictures."""

    def __post_init__(self) -> None:
        if not 64 <= self.size_px <= 2160 or self.size_px % 2:
            raise InputError(f"The size must be even and in 64..2160 pixels, got {self.size_px}.")
        for name, low, high in (
            ("worst", 0, 64),
            ("penetration_frames", 1, 1_000_000),
            ("fit_frames", 1, 1_000_000),
        ):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} must be in {low}..{high}, got {getattr(self, name)}.")


def validate_deformer(
    model_path: Path | str,
    folder: Path,
    out: Path | None = None,
    *,
    config: ValidateConfig | None = None,
    progress: Progress = no_progress,
) -> JobResult:
    """Measure a model on the held-out takes of the capture in `folder`.

    Writes ``validation.json``, ``validation.html`` and ``validation.png``. No more than one take
    (two with a truth of its own) is held at a time.

    Args:
        model_path: A trained model, "hero", "npc" or "linear".
        folder: A prepared capture of the same rig.
        out: Folder for the results; by default ``NAME.validation`` beside the model.
        config: Settings.
        progress: Told "read", "held out", "fit", "speed" and "draw".

    Returns:
        All figures, "verdict" and "remarks" among them.

    Raises:
        InputError: model, capture or truth cannot be used, or do not belong together.
    """
    config = config or ValidateConfig()
    capture = read_capture(folder)
    model, header, path = opened_model(model_path, capture)
    target = out or _default_folder(model_path, Path(folder))
    truth = None if config.truth is None else _matching(config.truth, capture)
    held = [entry for entry in capture.takes if entry.split == "held_out"]
    if not held:
        raise InputError(
            f"{folder} has no take that is held out, so there is nothing to test on. Import one "
            f"with 'animdrive capture import --held-out'."
        )
    takes = _takes(capture, truth)
    result = JobResult()
    with output_folder(target) as made:
        compared = _compared(model, capture, held, takes, config, progress)
        fit = _fit(model, capture, header, takes, compared, config, progress)
        progress("speed", 0.0)
        speed = speed_of(model, capture, np.concatenate(compared.values))
        progress("speed", 1.0)
        document = {
            "model": about_model(model, header, path, compared),
            "capture": {
                "folder": Path(folder).name,
                "truth": None if config.truth is None else Path(config.truth).name,
                "held_out_takes": len(held),
                "held_out_frames": compared.frames,
                "fps": capture.fps,
                "moving_vertices": len(compared.moving),
                "vertices": len(capture.character.rig.neutral.vertices),
            },
            **measured_figures(compared, fit),
            "size": size_of(model, header, path, capture),
            "speed": speed,
        }
        document["verdict"] = [check.as_dict() for check in verdict(document)]
        document["remarks"] = [remark.as_dict() for remark in remarks(document)]
        inputs = tuple(p for p in (path, Path(folder) / DESCRIPTION) if p is not None)
        provenance = provenance_of(inputs, backend="deformer/validate", config={})
        provenance = replace(provenance, created="")  # what was measured does not depend on it
        document["provenance"] = provenance_dict(provenance)
        from animdrive.pipeline.deformer_page import write_page
        from animdrive.pipeline.deformer_pictures import Pictures, draw_pictures

        pictures = Pictures({})
        if config.pictures:
            try:
                pictures = draw_pictures(
                    compared,
                    count=config.worst,
                    size_px=config.size_px,
                    visible_label=config.visible_label,
                    progress=progress,
                )
            except DeviceError as error:
                result.notes.append(f"No pictures were drawn. {error}")
        result.outputs.update(write_page(made, document, pictures, provenance))
        json_path = made / "validation.json"
        write_text(json_path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        result.outputs["json"] = json_path
    result.figures = document
    return result


def opened_model(name: Path | str, capture: Capture) -> tuple[Skin, dict[str, Any], Path | None]:
    """Return a model for the rig of `capture`, what its file says, and the file.

    Raises:
        InputError: no such model, or one of another rig.
    """
    rig = capture.character.rig
    if str(name) == LINEAR:
        return LinearDeformer(rig), {}, None
    path = checked_path(SHIPPED[str(name)]) if str(name) in SHIPPED else Path(name)
    return read_model(path, rig), model_header(path), path


Takes = Callable[[TakeEntry], tuple[CapturedTake, CapturedTake]]
"""Returns the truth of a take and the capture of it."""


def _takes(capture: Capture, truth: Capture | None) -> Takes:
    def read(entry: TakeEntry) -> tuple[CapturedTake, CapturedTake]:
        captured = capture.take(entry.name)
        check_prepared(captured)
        if truth is None:
            return captured, captured
        clean = truth.take(entry.name)
        check_prepared(clean)
        if len(clean.vertices) != len(captured.vertices):
            raise InputError(
                f"Take '{entry.name}' has {len(captured.vertices)} frames, its truth "
                f"{len(clean.vertices)}. Give the capture of the same takes, prepared."
            )
        return clean, captured

    return read


def _matching(folder: Path, capture: Capture) -> Capture:
    """Return the capture in `folder`, a truth of `capture`."""
    truth = read_capture(folder)
    one, other = (c.character.rig.neutral for c in (truth, capture))
    if one.vertices.shape != other.vertices.shape or not np.array_equal(one.faces, other.faces):
        raise InputError(f"{folder} is of another face; it is no truth for this capture.")
    names = {entry.name for entry in truth.takes}
    lacking = [entry.name for entry in capture.takes if entry.name not in names]
    if lacking:
        raise InputError(f"{folder} has no take '{lacking[0]}'; it is no truth for this capture.")
    return truth


def _compared(
    model: Skin,
    capture: Capture,
    held: list[TakeEntry],
    takes: Takes,
    config: ValidateConfig,
    progress: Progress,
) -> Comparison:
    character = capture.character
    moved = np.zeros(len(character.rig.neutral.vertices), dtype=np.float32)
    for number, entry in enumerate(held):
        progress("read", number / len(held))
        moving_skin(character, takes(entry)[0].vertices, moved)
    progress("read", 1.0)
    compared = Comparison(
        model,
        character,
        chosen_skin(character, moved),
        with_capture=config.truth is not None,
        worst_runs=max(1, -(-config.worst // len(held))),
    )
    frames = sum(entry.frames for entry in held)
    step = max(1, frames // config.penetration_frames)
    for number, entry in enumerate(held):
        progress("held out", number / len(held))
        truth, captured = takes(entry)
        compared.add(
            truth,
            captured=None if config.truth is None else captured,
            posed=_eyes_of(capture, truth),
            penetration_step=step,
        )
    progress("held out", 1.0)
    return compared


def _eyes_of(capture: Capture, take: CapturedTake) -> Callable[[FloatArray, int], FloatArray]:
    """Return what turns the eyes of skin as they stand at a frame of `take`."""
    from animdrive.rig.pose import posed_vertices

    still = np.zeros(3, dtype=np.float32)

    def posed(vertices: FloatArray, frame: int) -> FloatArray:
        return posed_vertices(
            capture.character,
            vertices,
            head_rotation=still,
            head_position=still,
            eye_rotation=take.take.track.eye_rotation[frame],
        )

    return posed


def _fit(
    model: Skin,
    capture: Capture,
    header: dict[str, Any],
    takes: Takes,
    compared: Comparison,
    config: ValidateConfig,
    progress: Progress,
) -> Spread | None:
    """Return the errors on takes that the model learned from; None for the linear rig."""
    named = header.get("training", {}).get("takes")
    learned = [
        entry
        for entry in capture.takes
        if entry.split == "train" and (named is None or entry.name in named)
    ]
    if not learned or isinstance(model, LinearDeformer):
        return None
    step = max(1, sum(entry.frames for entry in learned) // config.fit_frames)
    spread = Spread()
    for number, entry in enumerate(learned):
        progress("fit", number / len(learned))
        truth, captured = takes(entry)
        fit_error(model, truth, captured, compared.moving, step, spread)
    progress("fit", 1.0)
    return spread


def _default_folder(name: Path | str, folder: Path) -> Path:
    if _built_in(name):
        return folder.parent / f"{folder.name}.{name}.validation"
    return Path(name).with_name(f"{Path(name).stem}.validation")


def _built_in(name: Path | str) -> bool:
    return str(name) == LINEAR or str(name) in SHIPPED
