"""What a rig looks like, and whose eye is whose."""

import io
import json

import numpy as np
import pytest
import rig_maker
from PIL import Image

from animdrive.capture.read_rig import read_rig
from animdrive.contract import CurveTrack
from animdrive.export.gltf import write_glb
from animdrive.gltf.reader import GltfFile
from animdrive.media.ktx2 import MAGIC


def picture(mode="RGB", color=(200, 100, 50), kind="PNG"):
    data = io.BytesIO()
    Image.new(mode, (4, 2), color).save(data, kind)
    return data.getvalue()


def rig_file(folder, *, image=None, alpha="OPAQUE", texture=None, transform=None, eyes=()):
    """Write the small rig as a .gltf with a picture beside it and nodes for its eyes."""
    rest = CurveTrack(rig_maker.NAMES, 30.0, np.zeros((0, len(rig_maker.NAMES)), np.float32))
    write_glb(rig_maker.character(), rest, folder / "made.glb")
    file = GltfFile(folder / "made.glb")
    document = file.json
    (folder / "data.bin").write_bytes(file.buffers[0])
    document["buffers"][0]["uri"] = "data.bin"
    if image is not None:
        (folder / "skin.png").write_bytes(image)
    document["images"] = [{"uri": "skin.png"}]
    document["textures"] = [texture or {"source": 0}]
    info = {"index": 0}
    if transform:
        info["extensions"] = {"KHR_texture_transform": transform}
    document["materials"] = [
        {
            "name": "paint",
            "alphaMode": alpha,
            "pbrMetallicRoughness": {
                "baseColorTexture": info,
                "baseColorFactor": [1, 1, 1, 1],
                "roughnessFactor": 0.3,
                "metallicFactor": 0,
            },
        }
    ]
    mesh = next(node["mesh"] for node in document["nodes"] if "mesh" in node)
    nodes = [{"name": "", "mesh": mesh}, {"name": "body", "children": [0]}]
    ball = next(p["attributes"] for p in document["meshes"][mesh]["primitives"])
    document["meshes"].append({"primitives": [{"attributes": {"POSITION": ball["POSITION"]}}]})
    roots = [1]
    for name, place in eyes:  # a mesh below a named node, itself without a name
        nodes.append({"mesh": len(document["meshes"]) - 1, "scale": [0.1] * 3})
        nodes.append({"name": name, "translation": place, "children": [len(nodes) - 1]})
        roots.append(len(nodes) - 1)
    for primitive in document["meshes"][mesh]["primitives"]:
        for key in ("JOINTS_0", "WEIGHTS_0"):
            primitive["attributes"].pop(key, None)
    document.pop("skins", None)
    document.update(nodes=nodes, scenes=[{"nodes": roots}], scene=0)
    (folder / "a.gltf").write_text(json.dumps(document))
    return folder / "a.gltf"


def test_a_picture_becomes_the_skins_texture(tmp_path):
    read = read_rig(rig_file(tmp_path, image=picture()), surfaces=True)
    material = read.character.material("paint")
    assert material.texture.shape == (2, 4, 3)
    assert (material.texture == [200, 100, 50]).all()
    assert (material.roughness, material.metallic) == pytest.approx((0.3, 0))
    assert read.unread == ()


def test_without_surfaces_no_picture_is_opened(tmp_path):
    read = read_rig(rig_file(tmp_path, image=b"no picture"))
    (material,) = read.character.materials
    assert material.texture is None
    assert not any("picture" in note for note in read.notes)


def test_a_damaged_picture_is_left_out_and_told(tmp_path):
    read = read_rig(rig_file(tmp_path, image=b"no picture"), surfaces=True)
    assert read.character.material("paint").texture is None
    assert read.unread == ("paint",)
    assert any("'paint'" in note and "left out" in note for note in read.notes)


def test_a_picture_of_another_kind_of_ktx2_is_told_with_the_cure(tmp_path):
    texture = {"extensions": {"KHR_texture_basisu": {"source": 0}}}
    data = MAGIC + bytes(200)
    read = read_rig(rig_file(tmp_path, image=data, texture=texture), surfaces=True)
    assert read.unread == ("paint",)
    assert any("another kind than ETC1S" in n and "gltf-transform" in n for n in read.notes)


@pytest.mark.parametrize("alpha", ["OPAQUE", "MASK", "BLEND"])
def test_see_through_pictures_count_where_the_material_says_so(tmp_path, alpha):
    path = rig_file(tmp_path, image=picture("RGBA", (9, 9, 9, 40)), alpha=alpha)
    read = read_rig(path, surfaces=True)
    invisible = read.character.material("paint").base_color[3] == 0
    assert invisible == (alpha != "OPAQUE")
    assert any("see-through" in note for note in read.notes) == invisible


def test_a_texture_transform_moves_the_coordinates(tmp_path):
    plain = read_rig(rig_file(tmp_path, image=picture())).character.rig.neutral.uv
    moved = rig_file(tmp_path, image=picture(), transform={"scale": [0.5, 0.25]})
    found = read_rig(moved).character.rig.neutral.uv
    np.testing.assert_allclose(found[:, 0], 0.5 * plain[:, 0], atol=1e-6)
    np.testing.assert_allclose(1 - found[:, 1], 0.25 * (1 - plain[:, 1]), atol=1e-6)


LEFT, RIGHT = [0.03, 0.03, 0.05], [-0.03, 0.03, 0.05]


@pytest.mark.parametrize("swapped", [False, True])
def test_eyes_follow_the_lids_whatever_they_are_called(tmp_path, swapped):
    places = (RIGHT, LEFT) if swapped else (LEFT, RIGHT)
    eyes = list(zip(("eyeLeft", "eyeRight"), places, strict=True))
    read = read_rig(rig_file(tmp_path, image=picture(), eyes=eyes), surfaces=True)
    character = read.character
    np.testing.assert_allclose(character.eye_pivots, [LEFT, RIGHT], atol=1e-6)
    assert any("after the other side" in note for note in read.notes) == swapped
    vertices = character.rig.neutral.vertices
    for part in character.parts:
        middle = vertices[part.vertices].mean(axis=0)[0]
        if part.bone != "head":
            assert (part.bone == "eye_left") == (middle > 0)
    # Meshes without names are called after the node above them.
    assert {part.name for part in character.parts if part.bone != "head"} == {
        "eyeLeft", "eyeRight",
    }  # fmt: skip
