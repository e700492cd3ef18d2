import numpy as np
import pytest
from render_shapes import ball, character_of

from animdrive.contract import Material
from animdrive.errors import DeviceError


@pytest.fixture(scope="session")
def egg():
    """A skin ball with two eyes: 3,700 vertices, one curve that lifts everything by 1 cm."""
    skin = np.full((16, 16, 3), (224, 172, 150), np.uint8)
    eye = np.full((32, 64, 3), 235, np.uint8)
    eye[12:20, 28:36] = (70, 50, 40)
    return character_of(
        [
            ("skin", ball((0, 0, 0), 0.1), "skin", "head"),
            ("eye_left", ball((0.033, 0.03, 0.088), 0.0125), "eye", "eye_left"),
            ("eye_right", ball((-0.033, 0.03, 0.088), 0.0125), "eye", "eye_right"),
        ],
        [Material("skin", texture=skin), Material("eye", texture=eye, roughness=0.1)],
        curves=("jawOpen",),
    )


@pytest.fixture(scope="session")
def gl():
    """Skip where nothing can be drawn."""
    from animdrive.render.context import renderer_info

    try:
        return renderer_info()
    except DeviceError as error:
        pytest.skip(str(error))
