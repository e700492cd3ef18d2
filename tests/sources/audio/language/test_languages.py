from __future__ import annotations

import pytest

from animdrive.errors import InputError
from animdrive.sources.audio.language.languages import (
    joined,
    language_code,
    language_of_script,
    main_language,
    script_of,
)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("auto", "auto"),
        ("en", "en"),
        ("EN_us", "en"),
        ("en-GB", "en"),
        ("zh", "zh"),
        ("cmn", "zh"),
        ("zh-CN", "zh"),
        ("Mandarin", "zh"),
        ("de", "de"),
        ("de-AT", "de"),
        ("fr", "fr"),
        ("fr-fr", "fr-fr"),
        ("pt_BR", "pt-br"),
        ("yue", "yue"),
        (" ja ", "ja"),
    ],
)
def test_codes(value: str, code: str):
    assert language_code(value) == code
    assert language_code(code) == code


@pytest.mark.parametrize("value", ["tlh", "", "klingon", "xx-yy", "d e"])
def test_an_unknown_language_names_known_ones(value: str):
    with pytest.raises(InputError, match=f"Unknown language '{value}'. Known are auto, en, zh, de"):
        language_code(value)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hello", "en"),
        ("", "en"),
        ("123 !?", "en"),
        ("你好", "zh"),
        ("我买了 iPhone", "zh"),
        ("this is a long line with 你", "en"),
        ("日本語です", "ja"),
        ("コーヒー", "ja"),
        ("안녕하세요", "ko"),
        ("Привет", "ru"),
        ("Καλημέρα", "el"),
        ("مرحبا", "ar"),
        ("שלום", "he"),
        ("नमस्ते", "hi"),
        ("สวัสดี", "th"),
        ("გამარჯობა", "ka"),
        ("Բարեւ", "hy"),
        ("வணக்கம்", "ta"),
        ("ጤና ይስጥልኝ", "am"),
    ],
)
def test_the_script_tells_the_language(text: str, language: str):
    assert main_language(text) == language


def test_scripts_of_letters():
    assert [script_of(c) for c in "aßΩя你ーカ〇한"] == [
        "LATIN", "LATIN", "GREEK", "CYRILLIC", "CJK", "KATAKANA", "KATAKANA", "CJK", "HANGUL",
    ]  # fmt: skip
    assert all(script_of(c) == "" for c in "1 .😀\u0301\ue000")


def test_a_script_is_read_in_the_texts_language_if_it_is_its_own():
    assert language_of_script("LATIN", "de") == "de"
    assert language_of_script("CYRILLIC", "uk") == "uk"
    assert language_of_script("CYRILLIC", "de") == "ru"
    assert language_of_script("LATIN", "zh") == "en"
    assert language_of_script("CJK", "yue") == "yue"
    assert language_of_script("CJK", "ja") == "ja"
    assert language_of_script("RUNIC", "en") == ""


def test_words_are_joined_as_they_are_written():
    assert joined(["Hello", "world"]) == "Hello world"
    assert joined(["我", "买", "iPhone", "了"]) == "我买 iPhone 了"
    assert joined([]) == ""
