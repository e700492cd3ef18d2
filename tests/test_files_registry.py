import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from animdrive import files
from animdrive.errors import BackendError, InputError
from animdrive.provenance import aigc_label, provenance_of, write_provenance
from animdrive.registry import Registry


def test_what_is_written_appears_whole(tmp_path):
    path = tmp_path / "new folder" / "é.txt"
    with files.written_aside(path) as aside:
        assert aside.suffix == ".txt"
        assert not path.exists()
        aside.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")

    def fail():
        with files.written_aside(path) as aside:
            aside.write_text("half")
            raise ValueError("full disk")

    with pytest.raises(ValueError, match="full disk"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_results_are_for_everybody(tmp_path):
    mask = os.umask(0o022)
    try:
        files.write_bytes(tmp_path / "a.bin", b"x")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o644


def test_text_has_plain_line_feeds(tmp_path):
    files.write_text(tmp_path / "a.txt", "ä\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == "ä\nb\n".encode()


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"Cannot write .*a\.txt: .* Choose another output folder"):
        files.write_text(tmp_path / "file" / "a.txt", "x")


def test_a_folder_in_place_of_the_result_is_told(tmp_path):
    (tmp_path / "a.txt" / "full").mkdir(parents=True)
    with pytest.raises(InputError, match=r"Cannot write .*a\.txt"):
        files.write_text(tmp_path / "a.txt", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_inputs_are_looked_at_first(tmp_path):
    (tmp_path / "good").write_text("x")
    (tmp_path / "empty").touch()
    assert files.existing_file(tmp_path / "good") == tmp_path / "good"
    with pytest.raises(InputError, match="is a folder; give the clip itself"):
        files.existing_file(tmp_path, "clip")
    with pytest.raises(InputError, match=r"clip not found: .*none\. Check the path"):
        files.existing_file(tmp_path / "none", "clip")
    with pytest.raises(InputError, match=r"empty is empty \(0 bytes\)"):
        files.existing_file(tmp_path / "empty")


@pytest.mark.parametrize("name", ["a" * 400, "a\0b"])
def test_a_name_that_no_file_can_have_is_told(tmp_path, name):
    with pytest.raises(InputError, match="Check the path"):
        files.existing_file(tmp_path / name)


def test_a_file_that_access_denies_is_told(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("x")
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    with pytest.raises(InputError, match="may not be read; change its permissions"):
        files.existing_file(tmp_path / "secret")


def test_checksum(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256_of(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


TABLE = Registry(
    "codec",
    {
        "json": "json:dumps",
        "extra": "a_package_that_is_not_installed:Thing",
        "typo": "animdrive.no_such_room:Thing",
    },
)


def test_registry_loads_by_name_in_order():
    assert TABLE.names() == ("json", "extra", "typo")
    assert "json" in TABLE
    assert "toml" not in TABLE
    assert TABLE.load("json") is json.dumps


def test_registry_names_what_is_unknown_or_missing():
    with pytest.raises(BackendError, match=r"Unknown codec 'toml'\. Available: json, extra, typo"):
        TABLE.load("toml")
    with pytest.raises(BackendError, match=r"codec 'extra' needs 'a_package_.*doctor"):
        TABLE.load("extra")


def test_a_wrong_row_of_our_own_is_not_hidden():
    with pytest.raises(ModuleNotFoundError, match="no_such_room"):
        TABLE.load("typo")


def test_provenance_names_inputs_and_label(tmp_path):
    source = tmp_path / "private folder" / "line.wav"
    source.parent.mkdir()
    source.write_bytes(b"sound")
    made = provenance_of((source,), backend="audio/x", config={"fps": 30.0}, seed=4)
    write_provenance(made, tmp_path / "a.json")
    read = json.loads((tmp_path / "a.json").read_text())
    digest = hashlib.sha256(b"sound").hexdigest()
    assert read["inputs"] == [{"name": "line.wav", "sha256": digest}]
    assert "private folder" not in (tmp_path / "a.json").read_text()
    assert (read["backend"], read["seed"], read["config"]) == ("audio/x", 4, {"fps": 30.0})
    assert read["synthetic"] is True
    label = json.loads(read["AIGC"])
    assert label == json.loads(aigc_label(made))
    assert (label["Label"], label["ProduceID"]) == ("1", digest)


def test_provenance_without_inputs_has_an_empty_id():
    made = provenance_of((), backend="x", config={})
    assert json.loads(aigc_label(made))["ProduceID"] == ""


def test_nothing_here_depends_on_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.write_text(Path("a.txt"), "x")
    assert (tmp_path / "a.txt").read_text() == "x"
