import json
from xml.etree import ElementTree

import pytest

from animdrive.contract import Segment
from animdrive.errors import ContractError, InputError
from animdrive.export.rhubarb import (
    write_rhubarb_dat,
    write_rhubarb_json,
    write_rhubarb_tsv,
    write_rhubarb_xml,
)

CUES = (
    Segment(0.0, 0.05, "X"),
    Segment(0.05, 0.29, "D"),
    Segment(0.29, 0.31, "B"),
    Segment(0.31, 1.0, "A"),
)


def test_tsv_ends_with_a_closed_mouth(tmp_path):
    write_rhubarb_tsv(CUES, tmp_path / "a.tsv")
    assert (tmp_path / "a.tsv").read_text() == "0.00\tX\n0.05\tD\n0.29\tB\n0.31\tA\n1.00\tX\n"


def test_json_and_xml_hold_the_same_cues(tmp_path):
    sound = tmp_path / 'a & "b".wav'
    write_rhubarb_json(CUES, tmp_path / "a.json", sound=sound)
    write_rhubarb_xml(CUES, tmp_path / "a.xml", sound=sound)
    data = json.loads((tmp_path / "a.json").read_text())
    assert data["metadata"] == {"soundFile": str(sound), "duration": 1.0}
    assert [tuple(cue.values()) for cue in data["mouthCues"]] == [
        (cue.start_s, cue.end_s, cue.label) for cue in CUES
    ]
    root = ElementTree.parse(tmp_path / "a.xml").getroot()  # noqa: S314 - our own file
    assert root.tag == "rhubarbResult"
    assert root.findtext("metadata/soundFile") == str(sound)
    assert root.findtext("metadata/duration") == "1.00"
    assert [
        {"start": float(c.get("start")), "end": float(c.get("end")), "value": c.text}
        for c in root.iterfind("mouthCues/mouthCue")
    ] == data["mouthCues"]


def test_a_sound_without_cues_rests(tmp_path):
    write_rhubarb_json((), tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "metadata": {"soundFile": "", "duration": 0.0},
        "mouthCues": [{"start": 0.0, "end": 0.0, "value": "X"}],
    }


def test_dat_counts_frames_from_one_and_keeps_closures(tmp_path):
    write_rhubarb_dat(CUES, tmp_path / "a.dat")
    # 0.29 s and 0.31 s are both in frame 7 and 8 of 24 a second: 1 + 6.96, 1 + 7.44
    assert (tmp_path / "a.dat").read_text() == (
        "MohoSwitch1\n1 rest\n2 AI\n7 etc\n8 MBP\n25 rest\n"
    )
    crowded = (Segment(0, 0.01, "X"), Segment(0.01, 0.02, "A"), Segment(0.02, 1, "C"))
    write_rhubarb_dat(crowded, tmp_path / "b.dat")
    assert (tmp_path / "b.dat").read_text() == "MohoSwitch1\n1 MBP\n25 rest\n"


def test_the_last_line_of_a_dat_has_a_frame_of_its_own(tmp_path):
    write_rhubarb_dat((Segment(0, 0.02, "D"),), tmp_path / "a.dat", fps=30)
    assert (tmp_path / "a.dat").read_text() == "MohoSwitch1\n1 AI\n2 rest\n"


@pytest.mark.parametrize("fps", [12, 101, float("nan")])
def test_rates_that_a_dat_cannot_have_are_refused(tmp_path, fps):
    with pytest.raises(InputError, match=r"24\.\.100 frames per second, got"):
        write_rhubarb_dat(CUES, tmp_path / "a.dat", fps=fps)


def test_what_is_no_row_of_shapes_is_a_bug(tmp_path):
    with pytest.raises(ContractError, match="'Z' is none of the mouth shapes"):
        write_rhubarb_tsv((Segment(0, 1, "Z"),), tmp_path / "a.tsv")
    with pytest.raises(ContractError, match=r"B starts at 1\.500 s, not at 1\.000 s"):
        write_rhubarb_tsv((Segment(0, 1, "A"), Segment(1.5, 2, "B")), tmp_path / "a.tsv")
