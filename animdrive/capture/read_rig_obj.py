"""A rig as a folder of OBJs: the face at rest, and one file per shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from animdrive.capture.read_rig import FoundPart, FoundRig
from animdrive.errors import InputError
from animdrive.export.obj import ObjMesh, read_obj

REST_NAMES: tuple[str, ...] = ("neutral", "base", "rest", "basis", "default")
"""What the OBJ at rest may be called in a folder, case ignored."""


def read_obj_rig(path: Path) -> tuple[FoundRig, tuple[Path, ...]]:
    """Return the rig of an OBJ at rest and the other OBJs of its folder, and the files read.

    A shape is called as its file. OBJs of the folder called as another rest pose are passed over.

    Args:
        path: The OBJ at rest, or its folder.

    Raises:
        InputError: no OBJ at rest, or a shape has other vertices or faces.
    """
    rest_path = _rest_in(path) if path.is_dir() else path
    rest = read_obj(rest_path)
    others = sorted(
        other
        for other in rest_path.parent.iterdir()
        if other.suffix.lower() == ".obj"
        and other.name != rest_path.name
        and other.stem.lower() not in REST_NAMES
    )
    shapes = [_shape(other, rest, rest_path) for other in others]
    deltas = np.zeros((len(shapes), *rest.vertices.shape), dtype=np.float32)
    for row, shape in zip(deltas, shapes, strict=True):
        row[:] = shape.vertices - rest.vertices
    found = FoundRig(
        vertices=rest.vertices,
        faces=rest.faces,
        uv=rest.uv,
        shapes=tuple(other.stem for other in others),
        deltas=deltas,
        parts=(FoundPart("skin", "skin", len(rest.vertices), len(rest.faces)),),
    )
    return found, (rest_path, *others)


def _rest_in(folder: Path) -> Path:
    there = {
        file.stem.lower(): file
        for file in sorted(folder.iterdir())
        if file.suffix.lower() == ".obj"
    }
    for name in REST_NAMES:
        if name in there:
            return there[name]
    raise InputError(
        f"{folder} has no OBJ at rest: call it {REST_NAMES[0]}.obj, or give the file itself."
    )


def _shape(path: Path, rest: ObjMesh, rest_path: Path) -> ObjMesh:
    shape = read_obj(path)
    if len(shape.vertices) != len(rest.vertices):
        raise InputError(
            f"{path} has {len(shape.vertices)} vertices, but {rest_path.name} has "
            f"{len(rest.vertices)}. Export both from the same mesh, without changing its order."
        )
    if len(shape.faces) and not np.array_equal(shape.faces, rest.faces):
        raise InputError(
            f"{path} has other faces than {rest_path.name}. Export both from the same mesh."
        )
    return shape
