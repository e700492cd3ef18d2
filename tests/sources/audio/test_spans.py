"""What was found in frames, on the clip's clock."""

import numpy as np
import pytest

from animdrive.contract import PhoneTrack, Segment
from animdrive.contract.spoken import Word
from animdrive.sources.audio.sound import Sound
from animdrive.sources.audio.spans import Span, moved, tell_of_unsaid, track_of_spans

WORDS = (Word("ma", (("M", "AA"),)), Word("so", (("S", "OW"),)))


def sound(*runs, duration_s=None):
    """Loud (1) and quiet (0) runs of frames."""
    level = np.concatenate([np.full(count, -20.0 if loud else -80.0) for loud, count in runs])
    return Sound(
        pcm=np.zeros(160 * len(level), np.int16),
        level_db=level.astype(np.float32),
        gate_db=-50.0,
        speech_db=-20.0,
        duration_s=len(level) * 0.01 if duration_s is None else duration_s,
    )


def short(track):
    return [(round(p.start_s, 3), round(p.end_s, 3), p.label) for p in track.phones]


def test_a_span_moves_with_its_word():
    assert moved(Span("M", 3, 7, 2, -1.5), 100, 10) == Span("M", 103, 107, 12, -1.5)
    assert moved(Span("SIL", 3, 7), 100, 10) == Span("SIL", 103, 107, -1)


def test_frames_become_seconds_and_words_have_times():
    spans = [
        Span("SIL", 0, 10), Span("M", 10, 20, 0), Span("AA", 20, 30, 0),
        Span("SIL", 30, 60), Span("S", 60, 70, 1), Span("OW", 70, 80, 1), Span("SIL", 80, 100),
    ]  # fmt: skip
    track = track_of_spans(spans, WORDS, sound((0, 10), (1, 20), (0, 30), (1, 20), (0, 20)))
    assert short(track) == [
        (0.0, 0.1, "SIL"), (0.1, 0.2, "M"), (0.2, 0.3, "AA"), (0.3, 0.6, "SIL"),
        (0.6, 0.7, "S"), (0.7, 0.8, "OW"), (0.8, 1.0, "SIL"),
    ]  # fmt: skip
    assert [(word.label, round(word.start_s, 3), round(word.end_s, 3)) for word in track.words] == [
        ("ma", 0.1, 0.3), ("so", 0.6, 0.8)
    ]  # fmt: skip


def test_words_that_nobody_said_have_no_time():
    track = track_of_spans([Span("S", 0, 50, 1)], WORDS, sound((1, 50)))
    assert [word.label for word in track.words] == ["so"]


def test_boundaries_lie_later_by_what_is_asked_but_never_beyond_the_end():
    spans = [Span("M", 0, 20, 0), Span("AA", 20, 40, 0)]
    track = track_of_spans(spans, WORDS, sound((1, 40)), later_s=0.007)
    assert [p.label for p in track.phones if p.end_s - p.start_s > 0.01] == ["M", "AA"]
    boundary = next(p.start_s for p in track.phones if p.label == "AA")
    assert boundary == pytest.approx(0.207)
    assert track.phones[-1].end_s == pytest.approx(0.4)


def test_a_seam_is_the_phone_before_it_and_a_gap_is_silence():
    spans = [Span("M", 0, 20, 0), Span("AA", 24, 40, 0), Span("S", 50, 70, 1)]
    track = track_of_spans(spans, WORDS, sound((1, 90)))
    assert short(track) == [
        (0.0, 0.24, "M"), (0.24, 0.4, "AA"), (0.4, 0.5, "SIL"), (0.5, 0.7, "S"), (0.7, 0.9, "SIL")
    ]  # fmt: skip


def test_nothing_is_said_where_it_is_quiet_for_long():
    track = track_of_spans([Span("AA", 0, 100, 0)], WORDS, sound((1, 30), (0, 70)))
    assert [label for _, _, label in short(track)] == ["AA", "SIL"]
    assert track.phones[0].end_s < 0.4


def test_no_spans_are_silence_from_end_to_end():
    track = track_of_spans([], (), sound((1, 30), duration_s=0.295))
    assert short(track) == [(0.0, 0.295, "SIL")]
    assert track.words == ()


@pytest.mark.parametrize(("said", "told"), [(90, False), (40, True)])
def test_it_is_told_when_much_has_no_word(said, told):
    phones = (Segment(0, said / 100, "AA"), Segment(said / 100, 1.0, "SIL"))
    notes = []
    clip = sound((1, 100), (0, 20))
    tell_of_unsaid(PhoneTrack(phones=phones, words=()), clip, notes.append)
    assert bool(notes) == told
    if told:
        assert "60% of what is loud enough to be speech has no word" in notes[0]
        assert "Complete the transcript, or leave it out." in notes[0]
