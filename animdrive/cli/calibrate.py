"""``animdrive calibrate``: who is in front of the camera, measured once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from animdrive.cli.console import print_job_json, print_notes, shown_progress
from animdrive.cli.options import AsJson
from animdrive.errors import InputError


def calibrate_cli(
    out: Annotated[Path, typer.Option("--out", "-o", help="Profile to write, .json.")],
    clip: Annotated[
        Path | None,
        typer.Argument(help="Take of one person: at rest, eyes closed, mouth open, moving."),
    ] = None,
    camera: Annotated[
        int | None, typer.Option(help="Take it now, with the camera of this number.")
    ] = None,
    focal: Annotated[
        float | None,
        typer.Option(help="Focal length of the camera in longest sides of the picture, if known."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a person once, for all their clips: 'video --profile', 'live --profile'.

    Example: animdrive calibrate take.mp4 -o me.json
    """
    if (camera is None) == (clip is None):
        raise InputError("Give a clip, or --camera and its number: one of them.")
    if camera is not None and camera < 0:
        raise InputError(f"--camera is a number from 0, got {camera}.")
    from animdrive.pipeline.calibrate import CalibrationConfig, calibrate
    from animdrive.pipeline.live import stop_on_interrupt

    config = CalibrationConfig(focal=focal)
    if camera is None:
        name = str(clip)
        with shown_progress() as progress:
            result = calibrate(name, out, config=config, progress=progress)
    else:
        name = f"camera {camera}"
        with stop_on_interrupt() as stopped:
            result = calibrate(str(camera), out, config=config, ask=_ask, stopped=stopped)
    if as_json:
        print_job_json("calibrate", name, result)
        return
    print_notes(result)
    for line in _summary(name, result.figures):
        typer.echo(line)
    typer.echo(f"  profile     {result.outputs['profile']}")


def _ask(what: str) -> None:
    typer.secho(f"now {what}", bold=True, err=True)


def _summary(name: str, figures: dict[str, Any]) -> list[str]:
    eyes = [
        f"{open_:.2f} open, {closed:.2f} closed"
        for open_, closed in zip(figures["open_eyes"], figures["closed_eyes"], strict=True)
    ]
    return [
        f"{name}: {figures['source_frames']} frames, {figures['duration_s']:.1f} s, face in "
        f"{100 * figures['found_share']:.1f} %",
        f"  found       {', '.join(figures['found']) or 'nothing'}",
        f"  missing     {', '.join(figures['missing']) or 'nothing'}",
        f"  eyes        left {eyes[0]}; right {eyes[1]} (eye widths)",
        f"  lips        closed at {figures['closed_gap']:.3f} (mouth widths)",
    ]
