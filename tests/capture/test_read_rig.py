"""Rigs of any topology and any program: the same rig comes out of every format."""

from dataclasses import replace

import numpy as np
import pygltflib as gl
import pytest
import rig_maker
from rig_maker import NAMES, write_obj, write_obj_rig

from animdrive.capture.read_rig import read_rig
from animdrive.contract import CurveTrack
from animdrive.errors import ContractError, InputError
from animdrive.export.gltf import write_glb
from animdrive.gltf.document import Document
from animdrive.rig.head import load_head, read_head, save_head
from animdrive.rig.lod import character_at


def deltas_by_name(rig):
    return {name: rig.delta(name) for name in rig.names}


def assert_same_rig(found, wanted, *, atol=2e-7):
    np.testing.assert_array_equal(found.neutral.faces, wanted.neutral.faces)
    np.testing.assert_allclose(found.neutral.vertices, wanted.neutral.vertices, atol=atol)
    np.testing.assert_allclose(found.neutral.uv, wanted.neutral.uv, atol=1e-5)
    assert set(found.names) == set(wanted.names)
    theirs = deltas_by_name(wanted)
    for name, offsets in deltas_by_name(found).items():
        np.testing.assert_allclose(offsets, theirs[name], atol=atol)


@pytest.mark.parametrize(("scale", "unit"), [(1.0, "m"), (100.0, "cm"), (1000.0, "mm")])
def test_a_folder_of_objs_is_the_rig_in_metres_whatever_its_unit(tmp_path, scale, unit):
    folder = write_obj_rig(tmp_path / "rig", scale=scale, spell=str.upper)
    read = read_rig(folder)
    # Upper case is ARKit's name all the same; what is not ARKit's is kept.
    assert read.unit == unit
    assert "eyeBlinkLeft" in read.character.rig.names
    assert "PUFF_UP" in read.character.rig.names
    made = read.character.rig
    named = replace(made, names=tuple("puff_Up" if n == "PUFF_UP" else n for n in made.names))
    assert_same_rig(named, rig_maker.rig())
    assert any(unit in note for note in read.notes) == (unit != "m")
    assert any("not ARKit's" in note for note in read.notes)
    assert len(read.files) == 7
    assert_same_rig(read_rig(folder / "Neutral.obj").character.rig, made)


def test_a_character_without_a_face_gets_one_part_and_sensible_pivots(tmp_path):
    made = read_rig(write_obj_rig(tmp_path / "rig")).character
    assert [part.name for part in made.parts] == ["skin"]
    assert (made.head_weight == 1).all()
    left, right = made.eye_pivots
    np.testing.assert_allclose(left * [-1, 1, 1], right, atol=1e-6)
    assert 0.02 < left[0] < 0.06
    assert left[2] < rig_maker.neutral()[:, 2].max() - 0.02  # behind the lids
    assert abs(made.head_pivot[0]) < 1e-6


def test_z_up_is_turned(tmp_path):
    rest = rig_maker.neutral()
    write_obj(rest[:, [0, 2, 1]] * [1, -1, 1], tmp_path / "neutral.obj", uv=rig_maker.uv())
    for name, offsets in zip(NAMES, rig_maker.deltas(), strict=True):
        write_obj((rest + offsets)[:, [0, 2, 1]] * [1, -1, 1], tmp_path / f"{name}.obj")
    made = read_rig(tmp_path, up="z").character.rig
    np.testing.assert_allclose(made.neutral.vertices, rest, atol=2e-7)
    np.testing.assert_allclose(made.delta("jawOpen"), rig_maker.rig().delta("jawOpen"), atol=2e-7)


def rest_track(names):
    return CurveTrack(names, 30.0, np.zeros((0, len(names)), dtype=np.float32))


