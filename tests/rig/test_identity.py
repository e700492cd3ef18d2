"""A head's shape as 99 numbers: what each does, what it leaves alone, and what always holds."""

import numpy as np
import pytest

from animdrive.contract import ARKIT52, HEAD_SHAPE_SIZE, HeadShape, mirrored_name
from animdrive.errors import InputError
from animdrive.rig.head import load_head
from animdrive.rig.identity import (
    head_controls,
    head_shape,
    neutral_of,
    shape_basis,
    shaped_character,
    skin_of,
)
from animdrive.rig.identity_people import sampled_shape
from animdrive.rig.identity_rulers import measures_of
from animdrive.rig.identity_table import (
    COMPOSITE,
    CONTROL_NAMES,
    EVEN_MODES,
    NAMED_CONTROLS,
    SOURCES,
    UNEVEN_MODES,
)
from animdrive.rig.surface import cotangent_laplacian
from animdrive.rig.topology import load_topology

MM = 1e-3
NAMES = [control.name for control in NAMED_CONTROLS]
FLIP = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def topology():
    return load_topology()


@pytest.fixture(scope="module")
def people():
    return [shaped_character(sampled_shape(seed)) for seed in (3, 8, 21)]


def skin(character):
    return character.rig.neutral.vertices[character.part("skin").vertices]


def calipers(character):
    """Some measures, taken by other code than the rulers': mm and degrees."""
    v = character.rig.neutral.vertices.astype(np.float64) / MM
    p = v[character.landmarks]

    def between(a, b):
        return np.linalg.norm(p[a] - p[b])

    ear = v[character.part("ear_left").vertices]
    eye = v[character.part("eye_left").vertices] - character.eye_pivots[0] / MM
    tilt = np.subtract(p[263], p[362])
    return {
        "eye_spacing": between(362, 133),
        "eye_width": abs(p[263, 0] - p[362, 0]),
        "nose_width": between(358, 129),
        "mouth_width": between(291, 61),
        "jaw_width": between(288, 58),
        "face_width": between(447, 227),
        "cheekbone_width": between(345, 116),
        "nose_height": p[168, 1] - p[2, 1],
        "philtrum_length": p[2, 1] - p[0, 1],
        "chin_height": p[17, 1] - p[152, 1],
        "upper_lip_height": p[0, 1] - p[13, 1],
        "nose_protrusion": p[4, 2] - p[2, 2],
        "head_length": p[9, 2] - v[character.part("skin").vertices, 2].min(),
        "ear_length": np.ptp(ear[:, 1]),
        "eyeball_size": 2 * np.median(np.linalg.norm(eye, axis=1)),
        "eye_tilt": np.degrees(np.arctan2(tilt[1], tilt[0])),
    }


def test_zero_is_exactly_the_head_that_ships(head):
    assert shaped_character(HeadShape()) is head
    np.testing.assert_array_equal(skin_of(np.zeros(99)), skin(head))


def test_a_tiny_shape_is_nearly_the_head_that_ships(head):
    near = shaped_character(HeadShape(np.full(HEAD_SHAPE_SIZE, 1e-3)))
    assert np.abs(near.rig.neutral.vertices - head.rig.neutral.vertices).max() < 0.1 * MM
    assert np.abs(near.rig.deltas - head.rig.deltas).max() < 0.1 * MM
    assert near.parts == head.parts
    np.testing.assert_array_equal(near.landmarks, head.landmarks)


@pytest.mark.parametrize("size", [-1.0, 1.0])
def test_each_control_changes_its_own_measure_by_its_spread(head, size):
    before = measures_of(head.rig.neutral.vertices, head.eye_pivots)
    wrong = {}
    for control in NAMED_CONTROLS:
        after = measures_of(*neutral_of(head_shape({control.name: size})))
        got = (after[control.name] - before[control.name]) / (size * control.sd)
        if abs(got - 1) > 0.1:
            wrong[control.name] = round(got, 3)
    assert not wrong


@pytest.mark.parametrize("size", [-1.0, 2.0])
def test_calipers_agree_with_the_rulers(head, size):
    before = calipers(head)
    spread = {control.name: control.sd for control in NAMED_CONTROLS}
    for name, start in before.items():
        after = calipers(shaped_character(head_shape({name: size})))[name]
        assert (after - start) / (size * spread[name]) == pytest.approx(1, abs=0.1), name


