from dataclasses import replace

import numpy as np
import pytest
from small import small_capture, small_data, small_truth

from animdrive.contract.capture import Capture, TakeEntry
from animdrive.deformer.data import training_data
from animdrive.errors import InputError

CAPTURE = small_capture()


def with_take(name, **changes):
    """Return the capture with one take changed."""
    changed = replace(CAPTURE.take(name), **changes)

    def read(asked):
        return changed if asked == name else CAPTURE.take(asked)

    return Capture(CAPTURE.character, CAPTURE.fps, CAPTURE.takes, read)


def test_rig_and_offsets_are_the_skin_that_was_captured():
    data = small_data()
    for take in data.takes:
        rows = slice(take.start, take.stop)
        linear = data.rig.neutral.vertices + np.tensordot(data.curves[rows], data.rig.deltas, 1)
        skin = linear
        skin[:, data.moving] += data.offsets[rows]
        # Vertices that the linear rig has right to 0.02 mm are left to it.
        np.testing.assert_allclose(skin, small_truth(data.curves[rows]), atol=2.1e-5)


def test_takes_keep_their_side():
    data = small_data()
    learn, test = data.rows(held_out=False), data.rows(held_out=True)
    assert len(np.intersect1d(learn, test)) == 0
    assert len(learn) + len(test) == len(data.curves)


def test_kinds_and_takes_can_be_left_out():
    data = training_data(CAPTURE, without=("rom",))
    assert [take.name for take in data.takes] == ["random_1", "random_2"]
    with pytest.raises(InputError, match=r"no take or kind 'speech' to leave out\. It has: random"):
        training_data(CAPTURE, without=("speech",))


def test_skin_of_another_frame_rate_is_refused():
    take = CAPTURE.take("rom_0")
    half = with_take("rom_0", vertices=take.vertices[::2], times_s=take.times_s[::2])
    with pytest.raises(InputError, match=r"240 frames of curves and 120 of skin\. Run 'animdrive"):
        training_data(half)


def test_a_clock_that_runs_away_is_refused():
    fast = with_take("rom_0", times_s=CAPTURE.take("rom_0").times_s * 0.9)
    with pytest.raises(InputError, match=r"up to 2\d\.\d frames apart by their clocks"):
        training_data(fast)


def test_holes_are_refused():
    missing = np.zeros(CAPTURE.take("rom_0").vertices.shape[:2], dtype=np.bool_)
    missing[7, 3] = True
    with pytest.raises(InputError, match="has holes in its skin, the first at frame 7"):
        training_data(with_take("rom_0", missing=missing))


def test_less_than_a_second_is_refused():
    entries = tuple(replace(e, split="held_out") for e in CAPTURE.takes)
    none = Capture(CAPTURE.character, CAPTURE.fps, entries, CAPTURE.take)
    with pytest.raises(InputError, match=r"0 frames to learn from, 0\.00 s; at least a second"):
        training_data(none)


def test_a_capture_of_the_linear_rig_teaches_nothing():
    rig = CAPTURE.character.rig
    take = CAPTURE.take("rom_0")
    skin = rig.neutral.vertices + np.tensordot(take.take.track.values, rig.deltas, 1)
    plain = replace(take, vertices=skin.astype(np.float32))
    entry = TakeEntry("rom_0", "rom", "train", len(take.take.track))
    with pytest.raises(InputError, match="nothing to learn"):
        training_data(Capture(CAPTURE.character, CAPTURE.fps, (entry,), lambda _: plain))
