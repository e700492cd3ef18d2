import json
import os
import sys
import threading

import numpy as np
import pytest
from stream_frames import some_frame

from animdrive.contract import ARKIT52
from animdrive.errors import InputError
from animdrive.stream.jsonl import JsonLinesTarget, json_line


def test_a_line_holds_the_whole_frame():
    frame = some_frame(90)
    line = json_line(frame)
    assert "\n" not in line
    found = json.loads(line)
    assert (found["frame"], found["time_s"], found["fps"]) == (90, 1.5, 60.0)
    assert found["confidence"] == 1.0
    assert list(found["curves"]) == list(ARKIT52)
    np.testing.assert_allclose(list(found["curves"].values()), frame.values, atol=1e-6)
    np.testing.assert_allclose(found["head"], frame.head_rotation, atol=1e-6)
    np.testing.assert_allclose(found["eyes"], frame.eye_rotation, atol=1e-6)


def test_the_file_appears_whole_when_it_is_closed(tmp_path):
    path = tmp_path / "a" / "take.jsonl"
    target = JsonLinesTarget(str(path))
    for number in range(3):
        target.send(some_frame(number))
    assert not path.exists()
    target.close()
    target.close()
    lines = path.read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 1, 2]
    assert list(path.parent.iterdir()) == [path]


def test_stdout_is_written_line_by_line_and_stays_open(capsys):
    target = JsonLinesTarget()
    target.send(some_frame(4))
    assert json.loads(capsys.readouterr().out)["frame"] == 4
    target.close()
    assert not sys.stdout.closed


def test_a_named_pipe_is_written_as_it_goes(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    came = []

    def read():
        with pipe.open() as stream:
            came.extend(stream)

    reader = threading.Thread(target=read)
    reader.start()
    target = JsonLinesTarget(str(pipe))
    target.send(some_frame(1))
    target.close()
    reader.join(5)
    assert [json.loads(line)["frame"] for line in came] == [1]
    assert pipe.is_fifo()


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path):
    with pytest.raises(InputError, match=r"is a folder; name a file, such as jsonl:take\.jsonl"):
        JsonLinesTarget(str(tmp_path))
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="Cannot write"):
        JsonLinesTarget(str(tmp_path / "file" / "take.jsonl"))
