"""``animdrive rig``: look at the head that animdrive ships, build it anew, or fit your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.anatomy import anatomy_cli
from animdrive.cli.console import print_json
from animdrive.cli.identity import identity_cli
from animdrive.cli.options import AsJson, Lod
from animdrive.errors import InputError

app = typer.Typer(help="The head that animdrive ships.", no_args_is_help=True)
app.command("identity")(identity_cli)
app.command("anatomy")(anatomy_cli)


@app.command("info")
def info_cli(lod: Lod = "standard", as_json: AsJson = False) -> None:
    """Tell parts, sizes and curves of the head."""
    from animdrive.pipeline.pictures import rig_info

    described = rig_info(lod=lod)
    if as_json:
        print_json({"command": "rig info", **described})
        return
    typer.echo(
        f"{described['vertices']} vertices, {described['faces']} triangles, "
        f"{len(described['curves'])} curves, {described['landmarks']} landmarks"
    )
    for name, count in described["parts"].items():
        typer.echo(f"  {name:<12} {count:>6} vertices")
    typer.echo("largest motion of each curve, mm:")
    for name, largest in described["curves"].items():
        typer.echo(f"  {name:<20} {largest:>6.1f}")


@app.command("render")
def render_cli(
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG to write.")],
    curve: Annotated[
        list[str] | None,
        typer.Option(help="Curve and value, such as jawOpen:0.5. May be given again."),
    ] = None,
    yaw: Annotated[
        list[float] | None,
        typer.Option(help="Camera angle towards the subject's left, degrees. Again: side by side."),
    ] = None,
    size: Annotated[int, typer.Option(help="Height of a picture, pixels.")] = 512,
    lod: Lod = "standard",
    as_json: AsJson = False,
) -> None:
    """Draw the head, at rest or with curves set.

    Example: animdrive rig render -o smile.png --curve mouthSmileLeft:1 --yaw 0 --yaw 35
    """
    from animdrive.pipeline.pictures import render_head

    values = dict(_curve(text) for text in curve or ())
    render_head(out, values, yaws_deg=tuple(yaw or (0.0,)), size_px=size, lod=lod)
    if as_json:
        print_json({"command": "rig render", "outputs": {"png": str(out)}, "curves": values})
    else:
        typer.echo(str(out))


@app.command("build")
def build_cli(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write. Default: weights/.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the head anew from the measured mean face, and book it in the manifest."""
    from animdrive.pipeline.pictures import rebuild_head

    path, digest = rebuild_head(out)
    if as_json:
        print_json({"command": "rig build", "outputs": {"head": str(path)}, "sha256": digest})
    else:
        typer.echo(f"{path}\nsha256 {digest}")


@app.command("retarget")
def retarget_cli(
    rig: Annotated[Path, typer.Argument(help="Your rig: .glb, .gltf, or a folder of OBJs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Profile to write, .json.")],
    as_json: AsJson = False,
) -> None:
    """Propose how curves change for your rig, by what each does on it and on our head.

    Example: animdrive rig retarget character.glb -o profile.json
    """
    from animdrive.pipeline.rig_retarget import write_proposed_profile

    result = write_proposed_profile(rig, out)
    if as_json:
        print_json(
            {
                "command": "rig retarget",
                "outputs": {name: str(path) for name, path in result.outputs.items()},
                "notes": result.notes,
                **result.figures,
            }
        )
        return
    for note in result.notes:
        typer.secho(f"note: {note}", fg="yellow", err=True)
    typer.echo(f"{'curve':<22}{'ours, mm':>9}{'theirs':>8}{'gain':>7}")
    for name, gain in result.figures["gains"].items():
        ours, theirs = result.figures["ours_mm"][name], result.figures["theirs_mm"][name]
        typer.echo(f"{name:<22}{ours:>9.1f}{theirs:>8.1f}{gain:>7.2f}")
    typer.echo(str(out))


def _curve(text: str) -> tuple[str, float]:
    name, _, number = text.partition(":")
    try:
        return name.strip(), float(number or 1)
    except ValueError:
        raise InputError(
            f"--curve {text}: '{number}' is not a number; write it as jawOpen:0.5."
        ) from None
