from itertools import pairwise

import pytest

from animdrive.contract import Segment
from animdrive.errors import ContractError, InputError
from animdrive.export.textgrid import Interval, Tier, read_textgrid, write_textgrid

WORDS = (Segment(0.1, 0.35, "so"), Segment(0.5, 1 / 3 + 0.5, 'the "end" ! 3'))
PHONES = (Segment(0.0, 0.1, "SIL"), Segment(0.1, 0.2, "S"), Segment(0.2, 0.35, "ɪ̯"))


def labelled(tier):
    return tuple(Segment(*interval) for interval in tier.intervals if interval.text)


def test_what_is_written_is_read_back_exactly(tmp_path):
    path = tmp_path / "a.TextGrid"
    write_textgrid({"words": WORDS, "phones": PHONES}, path, end_s=1.25)
    words, phones = read_textgrid(path)
    assert (words.name, phones.name) == ("words", "phones")
    assert (labelled(words), labelled(phones)) == (WORDS, PHONES)


def test_tiers_have_no_gaps_as_praat_demands(tmp_path):
    path = tmp_path / "a.TextGrid"
    write_textgrid({"words": WORDS, "none": ()}, path, end_s=1.25)
    for tier in read_textgrid(path):
        edges = [(i.start_s, i.end_s) for i in tier.intervals]
        assert edges[0][0] == 0
        assert edges[-1][1] == 1.25
        assert all(before[1] == after[0] for before, after in pairwise(edges))


SHORT = '''File type = "ooTextFile"
"TextGrid"
0
2
<exists>
3
"IntervalTier"
"phones"
0
2
2
0
0.5
""
0.5
2
"AA ""x"""
"TextTier"
"clicks"
0
2
1
0.7
"click"
"IntervalTier"
"words"
0
2
1
0
2
"two
lines"
'''
READ = (
    Tier("phones", (Interval(0, 0.5, ""), Interval(0.5, 2, 'AA "x"'))),
    Tier("words", (Interval(0, 2, "two\nlines"),)),
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_short_form_is_read_in_any_encoding_of_praat(tmp_path, encoding):
    (tmp_path / "a.TextGrid").write_bytes(SHORT.encode(encoding))
    assert read_textgrid(tmp_path / "a.TextGrid") == READ


def test_the_old_short_form_and_comments_are_read(tmp_path):
    old = SHORT.replace(
        'File type = "ooTextFile"\n"TextGrid"',
        'File type = "ooTextFile short"\n"TextGrid"\n! saved by "hand" 3',
    )
    (tmp_path / "a.TextGrid").write_text(old)
    assert read_textgrid(tmp_path / "a.TextGrid") == READ


def test_a_textgrid_without_tiers_is_empty(tmp_path):
    (tmp_path / "a.TextGrid").write_text('"ooTextFile"\n"TextGrid"\n0\n2\n<absent>\n')
    assert read_textgrid(tmp_path / "a.TextGrid") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "is no TextGrid; save it in Praat as text"),
        ('"Praat chronological TextGrid text file"\n0 2', "is a chronological TextGrid; save it"),
        (SHORT[: SHORT.index('"two')], "interval 1 of tier 'words' is expected, but the file ends"),
        (SHORT.replace("0.7", '"x"'), "point 1 of tier 'clicks' is expected, but it is \"x\""),
        (SHORT.replace("0.7", '"x\ny"'), "of tier 'clicks' is expected, but it is \"x y\"."),
        (SHORT.replace("0\n0.5", "1\n0.5"), "interval 1 of tier 'phones' runs from 1 s to 0.5 s"),
        (SHORT.replace("0\n0.5", "0\n1.2.3"), "interval 1 of tier 'phones' is 1.2.3, which is no"),
        (SHORT.replace("<exists>\n3", "<exists>\n-3"), "the number of tiers is -3. Mend it"),
    ],
)
def test_what_is_no_whole_textgrid_is_refused(tmp_path, text, message):
    (tmp_path / "a.TextGrid").write_text(text)
    with pytest.raises(InputError) as refused:
        read_textgrid(tmp_path / "a.TextGrid")
    assert message in str(refused.value)


def test_bytes_are_refused(tmp_path):
    (tmp_path / "a.TextGrid").write_bytes(b"ooBinaryFile\x08TextGrid\xff")
    with pytest.raises(InputError, match="is a binary one; save it in Praat as text"):
        read_textgrid(tmp_path / "a.TextGrid")
    (tmp_path / "a.TextGrid").write_bytes(b"TextGrid\xfc")
    with pytest.raises(InputError, match="neither UTF-8 nor UTF-16"):
        read_textgrid(tmp_path / "a.TextGrid")


def test_what_cannot_be_a_textgrid_is_a_bug(tmp_path):
    path = tmp_path / "a.TextGrid"
    with pytest.raises(ContractError, match=r"'b' at 0\.500 s overlaps"):
        write_textgrid({"x": (Segment(0, 1, "a"), Segment(0.5, 2, "b"))}, path)
    with pytest.raises(ContractError, match="longer than 0 s"):
        write_textgrid({"x": ()}, path)
    assert not path.exists()
