"""The head's file: what is packed comes back, textures and normal map included."""

from dataclasses import replace

import numpy as np
import pytest

from animdrive.rig.head import load_head, read_head, save_head
from animdrive.weights import weights_folder


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 64), np.linspace(0.5, -0.5, 64))
    normals = np.stack([x, y, np.sqrt(1 - x**2 - y**2)], axis=-1)
    pixels = np.rint((normals + 1) * 127.5).astype(np.uint8)
    head = load_head()
    materials = tuple(
        replace(m, normal_texture=pixels if m.name == "skin" else None) for m in head.materials
    )
    head = replace(head, materials=materials)
    path = tmp_path_factory.mktemp("head") / "head.safetensors"
    save_head(head, path)
    return head, read_head(path)


def test_shape_and_curves_come_back(packed):
    head, back = packed
    np.testing.assert_array_equal(back.rig.neutral.vertices, head.rig.neutral.vertices)
    np.testing.assert_array_equal(back.rig.neutral.faces, head.rig.neutral.faces)
    np.testing.assert_allclose(back.rig.neutral.uv, head.rig.neutral.uv, atol=1e-5)
    np.testing.assert_allclose(back.rig.deltas, head.rig.deltas, atol=1e-6)
    assert back.parts == head.parts


def test_pictures_come_back(packed):
    head, back = packed
    for material in head.materials:
        ours, theirs = material, back.material(material.name)
        assert (ours.base_color, ours.roughness) == (theirs.base_color, theirs.roughness)
        for before, after in (
            (ours.texture, theirs.texture),
            (ours.normal_texture, theirs.normal_texture),
        ):
            assert (before is None) == (after is None)
            if before is not None and after is not None:
                assert np.abs(before.astype(int) - after).mean() < 2
    normals = back.material("skin").normal_texture.astype(int)
    assert np.abs(normals - head.material("skin").normal_texture).max() <= 6


def test_the_shipped_head_has_its_textures_and_is_small():
    head = load_head()
    skin = head.material("skin")
    assert skin.texture.shape == (2048, 2048, 3)
    assert skin.normal_texture.shape == (2048, 2048, 3)
    normals = skin.normal_texture.astype(float) / 127.5 - 1
    assert normals[..., 2].min() > 0
    assert np.abs(np.linalg.norm(normals, axis=-1) - 1).mean() < 0.02
    assert (weights_folder() / "head.safetensors").stat().st_size < 6e6
