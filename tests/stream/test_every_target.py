"""What holds for every row of the table."""

import pytest
from stream_frames import some_frame

from animdrive.errors import BackendError, InputError
from animdrive.stream import TARGETS, opened_target
from animdrive.stream.target import StreamTarget

NETWORKED = [name for name in TARGETS.names() if name != "jsonl"]


@pytest.mark.parametrize("name", TARGETS.names())
def test_it_takes_frames_and_closes_twice(name, tmp_path):
    where = f"{tmp_path}/a.jsonl" if name == "jsonl" else "127.0.0.1:9"
    target = opened_target(f"{name}:{where}")
    assert isinstance(target, StreamTarget)
    target.send(some_frame(0))
    target.send(some_frame(5))
    target.close()
    target.close()


@pytest.mark.parametrize("name", NETWORKED)
@pytest.mark.parametrize("where", ["", ":", "127.0.0.1", "127.0.0.1:", "[::1]", "[::1]:4000"])
def test_host_and_port_have_defaults(name, where):
    try:
        opened_target(f"{name}:{where}" if where else name).close()
    except InputError:
        assert "::1" in where  # a machine without IPv6


@pytest.mark.parametrize("name", NETWORKED)
@pytest.mark.parametrize("port", ["0", "65536", "abc", "-1", "٣"])
def test_a_port_that_is_none_is_told(name, port):
    with pytest.raises(InputError, match=rf"'{port}' is no port in 1..65535. Write it as "):
        opened_target(f"{name}:127.0.0.1:{port}")


def test_a_host_that_cannot_be_is_told():
    with pytest.raises(InputError, match=r"The host 'a\.\.b' cannot be found .* Write it as live"):
        opened_target("livelink:a..b:11111")


def test_an_unknown_target_is_told_with_those_that_are_known():
    with pytest.raises(BackendError, match=r"streaming target 'osc'.*livelink, vmc, vmc-vrm, json"):
        opened_target("osc:127.0.0.1")
