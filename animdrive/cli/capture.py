"""``animdrive capture``: 4D captures of a simulated face, made, looked at and measured."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from animdrive.cli import capture_import, capture_tools
from animdrive.cli.console import print_json, print_result, shown_progress
from animdrive.cli.options import AsJson, VisibleLabel
from animdrive.errors import InputError

app = typer.Typer(help="4D captures of a simulated face.", no_args_is_help=True)

app.command("import")(capture_import.import_cli)
app.command("prepare")(capture_import.prepare_cli)
app.command("coverage")(capture_tools.coverage_cli)
app.command("transfer")(capture_tools.transfer_cli)

Folder = Annotated[Path, typer.Argument(help="Folder of a capture.")]


@app.command("make")
def make_cli(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the capture.")],
    takes: Annotated[
        str | None,
        typer.Option(
            help="Kinds of takes, by comma: rom,pairs,emotions,random,speech,clips. Default: all; "
            "of a small capture those that need no voice and no clip."
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(help="full (3000 frames to learn from, 600 held out) or small.")
    ] = "full",
    frames_train: Annotated[
        int | None, typer.Option(help="At least so many frames to learn from.")
    ] = None,
    frames_held: Annotated[
        int | None, typer.Option(help="At least so many frames that are held out.")
    ] = None,
    mixtures: Annotated[
        int,
        typer.Option(
            help="Frames of quickly changing random mixtures, for a deformer to learn from, beside "
            "the others. Can be added to a capture that is there."
        ),
    ] = 0,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    identity: Annotated[
        Path | None, typer.Option(help="Head shape (.json) whose face it is.")
    ] = None,
    lod: Annotated[
        str, typer.Option(help="Level of detail that is written: low, standard or high.")
    ] = "standard",
    simulator: Annotated[
        str, typer.Option(help="tissue, or linear to try things out in seconds.")
    ] = "tissue",
    workers: Annotated[
        int | None, typer.Option(help="Processes; 0 works in this one. Default: all cores.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="By comma: safetensors,pc2,npz,usd,abc.")
    ] = "safetensors,pc2",
    faults: Annotated[
        str,
        typer.Option(
            help="Faults of real captures, such as "
            "noise=0.2mm,drop=2%,holes=1,fps=60,offset=+120ms,drift=3mm."
        ),
    ] = "",
    clip: Annotated[
        list[Path] | None,
        typer.Option(help="Video of a face for takes of clips. May be given again."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Perform takes, simulate the skin, and write curves, meshes and heads.

    Stopped half way, the same command goes on where it stopped.

    Example: animdrive capture make --preset small -o capture
    """
    from animdrive.pipeline.capture import make_capture
    from animdrive.pipeline.capture_people import character_of, read_code, simulator_of
    from animdrive.pipeline.capture_settings import CaptureConfig, clips_or_demo, preset_of
    from animdrive.tissue.faults import parse_faults

    train, held, kinds = preset_of(preset)
    config = CaptureConfig(
        kinds=kinds if takes is None else _listed(takes),
        frames_train=train if frames_train is None else frames_train,
        frames_held=held if frames_held is None else frames_held,
        fps=fps,
        seed=seed,
        level=lod,
        faults=parse_faults(faults),
        formats=_listed(formats),
        mixtures=mixtures,
    )
    code = () if identity is None else read_code(identity)
    factory = simulator_of(simulator, code)
    with shown_progress() as progress:
        result = make_capture(
            out,
            character=character_of(code),
            simulator=factory,
            config=config,
            clips=clips_or_demo(config.kinds, tuple(clip or ())),
            workers=(os.cpu_count() or 1) if workers is None else workers,
            inputs=() if identity is None else (identity,),
            weights=factory.weights,
            progress=progress,
        )
    print_result("capture make", str(out), result, as_json=as_json)


