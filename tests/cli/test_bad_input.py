"""A mistake gets one clear line, status 2, and leaves nothing half-written."""

import json
import os
import sys

import numpy as np
import pytest
import soundfile

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.export.livelink_csv import write_livelink_csv
from animdrive.media.writer import VideoWriter


def refused(ran, *words):
    """Assert that `ran` was refused in one line that holds `words`."""
    assert ran.code == 2, ran
    lines = [line for line in ran.err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1, ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in lines[0], lines[0]


def left_in(folder):
    """Files that a run left in its output folder."""
    return sorted(p.name for p in folder.rglob("*") if p.is_file()) if folder.exists() else []


@pytest.fixture
def silence(tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16_000, np.float32), 16_000)
    return path


@pytest.fixture
def grey_clip(tmp_path):
    path = tmp_path / "grey.mp4"
    with VideoWriter(path, size_px=(160, 120), fps=25) as writer:
        for _ in range(20):
            writer.write(np.full((120, 160, 3), 128, np.uint8))
    return path


@pytest.mark.parametrize("command", ["audio", "video"])
def test_a_missing_file(animdrive, tmp_path, command):
    refused(animdrive(command, tmp_path / "no.wav", "-o", tmp_path / "o"), "not found", "no.wav")
    assert left_in(tmp_path / "o") == []


@pytest.mark.parametrize("command", ["audio", "video"])
def test_an_empty_file(animdrive, tmp_path, command):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    refused(animdrive(command, empty, "-o", tmp_path / "o"), "empty", "empty.mp4")
    assert left_in(tmp_path / "o") == []


@pytest.mark.parametrize("command", ["audio", "video"])
def test_a_folder_instead_of_a_file(animdrive, tmp_path, command):
    refused(animdrive(command, tmp_path, "-o", tmp_path / "o"), "folder")


@pytest.mark.parametrize("command", ["audio", "video"])
def test_a_text_file_that_calls_itself_media(animdrive, tmp_path, command):
    text = tmp_path / "letter.wav"
    text.write_text("Dear animator, this is no sound. " * 40, encoding="utf-8")
    refused(animdrive(command, text, "-o", tmp_path / "o"), "letter.wav")
    assert left_in(tmp_path / "o") == []


def test_sound_of_no_length(animdrive, tmp_path):
    path = tmp_path / "nothing.wav"
    soundfile.write(path, np.zeros(0, np.float32), 16_000)
    refused(animdrive("audio", path, "-o", tmp_path / "o"), "nothing.wav")
    assert left_in(tmp_path / "o") == []


def test_silence_makes_a_resting_face_that_blinks(animdrive, tmp_path):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(16_000 * 12, np.float32), 16_000)
    ran = animdrive("audio", path, "-o", tmp_path / "o", "--formats", "csv,tsv", "--json")
    assert ran.code == 0, ran.err
    made = json.loads(ran.out)
    from animdrive.export import read_curves

    track, _ = read_curves(tmp_path / "o" / "quiet.csv")
    mouth = [i for i, name in enumerate(ARKIT52) if name.startswith(("jaw", "mouth", "tongue"))]
    assert track.values[:, mouth].max() < 1e-6
    assert track.curve("eyeBlinkLeft").max() > 0.8
    assert made["figures"]["phones"] == 0


def test_a_video_without_a_face_says_the_share_of_frames(animdrive, tmp_path, grey_clip):
    refused(animdrive("video", grey_clip, "-o", tmp_path / "o"), "grey.mp4", "face", "0 %")
    assert left_in(tmp_path / "o") == []


def test_a_face_that_no_rule_names(animdrive, tmp_path, grey_clip):
    ran = animdrive("video", grey_clip, "-o", tmp_path / "o", "--face", "prettiest")
    refused(ran, "'prettiest' names no face", "largest, left, right")
    assert not left_in(tmp_path / "o")


