"""Energies: their gradients are their derivatives, and rest costs nothing."""

import numpy as np
import pytest
import torch
from scipy import sparse

from animdrive.tissue.contact import BallContact, GridContact, LipContact
from animdrive.tissue.elastic import Fibres, Limits, Linear, Pressure, SoftTissue, Springs
from animdrive.tissue.mesh import TissueMesh
from animdrive.tissue.nearest import nearest_on

CPU = torch.device("cpu")
NODES = np.array(
    [[0, 0, 0], [4, 0, 0], [0, 4, 0], [4, 4, 1], [0, 0, -3], [4, 0, -3], [0, 4, -3], [4, 4, -3]],
    dtype=float,
)
TETS = np.array([[0, 2, 1, 4], [1, 2, 3, 7], [1, 2, 7, 4], [2, 7, 4, 6], [1, 7, 5, 4]])


@pytest.fixture
def block():
    tets = TETS.copy()
    corner = NODES[tets]
    turned = np.linalg.det(corner[:, 1:] - corner[:, :1]) < 0
    tets[turned] = tets[turned][:, [0, 2, 1, 3]]
    none = sparse.csr_matrix((0, len(NODES)))
    return TissueMesh(
        nodes=NODES,
        tets=tets,
        skin_faces=np.array([[0, 1, 3], [0, 3, 2]]),
        depth=np.full(4, 3.0),
        lining=np.zeros(4, dtype=bool),
        fixed=np.zeros(8, dtype=bool),
        jaw_share=np.zeros(8),
        bone=np.zeros(8),
        ties=(none, none),
    )


def at(points, batch=2):
    """Return [N, 3, B] of points, a little different in each frame."""
    frames = [
        points + 0.3 * np.random.default_rng(b).normal(size=points.shape) for b in range(batch)
    ]
    return torch.from_numpy(np.stack(frames, axis=-1))


def check_gradient(energy, x, atol=1e-5):
    """Compare a gradient with central differences along random directions."""
    _, gradient = energy(x)
    rng = np.random.default_rng(5)
    for _ in range(6):
        way = torch.from_numpy(rng.normal(size=x.shape))
        step = 1e-6
        ahead, _ = energy(x + step * way)
        back, _ = energy(x - step * way)
        slope = (ahead - back) / (2 * step)
        told = (gradient * way).sum(dim=(0, 1))
        torch.testing.assert_close(told, slope, rtol=1e-4, atol=atol)


def tissue(block):
    return SoftTissue(block, shear=np.linspace(1, 2, len(block.tets)), bulk=12.0, device=CPU)


def test_tissue_gradient_is_the_derivative(block):
    check_gradient(tissue(block).energy, at(NODES))


def test_tissue_at_rest_neither_costs_nor_pulls(block):
    energy, gradient = tissue(block).energy(torch.from_numpy(NODES)[:, :, None])
    assert abs(float(energy)) < 1e-9
    assert float(gradient.abs().max()) < 1e-9


def test_turning_and_moving_tissue_costs_nothing(block):
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    energy, gradient = tissue(block).energy(torch.from_numpy(NODES @ turn.T + 5)[:, :, None])
    assert abs(float(energy)) < 1e-9
    assert float(gradient.abs().max()) < 1e-9


def test_tissue_resists_a_change_of_volume_more_than_a_change_of_shape(block):
    grown = torch.from_numpy(NODES * 1.1)[:, :, None]
    sheared = NODES.copy()
    sheared[:, 0] += 0.1 * NODES[:, 1]
    both = [float(tissue(block).energy(x)[0]) for x in
            (grown, torch.from_numpy(sheared)[:, :, None])]  # fmt: skip
    assert both[0] > 5 * both[1] > 0


