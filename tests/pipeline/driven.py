"""Starts one simulation that never ends, for a test that kills whoever asked for it."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.contract.capture import Take
from animdrive.contract.stages import no_progress
from animdrive.pipeline.capture_work import simulated


class Endless:
    """Tells in which process it is, and goes on for ever."""

    names = ARKIT52

    def __init__(self, told):
        self._told = told

    def __call__(self):
        return self

    def frames(self, values, *, fps=30.0):
        Path(self._told).write_text(str(os.getpid()))
        while True:
            time.sleep(0.05)
        yield values


if __name__ == "__main__":
    track = CurveTrack(ARKIT52, 30.0, np.zeros((12, 52), np.float32))
    take = Take("one", "random", "train", track)
    list(simulated([take], Endless(sys.argv[1]), 4, workers=1, progress=no_progress))
