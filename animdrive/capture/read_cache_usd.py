"""Geometry caches as USD: a mesh with points that are sampled over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.read_cache import GeometryCache
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError
from animdrive.export.usd_stage import check_usd
from animdrive.files import existing_file

_OWN = "animdrive:curves"
"""Marks our own files, in which the transform above the mesh is the head's motion alone."""


def read_usd_cache(path: Path, *, rest: FloatArray, fps: float | None) -> GeometryCache:
    """Read the mesh with the most point samples; of several one with as many vertices as `rest`.

    Unit and upward axis are taken from the stage, and transforms above the mesh are applied, each
    at its time: head motion that is in them comes out in the points. Of our own files the head's
    motion is left where it is, beside the skin.

    Raises:
        BackendError: usd-core is not installed.
        InputError: no such file, damaged, or no mesh in it moves.
    """
    check_usd()
    from pxr import Tf, Usd, UsdGeom

    path = existing_file(path, "geometry cache")
    try:
        stage = Usd.Stage.Open(str(path))
    except Tf.ErrorException as error:
        raise InputError(f"{path} is no USD file that can be opened. Export it again.") from error
    meshes = [UsdGeom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
    moving = [mesh for mesh in meshes if mesh.GetPointsAttr().GetNumTimeSamples() > 1]
    if not moving:
        raise InputError(
            f"{path} has {len(meshes)} meshes, none with points sampled over time. Export it with "
            f"its animation."
        )

    def worth(mesh: Any) -> tuple[bool, int]:
        points = mesh.GetPointsAttr()
        code = points.GetTimeSamples()[0]
        return len(points.Get(code)) == len(rest), points.GetNumTimeSamples()

    mesh = max(moving, key=worth)
    codes = mesh.GetPointsAttr().GetTimeSamples()
    rate = float(stage.GetTimeCodesPerSecond())
    frames = [_points(mesh, code, float(UsdGeom.GetStageMetersPerUnit(stage))) for code in codes]
    if UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z:
        frames = [np.stack([f[:, 0], f[:, 2], -f[:, 1]], axis=1) for f in frames]
    same = len({len(frame) for frame in frames}) == 1
    notes: tuple[str, ...] = ()
    if len(moving) > 1:
        notes = (f"{len(moving)} of its meshes move; {mesh.GetPath()} was read.",)
    varying = mesh.GetFaceVertexIndicesAttr().GetNumTimeSamples() > 1
    faces = tuple(_faces(path, mesh, code) for code in (codes if varying else codes[:1]))
    return GeometryCache(
        frames=np.stack(frames) if same else frames,
        faces=faces,
        times_s=np.array(codes, dtype=np.float64) / rate,
        unit="m",
        notes=notes,
    )


def _points(mesh: Any, code: float, metres: float) -> FloatArray:
    from pxr import UsdGeom

    points = np.array(mesh.GetPointsAttr().Get(code), dtype=np.float64).reshape(-1, 3)
    if not mesh.GetPrim().HasAttribute(_OWN):
        above = UsdGeom.XformCache(code).GetLocalToWorldTransform(mesh.GetPrim())
        matrix = np.array(above, dtype=np.float64)  # USD multiplies row vectors
        points = points @ matrix[:3, :3] + matrix[3, :3]
    placed: FloatArray = (points * metres).astype(np.float32)
    return placed


def _faces(path: Path, mesh: Any, code: float) -> IntArray:
    counts = np.array(mesh.GetFaceVertexCountsAttr().Get(code) or [], dtype=np.int64)
    corners = np.array(mesh.GetFaceVertexIndicesAttr().Get(code) or [], dtype=np.int64)
    if counts.sum() != len(corners) or (counts < 3).any():
        raise InputError(f"{path}: the faces of {mesh.GetPath()} do not fit. Export it again.")
    return fans(counts, corners)


def fans(counts: npt.NDArray[np.int64], corners: npt.NDArray[np.int64]) -> IntArray:
    """Return triangles [F, 3] of polygons given as numbers of corners and all corners in a row."""
    start = np.cumsum(counts) - counts
    triangles = counts - 2
    first = np.repeat(start, triangles)
    step = np.arange(triangles.sum()) - np.repeat(np.cumsum(triangles) - triangles, triangles)
    rows = np.stack([corners[first], corners[first + step + 1], corners[first + step + 2]], axis=1)
    triangles_of: IntArray = rows.astype(np.int32)
    return triangles_of
