import pytest

from animdrive.errors import InputError
from animdrive.sources.video.tracking.choice import FaceChoice, parse_choice
from animdrive.sources.video.tracking.pictures import Region

LEFT, MIDDLE, RIGHT = Region(100, 100, 50), Region(300, 120, 200), Region(600, 90, 80)
FACES = [MIDDLE, RIGHT, LEFT]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("largest", MIDDLE),
        ("left", LEFT),
        ("Right ", RIGHT),
        ("1", MIDDLE),
        ("2", RIGHT),
        ("3", LEFT),
        ("9", LEFT),  # fewer than nine: the smallest
        ("580,80", RIGHT),
        ("0, 0", LEFT),
    ],
)
def test_a_text_names_a_face(text, chosen):
    assert FACES[parse_choice(text).pick(FACES)] is chosen


def test_a_place_is_meant_in_pixels_of_the_full_video():
    choice = parse_choice("1200,180")
    assert FACES[choice.pick(FACES, 0.5)] is RIGHT
    assert FACES[choice.pick(FACES, 0.25)] is MIDDLE


def test_the_default_is_the_largest():
    assert FaceChoice() == parse_choice("largest")


@pytest.mark.parametrize("text", ["", "biggest", "0", "-1", "1.5", "3,", "1,2,3", "-4,5", "nan,1"])
def test_what_names_no_face_is_refused(text):
    with pytest.raises(InputError, match=r"names no face\. Give largest, left, right, a number"):
        parse_choice(text)
