"""The lattices of lips and lids, the dental arches and what forms along them."""

import numpy as np
import pytest

from animdrive.rig.arch import Arch, arch_curve, dental_arches
from animdrive.rig.build import grown
from animdrive.rig.dental_guard import STAND_OFF, DentalGuard
from animdrive.rig.jaw import jaw_matrix, jaw_moved
from animdrive.rig.lids import (
    CORNEA_RISE,
    eye_surface,
    lid_fade,
    looking,
    outside_eye,
)
from animdrive.rig.mouth_bag import RINGS
from animdrive.rig.relief import ear_canal, nostril_frame

MM = 1e-3


@pytest.fixture(scope="module")
def skin():
    return grown()[1]


def test_rows_of_the_mouths_lattice_are_its_rings(skin):
    for number, name in enumerate(RINGS):
        grid, rows = skin.lattice.grid(number - 3, number - 3)
        assert rows == [number - 3]
        np.testing.assert_array_equal(grid[0], skin.rings[name])


def test_rows_of_the_lid_lattice_are_its_rings(skin):
    for number in range(3):
        grid, _ = skin.lids.grid(number, number)
        ring = list(skin.rings[f"eye_left_{number}"])
        at = ring.index(grid[0][0])
        turned = ring[at:] + ring[:at]
        back = [turned[0], *turned[:0:-1]]
        assert list(grid[0]) in (turned, back)


def test_every_lattice_vertex_lies_on_a_quarter_of_a_cell(skin):
    ringed = skin.lattice.row <= 4
    for values in (skin.lattice.row, skin.lattice.turn[ringed], skin.lids.row, skin.lids.turn):
        np.testing.assert_allclose(values * 4, np.round(values * 4), atol=1e-6)


