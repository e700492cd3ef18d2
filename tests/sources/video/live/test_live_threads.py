"""One thread while a frame is solved, and as many as before afterwards."""

import pytest
import torch
from threadpoolctl import threadpool_info

from animdrive.sources.video.live.threads import one_thread


def counts():
    return [torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())]


def test_meanwhile_all_pools_have_one_thread_and_then_what_they_had():
    before = counts()
    with one_thread():
        assert set(counts()) == {1}
    assert counts() == before


def test_a_failure_restores_them_too():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="stop"), one_thread():
        raise RuntimeError("stop")
    assert torch.get_num_threads() == before
