"""``animdrive capture`` with the linear rig in place of the tissue: what it makes and says."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

QUICK = ("--simulator", "linear", "--workers", 0, "--frames-train", 40, "--frames-held", 20)


@pytest.fixture
def made(animdrive, tmp_path):
    folder = tmp_path / "capture"
    ran = animdrive(
        "capture", "make", "-o", folder, *QUICK, "--takes", "emotions,random", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return folder, json.loads(ran.out)


def test_a_capture_is_made_measured_and_described(animdrive, made):
    folder, told = made
    assert told["figures"]["frames_train"] >= 40
    assert told["figures"]["frames_held_out"] >= 20
    assert (folder / "capture.json").is_file()
    report = json.loads(animdrive("capture", "report", folder, "--json").out)
    assert {row["kind"] for row in report["rows"]} == {"emotions", "random", "all"}
    # The linear rig differs from itself by what 16 bits round away.
    assert all(row["max_mm"] < 0.01 for row in report["rows"])
    text = animdrive("capture", "report", folder).out
    assert "nasolabial" in text
    assert "p95" in text


@pytest.mark.gl
def test_a_take_is_drawn(animdrive, made, tmp_path):
    folder, _ = made
    ran = animdrive(
        "capture", "view", folder, "-o", tmp_path / "v.png", "--frames", "1,2", "--size", 64
    )
    assert ran.code == 0, ran.err
    assert "mean 0.00 mm" in ran.out
    assert (tmp_path / "v.png").is_file()


def test_speech_is_spoken_by_our_own_front_end(animdrive, tmp_path):
    ran = animdrive("capture", "make", "-o", tmp_path / "c", *QUICK, "--takes", "speech")
    assert ran.code == 0, ran.err
    described = json.loads((tmp_path / "c" / "capture.json").read_text(encoding="utf-8"))
    take = described["takes"][0]
    assert take["about"] == "Bob may move five boxes before the others wake up."
    from animdrive.pipeline.capture_read import read_capture

    track = read_capture(tmp_path / "c").take(take["name"]).take.track
    assert track.curve("jawOpen").max() > 0.15
    assert np.abs(track.head_rotation).max() > 0


@pytest.mark.slow
def test_a_head_shape_gives_the_capture_its_face(animdrive, tmp_path):
    from animdrive.pipeline.capture_read import read_capture
    from animdrive.rig.head import load_head
    from animdrive.rig.identity import head_shape
    from animdrive.rig.identity_file import write_person
    from animdrive.rig.identity_people import Person

    write_person(Person(head_shape({"nose_width": 2.0}), None), tmp_path / "who.json")
    ran = animdrive(
        "capture", "make", "-o", tmp_path / "c", *QUICK, "--takes", "random",
        "--identity", tmp_path / "who.json", "--faults", "noise=0.1mm",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    face = read_capture(tmp_path / "c").character.rig.neutral.vertices
    assert np.abs(face - load_head().rig.neutral.vertices).max() > 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--takes", "song"), "Unknown kind of takes 'song'"),
        (("--preset", "huge"), "Unknown preset 'huge'"),
        (("--simulator", "magic"), "Unknown simulator 'magic'. Known: tissue, linear."),
        (("--faults", "dust=1"), "Unknown fault 'dust'"),
        (("--format", "fbx"), "Unknown format 'fbx'"),
        (("--fps", "3"), "fps must be in 12..120, got 3"),
        (("--workers", "-1"), "workers must be 0 or above"),
        (("--identity", "none.json"), "head shape not found: none.json"),
        (("--clip", "none.mp4"), "A clip was given, but no takes of kind 'clips'"),
        (("--takes", "clips", "--clip", "none.mp4"), "clip not found: none.mp4"),
        (("--lod", "huge"), "Unknown level of detail 'huge'"),
    ],
)
def test_a_wrong_option_is_one_line(animdrive, tmp_path, options, message):
    ran = animdrive(
        "capture", "make", "-o", tmp_path / "c", "--preset", "small",
        "--simulator", "linear", *options,
    )  # fmt: skip
    assert ran.code == 2
    assert message in ran.err
    assert len([line for line in ran.err.splitlines() if line.startswith("error")]) == 1
    assert not (tmp_path / "c").exists() or options[0] == "--workers"


def test_looking_at_nothing_is_told(animdrive, tmp_path):
    for command in (("report",), ("view", "-o", tmp_path / "x.png")):
        ran = animdrive("capture", command[0], tmp_path, *command[1:])
        assert ran.code == 2
        assert "has no capture.json: it is not a capture" in ran.err
    ran = animdrive("capture", "view", tmp_path, "-o", tmp_path / "x.png", "--frames", "one")
    assert "write whole numbers" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_capture_that_is_stopped_goes_on_where_it_stopped(animdrive, tmp_path):
    options = (
        "capture", "make", "-o", tmp_path / "c", "--simulator", "linear",
        "--takes", "rom,random", "--frames-train", 900, "--frames-held", 0,
        "--format", "safetensors", "--workers",
    )  # fmt: skip
    command = [sys.executable, "-m", "animdrive", *map(str, options), "1"]
    first = tmp_path / "c" / "takes" / "rom_01.safetensors"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as job:
        while not first.is_file() and job.poll() is None:
            time.sleep(0.01)
        job.send_signal(signal.SIGTERM)
        assert job.wait() == 128 + signal.SIGTERM
    ran = animdrive("capture", "report", tmp_path / "c")
    assert ran.code == 2
    assert "is not finished" in ran.err
    ran = animdrive(*options, 0, "--json")
    assert ran.code == 0, ran.err
    figures = json.loads(ran.out)["figures"]
    assert 1 <= figures["kept"] < figures["takes"]
    assert not list((tmp_path / "c").rglob(".part-*"))
