"""The table of measures: its lines, and that it is written whole or not at all."""

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.export.measures_tsv import write_measures_tsv


def test_lines_are_frames_in_order(tmp_path):
    path = tmp_path / "a.measure.tsv"
    blocks = [
        (np.array([0.0, 1 / 60]), np.array([[1.23456, -0.00001], [2.0, 3.5]])),
        (np.array([2 / 60]), np.array([[-4.0, 100.0]])),
    ]
    write_measures_tsv(("a_mm", "b_mm"), iter(blocks), path)
    assert path.read_bytes().decode() == (
        "time_s\ta_mm\tb_mm\n"
        "0.000000\t1.2346\t0.0000\n"
        "0.016667\t2.0000\t3.5000\n"
        "0.033333\t-4.0000\t100.0000\n"
    )


def test_what_fails_on_the_way_leaves_nothing(tmp_path):
    def blocks():
        yield np.zeros(1), np.zeros((1, 1))
        raise InputError("no more")

    with pytest.raises(InputError, match="no more"):
        write_measures_tsv(("a_mm",), blocks(), tmp_path / "a.tsv")
    assert list(tmp_path.iterdir()) == []
