"""A capture with faults is prepared take by take."""

import numpy as np
import pytest
from rig_maker import NAMES, skin, skin_at, track, write_obj_rig

from animdrive.capture.sync import SyncConfig
from animdrive.errors import InputError
from animdrive.export.mdd import write_mdd
from animdrive.export.take_file import read_take_track
from animdrive.pipeline.capture_import import import_take
from animdrive.pipeline.capture_prepare import Steps, prepare_capture
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.capture_source import ImportConfig

PLAIN = Steps(clean=None, sync=None, stabilise=None)


def faulted_capture(folder):
    """Import the same recording twice, with noise, a late clock and lost frames."""
    rng = np.random.default_rng(8)
    given = folder.parent / "recorded"
    given.mkdir()
    write_obj_rig(given / "rig")
    for name, seed in (("one", 3), ("two", 4)):
        performed = track(75, seed=seed)
        np.savez(given / "c.npz", values=performed.values, names=np.array(NAMES), fps=30.0)
        seconds = np.delete(np.arange(0, 2.4, 1 / 60), [40, 90])
        shown = skin_at(performed, seconds) + rng.normal(0, 1e-4, (len(seconds), 192, 3))
        write_mdd(shown, seconds + 0.1, given / f"{name}.mdd")
        import_take(
            given / "rig", given / "c.npz", given / f"{name}.mdd", folder,
            config=ImportConfig(steps=PLAIN),
        )  # fmt: skip
    return folder


def test_a_capture_with_faults_is_prepared_take_by_take_and_goes_on_where_it_stopped(tmp_path):
    source = faulted_capture(tmp_path / "faulty")
    result = prepare_capture(source, tmp_path / "good")
    capture = read_capture(tmp_path / "good")
    assert [take.name for take in capture.takes] == ["one", "two"]
    assert result.figures["kept"] == 0
    order = [NAMES.index(name) for name in capture.character.rig.names]
    for name, seed in (("one", 3), ("two", 4)):
        steps = [f["step"] for f in result.figures["findings"][name]]
        assert steps == ["clean", "sync", "stabilise"]
        take = capture.take(name)
        assert len(take.vertices) == len(take.take.track)
        np.testing.assert_allclose(take.times_s, np.arange(len(take.vertices)) / 30, atol=1e-6)
        values = track(75, seed=seed).values[:, order]
        first = np.abs(values - take.take.track.values[0]).sum(axis=1).argmin()
        truth = skin(track(75, seed=seed))[first : first + len(take.vertices)]
        away = np.linalg.norm(take.vertices - truth, axis=2)
        assert np.sqrt((away**2).mean()) < 5e-4
    before = {p.name: p.read_bytes() for p in (tmp_path / "good" / "takes").iterdir()}
    (tmp_path / "good" / "takes" / "two.safetensors").unlink()
    again = prepare_capture(source, tmp_path / "good")
    assert again.figures["kept"] == 1
    assert again.figures["findings"] == result.figures["findings"]
    assert {p.name: p.read_bytes() for p in (tmp_path / "good" / "takes").iterdir()} == before
    frames = read_take_track(tmp_path / "good" / "takes" / "one.safetensors")
    assert read_capture(tmp_path / "good").takes[0].frames == len(frames)


def test_prepared_with_other_settings_needs_another_folder(tmp_path):
    source = faulted_capture(tmp_path / "faulty")
    prepare_capture(source, tmp_path / "good", steps=PLAIN)
    with pytest.raises(InputError, match="holds another capture, or one prepared with other"):
        prepare_capture(source, tmp_path / "good", steps=Steps(sync=SyncConfig(fps=24.0)))
