"""Materials of a glTF: colours, pictures wherever they lie, and where they lie on the mesh."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from animdrive.errors import InputError
from animdrive.gltf.materials import PLAIN, read_material
from animdrive.gltf.reader import GltfFile


def png(color=(10, 200, 30), size=(4, 2)):
    data = io.BytesIO()
    Image.new("RGB", size, color).save(data, "PNG")
    return data.getvalue()


def opened(tmp_path, **parts):
    document = {"asset": {"version": "2.0"}, **parts}
    (tmp_path / "a.gltf").write_text(json.dumps(document))
    return GltfFile(tmp_path / "a.gltf")


def textured(tmp_path, image=None, texture=None, info=None, **more):
    surface = {"baseColorTexture": {"index": 0, **(info or {})}}
    return opened(
        tmp_path,
        materials=[{"name": "m", "pbrMetallicRoughness": surface}],
        textures=[texture or {"source": 0}],
        images=[image or {}],
        **more,
    )


def test_what_a_material_does_not_say_is_as_the_specification_says(tmp_path):
    file = opened(tmp_path, materials=[{}])
    found = read_material(file, 0)
    assert (found.base_color, found.metallic, found.roughness) == ((1, 1, 1, 1), 1, 1)
    assert found.picture is None
    assert not found.see_through
    assert read_material(file, None) is PLAIN


def test_factors(tmp_path):
    surface = {"baseColorFactor": [0.1, 0.2, 0.3, 0.4], "metallicFactor": 0, "roughnessFactor": 0.6}
    file = opened(
        tmp_path,
        materials=[{"name": "skin", "pbrMetallicRoughness": surface, "alphaMode": "BLEND"}],
    )
    found = read_material(file, 0)
    assert found.name == "skin"
    assert found.base_color == (0.1, 0.2, 0.3, 0.4)
    assert (found.metallic, found.roughness) == (0, 0.6)
    assert found.see_through


def test_a_picture_may_lie_in_the_json_beside_the_file_or_in_a_buffer(tmp_path):
    data = png()
    text = "data:image/png;base64," + base64.b64encode(data).decode()
    assert read_material(textured(tmp_path, {"uri": text}), 0).picture == data
    (tmp_path / "a b.png").write_bytes(data)
    assert read_material(textured(tmp_path, {"uri": "a%20b.png"}), 0).picture == data
    (tmp_path / "all.bin").write_bytes(b"xx" + data)
    file = textured(
        tmp_path,
        {"bufferView": 0, "mimeType": "image/png"},
        buffers=[{"byteLength": 2 + len(data), "uri": "all.bin"}],
        bufferViews=[{"buffer": 0, "byteOffset": 2, "byteLength": len(data)}],
    )
    assert read_material(file, 0).picture == data


@pytest.mark.parametrize("extension", ["KHR_texture_basisu", "EXT_texture_webp"])
def test_a_picture_in_another_format_is_handed_out_as_it_is(tmp_path, extension):
    (tmp_path / "a.ktx2").write_bytes(b"some file")
    (tmp_path / "a.png").write_bytes(png())
    texture = {"extensions": {extension: {"source": 0}}}
    other = read_material(textured(tmp_path, {"uri": "a.ktx2"}, texture), 0)
    assert other.picture == b"some file"
    # With a picture for those that cannot read the other, that one is taken.
    both = read_material(textured(tmp_path, {"uri": "a.png"}, {"source": 0, **texture}), 0)
    assert both.picture == png()
    assert read_material(textured(tmp_path, {}, {"name": "nothing"}), 0).picture is None


def test_a_texture_transform_places_scales_and_turns_as_the_extension_says(tmp_path):
    info = {
        "extensions": {
            "KHR_texture_transform": {"offset": [0.1, 0.2], "scale": [2, 3], "rotation": 0.5}
        }
    }
    (tmp_path / "a.png").write_bytes(png())
    found = read_material(textured(tmp_path, {"uri": "a.png"}, info=info), 0)
    uv = np.random.default_rng(0).random((7, 2))
    turn = np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    wanted = [0.1, 0.2] + (uv * [2, 3]) @ turn.T
    np.testing.assert_allclose(found.placed_uv(uv), wanted, atol=1e-6)
    np.testing.assert_array_equal(PLAIN.placed_uv(uv), uv.astype(np.float32))


WRONG = {
    "surface": ({"materials": [{"pbrMetallicRoughness": 3}]}, "no usable surface"),
    "colour": (
        {"materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1, 2]}}]},
        "baseColorFactor must be 4 numbers",
    ),
    "words": (
        {"materials": [{"pbrMetallicRoughness": {"metallicFactor": "high"}}]},
        "metallicFactor holds no numbers",
    ),
    "no texture": (
        {"materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 4}}}]},
        r"textures\[4\] is not there",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_damage_is_named(tmp_path, name):
    parts, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        read_material(opened(tmp_path, **parts), 0)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({}, "has no data"),
        ({"uri": "../secret.png"}, "outside its folder"),
        ({"uri": "/etc/passwd"}, "outside its folder"),
        ({"uri": "http://a.b/c.png"}, "outside its folder"),
        ({"uri": "gone.png"}, "gone.png"),
        ({"uri": "data:image/png;base64,@@"}, "is not base64"),
        ({"bufferView": 7}, r"bufferViews\[7\] is not there"),
    ],
)
def test_a_picture_that_is_not_there_is_named(tmp_path, image, message):
    with pytest.raises(InputError, match=message):
        read_material(textured(tmp_path, image), 0)


def test_texture_coordinates_must_be_counted(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    assert (
        read_material(textured(tmp_path, {"uri": "a.png"}, info={"texCoord": 1}), 0).texcoord == 1
    )
    with pytest.raises(InputError, match="lies on no texture coordinates"):
        read_material(textured(tmp_path, {"uri": "a.png"}, info={"texCoord": -1}), 0)
