"""``animdrive measure``: what the skin does in each frame, in millimetres."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_job_json, print_notes, shown_progress
from animdrive.cli.options import AsJson, DeformerName


def measure_cli(
    source: Annotated[
        Path,
        typer.Argument(help="Folder of a job's results, or curves: .csv (Live Link), .json, .glb."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the tables. Default: beside the curves."),
    ] = None,
    deformer: DeformerName = "auto",
    character: Annotated[
        Path | None,
        typer.Option(help="Another head of our topology: base.safetensors of a capture."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what lips, jaw and lids do: a table of millimetres per frame.

    Example: animdrive measure out
    """
    from animdrive.pipeline.measure import measure_skin
    from animdrive.rig.head import read_head

    head = None if character is None else read_head(character)
    with shown_progress() as progress:
        result = measure_skin(source, out, character=head, deformer=deformer, progress=progress)
    if as_json:
        print_job_json("measure", str(source), result)
        return
    print_notes(result)
    for name, path in result.outputs.items():
        figures = result.figures[name]
        typer.echo(f"{name}: {figures['frames']} frames at {figures['fps']:g} fps")
        typer.echo(f"  {'':<24} {'mean':>8} {'min':>8} {'max':>8}")
        for column, row in figures["columns"].items():
            cells = " ".join(f"{row[what]:8.2f}" for what in ("mean", "min", "max"))
            typer.echo(f"  {column:<24} {cells}")
        typer.echo(f"  {path}")
