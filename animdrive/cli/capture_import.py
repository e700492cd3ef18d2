"""``animdrive capture import`` and ``prepare``: recordings of any origin, fit to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animdrive.cli.console import print_result, shown_progress
from animdrive.cli.options import AsJson

if TYPE_CHECKING:
    from animdrive.pipeline.capture_prepare import Steps

NoClean = Annotated[
    bool, typer.Option("--no-clean", help="Leave spikes, lost frames and holes as they are.")
]
NoSync = Annotated[
    bool, typer.Option("--no-sync", help="Leave offset and frame rates as they are.")
]
NoStabilise = Annotated[
    bool, typer.Option("--no-stabilise", help="Leave the head's motion in the skin.")
]
Fps = Annotated[
    float | None,
    typer.Option(help="Frames per second of the result. Default: those of the curves."),
]
CacheFormats = Annotated[
    str, typer.Option("--format", help="By comma: safetensors,pc2,npz,usd,abc.")
]


def import_cli(
    rig: Annotated[
        str,
        typer.Argument(
            help="Rig: .glb, .gltf, .obj with the OBJs of its shapes beside it, their folder, a "
            "capture's folder, or the word 'head'."
        ),
    ],
    curves: Annotated[
        Path, typer.Option(help="Curves: .csv, .json, .glb, .npz, .fbx, or a take (.safetensors).")
    ],
    cache: Annotated[
        Path,
        typer.Option(
            help="Geometry cache: folder or pattern of numbered OBJs, .pc2, .mdd, .npy, .npz, "
            ".usd, .abc, or a take (.safetensors)."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the capture it is added to.")],
    take: Annotated[str, typer.Option(help="Name of the take. Default: after the cache.")] = "",
    kind: Annotated[
        str, typer.Option(help="rom, pairs, emotions, random, speech or clips.")
    ] = "clips",
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Keep it for testing; nothing learns from it.")
    ] = False,
    about: Annotated[str, typer.Option(help="What is performed, for people.")] = "",
    cache_fps: Annotated[
        float | None,
        typer.Option(help="Frames per second of the cache. Default: as its file says."),
    ] = None,
    fps: Fps = None,
    unit: Annotated[
        str, typer.Option(help="Unit of rig and cache: auto (by size), m, cm or mm.")
    ] = "auto",
    up: Annotated[str, typer.Option(help="Axis that is up in them: auto, y or z.")] = "auto",
    mesh: Annotated[
        list[str] | None,
        typer.Option(help="Mesh of the rig that the cache has. May be given again. Default: all."),
    ] = None,
    wrap: Annotated[
        bool, typer.Option("--wrap", help="Register the rig to a scan of another topology.")
    ] = False,
    cache_mesh: Annotated[
        Path | None,
        typer.Option(help="OBJ with the faces of a cache that has none, to be wrapped."),
    ] = None,
    no_topology: Annotated[
        bool, typer.Option("--no-topology", help="Trust the order of the cache's vertices.")
    ] = False,
    no_clean: NoClean = False,
    no_sync: NoSync = False,
    no_stabilise: NoStabilise = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a take of the same name.")
    ] = False,
    formats: CacheFormats = "safetensors,pc2",
    as_json: AsJson = False,
) -> None:
    """Import a recording of any origin as a take of a capture: a rig, curves, a geometry cache.

    Each step says what it found and can be switched off.

    Example: animdrive capture import face.glb --curves take.csv --cache scans/ --cache-fps 60 -o me
    """
    from animdrive.pipeline.capture_import import import_take
    from animdrive.pipeline.capture_source import ImportConfig
    from animdrive.pipeline.capture_topology import TopologyConfig

    config = ImportConfig(
        take=take,
        kind=kind,
        split="held_out" if held_out else "train",
        about=about,
        cache_fps=cache_fps,
        unit=unit,
        up=up,
        meshes=tuple(mesh or ()),
        topology=TopologyConfig(check=not no_topology, wrap=wrap, mesh=cache_mesh),
        steps=_steps(no_clean, no_sync, no_stabilise, fps),
        replace=replace,
        formats=_listed(formats),
    )
    with shown_progress() as progress:
        result = import_take(rig, curves, cache, out, config=config, progress=progress)
    print_result("capture import", str(cache), result, as_json=as_json)
    if not as_json:
        _print_findings(result.figures["findings"])


def prepare_cli(
    folder: Annotated[Path, typer.Argument(help="Folder of a capture.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the prepared capture.")],
    no_clean: NoClean = False,
    no_sync: NoSync = False,
    no_stabilise: NoStabilise = False,
    fps: Fps = None,
    formats: CacheFormats = "safetensors,pc2",
    as_json: AsJson = False,
) -> None:
    """Clean, sync and stabilise all takes of a capture, such as one that was made with faults.

    Stopped half way, the same command goes on where it stopped.

    Example: animdrive capture prepare noisy -o clean
    """
    from animdrive.pipeline.capture_prepare import prepare_capture

    with shown_progress() as progress:
        result = prepare_capture(
            folder,
            out,
            steps=_steps(no_clean, no_sync, no_stabilise, fps),
            formats=_listed(formats),
            progress=progress,
        )
    print_result("capture prepare", str(folder), result, as_json=as_json)
    if not as_json:
        for name, findings in result.figures["findings"].items():
            typer.echo(f"{name}")
            _print_findings(findings)


def _steps(no_clean: bool, no_sync: bool, no_stabilise: bool, fps: float | None) -> Steps:
    from animdrive.capture.clean import CleanConfig
    from animdrive.capture.stabilise import StabiliseConfig
    from animdrive.capture.sync import SyncConfig
    from animdrive.errors import InputError
    from animdrive.pipeline.capture_prepare import Steps

    if fps is not None and not fps > 0:
        raise InputError(f"--fps {fps:g}: the rate must be above 0.")
    if fps is not None and no_sync:
        raise InputError("--fps needs the step sync, which --no-sync leaves out. Drop one of them.")
    return Steps(
        clean=None if no_clean else CleanConfig(),
        sync=None if no_sync else SyncConfig(fps=fps or 0.0),
        stabilise=None if no_stabilise else StabiliseConfig(),
    )


def _print_findings(findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        line = finding["line"]
        step = f"{finding['step']}: "
        line = line if line.startswith(step) or finding["step"] == "read" else step + line
        typer.secho(f"  {'! ' if finding['severe'] else ''}{line}",
                    fg="yellow" if finding["severe"] else None)  # fmt: skip


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
