"""Sentences: cleaned ones of fortunes, and made-up ones where there are none."""

from __future__ import annotations

from itertools import islice

import pytest

from animdrive.errors import BackendError, InputError
from animdrive.sources.audio.training.made_up import made_up_languages, made_up_sentences
from animdrive.sources.audio.training.texts import SOURCES, cleaned, sentences


def test_a_fortune_is_cut_into_what_can_be_read_aloud():
    item = (
        "The \x1b[1mquick\x1b[0m brown fox jumps over   [the] lazy\n dog. Too short. And now it "
        "runs away from all of them!\n\t\t-- Somebody Who Said It"
    )
    assert cleaned(item, language="en") == [
        "The quick brown fox jumps over the lazy dog.",
        "And now it runs away from all of them!",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "In the year 1984 nothing of the kind was heard of.",
        "Have a look at http things before you go to bed.",
        "This is a SHOUTED sentence that no voice reads well.",
        "word " * 60,
    ],
)
def test_what_a_voice_gets_wrong_is_left_out(text):
    assert cleaned(text, language="en") == []


def test_chinese_ends_at_its_own_full_stop():
    assert cleaned("床前明月光，疑是地上霜。举头望明月，低头思故乡。", language="zh") == [
        "床前明月光，疑是地上霜。",
        "举头望明月，低头思故乡。",
    ]


def test_sentences_are_those_of_the_files_once_in_an_order_of_the_seed(tmp_path):
    (tmp_path / "cs").mkdir()
    lines = [f"Tohle je docela dlouhá věta číslo {word}." for word in ("jedna", "dva", "tři")]
    (tmp_path / "cs" / "a").write_bytes("\n%\n".join(lines[:2]).encode("iso-8859-2"))
    (tmp_path / "cs" / "b").write_bytes(b"\xff\xff broken letters, never looked at by anybody.")
    (tmp_path / "cs" / "b.u8").write_text(lines[2], "utf-8")
    (tmp_path / "cs" / "a.dat").write_bytes(b"An index, which is no text at all for anybody.")
    first = sentences("cs", seed=1, folder=tmp_path)
    assert sorted(first) == sorted(lines)
    assert first == sentences("cs", seed=1, folder=tmp_path)
    assert len({tuple(sentences("cs", seed=seed, folder=tmp_path)) for seed in range(9)}) > 1


@pytest.mark.parametrize("language", SOURCES)
def test_missing_fortunes_name_their_package(tmp_path, language):
    with pytest.raises(BackendError, match=f"apt install {SOURCES[language].package}"):
        sentences(language, seed=0, folder=tmp_path)


def test_a_language_without_fortunes_is_told():
    with pytest.raises(InputError, match="No texts in 'xx'"):
        sentences("xx", seed=0)


@pytest.mark.parametrize("language", made_up_languages())
def test_made_up_sentences_are_many_and_the_same_for_a_seed(language):
    made = list(islice(made_up_sentences(language, seed=3), 20))
    assert made == list(islice(made_up_sentences(language, seed=3), 20))
    assert made != list(islice(made_up_sentences(language, seed=4), 20))
    assert len(set(made)) == 20
    assert all(sentence[-1] in ".。" and len(sentence) > 5 for sentence in made)


def test_a_language_that_cannot_be_made_up_is_told():
    with pytest.raises(InputError, match="No made-up sentences in 'xx'"):
        made_up_sentences("xx", seed=0)
