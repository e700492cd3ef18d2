"""``animdrive rig identity``: heads of other people, drawn or set by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_json, shown_progress
from animdrive.cli.options import AsJson, Lod
from animdrive.errors import InputError


def identity_cli(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write: .json, .png or .glb."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Draw somebody: a whole number from 0.")] = None,
    sex: Annotated[str | None, typer.Option(help="Draw a female or male head.")] = None,
    ancestry: Annotated[
        str | None,
        typer.Option(
            help="Draw of african, east_asian, european, latin_american, middle_eastern or "
            "south_asian ancestry."
        ),
    ] = None,
    age: Annotated[float | None, typer.Option(help="Draw at this age, 18..80 years.")] = None,
    base: Annotated[
        Path | None, typer.Option("--from", help="Start from a .json written before.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Control and standard deviations, such as nose_width=1.5. Again: more."
        ),
    ] = None,
    yaw: Annotated[
        list[float] | None,
        typer.Option(help="Camera angle of a .png, degrees. Again: side by side."),
    ] = None,
    size: Annotated[int, typer.Option(help="Height of a .png, pixels.")] = 512,
    lod: Lod = "standard",
    listed: Annotated[
        bool, typer.Option("--list", help="List all controls with units and sources.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the head of another person: drawn at random, or by setting named measures.

    Example: animdrive rig identity --seed 3 --sex female --set nose_width=1.5 -o head.glb
    """
    from animdrive.pipeline.identity import list_controls, make_identity

    if listed:
        rows = list_controls()
        if as_json:
            print_json({"command": "rig identity --list", "controls": rows})
            return
        typer.echo(f"{'control':<22}{'here':>7}{'women':>7}{'men':>7}{'sd':>6}  measure (source)")
        for row in rows:
            figures = "".join(
                f"{'-' if row[key] is None else format(row[key], 'g'):>7}"
                for key in ("here", "mean_female", "mean_male")
            )
            typer.echo(
                f"{row['name']:<22}{figures}{row['sd']:>6g}  {row['measure']}, {row['unit']} "
                f"({row['source']})"
            )
        typer.echo()
        for source in dict.fromkeys(row["source"] for row in rows):
            reference = next(row["reference"] for row in rows if row["source"] == source)
            if reference != source:
                typer.echo(f"{source}: {reference}")
        return
    if out is None:
        raise InputError("Nothing to write: give a file with -o, or ask for --list.")
    with shown_progress() as progress:
        described = make_identity(
            out,
            seed=seed,
            sex=sex,
            ancestry=ancestry,
            age=age,
            base=base,
            values=dict(_setting(text) for text in change or ()),
            yaws_deg=tuple(yaw or (0.0,)),
            size_px=size,
            lod=lod,
            progress=progress,
        )
    if as_json:
        kind = out.suffix.lower().lstrip(".")
        print_json({"command": "rig identity", "outputs": {kind: str(out)}, **described})
        return
    who = ", ".join(
        str(round(described[key]) if key == "age" else described[key])
        for key in ("sex", "ancestry", "age")
        if key in described
    )
    typer.echo(f"{out}{': ' + who if who else ''}")


def _setting(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        what = f"'{number}' is not a number" if equals else "the number is missing"
        raise InputError(f"--set {text}: {what}; write it as nose_width=1.5.") from None
