"""The head as an independent observer sees it: MediaPipe's face mesh on rendered pictures."""

import numpy as np
import pytest

from animdrive.contract import ARKIT52
from animdrive.rig.head import load_head

pytestmark = pytest.mark.gl

UNSEEN = {
    # What a frontal picture shows as no landmark's motion, checked on the mesh instead.
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "jawForward",
    "tongueOut", "cheekSquintLeft", "cheekSquintRight", "mouthClose", "noseSneerLeft",
    "noseSneerRight", "mouthPressLeft", "mouthPressRight",
}  # fmt: skip


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def observer():
    from mediapipe.python.solutions.face_mesh import FaceMesh

    with FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
        yield mesh


@pytest.fixture(scope="module")
def camera_man(head):
    from animdrive.render.scene import Renderer

    with Renderer(head, size_px=(448, 448)) as renderer:
        yield renderer


def seen(head, observer, camera_man, *, yaw_deg=0.0, pitch_deg=0.0, **curves):
    """Landmarks [478, 2] in pixels, y up, or None where no face is found."""
    from animdrive.render.camera import portrait_camera

    camera_man.camera = portrait_camera(
        head, (448, 448), yaw_rad=np.radians(yaw_deg), pitch_rad=np.radians(pitch_deg)
    )
    vertices = head.rig.neutral.vertices.copy()
    for name, value in curves.items():
        vertices += value * head.rig.delta(name)
    faces = observer.process(camera_man.draw(vertices)).multi_face_landmarks
    if not faces:
        return None
    return np.array([[p.x * 448, -p.y * 448] for p in faces[0].landmark])


@pytest.mark.parametrize("yaw_deg", [-30, -15, 0, 15, 30])
def test_the_head_is_found_from_every_side(head, observer, camera_man, yaw_deg):
    for curves in (
        {},
        {"jawOpen": 1},
        {"mouthPucker": 1},
        {"eyeBlinkLeft": 1, "eyeBlinkRight": 1},
        {"mouthSmileLeft": 1, "mouthSmileRight": 1},
        {"browDownLeft": 1, "browDownRight": 1},
    ):
        for pitch_deg in (-10, 0, 10):
            view = {"yaw_deg": yaw_deg, "pitch_deg": pitch_deg}
            assert seen(head, observer, camera_man, **view, **curves) is not None, (view, curves)


def test_curves_are_seen_to_move_what_they_name(head, observer, camera_man):
    rest = seen(head, observer, camera_man)
    scale = np.linalg.norm(rest[263] - rest[33])
    points = head.rig.neutral.vertices[head.landmarks]
    truth_scale = np.linalg.norm(points[263, :2] - points[33, :2])
    wrong = {}
    for name in ARKIT52:
        if name in UNSEEN:
            continue
        found = (seen(head, observer, camera_man, **{name: 1}) - rest)[:468] / scale
        truth = head.rig.delta(name)[head.landmarks][:468, :2] / truth_scale
        size = np.linalg.norm(truth, axis=1)
        moved = size > 0.3 * size.max()
        agreement = (found[moved] * truth[moved]).sum() / np.sqrt(
            (found[moved] ** 2).sum() * (truth[moved] ** 2).sum()
        )
        if agreement < 0.6:
            wrong[name] = round(float(agreement), 2)
    assert not wrong


def test_lips_closed_over_a_dropped_jaw_are_seen_closed(head, observer, camera_man):
    def gap(**curves):
        points = seen(head, observer, camera_man, **curves)
        return points[13, 1] - points[14, 1]

    apart = gap(jawOpen=0.4)
    assert gap(jawOpen=0.4, mouthClose=0.4) < 0.25 * apart


@pytest.mark.parametrize(("pitch", "yaw"), [(0.25, 0.0), (-0.25, 0.0), (0.0, 0.35), (0.0, -0.35)])
def test_eyes_turn_where_they_are_told(head, observer, camera_man, pitch, yaw):
    from animdrive.render.camera import portrait_camera
    from animdrive.rig.pose import posed_vertices

    def irises(rotation):
        camera_man.camera = portrait_camera(head, (448, 448))
        vertices = posed_vertices(
            head,
            head.rig.neutral.vertices,
            head_rotation=np.zeros(3),
            head_position=np.zeros(3),
            eye_rotation=np.tile(rotation, (2, 1)),
        )
        face = observer.process(camera_man.draw(vertices)).multi_face_landmarks[0]
        points = np.array([[p.x, -p.y] for p in face.landmark])
        return points[[468, 473]] - points[[33, 263]]

    moved = irises([pitch, yaw, 0.0]) - irises([0.0, 0.0, 0.0])
    if yaw:  # towards the subject's left is to the right of the picture
        assert (np.sign(moved[:, 0]) == np.sign(yaw)).all()
    else:  # pitch above 0 looks down
        assert (np.sign(moved[:, 1]) == -np.sign(pitch)).all()
