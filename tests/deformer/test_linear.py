import numpy as np
import pytest

from animdrive.contract import Mesh, Rig
from animdrive.contract.stages import Deformer
from animdrive.deformer import MODELS
from animdrive.deformer.linear import LinearDeformer
from animdrive.errors import BackendError, ContractError

RANDOM = np.random.default_rng(5)


@pytest.fixture
def rig():
    points = RANDOM.normal(0, 0.1, (30, 3))
    deltas = RANDOM.normal(0, 0.01, (4, 30, 3))
    deltas[:, 10:20] = 0
    faces = np.arange(30).reshape(10, 3)
    return Rig(Mesh(points, faces, np.zeros((30, 2))), ("a", "b", "c", "d"), deltas)


def test_table_loads_it_and_it_is_a_deformer(rig):
    deformer = MODELS.load("linear")(rig)
    assert isinstance(deformer, Deformer)
    assert deformer.names == rig.names


def test_unknown_deformer_is_named():
    with pytest.raises(BackendError, match=r"Unknown deformer model 'x'\. Available: neural_morph"):
        MODELS.load("x")


def test_rest_is_the_neutral_face_to_the_bit(rig):
    skin = LinearDeformer(rig).run(np.zeros((3, 4)))
    np.testing.assert_array_equal(skin, np.repeat(rig.neutral.vertices[None], 3, axis=0))


def test_one_curve_alone_is_its_shape(rig):
    skin = LinearDeformer(rig).run(np.eye(4))
    np.testing.assert_allclose(skin, rig.neutral.vertices + rig.deltas, atol=1e-7)


def test_it_is_the_sum_of_offsets(rig):
    values = RANDOM.uniform(0, 1, (7, 4))
    expected = rig.neutral.vertices + np.einsum("tc,cvx->tvx", values, rig.deltas)
    np.testing.assert_allclose(LinearDeformer(rig).run(values), expected, atol=1e-6)


def test_chunks_do_not_see_each_other(rig):
    values = RANDOM.uniform(0, 1, (9, 4)).astype(np.float32)
    deformer = LinearDeformer(rig)
    pieces = np.concatenate([deformer.run(values[:2]), deformer.run(values[2:])])
    np.testing.assert_allclose(pieces, deformer.run(values), atol=1e-7)


def test_runs_of_moving_vertices_among_still_ones():
    """Gaps that are longer and shorter than what is skipped, ends included."""
    deltas = np.zeros((2, 500, 3))
    deltas[0, [0, 50, 200]] = 1
    deltas[1, [201, 499]] = 2
    rig = Rig(
        Mesh(RANDOM.normal(0, 1, (500, 3)), [[0, 1, 2]], np.zeros((500, 2))), ("a", "b"), deltas
    )
    values = RANDOM.uniform(0, 1, (3, 2))
    expected = rig.neutral.vertices + np.einsum("tc,cvx->tvx", values, deltas)
    np.testing.assert_allclose(LinearDeformer(rig).run(values), expected, atol=1e-5)


def test_a_rig_that_nothing_moves(rig):
    still = Rig(rig.neutral, ("a",), np.zeros((1, 30, 3)))
    np.testing.assert_array_equal(LinearDeformer(still).run([[1.0]])[0], rig.neutral.vertices)


def test_no_frames_give_no_skin(rig):
    assert LinearDeformer(rig).run(np.zeros((0, 4))).shape == (0, 30, 3)


@pytest.mark.parametrize("shape", [(4,), (2, 5)])
def test_wrong_values_are_refused(rig, shape):
    with pytest.raises(ContractError, match=r"shape \[T, 4\]"):
        LinearDeformer(rig).run(np.zeros(shape))
