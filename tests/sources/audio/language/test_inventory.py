from __future__ import annotations

from pathlib import Path

import pytest

from animdrive.errors import ContractError
from animdrive.sources.audio.language.inventory import (
    ARPABET,
    BILABIALS,
    FEATURES,
    INVENTORY,
    LABIODENTALS,
    MANNERS,
    PHONES,
    SILENCE,
    SYMBOLS,
    VOWELS,
    features,
    is_phone,
    plain_phone,
)
from animdrive.sources.audio.language.ipa import arpabet_of, phones_from_ipa
from animdrive.sources.audio.language.phones import CLASS_OF_PHONE, VISEME_OF_PHONE
from animdrive.sources.audio.language.pinyin import FINALS, INITIALS, PINYIN_OF_PHONE
from animdrive.sources.audio.mouth.poses import GROUPS, POSES
from animdrive.sources.audio.mouth.viseme_maps import VisemeMaps

PAGE = Path(__file__).parents[4] / "docs" / "phones.md"
LACKING = [symbol for symbol in SYMBOLS if symbol not in ARPABET]


def phone_rows() -> list[str]:
    names = "closure labiodental rounding spread openness front high tip voiced".split()
    return [
        f"| {symbol} | {phone.ipa} | {phone.manner} | "
        + " | ".join(f"{getattr(phone, name):g}" for name in names)
        + f" | {' '.join(arpabet_of(symbol))} | {PINYIN_OF_PHONE.get(symbol, '')} |"
        for symbol, phone in INVENTORY.items()
    ]


def initial_rows() -> list[str]:
    return [f"| {initial} | {phone} |" for initial, phone in INITIALS.items()]


def final_rows() -> list[str]:
    return [f"| {final} | {phones} |" for final, phones in FINALS.items()]


def test_the_documented_tables_are_the_ones_in_use():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for rows in (phone_rows(), initial_rows(), final_rows()):
        first = lines.index(rows[0])
        assert lines[first : first + len(rows)] == rows
        assert not lines[first + len(rows)].startswith("|")


def test_symbols_are_arpabet_and_letters_of_the_ipa():
    assert len(set(SYMBOLS)) == len(SYMBOLS)
    assert set(PHONES) < ARPABET < set(SYMBOLS)
    assert {symbol for symbol in SYMBOLS if symbol.isupper()} == ARPABET
    assert all(INVENTORY[symbol].ipa == symbol for symbol in LACKING)


def test_every_phone_but_diphthongs_is_what_its_ipa_says():
    for symbol, phone in INVENTORY.items():
        if symbol == SILENCE:
            continue
        said = phones_from_ipa(phone.ipa)
        assert said == (symbol,) if not phone.diphthong else len(said) == 2
        if phone.diphthong:
            assert set(said) <= VOWELS


def test_every_phone_is_in_every_table():
    maps = VisemeMaps()
    tables = (CLASS_OF_PHONE, VISEME_OF_PHONE, maps.classes, maps.ovr, maps.azure, maps.rhubarb)
    for table in (*tables, POSES):
        assert set(table) == set(SYMBOLS)
    assert all(set(arpabet_of(symbol)) <= ARPABET for symbol in SYMBOLS)


def test_features_are_numbers_from_0_to_1():
    for symbol in SYMBOLS:
        numbers = features(symbol)
        assert len(numbers) == len(FEATURES)
        assert all(0 <= number <= 1 for number in numbers)
        assert INVENTORY[symbol].manner in MANNERS
        # One manner, or a vowel.
        assert sum(numbers[FEATURES.index("syllabic") :]) == 1


def test_features_tell_all_phones_apart_but_those_that_english_alone_parts():
    same: dict[tuple[float, ...], list[str]] = {}
    for symbol in SYMBOLS:
        same.setdefault(features(symbol), []).append(symbol)
    assert [group for group in same.values() if len(group) > 1] == []


def test_lips_meet_for_bilabials_only():
    assert BILABIALS == {"P", "B", "M"}
    assert LABIODENTALS == {"F", "V"}
    assert 0 < INVENTORY["β"].closure < 1


def test_rounded_phones_have_rounded_poses():
    for symbol, phone in INVENTORY.items():
        for pose in POSES[symbol]:
            pucker = pose.values.get("mouthPucker", 0) + pose.values.get("mouthFunnel", 0)
            if phone.rounding >= 0.8 and not phone.diphthong:
                assert pucker > 0.7
            if phone.rounding == 0:
                assert pucker == 0
            if phone.spread > 0 and not phone.diphthong:
                assert pose.values["mouthStretchLeft"] > 0


def test_poses_of_new_sounds_lie_between_their_neighbours():
    def jaw(symbol: str) -> float:
        return POSES[symbol][0].values["jawOpen"]

    assert jaw("IY") < jaw("e") < jaw("EH")
    assert jaw("UW") < jaw("o") < jaw("AO")
    assert jaw("y") <= jaw("ø") < jaw("œ")
    assert jaw("β") < jaw("V")
    assert jaw("a") > jaw("AH")
    assert jaw("ɨ") < jaw("IY")


def test_left_and_right_are_equal():
    for poses in POSES.values():
        for pose in poses:
            assert set(pose.hold) == set(GROUPS)
            for name, value in pose.values.items():
                if name.endswith("Left"):
                    assert pose.values[name.removesuffix("Left") + "Right"] == value


def test_a_symbol_is_itself_and_arpabet_has_any_case():
    assert all(plain_phone(symbol) == symbol and is_phone(symbol) for symbol in SYMBOLS)
    assert [plain_phone(label) for label in (" ah0", "Ng", "y", "Y")] == ["AH", "NG", "y", "Y"]
    assert not is_phone("ah0")


@pytest.mark.parametrize("label", ["ʃ", "", "XX", "qq", "tʃ"])
def test_what_is_no_symbol_is_refused(label: str):
    with pytest.raises(ContractError, match=r"is not a phone\. Known are ARPABET and the symbols"):
        features(label)
