from __future__ import annotations

import builtins

import numpy as np
import pytest

from animdrive.errors import BackendError
from animdrive.sources.audio.language.inventory import SYMBOLS
from animdrive.sources.audio.language.mandarin import mandarin_words


def said(text: str) -> list[str]:
    return [" ".join(word.pronunciations[0]) for word in mandarin_words(text)]


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("你好", ["N IY", "x a UH"]),
        ("女", ["N y"]),
        ("学习", ["ɕ ɥ EH", "ɕ IY"]),
        ("儿子", ["ER", "dz ɨ"]),
        ("知道", ["ʈʂ ɨ", "D a UH"]),
        ("银行行长", ["IY N", "x AA NG", "x AA NG", "ʈʂ AA NG"]),
        ("行为", ["ɕ IY NG", "W e IH"]),
        ("学習國語", ["ɕ ɥ EH", "ɕ IY", "G W o", "y"]),
        ("〇", ["L IY NG"]),
        ("50%", ["B a IH F AH N ʈʂ ɨ UW ʂ ɨ"]),
        ("A，好！", ["x a UH"]),
        ("", []),
    ],
)
def test_characters(text: str, phones: list[str]):
    assert said(text) == phones


def test_each_character_is_a_word_with_its_pinyin():
    words = mandarin_words("女儿学习")
    assert [word.text for word in words] == list("女儿学习")
    assert [word.spelling for word in words] == ["nv3", "er2", "xue2", "xi2"]
    assert {word.language for word in words} == {"zh"}


def test_erhua_colours_the_syllable_before():
    dot, er = mandarin_words("点儿")
    assert dot.pronunciations == (tuple("D Y EH".split()), tuple("D Y EH N".split()))
    assert er.pronunciations == (("ER",),)
    daughter, _ = mandarin_words("女儿")
    assert daughter.pronunciations[0] == ("N", "y")
    assert said("儿") == ["ER"]


def test_a_character_alone_may_have_several_readings():
    (of,) = mandarin_words("了")
    assert of.pronunciations == (("L", "ɤ"), tuple("L Y a UH".split()))
    assert all(len(word.pronunciations) <= 3 for word in mandarin_words("着的得地重長行樂"))


def test_a_year_and_a_count_are_read_apart():
    year, unit, *_ = mandarin_words("2024年")
    assert (year.text, unit.text) == ("2024", "年")
    assert " ".join(year.pronunciations[0]) == "ER L IY NG ER S ɨ"
    (count, _) = mandarin_words("2个")
    assert [" ".join(p) for p in count.pronunciations] == ["ER", "L Y AA NG"]


def test_no_character_of_the_plane_stops_a_line(rng: np.random.Generator):
    for first in (0x3400, 0x4E00, 0x7000, 0x9000, 0xF900):
        text = "".join(chr(first + int(c)) for c in rng.integers(0, 0x500, size=60))
        for word in mandarin_words(text):
            assert word.pronunciations
            assert all(p and set(p) <= set(SYMBOLS) for p in word.pronunciations)


def test_without_pypinyin_the_cure_is_named(monkeypatch: pytest.MonkeyPatch):
    usual = builtins.__import__

    def absent(name, *rest, **options):
        if name == "pypinyin":
            raise ImportError(name)
        return usual(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(BackendError, match="is not installed: pip install pypinyin"):
        mandarin_words("好")
