"""Model files whose nets do not hold together: refused before any compiled code trusts them."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small import small_character, small_model

from animdrive.deformer import nets
from animdrive.deformer.model_file import model_header, read_model, write_model
from animdrive.deformer.nets import FrozenNets
from animdrive.errors import InputError, WeightsError

RIG = small_character().rig
NETS = ("first", "first_bias", "second", "second_bias", "last", "direct", "last_bias")


def longer(array, axis):
    return np.concatenate([array, array.take([0], axis)], axis)


HOW = {
    "one less": lambda array, axis: np.delete(array, -1, axis),
    "one more": longer,
    "none": lambda array, axis: array.take([], axis),
    "flat": lambda array, _: array.reshape(-1),
    "one axis more": lambda array, axis: np.expand_dims(array, axis),
    "axes turned": lambda array, axis: np.moveaxis(array, axis, axis - 1),
}


def stored():
    return small_model().stored()[0]


@pytest.fixture
def compiled(monkeypatch):
    """Count how often compiled code is called."""
    calls, real = [], nets._each

    def counted(*arrays):
        calls.append(arrays)
        return real(*arrays)

    monkeypatch.setattr(nets, "_each", counted)
    return calls


def spoilt(folder, **changed):
    """Write the small model with other arrays, as whoever wants to do harm would."""
    path = folder / "model.safetensors"
    write_model(small_model(), path)
    arrays, header = load_file(path), json.dumps(model_header(path))
    save_file({**arrays, **changed}, path, {"animdrive": header})
    return path


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", NETS)
def test_one_array_of_another_shape_is_refused_before_it_is_used(compiled, name, how):
    arrays = stored()
    array = arrays[f"net_{name}"]
    for axis in range(3):
        other = np.ascontiguousarray(HOW[how](array, axis))
        if other.shape == array.shape:  # turned about axes of equal length
            continue
        with pytest.raises(WeightsError, match=r"nets of the model do not hold together\. Train"):
            FrozenNets.from_arrays({**arrays, f"net_{name}": other})
    assert not compiled


@pytest.mark.parametrize("name", ["second", "last"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_file_with_too_small_a_net_is_one_clear_line(compiled, tmp_path, name, axis):
    small = np.ascontiguousarray(np.delete(stored()[f"net_{name}"], -1, axis))
    path = spoilt(tmp_path, **{f"net_{name}": small})
    with pytest.raises(InputError, match=r"damaged \(The nets of the model do not") as caught:
        read_model(path, RIG)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not compiled


@pytest.mark.parametrize(
    ("axis_of", "told"),
    [
        ({"first": 1, "direct": 1}, "arrays of the model do not hold together"),  # curves
        ({"last": 2, "direct": 2, "last_bias": 2}, "arrays of the model do not hold"),  # weights
        (dict.fromkeys(NETS, 0), "arrays of the model do not hold together"),  # nets
    ],
    ids=["curves", "weights", "nets"],
)
def test_nets_that_fit_each_other_but_not_the_face_are_refused(tmp_path, axis_of, told):
    arrays = stored()
    changed = {
        f"net_{name}": np.ascontiguousarray(np.delete(arrays[f"net_{name}"], -1, axis))
        for name, axis in axis_of.items()
    }
    with pytest.raises(InputError, match=told):
        read_model(spoilt(tmp_path, **changed), RIG)


@pytest.mark.parametrize("name", NETS)
def test_a_file_without_one_of_its_nets_says_which(compiled, tmp_path, name):
    path = spoilt(tmp_path)
    arrays, header = load_file(path), json.dumps(model_header(path))
    del arrays[f"net_{name}"]
    save_file(arrays, path, {"animdrive": header})
    with pytest.raises(InputError, match=f"is damaged .*'net_{name}'"):
        read_model(path, RIG)
    assert not compiled


def test_the_same_way_a_good_file_is_read_and_its_nets_are_used(compiled, tmp_path):
    model = read_model(spoilt(tmp_path), RIG)
    assert compiled
    none = np.zeros((1, len(RIG.names)), dtype=np.float32)
    assert (model.run(none)[0] == RIG.neutral.vertices).all()
