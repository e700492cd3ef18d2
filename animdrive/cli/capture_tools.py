"""``animdrive capture coverage`` and ``animdrive capture transfer``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_json, print_result, shown_progress
from animdrive.cli.options import AsJson


def coverage_cli(
    source: Annotated[
        list[Path], typer.Argument(help="Folder of a capture, or curve files (.csv, .json).")
    ],
    picture: Annotated[
        Path | None, typer.Option("--picture", "-p", help="Table of pairs to draw (.png).")
    ] = None,
    add: Annotated[
        Path | None,
        typer.Option(help="Curves to perform that fill the gaps, to write (.csv, Live Link)."),
    ] = None,
    split: Annotated[str, typer.Option(help="Takes that count: train, held_out or all.")] = "train",
    share: Annotated[
        float, typer.Option(help="Part of the capture that is to be added, 0.01..0.5.")
    ] = 0.125,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Tell which curves and pairs of curves takes exercise, what is missing, and what to add.

    Example: animdrive capture coverage capture -p coverage.png --add more.csv
    """
    from animdrive.pipeline.capture_coverage import cover_capture

    with shown_progress() as progress:
        report = cover_capture(
            source, picture=picture, add=add, split=split, share=share, seed=seed, progress=progress
        )
    if as_json:
        inputs = [str(path) for path in source]
        outputs = {name: str(path) for name, path in report["outputs"].items()}
        print_json({"command": "capture coverage", "input": inputs, **report, "outputs": outputs})
        return
    for note in report["notes"]:
        typer.secho(f"note: {note}", fg="yellow", err=True)
    heads = ("curve", "peak", ">0.1", ">0.5", ">0.9", "1/s", "pairs")
    typer.echo("{:<20} {:>5} {:>6} {:>6} {:>6} {:>6} {:>6}".format(*heads))
    for row in report["rows"]:
        typer.echo(
            f"{row['curve']:<20} {row['peak']:>5.2f} {row['frames_used']:>6} "
            f"{row['frames_strong']:>6} {row['frames_full']:>6} {row['speed_per_s']:>6.1f} "
            f"{row['partners']:>6}"
        )
    finding = report["finding"]
    typer.echo(f"{report['takes']} takes, {report['frames']} frames, {report['seconds']:.1f} s")
    colour = "yellow" if finding["severe"] else None
    typer.secho(f"  {finding['line']}", fg=colour)
    for name, path in report["outputs"].items():
        typer.echo(f"  {name:<11} {path}")


def transfer_cli(
    folder: Annotated[Path, typer.Argument(help="Folder of a capture.")],
    onto: Annotated[
        str,
        typer.Option(
            help="Whose face it becomes: a head shape (.json), a rig (.glb, .obj), a head's file "
            "(.safetensors), another capture's folder, or 'head'."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the new capture.")],
    formats: Annotated[
        str, typer.Option("--format", help="By comma: safetensors,pc2,npz,usd,abc.")
    ] = "safetensors",
    as_json: AsJson = False,
) -> None:
    """Carry a capture over to another face: every triangle is bent as the source's was.

    Example: animdrive capture transfer capture --onto anna.json -o anna
    """
    from animdrive.pipeline.capture_transfer import character_from, transfer_capture

    character, files = character_from(onto)
    with shown_progress() as progress:
        result = transfer_capture(
            folder,
            character,
            out,
            files=files,
            formats=tuple(part.strip() for part in formats.split(",") if part.strip()),
            progress=progress,
        )
    print_result("capture transfer", str(folder), result, as_json=as_json)