def test_a_landmarker_that_is_none(animdrive, tmp_path, grey_clip):
    fake = tmp_path / "fake.task"
    fake.write_text("hello")
    out = tmp_path / "o"
    refused(animdrive("video", grey_clip, "-o", out, "--landmarker", fake), "fake.task", "bundle")
    gone = tmp_path / "gone.task"
    refused(
        animdrive("video", grey_clip, "-o", out, "--landmarker", gone),
        "face landmarker not found",
        "gone.task",
    )
    assert not left_in(out)


def test_a_video_job_on_sound_alone(animdrive, tmp_path, silence):
    refused(animdrive("video", silence, "-o", tmp_path / "o"), "silence.wav")
    assert left_in(tmp_path / "o") == []


def test_an_audio_job_on_a_video_without_sound(animdrive, tmp_path, grey_clip):
    refused(animdrive("audio", grey_clip, "-o", tmp_path / "o"), "grey.mp4", "sound")


def test_an_unknown_format(animdrive, tmp_path, silence):
    ran = animdrive("audio", silence, "-o", tmp_path / "o", "--formats", "csv,docx")
    refused(ran, "docx", "csv", "glb")
    assert not (tmp_path / "o").exists()


def test_phones_of_a_video(animdrive, tmp_path, grey_clip):
    refused(animdrive("video", grey_clip, "-o", tmp_path / "o", "--formats", "tsv"), "tsv")


def test_an_unknown_emotion(animdrive, tmp_path, silence):
    ran = animdrive("audio", silence, "-o", tmp_path / "o", "--emotion", "hungry:0.5")
    refused(ran, "hungry", "happy")
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("amount", ["2", "-1", "much", "nan"])
def test_an_emotion_out_of_range(animdrive, tmp_path, silence, amount):
    ran = animdrive("audio", silence, "-o", tmp_path / "o", "--emotion", f"happy:{amount}")
    refused(ran, "happy")


def test_an_unknown_curve_in_a_gain(animdrive, tmp_path, silence):
    ran = animdrive("audio", silence, "-o", tmp_path / "o", "--gain", "jawOpn:2")
    refused(ran, "jawOpn", "jawOpen")


def test_a_gain_without_a_number(animdrive, tmp_path, silence):
    refused(animdrive("audio", silence, "-o", tmp_path / "o", "--gain", "jawOpen"), "jawOpen")


@pytest.mark.parametrize(
    ("option", "value"), [("--fps", 0), ("--fps", 1000), ("--size", 31), ("--seed", -1)]
)
def test_numbers_out_of_range(animdrive, tmp_path, silence, option, value):
    refused(animdrive("audio", silence, "-o", tmp_path / "o", option, value), str(value))


def test_an_unknown_language(animdrive, tmp_path, silence):
    ran = animdrive("audio", silence, "-o", tmp_path / "o", "--language", "tlh")
    refused(ran, "tlh", "en")


def test_an_unknown_aligner(animdrive, tmp_path, silence):
    ran = animdrive("audio", silence, "-o", tmp_path / "o", "--aligner", "ears")
    refused(ran, "ears", "acoustic, pocketsphinx")


@pytest.mark.parametrize("aligner", ["acoustic", "pocketsphinx"])
def test_every_aligner_is_told_in_the_label(animdrive, tmp_path, silence, aligner):
    out = tmp_path / "o"
    ran = animdrive("audio", silence, "-o", out, "--aligner", aligner, "--formats", "json")
    assert ran.code == 0, ran.err
    told = "".join(path.read_text("utf-8") for path in out.glob("*.json"))
    assert f"audio/{aligner}" in told


def test_two_transcripts(animdrive, tmp_path, silence):
    text = tmp_path / "t.txt"
    text.write_text("hello", encoding="utf-8")
    ran = animdrive("audio", silence, "-o", tmp_path, "--text", "hi", "--text-file", text)
    refused(ran, "--text")


