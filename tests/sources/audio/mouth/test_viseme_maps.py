import json
from pathlib import Path

import pytest

from animdrive.contract import OVR15, PhoneTrack, Segment
from animdrive.errors import ContractError, InputError
from animdrive.export.viseme_json import OVR_NAMES
from animdrive.sources.audio.language.phones import BILABIALS, CLASS_OF_PHONE, CLASSES, PHONES
from animdrive.sources.audio.mouth.viseme_maps import VisemeMaps, cues_of, read_viseme_maps


def test_every_phone_has_its_viseme_in_every_set():
    maps = VisemeMaps()
    for table in (maps.classes, maps.ovr, maps.azure, maps.rhubarb):
        assert set(table) == set(CLASS_OF_PHONE)
    assert set(maps.classes.values()) == set(CLASSES)
    assert set(maps.ovr.values()) == set(OVR15)
    assert set(maps.azure.values()) == {str(number) for number in range(22)}


def test_closures_and_only_they_are_closed_in_every_set():
    maps = VisemeMaps()
    for table, closed in ((maps.ovr, "PP"), (maps.azure, "21"), (maps.rhubarb, "A")):
        assert {p for p in PHONES if closed in table[p]} == BILABIALS
    for table, bitten in ((maps.ovr, "FF"), (maps.azure, "18"), (maps.rhubarb, "G")):
        assert {p for p in PHONES if bitten in table[p]} == {"F", "V"}


def test_equal_neighbours_are_one_cue():
    said = [(0, 1, "SIL"), (1, 2, "P"), (2, 3, "B"), (3.5, 4, "M")]
    phones = PhoneTrack(tuple(Segment(*row) for row in said))
    assert cues_of(phones, VisemeMaps().ovr) == (
        Segment(0, 1, "sil"), Segment(1, 3, "PP"), Segment(3.5, 4, "PP"),
    )  # fmt: skip
    with pytest.raises(ContractError, match="'XX' is not a phone"):
        cues_of(PhoneTrack((Segment(0, 1, "XX"),)), VisemeMaps().ovr)


def test_a_users_rows_replace_ours_and_leave_the_rest(tmp_path):
    path = tmp_path / "map.json"
    tables = {
        "rhubarb": {"ah0": "D", "L": "B|H", "ɕ": "C", "y": "E>F"},
        "ovr": {"HH": "sil", "IY": "viseme_I", "UW": "ou"},
        "azure": {"ER": 13},
        "classes": {"W": "open"},
    }
    path.write_text(json.dumps(tables))
    maps, ours = read_viseme_maps(path), VisemeMaps()
    assert (maps.rhubarb["AH"], maps.rhubarb["L"]) == ("D", "B|H")
    assert (maps.rhubarb["ɕ"], maps.rhubarb["y"]) == ("C", "E>F")
    assert maps.rhubarb_by_length == {}
    assert maps.rhubarb_short == ours.rhubarb_short
    assert [maps.ovr[p] for p in ("HH", "IY", "UW")] == ["sil", "I", "U"]
    assert maps.azure == {**ours.azure, "ER": "13"}
    assert maps.classes == {**ours.classes, "W": "open"}
    path.write_text("{}")
    assert read_viseme_maps(path) == ours


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "must hold tables by name"),
        ('{"rhubard": {}}', "no table 'rhubard'. Known: classes, ovr, azure, rhubarb"),
        ('{"ovr": ["PP"]}', "table 'ovr' must be rows"),
        ('{"ovr": {"XX": "PP"}}', "table 'ovr': 'XX' is not a phone. Known: P B M"),
        ('{"ovr": {"P": "pp2"}}', "table 'ovr': 'pp2' .P. is unknown. Known: sil, PP"),
        ('{"azure": {"P": 22}}', "table 'azure': '22' .P. is unknown. Known: 0, 1"),
        ('{"azure": {"P": true}}', "the viseme of 'P' is no name"),
        ('{"classes": {"P": "shut"}}', "'shut' .P. is unknown. Known: closed"),
        ('{"rhubarb": {"P": "I"}}', "table 'rhubarb': 'I' .P. is no shape A-H or X"),
        ('{"rhubarb": {"P": "A>B>C"}}', "'A>B>C' .P. is no shape"),
        ('{"rhubarb": {"P": "A|"}}', "'A.' .P. is no shape"),
    ],
)
def test_tables_that_cannot_be_are_refused(tmp_path, text, message):
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_viseme_maps(tmp_path / "map.json")


def test_the_documented_table_is_the_one_in_use():
    page = (Path(__file__).parents[4] / "docs" / "timings.md").read_text(encoding="utf-8")
    table = page[page.index("| phone | class") :].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    maps = VisemeMaps()
    assert [row[0] for row in rows] == list(maps.classes)
    for phone, mouth_class, ovr, azure, rhubarb in rows:
        assert mouth_class == maps.classes[phone]
        assert ovr == OVR_NAMES[maps.ovr[phone]]
        assert azure == maps.azure[phone]
        shapes, *lengths = rhubarb.split("; ")
        assert shapes.replace(" or ", "|").replace(" then ", ">") == maps.rhubarb[phone]
        rules = {**maps.rhubarb_by_length, **maps.rhubarb_short}
        assert bool(lengths) == (phone in rules)
        for length in lengths:
            seconds, shape = rules[phone]
            assert f"{seconds:g} s" in length
            assert length.replace(" or ", "|").endswith(f" {shape}")
