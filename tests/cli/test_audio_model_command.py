"""``animdrive audio-model train``: what it makes, tells and refuses."""

from __future__ import annotations

import json
import shutil

import pytest

from animdrive.sources.audio.training import voices

pytest.importorskip("torch")


@pytest.fixture
def one_voice(monkeypatch):
    monkeypatch.setitem(voices.VOICE_SETS, "espeak", voices.ESPEAK_VOICES[:1])


def small(out, *more):
    wished = "--voices espeak --steps 2 --share 0.004 --channels 8 --batch 2 --workers 0"
    return ["audio-model", "train", "-o", out, *wished.split(), *more]


def test_a_model_is_trained_and_told(animdrive, one_voice, tmp_path):
    out = tmp_path / "model.safetensors"
    ran = animdrive(*small(out))
    assert ran.code == 0, ran.err
    assert ran.out.startswith("2 steps on ")
    assert str(out) in ran.out
    assert "train: done" in ran.err
    assert out.is_file()
    assert not (tmp_path / "manifest.toml").exists()


def test_json_lists_what_was_made(animdrive, one_voice, tmp_path):
    out = tmp_path / "model.safetensors"
    ran = animdrive(*small(out, "--register", "--json"))
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["command"] == "audio-model train"
    assert set(told["outputs"]) == {"model", "card", "manifest"}
    assert told["figures"]["steps"] == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--minutes", "1"], "either --steps or --minutes"),
        (["--preset", "none"], "No preset 'none'"),
        (["--voices", "none"], "No set of voices 'none'"),
        (["--device", "none"], "device is"),
    ],
)
def test_mistakes_are_told_in_one_line(animdrive, tmp_path, more, message):
    ran = animdrive(*small(tmp_path / "model.safetensors", *more))
    assert ran.code == 2
    assert message in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_missing_voices_are_told_with_their_packages(animdrive, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    ran = animdrive(*small(tmp_path / "model.safetensors", "--voices", "all"))
    assert ran.code == 2
    assert "apt install" in ran.err
    assert "festvox-kdlpc16k" in ran.err
    assert list(tmp_path.iterdir()) == []
