"""One core for the solver: its matrices are too small to share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep matrices and networks of a frame on the core that asks for them, meanwhile.

    Libraries split even a product of 52 x 52 over all cores, and wait for the slowest: on a
    machine with anything else to do a frame of 10 ms then takes 100. The tracker has threads of
    its own.
    """
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        torch.set_num_threads(before)
