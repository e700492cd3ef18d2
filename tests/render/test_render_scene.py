from dataclasses import replace

import numpy as np
import pytest
from render_shapes import ball, character_of

from animdrive.contract import Camera, Material
from animdrive.errors import ContractError, InputError
from animdrive.render.camera import project
from animdrive.render.look import LookConfig
from animdrive.render.scene import Renderer, portrait_camera

pytestmark = [pytest.mark.gl, pytest.mark.usefixtures("gl")]

RED = Material("red", base_color=(0.8, 0.02, 0.02, 1.0), roughness=1.0)
GREEN = Material("green", base_color=(0.02, 0.6, 0.02, 1.0), roughness=1.0)
CAMERA = Camera(np.array([0, 0, 2.0]), np.zeros(3), 0.5, (160, 120))


def balls(*centres, radius_m=0.06, name="prop", material=RED):
    return character_of(
        [
            (f"{name}{number}", ball(centre, radius_m), material.name, "head")
            for number, centre in enumerate(centres)
        ],
        [material],
    )


def drawn(character, camera=CAMERA, look=None):
    with Renderer(character, camera=camera, look=look) as renderer:
        return renderer.draw(character.rig.neutral.vertices)


def is_red(image):
    given = image.astype(int)
    return (given[..., 0] > 40) & (given[..., 0] > 2 * given[..., 1])


def centroid(mask):
    rows, columns = np.nonzero(mask)
    return columns.mean() + 0.5, rows.mean() + 0.5


@pytest.mark.parametrize("place", [(0.25, 0.0, 0.0), (-0.3, 0.15, 0.1), (0.0, -0.2, -0.3)])
@pytest.mark.parametrize("yaw", [0.0, 0.7, -1.2])
def test_a_ball_appears_where_the_pinhole_camera_says(place, yaw):
    around = np.array([2 * np.sin(yaw), 0, 2 * np.cos(yaw)])
    camera = Camera(around, np.zeros(3), 0.5, (160, 120))
    bright = LookConfig(sky_color=(2, 2, 2), ground_color=(2, 2, 2))
    mask = is_red(drawn(balls(place, radius_m=0.03), camera, bright))
    np.testing.assert_allclose(centroid(mask), project(camera, place), atol=0.6)


def test_the_subjects_left_is_on_the_right_of_the_picture_and_up_is_on_top():
    x, y = centroid(is_red(drawn(balls((0.25, 0.15, 0)))))
    assert x > 100
    assert y < 50


def test_size_of_the_picture_and_of_the_ball():
    image = drawn(balls((0, 0, 0), radius_m=0.2))
    assert image.shape == (120, 160, 3)
    assert image.dtype == np.uint8
    # radius r at distance d appears under asin(r / d)
    radius_px = 60 / np.tan(0.25) * np.tan(np.arcsin(0.2 / 2))
    assert is_red(image).sum() == pytest.approx(np.pi * radius_px**2, rel=0.06)


def test_the_nearer_ball_hides_the_other_whatever_the_order():
    for first, second in (((0, 0, 0.3), (0, 0, -0.3)), ((0, 0, -0.3), (0, 0, 0.3))):
        character = character_of(
            [
                ("a", ball(first, 0.1), "red" if first[2] > 0 else "green", "head"),
                ("b", ball(second, 0.1), "red" if second[2] > 0 else "green", "head"),
            ],
            [RED, GREEN],
        )
        middle = drawn(character)[60, 80].astype(int)
        assert middle[0] > 2 * middle[1]


def test_what_is_behind_shines_through_glass():
    glass = Material("glass", base_color=(0.0, 0.0, 0.0, 0.3), roughness=1.0)
    pieces = [
        ("front", ball((0, 0, 0.3), 0.1), "glass", "head"),
        ("back", ball((0, 0, -0.3), 0.1), "red", "head"),
    ]
    through = drawn(character_of(pieces, [RED, glass]))[60, 80].astype(int)
    plain = drawn(character_of(pieces[1:], [RED]))[60, 80].astype(int)
    assert through[0] > 2 * through[1]
    assert through[0] < plain[0]


