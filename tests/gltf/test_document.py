import json
import struct

import numpy as np
import pygltflib as gl
import pytest

from animdrive.errors import ContractError, InputError
from animdrive.gltf import document as module
from animdrive.gltf.document import Document
from animdrive.gltf.reader import GltfFile

RANDOM = np.random.default_rng(9)


def saved(document, path):
    document.write(path / "a.glb")
    return GltfFile(path / "a.glb")


@pytest.mark.parametrize(
    "values",
    [
        RANDOM.normal(size=7).astype(np.float32),
        RANDOM.normal(size=(5, 3)).astype(np.float32),
        RANDOM.normal(size=(2, 16)).astype(np.float32),
        RANDOM.integers(0, 255, (9, 4)).astype(np.uint8),
        RANDOM.integers(0, 65535, 11).astype(np.uint16),
        RANDOM.integers(0, 1 << 31, 3).astype(np.uint32),
        RANDOM.integers(-100, 100, 3).astype(np.int8),
        RANDOM.integers(-100, 100, (3, 2)).astype(np.int16),
    ],
    ids=lambda values: f"{values.dtype}-{values.shape}",
)
def test_numbers_come_back(tmp_path, values):
    document = Document(generator="test")
    document.add_view(b"x")  # so that the next one has to be aligned
    number = document.add_array(values, bounds=True)
    read = saved(document, tmp_path)
    np.testing.assert_array_equal(read.accessor(number), values.reshape(len(values), -1))
    entry = read.json["accessors"][number]
    np.testing.assert_array_equal(entry["min"], values.reshape(len(values), -1).min(0))
    np.testing.assert_array_equal(entry["max"], values.reshape(len(values), -1).max(0))


def test_normalised_integers_come_back_as_fractions(tmp_path):
    document = Document(generator="test")
    number = document.add_array(np.array([[0, 255, 51, 0]], np.uint8), normalized=True)
    np.testing.assert_allclose(saved(document, tmp_path).accessor(number), [[0, 1, 0.2, 0]])


@pytest.mark.parametrize("count", [40, 70_000])
@pytest.mark.parametrize("share", [0.1, 0.95, 1.0])
def test_sparse_rows_come_back(tmp_path, count, share):
    rows = np.sort(RANDOM.choice(count, round(share * count), replace=False))
    values = RANDOM.uniform(1, 2, (len(rows), 3)).astype(np.float32)
    document = Document(generator="test")
    document.add_sparse(3, np.array([1]), np.ones((1, 3), np.float32))
    number = document.add_sparse(count, rows, values)
    read = saved(document, tmp_path)
    expected = np.zeros((count, 3), np.float32)
    expected[rows] = values
    np.testing.assert_array_equal(read.accessor(number), expected)
    entry = read.json["accessors"][number]
    np.testing.assert_array_equal(entry["min"], expected.min(0))
    assert ("sparse" in entry) == (share < 0.8)


def test_no_rows_take_no_bytes(tmp_path):
    document = Document(generator="test")
    number = document.add_sparse(100, np.zeros(0, int), np.zeros((0, 3), np.float32))
    read = saved(document, tmp_path)
    assert not read.json.get("buffers")
    np.testing.assert_array_equal(read.accessor(number), np.zeros((100, 3)))


def test_a_copy_grows_on_its_own():
    first = Document(generator="test")
    first.add_sparse(10, np.array([2]), np.ones((1, 3), np.float32))
    before = first.to_bytes()
    second = first.copy()
    second.add_array(np.arange(5, dtype=np.float32))
    second.add_sparse(10, np.array([3]), np.ones((1, 3), np.float32))
    second.add("nodes", gl.Node(name="new"))
    second.gltf.asset.extras = {"a": 1}
    assert first.to_bytes() == before
    assert second.to_bytes() != before


def test_the_container_is_well_formed():
    document = Document(generator="Ünïcode")
    document.add_view(b"12345")
    data = document.to_bytes()
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    assert length % 4 == 0
    parsed = json.loads(data[20 : 20 + length])
    assert parsed["asset"] == {"generator": "Ünïcode", "version": "2.0"}
    size, kind = struct.unpack_from("<I4s", data, 20 + length)
    assert (size, kind) == (8, b"BIN\0")
    assert parsed["buffers"] == [{"byteLength": 8}]


@pytest.mark.parametrize(
    "values", [np.zeros(3), np.zeros((3, 5), np.float32), np.zeros((0, 3), np.float32)]
)
def test_what_gltf_cannot_hold_is_refused(values):
    with pytest.raises(ContractError, match="glTF cannot hold"):
        Document(generator="test").add_array(values)


def test_a_file_beyond_its_32_bits_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_LARGEST", 1000)
    document = Document(generator="test")
    document.add_view(bytes(1000))
    with pytest.raises(InputError, match="at most 4 GiB"):
        document.write(tmp_path / "a.glb")
    assert not list(tmp_path.iterdir())


def test_the_json_is_that_of_the_library(tmp_path):
    document = Document(generator="test")
    zeros = document.add_zeros(4, 3)
    document.add_sparse(9, np.array([1, 4]), np.ones((2, 3), np.float32))
    primitive = gl.Primitive(
        attributes=gl.Attributes(POSITION=zeros, TEXCOORD_0=0), targets=[{"POSITION": zeros}]
    )
    extras = {"targetNames": ["a"], "none": None, "empty": [], "deep": {"x": 0, "y": ""}}
    document.add("meshes", gl.Mesh(primitives=[primitive], extras=extras))
    data = document.to_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    assert data[20 : 20 + length].decode().rstrip(" ") == document.gltf.gltf_to_json(
        separators=(",", ":"), indent=None
    )
