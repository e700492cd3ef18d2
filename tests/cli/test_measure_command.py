"""``animdrive measure``: what it prints, writes and refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.export import write_curves
from animdrive.rig.skin_measures import COLUMNS


@pytest.fixture
def take(tmp_path):
    values = np.zeros((4, len(ARKIT52)), np.float32)
    values[2, ARKIT52.index("jawOpen")] = 0.5
    path = tmp_path / "job" / "take.json"
    path.parent.mkdir()
    write_curves(CurveTrack(names=ARKIT52, fps=30.0, values=values), path)
    return path


def test_a_folder_of_results(animdrive, take, tmp_path):
    ran = animdrive("measure", take.parent, "-o", tmp_path / "o", "--deformer", "linear", "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    table = tmp_path / "o" / "take.measure.tsv"
    assert said["outputs"] == {"take": str(table)}
    assert "measure take" in ran.err
    lines = table.read_text().splitlines()
    assert lines[0].split("\t") == ["time_s", *COLUMNS]
    assert len(lines) == 5
    drop = said["figures"]["take"]["columns"]["jaw_drop_mm"]
    assert drop["max"] == pytest.approx(4 * drop["mean"], rel=1e-3)
    assert drop["max"] > 5


def test_a_file_beside_itself_as_text(animdrive, take):
    ran = animdrive("measure", take, "--deformer", "linear")
    assert ran.code == 0, ran.err
    assert (take.parent / "take.measure.tsv").is_file()
    assert "take: 4 frames at 30 fps" in ran.out
    assert all(name in ran.out for name in COLUMNS)


def test_a_mistake_is_one_line(animdrive, take, tmp_path):
    for arguments, words in (
        ((tmp_path / "none",), "not found"),
        ((tmp_path,), "holds no curves"),
        ((take, "--deformer", "wax"), "No deformer 'wax'"),
        ((take, "--character", take), "not a head"),
    ):
        ran = animdrive("measure", *arguments)
        assert ran.code == 2, ran
        assert ran.out == ""
        errors = [line for line in ran.err.splitlines() if line.startswith("error:")]
        assert len(errors) == 1
        assert words in errors[0]
    assert list(take.parent.iterdir()) == [take]


def test_another_head_is_measured_with_its_own_skin(animdrive, take, tmp_path):
    from dataclasses import replace

    from animdrive.rig.head import load_head, save_head

    head = load_head()
    neutral = replace(head.rig.neutral, vertices=head.rig.neutral.vertices * np.float32(1.1))
    big = replace(head, rig=replace(head.rig, neutral=neutral), eye_pivots=head.eye_pivots * 1.1)
    save_head(big, tmp_path / "big.safetensors")
    wide = []
    for more in ((), ("--character", tmp_path / "big.safetensors")):
        ran = animdrive("measure", take, "--deformer", "linear", "--json", *more)
        assert ran.code == 0, ran.err
        wide.append(json.loads(ran.out)["figures"]["take"]["columns"]["mouth_width_mm"]["min"])
    assert wide[1] == pytest.approx(1.1 * wide[0], rel=1e-4)


def test_every_column_is_explained():
    lines = (Path(__file__).parents[2] / "docs" / "measure.md").read_text().splitlines()
    explained = "".join(line.split("|")[1] for line in lines if line.startswith("| `"))
    assert [name for name in COLUMNS if f"`{name}`" not in explained] == []
