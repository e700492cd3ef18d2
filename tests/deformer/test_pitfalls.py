"""What goes wrong with learned deformers in practice, each shown and cured."""

from dataclasses import replace

import numpy as np
import pytest
from small import small_capture, small_character, small_truth

from animdrive.contract import CurveTrack
from animdrive.contract.capture import Capture, CapturedTake, Take, TakeEntry
from animdrive.deformer.data import training_data
from animdrive.deformer.neural_morph import NeuralMorphConfig
from animdrive.deformer.neural_morph_training import train_neural_morph
from animdrive.deformer.training import LoopConfig
from animdrive.deformer.tuning import NOISE_GONE, search

RIG = small_character().rig
CONFIG = NeuralMorphConfig(patches=3, latent=32, hidden=16, radius_m=0.03, batch=128)
LOOP = LoopConfig(iterations=400, learning_rate=1e-2)
FPS = 30.0


def captured(name, values, split, *, skin=None):
    track = CurveTrack(RIG.names, FPS, values.astype(np.float32))
    return CapturedTake(
        take=Take(name, "random", split, track),
        vertices=small_truth(track.values) if skin is None else skin,
        times_s=np.arange(len(track)) / FPS,
        head_transform=np.tile(np.eye(4, dtype=np.float32), (len(track), 1, 1)),
    )


def capture_of(*takes):
    by_name = {take.take.name: take for take in takes}
    entries = tuple(
        TakeEntry(name, "random", take.take.split, len(take.take.track))
        for name, take in by_name.items()
    )
    return Capture(small_character(), FPS, entries, by_name.__getitem__)


def alone(rng, frames, one, other):
    """Return lively curves in which `one` and `other` never act together."""
    values = rng.random((frames, len(RIG.names)))
    values[::2, RIG.names.index(one)] = 0
    values[1::2, RIG.names.index(other)] = 0
    return values


def together(frames, one, other):
    values = np.zeros((frames, len(RIG.names)))
    values[:, [RIG.names.index(one), RIG.names.index(other)]] = np.linspace(0, 1, frames)[:, None]
    return values


def error_mm(model, values):
    off = np.square(model.run(values) - small_truth(values)).sum(axis=2)
    return 1e3 * float(np.sqrt(off.max(axis=1).mean()))


@pytest.mark.parametrize(
    ("one", "other"), [("mouthSmileLeft", "jawOpen"), ("mouthFunnel", "jawOpen")]
)
def test_a_pair_that_was_never_taken_breaks_and_holds_once_it_is(one, other):
    rng = np.random.default_rng(4)
    plain = captured("plain", alone(rng, 300, one, other), "train")
    pair = captured("pair", together(30, one, other), "train")
    test = together(20, one, other).astype(np.float32)
    without, holds = (
        train_neural_morph(data, config=CONFIG, loop=LOOP).model(data, CONFIG)
        for data in (
            training_data(capture_of(plain)),
            training_data(capture_of(plain, pair)),
        )
    )
    assert error_mm(holds, test) < 0.5 * error_mm(without, test)


def test_skin_that_lags_behind_its_curves_is_learned_wrong():
    """The reason why captures are synced first: 100 ms spoil what a model can be."""
    rng = np.random.default_rng(5)
    knots = rng.random((40, len(RIG.names)))
    at = np.linspace(0, 39, 400)
    values = np.stack([np.interp(at, np.arange(40), column) for column in knots.T], axis=1)
    truth = small_truth(values.astype(np.float32))
    late = np.concatenate([truth[:1].repeat(3, axis=0), truth[:-3]])
    test = rng.random((40, len(RIG.names))).astype(np.float32)
    synced, lagging = (
        train_neural_morph(data, config=CONFIG, loop=LOOP).model(data, CONFIG)
        for data in (
            training_data(capture_of(captured("a", values, "train"))),
            training_data(capture_of(captured("a", values, "train", skin=late))),
        )
    )
    assert error_mm(synced, test) < 0.8 * error_mm(lagging, test)


@pytest.fixture(scope="module")
def noisy():
    """The small capture through a scanner that is off by 1.5 mm."""
    rng = np.random.default_rng(6)
    clean = small_capture()

    def read(name):
        take = clean.take(name)
        noise = rng.normal(0, 1.5e-3, take.vertices.shape).astype(np.float32)
        return replace(take, vertices=take.vertices + noise)

    takes = {entry.name: read(entry.name) for entry in clean.takes}
    return Capture(clean.character, clean.fps, clean.takes, takes.__getitem__)


@pytest.fixture(scope="module")
def tuned(noisy):
    data = training_data(noisy)
    trained = train_neural_morph(data, config=CONFIG, loop=LOOP)
    told = []
    found = search(
        trained, data, CONFIG, start=1e-3, doublings=12, step_back=0.85, report=told.append
    )
    return data, trained, found, told


def test_tuning_smooths_until_held_out_frames_confirm_the_detail(tuned):
    _, _, found, told = tuned
    first, last = found.steps[0], found.steps[-1]
    assert last.confirmed > first.confirmed
    assert len(told) == len(found.steps)
    values = [step.regularization for step in found.steps]
    np.testing.assert_allclose(np.diff(np.log2(values)), 1.0)
    if found.noise_gone:
        assert last.confirmed >= NOISE_GONE


def test_tuning_takes_a_step_back(tuned):
    _, _, found, _ = tuned
    tried = [step.regularization for step in found.steps]
    assert any(np.isclose(found.chosen, value * factor) for value in tried for factor in (0.85, 1))
    assert found.chosen <= max(tried)


def test_a_tuned_model_is_nearer_to_the_truth_than_its_capture(tuned, noisy):
    data, trained, found, _ = tuned
    model = trained.model(data, replace(CONFIG, regularization=found.chosen))
    for entry in noisy.takes:
        take = noisy.take(entry.name)
        truth = small_truth(take.take.track.values)
        own = np.square(model.run(take.take.track.values) - truth).mean()
        assert own < 0.25 * np.square(take.vertices - truth).mean()


def test_far_too_much_regularization_loses_the_skin(tuned):
    data, trained, found, _ = tuned
    good, smooth = (
        trained.model(data, replace(CONFIG, regularization=value)) for value in (found.chosen, 1.0)
    )
    values = small_capture().take("random_2").take.track.values
    assert error_mm(smooth, values) > error_mm(good, values)
