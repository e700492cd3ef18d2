from __future__ import annotations

import pytest

from animdrive.errors import BackendError
from animdrive.sources.audio.espeak import ipa, voices
from animdrive.sources.audio.language import other_languages
from animdrive.sources.audio.language.other_languages import words_of_language


def said(text: str, language: str) -> dict[str, str]:
    words, _ = words_of_language(text, language)
    assert {word.language for word in words} <= {language}
    return {word.text: " ".join(word.pronunciations[0]) for word in words}


def test_german():
    words = said("Über ich bin's, zwei Häuser – 20%!", "de")
    assert words["Über"].startswith("y B")
    assert words["ich"] == "IH ç"
    assert words["zwei"] == "ts V a IH"
    assert words["Häuser"].startswith("HH AO")
    assert set(words) == {"Über", "ich", "bin's", "zwei", "Häuser", "20%"}


def test_spanish():
    words = said("El perro haber llama niños y 2", "es")
    assert words["perro"] == "P e r o"
    assert "β" in words["haber"]
    assert words["niños"] == "N IY ɲ o S"
    assert words["y"] == "IY"
    assert words["2"] == "D o S"


def test_japanese():
    words, unread = words_of_language("これはペンです。ガッコウ 日本", "ja")
    assert [word.text for word in words] == ["これはペンです", "ガッコウ"]
    assert words[0].pronunciations[0][:2] == ("K", "o")
    assert "ɯ" in words[1].pronunciations[0]
    assert unread == ("日本",)


def test_russian():
    words = said("Я в доме с другом, ты", "ru")
    assert words["Я"] == "Y a"
    assert (words["в"], words["с"]) == ("V", "S")  # not the names of the letters
    assert words["доме"].startswith("D o M")


def test_words_keep_the_marks_of_their_script():
    assert set(said("नमस्ते दुनिया", "hi")) == {"नमस्ते", "दुनिया"}
    assert said("مُحَمَّد", "ar")["مُحَمَّد"].startswith("M")


def test_long_runs_without_blanks_are_cut_between_letters():
    words, _ = words_of_language("สวัสดีครับผมชื่อสมชาย" * 3, "th")
    assert len(words) > 3
    assert all(len(word.text) < 20 for word in words)
    words, _ = words_of_language("a" * 500, "de")
    assert max(len(word.text) for word in words) == 60


def test_without_espeak_latin_letters_are_read_by_rule(monkeypatch: pytest.MonkeyPatch):
    def absent():
        raise BackendError("no espeak-ng")

    monkeypatch.setattr(other_languages, "voices", absent)
    other_languages._said.cache_clear()
    try:
        words, unread = words_of_language("Hände привет", "de")
        assert [" ".join(word.pronunciations[0]) for word in words] == ["HH AE N D"]
        assert unread == ("привет",)
    finally:
        other_languages._said.cache_clear()


def test_every_voice_that_is_listed_can_be_used():
    listed = voices()
    assert len(listed) > 120
    assert {"de", "fr", "fr-fr", "pt-br", "zh", "ja", "ar"} <= set(listed)
    assert ipa("oui", voice=listed["fr"]) == ipa("oui", voice=listed["fr-fr"]) == "wˈi"
