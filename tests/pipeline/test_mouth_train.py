"""Captures found and read, and how a learned mouth is scored on them."""

from __future__ import annotations

import numpy as np
import pytest
from mouth_files import write_take

from animdrive.errors import InputError
from animdrive.pipeline.mouth_captures import find_captures, read_capture_file


def test_curves_belong_to_the_sound_whose_name_theirs_begins_with(tmp_path):
    for name in ("a.wav", "a_1.wav", "a_1_iPhone.csv", "a.csv", "b.wav", "c.csv", "notes.txt"):
        (tmp_path / name).touch()
    pairs = [(sound.name, curves.name) for sound, curves in find_captures(tmp_path)]
    assert pairs == [("a.wav", "a.csv"), ("a_1.wav", "a_1_iPhone.csv")]


def test_a_folder_without_pairs_and_no_folder_are_refused(tmp_path):
    (tmp_path / "a.wav").touch()
    with pytest.raises(InputError, match="holds no recording with curves beside it"):
        find_captures(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        find_captures(tmp_path / "missing")


def test_foreign_rounded_shapes_are_puckers(tmp_path):
    write_take(tmp_path, "a", 0, seconds=1.0)
    (tmp_path / "a_iPhone.csv").unlink()
    rows = "".join(f"{i / 30:.4f},0.5,0.1,{0.3 if i > 4 else 0.0},0.2\n" for i in range(30))
    (tmp_path / "a.csv").write_text("Time,JawOpen,MouthPucker,_mouth_oh_c,_mouth_oo_c\n" + rows)
    track = read_capture_file(tmp_path / "a.wav", tmp_path / "a.csv").track
    assert track.curve("mouthPucker")[2] == pytest.approx(0.3)
    assert track.curve("mouthPucker")[20] == pytest.approx(0.6)
    assert track.curve("jawOpen") == pytest.approx(0.5)


def test_curves_that_move_only_in_the_tested_file_count_as_missed():
    from animdrive.pipeline.mouth_train import score_curves
    from animdrive.sources.audio.mouth.mouth_features import BANDS
    from animdrive.sources.audio.mouth.mouth_model import LEARNABLE
    from animdrive.sources.audio.mouth.mouth_training import MouthCapture

    rng = np.random.default_rng(0)
    curves = np.zeros((500, len(LEARNABLE)), dtype=np.float32)
    for name in ("jawOpen", "mouthSmileLeft"):
        curves[:, LEARNABLE.index(name)] = rng.uniform(0, 1, 500)
    capture = MouthCapture("a", np.zeros((500, BANDS), np.float32), curves, curves)
    score = score_curves(curves[:, [LEARNABLE.index("jawOpen")]], ("jawOpen",), capture)
    assert score.unseen == ("mouthSmileLeft",)
    assert score.mean == pytest.approx(1 / 3)
    assert score.mean_seen == pytest.approx(1.0)
