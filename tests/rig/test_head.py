"""The head that ships: what it must have, and that every curve does what its name says."""

import numpy as np
import pytest

from animdrive.contract import ARKIT52, mirrored_name
from animdrive.rig.head import load_head

UPPER_LIP, LOWER_LIP, CHIN = 13, 14, 152
CORNER = {"Left": 291, "Right": 61}
LID_UPPER = {"Left": 386, "Right": 159}
LID_LOWER = {"Left": 374, "Right": 145}
BROW_INNER = {"Left": 336, "Right": 107}
BROW_OUTER = {"Left": 293, "Right": 63}
CHEEK = {"Left": 280, "Right": 50}
NOSTRIL = {"Left": 327, "Right": 98}
LIP_UPPER_SIDE = {"Left": 269, "Right": 39}
LIP_LOWER_SIDE = {"Left": 405, "Right": 181}
OUT = {"Left": 1, "Right": -1}
"""The subject's left is +X."""

MM = 1e-3


@pytest.fixture(scope="module")
def head():
    return load_head()


def moved(head, name, landmark):
    """Offset of a MediaPipe landmark, mm."""
    return head.rig.delta(name)[head.landmarks[landmark]] / MM


def at(head, landmark, **curves):
    """Place of a landmark under some curves, mm."""
    point = head.rig.neutral.vertices[head.landmarks[landmark]].copy()
    for name, amount in curves.items():
        point += amount * head.rig.delta(name)[head.landmarks[landmark]]
    return point / MM


def lip_gap(head, **curves):
    return at(head, UPPER_LIP, **curves)[1] - at(head, LOWER_LIP, **curves)[1]


def test_it_is_a_whole_head_in_metres(head):
    vertices = head.rig.neutral.vertices
    assert 8_000 <= len(vertices) <= 18_500
    names = {part.name for part in head.parts}
    assert {"skin", "teeth_upper", "teeth_lower", "tongue", "eye_left", "eye_right"} <= names
    assert {"ear_left", "ear_right"} <= names
    assert head.rig.names == ARKIT52
    skin = vertices[head.part("skin").vertices]
    assert 0.14 < np.ptp(skin[:, 0]) < 0.19  # breadth
    face_height = at(head, 10)[1] - at(head, CHIN)[1]
    assert 150 < face_height < 200
    pupils = np.linalg.norm(np.subtract(*head.eye_pivots)) / MM
    assert pupils == pytest.approx(63, abs=3)  # Dodgson (2004): mean 63 mm


def test_left_and_right_are_the_subjects_own(head):
    assert head.eye_pivots[0, 0] > 0 > head.eye_pivots[1, 0]
    assert at(head, 263)[0] > 0 > at(head, 33)[0]
    assert at(head, 473)[0] > 0 > at(head, 468)[0]  # irises
    assert at(head, 1)[2] > at(head, 152)[2]  # the nose looks along +Z
    assert at(head, 10)[1] > at(head, 152)[1]


def test_rest_is_symmetric(head):
    skin = head.rig.neutral.vertices[head.part("skin").vertices]
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(skin).query(skin * [-1, 1, 1])
    assert distance.max() < 0.01 * MM


def test_mirrored_curves_give_mirrored_skin(head):
    from scipy.spatial import cKDTree

    skin = head.part("skin").vertices
    rest = head.rig.neutral.vertices[skin]
    _, partner = cKDTree(rest).query(rest * [-1, 1, 1])
    for name in ARKIT52:
        ours = head.rig.delta(name)[skin]
        theirs = head.rig.delta(mirrored_name(name))[skin][partner] * [-1, 1, 1]
        assert np.abs(ours - theirs).max() < 0.05 * MM, name


def test_left_curves_leave_the_right_half_alone(head):
    x = head.rig.neutral.vertices[:, 0]
    for name in ARKIT52:
        if not name.endswith(("Left", "Right")) or name in (
            "jawLeft", "jawRight", "mouthLeft", "mouthRight",
        ):  # fmt: skip
            continue
        far = x < -0.012 if name.endswith("Left") else x > 0.012
        offset = np.linalg.norm(head.rig.delta(name), axis=1)
        assert offset[far].max() < 0.12 * offset.max(), name