def test_a_glb_of_ours_comes_back(tmp_path):
    wanted = rig_maker.character()
    write_glb(wanted, rest_track(NAMES), tmp_path / "face.glb")
    read = read_rig(tmp_path / "face.glb")
    assert read.unit == "m"
    assert_same_rig(read.character.rig, wanted.rig, atol=1.1e-6)  # less is left out of a GLB
    np.testing.assert_allclose(read.character.eye_pivots, wanted.eye_pivots, atol=1e-6)
    np.testing.assert_allclose(read.character.head_pivot, wanted.head_pivot, atol=1e-6)


def test_our_own_head_comes_back_from_its_glb_part_by_part(tmp_path):
    head = character_at(load_head(), "low")
    write_glb(head, rest_track(head.rig.names), tmp_path / "head.glb")
    made = read_rig(tmp_path / "head.glb").character
    assert len(made.rig.neutral.vertices) == len(head.rig.neutral.vertices)
    assert [p.bone for p in made.parts].count("eye_left") == 1
    # In the order of the rig, though eyes have nodes of their own.
    assert [p.vertices for p in made.parts] == [p.vertices for p in head.parts]
    np.testing.assert_array_equal(made.rig.neutral.faces, head.rig.neutral.faces)
    skin = head.part("skin").vertices
    np.testing.assert_array_equal(made.rig.neutral.vertices[skin], head.rig.neutral.vertices[skin])
    np.testing.assert_allclose(made.rig.deltas[:, skin], head.rig.deltas[:, skin], atol=1.1e-6)
    np.testing.assert_allclose(made.eye_pivots, head.eye_pivots, atol=1e-6)
    eye = next(p for p in made.parts if p.bone == "eye_left").vertices
    np.testing.assert_allclose(
        made.rig.neutral.vertices[eye],
        head.rig.neutral.vertices[head.part("eye_left").vertices],
        atol=1e-7,
    )


def foreign_glb(path, *, scale=1.0, skinned=False, names=NAMES, shared=True):
    """Write a GLB as others do: nested, scaled and turned nodes, two materials, a second mesh."""
    document = Document(generator="another program")
    inside = np.float32(1 / scale)
    turned = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=np.float32)  # +90 degrees about x
    own = (rig_maker.neutral() - [0.0, 0.0, 0.3]).astype(np.float32) @ turned * inside
    offsets = rig_maker.deltas() @ turned * inside
    position = document.add_array(own, bounds=True)
    faces = rig_maker.triangles().astype(np.uint16)
    half = len(faces) // 2
    attributes = {"POSITION": position}
    if skinned:
        joints = np.zeros((len(own), 4), np.uint8)
        weights = np.tile(np.array([1, 0, 0, 0], np.float32), (len(own), 1))
        attributes |= {
            "JOINTS_0": document.add_array(joints),
            "WEIGHTS_0": document.add_array(weights),
        }
    targets = [{"POSITION": document.add_array(row)} for row in offsets]
    primitives = []
    for run in (faces[:half], faces[half:]):
        if not shared and primitives:
            attributes = attributes | {"POSITION": document.add_array(own, bounds=True)}
        primitives.append(
            gl.Primitive(
                attributes=gl.Attributes(**attributes),
                indices=document.add_array(run.reshape(-1)),
                targets=targets,
            )
        )
    mesh = gl.Mesh(name="Face", primitives=primitives, extras={"targetNames": list(names)})
    face = document.add("meshes", mesh)
    ball = document.add_array(np.eye(3, dtype=np.float32), bounds=True)
    prop = gl.Mesh(name="Hat", primitives=[gl.Primitive(attributes=gl.Attributes(POSITION=ball))])
    hat = document.add("nodes", gl.Node(name="hat", mesh=document.add("meshes", prop)))
    half_turn = float(np.sqrt(0.5))
    pose = {"scale": [scale] * 3, "rotation": [half_turn, 0, 0, half_turn]}
    shift = {"translation": [0.0, 0.0, 0.3]}
    if skinned:  # the joint has the pose, the mesh's own node is to be ignored
        joint = document.add("nodes", gl.Node(name="joint", **pose))
        bind = document.add_array(np.eye(4, dtype=np.float32).reshape(1, 16))
        skin = document.add("skins", gl.Skin(joints=[joint], inverseBindMatrices=bind))
        above = document.add("nodes", gl.Node(name="rig", children=[joint], **shift))
        node = document.add("nodes", gl.Node(name="m", mesh=face, skin=skin, translation=[9, 9, 9]))
        roots = [hat, above, node]
    else:
        node = document.add("nodes", gl.Node(name="face_node", mesh=face, **pose))
        roots = [hat, document.add("nodes", gl.Node(name="rig", children=[node], **shift))]
    document.gltf.scene = document.add("scenes", gl.Scene(nodes=roots))
    document.write(path)
    return path


