import json

import numpy as np
import pytest

from animdrive.contract import OVR15, Segment, VisemeTrack
from animdrive.errors import ContractError
from animdrive.export.viseme_json import write_azure_json, write_ovr_json


def test_ovr_holds_names_weights_and_cues(tmp_path):
    values = np.eye(15, dtype=np.float32)[[0, 10, 12]]
    cues = (Segment(0, 0.02, "sil"), Segment(0.02, 0.05, "I"))
    write_ovr_json(VisemeTrack(OVR15, 60.0, values), cues, tmp_path / "a.json")
    data = json.loads((tmp_path / "a.json").read_text())
    assert data["fps"] == 60
    assert data["visemes"] == "sil PP FF TH DD kk CH SS nn RR aa E ih oh ou".split()
    assert data["shapeKeys"][12:] == ["viseme_I", "viseme_O", "viseme_U"]
    np.testing.assert_array_equal(data["frames"], values)
    assert data["cues"] == [
        {"start": 0.0, "end": 0.02, "viseme": "sil"},
        {"start": 0.02, "end": 0.05, "viseme": "ih"},
    ]


def test_azure_counts_ticks_and_ends_in_silence(tmp_path):
    cues = (Segment(0, 0.05, "0"), Segment(0.05, 0.1234, "21"))
    write_azure_json(cues, tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == [
        {"AudioOffset": 0, "VisemeId": 0},
        {"AudioOffset": 500_000, "VisemeId": 21},
        {"AudioOffset": 1_234_000, "VisemeId": 0},
    ]
    write_azure_json((), tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == []


def test_foreign_visemes_are_a_bug(tmp_path):
    path = tmp_path / "a.json"
    with pytest.raises(ContractError, match="'22' is none of Azure's viseme ids"):
        write_azure_json((Segment(0, 1, "22"),), path)
    track = VisemeTrack(OVR15, 60.0, np.zeros((1, 15)))
    with pytest.raises(ContractError, match="'ch' is none of the visemes"):
        write_ovr_json(track, (Segment(0, 1, "ch"),), path)
    with pytest.raises(ContractError, match="The visemes must be sil PP"):
        write_ovr_json(VisemeTrack(("a",), 60.0, np.zeros((1, 1))), (), path)
    assert not path.exists()
