"""Model files whose blocks point elsewhere: refused, for compiled code does not look again."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small import small_character, small_model

from animdrive.deformer.model_file import model_header, read_model, write_model
from animdrive.errors import InputError

RIG = small_character().rig


def far_offset(array):
    """Put a block so far out that its end, in 64 bits, comes round to below 0."""
    far = array.astype(np.int64)
    far[3] = 2**63 - 10
    return far


def coming_round(array):
    """Go up, round, and on to the same end: every step of 32 bits looks like one upwards."""
    steps = array.copy()
    steps[1:3] = 2**31 - 1, -2
    return steps


CASES = {
    "offset that comes round": ("offset", far_offset),
    "starts that come round": ("entry_starts", coming_round),
    "columns": ("column", lambda array: array + 500),
    "vertices": ("vertices", lambda array: array + 100),
    "data too short": ("data", lambda array: array[:-1]),
    "nets not there": ("patch", lambda array: array + 99),
    "weights not there": ("rank", lambda array: array + 99),
    "three bounds": ("bounds", lambda array: np.concatenate([array, array[:1]])),
    "one bound": ("bounds", lambda array: array[:1]),
    "numbers past float": ("net_first", lambda array: np.full(array.shape, 1e300)),
    **{
        f"{name} with an axis more": (name, lambda array: array[:, None])
        for name in ("vertices", "starts", "entry_starts", "column", "offset", "scale", "data",
                     "patch", "rank")
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_points_outside_is_one_clear_line(tmp_path, case):
    path = tmp_path / "model.safetensors"
    write_model(small_model(), path)
    arrays, header = load_file(path), json.dumps(model_header(path))
    name, spoil = CASES[case]
    save_file(
        {**arrays, name: np.ascontiguousarray(spoil(arrays[name]))}, path, {"animdrive": header}
    )
    with pytest.raises(InputError, match=r"is damaged \(.*Nothing was loaded") as caught:
        read_model(path, RIG)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