@pytest.mark.parametrize("skinned", [False, True])
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_nodes_and_joints_place_a_glb_and_shared_vertices_are_one_part(tmp_path, scale, skinned):
    path = foreign_glb(tmp_path / "face.glb", scale=scale, skinned=skinned)
    made = read_rig(path, meshes=["face"]).character
    assert [part.name for part in made.parts] == ["skin"]
    wanted = rig_maker.rig()
    np.testing.assert_array_equal(made.rig.neutral.faces, wanted.neutral.faces)
    np.testing.assert_allclose(made.rig.neutral.vertices, wanted.neutral.vertices, atol=1e-6)
    np.testing.assert_allclose(made.rig.deltas, wanted.deltas, atol=1e-6)


def test_parts_with_shapes_come_first_and_a_mesh_can_be_chosen(tmp_path):
    path = foreign_glb(tmp_path / "face.glb", shared=False)
    parts = read_rig(path, unit="m").character.parts
    # Both halves of the face have shapes; the one that moves most is the skin.
    assert sorted(part.name for part in parts) in (
        ["Face_0", "Hat", "skin"], ["Face_1", "Hat", "skin"],
    )  # fmt: skip
    assert parts[2].name == "Hat"
    assert len(read_rig(path, unit="m", meshes=["skin"]).character.parts) == 1
    assert len(read_rig(path, unit="m", meshes=["FACE_1"]).character.parts) == 1
    with pytest.raises(InputError, match=r"no mesh 'nose'. It has: Face, Hat"):
        read_rig(path, meshes=["nose"])
    with pytest.raises(InputError, match="none of its 6 shapes moves"):
        read_rig(path, meshes=["Hat"])


def test_a_head_file_a_capture_and_the_word_head_are_rigs(tmp_path):
    save_head(rig_maker.character(), tmp_path / "base.safetensors")
    for path in (tmp_path, tmp_path / "base.safetensors"):
        assert_same_rig(read_rig(path).character.rig, rig_maker.rig(), atol=1e-6)
    assert read_rig("head").character is load_head()


