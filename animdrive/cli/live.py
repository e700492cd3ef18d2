"""``animdrive live``: sound that is spoken now becomes a face that moves now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from animdrive.cli.console import print_json, shown_progress
from animdrive.cli.options import AsJson
from animdrive.errors import InputError


def live_cli(
    source: Annotated[
        str | None,
        typer.Argument(help="Sound file, heard as if spoken now; or '-': raw PCM on stdin."),
    ] = None,
    mic: Annotated[bool, typer.Option("--mic", help="Listen to the microphone.")] = False,
    device: Annotated[
        str | None, typer.Option(help="Which microphone: its number or part of its name.")
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            help="Who receives the frames: livelink[:HOST[:PORT]], vmc[:HOST[:PORT]], "
            "vmc-vrm[:HOST[:PORT]], jsonl or jsonl:FILE. May be given again."
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Folder for the curves that were sent, as CSV.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames per second, 1..240.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Seed of blinks, glances and head motion.")] = 0,
    jaw: Annotated[float, typer.Option(help="How far the jaw opens, 0..2.")] = 1.0,
    lips: Annotated[float, typer.Option(help="How strongly lips are shaped, 0..2.")] = 1.0,
    head: Annotated[float, typer.Option(help="How much the head moves, 0..2.")] = 1.0,
    gaze: Annotated[float, typer.Option(help="How far the eyes wander, 0..2.")] = 1.0,
    brows: Annotated[float, typer.Option(help="How far brows rise on accents, 0..2.")] = 1.0,
    no_blinks: Annotated[bool, typer.Option("--no-blinks", help="Keep the eyes open.")] = False,
    rate: Annotated[
        int, typer.Option(help="Samples per second of '-': mono, 16-bit little-endian.")
    ] = 16_000,
    no_pace: Annotated[
        bool, typer.Option("--no-pace", help="Hear a file or pipe as fast as possible.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send a moving face while somebody speaks. Ctrl-C ends it.

    Example: animdrive live --mic --to livelink:192.168.1.20
    """
    from animdrive.pipeline.live import LiveConfig, animate_live, stop_on_interrupt
    from animdrive.sources.audio.expression.life import LifeConfig
    from animdrive.sources.audio.live.stream_face import StreamConfig
    from animdrive.sources.audio.mouth.curves import MouthConfig

    if mic == (source is not None):
        raise InputError("Give a sound file, '-' for a pipe, or --mic: one of them.")
    if mic and no_pace:
        raise InputError("A microphone is heard as it speaks; leave --no-pace out.")
    if device is not None and not mic:
        raise InputError("--device names a microphone; give --mic, too.")
    targets = list(to or ())
    on_stdout = "jsonl" in (target.rstrip(":") for target in targets)
    if as_json and on_stdout:
        raise InputError("--json and --to jsonl both write to stdout. Use --to jsonl:FILE.")
    config = LiveConfig(
        stream=StreamConfig(
            fps=fps,
            seed=seed,
            mouth=MouthConfig(jaw=jaw, lips=lips),
            life=LifeConfig(blinks=not no_blinks, head=head, gaze=gaze, brows=brows),
        ),
        rate=rate,
        paced=not no_pace,
        device=device,
    )
    with stop_on_interrupt() as stopped, shown_progress() as progress:
        result = animate_live(
            source, targets, record=record, config=config, progress=progress, stopped=stopped
        )
    name = source or "microphone"
    if as_json:
        print_json(
            {
                "command": "live",
                "input": name,
                "outputs": {kind: str(path) for kind, path in result.outputs.items()},
                "figures": result.figures,
                "notes": result.notes,
            }
        )
        return
    for note in result.notes:
        typer.secho(f"note: {note}", fg="yellow", err=True)
    for line in _summary(name, result.figures):
        typer.echo(line, err=on_stdout)
    for kind, path in result.outputs.items():
        typer.echo(f"  {kind:<11} {path}", err=on_stdout)


def _summary(name: str, figures: dict[str, Any]) -> list[str]:
    lines = [
        f"{name}: {figures['frames_sent']} frames sent at {figures['fps']:g} fps, "
        f"{figures['frames_dropped']} dropped, {figures['sound_s']:.2f} s of sound"
    ]
    latency = figures["latency_s"]
    if latency is None:
        lines.append(f"  look-ahead {1000 * figures['look_ahead_s']:.0f} ms; latency: not paced")
    else:
        times = ", ".join(f"{what} {1000 * taken:.1f} ms" for what, taken in latency.items())
        lines.append(f"  latency {times}")
    if figures["times_real_time"] is not None:
        lines.append(f"  {figures['times_real_time']:g} times faster than real time")
    return lines
