import zlib

import cv2
import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.render.compose import labelled
from animdrive.render.scene import Renderer
from animdrive.render.still import render_still, write_png


def chunks(data):
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        checksum = int.from_bytes(data[at + 8 + length : at + 12 + length], "big")
        assert checksum == zlib.crc32(kind + body)
        yield kind, body
        at += 12 + length


def read_rgb(path):
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_a_picture_comes_back_with_its_text(tmp_path):
    path = tmp_path / "größe ✓.png"
    image = np.random.default_rng(0).integers(0, 255, (12, 20, 3)).astype(np.uint8)
    write_png(image, path, metadata={"AIGC": '{"Label": "1"}', "Comment": "ü"})
    np.testing.assert_array_equal(read_rgb(path), image)
    texts = [body for kind, body in chunks(path.read_bytes()) if kind == b"iTXt"]
    assert texts == [b'AIGC\0\0\0\0\0{"Label": "1"}', b"Comment\0\0\0\0\0\xc3\xbc"]


def test_only_png_is_written(tmp_path):
    with pytest.raises(InputError, match=r"face\.jpg should end in \.png"):
        write_png(np.zeros((4, 4, 3), np.uint8), tmp_path / "face.jpg")
    assert not list(tmp_path.iterdir())


@pytest.mark.gl
@pytest.mark.usefixtures("gl")
@pytest.mark.parametrize("label", [False, True])
def test_a_still_is_what_the_renderer_draws(egg, tmp_path, label):
    vertices = egg.rig.neutral.vertices
    render_still(egg, vertices, tmp_path / "egg.png", size_px=(96, 80), visible_label=label)
    with Renderer(egg, size_px=(96, 80)) as renderer:
        drawn = renderer.draw(vertices)
    expected = labelled(drawn) if label else drawn
    np.testing.assert_array_equal(read_rgb(tmp_path / "egg.png"), expected)
