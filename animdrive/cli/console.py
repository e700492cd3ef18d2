"""What a command prints: progress on stderr, results on stdout."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

import typer

from animdrive.contract.stages import Progress

if TYPE_CHECKING:
    from animdrive.pipeline.outputs import JobResult

_LOG_S = 30.0
"""Seconds between the lines of a long stage in a log."""


@contextlib.contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield a `Progress` that draws one bar per named stage on stderr.

    On a terminal bars move; in a log every finished stage is one line.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    # A descriptor of its own: libraries that shout while they load have the usual one silenced.
    if not sys.stderr.isatty():
        yield _told_when_done()
        return
    console = Console(file=os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8"))
    bars = Progress(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )
    tasks: dict[str, TaskID] = {}

    def move(stage: str, done: float) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=1.0)
        bars.update(tasks[stage], completed=min(max(done, 0.0), 1.0))

    with console.file, bars:
        yield move


def _told_when_done() -> Progress:
    """Return a `Progress` for logs: a line for every stage that is through, and now and then.

    A stage that takes long tells every `_LOG_S` seconds how far it is and how long it still takes.
    """
    told: set[str] = set()
    begun: dict[str, tuple[float, float]] = {}
    last = perf_counter()

    def tell(stage: str, done: float) -> None:
        nonlocal last
        now = perf_counter()
        start, first = begun.setdefault(stage, (now, done))
        if done >= 1 and stage not in told:
            told.add(stage)
            typer.echo(f"{stage}: done", err=True)
        elif first < done < 1 and now - last >= _LOG_S:
            left = (now - start) * (1 - done) / (done - first)
            typer.echo(f"{stage}: {100 * done:.0f} %, about {left / 60:.1f} min left", err=True)
            last = now

    return tell


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON object on stdout."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def print_job_json(command: str, source: str | None, result: JobResult) -> None:
    """Print what a job made as one JSON object; `source` is None where it had no input."""
    print_json(
        {
            "command": command,
            **({} if source is None else {"input": source}),
            "outputs": {name: str(path) for name, path in result.outputs.items()},
            "figures": result.figures,
            "notes": result.notes,
            "seconds": {stage: round(taken, 3) for stage, taken in result.seconds.items()},
        }
    )


def print_notes(result: JobResult) -> None:
    """Print on stderr what the user should know."""
    for note in result.notes:
        typer.secho(f"note: {note}", fg="yellow", err=True)


def print_result(command: str, source: str, result: JobResult, *, as_json: bool) -> None:
    """Print what a job made, for a person or as one JSON object."""
    if as_json:
        print_job_json(command, source, result)
        return
    print_notes(result)
    figures = result.figures
    duration, taken = float(figures.get("duration_s", 0.0)), sum(result.seconds.values())
    summary = f"{source}: {figures.get('frames', 0)} frames at {figures.get('fps', 0):g} fps"
    if duration:
        summary += f", {duration:.2f} s made in {taken:.1f} s"
    typer.echo(summary)
    if "found_share" in figures:
        typer.echo(f"  face seen in {100 * figures['found_share']:.1f} % of the frames")
    if isinstance(figures.get("take"), dict):  # of a clip; elsewhere it is a name
        take = figures["take"]
        weak = f", lowered most by {take['weakest']}" if take["weakest"] else ""
        typer.echo(
            f"  confidence {take['confidence_mean']:.2f}{weak}; {take['curves_moved']} curves moved"
        )
    if figures.get("text"):
        typer.echo(f"  text: {figures['text']}")
    for name, path in result.outputs.items():
        typer.echo(f"  {name:<11} {path}")
