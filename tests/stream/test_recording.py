import numpy as np
import pytest
from stream_frames import some_frame

from animdrive.contract import ARKIT52
from animdrive.errors import ContractError
from animdrive.export.livelink_csv import read_livelink_csv, write_livelink_csv
from animdrive.stream.recording import Recorder


def recorded(*numbers):
    recorder = Recorder()
    for number in numbers:
        recorder.send(some_frame(number))
    recorder.close()
    return recorder.track()


def test_what_was_sent_comes_back_from_the_csv(tmp_path):
    track = recorded(*range(6))
    write_livelink_csv(track, tmp_path / "take.csv")
    read, _ = read_livelink_csv(tmp_path / "take.csv")
    assert read.names == ARKIT52
    for number in range(6):
        frame = some_frame(number)
        np.testing.assert_allclose(read.values[number], frame.values, atol=1e-6)
        np.testing.assert_allclose(read.head_rotation[number], frame.head_rotation, atol=1e-6)
        np.testing.assert_allclose(read.eye_rotation[number], frame.eye_rotation, atol=1e-6)


def test_dropped_frames_are_straight_lines_without_confidence():
    track = recorded(2, 3, 6)
    assert len(track) == 5
    assert track.start_s == pytest.approx(2 / 60)
    assert track.confidence.tolist() == [1, 1, 0, 0, 1]
    third = (2 * some_frame(3).values + some_frame(6).values) / 3
    np.testing.assert_allclose(track.values[2], third, atol=1e-6)


def test_nothing_sent_is_no_track():
    with pytest.raises(ContractError, match="Nothing was sent"):
        recorded()


def test_numbers_must_rise():
    with pytest.raises(ContractError, match="do not rise"):
        recorded(3, 3)
