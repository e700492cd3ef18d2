import numpy as np
import pytest
from render_shapes import ball

from animdrive.contract import Camera, Mesh
from animdrive.errors import ContractError, InputError
from animdrive.render.heat import HeatRenderer, heat_colors, titled, with_color_bar

SIZE = 96


@pytest.fixture(scope="module")
def globe():
    return Mesh(*ball((0, 0, 0), 0.1))


@pytest.fixture(scope="module")
def camera():
    return Camera(np.array([0, 0, 0.6]), np.zeros(3), 0.5, (SIZE, SIZE))


def nearest(pixel):
    """Return where on the bar the hue of a shaded pixel is, 0..1."""
    bar = heat_colors().astype(float)
    bar /= np.linalg.norm(bar, axis=1, keepdims=True)
    return int(np.argmax(bar @ (pixel / np.linalg.norm(pixel)))) / 255


@pytest.mark.gl
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.75, 1.0])
def test_a_value_has_its_colour_on_the_bar(globe, camera, share):
    heat = np.full(len(globe.vertices), 4 * share, np.float32)
    with HeatRenderer(globe, camera=camera) as renderer:
        image = renderer.draw(globe.vertices, heat, full=4.0)
    assert image.shape == (SIZE, SIZE, 3)
    assert nearest(image[SIZE // 2, SIZE // 2].astype(float)) == pytest.approx(share, abs=0.03)
    assert image[2, 2].max() < 40  # background


@pytest.mark.gl
def test_the_warm_side_is_where_the_heat_is_and_excess_is_full(globe, camera):
    heat = np.where(globe.vertices[:, 0] > 0, 99.0, -5.0).astype(np.float32)
    with HeatRenderer(globe, camera=camera) as renderer:
        image = renderer.draw(globe.vertices, heat, full=1.0).astype(float)
    left, right = image[SIZE // 2, SIZE // 2 - 14], image[SIZE // 2, SIZE // 2 + 14]
    assert nearest(left) < 0.03
    assert nearest(right) > 0.97


@pytest.mark.gl
def test_it_says_what_is_wrong(globe, camera):
    heat = np.zeros(len(globe.vertices), np.float32)
    with HeatRenderer(globe, camera=camera) as renderer:
        with pytest.raises(ContractError, match="vertices and heat must have shapes"):
            renderer.draw(globe.vertices, heat[:-1], full=1.0)
        with pytest.raises(InputError, match="must be above 0, got 0"):
            renderer.draw(globe.vertices, heat, full=0)
    with pytest.raises(ContractError, match="is closed"):
        renderer.draw(globe.vertices, heat, full=1.0)


def test_colours_go_from_grey_and_neighbours_are_close():
    colors = heat_colors().astype(int)
    assert np.ptp(colors[0]) == 0
    assert np.abs(np.diff(colors, axis=0)).max() < 12
    assert len({tuple(color) for color in colors}) > 200


def test_bar_and_title_are_written_into_a_copy():
    image = np.zeros((200, 240, 3), np.uint8)
    marked = with_color_bar(image, full=5.0, unit="mm", lines=("difference",))
    named = titled(image, "linear rig")
    assert not image.any()
    assert marked[:60, :150].any()
    bar = marked[48:172, -5]
    assert nearest(bar[-2].astype(float)) < 0.03
    assert nearest(bar[2].astype(float)) > 0.97
    assert named[:20].any()
    assert not named[60:].any()
