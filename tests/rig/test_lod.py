"""Levels of detail: shared vertices to the bit, the same map, nothing torn or folded."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from animdrive.contract import Character, Material, Mesh, Part, Rig
from animdrive.errors import InputError
from animdrive.rig.head import load_head
from animdrive.rig.lod import LEVELS, character_at, load_lod, vertices_at
from animdrive.rig.normals import vertex_normals
from animdrive.rig.surface import boundary_loops
from animdrive.rig.topology import load_topology

STANDARD = 12_295


@pytest.fixture(scope="module")
def head():
    return load_head()


def skin_of(character):
    return character.rig.neutral.vertices[character.part("skin").vertices]


def test_levels_have_the_sizes_they_promise():
    assert load_lod("low").count == 3_107
    assert load_lod("standard").count == STANDARD
    assert 36_000 <= load_lod("high").count <= 44_000


@pytest.mark.parametrize("level", LEVELS)
def test_down_undoes_up_to_the_bit(level):
    lod = load_lod(level)
    given = np.random.default_rng(1).normal(size=(3, STANDARD, 3)).astype(np.float32)
    np.testing.assert_array_equal(lod.reduced(lod.refined(given)), given[:, : len(lod.down)])


@pytest.mark.parametrize("level", LEVELS)
def test_every_vertex_is_used_and_faces_run_one_way(level):
    lod = load_lod(level)
    assert set(lod.faces.ravel()) == set(range(lod.count))
    edges = np.concatenate([lod.faces[:, [0, 1]], lod.faces[:, [1, 2]], lod.faces[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)  # each edge once in each direction


def test_all_levels_are_closed_in_the_same_way():
    loops = [len(boundary_loops(load_lod(level).faces)) for level in LEVELS]
    assert loops == [3, 3, 3]  # the neck's base and two eyes


@pytest.mark.parametrize("level", ["low", "high"])
def test_left_and_right_are_alike(head, level):
    lod, skin = load_lod(level), skin_of(character_at(head, level))
    np.testing.assert_array_equal(lod.mirror[lod.mirror], np.arange(lod.count))
    np.testing.assert_allclose(skin[lod.mirror] * [-1, 1, 1], skin, atol=1e-6)
    there = {tuple(sorted(face)) for face in lod.faces.tolist()}
    assert {tuple(sorted(face)) for face in lod.mirror[lod.faces].tolist()} == there


def test_shared_vertices_keep_place_texture_and_motion(head):
    for level in ("low", "high"):
        other, count = character_at(head, level), len(load_lod(level).down)
        np.testing.assert_array_equal(skin_of(other)[:count], skin_of(head)[:count])
        np.testing.assert_array_equal(other.rig.neutral.uv[:count], head.rig.neutral.uv[:count])
        np.testing.assert_array_equal(other.rig.deltas[:, :count], head.rig.deltas[:, :count])


def test_flat_stays_flat_and_rigid_motion_is_kept():
    lod = load_lod("high")
    rest = skin_of(load_head())
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    shift = np.array([0.1, 0.2, 0.3])
    moved = lod.refined(rest @ turn + shift)
    np.testing.assert_allclose(moved, lod.refined(rest) @ turn + shift, atol=2e-6)


def test_the_finer_skin_is_smoother_and_not_folded(head):
    coarse, fine = load_lod("standard"), load_lod("high")
    rest = skin_of(head)
    normals = vertex_normals(rest, coarse.faces)
    expected = fine.blend @ normals
    points = skin_of(character_at(head, "high"))
    a, b, c = (points[fine.faces[:, k]] for k in range(3))
    facing = np.cross(b - a, c - a)
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    corner = expected[fine.faces]
    agreed = np.linalg.norm(corner.mean(1), axis=1) > 0.8  # the skin is no edge there
    assert agreed.mean() > 0.99
    assert ((facing * corner.mean(1)).sum(1)[agreed] > 0).all()

    def bends(vertices, faces):
        normal = vertex_normals(vertices, faces)
        edges = np.unique(np.sort(faces[:, [0, 1]], axis=1), axis=0)
        return 1 - (normal[edges[:, 0]] * normal[edges[:, 1]]).sum(1)

    assert np.median(bends(points, fine.faces)) < 0.5 * np.median(bends(rest, coarse.faces))


def test_new_vertices_stay_close_to_the_skin(head):
    lod = load_lod("high")
    new = skin_of(character_at(head, "high"))[STANDARD:]
    middles = (lod.blend @ skin_of(head))[STANDARD:]
    away = np.linalg.norm(new - middles, axis=1)
    assert 0.01e-3 < away.mean() < 0.3e-3
    assert away.max() < 2.5e-3


def test_texture_coordinates_of_new_vertices_lie_in_the_middle_and_do_not_fold(head):
    fine = character_at(head, "high")
    part = fine.part("skin")
    uv = fine.rig.neutral.uv[fine.rig.neutral.faces[part.faces]].astype(float)
    side_1, side_2 = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    assert (side_1[:, 0] * side_2[:, 1] - side_1[:, 1] * side_2[:, 0]).min() > 0


def test_scalp_and_nape_stay_coarse_the_face_and_the_throat_do_not(head):
    new = (load_lod("high").blend @ skin_of(head))[STANDARD:] / 1e-3
    near = cKDTree(new)

    def refined(place):
        return near.query(place)[0] < 6

    rest = skin_of(head) / 1e-3
    assert all(refined(rest[landmark]) for landmark in (1, 13, 152, 10, 280, 50, 386))
    throat = rest[(load_topology().behind > 0.5) & (np.abs(rest[:, 0]) < 1) & (rest[:, 2] > -80)]
    assert refined(throat[0])
    crown = rest[np.argmax(rest[:, 1] - rest[:, 2])]
    assert near.query(crown)[0] > 10


@pytest.mark.parametrize("level", ["low", "high"])
def test_a_character_goes_over_whole(head, level):
    other = character_at(head, level)
    assert [part.name for part in other.parts] == [part.name for part in head.parts]
    assert other.rig.names == head.rig.names
    assert len(other.landmarks) == 478
    np.testing.assert_array_equal(
        other.rig.neutral.vertices[other.landmarks], head.rig.neutral.vertices[head.landmarks]
    )
    assert 0 <= other.head_weight.min() <= other.head_weight.max() <= 1
    assert set(other.regions) == set(head.regions)
    for name, index in other.regions.items():
        low, high = (head.rig.neutral.vertices[head.regions[name]].min(0) - 1e-3,
                     head.rig.neutral.vertices[head.regions[name]].max(0) + 1e-3)  # fmt: skip
        places = other.rig.neutral.vertices[index]
        assert len(index), name
        assert ((places >= low) & (places <= high)).all(), name
    for name in ("jawOpen", "eyeBlinkLeft", "mouthSmileRight"):
        before, after = (np.linalg.norm(c.rig.delta(name), axis=1).max() for c in (head, other))
        assert after == pytest.approx(before, rel=0.1), name
    assert character_at(head, level) is other  # made once


@pytest.mark.parametrize("level", LEVELS)
def test_a_take_goes_over_as_its_character_does(head, level):
    frames = head.rig.neutral.vertices + np.float32([[[0.0]], [[0.7]]]) * head.rig.delta("jawOpen")
    other = character_at(head, level)
    moved = vertices_at(head, level, frames)
    np.testing.assert_array_equal(moved[0], other.rig.neutral.vertices)
    expected = other.rig.neutral.vertices + np.float32(0.7) * other.rig.delta("jawOpen")
    np.testing.assert_allclose(moved[1], expected, atol=1e-6)
    with pytest.raises(InputError, match=r"A level is made of vertices \[\.\.\., \d+, 3\]"):
        vertices_at(head, level, frames[:, :-1])


def test_the_standard_level_is_the_character_itself(head):
    assert character_at(head, "standard") is head


def test_an_unknown_level_is_named():
    with pytest.raises(InputError, match=r"Unknown level of detail 'huge'\. Known: low, standard"):
        load_lod("huge")
    with pytest.raises(InputError, match="Unknown level of detail 'huge'"):
        character_at(load_head(), "huge")


def test_a_foreign_skin_and_odd_values_are_refused():
    corner = Mesh(np.eye(3), [[0, 1, 2]], np.zeros((3, 2)))
    stranger = Character(
        rig=Rig(corner, ("jawOpen",), np.zeros((1, 3, 3))),
        parts=(Part("skin", slice(0, 3), slice(0, 1), "skin"),),
        materials=(Material("skin"),),
        head_pivot=np.zeros(3),
        eye_pivots=np.zeros((2, 3)),
        head_weight=np.ones(3),
        landmarks=np.zeros(0, dtype=int),
    )
    with pytest.raises(InputError, match="made of a skin of 12295 vertices"):
        character_at(stranger, "low")
    with pytest.raises(InputError, match=r"start from \[..., 12295, K\].* got \[7, 3\]"):
        load_lod("high").refined(np.zeros((7, 3)))