def test_plain_controls_leave_the_other_plain_measures_alone(head):
    before = measures_of(head.rig.neutral.vertices, head.eye_pivots)
    spread = {control.name: control.sd for control in NAMED_CONTROLS}
    plain = [name for name in NAMES if name not in COMPOSITE]
    for name in plain:
        after = measures_of(*neutral_of(head_shape({name: 1.0})))
        for other in plain:
            if other != name:
                assert abs(after[other] - before[other]) < 0.12 * spread[other], (name, other)


def test_modes_leave_all_named_measures_alone(head):
    before = measures_of(head.rig.neutral.vertices, head.eye_pivots)
    spread = {control.name: control.sd for control in NAMED_CONTROLS}
    for name in CONTROL_NAMES[len(NAMES) :: 7]:
        after = measures_of(*neutral_of(head_shape({name: 1.0})))
        for other in NAMES:
            assert abs(after[other] - before[other]) < 0.1 * spread[other], (name, other)


def test_larger_modes_come_first(head):
    topology = load_topology()
    _, area = cotangent_laplacian(skin(head).astype(np.float64), topology.faces[-1])
    face = (topology.behind < 0.01) & (topology.masks["mouth"] < 0.05)
    weight = area * face / (area * face).sum()
    even = shape_basis().astype(np.float64)[len(NAMES) : len(NAMES) + EVEN_MODES] / MM
    spread = np.sqrt((weight * (even**2).sum(2)).sum(1))
    assert spread[:8].mean() > 1.2 * spread[-8:].mean()
    assert 0.4 < np.sqrt((spread**2).sum()) < 1.5


def test_offsets_add_up_but_for_lids_on_the_eyeball(head, topology):
    rng = np.random.default_rng(2)
    c = np.clip(rng.standard_normal(99), -2, 2)
    straight = skin(head) + np.tensordot(c, shape_basis().astype(np.float64), 1)
    bent = np.linalg.norm(skin_of(c) - straight, axis=1)
    away = np.min([np.linalg.norm(skin(head) - eye, axis=1) for eye in head.eye_pivots], axis=0)
    assert bent[away > 20 * MM].max() < 1e-3 * MM
    assert bent.max() < 0.8 * MM


def test_skin_of_is_the_skin_of_the_character(people, topology):
    shape = sampled_shape(3)
    outside = topology.masks["mouth"] < 0.01
    np.testing.assert_allclose(
        skin_of(shape.coefficients)[outside], skin(people[0])[outside], atol=1e-6
    )


def test_even_controls_give_a_mirror_image_of_itself(topology):
    even = len(NAMES) + EVEN_MODES
    c = np.zeros(99)
    c[:even] = np.clip(np.random.default_rng(4).standard_normal(even), -1.5, 1.5)
    character = shaped_character(HeadShape(c))
    v = skin(character)
    assert np.abs(v - v[topology.mirror] * FLIP).max() < 0.02 * MM
    np.testing.assert_allclose(character.eye_pivots[0], character.eye_pivots[1] * FLIP, atol=1e-6)
    run = character.part("skin").vertices
    for name in ARKIT52:
        ours = character.rig.delta(name)[run]
        theirs = character.rig.delta(mirrored_name(name))[run][topology.mirror] * FLIP
        assert np.abs(ours - theirs).max() < 0.06 * MM, name


def test_uneven_modes_turned_round_give_the_mirror_image(topology):
    c = np.zeros(99)
    c[-UNEVEN_MODES:] = 1.5
    v = skin_of(c)
    assert np.abs(v - v[topology.mirror] * FLIP).max() > 0.3 * MM
    assert np.abs(v - skin_of(-c)[topology.mirror] * FLIP).max() < 0.02 * MM


def test_lips_meet_at_rest_and_over_a_dropped_jaw(people, topology):
    ring = np.array(topology.rings["lips_inner"])
    mate = ring[(len(ring) - np.arange(len(ring))) % len(ring)]
    for character in people:
        for amount in (0.0, 0.5, 1.0):
            v = character.rig.neutral.vertices + amount * (
                character.rig.delta("jawOpen") + character.rig.delta("mouthClose")
            )
            assert np.linalg.norm(v[ring] - v[mate], axis=1).max() < 0.3 * MM


@pytest.mark.parametrize("side", ["left", "right"])
def test_closed_lids_meet(people, side):
    upper, lower = (386, 374) if side == "left" else (159, 145)
    for character in people:
        v = character.rig.neutral.vertices + character.rig.delta(f"eyeBlink{side.title()}")
        gap = v[character.landmarks[upper], 1] - v[character.landmarks[lower], 1]
        assert abs(gap) < 0.6 * MM


