"""A performance put into somebody's own file: everything else stays, and it moves as told."""

import base64
import copy
import io
import json
import struct

import numpy as np
import pytest
import rig_maker
from PIL import Image
from scipy.spatial.transform import Rotation

from animdrive.contract import CurveTrack
from animdrive.contract.provenance import Provenance
from animdrive.errors import InputError
from animdrive.export.gltf import write_glb
from animdrive.export.gltf_bones import bone_nodes, eye_rests, parents_of, worlds_of
from animdrive.export.gltf_own_rig import still_parts, write_own_rig
from animdrive.gltf.reader import GltfFile
from animdrive.rig.pose import rotation_matrix

FRAMES = 6


def performance(names=rig_maker.NAMES):
    rng = np.random.default_rng(3)
    return CurveTrack(
        tuple(names),
        25.0,
        rng.random((FRAMES, len(names))).astype(np.float32),
        head_rotation=rng.normal(0, 0.3, (FRAMES, 3)),
        head_position=rng.normal(0, 0.02, (FRAMES, 3)),
        eye_rotation=rng.normal(0, 0.2, (FRAMES, 2, 3)),
        start_s=0.5,
    )


def rest():
    return CurveTrack(rig_maker.NAMES, 30.0, np.zeros((0, len(rig_maker.NAMES)), np.float32))


def channels(path):
    file = GltfFile(path)
    assert file.count("animations") == 1
    return {(file.nodes[c.node].name, c.path): c for c in file.animation(0).channels}, file


def test_a_file_of_ours_moves_as_if_we_had_written_it(tmp_path):
    character, take = rig_maker.character(), performance()
    write_glb(character, rest(), tmp_path / "rest.glb")
    write_glb(character, take, tmp_path / "ours.glb")
    write_own_rig(tmp_path / "rest.glb", take, tmp_path / "own.glb")
    own, file = channels(tmp_path / "own.glb")
    ours, _ = channels(tmp_path / "ours.glb")
    assert ("head_mesh", "weights") in own
    for key, channel in own.items():
        np.testing.assert_allclose(channel.times_s, ours[key].times_s, atol=1e-6)
        wanted = ours[key].values
        if key[1] == "weights":  # what is not ARKit's stays where the file has it
            known = [n for n, name in enumerate(take.names) if name != "puff_Up"]
            assert not channel.values[:, take.names.index("puff_Up")].any()
            np.testing.assert_array_equal(channel.values[:, known], wanted[:, known])
        else:
            np.testing.assert_allclose(channel.values, wanted, atol=1e-6)
    assert {key for key in own if key[1] == "rotation"} == {
        key for key in ours if key[1] == "rotation"
    }
    assert file.animation(0).extras == {"start_s": 0.5}


def unpack(data):
    length = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def test_what_the_file_holds_stays_as_it_is(tmp_path):
    write_glb(rig_maker.character(), performance(), tmp_path / "a.glb")
    write_own_rig(tmp_path / "a.glb", performance(), tmp_path / "b.glb")
    (before, old), (after, new) = (unpack((tmp_path / n).read_bytes()) for n in ("a.glb", "b.glb"))
    assert new[: len(old)] == old
    for key in ("meshes", "nodes", "materials", "skins", "scenes"):
        assert after.get(key) == before.get(key)
    assert after["accessors"][: len(before["accessors"])] == before["accessors"]
    assert after["bufferViews"][: len(before["bufferViews"])] == before["bufferViews"]


def test_the_same_take_gives_the_same_bytes(tmp_path):
    write_glb(rig_maker.character(), rest(), tmp_path / "a.glb")
    for name in ("b.glb", "c.glb"):
        write_own_rig(tmp_path / "a.glb", performance(), tmp_path / name)
    assert (tmp_path / "b.glb").read_bytes() == (tmp_path / "c.glb").read_bytes()


