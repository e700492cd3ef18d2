"""A rig of one's own, by command: profiles proposed, performances put into it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import rig_maker
import soundfile

from animdrive.contract import CurveTrack
from animdrive.export.gltf import write_glb
from animdrive.layers.retarget import read_profile


@pytest.fixture
def silence(tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16_000, np.float32), 16_000)
    return path


def rig_file(path, names=rig_maker.NAMES):
    made = rig_maker.character()
    made = replace(made, rig=replace(made.rig, names=tuple(names)))
    rest = CurveTrack(tuple(names), 30.0, np.zeros((0, len(names)), np.float32))
    write_glb(made, rest, path)
    return path


def test_a_profile_is_proposed_and_used(animdrive, tmp_path, silence):
    rig, profile = rig_file(tmp_path / "mine.glb"), tmp_path / "p.json"
    ran = animdrive("rig", "retarget", rig, "-o", profile)
    assert ran.code == 0, ran
    assert ran.out.splitlines()[-1] == str(profile)
    assert "jawOpen" in ran.out
    assert "lacks 47 of 52" in ran.err
    assert set(read_profile(profile).curves) == set(rig_maker.NAMES) - {"puff_Up"}
    ran = animdrive(
        "audio", silence, "-o", tmp_path / "o", "--rig", rig, "--retarget", profile,
        "--formats", "csv,glb", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran
    told = json.loads(ran.out)
    assert told["figures"]["rig"] == "mine.glb" if "figures" in told else told["rig"] == "mine.glb"
    assert (tmp_path / "o" / "silence.glb").stat().st_size > rig.stat().st_size


def test_the_profile_as_json(animdrive, tmp_path):
    rig = rig_file(tmp_path / "mine.glb")
    ran = animdrive("rig", "retarget", rig, "-o", tmp_path / "p.json", "--json")
    told = json.loads(ran.out)
    assert told["command"] == "rig retarget"
    assert set(told["gains"]) == set(told["ours_mm"]) == set(told["theirs_mm"])
    assert told["outputs"] == {"profile": str(tmp_path / "p.json")}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--rig", "{rig}"), "is called as one of ARKit's 52"),
        (("--rig", "no.glb"), "not found"),
        (("--retarget", "auto"), "give --rig, too"),
    ],
)
@pytest.mark.parametrize("command", ["audio", "video"])
def test_a_rig_that_cannot_perform_is_one_line_before_any_work(
    animdrive, tmp_path, silence, command, more, words
):
    rig = rig_file(tmp_path / "mine.glb", [f"Shape{n}" for n in range(6)])
    more = [text.format(rig=rig) for text in more]
    ran = animdrive(command, silence, "-o", tmp_path / "o", *more)
    assert ran.code == 2, ran
    (line,) = [line for line in ran.err.splitlines() if line.startswith("error:")]
    assert words in line
    assert "Traceback" not in ran.err
    assert not (tmp_path / "o").exists()
