import numpy as np
import pytest

from animdrive.sources.video.tracking.pictures import (
    Light,
    Region,
    cut_out,
    is_black,
    lightened,
    region_of,
)


def slopes():
    """[250, 250, 3] a picture whose red tells x and whose green tells y."""
    y, x = np.mgrid[:250, :250]
    return np.stack([x, y, np.zeros_like(x)], axis=2).astype(np.uint8)


@pytest.mark.parametrize("side", [40.0, 90.0, 150.0, 200.0])
@pytest.mark.parametrize("angle", [0.0, 0.6, np.pi / 2, -2.5])
def test_a_cut_out_shows_what_is_where_its_region_says(side, angle):
    region = Region(124.0, 125.5, side, angle)
    square = cut_out(slopes(), region, 64).astype(float)
    shares = (np.indices((64, 64))[::-1].reshape(2, -1).T + 0.5) / 64
    places = region.to_picture(np.column_stack([shares, np.zeros(64 * 64)]).astype(np.float32))
    inside = ((places[:, :2] > 4) & (places[:, :2] < 246)).all(axis=1)
    off = (square.reshape(-1, 3)[:, :2] + 0.5 - places[:, :2])[inside]  # pixels' middles
    assert np.abs(off).max() < 1.3
    np.testing.assert_allclose(off.mean(axis=0), 0, atol=0.6)  # halves are rounded up


def test_outside_of_the_picture_the_border_goes_on():
    square = cut_out(slopes(), Region(0.0, 125.0, 100.0), 50)
    assert square[:, :24, 0].max() <= 1
    assert cut_out(slopes(), Region(-900.0, -900.0, 500.0), 50).shape == (50, 50, 3)


def test_large_regions_are_averaged_and_not_sampled(rng):
    noise = rng.integers(0, 255, (600, 600, 3), dtype=np.uint8)
    assert cut_out(noise, Region(300, 300, 576, 0.0), 192).std() < 0.5 * noise.std()


@pytest.mark.parametrize("angle", [0.0, 0.5, 1.6, 3.0, -2.0])
def test_the_region_of_landmarks_turns_and_grows_with_them(rng, angle):
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = rng.uniform(-40, 40, (478, 2))
    points[33], points[263] = (-20, 0, 0), (20, 0, 0)
    upright = region_of(points, 1.5)
    assert upright.angle == 0
    assert upright.side == pytest.approx(1.5 * 80, rel=0.03)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = points.copy()
    moved[:, :2] = 2 * points[:, :2] @ turn.T + (300, 200)
    region = region_of(moved, 1.5)
    assert region.angle == pytest.approx(angle, abs=1e-5)
    assert region.side == pytest.approx(2 * upright.side, rel=1e-5)
    np.testing.assert_allclose(
        (region.x, region.y), 2 * turn @ (upright.x, upright.y) + (300, 200), atol=1e-3
    )


def test_what_squares_have_in_common():
    one = Region(100, 100, 40)
    assert one.share_in(one) == 1
    assert one.share_in(Region(120, 100, 40)) == 0.5
    assert one.share_in(Region(100, 100, 10)) == 1  # the smaller one lies within
    assert one.share_in(Region(160, 100, 40)) == 0
    assert one.near(Region(112, 100, 44))
    assert not one.near(Region(150, 100, 40))
    assert not one.near(Region(100, 100, 90))


def test_dark_is_lightened_and_light_is_left_alone():
    light = Light()
    bright = np.full((64, 64, 3), 120, np.uint8)
    light.measure(bright)
    assert light.applied(bright) is bright
    dark = np.full((64, 64, 3), 20, np.uint8)
    light.measure(dark)
    assert 100 < light.applied(dark).mean() < 130


def test_the_light_does_not_flicker(rng):
    light = Light()
    used = set()
    for level in rng.normal(40, 2, 50):
        light.measure(np.full((64, 64, 3), int(level), np.uint8))
        used.add(light.gamma)
    assert len(used) == 1


def test_black_is_black_and_dark_is_not(rng):
    black = np.zeros((90, 120, 3), np.uint8)
    assert is_black(black)
    assert is_black(np.clip(rng.normal(2, 3, black.shape), 0, 255).astype(np.uint8))
    dark = black.copy()
    dark[30:60, 40:80] = 30
    assert not is_black(dark)


def test_lightening_brings_out_what_is_dark():
    dark = (slopes() // 12).astype(np.uint8)
    even = lightened(dark)
    assert even.shape == dark.shape
    assert even.std() > 2 * dark.std()
