from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from animdrive.contract import AudioClip
from animdrive.sources.audio.sound import sound_from_clip
from animdrive.sources.audio.spans import Span
from animdrive.sources.audio.sphinx.pieces import chunks_between_pauses, pieces_between_pauses


def speech(words: int, *, frames: int, pause_every: int, pause: int = 40) -> list[Span]:
    spans: list[Span] = []
    now = 0
    for word in range(words):
        if pause_every and word % pause_every == 0:
            spans.append(Span("SIL", now, now + pause))
            now += pause
        spans.append(Span(f"w{word}", now, now + frames, word))
        now += frames
    return spans


@pytest.mark.parametrize(("pause_every", "longest_s"), [(5, 16.0), (1, 14.0), (0, 41.0)])
def test_pieces_cover_frames_and_words_once(pause_every: int, longest_s: float):
    found = speech(900, frames=30, pause_every=pause_every)
    pieces = pieces_between_pauses(found)
    assert (pieces[0].first, pieces[0].low) == (0, 0)
    assert (pieces[-1].end, pieces[-1].high) == (found[-1].end, 900)
    for before, after in pairwise(pieces):
        assert (before.end, before.high) == (after.first, after.low)
    assert all(piece.low < piece.high for piece in pieces)
    assert max(piece.end - piece.first for piece in pieces) <= longest_s * 100
    for piece in pieces:
        inside = [span for span in found if piece.low <= span.word < piece.high]
        assert piece.first <= inside[0].first
        assert inside[-1].end <= piece.end


def test_a_long_pause_does_not_make_an_empty_piece():
    found = [*speech(3, frames=30, pause_every=0), Span("SIL", 90, 9000)]
    (piece,) = pieces_between_pauses(found)
    assert (piece.low, piece.high) == (0, 3)


def test_silence_alone_is_no_piece():
    assert pieces_between_pauses([Span("SIL", 0, 5000)]) == []


@pytest.mark.parametrize("pause_s", [0.0, 0.5])
def test_chunks_cover_the_clip_and_are_cut_at_pauses(pause_s: float):
    rng = np.random.default_rng(0)
    part = np.concatenate([rng.normal(0, 0.1, 64000), rng.normal(0, 1e-4, int(16000 * pause_s))])
    samples = np.tile(part, 20).astype(np.float32)
    sound = sound_from_clip(AudioClip(samples=samples, sample_rate=16000))
    chunks = chunks_between_pauses(sound)
    assert chunks[0][0] == 0
    assert chunks[-1][1] == len(sound.level_db)
    assert [end for _, end in chunks[:-1]] == [first for first, _ in chunks[1:]]
    assert all(100 < end - first <= 1500 for first, end in chunks)
    if pause_s:
        assert all(sound.level_db[end] < sound.gate_db for _, end in chunks[:-1])
