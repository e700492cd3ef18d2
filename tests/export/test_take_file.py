import json

import numpy as np
import pytest
from capture_maker import captured, mesh

from animdrive.errors import InputError
from animdrive.export.take_file import (
    packed_skin,
    read_take,
    take_header,
    unpacked_skin,
    write_take,
    write_take_npz,
)

BASE = mesh().vertices


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some_take.safetensors"


@pytest.mark.parametrize("missing", [False, True])
def test_a_take_comes_back(path, missing):
    take = captured(missing=missing)
    write_take(take, BASE, path, digest="abc", labels={"AIGC": "{}"})
    again = read_take(path, BASE)
    assert again.take.name == take.take.name
    assert again.take.about == "Grüß Gott!"
    assert (again.take.kind, again.take.split) == ("speech", "held_out")
    for name in ("values", "head_rotation", "head_position", "eye_rotation", "confidence"):
        np.testing.assert_array_equal(
            getattr(again.take.track, name), getattr(take.take.track, name)
        )
    np.testing.assert_array_equal(again.head_transform, take.head_transform)
    np.testing.assert_array_equal(again.times_s, take.times_s)
    if missing:
        np.testing.assert_array_equal(again.missing, take.missing)
    else:
        assert again.missing is None
    np.testing.assert_allclose(again.vertices, take.vertices, atol=5e-6)
    assert take_header(path)["digest"] == "abc"
    assert take_header(path)["AIGC"] == "{}"


@pytest.mark.parametrize("reach_mm", [0.01, 0.3, 7, 16.5, 19.9, 45, 90])
def test_sixteen_bits_are_off_by_less_than_five_micrometres(rng, reach_mm):
    vertices = BASE + (rng.uniform(-1, 1, (30, *BASE.shape)) * reach_mm / 1000)
    vertices[0], vertices[1] = BASE - reach_mm / 1000, BASE + reach_mm / 1000
    arrays = packed_skin(vertices.astype(np.float32), BASE)
    assert arrays["deltas"].dtype == np.float16
    again = unpacked_skin(arrays, BASE)
    assert np.abs(again - vertices.astype(np.float32)).max() < 5e-6
    assert ("fine" in arrays) == (reach_mm > 20)


def test_a_face_that_stays_in_place_stays_exactly():
    arrays = packed_skin(np.repeat(BASE[None], 4, axis=0), BASE)
    np.testing.assert_array_equal(unpacked_skin(arrays, BASE), np.repeat(BASE[None], 4, axis=0))


def test_the_same_take_gives_the_same_bytes(path):
    write_take(captured(), BASE, path, digest="x", labels={"b": "1", "a": "2"})
    first = path.read_bytes()
    write_take(captured(), BASE, path, digest="x", labels={"a": "2", "b": "1"})
    assert path.read_bytes() == first


def test_npz_holds_the_same_arrays_and_loads_without_pickles(tmp_path):
    take = captured(missing=True)
    write_take_npz(take, BASE, tmp_path / "take.npz")
    with np.load(tmp_path / "take.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["curves"], take.take.track.values)
        np.testing.assert_allclose(unpacked_skin(arrays, BASE), take.vertices, atol=5e-6)
        described = json.loads(arrays["description"].tobytes())
    assert described["about"] == "Grüß Gott!"


def test_a_face_of_another_size_is_refused(path):
    write_take(captured(), BASE, path, digest="x")
    with pytest.raises(InputError, match="has 50 vertices, but its capture's face has 49"):
        read_take(path, BASE[:49])


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.99])
def test_half_a_file_is_told(path, kept):
    write_take(captured(), BASE, path, digest="x")
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(InputError, match="is not a whole take"):
        read_take(path, BASE)


def test_numbers_that_are_none_are_told(path):
    from safetensors.numpy import load_file, save_file

    write_take(captured(), BASE, path, digest="x")
    arrays, metadata = load_file(path), {"animdrive": json.dumps(take_header(path))}
    arrays["deltas"][2, 3, 0] = np.nan
    save_file(arrays, path, metadata)
    with pytest.raises(InputError, match="vertex 3 is not a finite number at frame 2"):
        read_take(path, BASE)
    del arrays["times_s"]
    save_file(arrays, path, metadata)
    with pytest.raises(InputError, match=r"is damaged.*times_s"):
        read_take(path, BASE)


def test_something_else_is_told(path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3)}, path)
    with pytest.raises(InputError, match="is not a whole take"):
        read_take(path, BASE)
    save_file({"x": np.zeros(3)}, path, {"animdrive": json.dumps({"format": "animdrive-take-0"})})
    with pytest.raises(InputError, match="of another version"):
        read_take(path, BASE)
    with pytest.raises(InputError, match="not found"):
        read_take(path.with_name("none.safetensors"), BASE)
