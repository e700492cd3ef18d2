"""``animdrive deformer``: train, tune, validate, export and bake what makes skin of curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animdrive.cli.console import print_json, shown_progress
from animdrive.cli.deformer_out import bake_cli, export_cli
from animdrive.cli.deformer_validate import validate_cli
from animdrive.cli.options import AsJson
from animdrive.errors import InputError

if TYPE_CHECKING:
    from animdrive.pipeline.deformer_train import TrainConfig
    from animdrive.pipeline.outputs import JobResult

app = typer.Typer(help="Learned deformers: from curves to living skin.", no_args_is_help=True)
app.command("validate")(validate_cli)
app.command("export")(export_cli)
app.command("bake")(bake_cli)

Folder = Annotated[Path, typer.Argument(help="Folder of a capture.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Model to write (.safetensors).")]
Role = Annotated[
    str | None, typer.Option(help="hero (fills the screen) or npc (small): sets the latent.")
]
Mode = Annotated[str | None, typer.Option(help="local (a net per patch) or global (one net).")]
Length = Annotated[
    str, typer.Option(help="look (1,000 iterations), normal (4,000), final (8,000).")
]
Iterations = Annotated[int | None, typer.Option(help="Iterations, instead of --length.")]
Latent = Annotated[int | None, typer.Option(help="Learned morphs. Hero 256-512, npc 64-128.")]
Setting = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Any other setting of the model, such as patches=20. Again for more."
    ),
]
Without = Annotated[
    str, typer.Option(help="Kinds or names of takes to leave out, by comma, such as pairs.")
]
Seed = Annotated[int, typer.Option(help="Seed of everything that is drawn.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


@app.command("train")
def train_cli(
    folder: Folder,
    out: Out,
    model: Annotated[
        str, typer.Option(help="neural_morph, vertex_delta, nearest_neighbour or cloth.")
    ] = "neural_morph",
    role: Role = None,
    mode: Mode = None,
    length: Length = "normal",
    iterations: Iterations = None,
    regularization: Annotated[
        float | None,
        typer.Option(help="How hard learned morphs are smoothed, 0..1; 'tune' searches for it."),
    ] = None,
    latent: Latent = None,
    radius_mm: Annotated[
        float | None, typer.Option(help="How far a patch reaches into its neighbours, mm.")
    ] = None,
    settings: Setting = None,
    without: Without = "",
    early_stopping: Annotated[
        bool,
        typer.Option("--early-stopping", help="Stop where held-out takes no longer get better."),
    ] = False,
    amp: Annotated[bool, typer.Option(help="16-bit products on a GPU.")] = True,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Train a deformer on a capture.

    Killed and run again, the same command goes on from its last checkpoint.

    Example: animdrive deformer train capture -o hero.safetensors --role hero --length final
    """
    from animdrive.pipeline.deformer_train import train_deformer

    given = _settings(settings) | _named(mode, latent, regularization, radius_mm)
    config = _config(
        model, role, given, length, iterations, without, seed, device, early_stopping, amp
    )
    with shown_progress() as progress:
        result = train_deformer(folder, out, config=config, progress=progress, report=_tell)
    _print("deformer train", folder, result, as_json=as_json)


