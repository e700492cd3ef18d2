"""Curves for a rig of any names, from every format that holds curves."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import rig_maker
from rig_maker import NAMES, track

from animdrive.capture.read_track import read_track
from animdrive.contract import ARKIT52, CurveTrack, as_arkit
from animdrive.contract.capture import CapturedTake, Take
from animdrive.errors import BackendError, InputError
from animdrive.export import CURVE_WRITERS, write_curves
from animdrive.export.gltf import write_glb
from animdrive.export.take_file import write_take

TRACK = track(40)
KNOWN = NAMES[:5]


def table(path, track=TRACK, names=NAMES, header="Time", scale=1.0):
    rows = [",".join([header, *names])]
    rows += [
        ",".join([f"{at:.6f}", *(f"{scale * v:.7f}" for v in row)])
        for at, row in zip(track.times_s + 2.0, track.values.tolist(), strict=True)
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("kind", CURVE_WRITERS.names())
def test_curves_of_ours_come_with_the_rigs_columns(tmp_path, kind):
    full = as_arkit(TRACK)
    write_curves(full, tmp_path / f"c.{kind}")
    read = read_track(tmp_path / f"c.{kind}", KNOWN)
    assert read.track.names == KNOWN
    assert read.track.fps == pytest.approx(30)
    assert read.track.start_s == 0
    np.testing.assert_allclose(read.track.values, TRACK.values[:, :5], atol=1e-6)


def test_curves_of_the_rig_that_json_cannot_hold_are_told(tmp_path):
    write_curves(as_arkit(TRACK), tmp_path / "c.json")
    notes = read_track(tmp_path / "c.json", NAMES).notes
    assert "1 of the rig's curves are not ARKit's and rest: puff_Up..." in notes


def test_a_glb_with_names_of_both_kinds_brings_both_and_the_head(tmp_path):
    turned = replace(TRACK, head_rotation=np.full((40, 3), 0.2))
    write_glb(rig_maker.character(), turned, tmp_path / "c.glb")
    track = read_track(tmp_path / "c.glb", NAMES).track
    np.testing.assert_allclose(track.values, TRACK.values, atol=1e-6)
    np.testing.assert_allclose(track.head_rotation, turned.head_rotation, atol=1e-6)


def test_curves_that_the_rig_does_not_have_are_told(tmp_path):
    moving = as_arkit(TRACK)
    values = moving.values.copy()
    values[:, ARKIT52.index("tongueOut")] = 0.5
    write_curves(moving.with_values(values), tmp_path / "c.csv")
    read = read_track(tmp_path / "c.csv", KNOWN)
    assert any("tongueOut" in note and "left out" in note for note in read.notes)


def test_a_table_may_have_names_of_the_rig_and_a_clock_of_its_own(tmp_path):
    read = read_track(table(tmp_path / "c.csv", names=[n.upper() for n in NAMES]), NAMES)
    assert read.track.names == NAMES
    assert read.start_s == pytest.approx(2.0)
    np.testing.assert_allclose(read.track.values, TRACK.values, atol=1e-6)


def test_a_live_link_take_for_a_rig_with_names_of_its_own_keeps_head_and_eyes(tmp_path):
    rng = np.random.default_rng(2)
    turned = CurveTrack(
        ARKIT52, 30.0, as_arkit(TRACK).values, head_rotation=rng.uniform(-0.3, 0.3, (40, 3))
    )
    write_curves(turned, tmp_path / "c.csv")
    read = read_track(tmp_path / "c.csv", NAMES)
    np.testing.assert_allclose(read.track.head_rotation, turned.head_rotation, atol=1e-6)
    np.testing.assert_allclose(read.track.values[:, :5], TRACK.values[:, :5], atol=1e-6)
    assert not read.track.values[:, 5].any()
    assert any("1 of 6 curves are not in it and rest" in note for note in read.notes)


def test_morph_targets_of_any_name_are_read_from_a_glb(tmp_path):
    names = ("a_1", "b_2", "c_3", "d_4", "e_5", "f_6")
    made = rig_maker.character()
    write_glb(
        replace(made, rig=replace(made.rig, names=names)),
        replace(TRACK, names=names),
        tmp_path / "c.glb",
    )
    read = read_track(tmp_path / "c.glb", ("B_2", "a_1", "other"))
    np.testing.assert_allclose(read.track.values[:, :2], TRACK.values[:, [1, 0]], atol=1e-6)
    assert read.track.fps == 30
    with pytest.raises(InputError, match="animates none of the rig's morph targets"):
        read_track(tmp_path / "c.glb", ("other",))


def test_arrays_are_curves_with_names_and_rate(tmp_path):
    np.savez(tmp_path / "c.npz", values=TRACK.values, names=np.array(NAMES), fps=30.0)
    np.testing.assert_array_equal(read_track(tmp_path / "c.npz", NAMES).track.values, TRACK.values)


def test_a_take_of_a_capture_gives_its_curves_and_head(tmp_path):
    turned = CurveTrack(NAMES, 30.0, TRACK.values, head_rotation=np.full((40, 3), 0.1))
    captured = CapturedTake(
        take=Take("t", "clips", "train", turned),
        vertices=rig_maker.skin(turned),
        times_s=turned.times_s,
        head_transform=np.tile(np.eye(4), (40, 1, 1)),
    )
    write_take(captured, rig_maker.neutral(), tmp_path / "t.safetensors", digest="")
    read = read_track(tmp_path / "t.safetensors", NAMES[1:4])
    np.testing.assert_array_equal(read.track.values, TRACK.values[:, 1:4])
    np.testing.assert_array_equal(read.track.head_rotation, turned.head_rotation)
    with pytest.raises(InputError, match="none of its curves is in the rig"):
        read_track(tmp_path / "t.safetensors", ["other"])


def test_values_outside_are_clipped_and_counted(tmp_path):
    read = read_track(table(tmp_path / "c.csv", scale=1.6), NAMES)
    over = int((TRACK.values * 1.6 > 1).sum())
    assert over > 0
    assert read.track.values.max() == 1
    assert any(f"{over} of 240 values lay outside 0..1 and were clipped" in n for n in read.notes)


@pytest.mark.slow
def test_shape_keys_of_an_fbx_are_curves(tmp_path):
    bpy = pytest.importorskip("bpy", reason="bpy is not installed; pip install 'animdrive[abc]'")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 25
    mesh = bpy.data.meshes.new("face")
    mesh.from_pydata(rig_maker.neutral().tolist(), [], rig_maker.quads().tolist())
    face = bpy.data.objects.new("face", mesh)
    bpy.context.scene.collection.objects.link(face)
    face.shape_key_add(name="Basis")
    for name, offsets in zip(NAMES, rig_maker.deltas(), strict=True):
        key = face.shape_key_add(name=name, from_mix=False)
        key.data.foreach_set("co", (rig_maker.neutral() + offsets).ravel())
    for frame, row in enumerate(TRACK.values.tolist()):
        for name, value in zip(NAMES, row, strict=True):
            key = mesh.shape_keys.key_blocks[name]
            key.value = value
            key.keyframe_insert("value", frame=frame + 1)
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 1, len(TRACK)
    bpy.ops.export_scene.fbx(
        filepath=str(tmp_path / "c.fbx"), bake_anim_simplify_factor=0.0,
        bake_anim_use_nla_strips=False, bake_anim_use_all_actions=False,
    )  # fmt: skip
    read = read_track(tmp_path / "c.fbx", NAMES)
    assert read.track.fps == 25
    np.testing.assert_allclose(read.track.values, TRACK.values, atol=1e-6)


def test_fbx_without_blender_names_the_cure(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bpy", None)
    with pytest.raises(BackendError, match=r"pip install 'animdrive\[abc\]'"):
        read_track(tmp_path / "c.fbx", NAMES)


def write_npz(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: p / "c.txt", r"has the suffix '.txt'; curves are read from"),
        (lambda p: p / "c.json", "c.json. Check the path"),
        (lambda p: table(p / "c.csv", header="Frame"), "needs a column 'Time'"),
        (lambda p: table(p / "c.csv", names=["a", "b", "c", "d", "e", "f"]), "none of the rig's 6"),
        (lambda p: table(p / "c.csv", names=("jawOpen", "JAWOPEN", *NAMES[2:])), "is there twice"),
        (lambda p: table(p / "c.csv", scale=100.0), "percentages, divide them by 100"),
        (lambda p: table(p / "c.csv", scale=np.nan), "is no number in frame 0"),
        (lambda p: write_npz(p / "c.npz", values=np.zeros((3, 2))), "must hold 'values'"),
        (
            lambda p: write_npz(p / "c.npz", values=np.zeros((3, 6)), names=np.array(NAMES), fps=0),
            "fps must be above 0",
        ),
        (
            lambda p: write_npz(p / "c.npz", values=np.array([{}], dtype=object)),
            "pickled objects",
        ),
    ],
)
def test_what_is_no_curve_file_is_told(tmp_path, write, message):
    with pytest.raises(InputError, match=message):
        read_track(write(tmp_path), NAMES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("Time,jawOpen\n", "needs a column 'Time', in seconds, and rows"),
        ("Time,jawOpen\n0,0.5\n0.1,0.5,9\n", "line 3: it has not as many cells"),
        ("Time,jawOpen\n0,0.5\n0.1,high\n", "a cell is not a number"),
        ("Time,jaw\x00Open\n\xff", "not a CSV text file"),
    ],
)
def test_broken_tables_are_told(tmp_path, text, message):
    (tmp_path / "c.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        read_track(tmp_path / "c.csv", NAMES)
