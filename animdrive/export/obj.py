"""A mesh at rest as Wavefront OBJ, which every program reads."""

from __future__ import annotations

from pathlib import Path

from animdrive.contract import Mesh
from animdrive.files import write_text


def write_obj(mesh: Mesh, path: Path) -> None:
    """Write `mesh` in metres, vertices in their order, whole or not at all.

    Nine digits, which is every bit of a float32.

    Raises:
        InputError: the file cannot be written.
    """
    lines = ["# metres, +Y up, the face looks along +Z"]
    lines += [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in mesh.vertices.tolist()]
    lines += [f"vt {u:.9g} {v:.9g}" for u, v in mesh.uv.tolist()]
    lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in (mesh.faces + 1).tolist()]
    write_text(Path(path), "\n".join(lines) + "\n")
