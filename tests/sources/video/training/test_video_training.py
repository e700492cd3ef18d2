"""What the tracking regressor learns from, and the loop that trains it."""

from dataclasses import dataclass

import numpy as np
import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.contract.names import MIRROR52
from animdrive.errors import InputError
from animdrive.rig.pose import LOOK_CURVES
from animdrive.sources.video.fitting.regressor_net import RegressorConfig
from animdrive.sources.video.indices import LIPS
from animdrive.sources.video.training.examples import (
    chosen_landmarks,
    drawn,
    head_landmarks,
    mirrored_landmarks,
    photographed,
    prepared,
)
from animdrive.sources.video.training.fit import RegressorFitConfig, fit_regressor
from animdrive.sources.video.training.performances import REST, SPOKEN, sampled_expressions
from animdrive.sources.video.training.rig_variation import varied_deltas
from animdrive.sources.video.training.scoring import solved

SMALL = RegressorConfig(landmarks=241, width=32, depth=1, embedding=8, channels=(8, 8))
MOUTH = np.zeros(52)
MOUTH[ARKIT_INDEX["jawOpen"]] = 0.6
HAPPY = np.zeros(52)
HAPPY[[ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"]]] = 0.7


@dataclass
class Filmed:
    points: np.ndarray
    cutouts: np.ndarray
    curves: np.ndarray
    resting: np.ndarray


def filmed(head, seed, frames=60):
    """Return a person seen by an exact tracker; the picture's brightness tells how they puff."""
    rng = np.random.default_rng(seed)
    curves, gaze, kinds = sampled_expressions(frames, rng, spoken=[MOUTH], moods=[HAPPY])
    curves[:8], kinds[:8], gaze[:8] = 0, REST, 0
    resting = (kinds == REST) & (np.abs(gaze).max(axis=1) < 0.01)
    rest = head.rig.neutral.vertices[head.landmarks] - head.head_pivot
    order = [head.rig.names.index(name) for name in ARKIT52]
    moved = rest + np.tensordot(curves, head.rig.deltas[order][:, head.landmarks], axes=1)
    points = moved * [900, -900, -900] + [144, 144, 0]
    cutouts = np.full((frames, 112, 112, 3), 100, dtype=np.uint8)
    puffed = curves[:, ARKIT_INDEX["cheekPuff"]]
    cutouts[:, 40:70, 40:70] = (60 + 120 * puffed)[:, None, None, None]
    return Filmed(points.astype(np.float32), cutouts, curves.astype(np.float32), resting)


@pytest.fixture(scope="module")
def people(head):
    index = chosen_landmarks(SMALL.landmarks)
    return [prepared(filmed(head, seed), (288, 288), index) for seed in range(4)]


def test_expressions_are_within_bounds_and_possible():
    curves, gaze, kinds = sampled_expressions(
        2000, np.random.default_rng(0), spoken=[MOUTH], moods=[HAPPY]
    )
    assert curves.min() >= 0
    assert curves.max() <= 1
    assert (curves[:, ARKIT_INDEX["mouthClose"]] <= curves[:, ARKIT_INDEX["jawOpen"]]).all()
    assert np.minimum(*curves[:, [ARKIT_INDEX["jawLeft"], ARKIT_INDEX["jawRight"]]].T).max() == 0
    out = curves[:, ARKIT_INDEX["tongueOut"]] > 0.5
    assert out.any()
    assert curves[out, ARKIT_INDEX["jawOpen"]].min() > 0.2
    still = [name not in LOOK_CURVES for name in ARKIT52]
    assert curves[kinds == REST][:, still].max() == 0
    assert (curves.max(axis=0) > 0.3).all(), "every curve is seen"
    assert set(kinds) == set(range(5))
    assert (kinds == SPOKEN).mean() == pytest.approx(0.2, abs=0.04)
    assert np.abs(gaze).max() <= 0.55


def test_other_rigs_move_alike_on_both_sides_and_keep_lids_shut(head):
    rest = head.rig.neutral.vertices
    order = [head.rig.names.index(name) for name in ARKIT52]
    deltas = head.rig.deltas[order]
    varied = varied_deltas(rest, deltas, np.random.default_rng(1))
    assert np.array_equal(varied_deltas(rest, deltas, np.random.default_rng(1)), varied)
    np.testing.assert_allclose(
        varied_deltas(rest, deltas, np.random.default_rng(1), strength=0.0), deltas, atol=1e-7
    )
    size = np.linalg.norm(varied, axis=(1, 2)) / np.linalg.norm(deltas, axis=(1, 2))
    np.testing.assert_allclose(size, size[list(MIRROR52)], rtol=0.35)
    blink = size[[ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]]
    np.testing.assert_allclose(blink, 1.0, atol=0.25)
    assert size.std() > 0.05, "other curves do differ"


def test_the_chosen_landmarks_are_mirror_images_of_themselves():
    index, mirror = chosen_landmarks(241), mirrored_landmarks()
    assert set(mirror[index]) == set(index)
    assert set(LIPS) <= set(index)
    np.testing.assert_array_equal(mirror[mirror[index]], index)
    rest = head_landmarks()
    np.testing.assert_allclose(rest[mirror[index]] * [-1, 1, 1], rest[index], atol=1e-3)


def test_prepared_people_are_at_rest_where_they_say_so(people):
    for person in people:
        away = np.abs(person.head[person.resting] - person.neutral).max()
        assert away < 0.3e-3
        assert np.abs(person.turned).max() < np.radians(8), "an exact tracker sees no turn"


def test_too_few_pictures_are_no_person(head):
    short = filmed(head, 0, frames=20)
    assert prepared(short, (288, 288), chosen_landmarks(241)) is None


def test_batches_are_drawn_alike_and_know_what_they_hide(people):
    index = chosen_landmarks(SMALL.landmarks)
    first, again = (drawn(people, np.random.default_rng(5), index, persons=8) for _ in range(2))
    np.testing.assert_array_equal(first.moved, again.moved)
    assert first.moved.shape == (128, 241, 3)
    assert first.rest_cutouts.shape[0] == 16
    stranger = np.repeat(~first.known, 16)
    assert stranger.any()
    assert np.abs(first.shape[stranger]).max() == 0
    assert np.abs(first.shape[~stranger]).max() > 0


def test_pictures_of_one_person_are_lit_alike():
    grey = np.full((8, 112, 112, 3), 128, dtype=np.uint8)
    lit = photographed(grey, np.random.default_rng(0), of_each=4)
    means = np.median(lit, axis=(1, 2, 3))
    assert lit.shape == (8, 3, 112, 112)
    assert np.ptp(means[:4]) < abs(means[:4].mean() - means[4:].mean())


def test_the_network_learns_and_training_is_resumed_to_the_same_weights(people, tmp_path):
    index = chosen_landmarks(SMALL.landmarks)
    config = RegressorFitConfig(steps=12, persons=4, frames=8, save_every=6)
    whole = fit_regressor(people, SMALL, index, config)
    assert [step for step, _ in whole.losses] == [6, 12]
    assert whole.losses[-1][1] < whole.losses[0][1]
    checkpoint = tmp_path / "checkpoint.pt"

    class Stop(Exception):
        pass

    def stop(net, step, loss):
        raise Stop

    with pytest.raises(Stop):
        fit_regressor(people, SMALL, index, config, checkpoint=checkpoint, look=stop)
    resumed = fit_regressor(people, SMALL, index, config, checkpoint=checkpoint)
    for own, other in zip(whole.net.parameters(), resumed.net.parameters(), strict=True):
        np.testing.assert_allclose(own.detach(), other.detach(), atol=1e-6)
    curves = solved(resumed.net, people[0], head_landmarks())
    assert curves.shape == (60, 52)
    assert curves.min() >= 0
    assert curves.max() <= 1


def test_a_checkpoint_of_another_run_is_refused(people, tmp_path):
    index = chosen_landmarks(SMALL.landmarks)
    checkpoint = tmp_path / "checkpoint.pt"
    config = RegressorFitConfig(steps=1, persons=2, frames=4)
    fit_regressor(people, SMALL, index, config, checkpoint=checkpoint)
    other = RegressorFitConfig(steps=2, persons=2, frames=4)
    with pytest.raises(InputError, match="of a run with other settings"):
        fit_regressor(people, SMALL, index, other, checkpoint=checkpoint)
    checkpoint.write_bytes(b"nothing")
    with pytest.raises(InputError, match="is damaged"):
        fit_regressor(people, SMALL, index, config, checkpoint=checkpoint)
    with pytest.raises(InputError, match="nobody to learn from"):
        fit_regressor([], SMALL, index, config)
    with pytest.raises(InputError, match="steps must be 1 or more"):
        RegressorFitConfig(steps=0)
