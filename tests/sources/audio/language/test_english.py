from __future__ import annotations

import pytest

from animdrive.errors import BackendError
from animdrive.sources.audio.language import english
from animdrive.sources.audio.language.english_ipa import arpabet_from_ipa
from animdrive.sources.audio.language.english_weak_forms import WEAK_FORMS
from animdrive.sources.audio.language.inventory import PHONES
from animdrive.sources.audio.language.letters import phones_from_letters
from animdrive.sources.audio.language.text import spoken_from_text
from animdrive.sources.audio.sphinx.decoder import lookup


def words_of(text: str) -> list[str]:
    spoken = spoken_from_text(text, language="en", lookup=lookup)
    assert {word.language for word in spoken.words} <= {"en"}
    return [word.text for word in spoken.words]


def said(text: str) -> list[str]:
    (word,) = spoken_from_text(text, language="en", lookup=lookup).words
    return [" ".join(phones) for phones in word.pronunciations]


def test_words_of_the_dictionary_keep_all_their_pronunciations():
    assert said("the")[:2] == ["DH AH", "DH IY"]
    assert said("record") == ["R AH K AO R D", "R EH K ER D", "R IH K AO R D"]


def test_function_words_have_their_weak_forms_too():
    assert said("your") == ["Y AO R", "Y UH R", "Y ER"]
    assert {"AH V", "AH", "IH V"} == set(said("of"))


def test_weak_forms_are_of_words_in_the_dictionary_and_new_to_it():
    for word, ways in WEAK_FORMS.items():
        known = {" ".join(phones) for phones in lookup(word)}
        assert known
        assert not known & set(ways)
        assert len(set(ways)) == len(ways)
        assert {phone for way in ways for phone in way.split()} <= set(PHONES)


def test_punctuation_parts_words_and_falls_away():
    assert words_of("“Well—no,” she said… (twice): a/b; half-way!") == (
        "Well no she said twice a b half way".split()
    )


def test_curly_quotes_are_apostrophes():
    assert said("don’t") == said("don't")
    assert words_of("‘tis light’s") == ["tis", "light's"]


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("feed'st", "F IY D S T"),
        ("café", "K AH F EY"),
        ("7", "S EH V AH N"),
        ("3rd", "TH ER D"),
        ("50%", "F IH F T IY P ER S EH N T"),
        ("$1", "W AH N D AA L ER"),
        ("&", "AH N D"),
        ("XKCD", "EH K S K EY S IY D IY"),
        ("Noooooo", "N OW"),
        ("mr.", "M IH S T ER"),
    ],
)
def test_words_outside_the_dictionary_are_said(text: str, phones: str):
    assert phones in said(text)


def test_a_year_may_be_read_in_two_ways():
    ways = said("1984")
    assert any("HH AH N D R IH D" in way for way in ways)
    assert any("HH" not in way for way in ways)


def test_money_may_be_read_with_and_without_cents():
    assert [way.endswith("S EH N T S") for way in said("$5.20")] == [False, True]


def test_a_number_below_zero_begins_with_minus():
    assert words_of("-5 to 5") == ["minus", "5", "to", "5"]


def test_an_unknown_possessive_is_its_stem_with_an_ending():
    assert said("blorpfish's")[0].endswith(("IH Z", "SH AH Z", "SH IH Z"))
    assert said("telescope's") == ["T EH L AH S K OW P S"]


def test_acronyms_outside_the_dictionary_may_be_spelt_or_read():
    assert len(said("ZORP")) == 2


def test_stage_directions_are_not_spoken_and_told():
    spoken = spoken_from_text("[laughs] hello <break/> you", lookup=lookup)
    assert [word.text for word in spoken.words] == ["hello", "you"]
    assert spoken.notes == ("Not spoken, for it stands in brackets: '[laughs]', '<break/>'.",)


@pytest.mark.parametrize("text", ["", " \n\t", "😀😀", "…!?", "[door slams]", "\x00\x07"])
def test_a_text_without_words_has_none(text: str):
    assert spoken_from_text(text, lookup=lookup).words == ()


def test_nothing_stops_a_text():
    odd = "a" * 200 + " x" * 50 + " ½ Ⅳ ｆｕｌｌ O'B.r-i&e'n '' ' .' 1,2,3.4.5 $ % 9" + "9" * 80
    for word in spoken_from_text(odd, lookup=lookup).words:
        assert word.text
        assert word.pronunciations
        for phones in word.pronunciations:
            assert phones
            assert set(phones) <= set(PHONES)


def test_without_espeak_letters_and_digits_are_said_by_rule(monkeypatch: pytest.MonkeyPatch):
    def absent(text: str) -> str:
        raise BackendError(f"espeak-ng cannot say {text}")

    monkeypatch.setattr(english, "ipa", absent)
    english._by_voice.cache_clear()
    try:
        assert said("blorfing") == ["B L AA R F IH NG"] or said("blorfing") == ["B L AO R F IH NG"]
        assert said("42") == ["F AO R T UW"]
    finally:
        english._by_voice.cache_clear()


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("cheese", "CH IY S"),
        ("gentle", "JH EH N T L"),
        ("Kitchen", "K IH CH EH N"),
        ("hope", "HH AA P"),
        ("42", ""),
    ],
)
def test_letter_rules(word: str, phones: str):
    assert " ".join(phones_from_letters(word)) == phones


@pytest.mark.parametrize(
    ("ipa", "phones"),
    [
        ("tʃˈɜːtʃ", "CH ER CH"),
        ("wˈɔːɾɚ", "W AO T ER"),
        ("bˈʌʔn̩", "B AH T AH N"),
        ("dʒˈɔɪ", "JH OY"),
        ("fˈaɪɚ", "F AY ER"),
        ("ǃ", ""),
    ],
)
def test_ipa_becomes_arpabet(ipa: str, phones: str):
    assert " ".join(arpabet_from_ipa(ipa)) == phones
