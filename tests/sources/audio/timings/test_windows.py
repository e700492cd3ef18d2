from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from animdrive.contract import AudioClip, PhoneTrack, Segment
from animdrive.sources.audio.language.text import spoken_from_text
from animdrive.sources.audio.sphinx.align import PocketsphinxAligner
from animdrive.sources.audio.timings.timings import Timed, Timings
from animdrive.sources.audio.timings.windows import phones_in_windows

LINE = "Peter Piper picked a peck of pickled peppers, maybe five of them."


@pytest.fixture(scope="module")
def free(line: AudioClip) -> PhoneTrack:
    """`LINE` aligned in one piece."""
    return PocketsphinxAligner().align(line, spoken_from_text(LINE, lookup=lookup))


def pocketsphinx(tell):
    return PocketsphinxAligner(tell=tell)


def found(audio, *, words=(), lines=(), make=pocketsphinx, language="auto"):
    notes: list[str] = []
    timings = Timings(Path("a.json"), words=tuple(words), lines=tuple(lines))
    track = phones_in_windows(audio, timings, make, language=language, tell=notes.append)
    assert track.phones[0].start_s == 0
    assert track.end_s == pytest.approx(audio.duration_s)
    for before, after in pairwise(track.phones):
        assert after.start_s == before.end_s
    return track, notes


def timed(segments):
    return [
        Timed(s.start_s, s.end_s, s.label, f"words[{number}]") for number, s in enumerate(segments)
    ]


def spoken(track):
    return [phone for phone in track.phones if phone.label != "SIL"]


def test_words_where_they_were_found_have_the_phones_that_were_found(line, free):
    track, notes = found(line, words=timed(free.words))
    assert track.words == free.words
    assert [p.label for p in spoken(track)] == [p.label for p in spoken(free)]
    off = [abs(a.start_s - b.start_s) for a, b in zip(spoken(track), spoken(free), strict=True)]
    assert max(off) < 0.03
    assert notes == []


def test_words_keep_times_that_are_off(line, free, rng):
    edges = sorted({t for w in free.words for t in (w.start_s, w.end_s)})
    moved = {t: max(0.0, t + float(rng.uniform(-0.02, 0.02))) for t in edges}
    given = [Segment(moved[w.start_s], moved[w.end_s], w.label) for w in free.words]
    track, _ = found(line, words=timed(given))
    assert track.words == tuple(given)
    for word in given:
        inside = [p for p in spoken(track) if word.start_s < p.end_s - 1e-6 <= word.end_s]
        assert inside[0].start_s == pytest.approx(word.start_s)
        assert inside[-1].end_s == pytest.approx(word.end_s)
        said = [w.pronunciations for w in spoken_from_text(word.label, lookup=lookup).words]
        assert tuple(p.label for p in inside) in said[0]


def lookup(word):
    from animdrive.sources.audio.sphinx.decoder import lookup as known

    return known(word)


class Deaf:
    """An aligner that hears nothing."""

    def align(self, audio, spoken, *, language):
        return PhoneTrack((Segment(0.0, audio.duration_s, "SIL"),))


def test_words_that_are_not_found_are_spread_over_their_windows(line):
    words = [
        Timed(0.5, 0.9, "Bob", "words[0]"),
        Timed(1.0, 1.9, "well-known", "words[1]"),
        Timed(2.0, 2.2, "…", "words[2]"),
    ]
    track, notes = found(line, words=words, make=lambda tell: Deaf())
    said = spoken(track)
    assert [p.label for p in said] == "B AA B W EH L N OW N".split()
    assert (said[0].start_s, said[2].end_s) == (0.5, 0.9)
    assert said[1].duration_s == pytest.approx(1.6 * said[0].duration_s)
    assert (said[3].start_s, said[-1].end_s) == (1.0, 1.9)
    assert notes == ["words[2]: '…' has no pronunciation; the mouth rests."]


def test_lines_are_aligned_each_in_its_window(line, free):
    pause = next(p for p in free.phones[1:] if p.label == "SIL")
    cut = (pause.start_s + pause.end_s) / 2
    first, second = LINE.split(", ")
    lines = [
        Timed(0.0, cut, first, "line 2"),
        Timed(cut, line.duration_s, second, "line 6"),
    ]
    track, notes = found(line, lines=lines)
    assert [w.label for w in track.words] == [w.label for w in free.words]
    off = [abs(a.start_s - b.start_s) for a, b in zip(track.words, free.words, strict=True)]
    assert np.median(off) < 0.02
    assert max(off) < 0.06
    assert notes == []


def test_a_line_stays_in_its_window_and_the_rest_is_silent(line, free):
    begin, end = free.words[8].start_s - 0.05, line.duration_s
    track, _ = found(line, lines=[Timed(begin, end, "maybe five of them", "line 2")])
    assert all(p.start_s >= begin for p in spoken(track))
    assert [w.label for w in track.words] == ["maybe", "five", "of", "them"]
    assert abs(track.words[0].start_s - free.words[8].start_s) < 0.06


def test_words_and_lines_are_read_in_their_language(line):
    words = [
        Timed(0.5, 0.9, "ich", "words[0]"),
        Timed(1.0, 1.9, "über", "words[1]"),
    ]
    track, _ = found(line, words=words, make=lambda tell: Deaf(), language="de")
    assert [p.label for p in spoken(track)] == "IH ç y B AH".split()
    words = [Timed(0.5, 0.9, "你", "words[0]"), Timed(1.0, 1.9, "学习", "words[1]")]
    track, _ = found(line, words=words, make=lambda tell: Deaf())
    assert [p.label for p in spoken(track)] == "N IY ɕ ɥ EH ɕ IY".split()
    heard = []

    class Listening(Deaf):
        def align(self, audio, spoken, *, language):
            heard.append(([word.language for word in spoken.words], language))
            return super().align(audio, spoken, language=language)

    found(line, lines=[Timed(0.5, 1.9, "ja bitte", "line 2")], make=lambda tell: Listening(),
          language="de")  # fmt: skip
    assert heard == [(["de", "de"], "de")]


def test_notes_name_the_line_and_do_not_flood(line):
    lines = [Timed(0.1 * n, 0.1 * n + 0.05, "hello", f"line {n}") for n in range(9)]
    track, notes = found(line, lines=lines)
    assert notes[0] == "line 0: No speech is heard; the mouth stays at rest."
    assert len(notes) == 6
    assert notes[-1] == "And 4 more notes of this kind."
    assert spoken(track) == []


def test_the_same_sound_and_times_give_the_same_phones(line, free):
    words = timed(free.words)
    assert found(line, words=words)[0] == found(line, words=words)[0]
