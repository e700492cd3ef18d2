"""The painted textures: colours follow pigments, places follow the face, relief follows the map."""

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.rig.paint import (
    SkinTone,
    paint_eye,
    paint_skin,
    paint_skin_normals,
    shipped_surface,
    skin_colour,
)
from animdrive.rig.paint_fields import EAR_BOX, SkinFields
from animdrive.rig.paint_hair import scalp_hair
from animdrive.rig.paint_relief import paint_normals
from animdrive.rig.paint_texels import frames_of, solid_noise, strokes, texels_of
from animdrive.rig.topology import load_topology

SIZE = 512
NOSE, CHEEK, FOREHEAD, CHIN = 4, 280, 151, 199
LIP, LIP_RIGHT_HALF, BROW, CROWN_FACE = 16, 85, 282, 10


@pytest.fixture(scope="module")
def skin():
    return shipped_surface()


@pytest.fixture(scope="module")
def albedo(skin):
    return paint_skin(skin, size=SIZE)


def around(image, skin, vertex, reach=5):
    """Mean colour about a vertex of the skin."""
    u, v = skin.uv[vertex]
    x, y = round(u * SIZE), round((1 - v) * SIZE)
    window = image[y - reach : y + reach + 1, x - reach : x + reach + 1]
    return window.reshape(-1, 3).astype(float).mean(0)


def test_more_melanin_is_darker_and_more_blood_is_redder():
    steps = np.linspace(0, 1, 11)
    by_melanin = skin_colour(steps, np.full(11, 0.4))
    assert (np.diff(by_melanin, axis=0) < 0).all()
    by_blood = skin_colour(np.full(11, 0.4), steps)
    assert (np.diff(by_blood[:, 0] - by_blood[:, 1]) > 0).all()
    assert (by_melanin[:, 0] > by_melanin[:, 1]).all()  # skin is never green
    assert skin_colour(0.1, 0.3).shape == (3,)


def test_skin_colours_span_those_that_people_have():
    pale, dark = skin_colour(0.05, 0.3), skin_colour(1.0, 0.4)
    assert pale.mean() > 190
    assert dark.mean() < 80


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"melanin": 1.2}, "SkinTone.melanin must be in 0..1, got 1.2"),
        ({"haemoglobin": -0.1}, "SkinTone.haemoglobin must be in 0..1, got -0.1"),
        ({"age": float("nan")}, "SkinTone.age must be in 0..1, got nan"),
        ({"hair_rgb": (0, 0, 300)}, r"SkinTone.hair_rgb must be three numbers in 0..255"),
        ({"iris_rgb": (0, 0)}, r"SkinTone.iris_rgb must be three numbers in 0..255"),
    ],
)
def test_impossible_tones_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        SkinTone(**settings)


def test_painting_is_the_same_every_time_and_another_seed_is_another_skin(skin, albedo):
    np.testing.assert_array_equal(paint_skin(skin, size=SIZE), albedo)
    assert (paint_skin(skin, size=SIZE, seed=8) != albedo).any()


def test_places_have_their_colours(skin, albedo):
    forehead, cheek, nose, lip = (
        around(albedo, skin, vertex) for vertex in (FOREHEAD, CHEEK, NOSE, LIP)
    )

    def redness(colour):
        return colour[0] / colour[1]

    assert redness(cheek) > redness(forehead) + 0.02
    assert redness(nose) > redness(forehead) + 0.02
    assert redness(lip) > redness(cheek) + 0.15
    assert around(albedo, skin, BROW, 3).mean() < forehead.mean() - 25
    crown = int(np.argmax(skin.vertices[:, 1]))
    assert around(albedo, skin, crown).mean() < 0.6 * forehead.mean()


def test_left_and_right_differ_by_chance_alone(skin, albedo):
    small = albedo.astype(float).reshape(32, 16, 32, 16, 3).mean((1, 3))
    beside = small[3:29, 8:24]  # the face; the ears' corner has no twin
    assert np.abs(beside - beside[:, ::-1]).mean() < 8


def test_a_tone_changes_skin_hair_and_lips_alike(skin, albedo):
    dark = paint_skin(skin, size=SIZE, tone=SkinTone(melanin=0.9, hair_rgb=(20, 16, 14)))
    for vertex in (FOREHEAD, CHEEK, LIP):
        assert around(dark, skin, vertex).mean() < around(albedo, skin, vertex).mean() - 25
    crown = int(np.argmax(skin.vertices[:, 1]))
    assert around(dark, skin, crown).mean() < around(albedo, skin, crown).mean()
    (_, u1), (v0, v1) = EAR_BOX
    box = np.s_[int((1 - v1) * SIZE) + 2 : int((1 - v0) * SIZE) - 2, 5 : int(u1 * SIZE) - 2]
    assert dark[box].mean() < albedo[box].mean() - 30


def test_the_hairline_runs_above_the_brows_and_around_the_ears(skin):
    inside = scalp_hair(skin.vertices / 1e-3)
    for bare in (FOREHEAD, CHEEK, NOSE, CHIN, BROW):
        assert inside[bare] < -5
    assert inside[int(np.argmax(skin.vertices[:, 1]))] > 20
    assert scalp_hair(np.array([[70.0, 14, -92]]))[0] < 0  # where the ear sits
    np.testing.assert_allclose(inside[load_topology().mirror], inside, atol=1e-2)


