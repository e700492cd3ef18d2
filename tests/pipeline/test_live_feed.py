"""Queues, files and pipes: what comes, when, and in which order."""

import io
import threading
from time import monotonic

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.pipeline.live_feed import (
    QUEUE_S,
    Chunk,
    PacedFeed,
    PlainFeed,
    SoundQueue,
    pcm_blocks,
)


def piece(number, length=160):
    return np.full(length, number, np.float32)


def everything(feed):
    found = []
    while not feed.ended:
        chunk = feed.poll(1.0)
        if chunk is not None:
            found.append(chunk)
    return found


def test_a_full_queue_gives_up_its_oldest():
    queue = SoundQueue(16_000)
    for number in range(40):
        queue.put(Chunk(piece(number), 0.0))
    kept = round(QUEUE_S * 100)
    assert queue.dropped == (40 - kept) * 160
    queue.finish()
    came = []
    while not queue.ended:
        came.append(queue.get(0.0).samples[0])
    assert came == list(range(40 - kept, 40))
    assert queue.get(0.0) is None


def test_a_queue_passes_on_what_ended_it_once():
    queue = SoundQueue(16_000)
    queue.finish(InputError("the cable is out"))
    with pytest.raises(InputError, match="the cable is out"):
        queue.get(0.0)
    assert queue.get(0.0) is None


def test_a_paced_feed_is_no_faster_than_its_sound():
    begun = monotonic()
    feed = PacedFeed(iter([piece(n) for n in range(8)]), 16_000)
    chunks = everything(feed)
    feed.close()
    assert [chunk.samples[0] for chunk in chunks] == list(range(8))
    np.testing.assert_allclose(np.diff([c.captured_s for c in chunks]), 0.01, atol=1e-6)
    assert chunks[-1].captured_s >= begun + 0.079
    assert feed.clock() >= chunks[-1].captured_s
    assert feed.dropped == 0


def test_a_paced_feed_tells_what_is_wrong_with_its_file():
    def blocks():
        yield piece(0)
        raise InputError("the file is torn")

    feed = PacedFeed(blocks(), 16_000)
    with pytest.raises(InputError, match="the file is torn"):
        everything(feed)


def test_a_pipe_that_blocks_lets_itself_be_closed():
    release = threading.Event()

    def blocks():
        yield piece(0)
        release.wait(10)

    feed = PacedFeed(blocks(), 16_000, piped=True)
    assert feed.poll(1.0) is not None
    assert feed.poll(0.01) is None
    assert not feed.ended
    feed.close()
    release.set()


def test_a_plain_feed_gives_all_at_the_time_of_the_sound():
    feed = PlainFeed(iter([piece(n) for n in range(3)]), 16_000)
    assert [chunk.captured_s for chunk in everything(feed)] == pytest.approx([0.01, 0.02, 0.03])
    assert feed.clock() == pytest.approx(0.03)


def test_raw_sound_is_read_sample_by_sample():
    numbers = np.array([0, 1, -1, 32767, -32768, 16384] * 100, dtype="<i2")
    blocks = list(pcm_blocks(io.BytesIO(numbers.tobytes() + b"\x07"), 16_000))
    assert [len(block) for block in blocks] == [160, 160, 160, 120]
    np.testing.assert_array_equal(np.concatenate(blocks), np.float32(numbers / 32768))
    assert blocks[0].dtype == np.float32


@pytest.mark.parametrize("rate", [0, 999, 400_000])
def test_a_rate_that_is_none_is_told(rate):
    with pytest.raises(InputError, match=rf"--rate must be in 1000..384000, got {rate}"):
        pcm_blocks(io.BytesIO(b""), rate)
