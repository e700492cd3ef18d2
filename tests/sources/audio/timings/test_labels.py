import pytest

from animdrive.sources.audio.language.inventory import PHONES, SYMBOLS
from animdrive.sources.audio.timings.labels import (
    alphabet_of,
    is_silence,
    phones_of_label,
    phones_of_labels,
)

MFA_ENGLISH = """
a aj aw aː b bʲ c cʰ cʷ d dʒ dʲ d̪ e ej f fʲ h i iː j k kʰ kʷ l m mʲ m̩ n n̩ o ow p pʰ pʲ pʷ s t tʃ
tʰ tʲ tʷ t̪ v vʲ w z æ ç ð ŋ ɐ ɑ ɑː ɒ ɒː ɔ ɔj ə əw ɚ ɛ ɛː ɜ ɜː ɝ ɟ ɟʷ ɡ ɡʷ ɪ ɫ ɫ̩ ɱ ɲ ɹ ɾ ɾʲ ɾ̃ ʃ ʉ
ʉː ʊ ʎ ʒ ʔ θ
""".split()
"""Phones of English as the IPA models of the Montreal Forced Aligner write them."""


def test_arpabet_is_known_with_or_without_stress_in_any_case():
    for phone in PHONES:
        for label in (phone, phone.lower(), f"{phone}0", f"{phone.lower()}1", f" {phone}_B "):
            assert phones_of_label(label, alphabet="arpabet") == (phone,)


def test_all_of_mfas_english_ipa_is_known():
    assert alphabet_of(MFA_ENGLISH) == "ipa"
    for label in MFA_ENGLISH:
        phones = phones_of_label(label, alphabet="ipa")
        assert phones, label
        assert set(phones) <= set(SYMBOLS)


@pytest.mark.parametrize(
    ("label", "phones"),
    [
        ("pʰ", "P"), ("t͡ʃ", "CH"), ("ˈɑː", "AA"), ("j", "Y"), ("y", "y"), ("n̩", "AH N"),
        ("ɲ", "ɲ"), ("ɔj", "OY"), ("ʔ", "Q"), ("ɾ", "DX"), ("ẽ", "e"), ("tɕʰ", "tɕ"),
        ("ɥ", "ɥ"), ("a˥˩", "a"), ("ç", "ç"), ("uː", "UW"), ("ɹ̩", "ER"),
        ("ʐ̩", "ɨ"), ("pf", "P F"), ("aj", "AY"), ("ɜː", "ER"), ("d͡ʑ", "dʑ"), ("ʈ͡ʂʰ", "ʈʂ"),
    ],
)  # fmt: skip
def test_ipa_with_its_marks(label, phones):
    assert phones_of_label(label, alphabet="ipa") == tuple(phones.split())


def test_letters_that_both_alphabets_use_are_told_apart_by_the_file():
    assert phones_of_label("y", alphabet="arpabet") == ("Y",)
    assert phones_of_label("y", alphabet="ipa") == ("y",)
    assert phones_of_label("AW1", alphabet="ipa") == ("AW",)
    assert alphabet_of(["y", "ah0", "", "sil", "H#", "bcl"]) == "arpabet"
    assert alphabet_of(["y", "ə"]) == "ipa"
    assert alphabet_of(["y", "B", "AH"]) == "ipa"


def test_timits_phones_are_known():
    said = {
        label: phones_of_label(label, alphabet="arpabet")
        for label in "pcl ax-h ux en dx h#".split()
    }
    assert said == {
        "pcl": ("P",), "ax-h": ("AH",), "ux": ("UW",), "en": ("AH", "N"), "dx": ("DX",),
        "h#": ("SIL",),
    }  # fmt: skip


@pytest.mark.parametrize("label", ["", "sil", "SP", "spn", "<eps>", "<p:>", "SIL_S", "h#"])
def test_silences_are_silent(label):
    assert is_silence(label)
    assert phones_of_label(label, alphabet="ipa") == ("SIL",)


@pytest.mark.parametrize("label", ["XQ", "xyz", "hello", "好", "AA3", "0", "p b"])
@pytest.mark.parametrize("alphabet", ["arpabet", "ipa", "pinyin", "sampa"])
def test_what_is_no_phone_is_unknown(label, alphabet):
    assert phones_of_label(label, alphabet=alphabet) == ()
    assert not is_silence(label)


def test_our_own_symbols_come_back():
    for symbol in SYMBOLS:
        assert phones_of_label(symbol, alphabet="ipa") == (symbol,)
    assert phones_of_labels(SYMBOLS) == [(symbol,) for symbol in SYMBOLS]


@pytest.mark.parametrize(
    ("labels", "phones"),
    [
        ("x ve2 x i2", "ɕ,ɥ EH,ɕ,IY"),
        ("sil sh iii4 j ie4", "SIL,ʂ,ɨ,dʑ,Y EH"),
        ("ni3 hǎo", "N IY,x a UH"),
        ("zh i1 d ao4 l v4", "ʈʂ,ɨ,D,a UH,L,y"),
        ("b ian3 h ui2 n ü3", "B,Y EH N,x,W e IH,N,y"),
    ],
)
def test_tiers_in_pinyin(labels, phones):
    assert alphabet_of(labels.split()) == "pinyin"
    assert phones_of_labels(labels.split()) == [tuple(p.split()) for p in phones.split(",")]


@pytest.mark.parametrize(
    ("labels", "phones"),
    [
        ("<p:> ? aI S @ n 6 C x N", "SIL,Q,AY,SH,AH,N,AH,ç,x,NG"),
        ("y: b 6 E 2: 9 OY ts", "y,B,AH,EH,ø,œ,AO y,ts"),
    ],
)
def test_tiers_in_sampa(labels, phones):
    assert alphabet_of(labels.split()) == "sampa"
    assert phones_of_labels(labels.split()) == [tuple(p.split()) for p in phones.split(",")]