@pytest.mark.parametrize("smoothing", ["filter", "samples"])
def test_smoothing_softens_edges_and_nothing_else(smoothing):
    def seen(how):
        black = LookConfig(background_top=(0, 0, 0), background_bottom=(0, 0, 0), smoothing=how)
        return drawn(balls((0, 0, 0), radius_m=0.3), look=black).astype(int)[..., 0]

    hard, soft = seen("none"), seen(smoothing)
    edge = np.abs(np.diff(hard, axis=1, append=0)) + np.abs(np.diff(hard, axis=0, append=0)) > 60
    near = edge.copy()
    for axis in (0, 1):
        for step in (-2, -1, 1, 2):
            near |= np.roll(edge, step, axis=axis)
    assert np.abs(soft - hard)[~near].max() <= 6
    assert np.abs(soft - hard)[near].max() > 20
    # half tones appear where there was light or none
    assert (np.abs(soft[near] - 45) < 25).sum() > 1.3 * (np.abs(hard[near] - 45) < 25).sum()


def test_the_background_is_everywhere_else_and_follows_the_look():
    blue = LookConfig(background_top=(0, 0, 0.5), background_bottom=(0, 0, 0.5))
    image = drawn(balls((0, 0, 0), radius_m=0.1), look=blue).astype(int)
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert (edge[:, 2] > 60).all()
    assert (edge[:, :2] < 5).all()


def test_draws_are_the_same_every_time_and_do_not_depend_on_the_past(egg):
    vertices = egg.rig.neutral.vertices
    with Renderer(egg, size_px=(96, 96)) as one, Renderer(egg, size_px=(96, 96)) as other:
        first = one.draw(vertices)
        one.draw(vertices + np.float32(0.02))
        np.testing.assert_array_equal(other.draw(vertices), first)
        np.testing.assert_array_equal(one.draw(vertices), first)


def test_moving_the_vertices_moves_the_picture(egg):
    camera = portrait_camera(egg, (128, 128), margin=0.5)
    up = np.float32((0, 0.03, 0))
    black = LookConfig(background_top=(0, 0, 0), background_bottom=(0, 0, 0))
    with Renderer(egg, camera=camera, look=black) as renderer:
        rest = renderer.draw(egg.rig.neutral.vertices)
        moved = renderer.draw(egg.rig.neutral.vertices + up)
    change = project(camera, camera.target)[1] - project(camera, camera.target + up)[1]
    tops = [np.nonzero(image[:, 64].max(axis=1) > 40)[0].min() for image in (rest, moved)]
    assert tops[0] - tops[1] == pytest.approx(change, abs=1.5)


def test_the_camera_can_be_changed_between_draws(egg):
    vertices = egg.rig.neutral.vertices
    side = portrait_camera(egg, (96, 96), yaw_rad=np.pi / 2)
    with Renderer(egg, size_px=(96, 96)) as renderer:
        front = renderer.draw(vertices)
        renderer.camera = side
        turned = renderer.draw(vertices)
    np.testing.assert_array_equal(turned, drawn(egg, side))
    assert (turned != front).any()


def test_a_texture_is_shown_upright_and_in_its_own_colours():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:32], pixels[32:] = (220, 30, 30), (30, 30, 220)  # row 0 is v = 1: the top
    card = Material("card", texture=pixels, roughness=1.0)
    image = drawn(balls((0, 0, 0), radius_m=0.3, material=card)).astype(int)
    assert image[35, 80, 0] > 2 * image[35, 80, 2]
    assert image[85, 80, 2] > 2 * image[85, 80, 0]


def test_a_flat_normal_map_changes_nothing_and_a_tilted_one_does():
    def with_normals(colour):
        pixels = np.full((8, 8, 3), colour, np.uint8)
        return drawn(balls((0, 0, 0), radius_m=0.3, material=replace(RED, normal_texture=pixels)))

    plain = drawn(balls((0, 0, 0), radius_m=0.3)).astype(int)
    flat = with_normals((128, 128, 255)).astype(int)
    up = with_normals((128, 218, 218)).astype(int)
    assert np.abs(flat - plain).max() <= 1
    # The key stands above: a surface that is tilted up catches more of it below the middle
    assert up[85, 80, 0] > plain[85, 80, 0] + 5


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_surface_that_leans_to_u_is_lit_from_there_however_the_map_lies(mirrored):
    """glTF: red above a half leans the normal to where u grows; a mirrored map mirrors it."""
    points, faces, uv = ball((0, 0, 0), 0.3)
    pixels = np.full((8, 8, 3), (200, 128, 230), np.uint8)
    material = replace(RED, normal_texture=pixels)
    if mirrored:
        uv = uv * [-1, 1] + [1, 0]
    character = character_of([("prop", (points, faces, uv), "red", "head")], [material])
    dark = (0.0, 0.0, 0.0)
    look = LookConfig(fill_color=dark, rim_color=dark, sky_color=dark, ground_color=dark)
    from_right = replace(look, key_direction=(1.0, 0.0, 0.3))
    from_left = replace(look, key_direction=(-1.0, 0.0, 0.3))
    right, left = (
        drawn(character, look=side).astype(int)[60, 80, 0] for side in (from_right, from_left)
    )
    front = np.argmax(points[:, 2])
    grows = uv[points[:, 0] > points[front, 0] + 0.01]
    to_the_right = np.median(grows[:, 0]) > uv[front, 0]
    assert (right > left + 30) if to_the_right else (left > right + 30)


