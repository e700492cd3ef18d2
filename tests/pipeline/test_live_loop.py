"""The loop under a clock that the test moves: stalls, bursts, overload, the end."""

import numpy as np
import pytest
from label_stream import LabelStream, segments, voiced

from animdrive.contract import ARKIT_INDEX
from animdrive.errors import InputError
from animdrive.pipeline.live_feed import Chunk
from animdrive.pipeline.live_loop import LiveLoop
from animdrive.sources.audio.live.stream_face import StreamConfig, StreamFace
from animdrive.stream.recording import Recorder

RATE, FPS = 16_000, 60.0
SAID = segments("AA T AA S AA N AA T AA L AA S AA D AA T AA K AA S AA N", start_s=0.0)
JAW = ARKIT_INDEX["jawOpen"]


class ScriptedFeed:
    """Chunks that arrive when the script says so, on a clock that moves only by waiting."""

    rate = RATE

    def __init__(self, arrivals, *, live=True, stalls=True, holds_s=1e9):
        self.live, self.stalls, self.dropped = live, stalls, 0
        self.now = 100.0
        self._script = list(arrivals)  # (seconds after the start, samples)
        self._holds_s = holds_s

    @property
    def ended(self):
        return not self._script

    def clock(self):
        return self.now

    def wait(self, seconds):
        assert seconds >= 0
        self.now += seconds + 1e-6

    def poll(self, wait_s):
        if not self._script:
            return None
        while len(self._script) > 1 and self._script[0][0] < self.now - 100.0 - self._holds_s:
            self.dropped += len(self._script.pop(0)[1])
        due = 100.0 + self._script[0][0]
        if due > self.now + wait_s:
            self.wait(wait_s)
            return None
        self.now = max(self.now, due)
        return Chunk(self._script.pop(0)[1], due)


class Timed(Recorder):
    """A recorder that notes when each frame came."""

    def __init__(self, feed):
        super().__init__()
        self.feed, self.times, self.frames = feed, [], []

    def send(self, frame):
        super().send(frame)
        self.frames.append(frame)
        self.times.append(self.feed.now - 100.0)

    def jaw(self):
        return np.array([frame.values[JAW] for frame in self.frames])

    def numbers(self):
        return [frame.number for frame in self.frames]


def chunks(samples, *, begin_s=0.0, late=lambda at_s: 0.0):
    """(arrival, piece) of 10 ms each; a piece arrives when its last sample is captured."""
    made = []
    for at in range(0, len(samples), 160):
        end_s = (at + 160) / RATE
        made.append((begin_s + end_s + late(end_s), samples[at : at + 160]))
    return made


def ran(feed, *, look_ahead=4, **options):
    target = Timed(feed)
    face = StreamFace(
        LabelStream(SAID, look_ahead=look_ahead), rate=RATE, config=StreamConfig(fps=FPS)
    )
    figures = LiveLoop(feed, face, [target], fps=FPS, **options).run()
    return target, figures


def straight(samples):
    """What the face does without any clock."""
    face = StreamFace(LabelStream(SAID), rate=RATE, config=StreamConfig(fps=FPS))
    return face.push(samples) + face.finish()


def test_frames_come_evenly_and_are_those_of_the_sound_alone():
    samples = voiced(2.0)
    target, figures = ran(ScriptedFeed(chunks(samples)))
    assert target.numbers() == list(range(len(target.frames)))
    for sent, made in zip(target.frames, straight(samples), strict=True):
        np.testing.assert_array_equal(sent.values, made.values)
    assert np.diff(target.times)[3:].max() < 1.2 / FPS
    assert np.diff(target.times)[3:].min() > 0.8 / FPS
    assert figures.sent == len(target.frames)
    assert (figures.dropped, figures.stalls, figures.silence_s) == (0, 0, 0.0)
    assert figures.sound_s == pytest.approx(2.0)


@pytest.mark.parametrize("look_ahead", [0, 4, 8])
def test_latency_is_the_look_ahead_a_hop_and_a_half_and_a_chunk(look_ahead):
    target, figures = ran(ScriptedFeed(chunks(voiced(2.0))), look_ahead=look_ahead)
    latency = np.array(figures.latency_s)
    asked = look_ahead * 0.01 + 0.015 + 0.01
    assert asked <= latency.min()
    assert latency.max() < asked + 0.006
    # Told is what happened: frame k shows the sound of k / fps.
    np.testing.assert_allclose(target.times - np.array(target.numbers()) / FPS, latency, atol=1e-4)


def test_when_sound_stalls_frames_go_on_and_the_mouth_rests():
    samples = voiced(2.0)
    feed = ScriptedFeed([*chunks(samples[:16_000]), *chunks(samples[16_000:], begin_s=2.5)])
    target, figures = ran(feed)
    assert figures.stalls == 1
    assert figures.silence_s == pytest.approx(1.5, abs=0.05)
    assert np.diff(target.times).max() < 0.08
    times, jaw = np.array(target.times), target.jaw()
    assert jaw[(times > 0.5) & (times < 1.0)].max() > 0.2
    assert jaw[(times > 1.5) & (times < 2.5)].max() == 0.0
    heads = np.array([frame.head_rotation for frame in target.frames])
    assert (np.abs(np.diff(heads, axis=0)).max(axis=1) > 0).all()  # it lives on
    # Numbers keep the time of the clock on the wall.
    assert times[-1] - target.numbers()[-1] / FPS == pytest.approx(figures.latency_s[-1], abs=0.05)


