from pathlib import Path

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.export.timecode import base_of_rate, read_clock, timecode

PATH = Path("take.csv")


def codes(count, fps, *, base=None, start_s=0.0):
    base = base or base_of_rate(fps)
    return [timecode(start_s + i / fps, base) for i in range(count)]


@pytest.mark.parametrize(
    ("seconds", "base", "code"),
    [
        (0.0, 30, "00:00:00:00.000"),
        (59.999999, 60, "00:01:00:00.000"),
        (3661.5, 24, "01:01:01:12.000"),
        (1 / 29.97, 30, "00:00:00:01.001"),
        (100 * 3600.0, 30, "100:00:00:00.000"),
    ],
)
def test_timecodes(seconds, base, code):
    assert timecode(seconds, base) == code


@pytest.mark.parametrize(("fps", "base"), [(30, 30), (29.97, 30), (59.904, 60), (15, 30), (7, 24)])
def test_frames_are_counted_in_usual_seconds(fps, base):
    assert base_of_rate(fps) == base


@pytest.mark.parametrize("fps", [24, 25, 30, 48, 50, 60, 120, 24 / 1.001, 30 / 1.001, 60 / 1.001])
def test_the_rate_is_found(fps):
    clock = read_clock(PATH, codes(300, fps, start_s=50.3))
    assert clock.fps == fps
    np.testing.assert_array_equal(clock.slots, np.arange(300))
    assert clock.notes == ()


def test_a_phone_that_counts_to_60_may_record_at_30():
    clock = read_clock(PATH, codes(100, 30, base=60))
    assert clock.fps == 30


def test_a_long_take_keeps_the_rate_it_was_recorded_at():
    short = read_clock(PATH, codes(300, 59.904))
    long = read_clock(PATH, codes(1800, 59.904))
    assert (short.fps, short.notes) == (60, ())
    assert long.fps == 59.904
    assert long.notes == ("By its own times it has 59.904 frames per second.",)
    np.testing.assert_array_equal(long.slots, np.arange(1800))


def test_a_rate_that_was_given_stands():
    assert read_clock(PATH, codes(100, 60), fps=30.0).slots[-1] < 60


def test_it_runs_on_past_midnight():
    late = codes(120, 30, start_s=86_400 - 2)
    late = [code.replace("24:", "00:", 1) if code.startswith("24") else code for code in late]
    clock = read_clock(PATH, late)
    np.testing.assert_array_equal(clock.slots, np.arange(120))
    assert clock.notes == ()


@pytest.mark.parametrize("jump_s", [-3.0, 40.0])
def test_pieces_of_takes_are_joined_and_told(jump_s):
    pieces = codes(60, 30, start_s=10) + codes(60, 30, start_s=12 + jump_s)
    clock = read_clock(PATH, pieces)
    assert clock.fps == 30
    np.testing.assert_array_equal(clock.slots, np.arange(120))
    assert clock.notes[0].startswith("Its times jump in 1 place(s), first from 00:00:11:29.000")
    assert "in line 62" in clock.notes[0]


@pytest.mark.parametrize("texts", [["00:00:01:05.000"], codes(20, 30)])
def test_a_take_too_short_to_tell_says_so(texts):
    clock = read_clock(PATH, texts)
    assert clock.fps == 60
    assert "too short to show its frame rate; 60 frames" in clock.notes[0]


@pytest.mark.parametrize("form", ["{:.3f}", "00:00:{:06.3f}"])
def test_plain_seconds_are_times_too(form):
    clock = read_clock(PATH, [form.format(2 + i / 30) for i in range(200)])
    assert clock.fps == 30
    assert clock.start_s == 2


def test_drop_frame_separators_are_read():
    assert read_clock(PATH, [f"00:00:0{i // 30};{i % 30:02d}" for i in range(90)]).fps == 30


@pytest.mark.parametrize("step_s", [1e-7, 1e9])
def test_times_of_no_frame_rate_are_refused(step_s):
    with pytest.raises(InputError, match=r"rows are 1e[-+]0\d s apart, which is no frame rate"):
        read_clock(PATH, [repr(row * step_s) for row in range(5)])


@pytest.mark.parametrize("text", ["", "nan", "1:2", "aa:bb:cc:dd", "9" * 5000 + ":00:00:00"])
def test_a_time_that_cannot_be_read_is_named(text):
    with pytest.raises(InputError, match=r"take\.csv, line 3: the time '.*' cannot be read"):
        read_clock(PATH, ["0.0", text, "0.2"])


def test_times_that_stand_still_are_refused():
    with pytest.raises(InputError, match=r"do not advance \(all 00:00:00:00\).* Give the frame"):
        read_clock(PATH, ["00:00:00:00"] * 4)
