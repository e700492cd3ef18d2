"""The GLB is decoded here by code of its own, on pygltflib, and played as a viewer would."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pygltflib
import pytest
from scipy.spatial.transform import Rotation
from synthetic_performance import make_character, make_track

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.deformer.linear import LinearDeformer
from animdrive.errors import InputError
from animdrive.export.gltf import write_glb
from animdrive.export.gltf_reader import read_glb_curves
from animdrive.provenance import provenance_of
from animdrive.rig.normals import vertex_normals
from animdrive.rig.pose import posed_vertices

TYPES = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Played:
    """A GLB as a viewer sees it."""

    def __init__(self, path):
        self.gltf = pygltflib.GLTF2().load(str(path))
        self.blob = self.gltf.binary_blob()

    def raw(self, view, offset, count, width, kind):
        start = self.gltf.bufferViews[view].byteOffset + (offset or 0)
        data = np.frombuffer(self.blob, TYPES[kind], count * width, start)
        return data.reshape(count, width).copy()

    def array(self, index):
        a = self.gltf.accessors[index]
        width = WIDTHS[a.type]
        if a.bufferView is None:
            values = np.zeros((a.count, width), TYPES[a.componentType])
        else:
            values = self.raw(a.bufferView, a.byteOffset, a.count, width, a.componentType)
        if a.sparse is not None:
            where, what = a.sparse.indices, a.sparse.values
            count = a.sparse.count
            rows = self.raw(where.bufferView, where.byteOffset, count, 1, where.componentType)
            values[rows[:, 0]] = self.raw(
                what.bufferView, what.byteOffset, count, width, a.componentType
            )
        if a.min:
            np.testing.assert_array_equal(values.min(0), np.float32(a.min))
            np.testing.assert_array_equal(values.max(0), np.float32(a.max))
        return values / np.iinfo(values.dtype).max if a.normalized else values

    def node(self, name):
        return next(i for i, node in enumerate(self.gltf.nodes) if node.name == name)

    def keys(self, node, path):
        animation = self.gltf.animations[0]
        for channel in animation.channels:
            if (channel.target.node, channel.target.path) == (node, path):
                sampler = animation.samplers[channel.sampler]
                assert sampler.interpolation == "LINEAR"
                return self.array(sampler.input)[:, 0], self.array(sampler.output)
        return None

    def world(self, frame):
        """The matrix of every node at a frame."""
        matrices = {}

        def visit(index, above):
            node = self.gltf.nodes[index]
            place, turn = node.translation or [0, 0, 0], node.rotation or [0, 0, 0, 1]
            keys = self.keys(index, "translation")
            place = keys[1][frame] if keys else place
            keys = self.keys(index, "rotation")
            turn = keys[1][frame] if keys else turn
            local = np.eye(4)
            local[:3, :3], local[:3, 3] = Rotation.from_quat(turn).as_matrix(), place
            matrices[index] = above @ local
            for child in node.children or []:
                visit(child, matrices[index])

        for index in self.gltf.scenes[self.gltf.scene].nodes:
            visit(index, np.eye(4))
        return matrices

    def vertices(self, frame):
        """Posed vertices and morphed normals of every primitive, by mesh name."""
        world = self.world(frame)
        shown = {}
        for index, node in enumerate(self.gltf.nodes):
            if node.mesh is None:
                continue
            mesh = self.gltf.meshes[node.mesh]
            keys = self.keys(index, "weights")
            weights = keys[1].reshape(len(keys[0]), -1)[frame] if keys else []
            for number, primitive in enumerate(mesh.primitives):
                assert len(primitive.targets or []) == len(weights)
                points = self.array(primitive.attributes.POSITION).astype(float)
                normals = self.array(primitive.attributes.NORMAL).astype(float)
                for target, weight in zip(primitive.targets or [], weights, strict=True):
                    points += weight * self.array(target["POSITION"])
                    normals += weight * self.array(target["NORMAL"])
                points = np.c_[points, np.ones(len(points))]
                if node.skin is None:
                    points = points @ world[index].T
                else:
                    skin = self.gltf.skins[node.skin]
                    bind = self.array(skin.inverseBindMatrices).reshape(-1, 4, 4)
                    bones = [world[j] @ b.T for j, b in zip(skin.joints, bind, strict=True)]
                    weight = self.array(primitive.attributes.WEIGHTS_0)
                    np.testing.assert_allclose(weight.sum(1), 1, atol=1e-9)
                    joints = self.array(primitive.attributes.JOINTS_0)
                    blend = np.einsum("vj,vjab->vab", weight, np.array(bones)[joints])
                    points = np.einsum("vab,vb->va", blend, points)
                shown[mesh.name, number] = points[:, :3], normals
        return shown


PLACES = {
    "skin": ("head", 0),
    "teeth": ("head", 1),
    "eye_left": ("eye_left", 0),
    "cornea_left": ("eye_left", 1),
    "eye_right": ("eye_right", 0),
}


@pytest.fixture
def played(character, track, tmp_path):
    write_glb(character, track, tmp_path / "a.glb")
    return Played(tmp_path / "a.glb")


@pytest.mark.parametrize("frame", [0, 7, 19])
def test_a_viewer_shows_what_the_rig_says(character, track, played, frame):
    skin = LinearDeformer(character.rig).run(track.values[frame : frame + 1])[0]
    expected = posed_vertices(
        character,
        skin,
        head_rotation=track.head_rotation[frame],
        head_position=track.head_position[frame],
        eye_rotation=track.eye_rotation[frame],
    )
    shown = played.vertices(frame)
    assert set(shown) == set(PLACES.values())
    for part in character.parts:
        # Offsets below a thousandth of a millimetre are left out, and 52 curves may add up.
        np.testing.assert_allclose(
            shown[PLACES[part.name]][0], expected[part.vertices], atol=2e-5, err_msg=part.name
        )


def test_normals_follow_the_curves(character, tmp_path):
    jaw = np.zeros((1, 52))
    jaw[0, ARKIT52.index("mouthFunnel")] = 1
    write_glb(character, CurveTrack(ARKIT52, 30.0, jaw), tmp_path / "a.glb")
    _, normals = Played(tmp_path / "a.glb").vertices(0)["head", 0]
    part = character.parts[0]
    faces = character.rig.neutral.faces[part.faces]
    moved = character.rig.neutral.vertices + character.rig.delta("mouthFunnel")
    expected = vertex_normals(moved[part.vertices], faces)
    inside = character.rig.neutral.uv[part.vertices]
    inside = (inside > 0.15).all(axis=1) & (inside < 0.85).all(axis=1)  # off the texture's cut
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    rest = vertex_normals(character.rig.neutral.vertices[part.vertices], faces)
    assert np.abs(expected - rest)[inside].max() > 0.05
    np.testing.assert_allclose(normals[inside], expected[inside], atol=0.01)


def test_texture_cut_has_one_normal(character, played):
    head = next(mesh for mesh in played.gltf.meshes if mesh.name == "head")
    normals = played.array(head.primitives[0].attributes.NORMAL)
    rest = character.rig.neutral.vertices[character.parts[0].vertices]
    _, place = np.unique(rest, axis=0, return_inverse=True)
    uv = character.rig.neutral.uv[character.parts[0].vertices]
    left = np.flatnonzero((uv[:, 0] == 0) & (uv[:, 1] > 0.1) & (uv[:, 1] < 0.9))
    for vertex in left:
        twin = [other for other in np.flatnonzero(place == place[vertex]) if other != vertex]
        np.testing.assert_array_equal(normals[vertex], normals[twin[0]])


def test_targets_are_named_on_every_mesh_they_move(played):
    head = next(mesh for mesh in played.gltf.meshes if mesh.name == "head")
    assert head.extras["targetNames"] == list(ARKIT52)
    assert [len(primitive.targets) for primitive in head.primitives] == [52, 52]
    eye = next(mesh for mesh in played.gltf.meshes if mesh.name == "eye_left")
    assert eye.primitives[0].targets in (None, [])


def test_still_shapes_take_no_bytes_and_moving_ones_are_sparse(played):
    head = next(mesh for mesh in played.gltf.meshes if mesh.name == "head")
    teeth = [target["POSITION"] for target in head.primitives[1].targets]
    assert len(set(teeth)) == 2  # jawOpen, and one that all others share
    shared = played.gltf.accessors[teeth[0]]
    assert shared.bufferView is None
    assert shared.sparse is None
    skin = [played.gltf.accessors[target["POSITION"]] for target in head.primitives[0].targets]
    assert all(accessor.sparse is not None for accessor in skin)


def test_eyes_hang_below_the_head_and_joints_are_named(played):
    gltf = played.gltf
    head, root = played.node("head"), played.node("root")
    assert gltf.nodes[root].children == [head]
    assert set(gltf.nodes[head].children) == {played.node("eye_left"), played.node("eye_right")}
    assert gltf.skins[0].joints == [root, head]
    assert gltf.scenes[gltf.scene].nodes == [root, played.node("head_mesh")]


def test_materials_and_pictures(character, played):
    made = {material.name: material for material in played.gltf.materials}
    assert set(made) == {"skin", "enamel", "eye", "cornea"}
    assert made["cornea"].alphaMode == "BLEND"
    assert made["skin"].alphaMode == "OPAQUE"
    assert made["enamel"].pbrMetallicRoughness.roughnessFactor == 0.2
    assert made["eye"].emissiveFactor == [0.01, 0.01, 0.01]
    texture = played.gltf.textures[made["skin"].pbrMetallicRoughness.baseColorTexture.index]
    image = played.gltf.images[texture.source]
    assert image.mimeType == "image/jpeg"
    view = played.gltf.bufferViews[image.bufferView]
    data = np.frombuffer(played.blob, np.uint8, view.byteLength, view.byteOffset)
    pixels = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(pixels.astype(int) - character.materials[0].texture).mean() < 12
    assert made["enamel"].normalTexture is None


def test_a_normal_map_comes_back_as_it_went_in(character, track, tmp_path):
    size = 64
    x, y = np.meshgrid(np.linspace(-0.6, 0.6, size), np.linspace(0.6, -0.6, size))
    normals = np.stack([x, y, np.sqrt(1 - x**2 - y**2)], axis=-1)
    pixels = np.rint((normals + 1) * 127.5).astype(np.uint8)
    materials = tuple(
        replace(m, normal_texture=pixels) if m.name == "skin" else m for m in character.materials
    )
    write_glb(replace(character, materials=materials), track, tmp_path / "a.glb")
    played = Played(tmp_path / "a.glb")
    skin = next(m for m in played.gltf.materials if m.name == "skin")
    assert skin.normalTexture.scale == 1
    image = played.gltf.images[played.gltf.textures[skin.normalTexture.index].source]
    view = played.gltf.bufferViews[image.bufferView]
    data = np.frombuffer(played.blob, np.uint8, view.byteLength, view.byteOffset)
    back = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(back.astype(int) - pixels).max() <= 6


def test_texture_row_0_is_at_the_top(character, played):
    head = next(mesh for mesh in played.gltf.meshes if mesh.name == "head")
    uv = played.array(head.primitives[0].attributes.TEXCOORD_0)
    ours = character.rig.neutral.uv[character.parts[0].vertices]
    np.testing.assert_allclose(uv, np.c_[ours[:, 0], 1 - ours[:, 1]], atol=1e-7)


@pytest.mark.parametrize("fps", [24.0, 29.97, 30.0, 59.904, 60.0])
@pytest.mark.parametrize("start_s", [0.0, 3.5, 47_584.5275, -1.0])
def test_curves_come_back(character, tmp_path, fps, start_s):
    track = make_track(200, fps=fps, start_s=start_s)
    write_glb(character, track, tmp_path / "a.glb")
    again, notes = read_glb_curves(tmp_path / "a.glb")
    assert notes == ()
    assert again.fps == pytest.approx(fps, rel=2e-6)
    assert again.start_s == start_s
    assert again.names == ARKIT52
    np.testing.assert_array_equal(again.values, track.values)
    np.testing.assert_array_equal(again.head_position, track.head_position)
    np.testing.assert_allclose(again.head_rotation, track.head_rotation, atol=1e-6)
    np.testing.assert_allclose(again.eye_rotation, track.eye_rotation, atol=1e-6)


def test_keys_begin_at_0_and_lie_on_every_frame(played):
    times, weights = played.keys(played.node("head_mesh"), "weights")
    np.testing.assert_allclose(times, np.arange(20) / 30, atol=1e-6)
    assert weights.shape == (20 * 52, 1)


def test_quaternions_do_not_jump_to_the_other_side(character, tmp_path):
    """Plain interpolation of the four numbers must not pass through zero."""
    yaw = np.linspace(-7, 7, 120)
    track = CurveTrack(
        ARKIT52, 30.0, np.zeros((120, 52)), np.stack([0 * yaw, yaw, 0 * yaw], axis=1)
    )
    write_glb(character, track, tmp_path / "a.glb")
    played = Played(tmp_path / "a.glb")
    _, turns = played.keys(played.node("head"), "rotation")
    assert ((turns[1:] * turns[:-1]).sum(axis=1) > 0.9).all()


def test_one_frame_and_no_frame(character, tmp_path):
    write_glb(character, make_track(1), tmp_path / "one.glb")
    assert len(read_glb_curves(tmp_path / "one.glb").track) == 1
    write_glb(character, make_track(0), tmp_path / "none.glb")
    assert not Played(tmp_path / "none.glb").gltf.animations
    with pytest.raises(InputError, match="holds no animation of morph targets"):
        read_glb_curves(tmp_path / "none.glb")


def test_curves_that_the_rig_or_the_track_lacks(character, tmp_path):
    track = CurveTrack(("jawOpen", "myOwn"), 30.0, np.full((5, 2), 0.5))
    write_glb(character, track, tmp_path / "a.glb")
    again = read_glb_curves(tmp_path / "a.glb").track
    np.testing.assert_array_equal(again.curve("jawOpen"), 0.5)
    assert again.values.sum() == 2.5


def test_provenance_and_aigc_label_are_inside(character, track, tmp_path):
    source = tmp_path / "line.wav"
    source.write_bytes(b"sound")
    provenance = provenance_of((source,), backend="audio/test", config={"fps": 30})
    write_glb(character, track, tmp_path / "a.glb", provenance=provenance)
    extras = Played(tmp_path / "a.glb").gltf.asset.extras
    assert extras["inputs"] == [{"name": "line.wav", "sha256": provenance.inputs[0][1]}]
    assert json.loads(extras["AIGC"])["ProduceID"] == provenance.inputs[0][1]
    write_glb(character, track, tmp_path / "b.glb")
    assert not Played(tmp_path / "b.glb").gltf.asset.extras  # and the next file is clean again


def test_the_same_in_gives_the_same_bytes(track, tmp_path):
    for name in ("a", "b"):
        write_glb(make_character(), track, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    character = make_character()
    write_glb(character, make_track(300), tmp_path / "c")
    write_glb(character, track, tmp_path / "d")  # from what was kept of the character
    assert (tmp_path / "d").read_bytes() == (tmp_path / "a").read_bytes()


def test_a_place_that_cannot_be_written_is_told(character, track, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="Cannot write"):
        write_glb(character, track, tmp_path / "file" / "a.glb")


def test_trimesh_opens_it(character, track, tmp_path):
    trimesh = pytest.importorskip("trimesh")
    write_glb(character, track, tmp_path / "a.glb")
    scene = trimesh.load(tmp_path / "a.glb")
    assert len(scene.geometry) == 5
    np.testing.assert_allclose(
        scene.bounds[1] - scene.bounds[0], np.ptp(character.rig.neutral.vertices, axis=0), atol=1e-5
    )
