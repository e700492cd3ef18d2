from dataclasses import replace

import numpy as np
import pytest
from small import small_character, small_data, small_track, small_truth

from animdrive.contract import Mesh, Rig
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import DeformerModel, read_model, write_model
from animdrive.deformer.training import LoopConfig
from animdrive.deformer.vertex_delta import VertexDelta, VertexDeltaConfig
from animdrive.deformer.vertex_delta_training import train_vertex_delta
from animdrive.errors import ContractError, InputError, WeightsError

CONFIG = VertexDeltaConfig(hidden=32, batch=64)
LOOP = LoopConfig(iterations=300, learning_rate=1e-2)


@pytest.fixture(scope="module")
def trained():
    return train_vertex_delta(small_data(), config=CONFIG, loop=LOOP)


@pytest.fixture(scope="module")
def model(trained):
    return trained.model(small_data(), CONFIG)


def rms(model, values):
    return np.sqrt(np.square(model.run(values) - small_truth(values)).sum(axis=2).mean())


def test_it_is_a_model_and_far_better_than_the_rig_on_a_new_motion(model):
    assert isinstance(model, DeformerModel)
    values = small_track(90, seed=11).values
    assert rms(model, values) < 0.35 * rms(LinearDeformer(model.rig), values)


def test_the_error_it_tells_is_that_of_the_held_out_take(trained, model):
    data = small_data()
    rows = data.rows(held_out=True)
    skin = model.run(data.curves[rows]) - LinearDeformer(data.rig).run(data.curves[rows])
    off = skin[:, data.moving] - data.offsets[rows]
    told = 1e3 * np.sqrt(np.square(off).sum(axis=2).mean())
    assert trained.history.held_out_mm[-1] == pytest.approx(told, rel=1e-3)


def test_rest_is_the_neutral_face_to_the_bit_in_any_company(model):
    values = np.zeros((70, len(model.names)))
    values[3:60] = 0.5
    still = model.run(values)[[0, 1, 2, 60, 69]]
    np.testing.assert_array_equal(still, np.repeat(model.rig.neutral.vertices[None], 5, axis=0))


def test_skin_that_no_take_moved_is_the_rigs(model):
    values = small_track(20, seed=3).values
    own = np.setdiff1d(np.arange(len(model.rig.neutral.vertices)), small_data().moving)
    linear = LinearDeformer(model.rig).run(values)
    np.testing.assert_array_equal(model.run(values)[:, own], linear[:, own])


def test_beyond_training_only_the_rig_goes_on(model):
    most = small_data().curves[small_data().rows(held_out=False)].max(axis=0, keepdims=True)
    linear = LinearDeformer(model.rig)
    learned = [model.run(values) - linear.run(values) for values in (most, most + 3)]
    np.testing.assert_allclose(learned[0], learned[1], atol=1e-6)


def test_frames_do_not_see_each_other(model):
    values = small_track(150, seed=4).values
    pieces = np.concatenate([model.run(values[:7]), model.run(values[7:])])
    np.testing.assert_allclose(pieces, model.run(values), atol=1e-7)


def test_a_file_brings_it_back_to_the_bit(model, tmp_path):
    write_model(model, tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors", model.rig)
    assert isinstance(again, VertexDelta)
    assert again.config == CONFIG
    assert again.runtime_bytes == model.runtime_bytes
    values = small_track(20, seed=5).values
    np.testing.assert_array_equal(again.run(values), model.run(values))


def test_the_same_seed_gives_the_same_net_and_another_seed_another(trained):
    short = replace(LOOP, iterations=5)
    one, same, other = (
        train_vertex_delta(small_data(), config=CONFIG, loop=loop).net.last
        for loop in (short, short, replace(short, seed=1))
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_capture_without_held_out_takes_is_learned_too():
    data = small_data()
    takes = tuple(replace(take, held_out=False) for take in data.takes)
    short = replace(LOOP, iterations=5)
    history = train_vertex_delta(replace(data, takes=takes), config=CONFIG, loop=short).history
    assert np.isnan(history.held_out_mm).all()


@pytest.mark.parametrize("name", ["net_last", "net_second", "moving", "bounds"])
def test_arrays_that_do_not_fit_are_refused(model, name):
    arrays, described = model.stored()
    arrays[name] = arrays[name][..., :-1]
    with pytest.raises(WeightsError, match=r"do not hold together\. Train it anew"):
        VertexDelta.from_stored(model.rig, arrays, described)


def test_vertices_that_are_not_there_are_refused(model):
    arrays, described = model.stored()
    arrays["moving"] = arrays["moving"] + 10_000
    with pytest.raises(WeightsError, match="do not hold together"):
        VertexDelta.from_stored(model.rig, arrays, described)


def test_another_rig_is_refused(model):
    rig = small_character().rig
    mesh = Mesh(rig.neutral.vertices * 1.1, rig.neutral.faces, rig.neutral.uv)
    with pytest.raises(InputError, match="vertex_delta model was made for another face"):
        VertexDelta.from_stored(Rig(mesh, rig.names, rig.deltas), *model.stored())


def test_wrong_values_are_refused(model):
    with pytest.raises(ContractError, match=r"shape \[T, 7\]"):
        model.run(np.zeros((2, 5)))


@pytest.mark.parametrize(("name", "value"), [("hidden", 2), ("batch", 0)])
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=rf"{name} must be in .* got {value}"):
        VertexDeltaConfig(**{name: value})
