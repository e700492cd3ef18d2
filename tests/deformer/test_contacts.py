"""Two plates that face each other, as lips do: what touches is found, and its slit is learned."""

import numpy as np
import pytest

from animdrive.contract import Mesh, Rig
from animdrive.deformer.contacts import contacts_of
from animdrive.deformer.data import Rows, TrainingData
from animdrive.deformer.neural_morph import NeuralMorphConfig
from animdrive.deformer.neural_morph_training import train_neural_morph
from animdrive.deformer.training import LoopConfig

NAMES = ("jawOpen", "mouthFunnel", "mouthPucker")
SIDE = 8
SLIT_M = 0.4e-3


def plate(height, up):
    """Return vertices and faces of a level sheet of 40 mm that looks up, or down."""
    u = np.linspace(-0.02, 0.02, SIDE)
    x, z = np.meshgrid(u, u)
    points = np.stack([x, np.full_like(x, height), z], axis=-1).reshape(-1, 3)
    at = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    faces = np.concatenate([np.stack([a, c, b], -1), np.stack([a, d, c], -1)]).reshape(-1, 3)
    return points, faces if up else faces[:, ::-1]


def plates(*, both=True, frames=240, seed=1):
    """Return data of a lower and an upper plate that toss about together; the jaw parts them."""
    lower, upper = plate(0.0, up=True), plate(SLIT_M if both else 0.05, up=False)
    rest = np.concatenate([lower[0], upper[0]]).astype(np.float32)
    faces = np.concatenate([lower[1], upper[1] + SIDE * SIDE]).astype(np.int32)
    deltas = np.zeros((len(NAMES), len(rest), 3), dtype=np.float32)
    deltas[0, : SIDE * SIDE, 1] = -0.01
    rig = Rig(Mesh(rest, faces, np.zeros((len(rest), 2), dtype=np.float32)), NAMES, deltas)
    rng = np.random.default_rng(seed)
    curves = rng.random((frames, len(NAMES))).astype(np.float32)
    curves[::2, 0] = 0
    tossed = np.sin(7 * curves[:, 1:2] + 5 * curves[:, 2:] + 40 * rest[None, :, 0]) - np.sin(
        40 * rest[None, :, 0]
    )
    offsets = np.zeros((frames, len(rest), 3), dtype=np.float32)
    offsets[..., 1] = 4e-3 * tossed
    offsets[..., 2] = 4e-3 * tossed * curves[:, 1:2]
    # Parted, the upper one has a mind of its own.
    alone = np.sin(9 * curves[:, 1:2] + 6 * curves[:, 2:] + 60 * rest[None, SIDE * SIDE :, 0])
    offsets[:, SIDE * SIDE :, 1] += 4e-3 * np.minimum(3 * curves[:, :1], 1) * alone
    split = frames * 3 // 4
    takes = (
        Rows("a", "random", False, 0, split),
        Rows("b", "random", True, split, frames),
    )
    return TrainingData(rig, 30.0, curves, np.arange(len(rest)), offsets, takes)


def found(data, most=10_000):
    return contacts_of(data, most=most, rng=np.random.default_rng(0))


def test_what_faces_each_other_across_a_slit_is_found():
    data = plates()
    contacts = found(data)
    places = data.rig.neutral.vertices
    first, second = places[contacts.first], places[contacts.second]
    assert len(contacts.first) >= SIDE * SIDE
    assert (first[:, 1] != second[:, 1]).all()
    assert np.linalg.norm(first - second, axis=1).max() < 6.1e-3
    for vertex in range(2 * SIDE * SIDE):
        assert vertex in contacts.first or vertex in contacts.second


def test_nearness_tells_touching_from_parted():
    data = plates()
    contacts = found(data)
    upright = data.rig.neutral.vertices[contacts.first] - data.rig.neutral.vertices[contacts.second]
    facing = np.abs(upright[:, 0]) + np.abs(upright[:, 2]) < 1e-6
    jaw = data.curves[data.rows(held_out=False), 0]
    near = contacts.near[:, facing]
    assert near[jaw == 0].min() > 0.9
    assert near[jaw > 0.8].max() < 0.2


def test_skin_that_never_meets_has_no_contacts():
    assert found(plates(both=False)) is None


def test_as_many_as_are_asked_for_are_chosen_by_lot():
    data = plates()
    few = found(data, most=10)
    assert len(few.first) == len(few.second) == few.near.shape[1] == 10
    again = found(data, most=10)
    np.testing.assert_array_equal(few.first, again.first)


@pytest.mark.parametrize("mode", ["local", "global"])
def test_the_slit_is_learned_better_when_it_counts(mode):
    data = plates()
    rows = data.rows(held_out=True)
    shut = rows[data.curves[rows, 0] == 0]
    missed = []
    for contact in (0.0, 5.0):
        config = NeuralMorphConfig(
            mode=mode, latent=12, patches=3, hidden=16, contact=contact, batch=64
        )
        trained = train_neural_morph(data, config=config, loop=LoopConfig(iterations=200))
        skin = trained.model(data, config).run(data.curves[shut])
        slit = skin[:, SIDE * SIDE :] - skin[:, : SIDE * SIDE] - [0, SLIT_M, 0]
        missed.append(1e3 * float(np.sqrt(np.square(slit).sum(axis=2).mean())))
    assert missed[1] < 0.8 * missed[0]
