from dataclasses import replace

import numpy as np
import pytest
from small import small_character, small_data, small_track, small_truth

from animdrive.contract import Mesh, Rig
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import DeformerModel, read_model, write_model
from animdrive.deformer.nearest_neighbour import (
    NearestNeighbour,
    NearestNeighbourConfig,
    shepard,
    trusted,
)
from animdrive.deformer.nearest_neighbour_training import representatives, train_nearest_neighbour
from animdrive.deformer.training import LoopConfig
from animdrive.errors import ContractError, InputError, WeightsError

CONFIG = NearestNeighbourConfig(
    latent=4, hidden=12, patches=3, radius_m=0.02, examples=60, neighbours=5, batch=128
)
LOOP = LoopConfig(iterations=200, learning_rate=1e-2)


@pytest.fixture(scope="module")
def trained():
    return train_nearest_neighbour(small_data(), config=CONFIG, loop=LOOP)


@pytest.fixture
def model(trained):
    return trained.model(small_data(), CONFIG)


def rms(skin, values):
    return np.sqrt(np.square(skin - small_truth(values)).sum(axis=2).mean())


def test_it_is_a_model_and_its_detail_helps_on_a_new_motion(model):
    assert isinstance(model, DeformerModel)
    values = small_track(90, seed=11).values
    with_detail, without = rms(model.run(values), values), rms(model.base.run(values), values)
    assert with_detail < 0.95 * without
    assert with_detail < 0.6 * rms(LinearDeformer(model.rig).run(values), values)


def test_more_poses_help_more(trained, model):
    few = train_nearest_neighbour(small_data(), config=replace(CONFIG, examples=4), loop=LOOP)
    values = small_track(90, seed=11).values
    poor = few.model(small_data(), replace(CONFIG, examples=4))
    assert rms(model.run(values), values) < rms(poor.run(values), values)


def test_a_kept_pose_comes_back_as_it_was_captured(trained):
    """Of a patch's own pose, what its share of the skin lacked is there, to the storage's step."""
    data, model = small_data(), trained.model(small_data(), replace(CONFIG, blend_s=0.0))
    detail = trained.details[0]
    share = detail.offsets(np.eye(len(detail.poses), dtype=np.float32))
    row = int(np.flatnonzero((data.curves == detail.poses[7]).all(axis=1))[0])
    whole = detail.vertices[np.argmax(np.abs(share[7]).max(axis=1))]
    away = detail.distances(detail.poses[7:8])
    assert away[0, 1 + 7] == 0
    np.testing.assert_allclose(shepard(away, 5)[0], np.eye(len(away[0]))[1 + 7], atol=1e-12)
    moved = np.searchsorted(data.moving, whole)
    skin = model.run(data.curves[row : row + 1])[0] - model.base.run(data.curves[row : row + 1])[0]
    linear = LinearDeformer(model.rig).run(data.curves[row : row + 1])[0]
    base = model.base.run(data.curves[row : row + 1])[0]
    wanted = linear[whole] + data.offsets[row, moved] - base[whole]
    assert np.linalg.norm(skin[whole] - wanted) < 0.5 * np.linalg.norm(wanted)


def test_rest_is_the_bases_rest_to_the_bit(model):
    rest = np.zeros((4, len(model.names)))
    np.testing.assert_array_equal(model.run(rest), model.base.run(rest))
    np.testing.assert_allclose(model.run(rest)[0], model.rig.neutral.vertices, atol=1e-7)


def test_after_a_motion_it_comes_to_rest(model):
    model.run(small_track(20, seed=3).values)
    rest = np.zeros((60, len(model.names)))
    np.testing.assert_array_equal(model.run(rest)[-1], model.base.run(rest[-1:])[0])


def test_calls_are_one_performance_until_it_is_reset(model):
    values = small_track(150, seed=4).values
    whole = model.run(values)
    model.reset()
    pieces = np.concatenate(
        [model.run(values[:1]), model.run(values[1:90]), model.run(values[90:])]
    )
    np.testing.assert_allclose(pieces, whole, atol=2e-7)
    model.reset()
    np.testing.assert_array_equal(model.run(values), whole)
    assert np.abs(model.run(values)[0] - whole[0]).max() > 1e-6  # it went on from the end


def test_no_frames_change_nothing(model):
    values = small_track(30, seed=4).values
    whole = model.run(values)
    model.reset()
    first = model.run(values[:10])
    assert model.run(values[:0]).shape == (0, *model.rig.neutral.vertices.shape)
    np.testing.assert_allclose(np.concatenate([first, model.run(values[10:])]), whole, atol=2e-7)


def test_a_sudden_pose_is_blended_in(trained):
    data = small_data()
    slow, quick = (trained.model(data, replace(CONFIG, blend_s=s)) for s in (0.1, 0.0))
    jump = np.zeros((30, 7), dtype=np.float32)
    jump[1:] = data.curves[40]
    reached = quick.run(jump)[-1] - quick.base.run(jump)[-1]
    detail = slow.run(jump) - slow.base.run(jump)
    way = np.einsum("tvx,vx->t", detail, reached) / np.square(reached).sum()
    assert way[0] == 0
    np.testing.assert_allclose(way[1:10], 1 - np.exp(-np.arange(1, 10) / 3), atol=0.02)


