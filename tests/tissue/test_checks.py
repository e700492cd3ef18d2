"""The rulers themselves: cases made so that the answer is known."""

import numpy as np
import pytest
from checks import Checker
from exact import Surface, penetration
from folds import Folds

from animdrive.contract import ARKIT_INDEX
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.bones import soft_tissue_depth

BOX = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float) * 0.01
BOX_FACES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
     [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
)  # fmt: skip


@pytest.fixture(scope="module")
def checker():
    return Checker(load_head(), load_topology())


@pytest.fixture(scope="module")
def folds(checker):
    return Folds(checker)


def test_distance_to_a_box_is_that_of_its_formula():
    points = np.random.default_rng(0).uniform(-0.016, 0.016, (800, 3))
    q = np.abs(points) - 0.01
    truth = np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(1), 0)
    found = Surface(BOX, BOX_FACES).nearest(points, reach=1.0)
    np.testing.assert_allclose(found.distance, truth, atol=1e-12)
    assert not found.rim.any()


def test_a_point_over_an_open_border_is_not_inside():
    open_box = Surface(BOX, BOX_FACES[2:])  # without the side at x = -1
    beyond = np.array([[-0.013, 0.0, 0.0], [-0.013, 0.009, 0.0]])
    assert open_box.nearest(beyond, reach=1.0).rim.all()
    assert not penetration(beyond, open_box, reach=1.0).any()
    assert penetration(np.array([[0.009, 0, 0]]), open_box, reach=1.0) == pytest.approx(0.001)


def pushed(checker, vertex, part, front):
    """Return the rest with a skin vertex 0.5 mm under the face of `part` nearest to `front`."""
    vertices = checker.rest.copy()
    surface = checker._part(vertices, part)
    face = int(np.argmin(np.linalg.norm(surface.middle - front, axis=1)))
    vertices[vertex] = surface.middle[face] - 0.0005 * surface.normal[face]
    return vertices


@pytest.mark.parametrize("part", ["teeth_upper", "teeth_lower"])
def test_a_vertex_half_a_millimetre_in_a_tooth_is_reported_so(checker, part):
    assert checker.lip_teeth(checker.rest) < 0.05
    run = checker.character.part(part).vertices
    teeth = checker.rest[run]
    front = teeth[np.argmax(teeth[:, 2] - 0.5 * np.abs(teeth[:, 0] - 0.004))] + [0, 0, 0.01]
    found = checker.lip_teeth(pushed(checker, 14, part, front))
    assert found == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("side", "lid"), [("left", 386), ("right", 145)])
def test_a_lid_half_a_millimetre_in_the_eye_is_reported_so(checker, side, lid):
    assert checker.lid_eye(checker.rest) < 0.05
    front = checker.rest[lid] + [0, 0, 0.001]
    assert checker.lid_eye(pushed(checker, lid, f"eye_{side}", front)) == pytest.approx(
        0.5, abs=0.02
    )


def test_the_eye_is_measured_where_it_looks(checker):
    values = np.zeros(52)
    values[ARKIT_INDEX["eyeLookUpLeft"]] = 1
    posed = checker.posed(checker.rest, values)
    run = checker.character.part("eye_left").vertices
    pole = posed[run][0] - checker.character.eye_pivots[0]
    assert pole[1] > 0.004
    right = checker.character.part("eye_right").vertices
    np.testing.assert_allclose(posed[right], checker.rest[right], atol=1e-7)


def test_lips_that_run_into_each_other_are_seen(checker):
    assert checker.lip_lip(checker.rest) < 0.1
    for shift in (0.0005, 0.001):
        vertices = checker.rest.copy()
        vertices[checker.lip_halves["lower"], 1] += shift
        assert checker.lip_lip(vertices) == pytest.approx(shift * 1e3, abs=0.35 * shift * 1e3)


def test_lips_that_part_do_not_touch(checker):
    vertices = checker.rest.copy()
    vertices[checker.lip_halves["lower"], 1] -= 0.004
    assert checker.lip_lip(vertices) == 0


