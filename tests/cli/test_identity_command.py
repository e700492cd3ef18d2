"""``animdrive rig identity``: heads of other people from the command line."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from animdrive.contract.head_shape import HEAD_SHAPE_SIZE
from animdrive.rig.identity_file import read_person
from animdrive.rig.identity_table import CONTROL_NAMES, NAMED_CONTROLS

DOCS = Path(__file__).parents[2] / "docs" / "identity.md"


def refused(ran, *words):
    assert ran.code == 2, ran
    assert ran.err.count("error:") == 1, ran.err
    for word in words:
        assert word in ran.err, ran.err


def test_all_controls_are_listed_with_sources(animdrive):
    ran = animdrive("rig", "identity", "--list")
    assert ran.code == 0
    for control in NAMED_CONTROLS:
        row = next(line for line in ran.out.splitlines() if line.startswith(control.name + " "))
        assert control.source in row
        assert f"{control.sd:g}" in row
    assert "Farkas (1994)" in ran.out


def test_the_list_as_json_has_all_99(animdrive):
    rows = json.loads(animdrive("rig", "identity", "--list", "--json").out)["controls"]
    assert [row["name"] for row in rows] == list(CONTROL_NAMES)
    assert len(rows) == HEAD_SHAPE_SIZE


def test_a_drawn_head_is_written_read_and_changed(animdrive, tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    ran = animdrive(
        "rig", "identity", "--seed", "3", "--sex", "female", "--age", "40", "-o", first, "--json"
    )
    said = json.loads(ran.out)
    assert (said["sex"], said["age"]) == ("female", 40)
    assert said["outputs"] == {"json": str(first)}
    ran = animdrive("rig", "identity", "--from", first, "--set", "nose_width=1.5", "-o", second)
    assert ran.code == 0
    before, after = read_person(first), read_person(second)
    nose = CONTROL_NAMES.index("nose_width")
    assert after.shape.coefficients[nose] == 1.5
    others = np.arange(HEAD_SHAPE_SIZE) != nose
    np.testing.assert_array_equal(
        before.shape.coefficients[others], after.shape.coefficients[others]
    )
    assert after.tone == before.tone


def test_a_set_control_moves_the_measure_that_is_told(animdrive, tmp_path):
    def measures(*settings):
        path = tmp_path / "head.json"
        said = animdrive("rig", "identity", *settings, "-o", path, "--json").out
        return json.loads(said)["measures"]

    plain = measures("--set", "mouth_width=0")
    wide = measures("--set", "mouth_width=1")
    assert wide["mouth_width"] - plain["mouth_width"] == pytest.approx(3.3, rel=0.1)
    assert wide["nose_width"] == pytest.approx(plain["nose_width"], abs=0.2)


def test_a_glb_reads_back_with_another_face(animdrive, tmp_path):
    import trimesh

    from animdrive.rig.head import load_head

    path = tmp_path / "head.glb"
    assert animdrive("rig", "identity", "--set", "head_breadth=2", "-o", path).code == 0
    head = load_head().rig.neutral
    scene = trimesh.load(path)
    assert sum(len(mesh.faces) for mesh in scene.geometry.values()) == len(head.faces)
    everywhere = np.concatenate([mesh.vertices for mesh in scene.geometry.values()])
    assert np.abs(everywhere[:, 0]).max() > np.abs(head.vertices[:, 0]).max() + 0.003


@pytest.mark.gl
def test_a_picture_is_drawn_from_every_side_asked_for(animdrive, tmp_path):
    from animdrive.media.image import read_image

    path = tmp_path / "head.png"
    ran = animdrive(
        "rig", "identity", "--set", "fat_mass=2", "--yaw", "0", "--yaw", "40", "--size", "96",
        "-o", path,
    )  # fmt: skip
    assert ran.code == 0
    assert read_image(path).shape == (96, 192, 3)


def test_mistakes_are_told_in_one_line(animdrive, tmp_path):
    out = tmp_path / "head.json"
    run = lambda *a: animdrive("rig", "identity", *a)  # noqa: E731
    refused(run("--seed", "1"), "Nothing to write: give a file with -o")
    refused(run("--set", "nose_width", "-o", out), "--set nose_width: the number is missing")
    refused(run("--set", "nose_width=x", "-o", out), "'x' is not a number")
    refused(run("--set", "nose=1", "-o", out), "Unknown control 'nose'")
    refused(run("--set", "nose_width=7", "-o", out), "--set:", "7 standard deviations")
    refused(run("--sex", "robot", "-o", out), "Unknown sex 'robot'")
    refused(run("--seed", "-4", "-o", out), "seed must be a whole number from 0")
    refused(run("--seed", "1", "-o", tmp_path / "head.obj"), "must end in one of .json, .png, .glb")
    refused(run("--from", tmp_path / "no.json", "-o", out), "head shape not found")
    refused(run("--seed", "1", "--size", "8", "-o", tmp_path / "a.png"), "in 64..4096 pixels")
    refused(run("--seed", "1", "--yaw", "nan", "-o", tmp_path / "a.png"), "must be a number of")
    refused(run("--seed", "1", "--lod", "huge", "-o", tmp_path / "a.glb"), "huge")
    assert run("--seed", "1", "-o", out).code == 0
    refused(run("--from", out, "--seed", "2", "-o", out), "either read or drawn")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["head.json"]


def test_the_page_in_docs_tells_the_same_table():
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+) (mm|°) \| ([\w ]+) \|$", DOCS.read_text(), re.M)
    told = {name: (float(sd), unit, source) for name, sd, unit, source in rows}
    for control in NAMED_CONTROLS:
        unit = {"mm": "mm", "deg": "°"}[control.unit]
        assert told[control.name] == (control.sd, unit, control.source), control.name
    assert len(rows) == len(NAMED_CONTROLS)
