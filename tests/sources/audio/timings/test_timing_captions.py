import pytest

from animdrive.errors import InputError
from animdrive.sources.audio.timings.timings import read_timings

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> there,
- {\\an8}Bob &amp; Ann.

2
00:00:03,000 --> 00:00:03,500
♪ ♪

3
01:00:04,5 --> 01:00:05,000
Bye.
4
01:00:05,100 --> 01:00:06,000
7
"""
VTT = """WEBVTT - a title

NOTE 00:00.000 --> 00:01.000
is no cue

STYLE
::cue { color: red }

first
00:01.000 --> 00:02.500 align:start position:10%
<v Bob>Hello <00:01.500><c.loud>there</c>,

01:00:04.500 --> 01:00:05.000
Bye.
"""


def read(path, text):
    path.write_text(text, encoding="utf-8")
    return [(line.start_s, line.end_s, line.label, line.place) for line in read_timings(path).lines]


def test_srt(tmp_path):
    assert read(tmp_path / "a.srt", SRT) == [
        (1.0, 2.5, "Hello there, Bob & Ann.", "line 2"),
        (3604.5, 3605.0, "Bye.", "line 11"),
        (3605.1, 3606.0, "7", "line 14"),
    ]


def test_vtt(tmp_path):
    assert read(tmp_path / "a.vtt", VTT) == [
        (1.0, 2.5, "Hello there,", "line 10"),
        (3604.5, 3605.0, "Bye.", "line 13"),
    ]


def test_line_ends_and_byte_marks_do_not_matter(tmp_path):
    text = "\ufeff" + SRT.replace("\n", "\r\n")
    assert read(tmp_path / "b.srt", text) == read(tmp_path / "a.srt", SRT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n00:00:01 --> 00:00:02\nHi\n", "line 2: '00:00:01 --> 00:00:02' is not two times"),
        ("00:02.000 --> 00:01.000\nHi\n", "line 1: it ends before it starts"),
        ("hello", "holds no phone, word or line"),
        (
            "00:02.000 --> 00:04.000\nHi\n\n00:03.000 --> 00:05.000\nHo\n",
            "line 4: 'Ho' starts at 3.000 s, but 'Hi' .line 1. ends at 4.000 s. Let no two overlap",
        ),
        (
            "00:02.000 --> 00:03.000\nHi\n\n00:01.000 --> 00:02.000\nHo\n",
            "line 4: 'Ho' starts at 1.000 s, before 'Hi' .line 1, 2.000 s.. Sort",
        ),
    ],
)
def test_captions_that_cannot_be_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path / "a.vtt", text)


def test_bytes_are_refused(tmp_path):
    (tmp_path / "a.srt").write_bytes(b"\xff\xfe1")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_timings(tmp_path / "a.srt")
