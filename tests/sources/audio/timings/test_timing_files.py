import pytest

from animdrive.contract import Segment
from animdrive.errors import InputError
from animdrive.export.textgrid import write_textgrid
from animdrive.sources.audio.timings.timing_files import tier_kind
from animdrive.sources.audio.timings.timings import Timed, phones_given, read_timings

PHONES = (Segment(0.1, 0.2, "HH"), Segment(0.2, 0.4, "AY1"))
WORDS = (Segment(0.1, 0.4, "hi"),)


def read(tmp_path, tiers):
    path = tmp_path / "a.TextGrid"
    write_textgrid(tiers, path, end_s=1.0)
    return read_timings(path)


def test_phones_and_words_of_a_textgrid(tmp_path):
    timings = read(tmp_path, {"words": WORDS, "phones": PHONES, "notes": WORDS})
    assert timings.kind == "phones"
    assert timings.words == (Timed(0.1, 0.4, "hi", "tier 'words', interval 2"),)
    track = phones_given(timings, 1.0)
    assert [p.label for p in track.phones] == ["SIL", "HH", "AY", "SIL"]
    assert track.words == WORDS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("phones", "phones"), ("Phone ", "phones"), ("Ann - phones", "phones"), ("words", "words"),
        ("ORT-MAU", "words"), ("Utterances", "lines"), ("pitch", None), ("", None),
    ],
)  # fmt: skip
def test_tiers_are_known_by_their_names(name, kind):
    assert tier_kind(name) == kind


def test_words_alone_and_lines_alone(tmp_path):
    silent = (Segment(0.0, 0.1, "sil"),)
    assert read(tmp_path, {"words": WORDS, "phones": silent}).kind == "words"
    timings = read(tmp_path, {"words": WORDS, "text": (Segment(0, 1, "well hi"),)})
    assert (timings.kind, timings.lines) == ("words", ())
    timings = read(tmp_path, {"text": (Segment(0, 0.5, "well hi"), Segment(0.5, 1, "..."))})
    assert [line.label for line in timings.lines] == ["well hi"]


def test_a_grid_without_what_we_look_for_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no tier is called phones.*its tiers: 'a', 'b'. Rename"):
        read(tmp_path, {"a": PHONES, "b": WORDS})
    with pytest.raises(InputError, match="tiers 'A - phones' and 'B - phones' both hold phones"):
        read(tmp_path, {"A - phones": PHONES, "B - phones": PHONES})
    with pytest.raises(InputError, match="holds no phone, word or line"):
        read(tmp_path, {"phones": (Segment(0, 1, "sil"),)})


def test_an_unknown_phone_is_named_with_its_tier(tmp_path):
    timings = read(tmp_path, {"phones": (Segment(0.1, 0.2, "HH"), Segment(0.2, 0.4, "hello"))})
    with pytest.raises(InputError, match="tier 'phones', interval 3: 'hello' is not a phone"):
        phones_given(timings, 1.0)


def test_words_of_a_table(tmp_path):
    (tmp_path / "a.tsv").write_text("start_s\tend_s\tword\n0.1\t0.4\thi\n0.5\t0.6\tsil\n")
    timings = read_timings(tmp_path / "a.tsv")
    assert timings.words == (Timed(0.1, 0.4, "hi", "line 2"),)
    assert timings.kind == "words"
