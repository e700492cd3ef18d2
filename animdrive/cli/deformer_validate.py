"""``animdrive deformer validate``: how good a deformer is, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from animdrive.cli.console import print_json, shown_progress
from animdrive.cli.options import AsJson, VisibleLabel

_COLOURS = {"pass": "green", "fail": "red", "not checked": "yellow"}


def validate_cli(
    model: Annotated[
        str, typer.Argument(help="A trained deformer (.safetensors), hero, npc or linear.")
    ],
    capture: Annotated[Path, typer.Argument(help="Folder of a capture with held-out takes.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the results. Default: beside the model."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="Clean capture of the same takes, where CAPTURE is a noisy one."),
    ] = None,
    worst: Annotated[int, typer.Option(help="How many of the worst frames to draw.")] = 6,
    size: Annotated[int, typer.Option(help="Height of a panel, pixels, even.")] = 320,
    pictures: Annotated[bool, typer.Option(help="Whether to draw.")] = True,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with status 1 if a line of the verdict fails.")
    ] = False,
    visible_label: VisibleLabel = False,
    as_json: AsJson = False,
) -> None:
    """Measure a deformer on held-out takes: errors, contacts, jitter, size, speed, a verdict.

    Example: animdrive deformer validate hero.safetensors capture -o report
    """
    from animdrive.pipeline.deformer_validate import ValidateConfig, validate_deformer

    config = ValidateConfig(
        truth=truth, worst=worst, size_px=size, pictures=pictures, visible_label=visible_label
    )
    with shown_progress() as progress:
        result = validate_deformer(model, capture, out, config=config, progress=progress)
    document = result.figures
    if as_json:
        outputs = {name: str(path) for name, path in result.outputs.items()}
        print_json(
            {
                "command": "deformer validate",
                "input": [model, str(capture)],
                **document,
                "outputs": outputs,
                "notes": result.notes,
            }
        )
    else:
        for note in result.notes:
            typer.secho(f"note: {note}", fg="yellow", err=True)
        _print(document)
        for name, path in result.outputs.items():
            typer.echo(f"  {name:<11} {path}")
    if strict and any(check["verdict"] == "fail" for check in document["verdict"]):
        raise typer.Exit(1)


def _print(document: dict[str, Any]) -> None:
    """Print the table, the verdict and the remarks."""
    from animdrive.pipeline.deformer_page import about_lines

    skins = [name for name in ("model", "linear", "capture") if name in document["errors"]]
    heads = "".join(f"{skin:>10} {'p95':>7} {'p99':>7} {'max':>7}" for skin in skins)
    typer.echo(f"{'mean, mm':<22}{heads} {'ratio':>7}")
    for row in document["rows"]:
        ratio = "" if row["ratio_rms"] is None else f"{row['ratio_rms']:.3f}"
        cells = "".join(
            f"{row[skin]['mean_mm']:>10.3f} {row[skin]['p95_mm']:>7.3f} "
            f"{row[skin]['p99_mm']:>7.3f} {row[skin]['max_mm']:>7.3f}"
            for skin in skins
        )
        typer.echo(f"{row['name']:<22}{cells} {ratio:>7}")
    for line in about_lines(document):
        typer.echo(line)
    for check in document["verdict"]:
        typer.secho(f"  {check['verdict']:<11} ", fg=_COLOURS[check["verdict"]], nl=False)
        typer.echo(f"{check['check']}: {check['line']}")
    for remark in document["remarks"]:
        typer.secho(
            f"  {'look' if remark['severe'] else '':<11} ",
            fg="yellow" if remark["severe"] else None,
            nl=False,
        )
        typer.echo(f"{remark['topic']}: {remark['line']}")
