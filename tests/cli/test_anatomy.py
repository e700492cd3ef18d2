"""``animdrive rig anatomy``: the page of tables and the picture of the muscles."""

import json

import cv2
import numpy as np
import pytest

from animdrive.errors import DeviceError, InputError
from animdrive.pipeline.anatomy import muscle_picture
from animdrive.rig.head import load_head


@pytest.fixture(scope="module")
def picture():
    try:
        return muscle_picture(load_head(), yaws_deg=(0.0,), size_px=256, names=False)
    except DeviceError as error:
        pytest.skip(str(error))


def test_the_page_is_written_and_told(animdrive, tmp_path):
    out = tmp_path / "anatomy.md"
    ran = animdrive("rig", "anatomy", "-o", out, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["outputs"] == {"md": str(out)}
    assert "zygomaticus major" in out.read_text(encoding="utf-8")


def test_the_picture_shows_coloured_fibres_alike_on_both_sides(picture):
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    coloured = hsv[..., 1] > 90
    assert 0.02 < coloured.mean() < 0.4
    # A line may fall on either of two pixels.
    wide = cv2.dilate(coloured.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert (coloured & wide[:, ::-1]).sum() > 0.97 * coloured.sum()


def test_the_picture_is_written_with_names_below(animdrive, picture, tmp_path):
    out = tmp_path / "muscles.png"
    ran = animdrive("rig", "anatomy", "-o", out, "--yaw", 30, "--size", 200)
    assert ran.code == 0, ran.err
    made = cv2.imread(str(out))
    assert made.shape[1] == 200
    assert made.shape[0] > 200
    assert picture.shape == (256, 256, 3)


def test_another_kind_of_file_is_refused(animdrive, tmp_path):
    ran = animdrive("rig", "anatomy", "-o", tmp_path / "muscles.gif")
    assert ran.code == 2
    assert "muscles.gif: write a picture (.png) or a page of tables (.md)" in ran.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size_px": 10}, r"128\.\.4096 pixels, got 10"),
        ({"yaws_deg": ()}, "at least one"),
        ({"yaws_deg": (np.nan,)}, "angles in degrees"),
    ],
)
def test_a_view_that_cannot_be_drawn_is_told(settings, words):
    with pytest.raises(InputError, match=words):
        muscle_picture(load_head(), **settings)
