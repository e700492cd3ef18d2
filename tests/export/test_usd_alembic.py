"""Point caches for film pipelines, read back with the readers of those who made the formats."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from capture_maker import captured, mesh

from animdrive.errors import BackendError


def test_usd_has_skin_head_and_curves_at_their_times(tmp_path):
    pytest.importorskip("pxr", reason="usd-core is not installed; pip install 'animdrive[usd]'")
    from pxr import Usd, UsdGeom

    from animdrive.export.usd_cache import write_usd

    take = captured(fps=24.0)
    late = replace(take, times_s=take.times_s + 0.5 / 24)
    write_usd(late, mesh(), tmp_path / "take.usdc", labels={"AIGC": "{}"})
    stage = Usd.Stage.Open(str(tmp_path / "take.usdc"))
    assert stage.GetRootLayer().customLayerData == {"AIGC": "{}"}
    assert stage.GetTimeCodesPerSecond() == 24
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1
    face = UsdGeom.Mesh(stage.GetPrimAtPath("/capture/head/face"))
    points = face.GetPointsAttr()
    assert points.GetTimeSamples() == pytest.approx(np.arange(12) + 0.5)
    np.testing.assert_array_equal(np.array(points.Get(3.5)), take.vertices[3])
    np.testing.assert_array_equal(
        np.array(face.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3), mesh().faces
    )
    matrix = UsdGeom.XformCache(5.0).GetLocalToWorldTransform(face.GetPrim())
    np.testing.assert_allclose(np.array(matrix).T, take.head_transform[5], atol=1e-7)
    prim = face.GetPrim()
    assert list(prim.GetAttribute("animdrive:curveNames").Get()) == ["jawOpen", "browInnerUp"]
    np.testing.assert_array_equal(
        np.array(prim.GetAttribute("animdrive:curves").Get(4.0)), take.take.track.values[4]
    )
    uv = UsdGeom.PrimvarsAPI(face).GetPrimvar("st").Get()
    np.testing.assert_array_equal(np.array(uv), mesh().uv)
    assert [p.name for p in tmp_path.iterdir()] == ["take.usdc"]


@pytest.mark.slow
def test_alembic_read_back_by_blender_moves_as_it_should(tmp_path):
    bpy = pytest.importorskip("bpy", reason="bpy is not installed; pip install 'animdrive[abc]'")
    from animdrive.export.alembic_cache import write_alembic

    take = captured()
    write_alembic(take, mesh(), tmp_path / "take.abc")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 30
    bpy.ops.wm.alembic_import(filepath=str(tmp_path / "take.abc"), as_background_job=False)
    face = next(thing for thing in bpy.data.objects if thing.type == "MESH")
    for frame in (0, 5, 11):
        scene.frame_set(frame)
        shown = face.evaluated_get(bpy.context.evaluated_depsgraph_get())
        flat = np.zeros(3 * len(shown.to_mesh().vertices))
        shown.to_mesh().vertices.foreach_get("co", flat)
        points = flat.reshape(-1, 3)
        np.testing.assert_allclose(points, take.vertices[frame], atol=1e-6)
        world = np.array(shown.matrix_world)
        placed = points @ world[:3, :3].T + world[:3, 3]
        head = take.head_transform[frame]
        x, y, z = (take.vertices[frame] @ head[:3, :3].T + head[:3, 3]).T
        np.testing.assert_allclose(placed, np.stack([x, -z, y], axis=1), atol=1e-6)


@pytest.mark.parametrize(
    ("module", "check", "cure"),
    [
        ("pxr", "animdrive.export.usd_stage:check_usd", r"pip install 'animdrive\[usd\]'"),
        ("bpy", "animdrive.export.alembic_cache:check_alembic", r"pip install 'animdrive\[abc\]'"),
    ],
)
def test_a_package_that_is_not_there_is_named_with_its_cure(monkeypatch, module, check, cure):
    from importlib import import_module

    monkeypatch.setitem(sys.modules, module, None)
    place, _, name = check.partition(":")
    with pytest.raises(BackendError, match=cure):
        getattr(import_module(place), name)()
