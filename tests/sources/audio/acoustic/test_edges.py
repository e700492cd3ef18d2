"""Edges of pauses against loudness that is drawn by hand."""

from itertools import pairwise

import numpy as np
import pytest

from animdrive.sources.audio.acoustic.edges import _EARLIER, _LATER, settled
from animdrive.sources.audio.spans import Span


def said(*runs):
    spans, at = [], 0
    for label, count in runs:
        spans.append(Span(label, at, at + count, -1 if label == "SIL" else 0))
        at += count
    return spans


def levels(*runs):
    return np.concatenate([np.full(count, level) for level, count in runs]).astype(np.float32)


SPANS = said(("SIL", 20), ("AA", 20), ("SIL", 20))


def test_edges_that_are_right_stay():
    assert settled(SPANS, levels((-70, 20), (-20, 20), (-70, 20))) == SPANS


@pytest.mark.parametrize("late", range(_LATER + 1))
def test_a_sound_begins_where_it_rises(late):
    level = levels((-70, 20 + late), (-20, 20 - late), (-70, 20))
    silence, sound, _ = settled(SPANS, level)
    assert silence.end == sound.first == 20 + late


@pytest.mark.parametrize("early", range(_EARLIER + 1))
def test_a_sound_ends_where_it_falls(early):
    level = levels((-70, 20), (-20, 20 - early), (-70, 20 + early))
    _, sound, silence = settled(SPANS, level)
    assert sound.end == silence.first == 40 - early


def test_halfway_up_a_ramp_it_begins():
    level = np.interp(np.arange(60), [0, 18, 26, 40, 41], [-70, -70, -20, -20, -70])
    _, sound, _ = settled(SPANS, level.astype(np.float32))
    assert sound.first == 22


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_heard_nothing_moves_too_far_and_no_gap_opens(seed):
    rng = np.random.default_rng(seed)
    runs = [(str(rng.choice(["SIL", "AA", "T"])), int(rng.integers(1, 15))) for _ in range(30)]
    spans = said(*runs)
    level = rng.normal(-50, 15, spans[-1].end).astype(np.float32)
    after = settled(spans, level)
    assert [(span.label, span.word) for span in after] == [(s.label, s.word) for s in spans]
    assert (after[0].first, after[-1].end) == (0, spans[-1].end)
    assert all(a.end == b.first for a, b in pairwise(after))
    for old, new in zip(spans, after, strict=True):
        if old.label == "SIL":
            assert new.first <= old.first
            assert new.end >= old.end
        else:
            assert 0 <= new.first - old.first <= _LATER
            assert 0 <= old.end - new.end <= _EARLIER
            assert new.end - new.first >= min(2, old.end - old.first)


def test_edges_between_sounds_stay():
    spans = said(("AA", 20), ("M", 20))
    assert settled(spans, levels((-70, 30), (-20, 10))) == spans


def test_levels_may_end_before_the_phones_do():
    after = settled(SPANS, levels((-70, 20), (-20, 15)))
    assert after[-1].end == 60


def test_no_spans_are_no_spans():
    assert settled([], np.zeros(0, np.float32)) == []
