"""Baked characters, played as engines do: by our reader, by trimesh's and by Pixar's own code."""

from dataclasses import replace

import numpy as np
import pytest
from small_deformer import NAMES, small_character, small_model, small_track

from animdrive.contract import CurveTrack
from animdrive.errors import BackendError, ContractError, InputError
from animdrive.export.gltf import write_glb
from animdrive.export.gltf_reader import read_glb_curves
from animdrive.export.learned import BASE, LearnedTargets
from animdrive.gltf.reader import GltfFile
from animdrive.rig.normals import NormalSolver
from animdrive.rig.pose import posed_vertices

TRACK = small_track(40, seed=2)


def learned(track=TRACK, *, normals=True):
    model = small_model()
    weights = model.coefficients(track.values)
    return LearnedTargets(model.morph_names, model.morphs(), weights, normals)


def played(path, attribute="offsets"):
    """Return [T, V, 3] of all meshes with morph targets: rest plus weights times offsets."""
    file = GltfFile(path)
    rest = small_character().rig.neutral.vertices
    found = np.zeros((len(TRACK), *rest.shape))
    found[:] = rest if attribute == "offsets" else 0
    for channel in file.animation(0).channels:
        if channel.path != "weights":
            continue
        mesh = file.nodes[channel.node].mesh
        described = file.json["meshes"][mesh]["primitives"]
        for primitive, entry in zip(file.mesh(mesh).primitives, described, strict=True):
            first = entry["extras"]["firstVertex"]
            run = slice(first, first + len(primitive.positions))
            own = getattr(primitive, attribute)
            moved = np.einsum("tk,kvx->tvx", channel.values, own)
            start = "POSITION" if attribute == "offsets" else "NORMAL"
            own_rest = primitive.positions if start == "POSITION" else primitive.attributes[start]
            found[:, run] = own_rest + moved
    return found