def test_turned_over_tissue_is_pushed_back(block):
    flat = NODES.copy()
    flat[:, 2] *= -0.5
    energy, gradient = tissue(block).energy(torch.from_numpy(flat)[:, :, None])
    assert torch.isfinite(energy).all()
    assert torch.isfinite(gradient).all()
    assert float((gradient[:, 2, 0] * torch.from_numpy(NODES[:, 2] - flat[:, 2])).sum()) < 0


def fibres(lengths):
    start = sparse.csr_matrix(np.eye(3, 9)[[0, 1]])
    end = sparse.csr_matrix(np.eye(9)[[1, 8]])
    return Fibres(
        start, end, np.array([0, 1]), np.array(lengths), stiffness=np.array([3.0, 5.0]), device=CPU
    )


def test_fibre_gradient_is_the_derivative():
    muscle = fibres([4.0, 4.0])
    pull = torch.tensor([[0.3, 0.1], [0.2, 0.4]], dtype=torch.float64)
    points = np.concatenate([NODES, [[9.0, 1, 1]]])
    check_gradient(lambda x: muscle.energy(x, pull), at(points))


def test_a_muscle_that_rests_neither_pulls_nor_resists():
    stretched = torch.from_numpy(np.concatenate([NODES * 2, [[30.0, 1, 1]]]))[:, :, None]
    energy, gradient = fibres([4.0, 4.0]).energy(stretched, torch.zeros(2, 1, dtype=torch.float64))
    assert float(energy) == 0
    assert float(gradient.abs().max()) == 0


def test_a_fibre_pulls_and_never_pushes():
    near = torch.from_numpy(np.concatenate([NODES * 0.1, [[0.5, 0.1, 0.1]]]))[:, :, None]
    energy, _ = fibres([4.0, 4.0]).energy(near, torch.full((2, 1), 0.3, dtype=torch.float64))
    assert float(energy) == 0


def test_springs_limits_and_pressure_have_true_gradients():
    matrix = sparse.csr_matrix(np.eye(8)[[0, 3, 5]])
    springs = Springs(matrix, torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)[:, None, None])
    target = torch.ones(3, 3, 2, dtype=torch.float64)
    check_gradient(lambda x: springs.energy(x, target), at(NODES))
    limits = Limits(
        np.array([[0, 1], [2, 3]]), np.array([2.0, 2.0]), 8, stretch=0.2, stiffness=3.0, device=CPU
    )
    check_gradient(limits.energy, at(NODES))
    air = Pressure(np.array([[0, 1, 3], [0, 3, 2]]), np.array([1.0, 0.4]), CPU)
    strength = torch.tensor([0.5, 1.5], dtype=torch.float64)
    x = at(NODES)
    x[4:] = 0
    # Pressure on an open patch has no potential of its own; a closed one has.
    closed = np.array(
        [[0, 2, 1], [1, 2, 3], [0, 1, 4], [1, 5, 4], [0, 4, 2], [2, 4, 6],
         [1, 3, 7], [1, 7, 5], [2, 6, 3], [3, 6, 7], [4, 5, 7], [4, 7, 6]]
    )  # fmt: skip
    whole = Pressure(closed, np.ones(len(closed)), CPU)
    check_gradient(lambda x: whole.energy(x, strength), at(NODES))
    _, push = air.energy(x, strength)
    assert float(push[:4].abs().max()) > 0


def test_linear_maps_and_their_transposes_are_those_of_the_matrix():
    matrix = sparse.random(5, 8, density=0.4, random_state=1, format="csr")
    x, y = at(NODES), torch.randn(5, 3, 2, dtype=torch.float64)
    map_ = Linear(matrix, CPU)
    assert torch.allclose((map_(x) * y).sum(), (x * map_.back(y)).sum())


