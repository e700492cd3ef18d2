from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from small import small_character, small_data, small_track, small_truth

from animdrive.contract import Mesh, Rig
from animdrive.deformer.cloth import Cloth, ClothConfig, limited
from animdrive.deformer.cloth_training import train_cloth
from animdrive.deformer.data import Rows, TrainingData
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import DeformerModel, read_model, write_model
from animdrive.deformer.training import LoopConfig
from animdrive.errors import ContractError, InputError, WeightsError

CONFIG = ClothConfig(base="linear", swing_iterations=60, swing_rate=0.06)
LOOP = LoopConfig(iterations=200, learning_rate=1e-2)
SUBSTEPS = 16


def head_motion(frames, *, seed):
    """Return [T, 4, 4] of a head that nods, turns and steps in bursts, smoothly."""
    rng = np.random.default_rng(seed)
    angle, place = np.zeros((frames, 3)), np.zeros((frames, 3))
    for _ in range(frames // 15):
        at, length = rng.integers(5, frames - 15), rng.integers(6, 14)
        ramp = np.clip((np.arange(frames) - at) / length, 0, 1)
        ramp = ramp**3 * (10 - 15 * ramp + 6 * ramp**2)
        angle += ramp[:, None] * rng.normal(0, 0.15, 3)
        place += ramp[:, None] * rng.normal(0, 0.02, 3)
    head = np.tile(np.eye(4), (frames, 1, 1))
    for frame, (x, y, _) in enumerate(angle):
        cx, sx, cy, sy = np.cos(x), np.sin(x), np.cos(y), np.sin(y)
        about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
        head[frame, :3, :3] = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ about_x
    head[:, :3, 3] = place
    return head


def jowl_swing(places, head, edges, soft, *, seed=0):
    """Return [T, A, 3] of real springs and dampers, by symplectic steps far finer than a frame.

    Natural frequency 2 to 5 Hz, a little damped, neighbours tied by springs; `soft` [A] 0..1 is how
    much of the inertia a vertex feels. Knows nothing of the model under test.
    """
    rng = np.random.default_rng(seed)
    own = (2 * np.pi * rng.uniform(2.5, 3.5)) ** 2 * (1 + 3 * (1 - soft))
    damp, tie = 5.0 + 20 * (1 - soft), 80.0
    step = 1 / (30 * SUBSTEPS)
    world = np.einsum("tij,taj->tai", head[:, :3, :3], places) + head[:, None, :3, 3]
    u, v = np.zeros(places.shape[1:]), np.zeros(places.shape[1:])
    out = np.zeros(places.shape)
    for frame in range(len(places)):
        past = world[max(frame - 1, 0)], world[max(frame - 2, 0)]
        push = -(world[frame] - 2 * past[0] + past[1]) * 900 * soft[:, None]
        for _ in range(SUBSTEPS):
            force = push - own[:, None] * u - damp[:, None] * v
            apart = tie * (u[edges[:, 0]] - u[edges[:, 1]])
            np.add.at(force, edges[:, 0], -apart)
            np.add.at(force, edges[:, 1], apart)
            v += step * force
            u += step * v
        out[frame] = u @ head[frame, :3, :3]
    return out


@cache
def swinging_data():
    """Return takes of the small face with jowls that swing, below; the last take is held out."""
    from animdrive.deformer.swing import edges_among

    rig = small_character().rig
    rest = rig.neutral.vertices
    soft = np.clip((-0.02 - rest[:, 1]) / 0.05, 0, 1)
    soft[272:] = 0
    moving = np.flatnonzero(soft > 0)
    edges = edges_among(moving, rig.neutral.faces)
    curves, offsets, heads, takes = [], [], [], []
    for number in range(5):
        frames = 150
        values = small_track(frames, seed=number).values
        head = head_motion(frames, seed=number)
        places = LinearDeformer(rig).run(values)[:, moving].astype(np.float64)
        swing = jowl_swing(places, head, edges, soft[moving])
        takes.append(Rows(f"t{number}", "random", number == 4, 150 * number, 150 * (number + 1)))
        curves.append(values)
        offsets.append(swing)
        heads.append(head)
    return TrainingData(
        rig,
        30.0,
        np.concatenate(curves).astype(np.float32),
        moving,
        np.concatenate(offsets).astype(np.float32),
        tuple(takes),
        np.concatenate(heads).astype(np.float32),
    )


@pytest.fixture(scope="module")
def trained():
    return train_cloth(swinging_data(), config=CONFIG, loop=LOOP)


@pytest.fixture
def model(trained):
    return trained.model(swinging_data(), CONFIG)


def held_out():
    """Return curves, head and true skin of the moving vertices in the held-out take."""
    data = swinging_data()
    rows = data.rows(held_out=True)
    still = LinearDeformer(data.rig).run(data.curves[rows])[:, data.moving]
    return data.curves[rows], data.head[rows], still, still + data.offsets[rows]


def rms(skin, truth):
    return np.sqrt(np.square(skin - truth).sum(axis=2).mean())


def test_it_is_a_model_and_far_better_than_what_does_not_swing(model):
    assert isinstance(model, DeformerModel)
    curves, head, still, truth = held_out()
    skin = model.run(curves, head)[:, swinging_data().moving]
    assert rms(skin, truth) < 0.4 * rms(still, truth)


def test_curves_alone_make_it_swing_as_well(model):
    """Of a still head, whose jaw throws the skin about."""
    data = swinging_data()
    curves = np.zeros((90, 7), dtype=np.float32)
    curves[:, 3] = np.clip(np.sin(np.arange(90) / 6), 0, 1) ** 2
    still = LinearDeformer(data.rig).run(curves)[:, data.moving]
    soft = np.clip((-0.02 - data.rig.neutral.vertices[data.moving, 1]) / 0.05, 0, 1)
    edges = _edges(data)
    head = np.tile(np.eye(4), (90, 1, 1))
    truth = still + jowl_swing(still.astype(float), head, edges, soft)
    assert rms(model.run(curves)[:, data.moving], truth) < 0.5 * rms(still, truth)


def _edges(data):
    from animdrive.deformer.swing import edges_among

    return edges_among(data.moving, data.rig.neutral.faces)


def test_it_is_still_at_rest_to_the_bit(model):
    np.testing.assert_array_equal(
        model.run(np.zeros((20, 7))), np.repeat(model.rig.neutral.vertices[None], 20, axis=0)
    )


def test_it_comes_to_rest_after_a_motion(model):
    curves, head, _, _ = held_out()
    model.run(curves, head)
    skin = model.run(np.zeros((1000, 7)), np.repeat(head[-1:], 1000, axis=0))
    # The head is still, though it leans: gravity's share stays, and moves no more.
    assert np.abs(skin[-1] - skin[-2]).max() < 1e-7
    skin = model.run(np.zeros((1000, 7)))
    np.testing.assert_allclose(skin[-1], model.rig.neutral.vertices, atol=1e-6)


def test_a_thousand_frames_of_shaking_stay_within_bounds(model):
    rng = np.random.default_rng(0)
    curves = rng.uniform(0, 1, (1000, 7)).astype(np.float32)
    skin = model.run(curves) - LinearDeformer(model.rig).run(curves)
    longest = np.linalg.norm(skin, axis=2).max(axis=0)[model.active]
    assert (longest <= 1.001 * model._bound).all()
    assert np.isfinite(skin).all()


def test_skin_that_does_not_swing_is_the_bases(model):
    curves, head, _, _ = held_out()
    still = LinearDeformer(model.rig).run(curves)
    others = np.setdiff1d(np.arange(len(model.rig.neutral.vertices)), model.active)
    np.testing.assert_array_equal(model.run(curves, head)[:, others], still[:, others])


def test_calls_are_one_performance_until_it_is_reset(model):
    curves, head, _, _ = held_out()
    whole = model.run(curves, head)
    model.reset()
    cuts = (slice(0, 1), slice(1, 1), slice(1, 2), slice(2, 80), slice(80, None))
    pieces = np.concatenate([model.run(curves[cut], head[cut]) for cut in cuts])
    np.testing.assert_allclose(pieces, whole, atol=2e-7)
    model.reset()
    np.testing.assert_array_equal(model.run(curves, head), whole)
    assert np.abs(model.run(curves, head)[0] - whole[0]).max() > 1e-6


def test_a_head_moved_as_a_whole_swings_alike(model):
    """The same motion somewhere else and turned about the vertical, as gravity has no sides."""
    curves, head, _, _ = held_out()
    turn = np.eye(4)
    turn[:3, :3] = [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]
    turn[:3, 3] = (3, 1, -2)
    whole = model.run(curves, head)
    model.reset()
    # A head that looks the other way from the first frame on feels gravity as before.
    np.testing.assert_allclose(model.run(curves, turn @ head), whole, atol=2e-6)


def test_what_never_swings_is_left_to_the_base(tmp_path):
    config = ClothConfig(latent=24, patches=3, hidden=12, swing_iterations=8)
    loop = replace(LOOP, iterations=120)
    model = train_cloth(small_data(), config=config, loop=loop).model(small_data(), config)
    values = small_track(60, seed=9).values
    truth = small_truth(values)
    assert rms(model.run(values), truth) <= 1.01 * rms(model.base.run(values), truth)
    write_model(model, tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors", model.rig)
    model.reset()
    np.testing.assert_array_equal(again.run(values), model.run(values))
    assert again.runtime_bytes == model.runtime_bytes


def test_where_nothing_can_swing_nothing_does(tmp_path):
    data = small_data()
    noise = np.random.default_rng(0).normal(0, 1e-4, data.offsets.shape).astype(np.float32)
    told = []
    trained = train_cloth(
        replace(data, offsets=noise), config=CONFIG, loop=LOOP, report=told.append
    )
    assert told[0] == f"0 of {len(data.moving)} moving vertices may swing"
    write_model(trained.model(data, CONFIG), tmp_path / "m.safetensors")
    model = read_model(tmp_path / "m.safetensors", data.rig)
    values = small_track(20, seed=2).values
    np.testing.assert_array_equal(model.run(values), LinearDeformer(data.rig).run(values))


def test_a_file_brings_it_back_to_the_bit(model, tmp_path):
    write_model(model, tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors", model.rig)
    assert isinstance(again, Cloth)
    assert (again.config, again.fps) == (CONFIG, 30.0)
    curves, head, _, _ = held_out()
    np.testing.assert_array_equal(again.run(curves, head), model.run(curves, head))


def test_a_killed_run_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("animdrive.deformer.training._CHECKPOINT_S", 0.0)
    config = replace(CONFIG, base="neural_morph", latent=8, patches=2, hidden=8, swing_iterations=6)
    short, path = replace(LOOP, iterations=5), tmp_path / "run"

    def run(progress):
        return train_cloth(
            swinging_data(), config=config, loop=short, checkpoint=path, progress=progress
        )

    def stop(stage, done):
        if stage == "swing" and done > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stop)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run", "run.base"]
    stages = []
    again = run(lambda stage, done: stages.append(stage))
    assert set(stages) == {"swing"}
    whole = run(lambda stage, done: None)
    assert again.history == whole.history
    np.testing.assert_array_equal(again.swing.gains, whole.swing.gains)
    assert not list(tmp_path.iterdir())


def test_offsets_are_cut_to_their_bound():
    away = np.array([[[3.0, 0, 4], [0, 0, 0], [0.1, 0, 0]]])
    cut = limited(away, np.array([1.0, 1.0, 1.0], dtype=np.float32))
    np.testing.assert_allclose(cut, [[[0.6, 0, 0.8], [0, 0, 0], [0.1, 0, 0]]], atol=1e-7)


@pytest.mark.parametrize("name", ["swing_gains", "swing_springs", "share", "active"])
def test_arrays_that_do_not_fit_are_refused(model, name):
    arrays, described = model.stored()
    arrays[name] = arrays[name][..., :-1]
    with pytest.raises(WeightsError, match=r"do not hold together\. Train it anew"):
        Cloth.from_stored(model.rig, arrays, described)


@pytest.mark.parametrize(("name", "value"), [("stiffness", -0.1), ("stiffness", 4), ("damping", 0)])
def test_a_swing_that_would_grow_is_refused(model, name, value):
    arrays, described = model.stored()
    arrays[f"swing_{name}"] = np.full_like(arrays[f"swing_{name}"], value)
    with pytest.raises(WeightsError, match=r"would never come to rest\. Train it anew"):
        Cloth.from_stored(model.rig, arrays, described)


def test_another_rig_is_refused(model):
    rig = small_character().rig
    mesh = Mesh(rig.neutral.vertices * 1.1, rig.neutral.faces, rig.neutral.uv)
    with pytest.raises(InputError, match="cloth model was made for another face"):
        Cloth.from_stored(Rig(mesh, rig.names, rig.deltas), *model.stored())


def test_wrong_inputs_are_refused(model):
    with pytest.raises(ContractError, match=r"shape \[T, 7\]"):
        model.run(np.zeros((2, 5)))
    with pytest.raises(ContractError, match=r"head must have shape \[2, 4, 4\], got \[3, 4, 4\]"):
        model.run(np.zeros((2, 7)), np.zeros((3, 4, 4)))
    grown = np.tile(np.eye(4), (2, 1, 1))
    grown[1] *= 2
    with pytest.raises(ContractError, match="head is no rigid motion at frame 1"):
        model.run(np.zeros((2, 7)), grown)


@pytest.mark.parametrize(
    ("name", "value"), [("latent", 0), ("frames", 2), ("warm_up", 34), ("least", 2), ("batch", 0)]
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=rf"{name} must be in .* got {value}"):
        ClothConfig(**{name: value})


def test_the_base_is_a_known_one():
    with pytest.raises(InputError, match="base is one of neural_morph, linear, got 'pca'"):
        ClothConfig(base="pca")
