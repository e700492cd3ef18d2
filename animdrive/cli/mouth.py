"""``animdrive train-mouth``: a mouth learned from captured performances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_job_json, print_notes, shown_progress
from animdrive.cli.options import AsJson


def train_mouth_cli(
    captures: Annotated[
        Path,
        typer.Option(
            help="Folder with recordings and their captured curves, such as take1.wav and "
            "take1.csv (Live Link Face, or columns Time, JawOpen, ...); take1.txt may say what is "
            "said."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model to write (.safetensors).")],
    steps: Annotated[int, typer.Option(help="Steps of each net.")] = 700,
    nets: Annotated[int, typer.Option(help="Nets that are averaged, 1..8.")] = 3,
    check: Annotated[
        bool,
        typer.Option(
            "--check/--no-check",
            help="Also train without each performance in turn, and tell how well it is predicted.",
        ),
    ] = True,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train the mouth of 'audio --captured' on captured performances.

    Example: animdrive train-mouth --captures takes -o mouth.safetensors
    """
    from animdrive.pipeline.mouth_train import train_mouth
    from animdrive.sources.audio.mouth.mouth_training import MouthTrainConfig

    config = MouthTrainConfig(steps=steps, nets=nets, seed=seed)
    with shown_progress() as progress:
        result = train_mouth(captures, out, config=config, check=check, progress=progress)
    if as_json:
        print_job_json("train-mouth", str(captures), result)
        return
    print_notes(result)
    for name, figures in result.figures.items():
        if name == "model":
            continue
        typer.echo(f"{name}, not trained on: correlation with the capture")
        for what, figure in figures.items():
            typer.echo(f"  {what:<24} {figure:6.2f}")
    made = result.figures["model"]
    typer.echo(f"{made['parameters']} weights from {made['captures']} performances: {out}")