def test_the_lining_wraps_around_the_arches_and_is_a_mirror_image(skin):
    vertices = skin.vertices / MM
    fornix = np.array(skin.rings["mouth_3"])
    upper, lower = vertices[fornix[: len(fornix) // 2]], vertices[fornix[len(fornix) // 2 + 1 :]]
    stomion = skin.stomion / MM
    assert upper[:, 1].max() > stomion[1] + 14
    assert lower[:, 1].min() < stomion[1] - 16
    assert vertices[fornix, 2].min() < stomion[2] - 50  # behind the last molars
    lining = skin.lattice.vertices
    np.testing.assert_allclose(
        vertices[skin.mirror[lining]], vertices[lining] * [-1, 1, 1], atol=1e-6
    )


def test_cheeks_have_a_thickness(skin):
    from scipy.spatial import cKDTree

    cheek = skin.lattice.vertices[
        (np.abs(skin.lattice.row - 2) < 0.6)
        & (np.abs(skin.vertices[skin.lattice.vertices, 0]) > 0.022)
    ]
    outer = np.flatnonzero((skin.masks["mouth"] < 0.01) & (skin.masks["lips"] < 0.01))
    distance = cKDTree(skin.vertices[outer]).query(skin.vertices[cheek])[0] / MM
    assert 6 < distance.min()
    assert 10 < np.median(distance) < 22


def test_an_arch_curve_starts_in_front_and_widens_backwards():
    arch = Arch((0.0, 0.01, 0.02), upper=True)
    length, place, normal = arch_curve(arch)
    np.testing.assert_allclose(place[0], [0, 0.02])
    np.testing.assert_allclose(normal[0], [0, 1], atol=1e-2)
    assert (np.diff(place[:, 0]) > 0).all()
    assert (np.diff(place[:, 1]) <= 0).all()
    steps = np.linalg.norm(np.diff(place, axis=0), axis=1)
    np.testing.assert_allclose(np.diff(length), steps)
    half = np.interp(arch.half_width, place[:, 0], place[:, 1])
    assert half == pytest.approx(0.02 - arch.depth, abs=1e-4)


def test_the_arches_bite_over_and_before_each_other():
    upper, lower = dental_arches(np.zeros(3))
    assert upper.upper
    assert not lower.upper
    assert 1.5 < (lower.front[1] - upper.front[1]) / MM < 3  # overbite
    assert 2 < (upper.front[2] - lower.front[2]) / MM < 4  # overjet


def test_the_guard_moves_what_is_inside_teeth_and_nothing_else():
    arches = dental_arches(np.zeros(3))
    guard = DentalGuard(arches)
    front = np.array(arches[0].front)
    inside = front + np.array([0, 6, -2]) * MM
    before = front + np.array([0, 6, 4]) * MM
    throat = front + np.array([0, 6, -30]) * MM
    moved = guard.pushed(np.array([inside, before, throat]), upper=True)
    assert moved[0, 2] - front[2] == pytest.approx(STAND_OFF, abs=0.01 * MM)
    np.testing.assert_array_equal(moved[1:], [before, throat])


def test_a_moved_jaw_takes_its_guard_along():
    arches = dental_arches(np.zeros(3))
    guard = DentalGuard(arches)
    place = np.array(arches[1].front) + np.array([0, -20, -2]) * MM
    jaw = np.eye(4)
    jaw[:3, 3] = np.array([0, -15, 0]) * MM
    np.testing.assert_array_equal(guard.clear(place[None]), place[None])
    assert guard.clear(place[None], jaw=jaw)[0, 2] > place[2] + 1 * MM


def test_the_cornea_stands_out_where_the_eye_looks():
    ahead, aside = np.array([[0, 0, 1.0]]), np.array([[1.0, 0, 0]])
    sclera = eye_surface(aside)[0]
    assert eye_surface(ahead)[0] - sclera == pytest.approx(CORNEA_RISE)
    assert eye_surface(looking(0.3, -0.4)[None], looking(0.3, -0.4))[0] == eye_surface(ahead)[0]
    assert eye_surface(ahead, looking(0, 1.2))[0] == sclera


def test_points_outside_the_eye_stay_and_points_inside_come_out():
    centre = np.array([0.03, 0.04, -0.03])
    points = centre + np.array([[0, 0, 0.010], [0, 0, 0.020]])
    moved = outside_eye(points, centre)
    assert np.linalg.norm(moved[0] - centre) > eye_surface(np.array([[0, 0, 1.0]]))[0]
    np.testing.assert_allclose(moved[1], points[1])


def test_the_crease_fades_at_the_corners_and_spares_the_lower_lid():
    turn = np.array([1.0, 5.0, 9.0, 13.0])
    np.testing.assert_allclose(lid_fade(turn), [0, 0, 0, 1], atol=1e-9)


def test_the_upper_lid_folds_over_its_plate(skin):
    """Going up from the margin the skin first lies on the eye, then steps forward."""
    grid, rows = skin.lids.grid(-1, 0)
    column = grid[:, int(13 / 16 * grid.shape[1])]
    centre = grown()[0].eye_centres[0]
    height = np.linalg.norm(skin.vertices[column] - centre, axis=1) / MM
    by_row = dict(zip(rows, height, strict=True))
    assert abs(by_row[-0.5] - by_row[0.0]) < 1.0
    assert by_row[-0.75] > by_row[-0.5] + 1.0


def test_nostrils_are_deep(skin):
    """Over the opening the skin lies far above the plane of the nostril's rim."""
    middle, _, length = nostril_frame(skin.vertices)
    away = skin.vertices - middle
    over = np.hypot(away[:, 0], away[:, 2]) < 0.2 * length
    assert away[over & (np.abs(away[:, 1]) < 15 * MM), 1].max() > 5 * MM


def test_the_ears_place_is_on_the_side_of_the_head(skin):
    canal = ear_canal(skin.vertices) / MM
    assert 55 < canal[0] < 75
    assert -110 < canal[2] < -80


def test_the_jaws_matrix_is_its_motion():
    points = np.array([[0.01, -0.03, 0.0], [-0.02, -0.05, -0.02]])
    matrix = jaw_matrix(0.6)
    np.testing.assert_allclose(
        points @ matrix[:3, :3].T + matrix[:3, 3], jaw_moved(points, np.ones(2), 0.6), atol=1e-12
    )
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-12)
    assert jaw_moved(points, np.zeros(2)) == pytest.approx(points)
