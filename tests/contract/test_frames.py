import numpy as np
import pytest

from animdrive.contract import CurveFrame
from animdrive.errors import ContractError


def frame(**changes):
    given = {
        "number": 3,
        "fps": 60.0,
        "values": np.zeros(52),
        "head_rotation": np.zeros(3),
        "eye_rotation": np.zeros((2, 3)),
    } | changes
    return CurveFrame(**given)


def test_time_is_the_number_over_the_rate():
    assert frame(number=90).time_s == pytest.approx(1.5)


def test_arrays_are_copies_that_cannot_be_written():
    values = np.zeros(52, np.float32)
    made = frame(values=values)
    values[0] = 1
    assert made.values[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        made.values[0] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"number": -1}, "number must be 0 or above, got -1"),
        ({"fps": 0.0}, "fps must be above 0"),
        ({"values": np.full(52, 1.5)}, "'eyeBlinkLeft' is 1.500"),
        ({"values": np.zeros(51)}, r"shape \[52\]"),
        ({"head_rotation": [np.nan, 0, 0]}, "head_rotation is nan"),
        ({"eye_rotation": np.zeros(6)}, r"shape \[2, 3\]"),
        ({"confidence": 1.1}, "confidence must be in 0..1, got 1.1"),
    ],
)
def test_what_no_frame_can_be_is_named(changes, message):
    with pytest.raises(ContractError, match=message):
        frame(**changes)