def test_the_two_lips_are_mirror_images_of_themselves_and_apart(checker):
    upper, lower = checker.lip_halves["upper"], checker.lip_halves["lower"]
    assert not len(np.intersect1d(upper, lower))
    for half in (upper, lower):
        assert set(checker.topology.mirror[half]) == set(half)
    assert {13, 82, 312, 0} <= set(upper.tolist())
    assert {14, 87, 317, 17} <= set(lower.tolist())


def test_volume_grows_with_the_cube_of_the_size(checker):
    depth = soft_tissue_depth(checker.rest, checker.topology)
    whole = checker.enclosed(checker.rest)
    assert 2.5e6 < whole < 5.5e6  # a head down to the neck, mm³
    gained = checker.volume_change(checker.rest * 1.01, depth)
    assert gained == pytest.approx(whole * (1.01**3 - 1) / checker.tissue_volume(depth), rel=1e-6)


def test_mirror_error_is_the_distance_from_the_mirror_image(checker):
    skin = checker.rest.copy()
    skin[291] += [0.001, 0.002, 0]
    mirrored = checker.rest.copy()
    mirrored[61] += [-0.001, 0.002, 0]
    assert checker.mirror_error(skin, mirrored) < 1e-3
    assert checker.mirror_error(skin, skin) == pytest.approx(np.hypot(1, 2), abs=1e-3)


def test_acceleration_is_that_of_a_known_motion(checker):
    still = np.repeat(checker.rest[None], 5, axis=0)
    assert checker.acceleration(still) == 0
    still[:, 10, 2] += 0.5 * 0.003 * np.arange(5) ** 2
    assert checker.acceleration(still) == pytest.approx(3.0, abs=1e-6)


def test_waves_on_the_forehead_are_counted_and_measured(checker, folds):
    skin = checker.rest.copy()
    y, rest = skin[:, 1], skin[: checker.skin_count]
    on = (y > 0.055) & (y < 0.105) & (np.arange(len(y)) < checker.skin_count)
    wave = 0.0006 * np.sin(2 * np.pi * (y - 0.055) / 0.010)
    skin[: len(rest)] += (on * wave)[: len(rest), None] * folds.normal
    number, size = folds.forehead_lines_found(skin)
    assert 2 <= number <= 4
    assert size == pytest.approx(1.2, abs=0.4)  # a cubic is taken off, which a wave holds too
    assert folds.forehead_lines_found(checker.rest) == (0, 0.0)


def test_a_furrow_pressed_in_beside_the_nose_is_measured(checker, folds):
    skin = checker.rest.copy()
    line = folds.nasolabial_lines[1]
    middle = line.rest[len(line.rest) // 2]
    deep = 0.002 * np.exp(-((np.linalg.norm(skin - middle, axis=1) / 0.006) ** 2))
    skin[: checker.skin_count] -= deep[: checker.skin_count, None] * folds.normal
    assert 0.3 < folds.nasolabial_depth(skin) < 2.0
    assert folds.nasolabial_depth(checker.rest) == pytest.approx(0, abs=1e-9)


def test_bulge_and_protrusion_are_the_way_moved(checker, folds):
    skin = checker.rest.copy()
    skin[: checker.skin_count] += 0.002 * folds.normal
    assert folds.cheek_bulge(skin) == pytest.approx(2.0, abs=1e-6)
    skin = checker.rest + np.array([0, 0, 0.003])
    assert folds.lip_protrusion(skin) == pytest.approx(3.0, abs=1e-6)
    assert folds.glabella_fold(skin) == pytest.approx(0, abs=1e-6)
    assert folds.brows_together(skin * [0.9, 1, 1]) == pytest.approx(
        0.1 * 1e3 * (skin[336, 0] - skin[107, 0]), rel=1e-3
    )
    assert folds.mouth_narrowing(skin * [0.9, 1, 1]) > 3
