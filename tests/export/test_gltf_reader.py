"""Curves out of files that others made."""

import numpy as np
import pygltflib as gl
import pytest

from animdrive.errors import InputError
from animdrive.export.gltf_reader import read_glb_curves
from animdrive.gltf.document import Document


def foreign(path, names, times, weights, *, interpolation="LINEAR", head=None, moves="weights"):
    """A triangle with morph targets, as another program might write it."""
    document = Document(generator="other")
    triangle = document.add_array(np.eye(3, dtype=np.float32), bounds=True)
    still = document.add_zeros(3, 3)
    mesh = gl.Mesh(
        primitives=[
            gl.Primitive(
                attributes=gl.Attributes(POSITION=triangle),
                targets=[{"POSITION": still} for _ in names],
            )
        ],
        extras={"targetNames": list(names)},
    )
    node = document.add("nodes", gl.Node(name="Head", mesh=document.add("meshes", mesh)))
    document.gltf.scene = document.add("scenes", gl.Scene(nodes=[node]))
    clock = document.add_array(np.asarray(times, dtype=np.float32), bounds=True)
    animation = gl.Animation()
    for where, values in ((moves, weights), ("rotation", head)):
        if values is not None:
            output = document.add_array(np.asarray(values, dtype=np.float32))
            sampler = gl.AnimationSampler(input=clock, output=output, interpolation=interpolation)
            animation.samplers.append(sampler)
            target = gl.AnimationChannelTarget(node=node, path=where)
            channel = gl.AnimationChannel(sampler=len(animation.samplers) - 1, target=target)
            animation.channels.append(channel)
    document.add("animations", animation)
    document.write(path)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.glb"


def test_names_of_others_and_missing_curves(path):
    weights = np.tile([0.25, 0.5, 0.75], 30)
    foreign(path, ("JawOpen", "mouthSmile_L", "hair"), np.arange(30) / 30, weights)
    track, notes = read_glb_curves(path)
    assert track.fps == 30
    np.testing.assert_array_equal(track.curve("jawOpen"), 0.25)
    np.testing.assert_array_equal(track.curve("mouthSmileLeft"), 0.5)
    assert track.values.sum() == pytest.approx(30 * 0.75)
    assert notes[0].startswith("50 of 52 curves are not in the file")


def test_uneven_keys_are_sampled_evenly(path):
    times = [0.0, 0.04, 0.08, 0.12, 0.5, 1.0]
    foreign(path, ("jawOpen",), times, np.array(times))
    track, notes = read_glb_curves(path)
    assert track.fps == 25
    assert len(track) == 26
    np.testing.assert_allclose(track.curve("jawOpen"), np.arange(26) / 25, atol=1e-6)
    assert notes[-1] == "Its keys do not lie on even frames; it was sampled at 25 per second."


def test_steps_hold_and_splines_give_their_keys(path):
    foreign(path, ("jawOpen",), [0, 0.1, 0.2, 0.6], [0, 1, 0, 1], interpolation="STEP")
    stepped = read_glb_curves(path).track
    assert set(np.unique(stepped.curve("jawOpen"))) == {0.0, 1.0}
    tangents = np.array([[9, 0.1, 9], [9, 0.6, 9], [9, 0.3, 9]])
    foreign(path, ("jawOpen",), [0, 0.5, 1], tangents.ravel(), interpolation="CUBICSPLINE")
    np.testing.assert_allclose(
        read_glb_curves(path).track.curve("jawOpen"), [0.1, 0.6, 0.3], atol=1e-6
    )


def test_the_turning_of_a_node_called_head_is_read(path):
    turn = np.tile([0, np.sin(0.2), 0, np.cos(0.2)], (4, 1))
    foreign(path, ("jawOpen",), np.arange(4) / 30, np.zeros(4), head=turn)
    track = read_glb_curves(path).track
    np.testing.assert_allclose(track.head_rotation, np.tile([0, 0.4, 0], (4, 1)), atol=1e-6)


def test_values_outside_are_clipped_and_told(path):
    foreign(path, ("jawOpen",), np.arange(3) / 30, [0.5, 1.2, -0.1])
    track, notes = read_glb_curves(path)
    np.testing.assert_allclose(track.curve("jawOpen"), [0.5, 1, 0])
    assert notes[-1].startswith("2 of 156 values lay outside 0..1 and were clipped")


def test_a_take_that_begins_late_keeps_its_time(path):
    foreign(path, ("jawOpen",), 2 + np.arange(30) / 30, np.zeros(30))
    assert read_glb_curves(path).track.start_s == 2


@pytest.mark.parametrize("names", [("hair",), ("a", "b")])
def test_a_file_without_arkit_targets_is_refused(path, names):
    foreign(path, names, [0, 1], np.zeros(2 * len(names)))
    with pytest.raises(InputError, match="holds no animation of morph targets with ARKit names"):
        read_glb_curves(path)


def test_a_file_that_animates_no_curves_is_refused(path):
    foreign(path, ("jawOpen",), [0, 1], np.zeros((2, 3)), moves="translation")
    with pytest.raises(InputError, match="holds no animation of morph targets with ARKit names"):
        read_glb_curves(path)


def test_an_endless_animation_is_refused(path):
    foreign(path, ("jawOpen",), [0, 0.001, 0.002, 1e6], np.zeros(4))
    with pytest.raises(InputError, match="frames, too many"):
        read_glb_curves(path)
