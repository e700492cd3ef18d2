from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from animdrive.sources.audio.expression.gaze import away_spans, gaze_beside_speech
from animdrive.sources.audio.expression.prosody import Phrase, Prosody

FPS = 120
TIMES = np.arange(120 * FPS) / FPS
UTTERANCES = tuple(Phrase(start, start + 4.0) for start in np.arange(2.0, 110.0, 7.0))
TALK = Prosody(stress=(), accents=(), pauses=(), phrases=UTTERANCES)
SILENT = Prosody(stress=(), accents=(), pauses=())


def gaze(prosody: Prosody, seed: int) -> np.ndarray:
    return gaze_beside_speech(prosody, TIMES, np.random.default_rng(seed))


def away(prosody: Prosody, seed: int) -> np.ndarray:
    """[T] whether the eyes are away from the listener."""
    spans = away_spans(prosody, float(TIMES[-1]), np.random.default_rng(seed))
    return np.any([(TIMES >= a) & (TIMES < b) for a, b in spans] or [np.zeros(len(TIMES))], axis=0)


def share_of(prosody: Prosody, at_s: list[float], seeds: int = 12) -> float:
    frames = np.searchsorted(TIMES, at_s)
    return float(np.mean([away(prosody, seed)[frames] for seed in range(seeds)]))


def test_utterances_begin_with_the_eyes_away_and_end_at_the_listener():
    begin = share_of(TALK, [u.start_s + 0.3 for u in UTTERANCES])
    middle = share_of(TALK, [u.start_s + 2.2 for u in UTTERANCES])
    end = share_of(TALK, [u.end_s for u in UTTERANCES])
    assert begin > 0.6
    assert middle < 0.45
    assert end == 0


def test_hesitations_turn_the_eyes_away():
    faltering = Prosody(
        stress=(),
        accents=(),
        pauses=(),
        phrases=(Phrase(0, 118),),
        hesitations=tuple(np.arange(10.0, 110.0, 6.0)),
    )
    fluent = Prosody(stress=(), accents=(), pauses=(), phrases=faltering.phrases)
    at = [time + 0.2 for time in faltering.hesitations]
    assert share_of(faltering, at) > share_of(fluent, at) + 0.25


def test_who_says_a_word_keeps_looking():
    words = tuple(Phrase(start, start + 0.6) for start in np.arange(2.0, 110.0, 7.0))
    short = Prosody(stress=(), accents=(), pauses=(), phrases=words)
    at = [word.start_s + 0.05 for word in words]
    assert share_of(short, at) < 0.3


def test_speakers_look_away_more_than_the_silent():
    talking = np.mean([away(TALK, seed).mean() for seed in range(6)])
    silent = np.mean([away(SILENT, seed).mean() for seed in range(6)])
    assert silent < 0.12 < talking < 0.45


def test_spans_away_lie_apart_and_last():
    spans = away_spans(TALK, 120.0, np.random.default_rng(5))
    assert len(spans) > 10
    assert all(b[0] >= a[1] for a, b in pairwise(spans))
    assert min(stop - start for start, stop in spans) >= 0.35 - 1e-9


@pytest.mark.parametrize("prosody", [TALK, SILENT])
def test_the_eyes_jump_and_stay(prosody: Prosody):
    speed = np.linalg.norm(np.diff(gaze(prosody, 1), axis=0), axis=1)
    assert (speed == 0).mean() > 0.9
    assert np.degrees(np.abs(gaze(prosody, 1)).max()) < 13


def test_longer_saccades_take_longer():
    times = np.arange(120 * 1000) / 1000
    path = gaze_beside_speech(TALK, times, np.random.default_rng(2))
    moving = np.linalg.norm(np.diff(path, axis=0), axis=1) > 1e-9
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moving.astype(int), [0]]))).reshape(-1, 2)
    sizes = np.degrees([np.linalg.norm(path[b] - path[a]) for a, b in edges])
    lasts_ms = (edges[:, 1] - edges[:, 0]).astype(float)
    clear = sizes > 3  # the main sequence: 25 ms and 2.4 ms a degree
    assert clear.sum() > 20
    assert lasts_ms[clear] == pytest.approx(25 + 2.4 * sizes[clear], abs=4)


def test_most_saccades_are_small():
    sizes = []
    for seed in range(5):
        path = np.degrees(gaze(TALK, seed))
        sizes += list(np.linalg.norm(path[away(TALK, seed)], axis=1))
    assert np.median(sizes) < 6
    assert np.percentile(sizes, 95) > 7


def test_at_the_listener_they_stay_within_the_face():
    path = np.degrees(gaze(TALK, 3))
    at_end = np.searchsorted(TIMES, [u.end_s for u in UTTERANCES])
    assert np.abs(path[at_end]).max() < 1.5


def test_one_take_is_one_take():
    assert np.array_equal(gaze(TALK, 4), gaze(TALK, 4))
    assert not np.array_equal(gaze(TALK, 4), gaze(TALK, 5))


def test_the_frame_rate_does_not_move_a_glance():
    rng = np.random.default_rng(4)
    slow = gaze_beside_speech(TALK, TIMES[: len(TIMES) - 3 : 4], rng)
    fast = gaze_beside_speech(TALK, TIMES[: len(TIMES) - 3], np.random.default_rng(4))
    assert slow == pytest.approx(fast[::4])


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_hardly_a_frame_is_no_trouble(frames: int):
    assert gaze_beside_speech(TALK, TIMES[:frames], np.random.default_rng(0)).shape == (frames, 2)