def test_a_transcript_that_is_no_text(animdrive, tmp_path, silence):
    text = tmp_path / "t.txt"
    text.write_bytes(b"\xff\xfe\x00hello")
    refused(animdrive("audio", silence, "-o", tmp_path, "--text-file", text), "t.txt", "UTF-8")


@pytest.mark.skipif(os.name != "posix", reason="needs /proc or /dev")
def test_an_output_that_cannot_be_written(animdrive, tmp_path, silence):
    refused(animdrive("audio", silence, "-o", "/proc/animdrive"), "/proc/animdrive")
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    refused(animdrive("audio", silence, "-o", taken), "taken")
    assert taken.read_text(encoding="utf-8") == "a file"


def test_a_curve_file_with_a_nan_names_row_and_column(animdrive, tmp_path):
    good = tmp_path / "good.csv"
    write_livelink_csv(CurveTrack(ARKIT52, 60.0, np.zeros((5, 52), np.float32)), good)
    lines = good.read_text(encoding="utf-8").splitlines()
    cells = lines[3].split(",")
    cells[lines[0].split(",").index("JawOpen")] = "nan"
    lines[3] = ",".join(cells)
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join(lines), encoding="utf-8")
    refused(animdrive("convert", bad, tmp_path / "out.json"), "bad.csv", "JawOpen")
    assert not (tmp_path / "out.json").exists()


def test_converting_to_and_from_what_is_not_known(animdrive, tmp_path):
    good = tmp_path / "good.csv"
    write_livelink_csv(CurveTrack(ARKIT52, 60.0, np.zeros((5, 52), np.float32)), good)
    refused(animdrive("convert", good, tmp_path / "out.fbx"), "out.fbx")
    other = tmp_path / "curves.xml"
    other.write_text("<a/>", encoding="utf-8")
    refused(animdrive("convert", other, tmp_path / "out.csv"), "curves.xml")
    refused(animdrive("convert", good, good), "input itself")


def test_rig_render_refuses_unknown_curves_and_values(animdrive, tmp_path):
    png = tmp_path / "a.png"
    refused(animdrive("rig", "render", "-o", png, "--curve", "jawOpenn:1"), "jawOpenn")
    refused(animdrive("rig", "render", "-o", png, "--curve", "jawOpen:3"), "jawOpen")
    refused(animdrive("rig", "render", "-o", png, "--curve", "jawOpen:x"), "x")
    assert not png.exists()


def test_an_input_is_never_replaced_by_a_result(animdrive, tmp_path, silence):
    transcript = tmp_path / "silence.phones.tsv"
    transcript.write_text("hello there", encoding="utf-8")
    ran = animdrive("audio", silence, "--text-file", transcript, "-o", tmp_path)
    refused(ran, "silence.phones.tsv", "replaced")
    assert transcript.read_text(encoding="utf-8") == "hello there"


def test_replacing_what_another_recording_made_is_told(animdrive, tmp_path, silence):
    out = tmp_path / "o"
    out.mkdir()
    (out / "silence.csv").write_text("a take of mine", encoding="utf-8")
    first = animdrive("audio", silence, "-o", out, "--formats", "csv")
    again = animdrive("audio", silence, "-o", out, "--formats", "csv")
    assert "Replaced" in first.err
    assert "silence.csv" in first.err
    assert "Replaced" not in again.err


@pytest.mark.parametrize("command", ["audio", "video"])
def test_bad_input_leaves_no_folder(animdrive, tmp_path, command):
    text = tmp_path / "letter.wav"
    text.write_text("no media", encoding="utf-8")
    refused(animdrive(command, text, "-o", tmp_path / "a" / "b"))
    assert not (tmp_path / "a").exists()


def test_a_clip_without_a_face_leaves_no_folder(animdrive, tmp_path, grey_clip):
    refused(animdrive("video", grey_clip, "-o", tmp_path / "a" / "b"))
    assert not (tmp_path / "a").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_a_name_that_is_not_unicode(animdrive, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    path.write_bytes(b"RIFF")
    refused(animdrive("audio", path, "-o", tmp_path / "o"), "Rename")