def test_a_stretched_map_leans_no_less():
    points, faces, uv = ball((0, 0, 0), 0.3)

    def drawn_with(factor):
        pixels = np.full((8, 8, 3), (128, 200, 230), np.uint8)
        material = replace(RED, normal_texture=pixels)
        piece = ("prop", (points, faces, uv * [1, factor]), "red", "head")
        return drawn(character_of([piece], [material])).astype(int)

    assert np.abs(drawn_with(1.0) - drawn_with(0.2)).max() <= 2


def test_the_key_light_throws_a_shadow():
    key = np.array(LookConfig().key_direction)
    blocker = 0.5 * key / np.linalg.norm(key)
    look = LookConfig(fill_color=(0, 0, 0), sky_color=(0, 0, 0), ground_color=(0, 0, 0))
    wall = ("wall", ball((0, 0, 0), 0.2, 60, 120), "red", "head")
    lamp = ("lamp", ball(blocker, 0.08), "red", "head")
    camera = Camera(np.array([0, 0, 3.0]), np.zeros(3), 0.5, (160, 120))
    x, y = np.round(project(camera, 0.2 * key / np.linalg.norm(key))).astype(int)
    free = drawn(character_of([wall], [RED]), camera, look)
    shaded = drawn(character_of([wall, lamp], [RED]), camera, look)
    assert free[y, x, 0] > 100
    assert shaded[y, x, 0] < free[y, x, 0] / 3


def test_a_cavity_is_dark():
    """A ball inside a closed skin is dark when the skin is opened in front of it."""
    points, faces, uv = ball((0, 0, 0), 0.1, 64, 128)
    front = points[faces].mean(axis=1)
    kept = faces[~((front[:, 2] > 0) & (np.hypot(front[:, 0], front[:, 1]) < 0.016))]
    tongue = ball((0, 0, 0.02), 0.045)
    pale = Material("pale", base_color=(0.6, 0.6, 0.6, 1.0), roughness=1.0)
    camera = Camera(np.array([0, 0, 2.0]), np.zeros(3), 0.15, (120, 120))
    hidden = character_of(
        [("skin", (points, kept, uv), "pale", "head"), ("tongue", tongue, "pale", "head")], [pale]
    )
    alone = character_of([("tongue", tongue, "pale", "head")], [pale])
    # sRGB 0.6 is a third of the light
    assert drawn(hidden, camera)[60, 60].mean() < 0.6 * drawn(alone, camera)[60, 60].mean()


def test_foreign_shapes_and_sizes_are_refused(egg):
    with Renderer(egg, size_px=(32, 32)) as renderer:
        with pytest.raises(ContractError, match=r"must have shape \[\d+, 3\], got \[5, 3\]"):
            renderer.draw(np.zeros((5, 3)))
        with pytest.raises(InputError, match="64 × 64 pixels, the renderer of 32 × 32"):
            renderer.camera = portrait_camera(egg, (64, 64))
    with pytest.raises(ContractError, match="closed"):
        renderer.draw(egg.rig.neutral.vertices)
    with pytest.raises(InputError, match="the renderer of 10 × 20"):
        Renderer(egg, size_px=(10, 20), camera=CAMERA)
    with pytest.raises(InputError, match="at most"):
        Renderer(egg, size_px=(100_000, 16))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"smoothing": "blur"}, "filter, samples, none; got blur"),
        ({"exposure": 0.0}, "exposure must be above 0"),
        ({"key_direction": (0.0, 0.0, 0.0)}, "key_direction has no length"),
        ({"rim_color": (1.0, -0.1, 0.0)}, "rim_color must not be negative"),
    ],
)
def test_impossible_looks_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        LookConfig(**settings)
