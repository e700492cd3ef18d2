import numpy as np
import pytest
import torch
from small import small_character

from animdrive.deformer.swing import Swing, SwingRun, edges_among
from animdrive.deformer.swing_nets import SwingNet


def radius(swing):
    """Return the largest pole of the whole system, from its companion matrix."""
    stiffness, damping = (matrix.toarray() for matrix in swing.matrices())
    one, zero = np.eye(len(swing)), np.zeros((len(swing), len(swing)))
    step = np.block([[2 * one - damping - stiffness, damping - one], [one, zero]])
    return np.abs(np.linalg.eigvals(step)).max()


def net(seed=0):
    faces = small_character().rig.neutral.faces
    vertices = np.arange(0, 90)
    normals = np.tile(np.float32([0, 0, 1]), (90, 1))
    return SwingNet(edges_among(vertices, faces), normals, seed=seed)


@pytest.mark.parametrize("spread", [0.0, 1.0, 10.0, 60.0])
def test_it_is_stable_whatever_is_learned(spread):
    system = net()
    rng = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for value in system.parameters():
            value += spread * torch.randn(value.shape, generator=rng)
    swing = system.swing()
    assert swing.stable()
    assert radius(swing) < 1


def test_the_conditions_are_not_idle():
    """Beyond them there are systems that grow, and they are told."""
    swing = net().swing()
    stiff = Swing(**(vars(swing) | {"stiffness": np.full(90, 4.2, np.float32)}))
    assert not stiff.stable()
    assert radius(stiff) > 1


def test_a_part_of_a_stable_system_is_stable():
    swing = net().swing()
    part = swing.kept(np.arange(90) % 3 > 0)
    assert len(part) == 60
    assert part.stable()
    assert radius(part) < 1
    assert (part.edges < 60).all()


def test_a_constant_pull_ends_where_springs_hold_it():
    """Gravity on a leaning head: u settles at K⁻¹ · drive."""
    swing = net().swing()
    gains = np.zeros((3, 2, 90), np.float32)
    gains[2] = 1
    swing = Swing(**(vars(swing) | {"gains": gains}))
    head = np.tile(np.eye(4), (400, 1, 1))
    head[:, :3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    away = SwingRun(swing).frames(np.zeros((400, 90, 3)), head)
    from animdrive.deformer.swing import GRAVITY

    pull = np.linalg.solve(swing.matrices()[0].toarray(), np.ones((90, 1)))
    world = pull * (GRAVITY - head[0, :3, :3] @ GRAVITY)
    np.testing.assert_allclose(away[-1] @ head[0, :3, :3].T, world, atol=1e-9)


def test_training_runs_the_same_system_as_use():
    system = net()
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for value in system.parameters():
            value += 0.5 * torch.from_numpy(rng.normal(size=value.shape).astype(np.float32))
    places = rng.normal(0, 0.01, (12, 90, 3)).cumsum(axis=0)
    turn = np.tile(np.eye(4), (12, 1, 1))
    for frame in range(12):
        c, s = np.cos(frame / 9), np.sin(frame / 9)
        turn[frame, :3, :3] = [[c, -s, 0], [s, c, 0], [0, 0, 1]]
    world = np.einsum("tij,taj->tai", turn[:, :3, :3], places)
    used = SwingRun(system.swing()).frames(places, turn)
    used = np.einsum("tij,taj->tai", turn[:, :3, :3], used)
    before = np.concatenate([world[:1], world[:1], world]) * 1e3
    turns = np.concatenate([turn[:1], turn[:1], turn])[:, None, :3, :3]
    with torch.no_grad():
        found = system._unrolled(
            torch.from_numpy(before[:, :, None]).float(), torch.from_numpy(turns).float()
        )
    np.testing.assert_allclose(found[:, :, 0] * 1e-3, used, atol=1e-5)


def test_edges_are_each_there_once():
    faces = np.array([[0, 1, 2], [0, 2, 3], [3, 4, 0]])
    found = edges_among(np.array([0, 2, 3, 4]), faces)
    np.testing.assert_array_equal(found, [[0, 1], [0, 2], [0, 3], [1, 2], [2, 3]])
    assert edges_among(np.zeros(0, dtype=int), faces).shape == (0, 2)