def foreign(folder, *, matrix=False, swapped=False, take=False):
    """Write a .gltf as others do: turned and scaled nodes above, eyes below, data beside it."""
    folder.mkdir(exist_ok=True)
    write_glb(rig_maker.character(), rest(), folder / "made.glb")
    document, blob = unpack((folder / "made.glb").read_bytes())
    (folder / "data.bin").write_bytes(blob)
    picture = io.BytesIO()
    Image.new("RGB", (2, 2), (200, 100, 50)).save(picture, "PNG")
    (folder / "skin.png").write_bytes(picture.getvalue())
    document["buffers"][0]["uri"] = "data.bin"
    document["images"] = [{"uri": "skin.png"}]
    document["textures"] = [{"source": 0}]
    document["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}
    mesh = next(n["mesh"] for n in document["nodes"] if "mesh" in n)
    names = ("eyeRight", "eyeLeft") if swapped else ("eyeLeft", "eyeRight")
    turn = Rotation.from_euler("xyz", (0.4, 0.2, -0.3))
    nodes = [
        {"name": "face", "mesh": mesh},
        {"name": names[0], "translation": [3.0, 1.0, 4.0], "rotation": [0, 0, 0, 1]},
        {"name": names[1], "translation": [-3.0, 1.0, 4.0], "rotation": [0, 0, 0, 1]},
        {"name": "all", "children": [0, 1, 2], "translation": [0.0, 0.01, 0.0]},
        {
            "name": "above",
            "children": [3],
            "scale": [0.01] * 3,
            "rotation": turn.as_quat().tolist(),
        },
    ]
    if matrix:
        nodes[3] = {"name": "all", "children": [0, 1, 2], "matrix": np.eye(4).ravel().tolist()}
    document.update(nodes=nodes, scenes=[{"nodes": [4]}], scene=0)
    document.pop("skins", None)
    for primitive in document["meshes"][mesh]["primitives"]:
        for key in ("JOINTS_0", "WEIGHTS_0"):
            primitive["attributes"].pop(key, None)
    (folder / "a.gltf").write_text(json.dumps(document))
    return folder / "a.gltf"


def turned_world(path, name, frame):
    """Return the linear part of a node's matrix in a frame of the file's own take."""
    file = GltfFile(path)
    moved = {(c.node, c.path): c.values[frame] for c in file.animation(0).channels}
    above = parents_of(file, worlds_of(file))

    def world(node):
        entry = file.nodes[node]
        local = np.eye(4)
        turn = Rotation.from_quat(moved.get((node, "rotation"), entry.rotation))
        local[:3, :3] = turn.as_matrix() * entry.scale
        local[:3, 3] = moved.get((node, "translation"), entry.translation)
        return world(above[node]) @ local if node in above else local

    return world(file.node_named(name))


@pytest.mark.parametrize("matrix", [False, True])
def test_head_and_eyes_turn_in_space_whatever_is_above_them(tmp_path, matrix):
    source, take = foreign(tmp_path / "f", matrix=matrix), performance()
    write_own_rig(source, take, tmp_path / "b.glb", scale=2.0)
    before = worlds_of(GltfFile(source))
    file = GltfFile(source)
    for frame in range(FRAMES):
        head = rotation_matrix(take.head_rotation[frame]).astype(np.float64)
        carrier = turned_world(tmp_path / "b.glb", "all", frame)
        rested = before[file.node_named("all")]
        np.testing.assert_allclose(carrier[:3, :3], head @ rested[:3, :3], atol=1e-7)
        np.testing.assert_allclose(
            carrier[:3, 3], rested[:3, 3] + 2 * take.head_position[frame], atol=1e-6
        )
        for side, name in enumerate(("eyeLeft", "eyeRight")):
            # The eye turns in the head, the head in space.
            eye = rotation_matrix(take.eye_rotation[frame, side]).astype(np.float64)
            found = turned_world(tmp_path / "b.glb", name, frame)[:3, :3]
            wanted = head @ eye @ before[file.node_named(name)][:3, :3]
            np.testing.assert_allclose(found, wanted, atol=1e-7)


def test_data_and_pictures_beside_the_file_come_along(tmp_path):
    source = foreign(tmp_path / "f")
    write_own_rig(source, performance(), tmp_path / "b.glb")
    made, given = GltfFile(tmp_path / "b.glb"), GltfFile(source)
    assert len(made.buffers) == 1
    for index in range(given.count("accessors")):
        np.testing.assert_array_equal(made.accessor(index), given.accessor(index))
    from animdrive.gltf.materials import read_material

    picture = (tmp_path / "f" / "skin.png").read_bytes()
    assert read_material(made, 0).picture == picture
    assert made.json["images"][0]["mimeType"] == "image/png"


def test_sides_are_decided_by_place(tmp_path):
    source, take = foreign(tmp_path / "f", swapped=True), performance()
    file = GltfFile(source)
    world = worlds_of(file)
    # The node at +X is called the right one; the left eye is where it is.
    left, right = (world[file.node_named(name)][:3, 3] for name in ("eyeRight", "eyeLeft"))
    pivots = np.stack([left, right]).astype(np.float32)
    write_own_rig(source, take, tmp_path / "b.glb", eye_pivots=pivots)
    write_own_rig(foreign(tmp_path / "g"), take, tmp_path / "c.glb")
    b, _ = channels(tmp_path / "b.glb")
    c, _ = channels(tmp_path / "c.glb")
    np.testing.assert_allclose(
        b["eyeRight", "rotation"].values, c["eyeLeft", "rotation"].values, atol=1e-6
    )


def test_what_cannot_be_turned_is_told(tmp_path):
    source = foreign(tmp_path / "f")
    assert still_parts(source) == ()
    document = json.loads(source.read_text())
    document["nodes"][1]["name"] = document["nodes"][2]["name"] = "ball"
    document["nodes"][4]["children"] = []
    document["nodes"][3] = {"name": "all"}
    document["scenes"] = [{"nodes": [0, 1, 2, 5]}]
    document["nodes"].append({"name": "hat", "mesh": document["nodes"][0]["mesh"]})
    source.write_text(json.dumps(document))
    eyes, head = still_parts(source)
    assert "no two nodes for its eyes" in eyes
    assert "head, which stands still" in head
    write_own_rig(source, performance(), tmp_path / "b.glb")
    moved, _ = channels(tmp_path / "b.glb")
    assert {path for _, path in moved} == {"weights"}


def test_a_file_without_arkits_names_is_refused(tmp_path):
    source = foreign(tmp_path / "f")
    document = json.loads(source.read_text())
    for mesh in document["meshes"]:
        mesh["extras"] = {"targetNames": [f"shape {n}" for n in range(len(rig_maker.NAMES))]}
    source.write_text(json.dumps(document))
    with pytest.raises(InputError, match="no morph targets that are called as ARKit's"):
        write_own_rig(source, performance(), tmp_path / "b.glb")
    assert not (tmp_path / "b.glb").exists()


def test_provenance_stands_beside_what_the_maker_wrote(tmp_path):
    source = foreign(tmp_path / "f")
    document = json.loads(source.read_text())
    document["asset"]["extras"] = {"title": "mine"}
    source.write_text(json.dumps(document))
    write_own_rig(
        source, performance(), tmp_path / "b.glb", provenance=Provenance((("a", "0" * 64),), "x")
    )
    extras = GltfFile(tmp_path / "b.glb").extras
    assert extras["title"] == "mine"
    assert any("AIGC" in key for key in extras)


def test_eyes_that_rest_aside_are_straightened_by_the_files_own_take(tmp_path):
    """A take of eyes and look curves tells where straight ahead is; the node's rest may not."""
    rng = np.random.default_rng(0)
    looks = rng.random((40, 2))
    ahead = Rotation.from_rotvec([0.05, -0.02, 0.01])
    angles = ahead.as_rotvec() + looks @ [[0.5, 0.0, 0.0], [0.0, 0.4, 0.0]]
    turns = Rotation.from_rotvec(angles).as_quat().astype(np.float32)
    data = np.linspace(0, 1, 40, dtype=np.float32).tobytes()
    data += looks.astype(np.float32).tobytes() + turns.tobytes()
    sizes = [160, 320, 640]
    points = np.eye(3, dtype=np.float32).tobytes()
    starts = np.cumsum([0, *sizes]).tolist()

    def float_of(view, count, kind):
        return {"bufferView": view, "componentType": 5126, "count": count, "type": kind}

    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0, 1]}],
        "nodes": [
            {"name": "face", "mesh": 0},
            {"name": "eyeLeft", "translation": [1, 0, 0], "rotation": turns[0].tolist()},
        ],
        "meshes": [
            {
                "primitives": [
                    {"attributes": {"POSITION": 3}, "targets": [{"POSITION": 3}, {"POSITION": 3}]}
                ],
                "extras": {"targetNames": ["eyeLookDown_L", "eyeLookOut_L"]},
            }
        ],
        "accessors": [
            float_of(0, 40, "SCALAR"),
            float_of(1, 80, "SCALAR"),
            float_of(2, 40, "VEC4"),
            float_of(3, 3, "VEC3"),
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": start, "byteLength": size}
            for start, size in zip(starts, [*sizes, len(points)], strict=True)
        ],
        "buffers": [
            {
                "byteLength": len(data + points),
                "uri": "data:;base64," + base64.b64encode(data + points).decode(),
            }
        ],
        "animations": [
            {
                "samplers": [{"input": 0, "output": 1}, {"input": 0, "output": 2}],
                "channels": [
                    {"sampler": 0, "target": {"node": 0, "path": "weights"}},
                    {"sampler": 1, "target": {"node": 1, "path": "rotation"}},
                ],
            }
        ],
    }
    (tmp_path / "a.gltf").write_text(json.dumps(document))
    file = GltfFile(tmp_path / "a.gltf")
    np.testing.assert_allclose(
        Rotation.from_quat(eye_rests(file)[1]).as_rotvec(), ahead.as_rotvec(), atol=1e-5
    )
    assert bone_nodes(file, worlds_of(file)) == {"eye_left": 1}
    # Without look curves nothing is known of where they look.
    other = copy.deepcopy(document)
    other["meshes"][0]["extras"]["targetNames"] = ["jawOpen", "cheekPuff"]
    (tmp_path / "b.gltf").write_text(json.dumps(other))
    assert eye_rests(GltfFile(tmp_path / "b.gltf")) == {}


def test_a_packed_character_performs_from_its_own_file(tmp_path, shared_data):
    pytest.importorskip("meshoptimizer")
    source = shared_data / "rigs" / "facecap.glb"
    take = performance(("jawOpen", "mouthSmileLeft"))
    write_own_rig(source, take, tmp_path / "b.glb")
    made, given = GltfFile(tmp_path / "b.glb"), GltfFile(source)
    assert (tmp_path / "b.glb").stat().st_size < source.stat().st_size + 60_000
    for index in (0, 8, 11, 120):
        np.testing.assert_array_equal(made.accessor(index), given.accessor(index))
    weights = next(c for c in made.animation(0).channels if c.path == "weights")
    names = list(given.target_names(given.nodes[weights.node].mesh))
    np.testing.assert_array_equal(
        weights.values[:, names.index("mouthSmile_L")], take.curve("mouthSmileLeft")
    )
    assert np.flatnonzero(weights.values.any(axis=0)).size == 2
