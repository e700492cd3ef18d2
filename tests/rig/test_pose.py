import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from animdrive.contract import ARKIT52, Character, CurveTrack, Material, Mesh, Part, Rig
from animdrive.errors import ContractError
from animdrive.rig import pose

RANDOM = np.random.default_rng(11)
ANGLES = RANDOM.uniform(-1.2, 1.2, (40, 3))


def character():
    """A neck vertex, a half-turning one, a nose, and a pupil in front of each eye's pivot."""
    points = [[0, -0.2, 0], [0, -0.1, 0], [0, 0, 0.1], [0.03, 0.05, 0.09], [-0.03, 0.05, 0.09]]
    rig = Rig(
        Mesh(points, [[0, 1, 2], [3, 3, 3], [4, 4, 4]], np.zeros((5, 2))), (), np.zeros((0, 5, 3))
    )
    return Character(
        rig=rig,
        parts=(
            Part("skin", slice(0, 3), slice(0, 1), "m"),
            Part("eye_left", slice(3, 4), slice(1, 2), "m", "eye_left"),
            Part("eye_right", slice(4, 5), slice(2, 3), "m", "eye_right"),
        ),
        materials=(Material("m"),),
        head_pivot=np.array([0, -0.1, -0.02]),
        eye_pivots=np.array([[0.03, 0.05, 0.06], [-0.03, 0.05, 0.06]]),
        head_weight=np.array([0, 0.5, 1, 1, 1]),
        landmarks=np.zeros(0, np.int32),
    )


def posed(head=(0, 0, 0), position=(0, 0, 0), eyes=((0, 0, 0), (0, 0, 0))):
    who = character()
    return pose.posed_vertices(
        who,
        who.rig.neutral.vertices,
        head_rotation=head,
        head_position=position,
        eye_rotation=np.asarray(eyes),
    )


def test_rotation_is_yaw_after_pitch_after_roll():
    expected = Rotation.from_euler("YXZ", ANGLES[:, [1, 0, 2]]).as_matrix()
    np.testing.assert_allclose(pose.rotation_matrix(ANGLES), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(3,), (5, 3), (4, 2, 3)])
def test_rotation_keeps_leading_axes(shape):
    angles = RANDOM.uniform(-1, 1, shape)
    matrices = pose.rotation_matrix(angles)
    assert matrices.shape == (*shape, 3)
    one = pose.rotation_matrix(angles.reshape(-1, 3)[-1])
    np.testing.assert_array_equal(matrices.reshape(-1, 3, 3)[-1], one)


def test_wrong_angles_are_refused():
    with pytest.raises(ContractError, match=r"\[\.\.\., 3\], got \[4\]"):
        pose.rotation_matrix(np.zeros(4))