def test_a_head_with_more_vertices_than_16_bits_count_is_kept(tmp_path):
    one = rig_maker.character()
    times = 0x10000 // len(one.rig.neutral.vertices) + 2
    rest, count = one.rig.neutral, len(one.rig.neutral.vertices)
    mesh = replace(
        rest,
        vertices=np.tile(rest.vertices, (times, 1)),
        faces=np.concatenate([rest.faces + n * count for n in range(times)]),
        uv=np.tile(rest.uv, (times, 1)),
    )
    rig = replace(one.rig, neutral=mesh, deltas=np.tile(one.rig.deltas, (1, times, 1)))
    part = replace(one.parts[0], vertices=slice(0, times * count), faces=slice(0, len(mesh.faces)))
    big = replace(one, rig=rig, parts=(part,), head_weight=np.ones(times * count, dtype=np.float32))
    save_head(big, tmp_path / "big.safetensors")
    assert_same_rig(read_head(tmp_path / "big.safetensors").rig, rig, atol=1e-6)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("suffix", r"\.ply'; rigs are read from"),
        ("no rest", "has no OBJ at rest: call it neutral.obj"),
        ("no shapes", "has no shapes"),
        ("fewer", "has 176 vertices, but Neutral.obj has 192"),
        ("faces", "has other faces than Neutral.obj"),
        ("nan", "not finite"),
        ("still", "none of its 6 shapes moves"),
        ("giant", "which is no head in m, cm or mm. Say the unit with --unit"),
        ("twice", "'jawOpen' is there twice"),
        ("unit", "Unknown unit 'inch'. Known: auto, m, cm, mm"),
        ("up", "Unknown axis 'x'. Known: auto, y, z"),
        ("missing", "rig.glb. Check the path"),
        ("glb", "not a usable glTF file"),
        ("take", "not a head that can be read"),
    ],
)
def test_what_is_no_rig_is_told(tmp_path, spoil, message):
    folder = write_obj_rig(tmp_path / "rig", scale=7.0 if spoil == "giant" else 1.0)
    path, options = folder, {}
    jaw = rig_maker.neutral() + rig_maker.deltas()[2]
    if spoil == "suffix":
        path = tmp_path / "rig.ply"
    elif spoil == "no rest":
        (folder / "Neutral.obj").rename(folder / "face.obj")
    elif spoil == "no shapes":
        for name in NAMES:
            (folder / f"{name}.obj").unlink()
    elif spoil == "fewer":
        write_obj(jaw[:176], folder / "jawOpen.obj", faces=rig_maker.quads()[:160])
    elif spoil == "faces":
        write_obj(jaw, folder / "jawOpen.obj", faces=rig_maker.quads()[::-1])
    elif spoil == "nan":
        jaw[3] = np.nan
        write_obj(jaw, folder / "jawOpen.obj")
    elif spoil == "still":
        for name in NAMES:
            write_obj(rig_maker.neutral(), folder / f"{name}.obj")
    elif spoil == "twice":
        write_obj(jaw, folder / "face.JAWOPEN.obj")
    elif spoil in ("unit", "up"):
        options = {spoil: {"unit": "inch", "up": "x"}[spoil]}
    elif spoil == "missing":
        path = tmp_path / "rig.glb"
    elif spoil == "glb":
        path = tmp_path / "bad.glb"
        path.write_bytes(b"no such thing at all")
    elif spoil == "take":
        from safetensors.numpy import save_file

        path = tmp_path / "x.safetensors"
        save_file({"deltas": np.zeros(3, np.float32)}, path)
    with pytest.raises(InputError, match=message):
        read_rig(path, **options)


def test_a_unit_that_is_given_goes_before_what_the_size_says(tmp_path):
    folder = write_obj_rig(tmp_path / "rig", scale=7.0)
    made = read_rig(folder, unit="mm")
    assert made.unit == "mm"
    np.testing.assert_allclose(
        made.character.rig.neutral.vertices, rig_maker.neutral() * 0.007, atol=1e-7
    )


def test_texture_tiles_are_laid_over_the_first(tmp_path):
    folder = write_obj_rig(tmp_path / "rig")
    far = rig_maker.uv() + np.array([2.0, -3.0])
    write_obj(rig_maker.neutral(), folder / "Neutral.obj", uv=far, index="{v}/{v}/1")
    found = read_rig(folder).character.rig.neutral.uv
    apart = np.abs(found - rig_maker.uv())
    np.testing.assert_allclose(np.minimum(apart, 1 - apart), 0, atol=1e-6)


def test_a_rig_that_breaks_the_contract_is_a_bug_told_as_input(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ContractError("no.")

    monkeypatch.setattr("animdrive.capture.read_rig.Rig", broken)
    with pytest.raises(InputError, match="cannot be used as a rig: no"):
        read_rig(write_obj_rig(tmp_path / "rig"))