@app.command("tune")
def tune_cli(
    folder: Folder,
    out: Out,
    start: Annotated[float, typer.Option(help="Regularization to begin with.")] = 1e-4,
    role: Role = None,
    mode: Mode = None,
    length: Length = "normal",
    iterations: Iterations = None,
    latent: Latent = None,
    settings: Setting = None,
    without: Without = "",
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Find the regularization: doubled until the noise is gone, then taken back a little.

    Writes the model of the value found, and a picture of the search beside it.

    Example: animdrive deformer tune noisy_capture -o model.safetensors
    """
    from animdrive.pipeline.deformer_tune import TuneConfig, tune_deformer

    given = _settings(settings) | _named(mode, latent, None, None)
    train = _config(
        "neural_morph", role, given, length, iterations, without, seed, device, False, True
    )
    with shown_progress() as progress:
        result = tune_deformer(
            folder,
            out,
            config=TuneConfig(train=train, start=start),
            progress=progress,
            report=_tell,
        )
    _print("deformer tune", folder, result, as_json=as_json)
    if not as_json:
        typer.echo(f"  regularization {result.figures['regularization']:.3g}")


@app.command("info")
def info_cli(
    model: Annotated[Path, typer.Argument(help="A trained deformer (.safetensors).")],
    as_json: AsJson = False,
) -> None:
    """Tell what a model says of itself: kind, settings, rig, capture, errors.

    Example: animdrive deformer info hero.safetensors
    """
    from animdrive.deformer.model_file import model_header

    header = model_header(model)
    if as_json:
        print_json({"command": "deformer info", "input": str(model), **header})
        return
    rig = header["rig"]
    typer.echo(f"{model}: {header['kind']}, {rig['curves']} curves, {rig['vertices']} vertices")
    for name in ("config", "held_out"):
        for key, value in header.get(name, {}).items():
            typer.echo(f"  {key:<16} {value}")


def _config(
    kind: str,
    role: str | None,
    given: dict[str, Any],
    length: str,
    iterations: int | None,
    without: str,
    seed: int,
    device: str,
    early_stopping: bool,
    amp: bool,
) -> TrainConfig:
    from animdrive.deformer.presets import iterations_of, role_settings
    from animdrive.pipeline.deformer_train import TrainConfig

    if role is not None:
        if kind != "neural_morph":
            raise InputError(f"--role is for a neural_morph, not for {kind}.")
        given = dict(role_settings(role)) | given
    return TrainConfig(
        kind=kind,
        settings=given,
        iterations=iterations_of(length) if iterations is None else iterations,
        without=tuple(part.strip() for part in without.split(",") if part.strip()),
        early_stopping=early_stopping,
        amp=amp,
        seed=seed,
        device=device,
    )


def _named(
    mode: str | None, latent: int | None, regularization: float | None, radius_mm: float | None
) -> dict[str, Any]:
    given = {
        "mode": mode,
        "latent": latent,
        "regularization": regularization,
        "radius_m": None if radius_mm is None else radius_mm / 1e3,
    }
    return {name: value for name, value in given.items() if value is not None}


def _settings(texts: list[str] | None) -> dict[str, Any]:
    """Return the settings of NAME=VALUE texts: numbers, true, false, or text."""
    result: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--set {text}: write NAME=VALUE, such as patches=20.")
        value = value.strip()
        known = {"true": True, "false": False}
        if value in known:
            result[name.strip()] = known[value]
            continue
        try:
            number = float(value)
            result[name.strip()] = (
                int(number) if number.is_integer() and "." not in value else number
            )
        except ValueError:
            result[name.strip()] = value
    return result


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _print(command: str, folder: Path, result: JobResult, *, as_json: bool) -> None:
    from animdrive.cli.console import print_result

    if as_json:
        print_result(command, str(folder), result, as_json=True)
        return
    for note in result.notes:
        typer.secho(f"note: {note}", fg="yellow", err=True)
    figures = result.figures
    taken = sum(result.seconds.values())
    typer.echo(f"{folder}: {figures['frames']} frames learned from in {taken:.0f} s")
    if "rms_mm" in figures:
        typer.echo(
            f"  held out: mean {figures['mean_mm']:.3f}, p99 {figures['p99_mm']:.2f}, "
            f"rms {figures['rms_mm']:.3f} mm; linear rig {figures['linear_rms_mm']:.3f} mm rms"
        )
    if "cache_ratio" in figures:
        typer.echo(
            f"  {figures['bytes'] / 1e6:.2f} MB, {figures['cache_ratio']:.0f} times smaller than "
            f"the takes as float32"
        )
    for name, path in result.outputs.items():
        typer.echo(f"  {name:<11} {path}")