def test_every_curve_moves_something_but_never_the_eyeballs_or_the_neck_base(head):
    base = head.head_weight < 0.01
    for name in ARKIT52:
        offset = np.linalg.norm(head.rig.delta(name), axis=1)
        assert offset.max() > 0.5 * MM, name
        for eye in ("eye_left", "eye_right"):
            assert offset[head.part(eye).vertices].max() == 0, name
        assert offset[base].max() < 0.01 * MM, name


def test_the_jaw_opens_about_thirty_millimetres_and_takes_the_lower_teeth(head):
    assert lip_gap(head) == pytest.approx(0, abs=0.5)
    assert 20 < lip_gap(head, jawOpen=1) < 40
    lower = head.rig.delta("jawOpen")[head.part("teeth_lower").vertices]
    upper = head.rig.delta("jawOpen")[head.part("teeth_upper").vertices]
    assert lower[:, 1].max() < -5 * MM
    assert np.abs(upper).max() == 0
    assert moved(head, "jawOpen", CHIN)[1] < -15


@pytest.mark.parametrize("amount", [0.1, 0.4, 0.7, 1.0])
def test_mouth_close_brings_the_lips_together_again(head, amount):
    apart = lip_gap(head, jawOpen=amount)
    assert lip_gap(head, jawOpen=amount, mouthClose=amount) == pytest.approx(0, abs=0.6)
    assert apart > 15 * amount


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_closes_that_eye_alone(head, side):
    other = "Right" if side == "Left" else "Left"
    closed = {f"eyeBlink{side}": 1}
    open_by = at(head, LID_UPPER[side])[1] - at(head, LID_LOWER[side])[1]
    left = at(head, LID_UPPER[side], **closed)[1] - at(head, LID_LOWER[side], **closed)[1]
    assert open_by > 6
    assert left == pytest.approx(0, abs=0.8)
    assert np.abs(moved(head, f"eyeBlink{side}", LID_UPPER[other])).max() < 0.05


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_lids_stay_in_front_of_the_eyeball_while_they_close(head, side):
    centre = head.eye_pivots[0 if side == "Left" else 1]
    skin = head.part("skin").vertices
    rest = head.rig.neutral.vertices[skin]
    index = np.concatenate(
        [head.regions[f"lid_upper_{side.lower()}"], head.regions[f"lid_lower_{side.lower()}"]]
    )
    for amount in (0.25, 0.5, 0.75, 1.0):
        lids = (rest + amount * head.rig.delta(f"eyeBlink{side}")[skin])[index] - centre
        in_front = np.hypot(lids[:, 0], lids[:, 1]) < 9 * MM
        assert np.linalg.norm(lids[in_front], axis=1).min() > 12.0 * MM


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_each_sided_curve_moves_its_own_landmarks_the_right_way(head, side):
    out = OUT[side]

    def by(name, landmark):
        return moved(head, name + side, landmark[side])

    assert by("eyeWide", LID_UPPER)[1] > 1.5
    assert by("eyeSquint", LID_LOWER)[1] > 1
    assert by("eyeLookDown", LID_UPPER)[1] < -2
    assert by("eyeLookUp", LID_UPPER)[1] > 1
    assert by("eyeLookOut", LID_UPPER)[0] * out > 0.4
    assert by("eyeLookIn", LID_UPPER)[0] * out < -0.4
    smile = by("mouthSmile", CORNER)
    assert smile[1] > 5
    assert smile[0] * out > 4
    assert by("mouthFrown", CORNER)[1] < -5
    assert by("mouthStretch", CORNER)[0] * out > 5
    assert by("mouthDimple", CORNER)[0] * out > 3
    assert by("mouthUpperUp", LIP_UPPER_SIDE)[1] > 3
    assert by("mouthLowerDown", LIP_LOWER_SIDE)[1] < -3
    assert by("mouthPress", LIP_UPPER_SIDE)[1] < 0 < by("mouthPress", LIP_LOWER_SIDE)[1]
    assert by("browDown", BROW_INNER)[1] < -3
    assert by("browOuterUp", BROW_OUTER)[1] > 5
    assert by("cheekSquint", CHEEK)[1] > 3
    assert by("noseSneer", NOSTRIL)[1] > 3
    assert by("jaw", {side: CHIN})[0] * out > 5
    assert by("mouth", {side: UPPER_LIP})[0] * out > 5