def test_contacts_push_out_with_true_gradients():
    axis = np.arange(-6, 7.0)
    grid = np.sqrt(sum(a**2 for a in np.meshgrid(axis, axis, axis, indexing="ij"))) - 3.0
    nodes = np.arange(8)
    far = torch.from_numpy(NODES * 10 + 20)[:, :, None]
    ball = GridContact(grid, np.full(3, -6.0), 1.0, nodes, far, stiffness=4.0, clearance=0.1)
    turn = torch.eye(3, dtype=torch.float64)[:, :, None].expand(-1, -1, 2)
    shift = torch.zeros(3, 2, dtype=torch.float64)

    def energy(x):
        gradient = torch.zeros_like(x)
        return ball.energy(x, gradient, turn, shift), gradient

    x = at(NODES * 0.5 + 0.8)  # not in the very middle, where every way out is as short
    check_gradient(energy, x)
    assert float(energy(x)[0].min()) > 0
    ball.push_out(x, turn, shift)
    distance, _ = ball.distance(x, turn, shift)
    assert float(distance.min()) > -0.3

    eye = BallContact(np.zeros(3), 3.0, 0.0, 0.5, nodes, far, stiffness=4.0, clearance=0.1)
    gaze = torch.tensor([[0.0, 0], [0, 0], [1, 1]], dtype=torch.float64)

    def eye_energy(x):
        gradient = torch.zeros_like(x)
        return eye.energy(x, gradient, gaze), gradient

    x = at(NODES * 0.4)
    check_gradient(eye_energy, x)
    eye.push_out(x, gaze)
    assert float(x.norm(dim=1).min()) > 3.0


def test_the_nearest_point_of_a_triangle_is_no_further_than_any_other():
    rng = np.random.default_rng(0)
    corners = rng.normal(size=(40, 3, 3))
    points = rng.normal(size=(40, 3)) * 2
    weights, distance = nearest_on(points, corners)
    assert weights.min() > -1e-9
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-9)
    for others in rng.dirichlet(np.ones(3), size=300):
        other = np.linalg.norm(points - np.einsum("k,nkd->nd", others, corners), axis=1)
        assert (other >= distance - 1e-9).all()


def test_the_nearest_point_may_lie_in_the_face_on_an_edge_or_at_a_corner():
    corner = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]], dtype=float)
    for point, share in (
        ((0.2, 0.3, 5.0), (0.5, 0.2, 0.3)),
        ((0.4, -2.0, 0.0), (0.6, 0.4, 0.0)),
        ((-1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    ):
        weights, distance = nearest_on(np.array([point]), corner)
        np.testing.assert_allclose(weights[0], share, atol=1e-12)
        assert distance[0] == pytest.approx(np.linalg.norm(share @ corner[0] - point))


def test_lips_that_overlap_are_parted_and_lips_at_rest_left_alone():
    # Two flat patches, the upper one facing down.
    side = np.arange(4) * 1.0
    x, z = (g.ravel() for g in np.meshgrid(side, side, indexing="ij"))
    lower = np.column_stack([x, np.zeros(16), z])
    upper = lower + np.array([0.2, 0.4, 0.1])
    cells = [(i * 4 + j) for i in range(3) for j in range(3)]
    up_faces = np.array([t for c in cells for t in ((c, c + 1, c + 4), (c + 1, c + 5, c + 4))])
    low_faces, high_faces = up_faces.copy(), up_faces[:, ::-1] + 16
    rest = np.concatenate([lower, upper])
    contact = LipContact(
        np.arange(16, 32), np.arange(16), high_faces, low_faces,
        np.concatenate([low_faces, high_faces]).astype(np.int32), rest, stiffness=2.0,
    )  # fmt: skip

    def energy(points):
        x = torch.from_numpy(points)[:, :, None]
        gradient = torch.zeros_like(x)
        return float(contact.energy(x, gradient, contact.update(x))), gradient

    assert energy(rest)[0] == 0
    pressed = rest.copy()
    pressed[16:, 1] -= 0.9
    cost, gradient = energy(pressed)
    assert cost > 0
    assert float(gradient[16:, 1].max()) <= 0  # downhill is up for the upper lip
    assert float(gradient[:16, 1].min()) >= 0
