"""What speech is written to besides curves, on words whose times are known."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from animdrive.contract import PhoneTrack, Segment
from animdrive.errors import ContractError, InputError
from animdrive.export import read_curves
from animdrive.export.mouth_cues import read_visemes_tsv, write_phones_tsv
from animdrive.export.textgrid import read_textgrid
from animdrive.pipeline.jobs import animate_audio
from animdrive.pipeline.outputs import (
    DEFAULT_FORMATS,
    FORMATS,
    OutputConfig,
    check_formats,
    parse_formats,
)
from animdrive.pipeline.speech_outputs import SPEECH_SUFFIXES, SPEECH_WRITERS
from animdrive.sources.audio.mouth.viseme_maps import VisemeMaps

SAID = (
    Segment(0.0, 0.2, "SIL"),
    Segment(0.2, 0.3, "M"),
    Segment(0.3, 0.6, "AA"),
    Segment(0.6, 0.7, "P"),
    Segment(0.7, 1.0, "SIL"),
)
"""One second: "mop"."""


@pytest.fixture
def spoken(tmp_path):
    """A recording and its phones."""
    line, times = tmp_path / "line.wav", tmp_path / "times.tsv"
    soundfile.write(line, np.zeros(16_000, np.float32), 16_000)
    write_phones_tsv(PhoneTrack(SAID), times)
    return line, times


def made(spoken, folder, *formats, **settings):
    line, times = spoken
    output = OutputConfig(formats=formats, **settings)
    return animate_audio(line, folder, timings=times, output=output).outputs


def test_every_format_says_the_same(spoken, tmp_path):
    files = made(spoken, tmp_path / "o", "csv", "tsv", *SPEECH_WRITERS)
    assert set(files) == {"csv", "phones", "words", "visemes", "provenance", *SPEECH_WRITERS}
    for name in SPEECH_WRITERS:
        assert files[name].name == f"line.{SPEECH_SUFFIXES[name][0]}"
    words, phones = read_textgrid(files["textgrid"])
    assert [Segment(*i) for i in phones.intervals] == list(SAID)
    assert [i.text for i in words.intervals] == [""]
    cues = [line.split("\t") for line in files["rhubarb-tsv"].read_text().splitlines()]
    expected = "XADCAX"  # the open mouth closes by way of C
    assert "".join(shape for _, shape in cues) == expected + "X"
    data = json.loads(files["rhubarb-json"].read_text())
    assert "".join(cue["value"] for cue in data["mouthCues"]) == expected
    assert data["metadata"] == {"soundFile": str(spoken[0]), "duration": 1.0}
    root = ElementTree.parse(files["rhubarb-xml"]).getroot()  # noqa: S314 - our own file
    assert "".join(cue.text for cue in root.iter("mouthCue")) == expected
    assert files["rhubarb-dat"].read_text().split()[2::2] == [
        "rest", "MBP", "AI", "E", "MBP", "rest", "rest",
    ]  # fmt: skip
    azure = json.loads(files["azure-json"].read_text())
    assert [(e["AudioOffset"] / 1e7, e["VisemeId"]) for e in azure] == [
        (0.0, 0), (0.2, 21), (0.3, 2), (0.6, 21), (0.7, 0),
    ]  # fmt: skip


def test_ovr_weights_have_a_row_for_every_frame_of_the_curves(spoken, tmp_path):
    files = made(spoken, tmp_path / "o", "csv", "ovr-json")
    data = json.loads(files["ovr-json"].read_text())
    frames = np.array(data["frames"])
    track, _ = read_curves(files["csv"])
    assert data["fps"] == pytest.approx(track.fps)
    assert frames.shape == (len(track), 15)
    np.testing.assert_allclose(frames.sum(axis=1), 1, atol=2e-4)
    # In the middle of M and of P the closed viseme is all there is.
    for middle in (0.25, 0.65):
        assert frames[round(middle * data["fps"]), data["visemes"].index("PP")] == 1
    assert [cue["viseme"] for cue in data["cues"]] == ["sil", "PP", "aa", "PP", "sil"]


def test_a_users_table_is_followed_everywhere(spoken, tmp_path):
    ours = VisemeMaps()
    maps = VisemeMaps(
        classes={**ours.classes, "AA": "rounded"},
        ovr={**ours.ovr, "AA": "O"},
        azure={**ours.azure, "AA": "8"},
        rhubarb={**ours.rhubarb, "AA": "F"},
    )
    files = made(
        spoken, tmp_path / "o", "tsv", "rhubarb-tsv", "ovr-json", "azure-json", visemes=maps
    )
    assert files["rhubarb-tsv"].read_text().split()[1::2] == list("XAFAXX")
    assert "oh" in {c["viseme"] for c in json.loads(files["ovr-json"].read_text())["cues"]}
    assert 8 in {e["VisemeId"] for e in json.loads(files["azure-json"].read_text())}
    assert "rounded" in {s.label for s in read_visemes_tsv(files["visemes"])}


def test_formats_of_speech_are_written_when_named(spoken, tmp_path):
    assert set(FORMATS) - set(DEFAULT_FORMATS) == set(SPEECH_WRITERS)
    assert parse_formats("TextGrid, rhubarb-json") == ("textgrid", "rhubarb-json")
    files = made(spoken, tmp_path / "o", "azure-json")
    assert set(files) == {"azure-json", "provenance"}


def test_given_phones_are_told_by_the_provenance(spoken, tmp_path):
    files = made(spoken, tmp_path / "o", "azure-json")
    beside = json.loads(files["provenance"].read_text())
    assert [row["name"] for row in beside["inputs"]] == ["line.wav", "times.tsv"]
    assert beside["backend"] == "audio/given phones"


def test_the_rate_of_a_dat_is_checked_before_any_work():
    with pytest.raises(InputError, match=r"24\.\.100 frames per second, got 12"):
        OutputConfig(dat_fps=12)


def test_what_lists_phones_is_not_for_a_video():
    check_formats(("csv",), has_phones=False)
    check_formats(("textgrid",), has_phones=True)
    for name in ("tsv", *SPEECH_WRITERS):
        with pytest.raises(InputError, match=f"{name} lists phones, which a video does not have"):
            check_formats(("csv", name), has_phones=False)


def test_a_performance_without_phones_is_a_bug(tmp_path):
    performance = type("Mute", (), {"name": "line", "phones": None})()
    with pytest.raises(ContractError, match="'line' has no phones to write"):
        SPEECH_WRITERS["azure-json"](performance, tmp_path, OutputConfig(), lambda *_: None)
    assert SPEECH_SUFFIXES.keys() == SPEECH_WRITERS.keys()