class TestGlb:
    def test_rest_plus_targets_is_the_deformers_skin(self, tmp_path):
        write_glb(small_character(), TRACK, tmp_path / "a.glb", learned=learned())
        skin = small_model().run(TRACK.values)
        np.testing.assert_allclose(played(tmp_path / "a.glb"), skin, atol=1e-5)

    def test_the_curves_come_back_and_stay_in_front(self, tmp_path):
        write_glb(small_character(), TRACK, tmp_path / "a.glb", learned=learned())
        track = read_glb_curves(tmp_path / "a.glb").track
        for name in NAMES:
            np.testing.assert_array_equal(track.curve(name), TRACK.curve(name))
        file = GltfFile(tmp_path / "a.glb")
        names = file.target_names(file.nodes[file.node_named("head_mesh")].mesh)
        assert names[: len(NAMES)] == NAMES
        assert all(name.startswith("learned_") for name in names[len(NAMES) :])
        assert len(names) > len(NAMES)

    def test_a_still_part_takes_no_bytes(self, tmp_path):
        write_glb(small_character(), TRACK, tmp_path / "a.glb", learned=learned())
        file = GltfFile(tmp_path / "a.glb")
        mesh = file.nodes[file.node_named("head_mesh")].mesh
        teeth = file.json["meshes"][mesh]["primitives"][1]["targets"][len(NAMES) :]
        assert len({target["POSITION"] for target in teeth}) == 1
        accessor = file.json["accessors"][teeth[0]["POSITION"]]
        assert "bufferView" not in accessor
        assert "sparse" not in accessor

    def test_normals_follow_the_learned_targets(self, tmp_path):
        character = small_character()
        for normals in (True, False):
            given = learned(normals=normals)
            write_glb(character, TRACK, tmp_path / f"{normals}.glb", learned=given)
        neutral, skin = character.rig.neutral, small_model().run(TRACK.values)
        solver = NormalSolver(neutral.faces, len(neutral.vertices))
        truth = solver(skin)[:, : character.parts[0].vertices.stop]
        off = {}
        for normals in (True, False):
            shown = played(tmp_path / f"{normals}.glb", "normal_offsets")[:, : truth.shape[1]]
            shown /= np.linalg.norm(shown, axis=2, keepdims=True)
            off[normals] = np.abs(shown - truth).mean()
        assert off[True] < 0.8 * off[False]
        sizes = [(tmp_path / f"{n}.glb").stat().st_size for n in (True, False)]
        assert sizes[1] < sizes[0]

    def test_left_out_normals_are_zeros_not_missing(self, tmp_path):
        write_glb(small_character(), TRACK, tmp_path / "a.glb", learned=learned(normals=False))
        file = GltfFile(tmp_path / "a.glb")
        mesh = file.nodes[file.node_named("head_mesh")].mesh
        for primitive in file.json["meshes"][mesh]["primitives"]:
            assert all(set(target) == {"POSITION", "NORMAL"} for target in primitive["targets"])
        assert not file.mesh(mesh).primitives[0].normal_offsets[len(NAMES) :].any()

    def test_the_plain_file_of_the_same_character_is_as_before(self, tmp_path):
        write_glb(small_character(), TRACK, tmp_path / "before.glb")
        write_glb(small_character(), TRACK, tmp_path / "baked.glb", learned=learned())
        write_glb(small_character(), TRACK, tmp_path / "after.glb")
        before = (tmp_path / "before.glb").read_bytes()
        assert (tmp_path / "after.glb").read_bytes() == before
        assert (tmp_path / "baked.glb").read_bytes() != before

    def test_a_mesh_that_only_learned_targets_move_gets_all_targets(self, tmp_path):
        character, given = small_character(), learned()
        offsets = given.offsets.copy()
        eye = character.part("eye_left").vertices
        offsets[0, eye] = (0.0, 0.001, 0.0)
        write_glb(character, TRACK, tmp_path / "a.glb", learned=replace(given, offsets=offsets))
        skin = small_model().run(TRACK.values)
        skin[:, eye] += given.weights[:, 0, None, None] * np.float32([0.0, 0.001, 0.0])
        shown = played(tmp_path / "a.glb")
        eyes_at = character.eye_pivots[0]  # its mesh hangs at its own centre
        np.testing.assert_allclose(shown[:, eye] + eyes_at, skin[:, eye], atol=1e-5)
        np.testing.assert_allclose(shown[:, : eye.start], skin[:, : eye.start], atol=1e-5)

    def test_trimesh_opens_it(self, tmp_path):
        trimesh = pytest.importorskip("trimesh")
        write_glb(small_character(), TRACK, tmp_path / "a.glb", learned=learned())
        scene = trimesh.load_scene(tmp_path / "a.glb")
        count = sum(len(mesh.vertices) for mesh in scene.geometry.values())
        assert count == len(small_character().rig.neutral.vertices)


