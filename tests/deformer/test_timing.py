import numpy as np

from animdrive.deformer.timing import measured_timing


class Counting:
    def __init__(self):
        self.seen = []

    def run(self, values):
        self.seen.append(len(values))
        return values


def test_it_is_run_one_by_one_and_in_batches():
    model = Counting()
    timing = measured_timing(model, np.zeros((10, 3), np.float32), batch=16)
    assert set(model.seen) == {1, 16}
    assert timing.batch == 16
    assert timing.runs == 200
    assert timing.single_ms > timing.batch_ms > 0
