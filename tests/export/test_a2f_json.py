import json

import numpy as np
import pytest
from synthetic_performance import make_track

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.errors import InputError
from animdrive.export.a2f_json import read_a2f_json, write_a2f_json


@pytest.fixture
def path(tmp_path):
    return tmp_path / "take.json"


@pytest.fixture
def document(path):
    """A good file as a dictionary."""
    write_a2f_json(make_track(4, fps=60.0), path)
    return json.loads(path.read_text())


def saved(path, document):
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("fps", [30.0, 60.0, 29.97])
def test_what_was_written_comes_back(path, fps):
    track = make_track(25, fps=fps)
    write_a2f_json(track, path)
    again, notes = read_a2f_json(path)
    assert notes == ()
    assert (again.fps, again.names) == (fps, ARKIT52)
    np.testing.assert_allclose(again.values, track.values, atol=1e-6)
    np.testing.assert_allclose(again.head_rotation, track.head_rotation, atol=1e-6)
    np.testing.assert_allclose(again.head_position, track.head_position, atol=1e-6)
    np.testing.assert_allclose(again.eye_rotation, track.eye_rotation, atol=1e-6)


def test_layout_is_that_of_audio2face(document):
    assert document["exportFps"] == 60
    assert document["trackPath"] == "take"
    assert (document["numPoses"], document["numFrames"]) == (52, 4)
    assert document["facsNames"] == list(ARKIT52)
    assert np.shape(document["weightMat"]) == (4, 52)
    assert document["joints"] == ["head", "eye_left", "eye_right"]
    assert np.shape(document["rotations"]) == (4, 3, 4)
    assert np.shape(document["translations"]) == (4, 3, 3)


def test_a_file_without_joints_case_or_rate_is_read(path, document):
    for key in ("exportFps", "joints", "rotations", "translations", "numPoses", "trackPath"):
        del document[key]
    document["facsNames"] = [name.upper() for name in document["facsNames"]]
    track, notes = read_a2f_json(saved(path, document))
    assert track.fps == 60
    assert notes == (
        "It names no frame rate; 60 per second were taken.",
        "It has no eye angles; the eyes follow its eyeLook curves.",
    )
    assert not track.head_rotation.any()
    np.testing.assert_allclose(track.values, document["weightMat"], atol=1e-6)


def test_joints_of_others_are_left_out_and_zero_quaternions_rest(path, document):
    document["joints"] = ["jaw", "head"]
    document["rotations"] = [[[0, 0, 0, 1], [0, 0, 0, 0]]] * 4
    document["translations"] = []
    track, _ = read_a2f_json(saved(path, document))
    assert not track.head_rotation.any()
    assert not track.head_position.any()


def test_values_outside_are_clipped_and_told(path, document):
    document["weightMat"][2][5] = 1.5
    track, notes = read_a2f_json(saved(path, document))
    assert track.values[2, 5] == 1
    assert notes[0].startswith("1 of 208 values lay outside 0..1 and were clipped")


def test_curves_that_are_missing_rest(path):
    write_a2f_json(CurveTrack(("jawOpen",), 30.0, np.ones((2, 1))), path)
    assert read_a2f_json(path).track.values.sum() == 2


def spoiled(**changes):
    def spoil(document):
        document.update(changes)

    return spoil


def spoil_weight(value):
    def spoil(document):
        document["weightMat"][3][17] = value

    return spoil


def cut_row(key):
    def spoil(document):
        document[key][2] = document[key][2][:-1]

    return spoil


def cut_frames(document):
    document["rotations"] = document["rotations"][:3]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_weight(float("nan")), r"frame 3 of 'weightMat' has no finite number for 'jawOpen'"),
        (spoil_weight(None), r"frame 3 of 'weightMat' has no finite number for 'jawOpen'"),
        (spoil_weight("x"), r"'weightMat' holds something that is not a number"),
        (spoil_weight([1]), r"'weightMat' holds something that is not a number|must hold 52"),
        (cut_row("weightMat"), r"frame 2 of 'weightMat' must hold 52 numbers"),
        (cut_row("rotations"), r"frame 2 of 'rotations' must hold 3 x 4 numbers"),
        (cut_frames, r"'rotations' has 3 frames, but 'weightMat' has 4"),
        (spoiled(weightMat=[]), r"'weightMat' holds no frames"),
        (spoiled(weightMat=5), r"'weightMat' holds no frames"),
        (spoiled(numFrames=5), r"'numFrames' says 5, but 4 are there"),
        (spoiled(numPoses=46), r"'numPoses' says 46, but 52 are there"),
        (spoiled(exportFps=0), r"'exportFps' must be a number above 0, .*got 0"),
        (spoiled(exportFps="60"), r"'exportFps' must be a number above 0, .*got '60'"),
        (spoiled(exportFps=10**400), r"'exportFps' must be a number above 0, at most 10000"),
        (spoiled(weightMat=[[10**400] * 52]), "'weightMat' holds something that is not a number"),
        (spoiled(facsNames="jawOpen"), r"'facsNames' must be a list of names"),
        (spoiled(facsNames=[f"x{i}" for i in range(52)]), r"none of the 52 ARKit curves"),
    ],
)
def test_damaged_files_are_refused(path, document, spoil, message):
    spoil(document)
    with pytest.raises(InputError, match=message):
        read_a2f_json(saved(path, document))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", r"is not JSON"),
        ("[1, 2]", r"lacks 'facsNames' or 'weightMat'"),
        ('{"facsNames": []}', r"lacks 'facsNames' or 'weightMat'"),
        ("", r"is empty"),
    ],
)
def test_other_files_are_refused(path, text, message):
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_a2f_json(path)