class TestUsd:
    def test_pixars_skinning_shows_the_deformers_skin(self, tmp_path):
        pytest.importorskip("pxr", reason="pip install 'animdrive[usd]'")
        from pxr import Gf, Usd, UsdGeom, UsdSkel

        from animdrive.export.usd_baked import write_usd_baked

        character, path = small_character(), tmp_path / "a.usdc"
        write_usd_baked(character, TRACK, path, learned=learned(), labels={"AIGC": "{}"})
        stage = Usd.Stage.Open(str(path))
        assert stage.GetTimeCodesPerSecond() == TRACK.fps
        assert stage.GetRootLayer().customLayerData == {"AIGC": "{}"}
        assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (0, len(TRACK) - 1)
        root = UsdSkel.Root(stage.GetDefaultPrim())
        assert UsdSkel.BakeSkinning(root, Gf.Interval(0, len(TRACK) - 1))
        skin = small_model().run(TRACK.values)
        for frame in (0, 11, 39):
            expected = posed_vertices(
                character,
                skin[frame],
                head_rotation=TRACK.head_rotation[frame],
                head_position=TRACK.head_position[frame],
                eye_rotation=TRACK.eye_rotation[frame],
            )
            for part in character.parts:
                mesh = UsdGeom.Mesh(stage.GetPrimAtPath(f"/character/{part.name}"))
                matrix = UsdGeom.XformCache(frame).GetLocalToWorldTransform(mesh.GetPrim())
                points = np.array(mesh.GetPointsAttr().Get(frame))
                shown = points @ np.array(matrix)[:3, :3] + np.array(matrix)[3, :3]
                np.testing.assert_allclose(
                    shown, expected[part.vertices], atol=1e-5, err_msg=part.name
                )
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.usdc"]

    def test_shapes_are_named_sparse_and_animated(self, tmp_path):
        pytest.importorskip("pxr", reason="pip install 'animdrive[usd]'")
        from pxr import Usd, UsdSkel

        from animdrive.export.usd_baked import write_usd_baked

        path = tmp_path / "a.usda"
        write_usd_baked(small_character(), TRACK, path, learned=learned(normals=False))
        stage = Usd.Stage.Open(str(path))
        animation = UsdSkel.Animation(stage.GetPrimAtPath("/character/performance"))
        names = list(animation.GetBlendShapesAttr().Get())
        assert names[: len(NAMES)] == list(NAMES)
        weights = np.array(animation.GetBlendShapeWeightsAttr().Get(5.0))
        np.testing.assert_array_equal(weights[: len(NAMES)], TRACK.values[5])
        skin = UsdSkel.BindingAPI(stage.GetPrimAtPath("/character/skin"))
        jaw = UsdSkel.BlendShape(stage.GetPrimAtPath("/character/skin/jawOpen"))
        assert len(jaw.GetPointIndicesAttr().Get()) == len(jaw.GetOffsetsAttr().Get())
        assert len(jaw.GetNormalOffsetsAttr().Get()) == len(jaw.GetOffsetsAttr().Get())
        assert len(skin.GetBlendShapesAttr().Get()) > len(NAMES)
        first = UsdSkel.BlendShape(stage.GetPrimAtPath("/character/skin/learned_000"))
        assert first.GetNormalOffsetsAttr().Get() is None
        eye = UsdSkel.BindingAPI(stage.GetPrimAtPath("/character/eye_left"))
        assert not eye.GetBlendShapesAttr().Get()

    def test_curves_with_names_that_usd_does_not_know(self, tmp_path):
        pytest.importorskip("pxr", reason="pip install 'animdrive[usd]'")
        from pxr import Usd, UsdSkel

        from animdrive.export.usd_baked import write_usd_baked

        character = small_character()
        names = ("brow up", "brow_up", "1st", *NAMES[3:])
        other = replace(character, rig=replace(character.rig, names=names))
        values = np.linspace(0, 1, 14).reshape(2, 7)
        write_usd_baked(other, CurveTrack(names, 30.0, values), tmp_path / "a.usdc")
        stage = Usd.Stage.Open(str(tmp_path / "a.usdc"))
        animation = UsdSkel.Animation(stage.GetPrimAtPath("/character/performance"))
        tokens = list(animation.GetBlendShapesAttr().Get())
        assert tokens[:3] == ["brow_up", "brow_up_2", "_1st"]
        weights = np.array(animation.GetBlendShapeWeightsAttr().Get(1.0))
        np.testing.assert_allclose(weights, values[1], atol=1e-7)

    def test_it_needs_usd(self, tmp_path, monkeypatch):
        from animdrive.export.usd_baked import write_usd_baked

        monkeypatch.setitem(__import__("sys").modules, "pxr", None)
        with pytest.raises(BackendError, match=r"animdrive\[usd\]"):
            write_usd_baked(small_character(), TRACK, tmp_path / "a.usdc")

    def test_a_place_that_cannot_be_written(self, tmp_path):
        pytest.importorskip("pxr", reason="pip install 'animdrive[usd]'")
        from animdrive.export.usd_baked import write_usd_baked

        (tmp_path / "file").write_text("x")
        with pytest.raises(InputError, match="Cannot write"):
            write_usd_baked(small_character(), TRACK, tmp_path / "file" / "a.usdc")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["glb", "usdc"])
