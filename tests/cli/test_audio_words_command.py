"""``animdrive audio-model words``: the list that ships, made again."""

from __future__ import annotations

import json
import tomllib

import pytest

from animdrive.files import sha256_of
from animdrive.weights import checked_path, manifest

pytest.importorskip("pocketsphinx", reason="the language model comes with pocketsphinx")


@pytest.fixture
def made(animdrive, tmp_path):
    out = tmp_path / "english_words.safetensors"
    (tmp_path / "manifest.toml").write_text('[other]\nfile = "other"\n')
    return out, animdrive("audio-model", "words", "-o", out, "--register", "--json")


def test_it_makes_the_list_that_ships_with_card_and_entry(made):
    out, ran = made
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["command"] == "audio-model words"
    assert set(told["outputs"]) == {"words", "card", "manifest"}
    assert told["figures"]["words"] == 30_000
    assert told["figures"]["pairs"] == 700_000
    assert set(told["seconds"]) == {"read", "choose", "write"}
    assert "choose: done" in ran.err
    assert out.read_bytes() == checked_path("english_words").read_bytes()
    card = out.with_suffix(".md").read_text("utf-8")
    assert card == checked_path("english_words").with_suffix(".md").read_text("utf-8")
    listed = tomllib.loads((out.parent / "manifest.toml").read_text("utf-8"))
    assert set(listed) == {"other", "english_words"}
    assert listed["english_words"] == manifest()["english_words"]
    assert listed["english_words"]["sha256"] == sha256_of(out)


def test_notices_go_with_the_list(made):
    """Both licences ask for it."""
    out, _ = made
    card = out.with_suffix(".md").read_text("utf-8")
    for text in (card, out.read_bytes().decode("utf-8", "replace").replace("\\n", "\n")):
        assert "Copyright (c) 1999-2016 Carnegie Mellon University" in text
        assert "Copyright (c) 2015 Alpha Cephei Inc." in text
        assert text.count("2. Redistributions in binary form must reproduce the above") == 2
        assert text.count("ARE DISCLAIMED") == 2


def test_it_is_told_in_lines(animdrive, tmp_path):
    ran = animdrive("audio-model", "words", "-o", tmp_path / "a.safetensors")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("30,000 words, 700,000 pairs\n")
    assert str(tmp_path / "a.md") in ran.out
    assert not (tmp_path / "manifest.toml").exists()


def test_mistakes_are_told_in_one_line(animdrive, tmp_path, monkeypatch):
    ran = animdrive("audio-model", "words", "-o", tmp_path / "words.txt")
    assert ran.code == 2
    assert "Models are .safetensors files" in ran.err
    from animdrive.sources.audio.training import word_list

    monkeypatch.setattr(word_list, "language_model_file", lambda: tmp_path / "gone" / "lm.bin")
    ran = animdrive("audio-model", "words", "-o", tmp_path / "words.safetensors")
    assert ran.code == 2
    assert "The licence of pocketsphinx's model cannot be read" in ran.err
    assert "pip install --force-reinstall pocketsphinx" in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
