"""``animdrive train-mouth``: what it trains, tells and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mouth_files import write_take

from animdrive.cli.options import CAPTURED
from animdrive.contract import PhoneTrack, Segment
from animdrive.export import read_curves
from animdrive.pipeline import mouth_captures, mouth_train
from animdrive.sources.audio.mouth.curves import MouthConfig
from animdrive.sources.audio.mouth.mouth_model import load_mouth_model

pytest.importorskip("torch")


@pytest.fixture
def takes(tmp_path, monkeypatch) -> Path:
    """Two performances, and nobody who speaks in them."""
    folder = tmp_path / "takes"
    folder.mkdir()
    for seed, name in enumerate(("take1", "take2")):
        write_take(folder, name, seed)
    nobody = PhoneTrack((Segment(0.0, 12.0, "SIL"),))
    monkeypatch.setattr(mouth_captures, "phones_heard", lambda file: nobody)
    monkeypatch.setattr(
        mouth_train,
        "learned_from",
        lambda file: mouth_captures.learned_from(file, phones=lambda _: nobody),
    )
    return folder


def test_the_command_trains_checks_and_writes(animdrive, takes, tmp_path):
    out = tmp_path / "mouth.safetensors"
    ran = animdrive(
        "train-mouth", "--captures", takes, "-o", out, "--steps", 40, "--nets", 1, "--json"
    )
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert said["outputs"] == {"model": str(out)}
    for name in ("take1", "take2"):
        figures = said["figures"][name]
        assert figures["loudness_jawOpen"] > 0.8
        assert figures["jawOpen"] > 0.7
        assert figures["mean"] == figures["jawOpen"]
    assert load_mouth_model(out).curves == ("jawOpen",)
    for stage in ("listen", "without take1", "train"):
        assert stage in ran.err


def test_figures_as_text(animdrive, takes, tmp_path):
    ran = animdrive(
        "train-mouth", "--captures", takes, "-o", tmp_path / "m.safetensors", "--steps", 2,
        "--nets", 1, "--no-check",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "weights from 2 performances" in ran.out
    assert "not trained on" not in ran.out


def test_a_model_needs_the_right_suffix(animdrive, takes, tmp_path):
    ran = animdrive("train-mouth", "--captures", takes, "-o", tmp_path / "mouth.pt")
    assert ran.code == 2
    assert "Models are .safetensors files; mouth.pt is not" in ran.err
    assert "Traceback" not in ran.err


def test_no_captures_is_one_line(animdrive, tmp_path):
    ran = animdrive("train-mouth", "--captures", tmp_path, "-o", tmp_path / "m.safetensors")
    assert ran.code == 2
    assert "holds no recording with curves beside it" in ran.err
    assert "Traceback" not in ran.err


def test_what_a_line_follows_without_options_is_the_config_s():
    assert MouthConfig().captured == CAPTURED


def test_a_line_follows_the_learned_mouth_on_request(animdrive, tmp_path):
    write_take(tmp_path, "line", 5, seconds=2.0)
    phones = "start_s\tend_s\tphone\n0.0\t0.5\tSIL\n0.5\t1.2\tAA\n1.2\t1.4\tB\n1.4\t2.0\tSIL\n"
    (tmp_path / "line.tsv").write_text(phones)
    jaws = []
    for share in (0, 1):
        ran = animdrive(
            "audio", tmp_path / "line.wav", "-o", tmp_path / str(share), "--timings",
            tmp_path / "line.tsv", "--formats", "json", "--captured", share,
        )  # fmt: skip
        assert ran.code == 0, ran.err
        jaws.append(read_curves(tmp_path / str(share) / "line.json").track.curve("jawOpen"))
    during = slice(36, 64)  # of AA, 60 frames per second
    assert abs(jaws[0] - jaws[1])[during].max() > 0.05
    assert not jaws[1][:18].any()


def test_a_mouth_that_cannot_be_read_is_one_line(animdrive, tmp_path):
    write_take(tmp_path, "line", 5, seconds=1.0)
    bad = tmp_path / "bad.safetensors"
    bad.write_text("no model")
    ran = animdrive(
        "audio", tmp_path / "line.wav", "-o", tmp_path / "o", "--captured", 1, "--mouth-model", bad
    )
    assert ran.code == 2
    assert "cannot be read as a mouth model" in ran.err
    assert "Traceback" not in ran.err