def test_normals_are_unit_and_flat_without_relief(skin):
    normals = paint_skin_normals(skin, size=SIZE).astype(float) / 127.5 - 1
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=0.012)
    assert normals[..., 2].min() > 0.3
    flat = paint_skin_normals(skin, size=SIZE, strength=0)
    assert set(np.unique(flat)) <= {127, 128, 255}


def test_age_deepens_the_relief(skin):
    def roughness(age):
        pixels = paint_skin_normals(skin, size=SIZE, tone=SkinTone(age=age))
        return np.abs(pixels[..., :2].astype(float) - 127.5).mean()

    assert roughness(0.95) > 1.1 * roughness(0.1)


def test_normals_lean_away_from_what_rises(skin, monkeypatch):
    # A ramp that rises with u and with v, by known slopes, where the face looks ahead.
    fields = SkinFields.of(skin, SIZE)
    across, skew, up = fields.lengths
    u, v = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE, 1 - (np.arange(SIZE) + 0.5) / SIZE)
    ramp = (0.1 * u * across.mean() + 0.2 * v * across.mean()).astype(np.float32)
    monkeypatch.setattr("animdrive.rig.paint_relief.relief", lambda *_, **__: ramp)
    normals = paint_normals(fields, age=0.2, seed=1).astype(float) / 127.5 - 1
    row, column = round((1 - skin.uv[CHIN, 1]) * SIZE), round(skin.uv[CHIN, 0] * SIZE)
    x, y, z = normals[row, column]
    slope_u = 0.1 * across.mean() / across[row, column]
    slope_v = (0.2 * across.mean() - skew[row, column] * slope_u) / up[row, column]
    assert -x / z == pytest.approx(slope_u, abs=0.015)
    assert -y / z == pytest.approx(slope_v, abs=0.015)


def test_texels_show_what_lies_there(skin):
    texels = texels_of(skin.uv, skin.faces, SIZE)
    shown = texels(skin.uv)
    u, v = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE, 1 - (np.arange(SIZE) + 0.5) / SIZE)
    true = np.stack([u, v], axis=-1)
    away = np.abs(shown - true)[texels.covered]
    assert away.max() < 1.0 / SIZE
    assert 0.5 < texels.covered.mean() < 0.9
    np.testing.assert_allclose(texels.weights.sum(-1), 1, atol=1e-5)


def test_frames_are_the_derivatives_of_the_surface():
    points = np.array([[0, 0, 0], [3, 0, 0], [0, 0, -2.0]])
    uv = np.array([[0, 0], [0.5, 0], [0, 0.25]])
    along_u, along_v = frames_of(points, np.array([[0, 1, 2]]), uv)
    np.testing.assert_allclose(along_u[0], [6, 0, 0])
    np.testing.assert_allclose(along_v[0], [0, 0, -8])


def test_solid_noise_has_unit_spread_and_its_grain():
    x = np.linspace(0, 400, 4001, dtype=np.float32)
    line = np.stack([x, x * 0 + 3, x * 0 + 7], axis=-1)[None]
    values = solid_noise(np.random.default_rng(1), line, 4.0)[0]
    assert values.std() == pytest.approx(1, abs=0.3)
    near = np.corrcoef(values[:-5], values[5:])[0, 1]  # half a unit apart
    far = np.corrcoef(values[:-100], values[100:])[0, 1]  # ten units apart
    assert near > 0.9 > 0.3 > abs(far)


def test_strokes_cover_as_much_as_they_are_wide():
    line = np.array([[[10.0, 20.0], [50.0, 20.0]]])
    cover, window = strokes(64, line, 2.0)
    assert cover.sum() == pytest.approx(80, rel=0.3)
    assert window[0].start <= 18
    assert window[0].stop >= 23
    thin, _ = strokes(64, line, 0.5)
    assert thin.sum() == pytest.approx(20, rel=0.6)


def test_the_eye_has_a_dark_pupil_and_rim_and_the_iris_its_colour():
    iris_uv, size = 0.125, 512
    blue, brown = (
        paint_eye(iris_uv=iris_uv, size=size, tone=SkinTone(iris_rgb=rgb)).astype(float)
        for rgb in ((90, 120, 160), (104, 78, 48))
    )
    y, x = np.mgrid[:size, :size] + 0.5
    radius = np.hypot(x / size - 0.5, y / size - 0.5) / iris_uv

    def mean(image, low, high):
        return image[(radius > low) & (radius < high)].mean(0)

    assert mean(brown, 0, 0.28).max() < 15
    assert mean(brown, 0.92, 0.99).mean() < 0.6 * mean(brown, 0.6, 0.75).mean()
    assert mean(brown, 1.15, 1.5).min() > 185
    assert mean(blue, 0.6, 0.8)[2] > mean(blue, 0.6, 0.8)[0] + 30
    assert mean(brown, 0.6, 0.8)[0] > mean(brown, 0.6, 0.8)[2] + 20
    ring = np.abs(radius - 0.7) < 0.02
    assert brown[ring].mean(1).std() > 6  # fibres


def test_the_vessels_of_the_eye_keep_off_the_iris():
    size, iris_uv = 512, 0.125
    image = paint_eye(iris_uv=iris_uv, size=size).astype(float)
    y, x = np.mgrid[:size, :size] + 0.5
    radius = np.hypot(x / size - 0.5, y / size - 0.5) / iris_uv
    red = image[..., 0] - image[..., 1]
    assert red[(radius > 1.12) & (radius < 1.25)].max() < 20
