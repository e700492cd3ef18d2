"""``animdrive deformer export`` and ``bake``: learned skin for programs without animdrive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_result, shown_progress
from animdrive.cli.options import AsJson

Model = Annotated[
    str, typer.Argument(help="Deformer: a file of 'deformer train', hero, npc or linear.")
]
RigOption = Annotated[
    str,
    typer.Option(
        help="Whose skin: 'head', a head shape (.json), .glb, .obj, or a capture's folder."
    ),
]
Latent = Annotated[
    int | None,
    typer.Option(help="Learned morphs that are used: a coarser level of detail. Default: all."),
]


def export_cli(
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.onnx).")],
    rig: RigOption = "head",
    latent: Latent = None,
    as_json: AsJson = False,
) -> None:
    """Write a deformer as ONNX, checked against itself in ONNX Runtime.

    Input "curves" [T, C], outputs "vertices" [T, V, 3] metres and "weights" [T, K].

    Example: animdrive deformer export face.safetensors -o face.onnx
    """
    from animdrive.pipeline.deformer_bake import export_onnx

    with shown_progress() as progress:
        result = export_onnx(model, out, rig=rig, latent=latent, progress=progress)
    if as_json:
        print_result("deformer export", model, result, as_json=True)
        return
    figures = result.figures
    typer.echo(
        f"{out}: {figures['latent']} learned morphs, {figures['bytes'] / 1e6:.1f} MB; in ONNX "
        f"Runtime at most {figures['largest_difference_mm']:.5f} mm off, over "
        f"{figures['checked_frames']} frames"
    )


def bake_cli(
    model: Model,
    curves: Annotated[Path, typer.Argument(help="Curves: .csv, .json, .glb or .gltf.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File to write: .glb, .usdc, .usda, .pc2, .mdd, .npz or .abc."
        ),
    ],
    rig: RigOption = "head",
    latent: Latent = None,
    morphs: Annotated[
        int | None,
        typer.Option(help="Learned targets that a GLB or USD gets at most. Default: all in use."),
    ] = None,
    no_normals: Annotated[
        bool, typer.Option("--no-normals", help="Leave out what targets do to normals: smaller.")
    ] = False,
    unposed: Annotated[
        bool, typer.Option("--unposed", help="Point caches: leave head and eyes at rest.")
    ] = False,
    points: Annotated[
        bool, typer.Option("--points", help="USD: all points of every frame, not blend shapes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a deformer's skin performing curves, to be played with no deformer at all.

    GLB and USD get the learned morph targets behind the rig's own, with weights for every frame;
    the others all vertices of every frame.

    Example: animdrive deformer bake hero take.csv -o take.glb
    """
    from animdrive.pipeline.deformer_bake import BakeConfig, bake

    config = BakeConfig(
        latent=latent, morphs=morphs, normals=not no_normals, posed=not unposed, points=points
    )
    with shown_progress() as progress:
        result = bake(model, curves, out, rig=rig, config=config, progress=progress)
    print_result("deformer bake", str(curves), result, as_json=as_json)
    figures = result.figures
    if not as_json:
        told = f"  {figures['bytes'] / 1e6:.1f} MB"
        if "targets" in figures:
            told += (
                f", {figures['targets']} learned targets, at most {figures['largest_mm']:.4f} mm "
                f"from the deformer"
            )
        typer.echo(told)
