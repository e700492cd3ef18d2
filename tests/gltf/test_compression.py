"""Files packed by meshoptimizer: what was packed comes back, and damage is named."""

import copy
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from animdrive.errors import BackendError, InputError
from animdrive.gltf.compression import meshopt_of, unpacked
from animdrive.gltf.reader import GltfFile

meshoptimizer = pytest.importorskip("meshoptimizer", reason="pip install 'animdrive[meshopt]'")

ROWS = np.random.default_rng(0).integers(0, 60_000, (50, 4)).astype(np.uint16)
TRIANGLES = np.random.default_rng(1).integers(0, 50, (40, 3)).astype(np.uint32)


def packed_rows(rows):
    return bytes(meshoptimizer.encode_vertex_buffer(rows, len(rows), rows.strides[0]))


def packed_triangles():
    return bytes(meshoptimizer.encode_index_buffer(TRIANGLES.ravel(), TRIANGLES.size, 50))


def packing(data, **more):
    return {"buffer": 0, "byteLength": len(data), "mode": "ATTRIBUTES", **more}


def test_rows_come_back_to_the_bit():
    data = packed_rows(ROWS)
    found = unpacked(Path("a"), packing(data, byteStride=8, count=50), [data], "bufferViews[0]")
    assert found == ROWS.tobytes()


def test_a_view_may_lie_anywhere_in_its_buffer():
    data = packed_rows(ROWS)
    told = packing(data, byteStride=8, count=50, byteOffset=3, buffer=1)
    assert unpacked(Path("a"), told, [b"", b"xyz" + data + b"t"], "v") == ROWS.tobytes()


@pytest.mark.parametrize(("width", "dtype"), [(2, np.uint16), (4, np.uint32)])
@pytest.mark.parametrize("mode", ["TRIANGLES", "INDICES"])
def test_indices_come_back_in_the_width_that_is_asked_for(mode, width, dtype):
    if mode == "TRIANGLES":
        data = packed_triangles()
    else:
        flat = TRIANGLES.ravel()
        data = bytes(meshoptimizer.encode_index_sequence(flat, flat.size, 50))
    told = packing(data, mode=mode, byteStride=width, count=120)
    found = np.frombuffer(unpacked(Path("a"), told, [data], "v"), dtype).reshape(-1, 3)
    if mode == "INDICES":
        np.testing.assert_array_equal(found, TRIANGLES)
    else:  # triangles may be turned, never mirrored
        for ours, theirs in zip(found, TRIANGLES, strict=True):
            assert any((np.roll(ours, turn) == theirs).all() for turn in range(3))


def test_normals_come_back_with_unit_length():
    # The filter makes normals of two numbers and a scale: what it stores is octahedral.
    stored = np.zeros((20, 4), np.int8)
    angles = np.linspace(0, 6, 20)
    stored[:, 0], stored[:, 1] = 40 * np.cos(angles), 40 * np.sin(angles)
    stored[:, 2] = 127
    data = packed_rows(stored)
    told = packing(data, byteStride=4, count=20, filter="OCTAHEDRAL")
    normals = np.frombuffer(unpacked(Path("a"), told, [data], "v"), np.int8).reshape(-1, 4)[:, :3]
    lengths = np.linalg.norm(normals / 127, axis=1)
    np.testing.assert_allclose(lengths, 1, atol=0.02)
    np.testing.assert_allclose(
        np.arctan2(normals[:, 1], normals[:, 0]),
        np.arctan2(stored[:, 1].astype(float), stored[:, 0]),
        atol=0.03,
    )


WRONG = {
    "mode": ({"mode": "MAGIC"}, "the unknown mode 'MAGIC'"),
    "no mode": ({"mode": None}, "the unknown mode None"),
    "width": ({"byteStride": 6}, "50 rows of 6 bytes"),
    "count": ({"count": -1}, "-1 rows of 8 bytes"),
    "huge": ({"count": 1 << 40}, "rows, which cannot be"),
    "filter": ({"filter": "BLUR"}, "the filter 'BLUR' on 8 bytes"),
    "filter of another width": ({"filter": "QUATERNION", "byteStride": 4}, "the filter"),
    "no buffer": ({"buffer": 3}, "a buffer that is not there"),
    "beyond": ({"byteLength": 99_999}, "beyond the end of its buffer"),
    "no triangles": ({"mode": "TRIANGLES", "byteStride": 4, "count": 50}, "50 rows, which cannot"),
    "cut": ({"byteLength": 9}, "the packed bytes of v cannot be unpacked"),
    "other bytes": ({"byteOffset": 1}, "beyond the end of its buffer|cannot be unpacked"),
}