def test_far_from_every_pose_the_base_is_alone(trained):
    model = trained.model(small_data(), replace(CONFIG, blend_s=0.0))
    near, far = small_data().curves[40:41], np.full((1, 7), 40.0, dtype=np.float32)
    detail = [np.abs(model.run(c) - model.base.run(c)).max() for c in (near, far)]
    assert detail[1] < 0.02 * detail[0]


def test_shares_add_up_and_poses_come_in_at_nothing():
    rng = np.random.default_rng(0)
    poses, way = rng.normal(size=(30, 3)), np.linspace(0, 1, 4000)[:, None]
    points = way * [1.0, 0.5, -1.0]
    away = np.linalg.norm(points[:, None] - poses, axis=2)
    shares = shepard(away, 4)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert ((shares > 1e-9).sum(axis=1) <= 4).all()
    assert (
        len(np.unique((shares > 1e-9) @ 2.0 ** np.arange(30))) > 3
    )  # neighbours change on the way
    assert np.abs(np.diff(shares, axis=0)).max() < 0.01


def test_poses_that_coincide_share():
    np.testing.assert_allclose(shepard(np.zeros((1, 3)), 2), [[1 / 3] * 3])
    np.testing.assert_array_equal(shepard(np.ones((2, 1)), 4), [[1], [1]])


def test_trust_is_half_at_its_length():
    np.testing.assert_allclose(trusted(np.array([[2.0, 9], [0, 1]]), 2.0), [0.5, 1.0])


def test_representatives_find_the_heaps():
    rng = np.random.default_rng(1)
    heaps = rng.normal(size=(5, 2)) * 20
    points = np.repeat(heaps, 40, axis=0) + rng.normal(size=(200, 2)) * 0.1
    assert sorted(representatives(points, 5, rng) // 40) == [0, 1, 2, 3, 4]
    assert len(representatives(points[:3], 9, rng)) == 3


@pytest.mark.parametrize("storage", ["int8", "fp16"])
def test_a_file_brings_it_back_to_the_bit(trained, tmp_path, storage):
    data, config = small_data(), replace(CONFIG, storage=storage)
    if storage != CONFIG.storage:
        trained = train_nearest_neighbour(data, config=config, loop=replace(LOOP, iterations=5))
    model = trained.model(data, config)
    write_model(model, tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors", model.rig)
    assert isinstance(again, NearestNeighbour)
    assert (again.config, again.fps) == (config, data.fps)
    assert again.runtime_bytes == model.runtime_bytes
    values = small_track(30, seed=5).values
    np.testing.assert_array_equal(again.run(values), model.run(values))


def test_a_killed_run_goes_on_with_the_base_it_had(trained, tmp_path):
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_nearest_neighbour(
            small_data(), config=CONFIG, loop=LOOP, checkpoint=path, progress=_stop_at_poses
        )
    assert [file.name for file in tmp_path.iterdir()] == ["run.base"]
    stages = []
    again = train_nearest_neighbour(
        small_data(), config=CONFIG, loop=LOOP, checkpoint=path,
        progress=lambda stage, done: stages.append(stage),
    )  # fmt: skip
    assert set(stages) == {"poses"}
    assert again.history == trained.history
    np.testing.assert_array_equal(again.details[1].data, trained.details[1].data)
    assert not list(tmp_path.iterdir())


def _stop_at_poses(stage, done):
    if stage == "poses":
        raise KeyboardInterrupt


def test_the_base_of_other_settings_is_not_taken_up(tmp_path):
    path, short = tmp_path / "run", replace(LOOP, iterations=5)
    with pytest.raises(KeyboardInterrupt):
        train_nearest_neighbour(
            small_data(), config=CONFIG, loop=short, checkpoint=path, progress=_stop_at_poses
        )
    with pytest.raises(InputError, match=r"other settings or other data\. Remove it"):
        train_nearest_neighbour(
            small_data(), config=CONFIG, loop=replace(short, seed=1), checkpoint=path
        )


@pytest.mark.parametrize("name", ["starts", "poses", "vertices", "data", "trust_mm"])
def test_arrays_that_do_not_fit_are_refused(model, name):
    arrays, described = model.stored()
    arrays[name] = arrays[name][:-1]
    with pytest.raises(WeightsError, match=r"do not hold together\. Train it anew"):
        NearestNeighbour.from_stored(model.rig, arrays, described)


def test_another_rig_is_refused(model):
    rig = small_character().rig
    mesh = Mesh(rig.neutral.vertices * 1.1, rig.neutral.faces, rig.neutral.uv)
    with pytest.raises(InputError, match="nearest_neighbour model was made for another face"):
        NearestNeighbour.from_stored(Rig(mesh, rig.names, rig.deltas), *model.stored())


def test_wrong_values_are_refused(model):
    with pytest.raises(ContractError, match=r"shape \[T, 7\]"):
        model.run(np.zeros((2, 5)))


@pytest.mark.parametrize(("name", "value"), [("examples", 0), ("blend_s", -1), ("latent", 0)])
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=rf"{name} must be in .* got {value}"):
        NearestNeighbourConfig(**{name: value})


def test_storage_is_a_known_one():
    with pytest.raises(InputError, match="storage is one of int8, fp16, got 'int4'"):
        NearestNeighbourConfig(storage="int4")