def clearance(character, side, name):
    """How far skin is from an eyeball's surface, metres, with one curve at 1."""
    centre = character.eye_pivots[("left", "right").index(side)].astype(np.float64)
    v = character.rig.neutral.vertices + (character.rig.delta(name) if name else 0)
    eye = character.rig.neutral.vertices[character.part(f"eye_{side}").vertices]
    radius = np.median(np.linalg.norm(eye - centre, axis=1))
    return np.linalg.norm(v[character.part("skin").vertices] - centre, axis=1) - radius


@pytest.mark.parametrize("curve", ["", "eyeBlink", "eyeSquint", "eyeWide", "eyeLookDown"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_lids_keep_their_clearance_from_the_eyeball(head, people, side, curve):
    name = curve and curve + side.title()
    before = clearance(head, side, name)
    near = before < 1.5 * MM
    assert near.sum() > 100
    for character in people:
        after = clearance(character, side, name)
        np.testing.assert_allclose(after[near], before[near], atol=0.02 * MM)


def test_teeth_stay_inside_the_mouth(head, people, topology):
    from scipy.spatial import cKDTree

    from animdrive.rig.normals import vertex_normals

    def inside(character, curve):
        v = character.rig.neutral.vertices + (character.rig.delta(curve) if curve else 0)
        surface = v[character.part("skin").vertices]
        normals = vertex_normals(surface, topology.faces[-1])
        least = {}
        for name in ("teeth_upper", "teeth_lower", "tongue"):
            points = v[character.part(name).vertices]
            distance, nearest = cKDTree(surface).query(points)
            depth = ((points - surface[nearest]) * normals[nearest]).sum(1)
            least[name] = depth[distance < 4 * MM].min()
        return least

    for curve in ("", "jawOpen"):
        before = inside(head, curve)
        for character in people:
            for name, depth in inside(character, curve).items():
                assert depth > min(before[name], 0.5 * MM) - 0.4 * MM, (curve, name)


def test_teeth_are_not_bent(head, people):
    for character in people:
        run = head.part("teeth_upper").vertices
        before, after = head.rig.neutral.vertices[run], character.rig.neutral.vertices[run]
        design = np.column_stack([before, np.ones(len(before))]).astype(np.float64)
        fitted = design @ np.linalg.lstsq(design, after, rcond=None)[0]
        assert np.abs(fitted - after).max() < 1e-3 * MM
        assert np.ptp(after[:, 1]) == pytest.approx(np.ptp(before[:, 1]), abs=0.01 * MM)


@pytest.mark.parametrize("side", ["left", "right"])
def test_lashes_stay_on_the_lid(head, people, side, topology):
    from scipy.spatial import cKDTree

    ring = topology.rings[f"eye_{side}_0"]

    def standing(character, curve):
        v = character.rig.neutral.vertices + (character.rig.delta(curve) if curve else 0)
        return cKDTree(v[ring]).query(v[character.part(f"lashes_{side}").vertices])[0]

    for curve in ("", f"eyeBlink{side.title()}", f"eyeWide{side.title()}"):
        before = standing(head, curve)
        for character in people:
            assert np.abs(standing(character, curve) - before).max() < 1.0 * MM


def test_shapes_keep_what_their_names_say(people):
    for character in people:
        corner = character.landmarks[291]
        smile = character.rig.delta("mouthSmileLeft")[corner] / MM
        assert smile[0] > 3
        assert smile[1] > 3
        assert character.rig.delta("jawOpen")[character.landmarks[152], 1] < -12 * MM
        assert character.rig.delta("browInnerUp")[character.landmarks[336], 1] > 4 * MM


def test_the_table_is_whole():
    controls = head_controls()
    assert [control.name for control in controls] == list(CONTROL_NAMES)
    assert len(controls) == HEAD_SHAPE_SIZE == len(set(CONTROL_NAMES))
    assert len(NAMES) >= 40
    assert {control.source for control in controls} <= set(SOURCES)
    assert {control.unit for control in controls} == {"mm", "deg"}


def test_an_unknown_control_is_named():
    with pytest.raises(InputError, match="Unknown control 'nose_colour'"):
        head_shape({"nose_colour": 1.0})


def test_a_control_must_be_a_number():
    with pytest.raises(InputError, match="'nose_width' must be a number, got nan"):
        head_shape({"nose_width": float("nan")})
