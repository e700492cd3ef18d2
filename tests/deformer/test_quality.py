"""Jitter, detail and borders are told from motion and error that are known."""

import numpy as np
import pytest
from small import small_data, small_model

from animdrive.deformer.errors_table import skin_vertices
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.neural_morph import NeuralMorphConfig
from animdrive.deformer.neural_morph_training import train_neural_morph
from animdrive.deformer.quality import Blocks, Borders, Detail, Jitter, neighbours, patch_borders
from animdrive.deformer.training import LoopConfig

RNG = np.random.default_rng(8)


def jitter_of(*takes, chunk=100):
    jitter = Jitter()
    for take in takes:
        jitter.begin()
        for start in range(0, len(take), chunk):
            jitter.add(take[start : start + chunk])
    return jitter.rms_mm


def test_second_differences_of_a_parabola_are_its_acceleration():
    time = np.arange(20)[:, None, None]
    frames = np.repeat(0.5 * time**2 * np.array([0.0, 0.003, 0.004]), 6, axis=1)
    assert jitter_of(frames) == pytest.approx(5.0)
    assert jitter_of(frames * 0 + time * 0.01) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_chunks_of_a_take_are_the_take(chunk):
    frames = RNG.normal(0, 0.001, (17, 4, 3)).astype(np.float32)
    assert jitter_of(frames, chunk=chunk) == pytest.approx(jitter_of(frames), rel=1e-6)


def test_takes_do_not_run_into_each_other():
    still, elsewhere = np.zeros((5, 4, 3)), np.ones((5, 4, 3))
    assert jitter_of(still, elsewhere) == 0.0
    assert jitter_of(np.zeros((2, 4, 3))) == 0.0


@pytest.fixture(scope="module")
def face():
    data = small_data()
    skin = skin_vertices_of(data)
    faces = data.rig.neutral.faces
    inside = np.isin(faces, skin).all(axis=1)
    return data, skin, faces[inside]


def skin_vertices_of(data):
    from small import small_character

    assert small_character().rig is data.rig
    return skin_vertices(small_character())


def beyond(data, frames=60):
    """Return what lies beyond the linear rig in some frames [n, V, 3]."""
    whole = np.zeros((frames, len(data.rig.neutral.vertices), 3), np.float32)
    whole[:, data.moving] = data.offsets[:frames]
    return whole


def kept(face, model, truth, chunk=13):
    _, skin, faces = face
    detail = Detail(faces, skin)
    for start in range(0, len(truth), chunk):
        detail.add(model[start : start + chunk], truth[start : start + chunk])
    return detail.kept


def test_detail_that_is_all_there_or_scaled(face):
    truth = beyond(face[0])
    assert kept(face, truth, truth) == pytest.approx(1.0)
    assert kept(face, 0.5 * truth, truth) == pytest.approx(0.25, rel=1e-4)
    assert kept(face, truth, truth, chunk=1) == pytest.approx(1.0)
    assert kept(face, truth, 0 * truth) is None


def test_moving_everything_along_is_no_detail(face):
    truth = beyond(face[0])
    assert kept(face, truth + np.float32(0.01), truth) == pytest.approx(1.0, rel=1e-3)


def umbrella_energy(face, frames):
    _, skin, faces = face
    near = neighbours(faces, frames.shape[1])
    degree = np.maximum(np.asarray(near.sum(axis=1)), 1)
    return sum(np.square((frame - (near @ frame) / degree)[skin]).sum() for frame in frames)


def test_noise_of_the_scanner_does_not_ask_for_noise(face):
    truth = beyond(face[0], 200)
    noisy = truth + RNG.normal(0, 3e-4, truth.shape).astype(np.float32)
    assert umbrella_energy(face, truth) / umbrella_energy(face, noisy) < 0.5  # it would show
    assert kept(face, truth, noisy) == pytest.approx(1.0, abs=0.1)


def test_noise_that_a_model_learned_shows(face):
    truth = beyond(face[0])
    learned = RNG.normal(0, 1e-3, truth.shape[1:]).astype(np.float32)
    assert kept(face, truth + learned, truth) > 1.5


def test_smoothed_skin_has_lost_its_detail(face):
    data, _, faces = face
    truth = beyond(data)
    near = neighbours(faces, truth.shape[1])
    degree = np.maximum(np.asarray(near.sum(axis=1)), 1)
    smooth = truth
    for _ in range(6):
        smooth = np.stack([0.5 * frame + 0.5 * (near @ frame) / degree for frame in smooth])
    assert kept(face, smooth.astype(np.float32), truth) < 0.7


def test_a_step_at_a_border_shows_and_a_slope_does_not():
    line = np.arange(12)
    edges = np.stack([line[:-1], line[1:]], axis=1)
    borders = Borders(edges[5:6], np.delete(edges, 5, axis=0))
    slope = np.zeros((3, 12, 3))
    slope[:, :, 0] = 1e-4 * line
    step = slope + np.where(line > 5, 5e-4, 0.0)[None, :, None]
    for error, low, high in ((slope, 0.99, 1.01), (step, 3.0, 10.0)):
        blocks = Blocks(borders)
        blocks.add(error, slope)
        assert low < blocks.ratio < high
    assert Blocks(borders).ratio is None


def test_only_models_of_patches_have_borders(face):
    data, skin, faces = face
    assert patch_borders(LinearDeformer(data.rig), faces, skin) is None
    assert patch_borders(small_model(mode="global"), faces, skin) is None
    borders = patch_borders(small_model(), faces, skin)
    places = data.rig.neutral.vertices
    for edges in (borders.across, borders.inside):
        assert len(edges) > 20
        assert np.linalg.norm(places[edges[:, 0]] - places[edges[:, 1]], axis=1).max() < 0.03
    assert not {tuple(e) for e in borders.across} & {tuple(e) for e in borders.inside}


def test_a_radius_that_is_too_small_shows_as_blocks(face):
    data, skin, faces = face
    rows = data.rows(held_out=True)
    curves, linear = data.curves[rows], LinearDeformer(data.rig).run(data.curves[rows])
    truth = np.zeros_like(linear)
    truth[:, data.moving] = data.offsets[rows]
    ratios = []
    for radius_m in (0.0005, 0.02):
        config = NeuralMorphConfig(latent=12, patches=6, hidden=12, radius_m=radius_m, batch=128)
        loop = LoopConfig(iterations=150, learning_rate=1e-2)
        model = train_neural_morph(data, config=config, loop=loop).model(data, config)
        blocks = Blocks(patch_borders(model, faces, skin))
        blocks.add(model.run(curves) - linear - truth, truth)
        ratios.append(blocks.ratio)
    assert ratios[0] > 1.3 * ratios[1]
