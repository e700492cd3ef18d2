"""``animdrive live``: who speaks or is seen now becomes a face that moves now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animdrive.cli.console import print_json, shown_progress
from animdrive.cli.options import AsJson
from animdrive.errors import InputError

if TYPE_CHECKING:
    from animdrive.pipeline.outputs import JobResult

CAMERA_SIZE = "1280x720"
"""What a camera is asked for where nothing is said of it."""


def live_cli(
    source: Annotated[
        str | None,
        typer.Argument(help="Sound file, heard as if spoken now; or '-': raw PCM on stdin."),
    ] = None,
    mic: Annotated[bool, typer.Option("--mic", help="Listen to the microphone.")] = False,
    device: Annotated[
        str | None, typer.Option(help="Which microphone: its number or part of its name.")
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(help="Watch a camera: its number; or a clip, seen as a camera would."),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Who is in front of the camera, of 'animdrive calibrate'.")
    ] = None,
    camera_size: Annotated[
        str, typer.Option(help="Size to ask a camera for, WIDTHxHEIGHT.")
    ] = CAMERA_SIZE,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what the camera sees in a window.")
    ] = False,
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
    fps: Annotated[
        float | None,
        typer.Option(help="Frames per second, 1..240. Default: 60; with a camera, the camera's."),
    ] = None,
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
        bool, typer.Option("--no-pace", help="Take a file or pipe as fast as possible.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send a moving face while somebody speaks, or is seen by a camera. Ctrl-C ends it.

    Example: animdrive live --mic --to livelink:192.168.1.20
    Example: animdrive live --camera 0 --profile me.json --to vmc
    """
    targets = list(to or ())
    on_stdout = "jsonl" in (target.rstrip(":") for target in targets)
    if as_json and on_stdout:
        raise InputError("--json and --to jsonl both write to stdout. Use --to jsonl:FILE.")
    if camera is not None:
        if mic or source is not None:
            raise InputError("--camera and sound are both given; give one of them.")
        spoken = {"--jaw": jaw, "--lips": lips, "--head": head, "--gaze": gaze, "--brows": brows}
        dials = [name for name, value in spoken.items() if value != 1.0]
        if dials or no_blinks:
            raise InputError(
                f"{(dials or ['--no-blinks'])[0]} shapes what sound drives; a camera sees it. "
                "Leave it out."
            )
        _live_camera(
            camera, targets, record, profile, camera_size, preview, fps, no_pace, as_json, on_stdout
        )
        return
    for option, given in (("--profile", profile is not None), ("--preview", preview)):
        if given:
            raise InputError(f"{option} is for a camera; give --camera, too.")
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
    config = LiveConfig(
        stream=StreamConfig(
            fps=60.0 if fps is None else fps,
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
    _print(name, result, _summary(name, result.figures), as_json=as_json, on_stdout=on_stdout)


def _live_camera(
    camera: str,
    targets: list[str],
    record: Path | None,
    profile: Path | None,
    camera_size: str,
    preview: bool,
    fps: float | None,
    no_pace: bool,
    as_json: bool,
    on_stdout: bool,
) -> None:
    if camera.isdecimal() and no_pace:
        raise InputError("A camera is seen as it sees; leave --no-pace out.")
    size_px = _size_px(camera_size)
    from animdrive.pipeline.live import stop_on_interrupt
    from animdrive.pipeline.live_video import LiveVideoConfig, animate_camera

    config = LiveVideoConfig(
        fps=fps, size_px=size_px, paced=not no_pace, preview=preview, profile=profile
    )
    with stop_on_interrupt() as stopped, shown_progress() as progress:
        result = animate_camera(
            camera, targets, record=record, config=config, progress=progress, stopped=stopped
        )
    name = f"camera {camera}" if camera.isdecimal() else camera
    _print(name, result, _seen_summary(name, result.figures), as_json=as_json, on_stdout=on_stdout)


def _size_px(text: str) -> tuple[int, int]:
    width, times, height = text.lower().partition("x")
    if not (times and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise InputError(f"--camera-size must be written as {CAMERA_SIZE}, got '{text}'.")
    return int(width), int(height)


def _print(
    name: str, result: JobResult, lines: list[str], *, as_json: bool, on_stdout: bool
) -> None:
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
    for line in lines:
        typer.echo(line, err=on_stdout)
    for kind, path in result.outputs.items():
        typer.echo(f"  {kind:<11} {path}", err=on_stdout)


def _seen_summary(name: str, figures: dict[str, Any]) -> list[str]:
    lines = [
        f"{name}: {figures['frames_sent']} frames sent at {figures['fps']:g} fps, "
        f"{figures['frames_dropped']} dropped, face in {100 * figures['found_share']:.1f} %"
    ]
    for what in ("latency", "tracking", "solving"):
        taken = figures[f"{what}_s"]
        if taken is not None:
            times = ", ".join(f"{name} {1000 * value:.1f} ms" for name, value in taken.items())
            lines.append(f"  {what:<8} {times}")
    if figures["latency_s"] is None:
        lines.append("  latency: not paced")
    if figures["times_real_time"] is not None:
        lines.append(f"  {figures['times_real_time']:g} times faster than real time")
    return lines


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
