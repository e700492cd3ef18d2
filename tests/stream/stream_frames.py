"""Frames to send, and a socket to catch them with."""

import socket
from contextlib import contextmanager

import numpy as np

from animdrive.contract import CurveFrame


def some_frame(number=7, *, seed=1, fps=60.0, confidence=1.0):
    rng = np.random.default_rng([seed, number])
    return CurveFrame(
        number=number,
        fps=fps,
        values=rng.uniform(size=52).astype(np.float32),
        head_rotation=rng.normal(0, 0.2, 3),
        eye_rotation=rng.normal(0, 0.2, (2, 3)),
        confidence=confidence,
    )


@contextmanager
def listening():
    """Yield a bound UDP socket on this machine and its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as catcher:
        catcher.bind(("127.0.0.1", 0))
        catcher.settimeout(5)
        yield catcher, catcher.getsockname()[1]
