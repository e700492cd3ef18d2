"""Drawn people as an independent observer sees them: MediaPipe's face mesh on rendered pictures."""

import numpy as np
import pytest

from animdrive.rig.identity import shaped_character
from animdrive.rig.identity_people import sampled_shape

pytestmark = pytest.mark.gl


@pytest.fixture(scope="module")
def observer():
    from mediapipe.python.solutions.face_mesh import FaceMesh

    with FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
        yield mesh


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_everybody_is_seen_as_a_face_of_their_own_proportions(observer, seed):
    from animdrive.render.camera import portrait_camera, project
    from animdrive.render.scene import Renderer

    character = shaped_character(sampled_shape(seed))
    size = (320, 320)
    with Renderer(character, size_px=size) as camera_man:
        for yaw_deg in (-30, 0, 30):
            camera_man.camera = portrait_camera(character, size, yaw_rad=np.radians(yaw_deg))
            for curves in ({}, {"jawOpen": 0.7}, {"mouthSmileLeft": 1, "mouthSmileRight": 1}):
                vertices = character.rig.neutral.vertices.copy()
                for name, value in curves.items():
                    vertices += value * character.rig.delta(name)
                found = observer.process(camera_man.draw(vertices)).multi_face_landmarks
                assert found, (yaw_deg, curves)
                seen = np.array([[p.x * 320, p.y * 320] for p in found[0].landmark])
                truth = project(camera_man.camera, vertices[character.landmarks])
                eyes = np.linalg.norm(truth[33] - truth[263])
                off = np.linalg.norm(seen[:468] - truth[:468], axis=1)
                assert np.median(off) < 0.12 * eyes, (yaw_deg, curves)
