import json
from dataclasses import replace

import numpy as np
import pytest
from small import small_capture, small_character, small_data, small_model, small_track, small_truth

from animdrive.contract import Mesh, Rig
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import DeformerModel, model_header, read_model, write_model
from animdrive.deformer.neural_morph import NeuralMorphConfig
from animdrive.deformer.neural_morph_training import train_neural_morph
from animdrive.deformer.symmetry import symmetry_of
from animdrive.deformer.training import LoopConfig
from animdrive.errors import ContractError, InputError

RIG = small_character().rig
TEST = small_track(80, seed=9).values


def rms_mm(skin, truth):
    return 1e3 * float(np.sqrt(np.square(skin - truth).sum(axis=2).mean()))


@pytest.fixture(scope="module")
def model():
    return small_model()


def test_it_makes_skin_that_no_sum_of_shapes_makes(model):
    truth = small_truth(TEST)
    linear = rms_mm(LinearDeformer(RIG).run(TEST), truth)
    assert rms_mm(model.run(TEST), truth) < linear / 2.5


def test_rest_is_exact(model):
    none = np.zeros((1, len(RIG.names)), dtype=np.float32)
    assert (model.run(none)[0] == RIG.neutral.vertices).all()
    assert (model.run(np.repeat(none, 20, axis=0)) == RIG.neutral.vertices).all()


def test_a_mirrored_performance_makes_mirrored_skin(model):
    symmetry = symmetry_of(RIG)
    skin, other = model.run(TEST), model.run(TEST[:, symmetry.curves])
    np.testing.assert_allclose(other[:, symmetry.vertices] * [-1, 1, 1], skin, atol=3e-6)


def test_it_is_the_rig_and_its_morphs_by_their_weights(model):
    plain = RIG.neutral.vertices + np.tensordot(TEST, RIG.deltas, 1)
    plain = plain + np.tensordot(model.coefficients(TEST), model.morphs(), 1)
    np.testing.assert_allclose(model.run(TEST), plain, atol=1e-5)
    assert len(model.morph_names) == model.latent == model.coefficients(TEST).shape[1]


@pytest.mark.parametrize("frames", [1, 3, 33])
def test_a_frame_does_not_depend_on_those_beside_it(model, frames):
    np.testing.assert_allclose(model.run(TEST[:frames]), model.run(TEST)[:frames], atol=5e-6)


def test_weights_stay_in_the_range_of_training(model):
    weights = model.coefficients(np.full((1, len(RIG.names)), 40.0))
    assert (weights >= model.bounds[0]).all()
    assert (weights <= model.bounds[1]).all()


def test_fewer_morphs_are_the_same_model_less_fine(model):
    truth = small_truth(TEST)
    errors = [rms_mm(model.truncated(n).run(TEST), truth) for n in (model.latent, 8, 2)]
    assert errors == sorted(errors)
    few = model.truncated(8)
    assert few.latent == 8
    assert few.runtime_bytes < model.runtime_bytes
    with pytest.raises(InputError, match=r"learned morphs; 9999 were asked for"):
        model.truncated(9999)


def test_half_floats_cost_next_to_nothing():
    data, truth = small_data(), small_truth(TEST)
    config = NeuralMorphConfig(patches=4, latent=32, hidden=24, radius_m=0.03, batch=64)
    trained = train_neural_morph(data, config=config, loop=LoopConfig(iterations=300))
    found = {
        storage: rms_mm(trained.model(data, replace(config, storage=storage)).run(TEST), truth)
        for storage in ("fp32", "fp16", "int8")
    }
    assert found["fp16"] <= 1.01 * found["fp32"]
    assert found["int8"] <= 1.03 * found["fp32"]


def test_global_mode_has_one_net(tmp_path):
    data = small_data()
    config = NeuralMorphConfig(mode="global", latent=24, hidden=32, batch=64)
    trained = train_neural_morph(data, config=config, loop=LoopConfig(iterations=500))
    made = trained.model(data, config)
    truth = small_truth(TEST)
    assert made.nets.first.shape[0] == 1
    assert rms_mm(made.run(TEST), truth) < rms_mm(LinearDeformer(RIG).run(TEST), truth) / 2


