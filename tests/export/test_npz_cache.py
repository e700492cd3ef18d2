import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.export.npz_cache import write_npz


class Frames:
    """Five frames that are made one at a time; never two at once."""

    shape = (5, 4, 3)

    def __iter__(self):
        for frame in range(5):
            yield np.full((4, 3), frame, dtype=np.float32)


def test_numpy_reads_what_was_written_frame_by_frame(tmp_path):
    beside = {"fps": np.array(24.0), "names": np.array(["jawOpen", "größe"])}
    write_npz(Frames(), tmp_path / "a.npz", beside=beside)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as read:
        assert set(read.files) == {"vertices", "fps", "names"}
        np.testing.assert_array_equal(read["vertices"], list(Frames()))
        assert read["vertices"].dtype == np.float32
        assert read["fps"] == 24
        assert read["names"].tolist() == ["jawOpen", "größe"]


def test_the_same_performance_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_npz(Frames(), tmp_path / f"{name}.npz", beside={"fps": np.array(24.0)})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_failure_half_way_leaves_nothing(tmp_path):
    class Broken(Frames):
        def __iter__(self):
            yield np.zeros((4, 3), dtype=np.float32)
            raise InputError("no more")

    with pytest.raises(InputError, match="no more"):
        write_npz(Broken(), tmp_path / "a.npz", beside={})
    assert list(tmp_path.iterdir()) == []
