from itertools import pairwise
from pathlib import Path

import pytest

from animdrive.contract import Segment
from animdrive.errors import InputError
from animdrive.export.mouth_cues import read_phones_rows, write_phones_tsv
from animdrive.sources.audio.timings.timings import (
    Timed,
    Timings,
    phones_given,
    read_timings,
    within,
)

HEADER = "start_s\tend_s\tphone\n"


def phones(*rows):
    return Timings(
        Path("a.tsv"),
        phones=tuple(Timed(*row, f"line {number}") for number, row in enumerate(rows, 2)),
    )


def said(*rows, duration_s=1.0):
    track = phones_given(within(phones(*rows), duration_s), duration_s)
    return [(p.start_s, p.end_s, p.label) for p in track.phones]


def test_phones_are_taken_as_they_are_and_gaps_are_silent():
    assert said((0.1, 0.2, "AH0"), (0.2, 0.3, "p"), (0.5, 0.6, "sp"), (0.7, 0.9, "T")) == [
        (0.0, 0.1, "SIL"), (0.1, 0.2, "AH"), (0.2, 0.3, "P"), (0.3, 0.7, "SIL"), (0.7, 0.9, "T"),
        (0.9, 1.0, "SIL"),
    ]  # fmt: skip


def test_what_we_wrote_comes_back_to_the_digit(tmp_path):
    rows = [(0.0, 0.25, "SIL"), (0.25, 0.3, "B"), (0.3, 0.5, "IY"), (0.5, 1.0, "SIL")]
    path = tmp_path / "a.phones.tsv"
    write_phones_tsv(phones_given(phones(*rows), 1.0), path)
    again = phones_given(read_timings(path), 1.0)
    assert [(p.start_s, p.end_s, p.label) for p in again.phones] == rows


def test_a_label_of_two_phones_is_shared():
    assert said((0.0, 0.5, "n̩"), (0.5, 1.0, "ɲ")) == [
        (0.0, 0.25, "AH"), (0.25, 0.5, "N"), (0.5, 1.0, "ɲ"),
    ]  # fmt: skip


def test_a_closure_and_its_release_are_one_stop():
    assert said((0.0, 0.2, "bcl"), (0.2, 0.3, "b"), (0.3, 0.6, "b"), (0.6, 1.0, "tcl")) == [
        (0.0, 0.3, "B"), (0.3, 0.6, "B"), (0.6, 1.0, "T"),
    ]  # fmt: skip


def test_rounding_is_mended_without_a_word():
    assert said((0.0, 0.51, "AA"), (0.5, 1.04, "B")) == [(0.0, 0.51, "AA"), (0.51, 1.0, "B")]


def test_a_silence_may_outlast_the_sound():
    assert said((0.0, 0.5, "AA"), (0.5, 3.0, "sil")) == [(0.0, 0.5, "AA"), (0.5, 1.0, "SIL")]


def test_hand_labels_with_a_further_column_are_kept_exactly(recordings):
    for path in sorted(recordings.glob("timit_*.phones.tsv"))[:3]:
        rows = [(s.start_s, s.end_s, s.label) for _, s in read_phones_rows(path) if s.duration_s]
        track = phones_given(read_timings(path), rows[-1][1])
        assert [(p.start_s, p.end_s, p.label) for p in track.phones] == rows
        assert all(a.end_s == b.start_s for a, b in pairwise(track.phones))


def test_a_line_may_stand_longer_than_the_sound_lasts():
    lines = Timings(Path("a.srt"), lines=(Timed(0.5, 4.0, "Hello.", "line 2"),))
    assert within(lines, 1.0).lines[0].end_s == 1.0
    with pytest.raises(InputError, match=r"line 2: 'Hello.' lasts to 4.000 s, but the sound ends"):
        within(lines, 0.4)


@pytest.mark.parametrize("kind", ["phones", "words"])
def test_phones_and_words_beyond_the_end_are_refused(kind):
    timings = Timings(Path("a.tsv"), **{kind: (Timed(0.5, 1.2, "AA", "line 2"),)})
    with pytest.raises(InputError, match=r"a.tsv, line 2: 'AA' lasts to 1.200 s.*ends at 1.000 s"):
        within(timings, 1.0)


def test_an_unknown_phone_is_named_with_its_place():
    with pytest.raises(
        InputError, match=r"a.tsv, line 3: 'XQ' is not a phone of ARPABET, IPA, pinyin or"
    ):
        said((0.0, 0.5, "AA"), (0.5, 1.0, "XQ"))


def test_a_long_label_is_shown_in_part():
    with pytest.raises(InputError, match=f"'{40 * 'X'}…' is not a phone"):
        said((0.0, 0.5, 1000 * "X"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "0.5\t1\tA\n0\t0.4\tB\n", "line 3: 'B' starts at 0.000 s, before 'A' .line 2"),
        (HEADER + "0\t1\tA\n\n0.5\t2\tB\n", "line 4: 'B' starts at 0.500 s, but 'A' .line 2. ends"),
        (HEADER + "-1\t1\tAA\n", "line 2: 'AA' starts at -1.000 s, before the sound does"),
        (HEADER, "holds no phone, word or line"),
        ("start\tend\tphone\n0\t1\tA\n", "first line must be start_s end_s phone"),
        (HEADER + "0\tx\tA\n", "line 2: .* is not start, end and label"),
    ],
)
def test_tables_out_of_order_are_refused(tmp_path, text, message):
    (tmp_path / "a.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_timings(tmp_path / "a.tsv")


def test_an_unknown_suffix_and_a_missing_file_are_told(tmp_path):
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(InputError, match=r"times are read from \.TextGrid, \.tsv, \.json"):
        read_timings(tmp_path / "a.docx")
    with pytest.raises(InputError, match="file of times not found"):
        read_timings(tmp_path / "b.tsv")


def test_nothing_but_silence_is_silence():
    assert said((0.2, 0.4, "sil")) == [(0.0, 1.0, "SIL")]
    assert phones_given(phones(), 0.5).phones == (Segment(0.0, 0.5, "SIL"),)
