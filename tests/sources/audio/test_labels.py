import pytest

from animdrive.sources.audio.labels import is_silence, phones_of_label, uses_arpabet
from animdrive.sources.audio.phones import CLASS_OF_PHONE, PHONES

MFA_ENGLISH = """
a aj aw aː b bʲ c cʰ cʷ d dʒ dʲ d̪ e ej f fʲ h i iː j k kʰ kʷ l m mʲ m̩ n n̩ o ow p pʰ pʲ pʷ s t tʃ
tʰ tʲ tʷ t̪ v vʲ w z æ ç ð ŋ ɐ ɑ ɑː ɒ ɒː ɔ ɔj ə əw ɚ ɛ ɛː ɜ ɜː ɝ ɟ ɟʷ ɡ ɡʷ ɪ ɫ ɫ̩ ɱ ɲ ɹ ɾ ɾʲ ɾ̃ ʃ ʉ
ʉː ʊ ʎ ʒ ʔ θ
""".split()
"""Phones of English as the IPA models of the Montreal Forced Aligner write them."""


def test_arpabet_is_known_with_or_without_stress_in_any_case():
    for phone in PHONES:
        for label in (phone, phone.lower(), f"{phone}0", f"{phone.lower()}1", f" {phone}_B "):
            assert phones_of_label(label, arpabet=True) == (phone,)


def test_all_of_mfas_english_ipa_is_known():
    assert not uses_arpabet(MFA_ENGLISH)
    for label in MFA_ENGLISH:
        phones = phones_of_label(label, arpabet=False)
        assert phones, label
        assert set(phones) <= set(CLASS_OF_PHONE)


@pytest.mark.parametrize(
    ("label", "phones"),
    [
        ("pʰ", "P"), ("t͡ʃ", "CH"), ("ˈɑː", "AA"), ("j", "Y"), ("y", "UW"), ("n̩", "AH N"),
        ("ɲ", "N Y"), ("ɔj", "OY"), ("ʔ", "Q"), ("ɾ", "DX"), ("ẽ", "EH"), ("tɕʰ", "CH"),
        ("ɥ", "W"), ("a˥˩", "AA"), ("ç", "SH"), ("uː", "UW"), ("ɹ̩", "ER"),
    ],
)  # fmt: skip
def test_ipa_with_its_marks(label, phones):
    assert phones_of_label(label, arpabet=False) == tuple(phones.split())


def test_letters_that_both_alphabets_use_are_told_apart_by_the_file():
    assert phones_of_label("y", arpabet=True) == ("Y",)
    assert phones_of_label("y", arpabet=False) == ("UW",)
    assert phones_of_label("AW1", arpabet=False) == ("AW",)
    assert uses_arpabet(["y", "ah0", "", "sil", "H#", "bcl"])
    assert not uses_arpabet(["y", "ə"])


def test_timits_phones_are_known():
    said = {label: phones_of_label(label, arpabet=True) for label in "pcl ax-h ux en dx h#".split()}
    assert said == {
        "pcl": ("P",), "ax-h": ("AH",), "ux": ("UW",), "en": ("AH", "N"), "dx": ("DX",),
        "h#": ("SIL",),
    }  # fmt: skip


@pytest.mark.parametrize("label", ["", "sil", "SP", "spn", "<eps>", "<p:>", "SIL_S", "h#"])
def test_silences_are_silent(label):
    assert is_silence(label)
    assert phones_of_label(label, arpabet=False) == ("SIL",)


@pytest.mark.parametrize("label", ["XQ", "xyz", "hello", "好", "AA3", "7", "p b"])
@pytest.mark.parametrize("arpabet", [True, False])
def test_what_is_no_phone_is_unknown(label, arpabet):
    assert phones_of_label(label, arpabet=arpabet) == ()
    assert not is_silence(label)
