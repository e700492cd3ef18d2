import json

import pytest

from animdrive.errors import InputError
from animdrive.sources.audio.timings.timings import read_timings


def read(tmp_path, data):
    (tmp_path / "a.json").write_text(json.dumps(data))
    return read_timings(tmp_path / "a.json")


def rows(entries):
    return [(entry.start_s, entry.end_s, entry.label) for entry in entries]


def test_mfa(tmp_path):
    timings = read(
        tmp_path,
        {
            "start": 0,
            "end": 1.0,
            "tiers": {
                "words": {"type": "interval", "entries": [[0.1, 0.4, "hi"], [0.4, 1, "<eps>"]]},
                "phones": {"type": "interval", "entries": [[0.1, 0.2, "h"], [0.2, 0.4, "aj"]]},
            },
        },
    )
    assert rows(timings.phones) == [(0.1, 0.2, "h"), (0.2, 0.4, "aj")]
    assert rows(timings.words) == [(0.1, 0.4, "hi")]
    assert timings.phones[1].place == "tier 'phones', entry 2"


def test_whisperx(tmp_path):
    words = [
        {"word": "In", "start": 0.1, "end": 0.2, "score": 0.9},
        {"word": "1999,"},
        {"word": "we", "start": 0.9, "end": 1.0},
        {"word": "2"},
        {"word": "met", "start": 1.0, "end": 1.2},
        {"word": "42."},
    ]
    timings = read(
        tmp_path,
        {
            "segments": [{"start": 0, "end": 1.5, "text": "...", "words": words}],
            "word_segments": words,
        },
    )
    assert rows(timings.words) == [
        (0.1, 0.2, "In"), (0.2, 0.9, "1999,"), (0.9, 1.0, "we 2"), (1.0, 1.2, "met 42."),
    ]  # fmt: skip
    assert timings.words[0].place == "segments[0].words[0]"
    assert rows(read(tmp_path, {"word_segments": words[:1]}).words) == [(0.1, 0.2, "In")]


def test_whisper_with_words_on_top_and_without_words(tmp_path):
    segments = [{"start": 0.0, "end": 1.0, "text": " Hello  there."}]
    assert rows(read(tmp_path, {"segments": segments}).lines) == [(0.0, 1.0, "Hello there.")]
    words = [{"word": "Hello", "start": 0.1, "end": 0.4}]
    timings = read(tmp_path, {"text": "Hello", "segments": segments, "words": words})
    assert (timings.kind, rows(timings.words)) == ("words", [(0.1, 0.4, "Hello")])


def test_plain_lists(tmp_path):
    phones = [{"start": 0.1, "end": 0.2, "phone": "HH"}, {"start": 0.2, "end": 0.4, "phone": "AY"}]
    words = [{"start": 0.1, "end": 0.4, "word": "hi"}]
    both = read(tmp_path, {"phones": phones, "words": words})
    assert (rows(both.phones)[0], rows(both.words)) == ((0.1, 0.2, "HH"), [(0.1, 0.4, "hi")])
    assert read(tmp_path, phones).kind == "phones"
    assert read(tmp_path, words).kind == "words"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (3, "its shape is not known. Known: MFA's"),
        ({"transcript": "x"}, "its shape is not known, or it is empty"),
        ({"segments": 3}, "'segments' is not a list"),
        ({"words": [3]}, "words.0.: it is not an entry with times"),
        ({"words": [{"start": 0, "end": 1}]}, "words.0.: it has no 'phone', 'word', 'label'"),
        ({"words": [{"word": "a"}]}, "no word has times"),
        ({"words": [{"word": "a", "start": 1, "end": 0}]}, "from 1 to 0 is no stretch of time"),
        ({"words": [{"word": "a", "start": "0", "end": 1}]}, "words.0.: from 0 to 1 is no stretch"),
        ({"words": [{"word": "a", "start": 0, "end": 10**400}]}, "is no stretch of time"),
        ({"phones": [{"phone": "a", "start": 0}]}, "phones.0.: from 0 to None is no stretch"),
        ({"tiers": {"phones": {"entries": [[0, 1]]}}}, "entry 1: it is not .start, end, label"),
        ({"tiers": {"phones": {"entries": [[0, 1, 2]]}}}, "entry 1: its label 2 is no text"),
        ({"tiers": {"x": {"entries": [[0, 1, "a"]]}}}, "no tier is called phones.*'x'"),
        (
            {"words": [{"word": "a", "start": 0, "end": 1}, {"word": "b", "start": 0.5, "end": 2}]},
            r"words\[1\]: 'b' starts at 0.500 s, but 'a' .words\[0\]. ends at 1.000 s",
        ),
    ],
)
def test_other_shapes_are_refused(tmp_path, data, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, data)


@pytest.mark.parametrize("data", [b"{", b"\xff{}", b"[" * 100_000])
def test_what_is_no_json_is_refused(tmp_path, data):
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(InputError, match="is not JSON"):
        read_timings(tmp_path / "a.json")