def test_seeds_repeat(model):
    data = small_data()
    config = NeuralMorphConfig(patches=2, latent=8, hidden=8, batch=32)
    one, other = (
        train_neural_morph(data, config=config, loop=LoopConfig(iterations=30)).model(data, config)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.run(TEST), other.run(TEST))


def test_a_model_comes_back_from_its_file(model, tmp_path):
    path = tmp_path / "model.safetensors"
    write_model(model, path, labels={"about": "a test"})
    again = read_model(path, RIG)
    assert isinstance(again, DeformerModel)
    assert model_header(path)["about"] == "a test"
    np.testing.assert_allclose(again.run(TEST), model.run(TEST), atol=2e-5)
    write_model(again, tmp_path / "twice.safetensors", labels={"about": "a test"})
    assert (tmp_path / "twice.safetensors").stat().st_size == path.stat().st_size


def test_a_model_of_another_rig_is_refused(model, tmp_path):
    path = tmp_path / "model.safetensors"
    write_model(model, path)
    taller = Mesh(RIG.neutral.vertices * 1.1, RIG.neutral.faces, RIG.neutral.uv)
    with pytest.raises(InputError, match="made for another face with as many vertices"):
        read_model(path, Rig(taller, RIG.names, RIG.deltas))
    names = ("other", *RIG.names[1:])
    with pytest.raises(InputError, match="rig with other curves: 'browInnerUp' is not there"):
        read_model(path, Rig(RIG.neutral, names, RIG.deltas))
    from animdrive.rig.head import load_head

    with pytest.raises(InputError, match="rig of 297 vertices, this one has 17261"):
        read_model(path, load_head().rig)


@pytest.mark.parametrize("how", ["cut", "text", "pickle", "header", "nan", "pointer", "shape"])
def test_a_broken_or_hostile_file_is_one_clear_line(model, tmp_path, how):
    path = tmp_path / "model.safetensors"
    write_model(model, path)
    data = path.read_bytes()
    if how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "text":
        path.write_text("just some text, long enough for a header to be looked for")
    elif how == "pickle":
        path.write_bytes(b"\x80\x04\x95\x10\0\0\0\0\0\0\0cos\nsystem\n(S'true'\ntR.")
    elif how == "header":
        path.write_bytes(data.replace(b"animdrive-deformer-1", b"animdrive-deformer-9"))
    else:
        from safetensors.numpy import load_file, save_file

        arrays = load_file(path)
        if how == "nan":
            arrays["scale"][0] = np.nan
        elif how == "pointer":
            arrays["offset"][3] = 2**30
        else:
            arrays["net_first"] = arrays["net_first"][:, :-1]
        header = json.dumps(model_header(path))
        save_file(arrays, path, {"animdrive": header})
    with pytest.raises(InputError, match=str(path)) as caught:
        read_model(path, RIG)
    assert "\n" not in str(caught.value)


def test_wrong_values_are_named(model):
    with pytest.raises(ContractError, match=r"must have shape \[T, 7\], got \[2, 3\]"):
        model.run(np.zeros((2, 3)))
    wrong = TEST[:3].copy()
    wrong[1, 2] = np.nan
    with pytest.raises(ContractError, match="Curve 2 is nan at frame 1"):
        model.run(wrong)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"mode": "both"}, "mode is 'local' or 'global'"),
        ({"latent": 0}, r"latent must be in 1\.\.4096"),
        ({"storage": "int4"}, "storage is one of"),
        ({"regularization": 2.0}, r"regularization must be in 0\.\.1"),
    ],
)
def test_wrong_settings_are_named(settings, told):
    with pytest.raises(InputError, match=told):
        NeuralMorphConfig(**settings)


def test_the_small_capture_is_what_is_learned_from():
    assert {entry.split for entry in small_capture().takes} == {"train", "held_out"}
