"""``animdrive doctor`` and ``animdrive demo``: does it work here, and what does it make?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_json, shown_progress
from animdrive.cli.options import AsJson


def doctor_cli(as_json: AsJson = False) -> None:
    """Tell what works on this machine, and the cure for what does not."""
    from animdrive.pipeline.doctor import examined

    checks = examined()
    if as_json:
        print_json({"command": "doctor", "checks": [check.as_dict() for check in checks]})
    else:
        for check in checks:
            mark = {"ok": "ok  ", "off": "-   ", "broken": "FAIL"}[check.state]
            typer.echo(f"{mark} {check.name:<18} {check.found}")
            if check.cure:
                typer.echo(f"     {'':<18} cure: {check.cure}")
    if any(check.state == "broken" for check in checks):
        raise SystemExit(1)


def demo_cli(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path(
        "out/demo"
    ),
    as_json: AsJson = False,
) -> None:
    """Animate a real clip and a spoken line, and make a page of the results."""
    from animdrive.pipeline.demo import run_demo

    with shown_progress() as progress:
        page, jobs = run_demo(out, progress=progress)
    if as_json:
        print_json(
            {
                "command": "demo",
                "outputs": {"page": str(page)}
                | {f"{job}_{n}": str(p) for job, r in jobs.items() for n, p in r.outputs.items()},
                "figures": {job: result.figures for job, result in jobs.items()},
            }
        )
        return
    typer.echo(f"\nMade in {out}:")
    for result in jobs.values():
        for name, path in result.outputs.items():
            typer.echo(f"  {name:<11} {path}")
    typer.echo(f"\nOpen {page} in a browser. With your own files:")
    typer.echo("  animdrive video clip.mp4 -o out")
    typer.echo('  animdrive audio line.wav -o out --text "What is said."')
