"""``animdrive audio-model``: the recogniser of phones and its list of words, made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_job_json, shown_progress
from animdrive.cli.options import AsJson
from animdrive.errors import InputError

app = typer.Typer(help="What hears phones and words, made anew.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What hears phones and words, made anew."""


@app.command("train")
def train_cli(
    out: Annotated[Path, typer.Option("--out", "-o", help="Model to write (.safetensors).")],
    preset: Annotated[
        str, typer.Option(help="offline (whole clips) or live (sound that is still running).")
    ] = "offline",
    voices: Annotated[
        str,
        typer.Option(help="all (flite, festival and espeak) or espeak (needs nothing installed)."),
    ] = "all",
    steps: Annotated[
        int | None, typer.Option(help="Steps of training; 4000 if neither is given.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Minutes of training, instead of --steps.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(help="Folder for what the voices say; else NAME_work beside the model."),
    ] = None,
    watch: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of real recordings with labels (NAME.wav, NAME.phones.tsv): told how well "
            "they are heard, never learned from. Again for more."
        ),
    ] = None,
    share: Annotated[float, typer.Option(help="Of every voice's minutes, 0..1.")] = 1.0,
    channels: Annotated[int | None, typer.Option(help="Width of the network.")] = None,
    batch: Annotated[int, typer.Option(help="Examples of a step.")] = 24,
    workers: Annotated[int, typer.Option(help="Processes that make examples meanwhile.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "cpu",
    register: Annotated[
        bool, typer.Option("--register", help="List the model in the manifest.toml beside it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Have free voices speak and train the acoustic model on it.

    Killed and run again, the same command goes on from its last checkpoint.

    Example: animdrive audio-model train -o acoustic.safetensors --voices espeak --minutes 30
    """
    from animdrive.pipeline.acoustic_train import AcousticTrainConfig, train_acoustic

    if steps is not None and minutes is not None:
        raise InputError("Give either --steps or --minutes.")
    if steps is None and minutes is None:
        steps = AcousticTrainConfig.steps
    config = AcousticTrainConfig(
        preset=preset, voices=voices, steps=steps, minutes=minutes, seed=seed, share=share,
        channels=channels, batch=batch, workers=workers, device=device,
    )  # fmt: skip
    with shown_progress() as progress:
        result = train_acoustic(
            out,
            config=config,
            work=work,
            watch=watch or (),
            manifest=out.with_name("manifest.toml") if register else None,
            progress=progress,
            report=lambda line: typer.echo(line, err=True),
        )
    if as_json:
        print_job_json("audio-model train", None, result)
        return
    figures = result.figures
    typer.echo(
        f"{figures['steps']} steps on {figures['speech_minutes']:g} min of {figures['voices']} "
        f"voices: loss {figures['loss']:.3f}, {figures['parameters']:,} weights"
    )
    for folder, found in figures.get("real_speech", {}).items():
        typer.echo(f"  {folder}: phones {found['phones']} %, classes F1 {found['classes_f1']} %")
    for name, path in result.outputs.items():
        typer.echo(f"  {name:<11} {path}")


@app.command("words")
def words_cli(
    out: Annotated[Path, typer.Option("--out", "-o", help="List to write (.safetensors).")],
    register: Annotated[
        bool, typer.Option("--register", help="List it in the manifest.toml beside it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the English word list from the language model in pocketsphinx's wheel.

    Example: animdrive audio-model words -o english_words.safetensors
    """
    from animdrive.pipeline.english_words import make_english_words

    with shown_progress() as progress:
        result = make_english_words(
            out,
            manifest=out.with_name("manifest.toml") if register else None,
            progress=progress,
        )
    if as_json:
        print_job_json("audio-model words", None, result)
        return
    typer.echo(f"{result.figures['words']:,} words, {result.figures['pairs']:,} pairs")
    for name, path in result.outputs.items():
        typer.echo(f"  {name:<11} {path}")
