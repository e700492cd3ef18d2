import os
import subprocess
import sys
import time
from pathlib import Path

import driven
import numpy as np
import pytest
from stand_in import BulgingFactory

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.contract.capture import Take
from animdrive.contract.stages import Simulator, SimulatorFactory, no_progress
from animdrive.errors import ContractError, DeviceError, InputError
from animdrive.pipeline.capture_work import joined, segments_of, simulated
from animdrive.rig.head import load_head

VERTICES = len(load_head().rig.neutral.vertices)


def take(frames=12, name="one", seed=0):
    rng = np.random.default_rng(seed)
    walk = np.abs(np.cumsum(rng.standard_normal((frames, 52)) * 0.05, axis=0)) % 1
    return Take(name, "random", "train", CurveTrack(ARKIT52, 30.0, walk.astype(np.float32)))


class Killed(BulgingFactory):
    def __call__(self):
        os._exit(9)


class Lagging:
    """Goes half of the way to its target with every frame: it needs to be warmed up."""

    names = ARKIT52

    def frames(self, values, *, fps=30.0):
        state = np.zeros(52, np.float32)
        for row in values:
            state = 0.5 * state + 0.5 * row
            yield np.repeat(state[:3][None], 4, axis=0)


def test_the_stand_in_is_a_simulator():
    assert isinstance(BulgingFactory(), SimulatorFactory)
    assert isinstance(BulgingFactory()(), Simulator)


@pytest.mark.parametrize("frames", [1, 5, 60, 90, 91, 120, 333])
def test_segments_cover_a_take_once_and_start_early(frames):
    segments = segments_of(3, take(frames).track)
    assert [segment.take for segment in segments] == [3] * len(segments)
    covered = [frame for s in segments for frame in range(s.start, s.stop)]
    assert covered == list(range(frames))
    for segment in segments:
        assert segment.warm == max(segment.start - 8, 0)
        assert segment.stop - segment.start <= 90


def test_a_take_is_cut_where_the_face_is_calm():
    values = np.full((140, 52), 0.5, np.float32)
    values[66] = 0
    segments = segments_of(0, CurveTrack(ARKIT52, 30.0, values))
    assert [segment.start for segment in segments] == [0, 66]


def test_seams_do_not_show_even_where_the_past_matters():
    one = take(200)
    segments = segments_of(0, one.track)
    assert len(segments) > 2
    skins = [np.stack(list(Lagging().frames(one.track.values[s.warm : s.stop]))) for s in segments]
    whole = np.stack(list(Lagging().frames(one.track.values)))
    put_together = joined(segments, skins)
    np.testing.assert_allclose(put_together, whole, atol=2**-3)
    seam = np.abs(put_together - whole).max(axis=(1, 2))
    assert (seam > 0.02).sum() < 3 * len(segments)  # it dies away
    np.testing.assert_array_equal(put_together[: segments[1].start - 5],
                                  whole[: segments[1].start - 5])  # fmt: skip


def test_the_number_of_processes_changes_no_bit():
    takes = [take(70, "one"), take(100, "two", seed=1)]
    told = []

    def tell(stage, done):
        told.append((stage, done))

    one, two, here = (
        list(simulated(takes, BulgingFactory(), VERTICES, workers=n, progress=tell))
        for n in (1, 2, 0)
    )
    for (a, skin), (b, other), (c, near), given in zip(one, two, here, takes, strict=True):
        assert a is b is c is given
        assert skin.shape == (len(given.track), VERTICES, 3)
        np.testing.assert_array_equal(skin, other)
        # In this process matrix products may use more threads, and round otherwise.
        np.testing.assert_allclose(skin, near, atol=1e-7)
    assert {stage for stage, _ in told} == {"simulate"}
    assert told[-1][1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("nan", "lost vertex 7 at frame 3 of take 'one'"),
        ("short", "gives 3 of 12 frames of take 'one'"),
        ("cut", r"for frame 0 of take 'one', but the face has \[\d+, 3\]"),
    ],
)
def test_a_simulator_that_fails_is_told(spoil, message):
    factory = BulgingFactory((spoil,))
    with pytest.raises(ContractError, match=message):
        list(simulated([take()], factory, VERTICES, workers=0, progress=no_progress))


@pytest.mark.parametrize("workers", [0, 2])
def test_nothing_to_do_starts_no_simulator(workers):
    found = simulated([], Killed(), VERTICES, workers=workers, progress=no_progress)
    assert list(found) == []


def test_a_killed_process_and_a_wrong_number_are_told():
    with pytest.raises(InputError, match="workers must be 0 or above, got -1"):
        list(simulated([take()], BulgingFactory(), VERTICES, workers=-1, progress=no_progress))
    with pytest.raises(DeviceError, match="was killed, most likely for want of memory"):
        list(simulated([take()], Killed(), VERTICES, workers=1, progress=no_progress))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_no_process_outlives_the_one_that_started_it(tmp_path):
    told = tmp_path / "pid"
    with subprocess.Popen([sys.executable, driven.__file__, str(told)]) as driver:
        assert seen(lambda: told.exists() and told.read_text(), within_s=60)
        worker = Path("/proc") / told.read_text() / "stat"
        assert worker.exists()
        driver.kill()
    assert seen(lambda: not worker.exists() or worker.read_text().split()[2] == "Z", within_s=20)


def seen(what, *, within_s):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False
