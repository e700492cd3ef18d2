"""The command ``animdrive``."""

from __future__ import annotations

import contextlib
import errno
import signal
from types import FrameType
from typing import Any, NoReturn

import typer

from animdrive import __version__
from animdrive.cli import (
    animate,
    audio_model,
    calibrate,
    capture,
    deformer,
    live,
    machine,
    measure,
    mouth,
    rig,
    tracker,
)
from animdrive.errors import AnimdriveError

app = typer.Typer(
    help="From a recording to a living 3D face: curves, GLB and preview.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"animdrive {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Tell the version."
    ),
) -> None:
    """From a recording to a living 3D face: curves, GLB and preview."""


app.command("audio")(animate.audio_cli)
app.command("video")(animate.video_cli)
app.command("live")(live.live_cli)
app.command("calibrate")(calibrate.calibrate_cli)
app.command("convert")(animate.convert_cli)
app.command("measure")(measure.measure_cli)
app.command("train-mouth")(mouth.train_mouth_cli)
app.command("train-tracker")(tracker.train_tracker_cli)
app.add_typer(audio_model.app, name="audio-model")
app.add_typer(rig.app, name="rig")
app.add_typer(capture.app, name="capture")
app.add_typer(deformer.app, name="deformer")
app.command("doctor")(machine.doctor_cli)
app.command("demo")(machine.demo_cli)


_UsageError: Any = typer.BadParameter.__mro__[2]
"""The base of what typer raises for options that cannot be read; it exports no name for it."""


def main() -> None:
    """Run the command; a user's mistake is one line on stderr and status 2, not a traceback."""
    # A terminal that closes, or a job runner that stops us, must not leave half a file behind:
    # as exceptions they pass through every clean-up on the way.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            with contextlib.suppress(ValueError):  # not in the main thread
                signal.signal(getattr(signal, name), _stopped)
    try:
        status = app(standalone_mode=False)
    except AnimdriveError as error:
        _complain(str(error))
    except _UsageError as error:
        _complain(error.format_message())
    except (KeyboardInterrupt, typer.Abort):
        typer.secho("stopped", err=True)
        raise SystemExit(130) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EPIPE, errno.EIO):
            raise
        _complain(f"The result cannot be printed: {error.strerror}.")
    else:
        raise SystemExit(status if isinstance(status, int) else 0)


def _complain(message: str) -> NoReturn:
    if "Usage:" in message:  # asked for nothing: the help is the answer
        typer.echo(message, err=True)
    else:
        typer.secho(f"error: {' '.join(message.split())}", fg="red", err=True)
    raise SystemExit(2) from None


def _stopped(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
