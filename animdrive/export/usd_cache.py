"""Skin over time as USD: a mesh with points per frame, under a transform that moves the head."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.contract import CurveTrack, Mesh
from animdrive.contract.capture import CapturedTake
from animdrive.contract.checks import FloatArray
from animdrive.export.frames import Frames
from animdrive.export.usd_stage import check_usd, new_stage
from animdrive.files import written_aside

_SAVED = 256
"""Frames after which what was made goes to the file: minutes of skin do not fit into memory."""


def write_usd(
    captured: CapturedTake, mesh: Mesh, path: Path, *, labels: Mapping[str, str] | None = None
) -> None:
    """Write `captured` as ``.usdc``, see `write_usd_points`.

    Args:
        captured: What.
        mesh: Connections and texture coordinates.
        path: Where.
        labels: Written into the layer, such as the provenance.

    Raises:
        BackendError: usd-core is not installed.
        InputError: the file cannot be written.
    """
    write_usd_points(
        captured.vertices,
        captured.times_s,
        captured.take.track,
        captured.head_transform,
        mesh,
        path,
        labels=labels,
    )


def write_usd_points(
    skin: Frames,
    times_s: npt.NDArray[np.float64],
    track: CurveTrack,
    head_transform: FloatArray,
    mesh: Mesh,
    path: Path,
    *,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Write skin over time as ``.usdc`` frame by frame, whole or not at all.

    ``/capture/head`` is a transform with the head's matrix at every frame of the curves;
    ``/capture/head/face`` a mesh with its points at every frame of skin, ``primvars:st`` and,
    as ``animdrive:curves``, the curve values, named by ``animdrive:curveNames``. One time code is
    one second times the rate of the curves. The eyes are not turned.

    Args:
        skin: N frames of V vertices.
        times_s: [N] their times, seconds.
        track: T frames of curves.
        head_transform: [T, 4, 4] of the head; multiply column vectors from the left.
        mesh: Connections and texture coordinates.
        path: Where.
        labels: Written into the layer, such as the provenance.

    Raises:
        BackendError: usd-core is not installed.
        InputError: the file cannot be written.
    """
    check_usd()
    from pxr import Gf, Sdf, UsdGeom, Vt

    with written_aside(path) as aside:
        stage = new_stage(aside, path, fps=track.fps, frames=len(track), labels=labels)
        root = UsdGeom.Xform.Define(stage, "/capture")
        stage.SetDefaultPrim(root.GetPrim())
        head = UsdGeom.Xform.Define(stage, "/capture/head").AddTransformOp()
        for frame, matrix in enumerate(head_transform):
            # USD multiplies row vectors.
            head.Set(Gf.Matrix4d(matrix.T.astype(float).tolist()), float(frame))
        face = UsdGeom.Mesh.Define(stage, "/capture/head/face")
        face.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        face.CreateFaceVertexCountsAttr(Vt.IntArray([3] * len(mesh.faces)))
        face.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(mesh.faces.reshape(-1)))
        uv = UsdGeom.PrimvarsAPI(face).CreatePrimvar(
            "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex
        )
        uv.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(mesh.uv)))
        points = face.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(mesh.vertices)))
        extent = face.CreateExtentAttr()
        for number, (time_s, frame_skin) in enumerate(zip(times_s, skin, strict=True)):
            code = float(time_s * track.fps)
            points.Set(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(frame_skin)), code)
            least, most = frame_skin.min(0).tolist(), frame_skin.max(0).tolist()
            extent.Set([Gf.Vec3f(*least), Gf.Vec3f(*most)], code)
            if (number + 1) % _SAVED == 0:
                stage.GetRootLayer().Save()
        prim = face.GetPrim()
        names = prim.CreateAttribute("animdrive:curveNames", Sdf.ValueTypeNames.StringArray)
        names.Set(Vt.StringArray(list(track.names)))
        curves = prim.CreateAttribute("animdrive:curves", Sdf.ValueTypeNames.FloatArray)
        for frame, row in enumerate(track.values):
            curves.Set(Vt.FloatArray.FromNumpy(np.ascontiguousarray(row)), float(frame))
        stage.GetRootLayer().Save()
        del stage