@app.command("view")
def view_cli(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", "-o", help="Film (.mp4) or sheet (.png).")],
    take: Annotated[str | None, typer.Option(help="Name of the take.")] = None,
    frames: Annotated[
        str, typer.Option(help="Frames of a sheet, by comma. Default: telling ones.")
    ] = "",
    count: Annotated[int, typer.Option(help="How many frames a sheet shows.")] = 6,
    size: Annotated[int, typer.Option(help="Height of a panel, pixels, even.")] = 400,
    full: Annotated[
        float | None, typer.Option(help="End of the colour bar, mm. Default: fitted.")
    ] = None,
    yaw: Annotated[
        float, typer.Option(help="Camera angle towards the subject's left, degrees.")
    ] = 20.0,
    visible_label: VisibleLabel = False,
    as_json: AsJson = False,
) -> None:
    """Draw a take beside the linear rig, with their difference in mm as heat.

    Example: animdrive capture view capture --take emotions_01 -o emotions.mp4
    """
    import math

    from animdrive.pipeline.capture_pictures import ViewConfig
    from animdrive.pipeline.capture_view import view_capture

    config = ViewConfig(
        take=take,
        frames=_numbers(frames),
        count=count,
        size_px=size,
        full_mm=full,
        yaw_rad=math.radians(yaw),
        visible_label=visible_label,
    )
    with shown_progress() as progress:
        result = view_capture(folder, out, config=config, progress=progress)
    print_result("capture view", str(folder), result, as_json=as_json)
    if not as_json:
        figures = result.figures
        typer.echo(
            f"  simulated - linear: mean {figures['mean_mm']:.2f} mm, "
            f"p95 {figures['p95_mm']:.2f} mm, max {figures['max_mm']:.2f} mm"
        )


@app.command("report")
def report_cli(folder: Folder, as_json: AsJson = False) -> None:
    """Tell how far the skin is from the linear rig, by kind of take and region, in mm.

    Example: animdrive capture report capture
    """
    from animdrive.pipeline.capture_compare import report_capture

    with shown_progress() as progress:
        report = report_capture(folder, progress=progress)
    if as_json:
        print_json({"command": "capture report", "input": str(folder), **report})
        return
    typer.echo(f"{folder}: {report['takes']} takes, {report['frames']} frames")
    kind = ""
    for row in report["rows"]:
        if row["kind"] != kind:
            kind = row["kind"]
            typer.echo(f"\n{kind:<12} {'mean':>8} {'p95':>8} {'max':>8}  mm")
        typer.echo(
            f"  {row['region']:<10} {row['mean_mm']:>8.2f} {row['p95_mm']:>8.2f} "
            f"{row['max_mm']:>8.2f}"
        )


@app.command("modes")
def modes_cli(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.safetensors).")],
    count: Annotated[int, typer.Option(help="How many modes.")] = 27,
    as_json: AsJson = False,
) -> None:
    """Find the corrective modes: what the skin of a capture does that the linear rig cannot.

    Example: animdrive capture modes capture -o weights/expression_modes.safetensors
    """
    from animdrive.pipeline.capture_modes import write_modes

    with shown_progress() as progress:
        made: dict[str, Any] = write_modes(folder, out, count=count, progress=progress)
    if as_json:
        print_json({"command": "capture modes", "input": str(folder), **made})
        return
    typer.echo(f"{out}\nsha256 {made['sha256']}")
    typer.echo(
        f"  {count} modes explain {100 * made['explained']:.1f} % of what the linear rig misses; "
        f"{made['residual_mm']:.3f} mm rms become {made['left_mm']:.3f} mm"
    )


@app.command("fit")
def fit_cli(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write. Default: weights/.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit how strongly each muscle pulls for each curve, and book it in the manifest.

    Needed only after a change of the head, the muscles or the solver. Takes some minutes.
    """
    from animdrive.pipeline.tissue_fit import fit_tissue

    with shown_progress() as progress:
        path, digest, fits = fit_tissue(out, progress=progress)
    if as_json:
        rows = [asdict(fit) for fit in fits]
        print_json(
            {
                "command": "capture fit",
                "outputs": {"tissue": str(path)},
                "sha256": digest,
                "fits": rows,
            }
        )
        return
    for fit in fits:
        parted, reached = fit.slit_mm
        typer.echo(
            f"  {fit.curve:<18} {fit.wanted_mm:>6.2f} mm wanted {fit.left_mm:>6.2f} left, "
            f"lips part by {parted:>5.2f}, reached {reached:>5.2f}"
        )
    typer.echo(f"{path}\nsha256 {digest}")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in _listed(text))
    except ValueError:
        raise InputError(f"--frames {text}: write whole numbers, such as 10,30,50.") from None
