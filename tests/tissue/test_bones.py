"""Bone under the skin, and the mandible."""

from dataclasses import replace

import numpy as np
import pytest
from exact import Surface

from animdrive.contract import ARKIT52
from animdrive.errors import ContractError
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.bones import (
    DEPTH_MARKS,
    MANDIBLE,
    TALLIED,
    mandible_motion,
    mandible_of,
    medial_radius,
    skull_surface,
    soft_tissue_depth,
)

MM = 1e-3


@pytest.fixture(scope="module")
def rest():
    return load_head().rig.neutral.vertices.astype(np.float64)


@pytest.fixture(scope="module")
def depth(rest):
    return soft_tissue_depth(rest, load_topology())


def test_depth_is_that_of_the_table_where_nothing_limits_it(depth):
    """Lips, cheeks and nose are thinner than the way to the bone: there the table only bounds."""
    limited = {"subnasale", "mid-philtrum", "labrale superius", "labrale inferius",
               "mentolabial sulcus", "supra canine", "infra canine", "alare curvature",
               "supra second molar", "infra second molar", "mid-ramus", "gonion",
               "mid-mandibular border"}  # fmt: skip
    tallied = [mark for mark in DEPTH_MARKS if mark.source == TALLIED]
    assert len(tallied) >= 20
    for mark in tallied:
        found = depth[list(mark.landmarks)].mean() / MM
        if mark.name in limited:
            assert 2.0 < found <= mark.depth_mm * 1.05, mark.name
        else:
            assert found == pytest.approx(mark.depth_mm, rel=0.15), mark.name


def test_depth_is_mirrored_smooth_and_within_limits(depth):
    topology = load_topology()
    np.testing.assert_array_equal(depth, depth[topology.mirror])
    assert 0.2 * MM < depth.min()
    assert depth.max() < 27 * MM
    faces = topology.faces[-1]
    outer = (topology.masks["mouth"] < 0.02) & (topology.masks["lips"] < 0.02)
    face = faces[outer[faces].all(1)]
    step = np.abs(depth[face] - np.roll(depth[face], 1, axis=1))
    assert np.percentile(step, 99) < 2.5 * MM


def test_the_way_to_the_lining_is_longer_and_never_leaves_the_body(rest, depth):
    topology = load_topology()
    whole = soft_tissue_depth(rest, topology, to_lining=True)
    assert (whole >= depth - 1e-9).all()
    lips = topology.masks["lips"] > 0.5
    assert np.median(whole[lips] / depth[lips]) > 1.5


def test_depth_grows_with_the_head(rest, depth):
    bigger = soft_tissue_depth(rest * 1.25, load_topology())
    np.testing.assert_allclose(bigger, 1.25 * depth, rtol=0.01, atol=0.02 * MM)


def test_medial_radius_of_a_ball_and_of_a_slab_is_known():
    rng = np.random.default_rng(1)
    normal = rng.normal(size=(4000, 3))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    ball = medial_radius(0.01 * normal, normal)
    np.testing.assert_allclose(ball, 0.01, rtol=0.02)
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(0, 0.05, 51), np.linspace(0, 0.05, 51)))
    sheet = np.column_stack([x, y, np.zeros(len(x))])
    both = np.concatenate([sheet, sheet + np.array([0, 0, 0.006])])
    out = np.repeat([[0, 0, -1.0], [0, 0, 1.0]], len(sheet), axis=0)
    middle = np.flatnonzero((np.abs(x - 0.025) < 0.01) & (np.abs(y - 0.025) < 0.01))
    np.testing.assert_allclose(medial_radius(both, out)[middle], 0.003, rtol=0.02)


def test_bone_lies_inside_the_skin(rest, depth):
    topology = load_topology()
    bone, faces = skull_surface(rest, topology, depth)
    skin = Surface(rest[: topology.counts[-1]], topology.faces[-1])
    face = np.unique(faces[(topology.behind < 0.02)[faces].all(1)])[::17]
    found = skin.nearest(bone[face], reach=0.04).distance
    assert np.mean(found < -0.5 * MM) > 0.97
    assert np.mean(found > 0) < 0.01  # a crease or two beside the nose
    assert found.max() < 1.0 * MM


@pytest.mark.parametrize("curve", ["jawOpen", "jawForward", "jawLeft", "jawRight"])
@pytest.mark.parametrize("fitted", [False, True])
def test_the_lower_teeth_go_where_the_rig_puts_them(rest, curve, fitted):
    head = load_head()
    run = head.part("teeth_lower").vertices
    mandible = mandible_of(head) if fitted else MANDIBLE
    rotation, translation = mandible.motion([1.0], [curve])
    moved = rest[run] @ rotation.T + translation
    np.testing.assert_allclose(moved - rest[run], head.rig.delta(curve)[run], atol=2e-6)


@pytest.mark.parametrize("opened", [0.0, 0.3, 0.7, 1.0])
def test_the_jaw_stays_rigid_on_its_way(opened):
    values = np.zeros(52)
    values[ARKIT52.index("jawOpen")] = opened
    values[ARKIT52.index("jawLeft")] = 0.4
    rotation, translation = mandible_motion(values, ARKIT52)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    hinge = rotation @ MANDIBLE.hinge + translation
    expected = MANDIBLE.hinge + opened * MANDIBLE.glide + 0.4 * MANDIBLE.slides["jawLeft"]
    np.testing.assert_allclose(hinge, expected, atol=1e-12)
    assert (rotation[2, 1] > 0) == (opened > 0)


def test_rest_is_exactly_still_and_other_curves_do_not_count():
    for curve in ("mouthSmileLeft", "mouthClose"):
        rotation, translation = mandible_motion([1.0], [curve])
        np.testing.assert_array_equal(rotation, np.eye(3))
        np.testing.assert_array_equal(translation, np.zeros(3))


def test_a_mirrored_swing_is_the_mirror_image():
    flip = np.diag([-1.0, 1, 1])
    names = ("jawOpen", "jawLeft", "jawRight")
    r1, t1 = mandible_motion([0.5, 0.7, 0.0], names)
    r2, t2 = mandible_motion([0.5, 0.0, 0.7], names)
    np.testing.assert_allclose(flip @ r1 @ flip, r2, atol=1e-12)
    np.testing.assert_allclose(flip @ t1, t2, atol=1e-12)


def test_the_jaw_of_a_larger_head_is_read_from_its_teeth():
    head = load_head()
    neutral = replace(head.rig.neutral, vertices=head.rig.neutral.vertices * 1.1)
    rig = replace(head.rig, neutral=neutral, deltas=head.rig.deltas * 1.1)
    bigger = mandible_of(replace(head, rig=rig))
    np.testing.assert_allclose(bigger.hinge, MANDIBLE.hinge * 1.1, atol=1e-5)
    np.testing.assert_allclose(bigger.glide, MANDIBLE.glide * 1.1, atol=1e-5)
    assert bigger.open_rad == pytest.approx(MANDIBLE.open_rad, abs=1e-4)


def test_wrong_numbers_of_values_and_vertices_are_told(rest):
    with pytest.raises(ContractError, match=r"shape \[52\], got \[3\]"):
        mandible_motion([0, 0, 0], ARKIT52)
    with pytest.raises(ContractError, match=r"needs the skin's \d+ vertices"):
        soft_tissue_depth(rest[:468], load_topology())
