"""A mesh at rest as Wavefront OBJ, which every program reads."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from animdrive.contract import Mesh
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError
from animdrive.files import existing_file, write_text


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


class ObjMesh(NamedTuple):
    """What an OBJ file holds of one mesh. V vertices, F triangles."""

    vertices: FloatArray
    """[V, 3] as they stand in the file, in its unit and with its axes."""
    faces: IntArray
    """[F, 3] vertex indices; polygons are fans around their first corner."""
    uv: FloatArray
    """[V, 2]; of a vertex at a seam the first that the faces name, 0 where there is none."""


def read_obj(path: Path) -> ObjMesh:
    """Read all vertices and faces of a Wavefront OBJ file as one mesh, in the file's order.

    Groups, objects, materials and colours of vertices are passed over. Numbers that are not finite
    are kept: the caller knows whether holes are allowed.

    Raises:
        InputError: no such file, no vertices in it, or lines that cannot be read.
    """
    path = existing_file(Path(path), "OBJ file")
    rows: dict[bytes, list[bytes]] = {b"v": [], b"vt": [], b"f": []}
    for line in _logical_lines(path.read_bytes()):
        key, _, rest = line.strip().partition(b" ")
        if key in rows:
            rows[key].append(rest)
    if not rows[b"v"]:
        raise InputError(f"{path} has no vertices: it is no OBJ file of a mesh. Export it again.")
    try:
        vertices = _numbers(rows[b"v"], 3)
        coordinates = _numbers(rows[b"vt"], 2)
        faces, corners = _triangles(b"\n".join(rows[b"f"]), len(vertices), len(coordinates))
    except ValueError as error:
        raise InputError(f"{path} is damaged: {error}. Export it again.") from error
    uv = np.zeros((len(vertices), 2), dtype=np.float32)
    known = corners >= 0
    # Written from the last corner to the first, so that the first one stays.
    uv[faces[known][::-1]] = coordinates[corners[known][::-1]]
    return ObjMesh(vertices, faces, uv)


def _logical_lines(data: bytes) -> list[bytes]:
    """Return the lines of a file; a backslash at the end of one joins it with the next."""
    if b"\\" in data:
        data = data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    return data.splitlines()


def _numbers(lines: list[bytes], width: int) -> FloatArray:
    """Return the first `width` numbers of every line, [N, width]."""
    if not lines:
        return np.zeros((0, width), dtype=np.float32)
    table: FloatArray
    with contextlib.suppress(ValueError):  # the usual file: as many numbers on every line
        flat = np.array(b" ".join(lines).split(), dtype=np.float64)
        if len(flat) == width * len(lines) and len(lines[0].split()) == width:
            table = flat.reshape(-1, width).astype(np.float32)
            return table
    values = []
    for line in lines:
        words = line.split()[:width]
        if len(words) < width:
            raise ValueError(f"a line has {len(words)} of {width} numbers")
        try:
            values.append([float(word) for word in words])
        except ValueError:
            raise ValueError(f"'{line.decode(errors='replace')}' is no place") from None
    table = np.array(values, dtype=np.float32)
    return table


@lru_cache(maxsize=2)  # files of a sequence have the same faces, and they take longest to read
def _triangles(text: bytes, vertices: int, coordinates: int) -> tuple[IntArray, IntArray]:
    """Return triangles [F, 3] and the texture coordinates of their corners [F, 3], -1 for none.

    Both are read-only. `text` holds the corners of a polygon per line.
    """
    faces: list[tuple[int, int, int]] = []
    corners: list[tuple[int, int, int]] = []
    for line in text.splitlines():
        ring = []
        for word in line.split():
            if word.startswith(b"#"):
                break
            parts = word.split(b"/")
            try:
                place = int(parts[0])
                corner = int(parts[1]) if len(parts) > 1 and parts[1] else 0
            except ValueError:
                raise ValueError(f"'{word.decode(errors='replace')}' is no corner") from None
            ring.append(
                (
                    place - 1 if place > 0 else vertices + place,
                    corner - 1 if corner >= 0 else coordinates + corner,
                )
            )
        if len(ring) < 3:
            raise ValueError(f"a face has {len(ring)} corners")
        (first, first_uv), *others = ring
        for (second, second_uv), (third, third_uv) in pairwise(others):
            faces.append((first, second, third))
            corners.append((first_uv, second_uv, third_uv))
    table = np.array(faces, dtype=np.int64).reshape(-1, 3)
    found = np.array(corners, dtype=np.int64).reshape(-1, 3)
    if table.size and (table.min() < 0 or table.max() >= vertices):
        raise ValueError(f"a face names vertex {table.max() + 1} of {vertices}")
    if found.size and found.max() >= coordinates:
        raise ValueError(f"a face names texture coordinate {found.max() + 1} of {coordinates}")
    triangles, places = table.astype(np.int32), found.astype(np.int32)
    triangles.setflags(write=False)
    places.setflags(write=False)
    return triangles, places
