"""``animdrive rig anatomy``: the muscles drawn over the head, and the page of tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_json
from animdrive.cli.options import AsJson
from animdrive.errors import InputError


def anatomy_cli(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Picture (.png) or page of tables (.md) to write.")
    ],
    yaw: Annotated[
        list[float] | None,
        typer.Option(help="Camera angle towards the subject's left, degrees. Again: side by side."),
    ] = None,
    size: Annotated[int, typer.Option(help="Height of a view, pixels.")] = 720,
    as_json: AsJson = False,
) -> None:
    """Draw the muscles over the head, or write the tables of curves, action units and muscles.

    Example: animdrive rig anatomy -o muscles.png --yaw 0 --yaw 45
    """
    if out.suffix.lower() == ".md":
        from animdrive.files import write_text
        from animdrive.tissue.anatomy_page import anatomy_page

        write_text(out, anatomy_page())
    elif out.suffix.lower() == ".png":
        from animdrive.pipeline.anatomy import write_muscle_picture

        write_muscle_picture(out, yaws_deg=tuple(yaw or (0.0, 42.0)), size_px=size)
    else:
        raise InputError(f"{out.name}: write a picture (.png) or a page of tables (.md).")
    kind = out.suffix.lower().lstrip(".")
    if as_json:
        print_json({"command": "rig anatomy", "outputs": {kind: str(out)}})
    else:
        typer.echo(str(out))