@pytest.mark.parametrize("name", WRONG)
def test_damage_is_named(name):
    change, message = WRONG[name]
    data = packed_rows(ROWS)
    told = packing(data, byteStride=8, count=50) | change
    with pytest.raises(InputError, match=message):
        unpacked(Path("a.glb"), told, [data], "v")


def test_an_index_that_is_too_large_for_its_width_is_damage():
    big = np.array([0, 1, 70_000], np.uint32)
    data = bytes(meshoptimizer.encode_index_sequence(big, 3, 70_001))
    told = packing(data, mode="INDICES", byteStride=2, count=3)
    with pytest.raises(InputError, match="cannot be unpacked"):
        unpacked(Path("a"), told, [data], "v")


def test_without_the_package_the_cure_is_told(monkeypatch):
    data = packed_rows(ROWS)
    monkeypatch.setitem(sys.modules, "meshoptimizer", None)
    with pytest.raises(BackendError, match=r"pip install 'animdrive\[meshopt\]'.*gltf-transform"):
        unpacked(Path("a"), packing(data, byteStride=8, count=50), [data], "v")


def test_no_rows_need_no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "meshoptimizer", None)
    assert unpacked(Path("a"), packing(b"", byteStride=8, count=0), [b""], "v") == b""


def test_what_is_not_packed_is_told_apart():
    assert meshopt_of({}) is None
    assert meshopt_of({"extensions": []}) is None
    assert meshopt_of({"extensions": {"EXT_meshopt_compression": {"a": 1}}}) == {"a": 1}
    assert meshopt_of({"extensions": {"KHR_meshopt_compression": {"b": 1}}}) == {"b": 1}


def packed_file(data):
    """Return a GLB with all its buffer views packed, as another program would."""
    length = struct.unpack_from("<I", data, 12)[0]
    document, binary = json.loads(data[20 : 20 + length]), data[28 + length :]
    blob, size = b"", 0
    for view in document["bufferViews"]:
        start = view.get("byteOffset", 0)
        raw = binary[start : start + view["byteLength"]]
        raw += b"\0" * (-len(raw) % 4)
        rows = np.frombuffer(raw, np.uint8).reshape(-1, 4)
        packed = packed_rows(np.ascontiguousarray(rows))
        view["extensions"] = {
            "EXT_meshopt_compression": {
                "buffer": 0,
                "byteOffset": len(blob),
                "byteLength": len(packed),
                "byteStride": 4,
                "count": len(rows),
                "mode": "ATTRIBUTES",
            }
        }
        view.update(buffer=1, byteOffset=size)
        size += len(raw)
        blob += packed + b"\0" * (-len(packed) % 4)
    fallback = {"EXT_meshopt_compression": {"fallback": True}}
    document["buffers"] = [
        {"byteLength": len(blob)},
        {"byteLength": size, "extensions": fallback},
    ]
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def test_a_packed_file_is_the_file(tmp_path):
    from test_reader import DATA

    (tmp_path / "plain.glb").write_bytes(DATA)
    (tmp_path / "packed.glb").write_bytes(packed_file(copy.copy(DATA)))
    plain, packed = (GltfFile(tmp_path / f"{name}.glb") for name in ("plain", "packed"))
    for index in range(plain.count("accessors")):
        np.testing.assert_array_equal(packed.accessor(index), plain.accessor(index))


def test_a_packed_file_says_where_a_view_ends(tmp_path):
    from test_reader import DATA

    data = packed_file(DATA)
    length = struct.unpack_from("<I", data, 12)[0]
    text = data[20 : 20 + length]
    spoiled = text.replace(b'"count": 40', b'"count": 99')
    assert spoiled != text
    (tmp_path / "a.glb").write_bytes(data.replace(text, spoiled))
    with pytest.raises(InputError, match=r"bufferViews\[\d+\] reaches beyond the \d+ bytes"):
        GltfFile(tmp_path / "a.glb").mesh(0)


def test_a_packed_character_has_the_weights_that_are_known(shared_data):
    file = GltfFile(shared_data / "rigs" / "facecap.glb")
    known = np.loadtxt(shared_data / "rigs" / "facecap_30fps.csv", delimiter=",", skiprows=1)
    channels = [c for n in range(file.count("animations")) for c in file.animation(n).channels]
    weights = next(channel for channel in channels if channel.path == "weights")
    np.testing.assert_allclose(weights.values, known[:, 2:], atol=1e-4)
    mesh = file.mesh(file.nodes[weights.node].mesh)
    assert len(mesh.target_names) == 52
    normals = mesh.primitives[0].attributes["NORMAL"]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=0.03)
    for channel in channels:
        if channel.path == "rotation":
            np.testing.assert_allclose(np.linalg.norm(channel.values, axis=1), 1, atol=0.01)
