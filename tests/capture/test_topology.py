"""The same vertices, the same in another order, and another mesh are told apart."""

import numpy as np
import pytest

from animdrive.capture.topology import match_topology
from animdrive.contract import Mesh
from animdrive.deformer.linear import LinearDeformer
from animdrive.errors import InputError
from animdrive.rig.head import load_head
from animdrive.rig.lod import character_at


@pytest.fixture(scope="module")
def low():
    return character_at(load_head(), "low").rig


@pytest.fixture(scope="module")
def smile(low):
    values = np.zeros((1, 52), np.float32)
    values[0, [low.names.index(n) for n in ("mouthSmileLeft", "jawOpen", "eyeBlinkLeft")]] = 0.15
    return LinearDeformer(low).run(values)[0]


def shuffled(rig, rng):
    order = rng.permutation(len(rig.neutral.vertices))
    return order, np.argsort(order)


@pytest.mark.parametrize("with_faces", [True, False])
def test_the_rig_s_own_vertices_are_the_same_at_rest_and_in_motion(low, smile, with_faces):
    faces = low.neutral.faces if with_faces else None
    for skin in (low.neutral.vertices, smile):
        match = match_topology(low.neutral, skin, faces)
        assert match.kind == "same"
        assert match.in_order(skin) is skin
        assert not match.finding.severe


def test_a_shuffled_mesh_is_put_in_order_even_in_motion(low, smile):
    order, back = shuffled(low, np.random.default_rng(0))
    faces = back[low.neutral.faces].astype(np.int32)
    match = match_topology(low.neutral, smile[order], faces)
    assert match.kind == "reordered"
    np.testing.assert_array_equal(match.in_order(smile[order]), smile)
    moved = int((back != np.arange(len(back))).sum())
    assert match.finding.figures["moved_vertices"] == moved
    assert f"{moved} were put in their places" in match.finding.line


def test_shuffled_points_are_put_in_order_by_their_places_near_rest(low):
    order, _ = shuffled(low, np.random.default_rng(1))
    rest = low.neutral.vertices
    match = match_topology(low.neutral, rest[order])
    assert match.kind == "reordered"
    # Where vertices share a place to the bit, points alone cannot tell them apart.
    np.testing.assert_array_equal(match.in_order(rest[order]), rest)


def test_two_vertices_that_changed_places_are_found_with_faces(low):
    rest = low.neutral.vertices
    order = np.arange(len(rest))
    order[[10, 2000]] = order[[2000, 10]]
    match = match_topology(low.neutral, rest[order], np.argsort(order)[low.neutral.faces])
    assert match.kind == "reordered"
    assert match.finding.figures["moved_vertices"] == 2


def test_points_that_are_shuffled_and_move_are_foreign(low, smile):
    order, _ = shuffled(low, np.random.default_rng(2))
    wild = smile[order] + np.array([0.05, 0.02, 0.0], np.float32)  # far from its place
    match = match_topology(low.neutral, wild)
    assert match.kind == "foreign"
    assert match.finding.severe
    with pytest.raises(InputError, match=r"not in place or order\. Wrap it onto the rig \(--wrap"):
        match.in_order(wild)


def test_another_number_of_vertices_or_faces_is_foreign(low):
    rest = low.neutral
    match = match_topology(rest, rest.vertices[:-1])
    assert match.kind == "foreign"
    assert match.finding.line == (
        f"The cache has {len(rest.vertices) - 1} vertices, the rig {len(rest.vertices)}."
    )
    match = match_topology(rest, rest.vertices, rest.faces[:-1])
    assert match.kind == "foreign"
    assert "faces, the rig" in match.finding.line


def test_a_flipped_edge_makes_it_foreign():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0.5, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3], [1, 4, 2]], np.int32)
    mesh = Mesh(vertices, faces, np.zeros((5, 2), np.float32))
    other = np.array([[0, 1, 3], [1, 2, 3], [1, 4, 2]], np.int32)
    assert match_topology(mesh, vertices, other).kind == "foreign"


def test_the_same_faces_at_another_size_are_told(low):
    match = match_topology(low.neutral, low.neutral.vertices * 100, low.neutral.faces)
    assert match.kind == "same"
    assert match.finding.severe
    assert "edges are 100 times as long" in match.finding.line
