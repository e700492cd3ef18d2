from __future__ import annotations

import numpy as np
import pytest

from animdrive.errors import ContractError
from animdrive.sources.audio.espeak import ipa, voices
from animdrive.sources.audio.language.inventory import ARPABET, INVENTORY, PHONES, SYMBOLS
from animdrive.sources.audio.language.ipa import arpabet_of, phone_from_ipa, phones_from_ipa

CONSONANTS = "pbtdʈɖcɟkɡqɢʔmɱnɳɲŋɴʙrʀⱱɾɽɸβfvθðszʃʒʂʐçʝxɣχʁħʕhɦɬɮʋɹɻjɰlɭʎʟʍwɥʜʢʡɕʑɺɧɓɗʄɠʛ"
VOWELS = "iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒ"


def test_every_letter_of_the_ipas_chart_is_one_phone():
    for letter in CONSONANTS + VOWELS:
        (phone,) = phones_from_ipa(letter)
        assert phone_from_ipa(letter)
        assert INVENTORY[phone].syllabic == (letter in VOWELS), letter


@pytest.mark.parametrize(
    ("written", "phones"),
    [
        ("ˈyːbɜ", "y B AH"),  # German "über"
        ("ɪç", "IH ç"),
        ("tsvˈaɪ", "ts V a IH"),
        ("pˈero", "P e r o"),
        ("aβˈeɾ", "a β e DX"),
        ("d͡ʑɛŋkˈujɛ t͡ʃˈɛɕt͡ɕ", "dʑ EH NG K UW Y EH CH EH ɕ tɕ"),
        ("bɔ̃ʒˈuʁ", "B AO ZH UW ʁ"),
        ("ʈʰˈiːk", "T IY K"),
        ("kˈr̩k", "K AH r K"),
        ("kˈo̞o̞", "K o"),
        ("t'ɬʼ", "T L"),
        ("ni˧˩˧", "N IY"),
        ("(en)hˈaʊs(de)", "HH a UH S"),
        ("", ""),
        ("☃ 12 好", ""),
    ],
)
def test_words_in_ipa(written: str, phones: str):
    assert " ".join(phones_from_ipa(written)) == phones


def test_a_tie_changes_nothing():
    for pair in ("ts", "dz", "tɕ", "dʑ", "tʃ", "dʒ", "ʈʂ"):
        for tie in ("\u0361", "\u035c"):
            assert phones_from_ipa(pair[0] + tie + pair[1]) == phones_from_ipa(pair)
            assert len(phones_from_ipa(pair)) == 1


def test_tones_in_letters_are_tones_where_they_are_written_so():
    assert phones_from_ipa("sa5wmsaɜds", language="th") == tuple("S a W M S a D S".split())
    assert phones_from_ipa("phɜ", language="yue") == ("P",)


def test_a_labels_diphthong_is_one_phone_and_a_words_two():
    assert phone_from_ipa("aɪ") == ("AY",)
    assert phones_from_ipa("aɪ") == ("a", "IH")
    assert phone_from_ipa("hello") == ()


def test_every_phone_has_an_arpabet_of_its_own_or_a_near_one():
    for symbol in SYMBOLS:
        near = arpabet_of(symbol)
        assert 1 <= len(near) <= 2
        assert set(near) <= ARPABET
        if symbol in ARPABET:
            assert near == (symbol,)
        else:
            assert set(near) <= set(PHONES)
            # A vowel stays one, and lips that round stay round.
            assert INVENTORY[near[0]].syllabic == INVENTORY[symbol].syllabic
            if INVENTORY[symbol].rounding > 0.6:
                assert INVENTORY[near[0]].rounding > 0.5
    with pytest.raises(ContractError, match="'ah0' is not a phone of the inventory"):
        arpabet_of("ah0")


def test_nothing_that_espeak_says_in_any_language_fails():
    for code, voice in voices().items():
        phones = phones_from_ipa(ipa("mama papa tuku", voice=voice), language=code)
        assert set(phones) <= set(SYMBOLS)
        assert phones, code


def test_any_characters_at_all_are_taken(rng: np.random.Generator):
    for _ in range(300):
        text = "".join(chr(c) for c in rng.integers(1, 0x2FFF, size=12))
        assert set(phones_from_ipa(text)) <= set(SYMBOLS)
        assert set(phone_from_ipa(text[:2])) <= set(SYMBOLS)
