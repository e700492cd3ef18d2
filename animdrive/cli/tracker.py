"""``animdrive train-tracker``: the regressor of the video front end, made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_job_json, shown_progress
from animdrive.cli.options import AsJson


def train_tracker_cli(
    out: Annotated[Path, typer.Option("--out", "-o", help="Model to write (.safetensors).")],
    people: Annotated[int, typer.Option(help="How many to film and learn from.")] = 300,
    steps: Annotated[int, typer.Option(help="Steps of training.")] = 3000,
    work: Annotated[
        Path | None,
        typer.Option(help="Folder for the films, 5 MB a person; else NAME_work beside the model."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights and examples.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Film people of our own making, and train what reads curves off a face.

    Killed and run again, the same command goes on where it was.

    Example: animdrive train-tracker -o face_regressor.safetensors --people 40 --steps 500
    """
    from animdrive.pipeline.tracking_train import TrackerTrainConfig, train_tracker

    config = TrackerTrainConfig(people=people, steps=steps, seed=seed)
    with shown_progress() as progress:
        result = train_tracker(
            out,
            config=config,
            work=work,
            progress=progress,
            report=lambda line: typer.echo(line, err=True),
        )
    if as_json:
        print_job_json("train-tracker", None, result)
        return
    seen = result.figures["people_not_learned_from"]
    typer.echo(
        f"{result.figures['weights']:,} weights from {result.figures['pictures']} pictures of "
        f"{result.figures['people']} people: correlation {seen['correlation']} on people not "
        f"learned from"
    )
    for what, path in result.outputs.items():
        typer.echo(f"  {what:<11} {path}")