def test_blender_plays_the_deformers_skin(tmp_path, kind):
    """It cuts weights off at 0, which is why none of them is below."""
    bpy = pytest.importorskip("bpy", reason="bpy is not installed; pip install 'animdrive[abc]'")
    from scipy.spatial import cKDTree

    character, path = small_character(), tmp_path / f"a.{kind}"
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = round(TRACK.fps)
    if kind == "glb":
        write_glb(character, TRACK, path, learned=learned())
        bpy.ops.import_scene.gltf(filepath=str(path))
    else:
        from animdrive.export.usd_baked import write_usd_baked

        write_usd_baked(character, TRACK, path, learned=learned())
        bpy.ops.wm.usd_import(filepath=str(path))
    skin = small_model().run(TRACK.values)
    for frame in (0, 11, 39):
        bpy.context.scene.frame_set(frame)
        found = []
        for thing in bpy.data.objects:
            if thing.type == "MESH":
                shown = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
                flat = np.zeros(3 * len(shown.to_mesh().vertices))
                shown.to_mesh().vertices.foreach_get("co", flat)
                world = np.array(shown.matrix_world)
                x, y, z = (flat.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]).T
                found.append(np.stack([x, z, -y], axis=1))
        expected = posed_vertices(
            character,
            skin[frame],
            head_rotation=TRACK.head_rotation[frame],
            head_position=TRACK.head_position[frame],
            eye_rotation=TRACK.eye_rotation[frame],
        )
        apart, _ = cKDTree(np.concatenate(found)).query(expected)
        assert apart.max() < 1e-5


class TestLearnedTargets:
    def test_targets_that_move_nothing_are_left_out(self):
        given = learned()
        weights = given.weights.copy()
        weights[:, 3] = 0
        weights[:, 5] = 1e-8 / np.abs(given.offsets[5]).max()
        used = replace(given, weights=weights).used()
        left_out = set(given.names) - set(used.names)
        assert {given.names[3], given.names[5]} <= left_out
        whole = np.einsum("tk,kvx->tvx", weights, given.offsets)
        kept = np.einsum("tk,kvx->tvx", used.weights, used.offsets)
        np.testing.assert_allclose(kept, whole, atol=1e-6)

    def test_those_that_move_most_are_kept_in_their_order(self):
        given = learned()
        energy = [
            np.square(given.weights[:, k]).sum() * np.square(given.offsets[k]).sum()
            for k in range(len(given.names))
        ]
        wanted = sorted(np.argsort(energy)[::-1][:5])
        assert given.used(most=5).names == tuple(given.names[k] for k in wanted)

    def test_unsigned_weights_make_the_same_skin(self):
        given = learned()
        assert given.weights.min() < 0
        written = given.unsigned()
        assert written.weights.min() >= 0
        assert written.weights.max() <= 1
        base = np.einsum("k,kvx->vx", written.low, given.offsets)
        offsets = np.concatenate([given.offsets * written.span[:, None, None], base[None]])
        np.testing.assert_allclose(
            np.einsum("tk,kvx->tvx", written.weights, offsets),
            np.einsum("tk,kvx->tvx", given.weights, given.offsets),
            atol=1e-7,
        )
        assert written.names == (*given.names, BASE)
        assert given.used(most=0).unsigned().names == ()

    def test_no_frames_use_no_targets(self):
        given = learned()
        assert replace(given, weights=given.weights[:0]).used().names == ()

    def test_wrong_shapes_are_refused(self):
        given = learned()
        with pytest.raises(ContractError, match=r"shape \[24, V, 3\], got \[3, 297, 3\]"):
            LearnedTargets(given.names, given.offsets[:3], given.weights)
        with pytest.raises(ContractError, match=r"LearnedTargets\.weights"):
            LearnedTargets(given.names, given.offsets, given.weights[:, :3])

    @pytest.mark.parametrize("what", ["vertices", "frames", "names"])
    def test_targets_of_another_performance_are_refused(self, tmp_path, what):
        given = learned()
        if what == "vertices":
            given = replace(given, offsets=given.offsets[:, :-1])
        elif what == "frames":
            given = replace(given, weights=given.weights[:-1])
        else:
            given = replace(given, names=("jawOpen", *given.names[1:]))
        said = "has the name of a curve" if what == "names" else "LearnedTargets are of"
        with pytest.raises(ContractError, match=said):
            write_glb(small_character(), TRACK, tmp_path / "a.glb", learned=given)
        assert list(tmp_path.iterdir()) == []
