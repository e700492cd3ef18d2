"""The texture map: no seam, no fold, left and right alike, little stretch on the face."""

import numpy as np
import pytest

from animdrive.rig.head import load_head
from animdrive.rig.paint_fields import EAR_BOX
from animdrive.rig.surface import loop_subdivision, subdivided_mirror
from animdrive.rig.topology import load_topology
from animdrive.rig.unwrap import stretch_of, texture_shares, unwrapped


def cap(rows=7, columns=16, reach=2.0):
    """A ball of radius 1 but for a hole at the bottom, its pole on top: a head without a face."""
    points, faces = [(0.0, 1.0, 0.0)], []
    for r in range(1, rows):
        away = reach * r / (rows - 1)
        for c in range(columns):
            turn = 2 * np.pi * c / columns
            points.append((np.sin(away) * np.sin(turn), np.cos(away), -np.sin(away) * np.cos(turn)))
    for c in range(columns):
        faces.append((0, 1 + (c + 1) % columns, 1 + c))
        for r in range(rows - 2):
            a, b = 1 + r * columns + c, 1 + r * columns + (c + 1) % columns
            if c < columns // 2:  # cut alike on both sides
                faces += [(a, b, b + columns), (a, b + columns, a + columns)]
            else:
                faces += [(a, b, a + columns), (b, b + columns, a + columns)]
    points = np.array(points)
    mirror = np.array(
        [0, *(1 + r * columns + (-c) % columns for r in range(rows - 1) for c in range(columns))]
    )
    return points, np.array(faces, dtype=np.int32), mirror.astype(np.int32)


def unrolled(reach):
    points, faces, mirror = cap(reach=reach)
    ones = np.ones(len(points))
    return points, faces, unwrapped([faces], points, [mirror], ones, ones)


def test_a_nearly_flat_sheet_comes_out_as_it_is():
    points, faces, uv = unrolled(0.12)
    stretch = stretch_of(points, faces, uv)
    assert stretch.small.min() > 0
    assert stretch.ratio.max() < 1.02
    assert stretch.large.max() / stretch.small.min() < 1.03


def test_most_of_a_ball_is_unrolled_without_a_fold_and_fills_the_square():
    points, faces, uv = unrolled(2.6)
    assert stretch_of(points, faces, uv).small.min() > 0
    assert uv.min() >= 0
    assert uv.max() <= 1
    assert np.ptp(uv, axis=0).max() == pytest.approx(0.984, abs=1e-9)


def test_a_place_that_counts_more_is_larger_and_truer():
    points, faces, mirror = cap(reach=2.2)
    ones = np.ones(len(points))
    chosen = points[:, 1] > 0.6
    plain = unwrapped([faces], points, [mirror], ones, ones)
    inside = chosen[faces].all(1)
    stressed = unwrapped(
        [faces], points, [mirror], np.where(chosen, 2.0, 1.0), np.where(chosen, 20.0, 1.0)
    )
    before, after = (stretch_of(points, faces, uv) for uv in (plain, stressed))
    assert after.small[inside].mean() > 1.2 * before.small[inside].mean()
    assert after.ratio[inside].max() < before.ratio[inside].max()


def test_a_finer_level_is_laid_out_without_folds_too():
    points, faces, mirror = cap(rows=5, columns=12, reach=1.8)
    matrix, finer = loop_subdivision(len(points), faces)
    shape = matrix @ points
    ones = np.ones(len(shape))
    levels, mirrors = [faces, finer], [mirror, subdivided_mirror(mirror, faces)]
    uv = unwrapped(levels, shape, mirrors, ones, ones)
    assert stretch_of(shape, finer, uv).small.min() > 0


def test_stretch_is_measured_along_the_surface():
    points = np.array([[0, 0, 0], [0, 2, 0], [0, 0, 4.0]])  # upright, seen from +X
    uv = np.array([[0, 0], [1, 0], [0, 1.0]])
    stretch = stretch_of(points, np.array([[0, 1, 2]], dtype=np.int32), uv)
    np.testing.assert_allclose([stretch.large[0], stretch.small[0]], [0.5, 0.25])
    assert stretch.ratio[0] == pytest.approx(2)
    folded = stretch_of(points, np.array([[0, 1, 2]], dtype=np.int32), uv * [-1, 1])
    assert folded.small[0] < 0


@pytest.fixture(scope="module")
def skin():
    head, topology = load_head(), load_topology()
    part = head.part("skin").vertices
    return head.rig.neutral.vertices[part].astype(float), head.rig.neutral.uv[part], topology


def test_the_heads_map_has_no_fold_and_is_its_own_mirror_image(skin):
    vertices, uv, topology = skin
    assert stretch_of(vertices, topology.faces[-1], uv).small.min() > 0
    np.testing.assert_allclose(uv[topology.mirror], uv * [-1, 1] + [1, 0], atol=3e-5)


def test_the_face_is_hardly_stretched(skin):
    vertices, uv, topology = skin
    faces = topology.faces[-1]
    stretch = stretch_of(vertices, faces, uv)
    hidden = np.max([topology.masks[m] for m in ("mouth", "lid_left", "lid_right")], axis=0)
    outside = hidden[faces].max(1) < 0.1
    face = outside & (topology.behind[faces].mean(1) < 0.02)
    scalp = outside & ~face & (vertices[faces, 1].mean(1) > -0.04)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    assert np.average(stretch.ratio[face] < 2, weights=area[face]) > 0.97
    assert np.average(stretch.ratio[scalp] < 3, weights=area[scalp]) > 0.70


def test_no_texel_shows_two_places_and_the_ears_have_their_own(skin):
    _, uv, topology = skin
    corners = uv[topology.faces[-1]]
    side_1, side_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    total = (side_1[:, 0] * side_2[:, 1] - side_1[:, 1] * side_2[:, 0]).sum() / 2
    import cv2

    size = 1024
    shown = np.zeros((size, size), np.uint8)
    for triangle in np.round(corners * size * 16).astype(np.int32):
        cv2.fillConvexPoly(shown, triangle, (1,), cv2.LINE_8, 4)
    # As much as all triangles together: none lies on another. Two eyes are holes in both.
    assert shown.mean() == pytest.approx(total, rel=0.01)
    (u0, u1), (v0, v1) = EAR_BOX
    inside = (uv[:, 0] > u0) & (uv[:, 0] < u1) & (uv[:, 1] > v0) & (uv[:, 1] < v1)
    assert not inside.any()
    ears = load_head().rig.neutral.uv[load_head().part("ear_left").vertices]
    assert (ears >= np.array([u0, v0]) - 1e-4).all()
    assert (ears <= np.array([u1, v1]) + 1e-4).all()


def test_the_face_gets_more_of_the_texture_than_scalp_and_mouth(skin):
    vertices, _, topology = skin
    size, worth = texture_shares(vertices, topology.masks, topology.behind)
    nose, throat = 4, int(np.argmax(topology.masks["mouth"]))
    crown = int(np.argmax(vertices[:, 1]))
    assert size[nose] > size[crown] > size[throat] > 0
    assert worth[nose] > worth[crown] > 0