def test_angles_survive_matrix_and_quaternion():
    np.testing.assert_allclose(
        pose.angles_from_matrix(pose.rotation_matrix(ANGLES)), ANGLES, atol=1e-5
    )
    quaternion = pose.quaternion_from_angles(ANGLES)
    np.testing.assert_allclose(np.linalg.norm(quaternion, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(pose.angles_from_quaternion(-3 * quaternion), ANGLES, atol=1e-5)
    expected = Rotation.from_matrix(pose.rotation_matrix(ANGLES)).as_quat()
    same = np.abs((expected * quaternion).sum(1))
    np.testing.assert_allclose(same, 1, atol=1e-6)


@pytest.mark.parametrize("pitch", [np.pi / 2, -np.pi / 2])
def test_a_face_turned_straight_up_or_down_keeps_its_rotation(pitch):
    matrix = pose.rotation_matrix((pitch, 0.4, 0.3))
    angles = pose.angles_from_matrix(matrix)
    assert angles[2] == 0
    np.testing.assert_allclose(pose.rotation_matrix(angles), matrix, atol=2e-3)


def test_a_quaternion_of_zeros_is_refused():
    with pytest.raises(ContractError, match="no rotation"):
        pose.angles_from_quaternion(np.zeros((2, 4)))


def test_at_rest_nothing_moves():
    np.testing.assert_array_equal(posed(), character().rig.neutral.vertices)


def test_the_neck_bends_between_shoulders_and_head():
    turn = np.array([0.3, -0.4, 0.2])
    rest, who = character().rig.neutral.vertices, character()
    whole = (rest - who.head_pivot) @ pose.rotation_matrix(turn).T + who.head_pivot
    moved = posed(head=turn)
    np.testing.assert_array_equal(moved[0], rest[0])
    np.testing.assert_allclose(moved[1], (rest[1] + whole[1]) / 2, atol=1e-7)
    np.testing.assert_allclose(moved[2:], whole[2:], atol=1e-7)


def test_position_moves_everything_after_the_turn():
    turn, shift = (0.2, 0.5, 0), np.array([0.1, 0.02, -0.3])
    np.testing.assert_allclose(posed(turn, shift), posed(turn) + shift, atol=1e-7)


def test_eyes_turn_about_their_own_pivots_and_then_with_the_head():
    left, right = (0.2, 0.3, 0), (-0.1, -0.2, 0)
    head = (0.1, 0.6, -0.2)
    who, rest = character(), character().rig.neutral.vertices
    still = posed(eyes=(left, right))
    np.testing.assert_array_equal(still[:3], rest[:3])
    for vertex, pivot, angles in ((3, who.eye_pivots[0], left), (4, who.eye_pivots[1], right)):
        expected = pose.rotation_matrix(angles) @ (rest[vertex] - pivot) + pivot
        np.testing.assert_allclose(still[vertex], expected, atol=1e-7)
    both = posed(head, eyes=(left, right))
    expected = (still - who.head_pivot) @ pose.rotation_matrix(head).T + who.head_pivot
    np.testing.assert_allclose(both[3:], expected[3:], atol=1e-7)


def test_vertices_of_another_character_are_refused():
    with pytest.raises(ContractError, match=r"\[5, 3\], got \[4, 3\]"):
        pose.posed_vertices(
            character(),
            np.zeros((4, 3), np.float32),
            head_rotation=np.zeros(3),
            head_position=np.zeros(3),
            eye_rotation=np.zeros((2, 3)),
        )


def look(**curves):
    values = np.zeros((1, 52))
    for name, value in curves.items():
        values[0, ARKIT52.index(name)] = value
    return CurveTrack(ARKIT52, 30.0, values)


GAZES = {
    "eyeLookOutLeft": (0, (1, 0)),
    "eyeLookInLeft": (0, (-1, 0)),
    "eyeLookOutRight": (1, (-1, 0)),
    "eyeLookInRight": (1, (1, 0)),
    "eyeLookUpLeft": (0, (0, 1)),
    "eyeLookUpRight": (1, (0, 1)),
    "eyeLookDownLeft": (0, (0, -1)),
    "eyeLookDownRight": (1, (0, -1)),
}


@pytest.mark.parametrize("curve", GAZES)
def test_each_look_curve_turns_its_own_eye_its_own_way(curve):
    eye, way = GAZES[curve]
    rotation = pose.eye_rotation_from_looks(look(**{curve: 1.0}))
    gaze = pose.rotation_matrix(rotation[0]) @ [0, 0, 1]
    assert gaze[eye][:2] @ way > 0.4
    np.testing.assert_allclose(gaze[eye][:2] @ way[::-1], 0, atol=1e-6)
    np.testing.assert_array_equal(gaze[1 - eye], [0, 0, 1])


def test_looks_and_eye_angles_are_each_others_inverse():
    angles = RANDOM.uniform(-1, 1, (50, 2, 3)) * (0.44, 0.59, 0)
    curves = pose.looks_from_eye_rotation(angles)
    assert set(curves) == set(pose.LOOK_CURVES)
    values = np.zeros((50, 52))
    for name, column in curves.items():
        values[:, ARKIT52.index(name)] = column
    again = pose.eye_rotation_from_looks(CurveTrack(ARKIT52, 30.0, values))
    np.testing.assert_allclose(again, angles, atol=1e-6)


def test_beyond_their_reach_looks_stay_at_one():
    curves = pose.looks_from_eye_rotation(np.full((1, 2, 3), 3.0))
    assert curves["eyeLookDownLeft"][0] == 1
    assert curves["eyeLookOutLeft"][0] == curves["eyeLookInRight"][0] == 1
    assert curves["eyeLookInLeft"][0] == curves["eyeLookUpRight"][0] == 0


def test_a_track_without_looks_has_still_eyes():
    track = CurveTrack(("jawOpen",), 30.0, np.ones((3, 1)))
    np.testing.assert_array_equal(pose.eye_rotation_from_looks(track), np.zeros((3, 2, 3)))


def test_wrong_eye_angles_are_refused():
    with pytest.raises(ContractError, match=r"\[T, 2, 3\], got \[4, 3\]"):
        pose.looks_from_eye_rotation(np.zeros((4, 3)))
