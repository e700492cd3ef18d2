import base64
import copy
import json
import struct

import numpy as np
import pygltflib as gl
import pytest
from scipy.spatial.transform import Rotation

from animdrive.errors import InputError
from animdrive.gltf.document import Document
from animdrive.gltf.reader import GltfFile


def pack(document, binary=b""):
    """Put JSON and bytes into a GLB, right or wrong."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def unpack(data):
    length = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def sample():
    """A small file with all that can be read."""
    document = Document(generator="test")
    points = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    moved = document.add_sparse(40, np.array([3, 7]), np.ones((2, 3), np.float32))
    still = document.add_zeros(40, 3)
    primitive = gl.Primitive(
        attributes=gl.Attributes(
            POSITION=document.add_array(points, target=gl.ARRAY_BUFFER, bounds=True),
            TEXCOORD_0=document.add_array(points[:, :2].copy(), target=gl.ARRAY_BUFFER),
        ),
        indices=document.add_array(np.array([0, 1, 2, 2, 1, 39], np.uint16)),
        targets=[{"POSITION": moved, "NORMAL": still}, {"POSITION": still}],
    )
    mesh = gl.Mesh(name="m", primitives=[primitive], extras={"targetNames": ["smile", "frown"]})
    face = document.add("nodes", gl.Node(name="Face", mesh=document.add("meshes", mesh)))
    root = document.add("nodes", gl.Node(name="root", children=[face], translation=[1.0, 2.0, 3.0]))
    document.gltf.scene = document.add("scenes", gl.Scene(nodes=[root]))
    clock = document.add_array(np.array([0, 0.5, 1], np.float32), bounds=True)
    animation = gl.Animation(name="take", extras={"note": "x"})
    turns = np.array([[0, 0, 0, 1], [0, 0.6, 0, 0.8], [0, 0, 0, -1]], np.float32)
    for path, values in (("weights", np.arange(6, dtype=np.float32) / 6), ("rotation", turns)):
        sampler = gl.AnimationSampler(input=clock, output=document.add_array(values))
        animation.samplers.append(sampler)
        target = gl.AnimationChannelTarget(node=face, path=path)
        channel = gl.AnimationChannel(sampler=len(animation.samplers) - 1, target=target)
        animation.channels.append(channel)
    document.add("animations", animation)
    return document.to_bytes(), points


DATA, POINTS = sample()


def opened(tmp_path, data=DATA, name="a.glb"):
    (tmp_path / name).write_bytes(data)
    return GltfFile(tmp_path / name)


def read_all(file):
    """Decode everything that a file holds."""
    assert isinstance(file.nodes, tuple)
    for index in range(file.count("meshes")):
        file.mesh(index)
    for index in range(file.count("animations")):
        animation = file.animation(index)
        for channel in animation.channels:
            channel.at([0.0, 0.3])


def test_mesh_and_its_targets(tmp_path):
    mesh = opened(tmp_path).mesh(0)
    assert (mesh.name, mesh.target_names) == ("m", ("smile", "frown"))
    one = mesh.primitives[0]
    np.testing.assert_array_equal(one.positions, POINTS)
    np.testing.assert_array_equal(one.faces, [[0, 1, 2], [2, 1, 39]])
    np.testing.assert_array_equal(one.attributes["TEXCOORD_0"], POINTS[:, :2])
    np.testing.assert_array_equal(np.flatnonzero(one.offsets[0].any(axis=1)), [3, 7])
    assert not one.offsets[1].any()
    assert one.normal_offsets.shape == (2, 40, 3)


def test_nodes(tmp_path):
    file = opened(tmp_path)
    assert file.node_named("FACE") == 0
    assert file.node_named("none") is None
    assert file.nodes[1].children == (0,)
    np.testing.assert_array_equal(file.nodes[1].translation, [1, 2, 3])
    np.testing.assert_array_equal(file.nodes[0].rotation, [0, 0, 0, 1])


def test_a_matrix_is_taken_apart(tmp_path):
    document, binary = unpack(DATA)
    turn, scale, place = Rotation.from_euler("xyz", (0.3, 0.4, 0.5)), np.array([1, 2, 3]), (4, 5, 6)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn.as_matrix() * scale, place
    document["nodes"][0]["matrix"] = matrix.T.ravel().tolist()
    node = opened(tmp_path, pack(document, binary)).nodes[0]
    np.testing.assert_allclose(node.translation, place)
    np.testing.assert_allclose(node.scale, scale, atol=1e-6)
    np.testing.assert_allclose(node.rotation, turn.as_quat(), atol=1e-6)


def test_animation_and_what_lies_between_its_keys(tmp_path):
    animation = opened(tmp_path).animation(0)
    assert (animation.name, animation.extras) == ("take", {"note": "x"})
    weights, turn = animation.channels
    np.testing.assert_allclose(
        weights.at([-1, 0.25, 9]), [[0, 1 / 6], [1 / 6, 2 / 6], [4 / 6, 5 / 6]]
    )
    quarter = turn.at([0.25, 1.0])
    np.testing.assert_allclose(np.linalg.norm(quarter, axis=1), 1, atol=1e-6)
    assert quarter[0, 1] > 0.3  # the shorter way, not through zero
    np.testing.assert_allclose(np.abs(quarter[1]), [0, 0, 0, 1], atol=1e-6)


def test_targets_without_names_are_numbered(tmp_path):
    document, binary = unpack(DATA)
    del document["meshes"][0]["extras"]
    assert opened(tmp_path, pack(document, binary)).target_names(0) == ("target_0", "target_1")


def test_text_gltf_with_its_buffer_inside_or_beside(tmp_path):
    document, binary = unpack(DATA)
    for uri in (
        "data:application/octet-stream;base64," + base64.b64encode(binary).decode(),
        "b%20.bin",
    ):
        (tmp_path / "b .bin").write_bytes(binary)
        document["buffers"][0]["uri"] = uri
        file = opened(tmp_path, json.dumps(document).encode(), "a.gltf")
        np.testing.assert_array_equal(file.mesh(0).primitives[0].positions, POINTS)


def test_interleaved_vertices_are_read(tmp_path):
    document, binary = unpack(DATA)
    table = np.random.default_rng(1).normal(size=(40, 5)).astype("<f4")
    at = len(binary)
    document["buffers"][0]["byteLength"] = at + table.nbytes
    view = {"buffer": 0, "byteOffset": at, "byteLength": table.nbytes, "byteStride": 20}
    document["bufferViews"].append(view)
    accessor = document["accessors"][
        document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    ]
    accessor.update(bufferView=len(document["bufferViews"]) - 1, byteOffset=8)
    file = opened(tmp_path, pack(document, binary + table.tobytes()))
    np.testing.assert_array_equal(file.mesh(0).primitives[0].positions, table[:, 2:])


def accessor_of(document, what):
    return document["accessors"][document["meshes"][0]["primitives"][0]["attributes"][what]]


def sparse_of(document):
    return next(entry["sparse"] for entry in document["accessors"] if "sparse" in entry)


BREAKS = {
    "no accessor": (
        lambda d: d["meshes"][0]["primitives"][0].update(indices=99),
        r"accessors\[99\] is not there",
    ),
    "unknown type": (
        lambda d: accessor_of(d, "POSITION").update(type="VEC9"),
        "has an unknown type",
    ),
    "too long": (
        lambda d: accessor_of(d, "POSITION").update(count=10**6),
        "reaches beyond",
    ),
    "negative count": (
        lambda d: accessor_of(d, "POSITION").update(count=-1),
        "has the count -1",
    ),
    "view beyond its buffer": (
        lambda d: d["bufferViews"][1].update(byteLength=10**6, byteOffset=10**5),
        "reaches beyond",
    ),
    "offset no number": (
        lambda d: accessor_of(d, "POSITION").update(byteOffset="x"),
        "wrong offset or stride",
    ),
    "view without buffer": (
        lambda d: [view.update(buffer=3) for view in d["bufferViews"]],
        "has no buffer",
    ),
    "view without place": (
        lambda d: [view.pop("byteLength") for view in d["bufferViews"]],
        "has no place",
    ),
    "sparse too long": (lambda d: sparse_of(d).update(count=99), "sparse with a wrong type"),
    "sparse nowhere": (lambda d: sparse_of(d).pop("values"), "sparse but says not where"),
    "sparse out of order": (
        lambda d: sparse_of(d)["indices"].update(componentType=5121),
        "sparse rows out of order",
    ),
    "wrong width": (
        lambda d: accessor_of(d, "POSITION").update(type="VEC2"),
        "has 2 numbers per item, not 3",
    ),
    "faces beyond": (
        lambda d: accessor_of(d, "POSITION").update(count=30),
        "triangles of vertices that are not there",
    ),
    "lines": (
        lambda d: d["meshes"][0]["primitives"][0].update(mode=1),
        "not made of triangles",
    ),
    "no positions": (
        lambda d: d["meshes"][0]["primitives"][0]["attributes"].pop("POSITION"),
        "has no positions",
    ),
    "unequal attributes": (
        lambda d: accessor_of(d, "TEXCOORD_0").update(count=39),
        "vertex data of different lengths",
    ),
    "short target": (
        lambda d: next(a for a in d["accessors"] if "sparse" in a).update(count=39),
        "a morph target has 39 rows",
    ),
    "no primitives": (lambda d: d["meshes"][0].update(primitives=[]), "has no primitives"),
    "unequal targets": (
        lambda d: d["meshes"][0]["primitives"].append({"attributes": {}}),
        "primitives differ in morph targets",
    ),
    "wrong children": (lambda d: d["nodes"][1].update(children=[1]), "has wrong children"),
    "wrong translation": (
        lambda d: d["nodes"][1].update(translation=[1, 2]),
        r"nodes\[1\]\.translation must be 3 numbers",
    ),
    "translation no numbers": (
        lambda d: d["nodes"][1].update(translation=["a", 2, 3]),
        r"nodes\[1\]\.translation holds no numbers",
    ),
    "flat matrix": (lambda d: d["nodes"][1].update(matrix=[0] * 16), r"matrix is flat"),
    "no channels": (lambda d: d["animations"][0].pop("channels"), "has no channels"),
    "channel without target": (
        lambda d: d["animations"][0]["channels"][0].pop("target"),
        "a channel without target or sampler",
    ),
    "moves nothing": (
        lambda d: d["animations"][0]["channels"][0]["target"].update(node=9),
        r"moves nodes\[9\], which is not there",
    ),
    "no sampler": (
        lambda d: d["animations"][0]["channels"][0].update(sampler=9),
        "has no sampler 9",
    ),
    "unknown interpolation": (
        lambda d: d["animations"][0]["samplers"][0].update(interpolation="MAGIC"),
        "unknown interpolation 'MAGIC'",
    ),
    "keys and values differ": (
        lambda d: d["animations"][0]["samplers"][0].update(interpolation="CUBICSPLINE"),
        "3 key times for 6 numbers of 'weights', 6 of them per key",
    ),
    "meshopt": (
        lambda d: [v.update(extensions={"EXT_meshopt_compression": {}}) for v in d["bufferViews"]],
        r"bufferViews\[\d+\] is packed in the unknown mode None",
    ),
    "draco": (
        lambda d: d["meshes"][0]["primitives"][0].update(
            extensions={"KHR_draco_mesh_compression": {}}
        ),
        "is compressed with KHR_draco_mesh_compression",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_damage_is_named(tmp_path, name):
    break_it, message = BREAKS[name]
    document, binary = unpack(DATA)
    break_it(document)
    with pytest.raises(InputError, match=message):
        read_all(opened(tmp_path, pack(document, binary)))


def test_not_a_number_in_the_buffer_is_named(tmp_path):
    document, binary = unpack(DATA)
    view = document["bufferViews"][accessor_of(document, "POSITION")["bufferView"]]
    at = view["byteOffset"]
    spoiled = binary[:at] + struct.pack("<f", float("nan")) + binary[at + 4 :]
    with pytest.raises(InputError, match="holds NaN or infinity"):
        opened(tmp_path, pack(document, spoiled)).mesh(0)


GOOD = {"asset": {"version": "2.0"}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "begins with neither 'glTF' nor JSON"),
        (b"glTF", "cut short after 4 bytes"),
        (struct.pack("<4sII", b"glTF", 1, 40) + bytes(28), "is version 1"),
        (DATA[:-1], r"cut short: \d+ of \d+ bytes"),
        (struct.pack("<4sIII4s", b"glTF", 2, 20, 99, b"JSON"), "a part of it reaches to byte 119"),
        (struct.pack("<4sIII4s", b"glTF", 2, 20, 0, b"BIN\0"), "the JSON part"),
        (pack(b"{broken"), r"JSON cannot be read \(JSONDecodeError\)"),
        (pack(b"[" * 100_000), "JSON cannot be read"),
        (pack(b"\xff\xff"), r"JSON cannot be read \(UnicodeDecodeError\)"),
        (pack([1]), "does not say that it is glTF version 2"),
        (pack({"asset": {"version": "1.0"}}), "does not say that it is glTF version 2"),
        (pack({**GOOD, "buffers": 3}), "'buffers' is not a list"),
        (pack({**GOOD, "buffers": [{}]}), "buffer 0 has no length"),
        (pack({**GOOD, "buffers": [{"byteLength": 4}]}), "its binary part is missing"),
        (pack({**GOOD, "buffers": [{"byteLength": 9}]}, b"1234"), "buffer 0 is cut short: 4 of 9"),
        (
            pack({**GOOD, "buffers": [{"byteLength": 1, "uri": "data:x;base64,!"}]}),
            "buffer 0 is not base64",
        ),
        (
            pack({**GOOD, "buffers": [{"byteLength": 1, "uri": "../secret.bin"}]}),
            "lies outside its folder",
        ),
        (
            pack({**GOOD, "buffers": [{"byteLength": 1, "uri": "none.bin"}]}),
            "not found",
        ),
        (b"", "is empty"),
    ],
)
def test_broken_containers_are_refused(tmp_path, data, message):
    with pytest.raises(InputError, match=message):
        opened(tmp_path, data)


def test_whatever_is_damaged_it_is_an_input_error(tmp_path):
    """Change entries of the JSON at random: it reads, or says one line; it never crashes."""
    random = np.random.default_rng(12)
    original, binary = unpack(DATA)
    wrong = [None, -1, 3, 10**9, "x", [], {}, [1, "a"], 1.5, True]
    refused = 0
    for _ in range(400):
        document = copy.deepcopy(original)
        at = document
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = keys[random.integers(len(keys))]
            if not isinstance(at[key], dict | list) or random.random() < 0.1:
                at[key] = wrong[random.integers(len(wrong))]
                break
            at = at[key]
        try:
            read_all(opened(tmp_path, pack(document, binary)))
        except InputError:
            refused += 1
    assert refused > 100
