"""MDD: big-endian, with times, whole or refused."""

import struct

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.export.mdd import read_mdd, write_mdd

SKIN = np.random.default_rng(1).normal(size=(5, 7, 3)).astype(np.float32)
TIMES = np.array([0.0, 0.04, 0.08, 0.16, 0.2])


def test_it_comes_back_as_it_went_in(tmp_path):
    write_mdd(SKIN, TIMES, tmp_path / "a.mdd")
    read = read_mdd(tmp_path / "a.mdd")
    np.testing.assert_array_equal(read.vertices, SKIN)
    np.testing.assert_allclose(read.times_s, TIMES, atol=1e-7)


def test_the_bytes_are_lightwaves(tmp_path):
    write_mdd(SKIN, TIMES, tmp_path / "a.mdd")
    data = (tmp_path / "a.mdd").read_bytes()
    assert struct.unpack(">2i5f", data[:28]) == pytest.approx((5, 7, *TIMES))
    assert struct.unpack(">3f", data[28 + 12 * 8 : 28 + 12 * 9]) == pytest.approx(SKIN[1, 1])


def test_times_must_be_as_many_as_samples(tmp_path):
    with pytest.raises(InputError, match="5 samples, but 4 times"):
        write_mdd(SKIN, TIMES[:4], tmp_path / "a.mdd")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "data", [b"\0\0\0\5", struct.pack(">2i", -1, 7), struct.pack(">2i", 2**30, 2**30) + b"\0" * 64]
)
def test_what_is_no_mdd_is_refused_without_reading_what_it_claims(tmp_path, data):
    (tmp_path / "a.mdd").write_bytes(data)
    with pytest.raises(InputError, match="not a whole MDD file"):
        read_mdd(tmp_path / "a.mdd")
