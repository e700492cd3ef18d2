"""What every benchmark prints: figure, unit, sample and machine."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"
"""Recordings that may lie beside the repository."""


def machine() -> dict[str, Any]:
    """Return what the figures were taken on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "commit": commit,
    }


def peak_rss_mb() -> float:
    """Return the largest memory this process had, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage of a child starts at what its parent had
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if platform.system() == "Linux" else 1024 * 1024)


def timed(work: Callable[[], Any], *, repeats: int = 3) -> tuple[float, float, Any]:
    """Return median wall seconds, median CPU seconds and the last result of `work`."""
    walls, cpus, result = [], [], None
    for _ in range(repeats):
        wall, cpu = perf_counter(), process_time()
        result = work()
        walls.append(perf_counter() - wall)
        cpus.append(process_time() - cpu)
    return median(walls), median(cpus), result


def show(title: str, rows: list[tuple[str, float, str]], *, sample: str) -> None:
    """Print a table of (what, figure, unit) and the machine below it."""
    print(f"\n{title}\nsample: {sample}")
    for what, figure, unit in rows:
        print(f"  {what:<44} {figure:>10.2f} {unit}")
    print(f"machine: {json.dumps(machine())}")
