"""The muscles as fibres: where they lie, how long they are, and that they follow the head."""

import numpy as np
import pytest
from exact import Surface

from animdrive.errors import ContractError
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.dental import dental_bodies
from animdrive.tissue.muscle_table import COURSES
from animdrive.tissue.muscles import muscles_of

MM = 1e-3
DEEP = ("levator_palpebrae",)
"""Comes from the apex of the orbit, 45 mm behind the lids."""


@pytest.fixture(scope="module")
def rest():
    return load_head().rig.neutral.vertices.astype(np.float64)


@pytest.fixture(scope="module")
def muscles(rest):
    return muscles_of(rest, load_topology())


def bare(muscle):
    return muscle.name.rpartition("_")[0]


def test_every_muscle_of_the_table_is_there_once_on_each_side(muscles):
    names = [f"{course.name}_{side}" for course in COURSES for side in ("left", "right")]
    assert [muscle.name for muscle in muscles] == names
    assert len(set(names)) == len(names)


def test_the_right_side_mirrors_the_left(muscles):
    for left, right in zip(muscles[::2], muscles[1::2], strict=True):
        for one, other in zip(left.fibres, right.fibres, strict=True):
            np.testing.assert_allclose(other, one * [-1, 1, 1], atol=1e-8, err_msg=left.name)


def test_fibres_begin_on_their_own_side(muscles):
    for muscle in muscles[::2]:
        starts = np.array([fibre[0, 0] for fibre in muscle.fibres])
        assert (starts > 0).all(), muscle.name


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.name)
def test_lengths_and_steps_are_plausible(muscles, course):
    muscle = next(m for m in muscles if bare(m) == course.name)
    low, high = course.length_mm
    lengths = muscle.lengths() / MM
    assert (lengths >= low).all(), lengths
    assert (lengths <= high).all(), lengths
    assert 2 <= len(muscle.fibres) <= 8
    for fibre in muscle.fibres:
        assert len(fibre) >= 4
        steps = np.linalg.norm(np.diff(fibre, axis=0), axis=1) / MM
        assert steps.max() < 9
        assert steps.min() > 1.5
    assert 0.1 <= muscle.shortening <= 0.4
    assert not muscle.closed


def outer_skin(rest):
    """Return the skin without the lining of the mouth and the backs of the lids."""
    topology = load_topology()
    hidden = topology.masks["mouth"] > 0.02
    for side in ("left", "right"):
        hidden = hidden | (topology.masks[f"lid_{side}"] > 0.3)
    for name, ring in topology.rings.items():
        if name.startswith("mouth_"):
            hidden[ring] = True
    faces = topology.faces[-1]
    return Surface(rest[: topology.counts[-1]], faces[~hidden[faces].any(1)])


def test_fibres_lie_in_the_tissue_and_not_in_teeth_or_eyes(rest, muscles):
    head, skin = load_head(), outer_skin(rest)
    bodies = dental_bodies(head, spacing=1.2 * MM)
    for muscle in muscles[::2]:
        points = np.concatenate(muscle.fibres)
        if bare(muscle) not in DEEP:
            under = -skin.nearest(points[::2], reach=0.06).distance / MM
            assert under.min() > 0.3, (muscle.name, under.min())
            assert under.max() < 25, (muscle.name, under.max())
        eye = np.linalg.norm(points - head.eye_pivots[0], axis=1) / MM
        assert eye.min() > 12, (muscle.name, eye.min())
        for body in bodies:
            assert body.sample(points)[0].min() > -0.3 * MM, muscle.name


def test_origins_lie_deeper_than_insertions_where_they_are_on_bone(rest, muscles):
    skin = outer_skin(rest)
    for muscle in muscles[::2]:
        if bare(muscle) not in ("zygomaticus_major", "levator_labii_superioris", "mentalis"):
            continue
        for fibre in muscle.fibres:
            first, last = -skin.nearest(fibre[[0, -1]], reach=0.04).distance / MM
            assert first > last + 0.5, muscle.name
            assert 0.5 < last < 3, muscle.name


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("zygomaticus_major_left", (1, 1, -1)),
        ("depressor_anguli_oris_left", (0, -1, 0)),
        ("depressor_labii_inferioris_left", (0, -1, 0)),
        ("levator_labii_superioris_left", (0, 1, 0)),
        ("frontalis_medial_left", (0, 1, 0)),
        ("frontalis_lateral_left", (0, 1, 0)),
        ("corrugator_supercilii_left", (-1, -1, 0)),
        ("procerus_left", (0, -1, 0)),
        ("risorius_left", (1, 0, -1)),
        ("buccinator_upper_left", (1, 0, -1)),
        ("platysma_left", (0, -1, 0)),
        ("mentalis_left", (0, 1, 0)),
        ("levator_palpebrae_left", (0, 0, -1)),
        ("depressor_septi_left", (0, -1, 0)),
        ("depressor_supercilii_left", (0, -1, 0)),
    ],
)
def test_contraction_draws_the_insertion_the_known_way(muscles, name, direction):
    muscle = next(m for m in muscles if m.name == name)
    pull = np.mean([fibre[0] - fibre[-1] for fibre in muscle.fibres], axis=0)
    pull /= np.linalg.norm(pull)
    for axis, sign in enumerate(direction):
        if sign:
            assert pull[axis] * sign > 0.2, pull


def test_lips_are_ringed_from_corner_to_middle(rest, muscles):
    for muscle in muscles[::2]:
        if not muscle.name.startswith("orbicularis_oris"):
            continue
        upper = "_upper_" in muscle.name
        for fibre in muscle.fibres:
            assert fibre[0, 0] > 0.85 * rest[291, 0]
            assert fibre[-1, 0] < 0.001  # the quadrants meet or cross in the middle
            assert (fibre[len(fibre) // 2, 1] > rest[13, 1]) == upper


def test_a_scaled_head_has_scaled_muscles(rest, muscles):
    bigger = muscles_of(rest * 1.2, load_topology())
    for small, big in zip(muscles, bigger, strict=True):
        for one, other in zip(small.fibres, big.fibres, strict=True):
            np.testing.assert_allclose(other, 1.2 * one, atol=0.05 * MM, err_msg=small.name)


def test_a_wider_jaw_takes_its_muscles_along(rest, muscles):
    low = np.clip((-rest[:, 1] - 0.02) / 0.03, 0, 1)[:, None]
    wider = rest * (1 + low * [0.1, 0, 0])
    moved = {m.name: m for m in muscles_of(wider, load_topology())}
    still = {m.name: m for m in muscles}
    out = moved["depressor_anguli_oris_left"].fibres[0][0, 0]
    assert out > still["depressor_anguli_oris_left"].fibres[0][0, 0] * 1.05
    np.testing.assert_allclose(
        moved["frontalis_medial_left"].fibres[0],
        still["frontalis_medial_left"].fibres[0],
        atol=0.5 * MM,
    )


def test_too_few_vertices_are_told(rest):
    with pytest.raises(ContractError, match=r"needs the skin's \d+ vertices .* got \[100, 3\]"):
        muscles_of(rest[:100], load_topology())
