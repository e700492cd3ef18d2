import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.render.compose import (
    LABEL_SHARE,
    contact_sheet,
    labelled,
    letterboxed,
    panel_width,
)


def flat(width, height, value=200):
    return np.full((height, width, 3), value, np.uint8)


@pytest.mark.parametrize(
    ("size", "bars"), [((100, 50), "above and below"), ((50, 100), "left and right")]
)
def test_letterboxing_keeps_the_shape_of_the_picture(size, bars):
    boxed = letterboxed(flat(*size), (64, 64))
    assert boxed.shape == (64, 64, 3)
    lit = (boxed > 100).all(axis=2)
    rows, columns = np.nonzero(lit.any(axis=1))[0], np.nonzero(lit.any(axis=0))[0]
    assert (len(columns), len(rows)) == ((64, 32) if bars == "above and below" else (32, 64))
    # the bars are of the same size on both sides
    assert rows[0] + rows[-1] == 63
    assert columns[0] + columns[-1] == 63


@pytest.mark.parametrize(
    ("size", "width"), [((320, 240), 128), ((1920, 1080), 170), ((400, 100), 170), ((10, 90), 54)]
)
def test_a_panel_takes_the_shape_of_its_picture_within_reason(size, width):
    assert panel_width(flat(*size), 96) == width


def test_a_contact_sheet_has_the_pictures_in_reading_order():
    values = [50, 100, 150, 200, 250]
    sheet = contact_sheet([flat(8, 6, value) for value in values], 3, gap_px=2)
    assert sheet.shape == (14, 28, 3)
    seen = [int(sheet[row, column, 0]) for row in (3, 11) for column in (4, 14, 24)]
    assert seen == [*values, 16]


def test_contact_sheets_of_nothing_or_of_mixed_sizes_are_refused():
    with pytest.raises(InputError, match="got 0 pictures in 3 columns"):
        contact_sheet([], 3)
    with pytest.raises(InputError, match="got 1 pictures in 0 columns"):
        contact_sheet([flat(4, 4)], 0)
    with pytest.raises(InputError, match="of one size"):
        contact_sheet([flat(4, 4), flat(5, 4)], 2)


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (1138, 512), (300, 720)])
def test_the_label_is_large_enough_and_in_the_lower_right_corner(size):
    image = flat(*size, value=90)
    marked = labelled(image)
    letters = marked.min(axis=2) > 180
    rows, columns = np.nonzero(letters)
    assert np.ptp(rows) + 1 >= LABEL_SHARE * min(size)
    assert rows.min() > 0.8 * size[1]
    assert columns.max() > 0.9 * size[0]
    assert columns.min() >= 0
    # all else is untouched, the given picture too
    assert (marked[: size[1] // 2] == 90).all()
    assert (image == 90).all()


def test_the_label_can_be_read_on_white_too():
    marked = labelled(flat(256, 256, value=255))
    plate = marked[-20:-12, -30:-12]
    assert plate.min() < 100
