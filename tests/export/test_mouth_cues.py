import pytest

from animdrive.contract import PhoneTrack, Segment
from animdrive.errors import ContractError, InputError
from animdrive.export.mouth_cues import (
    read_phones_tsv,
    read_visemes_tsv,
    read_words_tsv,
    write_phones_tsv,
    write_visemes_tsv,
    write_words_tsv,
)

PHONES = (Segment(0.0, 0.12, "SIL"), Segment(0.12, 0.2, "AA"), Segment(0.2, 0.2567, "P"))


def test_phones_come_back(tmp_path):
    path = tmp_path / "a.tsv"
    write_phones_tsv(PhoneTrack(PHONES, words=(Segment(0.12, 0.2567, "up"),)), path)
    assert path.read_bytes().startswith(b"start_s\tend_s\tphone\n0.0000\t0.1200\tSIL\n")
    assert read_phones_tsv(path).phones == PHONES


def test_visemes_come_back(tmp_path):
    path = tmp_path / "a.tsv"
    write_visemes_tsv(PHONES, path)
    assert path.read_text().splitlines()[0] == "start_s\tend_s\tclass"
    assert read_visemes_tsv(path) == PHONES


def test_words_come_back(tmp_path):
    words = (Segment(0.12, 0.2567, "up"), Segment(0.3, 0.4, "O'Neil"))
    write_words_tsv(PhoneTrack(PHONES, words=words), tmp_path / "a.tsv")
    assert (tmp_path / "a.tsv").read_text().splitlines()[0] == "start_s\tend_s\tword"
    assert read_words_tsv(tmp_path / "a.tsv") == words


def test_further_columns_are_passed_over(tmp_path):
    (tmp_path / "a.tsv").write_text("start_s\tend_s\tphone\torig\n0\t1\tAA\taa\n")
    assert read_phones_tsv(tmp_path / "a.tsv").phones == (Segment(0, 1, "AA"),)


def test_nothing_said_is_a_header(tmp_path):
    write_visemes_tsv((), tmp_path / "a.tsv")
    assert read_visemes_tsv(tmp_path / "a.tsv") == ()


def test_line_ends_and_empty_lines_do_not_matter(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"start_s\tend_s\tphone\r\n0\t1\tAA\r\n\r\n")
    assert read_phones_tsv(tmp_path / "a.tsv").phones == (Segment(0, 1, "AA"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start_s\tend_s\tclass\n0\t1\tA\n", "first line must be start_s end_s phone"),
        ("start_s\tend_s\tphone\torig\n0\t1\tA\n", "line 2: .* is not start, end and label"),
        ("start_s\tend_s\tphone\n0\t1\n", "line 2: '0\t1' is not start, end and label"),
        ("start_s\tend_s\tphone\n0\t1\tA\nx\t1\tA\n", "line 3: .* is not start, end and label"),
        ("start_s\tend_s\tphone\n0\tnan\tA\n", "line 2: .* is not start, end and label"),
        ("start_s\tend_s\tphone\n2\t1\tA\n", "line 2: .* is not start, end and label"),
        ("start_s\tend_s\tphone\n0\t1\t \n", "line 2: .* is not start, end and label"),
        ("start_s\tend_s\tphone\n0\t1\tA\n0.5\t2\tB\n", "let no phone overlap"),
    ],
)
def test_wrong_tables_are_refused(tmp_path, text, message):
    (tmp_path / "a.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_phones_tsv(tmp_path / "a.tsv")


def test_bytes_are_refused(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="not a text file"):
        read_visemes_tsv(tmp_path / "a.tsv")


def test_a_label_that_would_break_the_table_is_a_bug(tmp_path):
    with pytest.raises(ContractError, match="no tab or line break"):
        write_visemes_tsv([Segment(0, 1, "a\tb")], tmp_path / "a.tsv")
    assert not list(tmp_path.iterdir())
