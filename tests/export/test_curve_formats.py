import numpy as np
import pytest
from synthetic_performance import make_track

from animdrive.errors import InputError
from animdrive.export import CURVE_READERS, CURVE_WRITERS, read_curves, write_curves


def test_every_row_of_the_tables_loads():
    for table in (CURVE_WRITERS, CURVE_READERS):
        assert all(callable(table.load(name)) for name in table.names())


def test_everything_that_is_written_can_be_read():
    assert set(CURVE_WRITERS.names()) <= set(CURVE_READERS.names())


@pytest.mark.parametrize("suffix", CURVE_WRITERS.names())
def test_curves_survive_every_format(tmp_path, suffix):
    track = make_track(40)
    path = tmp_path / f"Überblick.{suffix.upper()}"
    write_curves(track, path)
    again, notes = read_curves(path)
    assert notes == ()
    assert again.fps == track.fps
    np.testing.assert_allclose(again.values, track.values, atol=1e-6)
    np.testing.assert_allclose(again.head_rotation, track.head_rotation, atol=1e-6)
    np.testing.assert_allclose(again.eye_rotation, track.eye_rotation, atol=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("name", "said"), [("a.fbx", r"the suffix '\.fbx'"), ("a", "no suffix")])
def test_unknown_suffixes_list_the_known_ones(tmp_path, name, said):
    (tmp_path / name).write_text("x")
    with pytest.raises(InputError, match=rf"{said}; curves are kept in \.csv, \.json, \.glb, \.g"):
        read_curves(tmp_path / name)
    with pytest.raises(InputError, match=rf"{said}; curves are kept in \.csv, \.json, \.glb\."):
        write_curves(make_track(1), tmp_path / name)
