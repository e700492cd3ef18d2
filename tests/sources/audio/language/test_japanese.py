from __future__ import annotations

import pytest

from animdrive.sources.audio.language import japanese
from animdrive.sources.audio.language.inventory import SYMBOLS
from animdrive.sources.audio.language.japanese import japanese_words
from animdrive.sources.audio.language.text import spoken_from_text


@pytest.fixture
def without_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(japanese, "_tokenizer", lambda: None)


def said(text: str) -> dict[str, str]:
    words, unread, notes = japanese_words(text)
    assert (unread, notes) == ((), ())
    return {word.text: " ".join(word.pronunciations[0]) for word in words}


def test_kana_are_read():
    assert said("コーヒー")["コーヒー"].startswith("K o")
    assert "ɯ" in said("すし")["すし"]


def test_kanji_are_read_as_the_dictionary_says():
    pytest.importorskip("sudachipy", reason="the extra 'ja' is not installed")
    words = said("東京へ行きました。水を飲む")
    assert words["東京"] == "T o K o"
    assert words["へ"] == "e"
    assert words["を"] == "o"
    assert words["水"].startswith("M IY")
    assert words["飲む"].startswith("N o M")


def test_a_line_in_japanese_is_all_japanese():
    pytest.importorskip("sudachipy", reason="the extra 'ja' is not installed")
    spoken = spoken_from_text("今日は iPhone を買う", lookup=lambda word: ())
    assert [word.language for word in spoken.words] == ["ja", "ja", "en", "ja", "ja"]
    assert spoken.notes == ()
    long = spoken_from_text("日本語です。" * 3000, lookup=lambda word: ())
    assert len(long.words) >= 6000
    assert all(set(word.pronunciations[0]) <= set(SYMBOLS) for word in long.words)


@pytest.mark.usefixtures("without_dictionary")
def test_without_the_dictionary_kanji_are_left_out_and_the_cure_is_told():
    spoken = spoken_from_text("日本語です。水", lookup=lambda word: ())
    assert [word.text for word in spoken.words] == ["です"]
    assert spoken.notes == (
        "Kanji are read by SudachiPy: pip install 'animdrive[ja]', or write them in kana.",
        "Left out, for nothing here can read it: '日本語', '水'.",
    )
