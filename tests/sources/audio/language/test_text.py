from __future__ import annotations

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.sources.audio.language.inventory import SILENCE, SYMBOLS
from animdrive.sources.audio.language.text import Spoken, spoken_from_text
from animdrive.sources.audio.sphinx.decoder import lookup


def spoken(text: str, language: str = "auto") -> Spoken:
    return spoken_from_text(text, language=language, lookup=lookup)


def read(text: str, language: str = "auto") -> list[tuple[str, str]]:
    return [(word.text, word.language) for word in spoken(text, language).words]


def test_each_script_has_its_own_reader():
    assert read("hello 你好 Привет Ω world") == [
        ("hello", "en"), ("你", "zh"), ("好", "zh"), ("Привет", "ru"), ("Ω", "el"), ("world", "en"),
    ]  # fmt: skip


def test_numbers_are_read_in_the_language_of_the_line():
    assert ("3", "zh") in read("我买了3个apple")
    assert ("15", "zh") in read("我喜欢 iPhone 15")
    assert ("3", "en") in read("he said 你 3 times")
    assert ("3", "de") in read("um 3 Uhr", "de")
    assert ("12", "ar") in read("مرحبا ١٢")


def test_english_in_mandarin_is_english():
    (word,) = spoken("hello", "zh").words
    assert (word.language, word.key) == ("en", "hello")


def test_latin_letters_are_read_in_the_language_that_is_named():
    assert spoken("die", "de").words[0].pronunciations[0] == ("D", "IY")
    assert spoken("die").words[0].pronunciations[0] == ("D", "AY")


def test_a_language_has_many_names():
    assert spoken("你好", "zh-CN") == spoken("你好", "cmn") == spoken("你好")
    with pytest.raises(InputError, match="Unknown language 'tlh'"):
        spoken("hello", "tlh")


def test_what_nothing_can_read_is_told():
    assert spoken("hello ᚠᚢᚦ").notes == ("Left out, for nothing here can read it: 'ᚠᚢᚦ'.",)


@pytest.mark.parametrize("language", ["auto", "en", "zh", "de", "ja", "ru", "ar", "yue", "th"])
def test_no_text_stops_a_line(language: str, rng: np.random.Generator):
    blocks = [0x20, 0x370, 0x590, 0x900, 0xE00, 0x1100, 0x2000, 0x3040, 0x4E00, 0xAC00, 0x1F600]
    for block in blocks:
        text = "".join(chr(block + int(c)) for c in rng.integers(0, 220, size=50))
        for word in spoken(f"feed'st {text} 2024", language).words:
            assert word.text
            assert word.pronunciations
            for phones in word.pronunciations:
                assert phones
                assert set(phones) <= set(SYMBOLS) - {SILENCE}


@pytest.mark.parametrize("text", ["", " ", "…", "😀", "[door slams]", "\x00", "。！"])
@pytest.mark.parametrize("language", ["auto", "zh", "de"])
def test_a_text_without_words_has_none(text: str, language: str):
    assert spoken(text, language).words == ()
