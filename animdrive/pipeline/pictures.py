"""The shipped head, described, drawn and built anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.errors import InputError
from animdrive.weights import weights_folder


def rig_info(*, lod: str = "standard") -> dict[str, Any]:
    """Return what the head consists of: counts, parts, and each curve's largest motion in mm.

    Raises:
        InputError: an unknown level of detail.
    """
    from animdrive.rig.head import load_head
    from animdrive.rig.lod import character_at

    head = character_at(load_head(), lod)
    largest = np.linalg.norm(head.rig.deltas, axis=2).max(axis=1) * 1000
    return {
        "lod": lod,
        "vertices": len(head.rig.neutral.vertices),
        "faces": len(head.rig.neutral.faces),
        "landmarks": len(head.landmarks),
        "parts": {p.name: p.vertices.stop - p.vertices.start for p in head.parts},
        "regions": {name: len(index) for name, index in head.regions.items()},
        "curves": {n: round(float(mm), 2) for n, mm in zip(head.rig.names, largest, strict=True)},
    }


def render_head(
    path: Path,
    values: dict[str, float],
    *,
    yaws_deg: tuple[float, ...],
    size_px: int,
    lod: str = "standard",
) -> None:
    """Draw the head with curve `values` from one or more sides and write a PNG.

    Raises:
        InputError: an unknown curve or level of detail, a value outside 0..1, or a path that
            cannot be written.
        DeviceError: this machine has no renderer.
    """
    from animdrive.contract import ARKIT52, CurveTrack
    from animdrive.deformer.linear import LinearDeformer
    from animdrive.render.camera import portrait_camera
    from animdrive.render.scene import Renderer
    from animdrive.render.still import write_png
    from animdrive.rig.head import load_head
    from animdrive.rig.lod import character_at
    from animdrive.rig.pose import eye_rotation_from_looks, posed_vertices

    if not np.isfinite(yaws_deg).all():
        raise InputError(f"A camera angle must be a number of degrees, got {yaws_deg}.")
    if not 64 <= size_px <= 4096:
        raise InputError(f"The size must be in 64..4096 pixels, got {size_px}.")
    row = np.zeros((1, len(ARKIT52)), dtype=np.float32)
    for name, value in values.items():
        if name not in ARKIT52:
            raise InputError(f"Unknown curve '{name}'. 'animdrive rig info' lists them.")
        if not 0 <= value <= 1:
            raise InputError(f"Curve '{name}' must be in 0..1, got {value}.")
        row[0, ARKIT52.index(name)] = value
    head = character_at(load_head(), lod)
    track = CurveTrack(ARKIT52, 30.0, row)
    vertices = posed_vertices(
        head,
        LinearDeformer(head.rig).run(track.values)[0],
        head_rotation=track.head_rotation[0],
        head_position=track.head_position[0],
        eye_rotation=eye_rotation_from_looks(track)[0],
    )
    pictures = []
    for yaw in yaws_deg:
        camera = portrait_camera(head, (size_px, size_px), yaw_rad=float(np.radians(yaw)))
        with Renderer(head, camera=camera) as renderer:
            pictures.append(renderer.draw(vertices))
    write_png(np.ascontiguousarray(np.concatenate(pictures, axis=1)), path)


def rebuild_head(path: Path | None) -> tuple[Path, str]:
    """Build the head, write it, and book its checksum where it replaces the shipped one.

    Returns:
        Where it lies, and its sha256.
    """
    from animdrive.files import sha256_of, write_text
    from animdrive.rig.build import build_head, grown
    from animdrive.rig.head import save_head
    from animdrive.rig.topology import packed

    shipped = weights_folder() / "head.safetensors"
    target = shipped if path is None else Path(path)
    cage, skin = grown()
    save_head(build_head(), target, topology=packed(skin, cage.faces))
    digest = sha256_of(target)
    if path is None:
        book = weights_folder() / "manifest.toml"
        row = re.compile(r'(\[head\][^\[]*?sha256 = ")[0-9a-f]{64}(")', re.DOTALL)
        write_text(book, row.sub(rf"\g<1>{digest}\g<2>", book.read_text(encoding="utf-8")))
    return target, digest