def test_sound_that_comes_too_late_is_left_out_and_latency_stays():
    samples = voiced(3.0)
    feed = ScriptedFeed(chunks(samples, late=lambda t: max(0.0, 2.0 - t) if t > 1.0 else 0.0))
    target, figures = ran(feed)
    assert figures.stalls == 1
    assert figures.dropped_s == pytest.approx(figures.silence_s, abs=0.06)
    assert np.mean(figures.latency_s[-30:]) < np.mean(figures.latency_s[20:50]) + 0.05
    assert np.diff(target.numbers()).min() > 0


def test_a_file_that_comes_late_is_late_and_nothing_else():
    samples = voiced(1.0)
    late = chunks(samples, late=lambda t: max(0.0, 0.7 - t) if t > 0.5 else 0.0)
    target, figures = ran(ScriptedFeed(late, stalls=False))
    assert (figures.stalls, figures.silence_s, figures.dropped_s) == (0, 0.0, 0.0)
    made = straight(samples)
    assert len(target.frames) + figures.dropped == len(made)
    for sent in target.frames:
        np.testing.assert_array_equal(sent.values, made[sent.number].values)


def test_bursts_of_a_device_are_no_stall():
    samples = voiced(2.0)
    arrivals = chunks(samples)
    bursts = [(arrivals[at // 4 * 4 + 3][0], piece) for at, (_, piece) in enumerate(arrivals)]
    target, figures = ran(ScriptedFeed(bursts))
    assert (figures.stalls, figures.dropped, figures.dropped_s) == (0, 0, 0.0)
    assert len(target.frames) == len(straight(samples))


class Sleepy(Timed):
    """The machine stands still for 0.6 s as frame 30 is sent."""

    def send(self, frame):
        super().send(frame)
        if frame.number == 30:
            self.feed.now += 0.6


@pytest.mark.parametrize("holds_s", [1e9, 0.25])
def test_a_machine_that_sleeps_drops_the_oldest_and_says_so(holds_s):
    feed = ScriptedFeed(chunks(voiced(2.0)), holds_s=holds_s)
    target = Sleepy(feed)
    face = StreamFace(LabelStream(SAID), rate=RATE, config=StreamConfig(fps=FPS))
    figures = LiveLoop(feed, face, [target], fps=FPS).run()
    steps = np.diff(target.numbers())
    assert figures.dropped == (steps - 1).sum() > 20
    assert figures.dropped_s == pytest.approx(0.35 if holds_s < 1 else 0.0, abs=0.011)
    assert figures.sent + figures.dropped == pytest.approx(len(straight(voiced(2.0))), abs=2)
    # The clock of the stream is still that of the wall.
    late = np.array(target.times) - np.array(target.numbers()) / FPS
    assert abs(late[-1] - late[10]) < 0.03
    assert figures.latency_s[-1] < 0.12


def test_a_machine_that_is_always_too_slow_shows_what_it_can():
    feed = ScriptedFeed(chunks(voiced(6.0)), holds_s=0.25)

    class Slow(StreamFace):
        def push(self, samples):
            feed.now += 2 * len(samples) / RATE
            return super().push(samples)

    target = Timed(feed)
    face = Slow(LabelStream(SAID), rate=RATE, config=StreamConfig(fps=FPS))
    figures = LiveLoop(feed, face, [target], fps=FPS).run()
    assert figures.dropped_s > 2.0
    assert figures.dropped > 100
    assert figures.sent > 10
    assert max(figures.latency_s) < 1.0
    assert np.diff(target.numbers()).min() > 0


def test_a_slow_clock_of_the_sound_card_is_followed():
    samples = voiced(8.0)
    feed = ScriptedFeed(chunks(samples, late=lambda t: 1.5e-4 * t))
    _, figures = ran(feed)
    assert figures.stalls == 0
    assert abs(np.mean(figures.latency_s[-60:]) - np.mean(figures.latency_s[60:120])) < 0.004


def test_without_sound_there_is_still_a_face():
    feed = ScriptedFeed([(1.0, np.zeros(160, np.float32))])
    target, figures = ran(feed)
    assert figures.stalls == 1
    assert len(target.frames) > 55
    assert target.jaw().max() == 0.0


def test_stopping_shows_what_was_heard_and_comes_to_rest():
    feed = ScriptedFeed(chunks(voiced(5.0)))
    target, figures = ran(feed, stopped=lambda: feed.now >= 101.0)
    assert figures.sound_s == pytest.approx(1.0, abs=0.02)
    assert target.jaw()[-1] == 0.0
    assert target.times[-1] == pytest.approx(1.3 + figures.latency_s[-1], abs=0.05)


def test_unpaced_work_sends_all_at_once_and_tells_no_latency():
    samples = voiced(2.0)
    feed = ScriptedFeed([(0.0, samples[:9_000]), (0.0, samples[9_000:])], live=False)
    target, figures = ran(feed)
    for sent, made in zip(target.frames, straight(samples), strict=True):
        np.testing.assert_array_equal(sent.values, made.values)
    assert figures.latency_s == []
    assert figures.dropped == 0


def test_the_seconds_that_are_done_are_told():
    told = []
    ran(ScriptedFeed(chunks(voiced(0.5))), tick=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(0.5)


def test_a_reader_that_goes_away_is_one_line():
    class Gone(Recorder):
        def send(self, frame):
            raise BrokenPipeError(32, "Broken pipe")

    feed = ScriptedFeed(chunks(voiced(0.5)))
    face = StreamFace(LabelStream(), rate=RATE)
    with pytest.raises(InputError, match=r"Frame 0 cannot be written \(Broken pipe\)"):
        LiveLoop(feed, face, [Gone()], fps=FPS).run()
