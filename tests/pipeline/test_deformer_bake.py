"""Whole ways from a model's file and curves to the files that engines and film tools read."""

import json
import sys

import numpy as np
import pytest
from small_deformer import NAMES, small_character, small_model, small_track, small_truth

from animdrive.contract import CurveTrack, as_arkit
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import write_model
from animdrive.errors import BackendError, InputError
from animdrive.export import read_curves, write_curves
from animdrive.export.mdd import read_mdd
from animdrive.export.point_cache import read_pc2
from animdrive.gltf.reader import GltfFile
from animdrive.pipeline.capture_transfer import character_from
from animdrive.pipeline.deformer_bake import BakeConfig, bake, deformer_of, export_onnx
from animdrive.pipeline.deformer_points import SkinFrames
from animdrive.pipeline.deformer_targets import left_mm, targets_of
from animdrive.rig.head import save_head
from animdrive.rig.pose import posed_vertices


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a face, a model of it and curves."""
    folder = tmp_path_factory.mktemp("made")
    save_head(small_character(), folder / "face.safetensors")
    write_model(small_model(), folder / "model.safetensors")
    write_curves(as_arkit(small_track(150, seed=2)), folder / "take.csv")
    return folder


@pytest.fixture(scope="module")
def track(made):
    return read_curves(made / "take.csv").track


@pytest.fixture(scope="module")
def face(made):
    """The face as its file has it: weights of the neck are kept in 8 bits."""
    return character_from(made / "face.safetensors")[0]


def baked(made, out, *, model=None, **settings):
    return bake(
        model or made / "model.safetensors",
        made / "take.csv",
        out,
        rig=made / "face.safetensors",
        config=BakeConfig(**settings),
    )


def posed(face, track):
    """Return [T, V, 3], what a camera would see."""
    values = np.stack([track.curve(name) for name in NAMES], axis=1)
    return np.array(
        [
            posed_vertices(
                face,
                skin,
                head_rotation=track.head_rotation[frame],
                head_position=track.head_position[frame],
                eye_rotation=track.eye_rotation[frame],
            )
            for frame, skin in enumerate(small_model().run(values))
        ]
    )


class TestPoints:
    def test_all_formats_hold_what_a_camera_sees(self, made, face, track, tmp_path):
        expected = posed(face, track)
        for kind in ("pc2", "mdd", "npz"):
            result = baked(made, tmp_path / f"a.{kind}")
            assert result.outputs[kind] == tmp_path / f"a.{kind}"
        np.testing.assert_allclose(read_pc2(tmp_path / "a.pc2"), expected, atol=1e-5)
        mdd = read_mdd(tmp_path / "a.mdd")
        np.testing.assert_allclose(mdd.vertices, expected, atol=1e-5)
        np.testing.assert_allclose(mdd.times_s, np.arange(len(track)) / track.fps, atol=1e-5)
        with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
            np.testing.assert_allclose(arrays["vertices"], expected, atol=1e-5)
            np.testing.assert_array_equal(arrays["faces"], small_character().rig.neutral.faces)
            np.testing.assert_array_equal(arrays["values"], track.values)
            assert arrays["names"].tolist() == list(track.names)
            assert arrays["fps"] == track.fps
            assert json.loads(str(arrays["AIGC"]))["Label"] == "1"

    def test_unposed_leaves_head_and_eyes_at_rest(self, made, face, track, tmp_path):
        baked(made, tmp_path / "a.npz", posed=False)
        values = np.stack([track.curve(name) for name in NAMES], axis=1)
        with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
            still, turned = arrays["vertices"], arrays["head_transform"]
        np.testing.assert_allclose(still, small_model().run(values), atol=1e-5)
        assert np.abs(turned - np.eye(4)).max() > 0.1
        # Where the head alone carries a vertex, its matrix takes it where a camera sees it.
        whole = np.flatnonzero(small_character().head_weight == 1)
        whole = whole[whole < small_character().part("eye_left").vertices.start]
        moved = np.einsum("tij,tvj->tvi", turned[:, :3, :3], still[:, whole])
        moved += turned[:, None, :3, 3]
        np.testing.assert_allclose(moved, posed(face, track)[:, whole], atol=1e-5)

    @pytest.mark.parametrize("head_moves", [False, True])
    def test_usd_points_are_where_they_should_be(self, made, face, track, tmp_path, head_moves):
        pytest.importorskip("pxr", reason="pip install 'animdrive[usd]'")
        from pxr import Usd, UsdGeom

        baked(made, tmp_path / "a.usd", points=True, posed=not head_moves)
        stage = Usd.Stage.Open(str(tmp_path / "a.usd"))
        mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/capture/head/face"))
        matrix = UsdGeom.XformCache(30.0).GetLocalToWorldTransform(mesh.GetPrim())
        points = np.array(mesh.GetPointsAttr().Get(30.0))
        shown = points @ np.array(matrix)[:3, :3] + np.array(matrix)[3, :3]
        whole = np.flatnonzero(small_character().head_weight == 1)
        whole = whole[whole < small_character().part("eye_left").vertices.start]
        np.testing.assert_allclose(shown[whole], posed(face, track)[30, whole], atol=1e-5)

    def test_skin_is_made_a_chunk_at_a_time(self, made, track):
        chunks = []

        class Watched(LinearDeformer):
            def run(self, values):
                chunks.append(len(values))
                return super().run(values)

        rig = small_character().rig
        skin = SkinFrames(Watched(rig), small_character(), track, posed=False)
        frames = iter(skin)
        assert chunks == []
        next(frames)
        assert chunks == [64]
        assert len(list(skin)) == len(track) == skin.shape[0]
        assert chunks[1:] == [64, 64, 22]

    def test_a_deformer_that_remembers_starts_anew_each_time(self, track):
        class Counting(LinearDeformer):
            frame = 0

            def reset(self):
                self.frame = 0

            def run(self, values):
                shift = np.arange(self.frame, self.frame + len(values))
                self.frame += len(values)
                return super().run(values) + 1e-3 * shift[:, None, None].astype(np.float32)

        character = small_character()
        skin = SkinFrames(Counting(character.rig), character, track, posed=False)
        np.testing.assert_array_equal(list(skin), list(skin))
        assert np.ptp(np.array(list(skin))[:, -1, 0]) > 0.1


class TestTargets:
    def test_the_glb_plays_the_deformer(self, made, track, tmp_path):
        result = baked(made, tmp_path / "a.glb")
        assert result.figures["largest_mm"] < 0.01
        assert result.figures["targets"] > 0
        file = GltfFile(tmp_path / "a.glb")
        channel = next(c for c in file.animation(0).channels if c.path == "weights")
        assert channel.values.min() >= 0  # Blender and some engines cut off what lies beyond
        assert channel.values.max() <= 1
        primitive = file.mesh(file.nodes[channel.node].mesh).primitives[0]
        shown = primitive.positions + np.einsum("tk,kvx->tvx", channel.values, primitive.offsets)
        values = np.stack([track.curve(name) for name in NAMES], axis=1)
        skin = small_model().run(values)[:, : shown.shape[1]]
        np.testing.assert_allclose(shown, skin, atol=1e-5)
        back = read_curves(tmp_path / "a.glb").track
        np.testing.assert_array_equal(back.values, track.values)
        assert file.extras["synthetic"] is True

    def test_fewer_targets_are_told_and_are_further_off(self, made, tmp_path):
        every = baked(made, tmp_path / "a.glb")
        few = baked(made, tmp_path / "b.glb", morphs=4)
        assert few.figures["targets"] == 4
        assert few.figures["largest_mm"] > every.figures["largest_mm"]
        assert any("4 targets play the deformer to" in note for note in few.notes)
        assert few.figures["bytes"] < every.figures["bytes"]

    def test_a_coarser_level_of_the_model_is_exact_in_itself(self, made, tmp_path):
        result = baked(made, tmp_path / "a.glb", latent=8)
        assert result.figures["targets"] <= 8
        assert result.figures["largest_mm"] < 0.01

    def test_linear_has_no_targets_of_its_own(self, made, tmp_path):
        result = baked(made, tmp_path / "a.glb", model="linear")
        assert result.figures["targets"] == 0
        file = GltfFile(tmp_path / "a.glb")
        mesh = file.nodes[file.node_named("head_mesh")].mesh
        assert file.target_names(mesh) == NAMES

    def test_usd_has_the_same_targets(self, made, tmp_path):
        pytest.importorskip("pxr", reason="pip install 'animdrive[usd]'")
        from pxr import Usd, UsdSkel

        result = baked(made, tmp_path / "a.usdc", morphs=6)
        stage = Usd.Stage.Open(str(tmp_path / "a.usdc"))
        animation = UsdSkel.Animation(stage.GetPrimAtPath("/character/performance"))
        assert len(animation.GetBlendShapesAttr().Get()) == len(NAMES) + 6 + 1
        for frame in (0, 70, 149):
            weights = np.array(animation.GetBlendShapeWeightsAttr().Get(float(frame)))
            assert weights.min() >= 0
            assert weights.max() <= 1
        assert result.figures["targets"] == 6
        assert "AIGC" in stage.GetRootLayer().customLayerData

    def test_targets_are_found_for_a_deformer_that_has_none(self, track):
        class Truth:
            names = NAMES

            def run(self, values):
                return small_truth(values)

        rig = small_character().rig
        left = []
        for most in (1, 4, 64):
            learned = targets_of(Truth(), rig, track, most=most, normals=False)
            left.append(left_mm(Truth(), rig, track, learned)["largest_mm"])
            assert np.abs(learned.weights).max() <= 1 + 1e-6
        assert left[0] > left[1] > 10 * left[2]
        assert left[2] < 0.01  # seven curves, eight products: no more than that to be found
        rest = CurveTrack(NAMES, 30.0, np.zeros((3, 7)))
        assert targets_of(Truth(), rig, rest, most=8, normals=False).names == ()


class TestOnnx:
    def test_it_is_written_checked_and_labelled(self, made, tmp_path):
        onnx = pytest.importorskip("onnx", reason="pip install 'animdrive[onnx]'")
        result = export_onnx(
            made / "model.safetensors",
            tmp_path / "a.onnx",
            rig=made / "face.safetensors",
            latent=12,
        )
        assert result.figures["latent"] == 12
        assert result.figures["largest_difference_mm"] < 0.01
        about = {e.key: e.value for e in onnx.load(tmp_path / "a.onnx").metadata_props}
        provenance = json.loads(about["provenance"])
        assert [entry["name"] for entry in provenance["inputs"]] == [
            "face.safetensors",
            "model.safetensors",
        ]
        assert "created" not in provenance  # the same model gives the same bytes

    def test_only_neural_morphs_and_only_as_onnx(self, made, tmp_path):
        pytest.importorskip("onnx", reason="pip install 'animdrive[onnx]'")
        with pytest.raises(InputError, match="is a 'linear'; only 'neural_morph'"):
            export_onnx("linear", tmp_path / "a.onnx", rig=made / "face.safetensors")
        with pytest.raises(InputError, match=r"must end in \.onnx"):
            export_onnx("linear", tmp_path / "a.bin", rig=made / "face.safetensors")


class TestBadInput:
    def test_unknown_suffix(self, made, tmp_path):
        with pytest.raises(
            InputError, match=r"the suffix '\.fbx'; a performance is baked to \.glb"
        ):
            baked(made, tmp_path / "a.fbx")
        with pytest.raises(InputError, match="no suffix"):
            baked(made, tmp_path / "a")

    def test_no_such_model(self, made, tmp_path):
        with pytest.raises(InputError, match="No deformer"):
            baked(made, tmp_path / "a.glb", model=tmp_path / "none.safetensors")

    def test_a_model_of_another_rig(self, made, tmp_path):
        with pytest.raises(InputError, match="made for a rig of 297 vertices, this one has 17261"):
            bake(made / "model.safetensors", made / "take.csv", tmp_path / "a.glb")

    def test_latent_of_a_deformer_without_and_beyond_what_it_has(self, made, tmp_path):
        with pytest.raises(InputError, match="'linear' has no learned morphs to leave out"):
            baked(made, tmp_path / "a.glb", model="linear", latent=4)
        with pytest.raises(InputError, match="24 learned morphs; 99 were asked for"):
            baked(made, tmp_path / "a.glb", latent=99)

    @pytest.mark.parametrize("name", ["latent", "morphs"])
    def test_none_at_all(self, name):
        with pytest.raises(InputError, match=f"--{name} 0: at least 1"):
            BakeConfig(**{name: 0})

    def test_an_input_is_not_replaced(self, made):
        out = made / "again.glb"
        baked(made, out, model="linear")
        before = out.read_bytes()
        with pytest.raises(InputError, match="is an input and would be replaced"):
            bake("linear", out, out, rig=made / "face.safetensors")
        assert out.read_bytes() == before

    def test_curves_of_something_else(self, made, tmp_path):
        track = CurveTrack(("tongueOut", "cheekPuff"), 30.0, np.full((5, 2), 0.5))
        write_curves(as_arkit(track), tmp_path / "other.csv")
        with pytest.raises(InputError, match="None of the curves is one of the rig's"):
            bake(
                "linear", tmp_path / "other.csv", tmp_path / "a.glb", rig=made / "face.safetensors"
            )

    def test_some_curves_that_the_rig_lacks_are_told(self, made, tmp_path):
        track = CurveTrack(("tongueOut", "jawOpen"), 30.0, np.full((5, 2), 0.5))
        write_curves(as_arkit(track), tmp_path / "other.csv")
        result = bake(
            "linear", tmp_path / "other.csv", tmp_path / "a.glb", rig=made / "face.safetensors"
        )
        assert any("1 curves are not the rig's" in note for note in result.notes)

    @pytest.mark.parametrize(("kind", "package"), [("abc", "bpy"), ("usdc", "pxr")])
    def test_a_package_that_is_not_there(self, made, tmp_path, monkeypatch, kind, package):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(BackendError, match="pip install"):
            baked(made, tmp_path / f"a.{kind}")
        assert list(tmp_path.iterdir()) == []


def test_the_linear_rig_is_a_deformer_of_every_face():
    assert isinstance(deformer_of("linear", small_character()), LinearDeformer)