def test_each_middle_curve_moves_its_landmarks_the_right_way(head):
    assert moved(head, "jawForward", CHIN)[2] > 5
    width = at(head, CORNER["Left"])[0] - at(head, CORNER["Right"])[0]
    for name in ("mouthPucker", "mouthFunnel"):
        curve = {name: 1}
        narrow = at(head, CORNER["Left"], **curve)[0] - at(head, CORNER["Right"], **curve)[0]
        assert narrow < 0.8 * width, name
        assert moved(head, name, 0)[2] > 3, name  # the upper lip comes forward
    assert lip_gap(head, mouthFunnel=1) > 5
    assert lip_gap(head, mouthPucker=1) < 2.5
    assert moved(head, "mouthRollLower", 17)[1] > 2
    assert moved(head, "mouthRollUpper", 0)[1] < -2
    assert moved(head, "mouthShrugLower", 17)[1] > 2
    assert moved(head, "mouthShrugUpper", 0)[1] > 2
    for side in ("Left", "Right"):
        assert moved(head, "browInnerUp", BROW_INNER[side])[1] > 5
        assert moved(head, "cheekPuff", 425 if side == "Left" else 205)[2] > 2
    tongue = head.part("tongue").vertices
    tip = np.argmax(head.rig.neutral.vertices[tongue][:, 2])
    assert head.rig.delta("tongueOut")[tongue][tip, 2] > 25 * MM


def test_faces_look_outwards(head):
    mesh = head.rig.neutral
    for part in head.parts:
        if part.name == "skin":
            continue  # open at the neck, with a mouth that is turned inside
        a, b, c = (mesh.vertices[mesh.faces[part.faces, k]] for k in range(3))
        centre = mesh.vertices[part.vertices].mean(0)
        volume = (np.cross(a - centre, b - centre) * (c - centre)).sum()
        assert volume > 0, part.name
    nose = head.landmarks[1]
    around = mesh.faces[(mesh.faces == nose).any(1)]
    a, b, c = (mesh.vertices[around[:, k]] for k in range(3))
    assert np.cross(b - a, c - a)[:, 2].sum() > 0


def test_texture_coordinates_of_the_skin_do_not_fold(head):
    mesh, part = head.rig.neutral, head.part("skin")
    uv = mesh.uv[mesh.faces[part.faces]]
    side_1, side_2 = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    area = side_1[:, 0] * side_2[:, 1] - side_1[:, 1] * side_2[:, 0]
    assert (area < 0).mean() < 0.02


def test_regions_lie_where_their_names_say(head):
    vertices = head.rig.neutral.vertices / MM
    assert vertices[head.regions["forehead"], 1].min() > vertices[head.regions["chin"], 1].max()
    assert vertices[head.regions["brow_left"], 0].min() > 0
    assert vertices[head.regions["brow_right"], 0].max() < 0
    upper, lower = head.regions["lips_upper"], head.regions["lips_lower"]
    assert vertices[upper, 1].mean() > vertices[lower, 1].mean()


@pytest.mark.slow
def test_the_shipped_head_is_what_the_code_builds():
    from animdrive.rig.build import build_head

    built, shipped = build_head(), load_head()
    np.testing.assert_allclose(
        built.rig.neutral.vertices, shipped.rig.neutral.vertices, atol=0.001 * MM
    )
    np.testing.assert_allclose(built.rig.deltas, shipped.rig.deltas, atol=0.005 * MM)
    assert built.parts == shipped.parts
    np.testing.assert_array_equal(built.landmarks, shipped.landmarks)
