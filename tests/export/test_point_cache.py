import struct

import numpy as np
import pytest
from capture_maker import captured

from animdrive.errors import InputError
from animdrive.export.point_cache import read_pc2, write_pc2


def test_points_come_back_to_the_bit(tmp_path):
    skin = captured().vertices
    write_pc2(skin, tmp_path / "skin.pc2")
    np.testing.assert_array_equal(read_pc2(tmp_path / "skin.pc2"), skin)


def test_the_header_is_what_other_programs_expect(tmp_path):
    write_pc2(captured().vertices, tmp_path / "skin.pc2", start_frame=3, frames_per_sample=0.5)
    data = (tmp_path / "skin.pc2").read_bytes()
    assert data[:12] == b"POINTCACHE2\0"
    assert struct.unpack("<iiffi", data[12:32]) == (1, 50, 3.0, 0.5, 12)
    assert len(data) == 32 + 12 * 50 * 12


def test_what_is_not_whole_is_told(tmp_path):
    path = tmp_path / "skin.pc2"
    write_pc2(captured().vertices, path)
    data = path.read_bytes()
    path.write_bytes(data[:-4])
    with pytest.raises(InputError, match="is cut off: 12 samples of 50 points need 7200 bytes"):
        read_pc2(path)
    path.write_bytes(b"POINTCACHE3\0" + data[12:])
    with pytest.raises(InputError, match="is not a PC2 point cache"):
        read_pc2(path)
    path.write_bytes(data[:12] + struct.pack("<i", 2) + data[16:])
    with pytest.raises(InputError, match="cache of version 2"):
        read_pc2(path)
    path.write_bytes(data[:20])
    with pytest.raises(InputError, match="is not a PC2 point cache"):
        read_pc2(path)
